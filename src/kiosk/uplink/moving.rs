//! Follows head office to another address of its hub, and tries that before the old one is left.
//!
//! Whoever names another address may not be head office any more: its old name may be somebody
//! else's by now. So the token is not shown there before the hub has proved, by the key that this
//! kiosk has known since its enrolment, that this very address is its own; and what is encrypted on
//! the old way is never sent in the clear on the new one.

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::client::{is_json, parse, read, refusal};
use super::connector::Connector;
use super::sender::{Attempt, Sender};
use super::why::is_certificate;
use crate::carried::file::read_keys;
use crate::carried::seal::{NONCE_BYTES, PublicKey, from_hex, hex, is_vouched};
use crate::clock;
use crate::escape::chain;
use crate::feedback::outbox::Outcome;
use crate::kiosk::settings::{ADDRESS_BYTES_MAX, Enrolment};
use crate::wire::identity::{Challenge, IDENTITY, Proof};
use crate::wire::survey::SURVEY;

/// The length of a signature, in bytes.
const SIGNATURE_BYTES: usize = 64;

impl Sender {
    /// Goes to the address that a receipt has named, if the same hub is there; stays where it is
    /// otherwise, says why, and tries it again later: also while no receipt comes, since the old
    /// address may be gone by then.
    pub(super) async fn follow(&mut self, attempt: &Attempt) {
        if matches!(attempt.outcome, Outcome::Settled { .. }) {
            self.remember(attempt.moves_to.as_deref());
        }
        let Some(said) = self.announced.clone().filter(|_| !self.is_left()) else {
            self.status.move_complaint = None;
            return;
        };
        if !self.moving.may_ask(&said, clock::boot_ms()) {
            return;
        }
        let moved = match self.door(&said) {
            Ok((way, key)) => self.go(way, &said, key).await,
            Err(why) => Err(why),
        };
        let complaint = moved.err();
        if let Some(why) = &complaint {
            self.moving.failed(said, clock::boot_ms());
            if self.status.move_complaint != complaint {
                let old = self.connector.hub();
                tracing::error!(why, old, "head office moves, and this kiosk cannot follow yet");
            }
        }
        self.status.move_complaint = complaint;
    }

    /// Keeps the address that head office has named, over a restart too, until it names none or
    /// this kiosk is there.
    fn remember(&mut self, said: Option<&str>) {
        let here = self.connector.hub();
        let is_here = |said: &&str| self.connector.at(said).is_ok_and(|way| way.hub() == here);
        self.announced = said.filter(|said| !is_here(said)).map(str::to_owned);
        let kept = self.announced.clone().filter(|said| said.len() <= ADDRESS_BYTES_MAX);
        if self.config.enrolment.moves_to != kept && !self.is_left() && self.may_correct() {
            let known = self.config.enrolment.clone();
            self.write_enrolment(Enrolment { moves_to: kept, ..known });
        }
    }

    /// The way to the address that was said, and the key by which the hub is known there.
    fn door(&self, said: &str) -> Result<(Connector, Option<PublicKey>), String> {
        if said.len() > ADDRESS_BYTES_MAX {
            return Err("head office's new address is too long to be one".to_owned());
        }
        let way = self.connector.at(said).map_err(|error| chain(&error))?;
        if self.connector.hub().starts_with("https:") && !way.hub().starts_with("https:") {
            return Err(format!(
                "{} is not encrypted, and the present address is: have head office name one that \
                 begins with https://",
                way.hub()
            ));
        }
        let keys = self.config.enrolment.hub_keys.as_ref().and_then(read_keys);
        Ok((way, keys.map(|keys| keys.verify)))
    }

    /// Leaves the old address for one at which the hub has proved itself and takes the token.
    async fn go(
        &mut self,
        mut way: Connector,
        said: &str,
        key: Option<PublicKey>,
    ) -> Result<(), String> {
        let address = way.hub().to_owned();
        let Some(key) = key else {
            return Err(format!(
                "this kiosk was enrolled before hubs had keys, so it cannot tell whether {address} \
                 is head office: enrol it there with a new code (`smilepost-hub kiosk code {}`)",
                self.config.enrolment.kiosk
            ));
        };
        prove(&mut way, said, &key).await?;
        self.show_token(&mut way).await?;
        if !self.may_correct() {
            return Err(
                "head office has changed this kiosk's enrolment too often for now".to_owned()
            );
        }
        let known = self.config.enrolment.clone();
        let old = known.hub.clone();
        self.write_enrolment(Enrolment { hub: address.clone(), moves_to: None, ..known });
        if self.config.enrolment.hub != address {
            return Err(format!(
                "{address} works, but the enrolment cannot be written: see the log"
            ));
        }
        (self.connector, self.announced) = (way, None);
        tracing::info!(old, new = address, "this kiosk has followed head office to a new address");
        Ok(())
    }

    /// Shows the token to a hub that has proved itself, and asks for the survey by it.
    async fn show_token(&self, way: &mut Connector) -> Result<(), String> {
        let Enrolment { kiosk, .. } = &self.config.enrolment;
        for token in self.config.enrolment.tokens() {
            let client = way.client().map_err(|error| chain(&error))?;
            let asked = client.get(format!("{}{SURVEY}", way.hub())).bearer_auth(token);
            let answer = asked.send().await.map_err(|error| way.why(&error))?;
            match answer.status() {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {}
                status if status.is_success() && is_json(&answer) => return Ok(()),
                status => {
                    let hub = way.hub();
                    return Err(format!("{hub} answered {status} to the kiosk's token"));
                }
            }
        }
        Err(format!(
            "{} is head office's hub, and does not know this kiosk's token: was an older backup \
             restored there? `smilepost-hub kiosk code {kiosk}` has it enrolled anew",
            way.hub()
        ))
    }
}

/// Has the hub prove that it is the one with this key, and that it is at this address. No token is
/// shown.
async fn prove(way: &mut Connector, said: &str, key: &PublicKey) -> Result<(), String> {
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let challenge = Challenge { nonce: hex(&nonce), address: said.to_owned() };
    let body = serde_json::to_vec(&challenge).unwrap_or_default();
    let client = way.client().map_err(|error| chain(&error))?;
    let asked = client.post(format!("{}{IDENTITY}", way.hub()));
    let asked = asked.header(CONTENT_TYPE, "application/json").body(body);
    let answer = match asked.send().await {
        Ok(answer) => answer,
        Err(error) => {
            if is_certificate(&error) {
                way.doubt();
            }
            return Err(way.why(&error));
        }
    };
    let (status, is_json) = (answer.status(), is_json(&answer));
    let body = read(answer).await.map_err(|error| way.why(&error))?;
    let hub = way.hub();
    match refusal(is_json, &body) {
        Some(_) if status == StatusCode::NOT_FOUND => {
            return Err(format!("the hub at {hub} is too old to prove itself: update it"));
        }
        Some(refused) => return Err(format!("the hub at {hub} refused: {refused}")),
        None => {}
    }
    let proof = parse::<Proof>(is_json && status.is_success(), &body).ok_or_else(|| {
        format!("{hub} answered {status}, but not as a hub does: is it the hub's address?")
    })?;
    let signature = from_hex::<SIGNATURE_BYTES>(&proof.signature);
    let is_its = signature.is_some_and(|signature| is_vouched(key, &nonce, said, &signature));
    is_its.then_some(()).ok_or_else(|| {
        format!(
            "{hub} is not this kiosk's head office, for it has other keys; this kiosk's token was \
             not shown there"
        )
    })
}
