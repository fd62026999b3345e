//! The secrets that head office sets: the kiosk's token and the desk's PIN.

use super::client::{is_json, parse, read};
use super::sender::{Attempt, Sender};
use crate::clock;
use crate::feedback::outbox::Outcome;
use crate::kiosk::pin;
use crate::kiosk::settings::{Enrolment, is_secret, renew};
use crate::secret::pin::is_hash;
use crate::wire::receipt::Pin;
use crate::wire::{self, Renewed};

/// How many new tokens, or time zones, are taken however short a boot is. Each is written to the
/// card, and a hub may want another one at each delivery.
const RENEWALS_FREE: u64 = 5;

/// How long a boot lasts for each further one, in milliseconds: a day.
const RENEWAL_PACE_MS: u64 = 24 * 60 * 60 * 1_000;

/// The same for what people correct at head office: an hour.
const CORRECTION_PACE_MS: u64 = 60 * 60 * 1_000;

impl Sender {
    /// The token to send.
    pub(super) fn token(&self) -> &str {
        let tokens = self.config.enrolment.tokens();
        tokens.get(self.which % tokens.len()).copied().unwrap_or_default()
    }

    /// Whether a token has not been tried since the first one was refused.
    pub(super) fn has_untried_token(&self) -> bool {
        !self.which.is_multiple_of(self.config.enrolment.tokens().len())
    }

    /// Takes the next step in renewing the token, if there is one.
    ///
    /// A new token is written to disk before it is used, and the old one is kept until the next one
    /// is requested. So one token is valid after a power cut at any moment, and after the hub was
    /// restored from yesterday's backup.
    pub(super) async fn change_tokens(&mut self, attempt: &Attempt) {
        let Enrolment { token, next_token, .. } = self.config.enrolment.clone();
        match attempt.outcome {
            // Another one may be valid.
            Outcome::Unauthorised => self.which = self.which.wrapping_add(1),
            Outcome::Settled { .. } if self.token() != token => {
                let former_token = Some(token);
                let (token, next_token) = (self.token().to_owned(), None);
                let known = self.config.enrolment.clone();
                self.write_enrolment(Enrolment { token, next_token, former_token, ..known });
                tracing::info!("the kiosk has a new token");
            }
            Outcome::Settled { .. } if attempt.is_token_old && self.may_renew() => {
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

    /// Whether the board was enrolled for another place since this kiosk started, so that nothing
    /// of this one may be kept for after the restart.
    pub(super) fn is_left(&self) -> bool {
        let present = Enrolment::read(&self.config.settings.data_dir).ok().flatten();
        present.is_some_and(|present| !present.is_same_place(&self.config.enrolment))
    }

    fn may_renew(&mut self) -> bool {
        self.config.enrolment.next_token.is_none() && self.may_write()
    }

    /// Whether the hub may have the enrolment written once more.
    pub(super) fn may_write(&mut self) -> bool {
        let renewals_max = RENEWALS_FREE + clock::boot_ms() / RENEWAL_PACE_MS;
        let is_free = self.renewals < renewals_max;
        self.renewals += u64::from(is_free);
        is_free
    }

    /// Whether what somebody has corrected at head office may be written once more.
    pub(super) fn may_correct(&mut self) -> bool {
        let corrections_max = RENEWALS_FREE + clock::boot_ms() / CORRECTION_PACE_MS;
        let is_free = self.corrections < corrections_max;
        self.corrections += u64::from(is_free);
        is_free
    }

    pub(super) fn write_enrolment(&mut self, enrolment: Enrolment) {
        let (known, data_dir) = (&self.config.enrolment, &self.config.settings.data_dir);
        // Somebody may have enrolled this board again meanwhile; that must not be overwritten.
        match renew(data_dir, known, &enrolment) {
            Ok(()) => (self.config.enrolment, self.which) = (enrolment, 0),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "cannot write the enrolment; the old one stays in use");
            }
        }
    }

    /// Keeps the desk's PIN that head office has set.
    pub(super) fn adopt_pin(&self, said: Option<&Pin>) {
        let Some(Pin { number, hash }) = said.filter(|_| !self.is_left()) else {
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
    async fn renew(&mut self) -> Option<String> {
        let address = format!("{}{}", self.connector.hub(), wire::TOKENS);
        let answer = self
            .connector
            .client()
            .ok()?
            .post(address)
            .bearer_auth(self.token())
            .send()
            .await
            .ok()?;
        let is_good = is_json(&answer) && answer.status().is_success();
        let body = read(answer).await.ok()?;
        let Renewed { token } = parse(is_good, &body)?;
        // The former token would be forgotten for one that is not new.
        let is_new = !self.config.enrolment.tokens().contains(&token.as_str());
        (is_secret(&token) && is_new).then_some(token)
    }
}
