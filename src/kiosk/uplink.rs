//! The uplink: sends events from the journal to head office, and settles what a receipt names.
//!
//! It runs on a thread of its own and uses the journal in small requests, so that no network, fast,
//! slow or hostile, can delay a press. Only a well-formed receipt with the delivery's own nonce
//! settles anything; after any other answer the events stay and are sent again.

mod again;
mod agreement;
pub mod carried;
mod client;
mod connector;
mod credentials;
mod error;
mod findings;
pub mod messenger;
mod moving;
mod place;
mod probe;
mod proxy;
mod renewed;
mod sender;
mod survey;
mod trust;
mod why;

use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;
use tokio::sync::{Notify, watch};

pub use self::carried::OWN_FILE;
use self::client::{Clock, is_json, parse, read, refusal};
use self::connector::Connector;
pub use self::error::{Error, Unusable};
use self::sender::Sender;
pub use self::sender::{UplinkConfig, UplinkStatus};
use crate::carried::seal::{Signer, from_hex};
use crate::clock;
use crate::digits;
use crate::kiosk::former::{FormerJournal, Owed};
use crate::kiosk::journal::JournalThread;
use crate::kiosk::settings::{self, Enrolment, Former, Settings};
use crate::wire::{self, Enrolled, Enrolment as EnrolmentRequest};

/// A handle on the uplink's thread.
#[derive(Clone, Debug)]
pub struct Uplink {
    nudge: Arc<Notify>,
}

impl Uplink {
    /// Tells the uplink that there is something to send.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }
}

/// What a head office says when it enrols a kiosk.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the kiosk keeps.
    pub enrolment: Enrolment,
    /// The keys that verify what this kiosk has signed so far, in hexadecimal digits.
    pub signed_by: Vec<String>,
}

impl Entry {
    /// Whether this is the head office of an enrolment that names no keys of one: it can verify
    /// what the kiosk has signed by a token, which only the archive can that has given the token.
    #[must_use]
    pub fn knows(&self, known: &Enrolment) -> bool {
        let is_known = |token: &str| {
            let key = Signer::of_token(token).and_then(|signer| signer.verify_key());
            key.is_ok_and(|key| self.signed_by.iter().any(|by| from_hex(by) == Some(key)))
        };
        let is_one = known.hub_keys.is_none() && known.kiosk == self.enrolment.kiosk;
        is_one && known.tokens().into_iter().any(is_known)
    }
}

/// Exchanges a one-time code for the kiosk's token.
///
/// # Errors
/// When the address is invalid, nobody answers, or the hub refuses the code.
pub fn enrol(
    settings: &settings::Uplink,
    hub: &str,
    code: &str,
    app: &str,
) -> Result<Entry, Error> {
    let mut connector = Connector::to(settings, hub, Clock::not_before(clock::built_ms()))?;
    let (client, hub) = (connector.client()?, connector.hub().to_owned());
    let request = EnrolmentRequest { code: digits::plain(code), app: app.to_owned() };
    let body = serde_json::to_vec(&request).unwrap_or_default();
    let address = format!("{hub}{}", wire::ENROLMENTS);
    let exchange = async {
        let sent = client.post(&address).header(CONTENT_TYPE, "application/json").body(body);
        let unreachable = |error| Error::Unreachable(connector.why(&error));
        let answer = sent.send().await.map_err(unreachable)?;
        let status = answer.status();
        let is_json = is_json(&answer);
        let body = read(answer).await.map_err(unreachable)?;
        if let Some(refused) = refusal(is_json, &body) {
            return Err(Error::Refused(refused));
        }
        parse::<Enrolled>(is_json && status.is_success(), &body)
            .ok_or(Error::NotAHub { address, status })
    };
    let runtime = runtime().map_err(Error::Thread)?;
    let enrolled = runtime.block_on(exchange)?;
    enrolment(hub, enrolled)
}

