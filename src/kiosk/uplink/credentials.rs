//! What lets people and the kiosk in, as head office sets it: the kiosk's token and the desk's PIN.

use super::client::{is_json, parse, read};
use super::sender::{Attempt, Sender};
use crate::feedback::outbox::Outcome;
use crate::kiosk::pin;
use crate::kiosk::settings::Enrolment;
use crate::secret::pin::is_hash;
use crate::wire::receipt::Pin;
use crate::wire::{self, Renewed};

impl Sender {
    /// The token to be let in by.
    pub(super) fn token(&self) -> &str {
        let tokens = self.config.enrolment.tokens();
        tokens.get(self.which % tokens.len()).copied().unwrap_or_default()
    }

    /// Goes one step in exchanging the token, if there is one to go.
    ///
    /// A new token is written down before it is used, and the old one is kept until the next is
    /// asked for; so a power cut at any moment leaves one that is good, and so does a hub that was
    /// restored from a backup of the day before.
    pub(super) async fn change_tokens(&mut self, attempt: &Attempt) {
        let Enrolment { token, next_token, .. } = &self.config.enrolment;
        match attempt.outcome {
            // Another one may be good.
            Outcome::Unauthorised => self.which = self.which.wrapping_add(1),
            Outcome::Settled { .. } if self.token() != token => {
                let former_token = Some(token.clone());
                let (token, next_token) = (self.token().to_owned(), None);
                let known = self.config.enrolment.clone();
                self.write_enrolment(Enrolment { token, next_token, former_token, ..known });
                tracing::info!("the kiosk has a new token");
            }
            Outcome::Settled { .. } if attempt.is_token_old && next_token.is_none() => {
                if let Some(token) = self.renew().await {
                    let known = self.config.enrolment.clone();
                    self.write_enrolment(Enrolment { next_token: Some(token), ..known });
                }
            }
            // The new one was tried first and was not good, so it was given up.
            Outcome::Settled { .. } if next_token.is_some() => {
                let known = self.config.enrolment.clone();
                self.write_enrolment(Enrolment { next_token: None, ..known });
            }
            _ => {}
        }
    }

    fn write_enrolment(&mut self, enrolment: Enrolment) {
        let (known, data_dir) = (&self.config.enrolment, &self.config.settings.data_dir);
        // Somebody may have enrolled this kiosk anew meanwhile, and that must stand.
        let on_disk = Enrolment::read(data_dir).ok().flatten();
        let is_ours = on_disk.is_some_and(|on_disk| on_disk == *known);
        match enrolment.write_if(is_ours, data_dir) {
            Ok(()) => (self.config.enrolment, self.which) = (enrolment, 0),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, cause = error.source(), "the token stays as it is");
            }
        }
    }

    /// Keeps what head office says of the desk's PIN.
    pub(super) fn adopt_pin(&self, said: Option<&Pin>) {
        let Some(Pin { number, hash }) = said else {
            return;
        };
        if hash.as_ref().is_some_and(|hash| !is_hash(hash)) {
            tracing::error!(number, "what head office sent is no PIN; the desk keeps its own");
            return;
        }
        match pin::adopt(&self.config.settings.data_dir, *number, hash.as_deref()) {
            Ok(()) => tracing::info!(number, "head office has set the PIN of the desk"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, cause = error.source(), "the PIN stays as it is");
            }
        }
    }

    /// Asks for a new token; the old one stays good until the new one was used.
    async fn renew(&self) -> Option<String> {
        let address = format!("{}{}", self.config.enrolment.hub, wire::TOKENS);
        let answer = self.client.post(address).bearer_auth(self.token()).send().await.ok()?;
        let is_good = is_json(&answer) && answer.status().is_success();
        let body = read(answer).await.ok()?;
        let Renewed { token } = parse(is_good, &body)?;
        let is_token = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_token.then_some(token)
    }
}
