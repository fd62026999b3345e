//! The reading of a delivery, whether it came over the network or on a stick.
//!
//! Events are read one by one: what is wrong with one of them is said of that one and holds up no
//! other. Of each event a receipt says that it is settled, or why it is set aside.

use sha2::{Digest as _, Sha256};

use super::archive::credentials::Seal;
use super::archive::{Arrived, Incoming, Kiosk, Shipment, Shop, Stored, Way};
use super::rules::{names, whereabouts};
use crate::carried::file::write_keys;
use crate::carried::seal::{HubPublic, hex};
use crate::feedback::outbox::EVENTS_MAX;
use crate::feedback::rating::{RatingId, RunId};
use crate::feedback::survey::schedule::Hours;
use crate::wire::Enrolled;
use crate::wire::delivery::{self, Delivery, FINDINGS_MAX, Finding, Run, Unusable};
use crate::wire::receipt::{SetAside, Settled};
use crate::wire::whereabouts::{Stay, Whereabouts};

/// The most anchors of one delivery.
const ANCHORS_MAX: usize = 1_000;

/// The most runs of one delivery, with events or without.
const RUNS_MAX: usize = EVENTS_MAX;

/// The most characters of the reason why an event is refused: it quotes what it complains about.
const REASON_CHARS_MAX: usize = 300;

/// The most characters that are kept of a kiosk's complaint, about its survey or a move.
const COMPLAINT_CHARS_MAX: usize = 1_000;

/// The longest address of a hub that is kept, in bytes.
const ADDRESS_BYTES_MAX: usize = 500;

/// The longest tag of a place, in bytes.
const TAG_BYTES_MAX: usize = 64;

/// The longest nonce, in bytes.
const NONCE_BYTES_MAX: usize = 64;

/// The longest name of a kiosk's program, in bytes.
const APP_BYTES_MAX: usize = 100;

/// The longest name of a time zone, or of a release of its rules, that is kept, in bytes.
const ZONE_BYTES_MAX: usize = 64;

/// A delivery was read and can never be stored; the sentence says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unacceptable(String);

/// Reads everything in a delivery that came at this time, in milliseconds since 1970 UTC; says of
/// each event that cannot be used why not.
///
/// # Errors
/// When nothing of it can be used.
pub fn check(
    kiosk: String,
    delivery: Delivery,
    way: Way,
    received_ms: i64,
) -> Result<(Shipment, Vec<SetAside>), Unacceptable> {
    let events: usize = delivery.runs.iter().map(|run| run.events.len()).sum();
    if events > EVENTS_MAX {
        let sentence = format!("the delivery has {events} events; at most {EVENTS_MAX} are taken");
        return Err(Unacceptable(sentence));
    }
    let runs = delivery.runs.len();
    if runs > RUNS_MAX {
        let sentence = format!("the delivery has {runs} runs; at most {RUNS_MAX} are taken");
        return Err(Unacceptable(sentence));
    }
    let nonce_bytes = delivery.nonce.len();
    if !(1..=NONCE_BYTES_MAX).contains(&nonce_bytes) || delivery.app.len() > APP_BYTES_MAX {
        return Err(Unacceptable("nonce or app is empty or too long".to_owned()));
    }
    let mut anchors = Vec::new();
    for boot in &delivery.boots {
        let id = boot.id().map_err(Unacceptable)?;
        // A source that this version does not know tells it nothing.
        anchors.extend(boot.anchors.iter().filter_map(|anchor| Some((id, anchor.anchor()?))));
    }
    if anchors.len() > ANCHORS_MAX {
        return Err(Unacceptable(format!("the delivery has more than {ANCHORS_MAX} anchors")));
    }
    let live = delivery.live.as_deref().map(str::parse::<RunId>).transpose();
    let live = live.map_err(|error| Unacceptable(format!("live: {error}")))?;
    let mut runs = Vec::new();
    let mut set_aside = Vec::new();
    let mut refused = Vec::new();
    for run in &delivery.runs {
        let (arrived, unusable) = check_run(run)?;
        for (n, reason) in unusable {
            refused.push((RatingId { run: arrived.run, n }, reason.clone()));
            set_aside.push(SetAside { run: run.run.clone(), n, reason });
        }
        runs.push(arrived);
    }
    let shipment = Shipment {
        kiosk,
        way,
        received_ms,
        app: delivery.app,
        anchors,
        live,
        known: delivery.known,
        publication: delivery.publication,
        pin: delivery.pin,
        gone: delivery.gone,
        survey_complaint: delivery.survey_complaint.map(complaint),
        place: delivery.place.filter(|tag| tag.len() <= TAG_BYTES_MAX),
        hours: delivery.hours.as_deref().and_then(Hours::parse).map(|hours| hours.to_string()),
        address: delivery.address.filter(|address| address.len() <= ADDRESS_BYTES_MAX),
        move_complaint: delivery.move_complaint.map(complaint),
        zone: delivery.zone.filter(|zone| zone.len() <= ZONE_BYTES_MAX),
        zone_rules: delivery.zone_rules.filter(|rules| rules.len() <= ZONE_BYTES_MAX),
        clocks_apart: delivery.clocks_apart,
        findings: delivery.findings.map(few),
        runs,
        counters: delivery.counters,
        refused,
    };
    Ok((shipment, set_aside))
}