/// What a kiosk keeps of the hub's answer or its letter.
///
/// # Errors
/// When something in it is not what it should be.
pub fn enrolment(hub: String, mut enrolled: Enrolled) -> Result<Entry, Error> {
    let signed_by = std::mem::take(&mut enrolled.signed_by);
    let enrolment = Enrolment::new(hub, enrolled).checked().map_err(Error::Unfit)?;
    Ok(Entry { enrolment, signed_by })
}

/// Starts the uplink on a thread of its own.
///
/// # Errors
/// When the enrolment's address is not a hub's. What else is wrong with the way there may be cured
/// while the kiosk runs.
pub fn start(config: UplinkConfig, journal: JournalThread) -> Result<Uplink, Error> {
    start_beside(config, journal, Vec::new())
}

/// As [`start`], where the journals of former places lie beside this one: their old events are
/// deleted as well.
///
/// # Errors
/// As for [`start`].
pub fn start_beside(
    config: UplinkConfig,
    journal: JournalThread,
    beside: Vec<JournalThread>,
) -> Result<Uplink, Error> {
    start_for(config, journal, None, beside)
}

/// Starts an uplink for each former place that is still owed something. It brings that, by the
/// place's own token, and ends with it.
pub fn start_former<'a>(
    former: impl Iterator<Item = &'a FormerJournal>,
    settings: &Settings,
    app: &str,
    floor_ms: i64,
) {
    for FormerJournal { former, journal, owed, .. } in former {
        let (Some(place), Some(owed)) = (former.place(), owed) else {
            continue;
        };
        let (kiosk, hub) = (&place.kiosk, &place.hub);
        tracing::info!(kiosk, hub, "what a former place is owed is sent there");
        let config = UplinkConfig {
            enrolment: place.clone(),
            settings: settings.clone(),
            app: app.to_owned(),
            floor_ms,
            survey: None,
            on_survey: Box::new(drop),
            on_status: Box::new(|_| {}),
            on_zone: Box::new(drop),
            on_place: Box::new(drop),
            // A former place learns nothing of the board any more.
            findings: watch::channel(None).1,
            anchor: clock::anchor,
        };
        if let Some(anchor) = clock::anchor(floor_ms) {
            // Where the journal is ending, nothing has to be dated any more.
            let _ = journal.add_anchor(anchor);
        }
        let errand = Some((former.clone(), *owed));
        if let Err(error) = start_for(config, journal.clone(), errand, Vec::new()) {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, kiosk, hub, "what a former place is owed is kept, not sent");
        }
    }
}

fn start_for(
    config: UplinkConfig,
    journal: JournalThread,
    errand: Option<(Former, Owed)>,
    beside: Vec<JournalThread>,
) -> Result<Uplink, Error> {
    if errand.is_none() {
        place::hours_apart(&config.settings, &config.enrolment);
    }
    let settings = config.settings.uplink.clone();
    let clock = Clock::not_before(config.floor_ms);
    let connector = Connector::to(&settings, &config.enrolment.hub, clock.clone())?;
    let nudge = Arc::new(Notify::new());
    let uplink = Uplink { nudge: nudge.clone() };
    let sender = Sender { beside, ..Sender::new(connector, clock, config, journal, errand) };
    let runtime = runtime().map_err(Error::Thread)?;
    let thread = std::thread::Builder::new().name("uplink".to_owned());
    thread.spawn(move || runtime.block_on(sender.run(&settings, &nudge))).map_err(Error::Thread)?;
    Ok(uplink)
}

/// Tries the way to the hub of an enrolment step by step; `floor_ms` is a time that has certainly
/// passed, in milliseconds since 1970 UTC. Returns what worked, in words.
///
/// # Errors
/// The first step that failed, as a sentence that names what cures it.
pub fn probe(
    settings: &settings::Uplink,
    enrolment: &Enrolment,
    floor_ms: i64,
) -> Result<String, String> {
    let runtime = runtime().map_err(|error| format!("cannot start a thread: {error}"))?;
    let tried = runtime.block_on(probe::steps(settings, enrolment, floor_ms));
    // A name server that never answers keeps a thread, and nobody waits for it.
    runtime.shutdown_background();
    tried
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
