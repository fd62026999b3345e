//! The secrets that head office sets: the kiosk's token and the desk's PIN.

use super::client::{is_json, parse, read};
use super::sender::{Attempt, Sender};
use crate::feedback::outbox::Outcome;
use crate::kiosk::pin;
use crate::kiosk::settings::Enrolment;
use crate::secret::pin::is_hash;
use crate::wire::receipt::Pin;
use crate::wire::{self, Renewed};

impl Sender {
    /// The token to send.
    pub(super) fn token(&self) -> &str {
        let tokens = self.config.enrolment.tokens();
        tokens.get(self.which % tokens.len()).copied().unwrap_or_default()
    }

    /// Takes the next step in renewing the token, if there is one.
    ///
    /// A new token is written to disk before it is used, and the old one is kept until the next one
    /// is requested. So one token is valid after a power cut at any moment, and after the hub was
    /// restored from yesterday's backup.
    pub(super) async fn change_tokens(&mut self, attempt: &Attempt) {
        let Enrolment { token, next_token, .. } = &self.config.enrolment;
        match attempt.outcome {
            // Another one may be valid.
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
            // The new one was tried first and was refused, so it is deleted.
            Outcome::Settled { .. } if next_token.is_some() => {
                let known = self.config.enrolment.clone();
                self.write_enrolment(Enrolment { next_token: None, ..known });
            }
            _ => {}
        }
    }

    fn write_enrolment(&mut self, enrolment: Enrolment) {
        let (known, data_dir) = (&self.config.enrolment, &self.config.settings.data_dir);
        // Somebody may have enrolled this kiosk again meanwhile; that must not be overwritten.
        let on_disk = Enrolment::read(data_dir).ok().flatten();
        let is_ours = on_disk.is_some_and(|on_disk| on_disk == *known);
        match enrolment.write_if(is_ours, data_dir) {
            Ok(()) => (self.config.enrolment, self.which) = (enrolment, 0),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "cannot change the token; the old one stays in use");
            }
        }
    }

    /// Keeps the desk's PIN that head office has set.
    pub(super) fn adopt_pin(&self, said: Option<&Pin>) {
        let Some(Pin { number, hash }) = said else {
            return;
        };
        if hash.as_ref().is_some_and(|hash| !is_hash(hash)) {
            tracing::error!(number, "head office sent an invalid PIN; the desk keeps its own");
            return;
        }
        match pin::adopt(&self.config.settings.data_dir, *number, hash.as_deref()) {
            Ok(()) => tracing::info!(number, "head office has set the PIN of the desk"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "cannot change the PIN; the old one stays in use");
            }
        }
    }

    /// Asks for a new token; the old one stays valid until the new one is used.
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