/// As much of a kiosk's complaint as is kept.
#[expect(clippy::needless_pass_by_value, reason = "what is cut off is not kept")]
fn complaint(said: String) -> String {
    said.chars().take(COMPLAINT_CHARS_MAX).collect()
}

/// No more and no longer findings than a kiosk of ours tells.
fn few(findings: Vec<Finding>) -> Vec<Finding> {
    let cut = |finding: Finding| Finding { text: Finding::cut(&finding.text), ..finding };
    findings.into_iter().take(FINDINGS_MAX).map(cut).collect()
}

/// The highest number of an event that is stored; a run that takes one a second ends after 68
/// years.
const N_MAX: u32 = i32::MAX.cast_unsigned();

/// A run's events, and the number of each that cannot be used, with the reason.
fn check_run(run: &Run) -> Result<(Arrived, Vec<(u32, String)>), Unacceptable> {
    let id = run.id().map_err(Unacceptable)?;
    let boot = run.boot_id().map_err(Unacceptable)?;
    let mut events = Vec::with_capacity(run.events.len());
    let mut unusable = Vec::new();
    for event in &run.events {
        match delivery::read(event) {
            Ok(read) if read.n > N_MAX => {
                unusable.push((read.n, format!("no run has more than {N_MAX} events")));
            }
            Ok(read) => {
                let content = delivery::canonical(event);
                events.push(Incoming { event: read, digest: digest(&content), content });
            }
            Err(nameless @ Unusable::Nameless) => {
                return Err(Unacceptable(format!("run {id}: {nameless}")));
            }
            Err(Unusable::Malformed { n, why }) => {
                unusable.push((n, why.chars().take(REASON_CHARS_MAX).collect()));
            }
        }
    }
    Ok((Arrived { run: id, boot, taken: run.taken, events }, unusable))
}

/// The first half of a SHA-256: enough that no two contents share it by chance.
fn digest(content: &str) -> [u8; 16] {
    let whole: [u8; 32] = Sha256::digest(content).into();
    whole.first_chunk().copied().unwrap_or_default()
}

/// The events that the archive has not taken, with the reason that their kiosk is told.
///
/// Of another kiosk's run the reason is always the same, whatever is stored of it.
pub fn not_taken(stored: &Stored) -> impl Iterator<Item = SetAside> {
    let conflict = "another event with this run and number is stored already";
    let foreign = "the run belongs to another kiosk; deliver it with that kiosk's token";
    let conflicts = stored.conflicts.iter().map(move |id| (id, conflict));
    let not_taken = conflicts.chain(stored.foreign.iter().map(move |id| (id, foreign)));
    not_taken.map(|(id, reason)| SetAside {
        run: id.run.to_string(),
        n: id.n,
        reason: reason.to_owned(),
    })
}

/// Where a kiosk stands and stood, as it is told that: its tag changes with any of it.
#[must_use]
pub fn whereabouts(stays: &[whereabouts::Stay], hours: Option<String>) -> Whereabouts {
    let told = |stay: &whereabouts::Stay| Stay {
        since_ms: stay.since_ms,
        shop: names::cut(&stay.shop),
        touchpoint: names::cut(&stay.touchpoint),
    };
    let stays: Vec<Stay> = stays.iter().map(told).collect();
    let place = Whereabouts { tag: String::new(), stays, hours };
    let text = serde_json::to_string(&place).unwrap_or_default();
    Whereabouts { tag: hex(&digest(&text)), ..place }
}

/// Stored events as a receipt names them: ranges of numbers by run.
#[must_use]
pub fn by_run(ids: Vec<RatingId>) -> Vec<Settled> {
    let mut runs = std::collections::BTreeMap::<RunId, Vec<u32>>::new();
    for id in ids {
        runs.entry(id.run).or_default().push(id.n);
    }
    runs.into_iter().map(|(run, numbers)| Settled::of(run.to_string(), numbers)).collect()
}

/// Of how many of its tokens a kiosk is told the keys when it is enrolled.
const SIGNED_BY_MAX: usize = 32;

/// What a kiosk is told when it is enrolled; `seals` are of the tokens that it has or had.
#[must_use]
pub fn enrolled(
    kiosk: Kiosk,
    shop: Shop,
    token: String,
    keys: &HubPublic,
    seals: &[Seal],
) -> Enrolled {
    let signed_by = seals.iter().take(SIGNED_BY_MAX).map(|seal| hex(&seal.key)).collect();
    Enrolled {
        kiosk: kiosk.id,
        token,
        // A longer name is one of an older archive, and no kiosk takes it.
        shop: names::cut(&shop.name),
        zone: shop.zone,
        touchpoint: names::cut(&kiosk.touchpoint),
        hub_keys: Some(write_keys(keys)),
        signed_by,
    }
}
