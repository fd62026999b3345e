//! The uplink's loop: takes a batch from the journal, sends it, and settles what the receipt names.

use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, StatusCode};
use tokio::sync::{Notify, watch};

use super::again::Awaited;
use super::client::{Clock, is_json, parse, read, refusal, retry_after_s};
use super::connector::Connector;
use super::findings::Findings;
use super::why::is_certificate;
use crate::clock;
use crate::escape::chain;
use crate::feedback::moment::{Anchor, Limit, Weighed};
use crate::feedback::outbox::{BYTES_MAX, Next, Outbox, Outcome};
use crate::feedback::rating::RatingId;
use crate::feedback::survey::Survey;
use crate::kiosk::exchange::{pack, settlement};
use crate::kiosk::former::Owed;
use crate::kiosk::journal::{Batch, Books, JournalThread, Settlement};
use crate::kiosk::pin;
use crate::kiosk::settings::{self, Enrolment, Former, Settings};
use crate::wire::delivery::{ClocksApart, Counters, Delivery, Finding};
use crate::wire::receipt::{Pin, Receipt};
use crate::wire::whereabouts::Whereabouts;
use crate::wire::{self, gzip};
use crate::zones::Zones;

/// How often old settled events are looked for, in milliseconds.
const PRUNE_INTERVAL_MS: u64 = 24 * 60 * 60 * 1_000;

/// How many of the events that a receipt sets aside are logged one by one.
const ASIDE_LOGGED_MAX: usize = 5;

/// What the uplink needs to start.
pub struct UplinkConfig {
    /// The hub's address and the kiosk's token.
    pub enrolment: Enrolment,
    /// The kiosk's settings: where and how long it keeps events, and what it can ask.
    pub settings: Settings,
    /// The hub's epoch and the number there of the survey that the kiosk has kept.
    pub survey: Option<(u64, u64)>,
    /// Gets each new survey from head office, or the kiosk's own survey after it was withdrawn.
    pub on_survey: Box<dyn Fn(Survey) + Send>,
    /// Gets how head office can be reached, after each delivery.
    pub on_status: Box<dyn Fn(UplinkStatus) + Send>,
    /// Gets the time zone by whose days head office counts for this shop, where that is news.
    pub on_zone: Box<dyn Fn(String) + Send>,
    /// Gets the enrolment after head office has corrected this kiosk's place or its hours.
    pub on_place: Box<dyn Fn(Enrolment) + Send>,
    /// What the kiosk found when it last examined itself; none before it has.
    pub findings: watch::Receiver<Option<Vec<Finding>>>,
    /// What the board itself says about the time, as [`clock::anchor`] does.
    pub anchor: fn(i64) -> Option<Anchor>,
    /// The program and its version, as the hub gets to see it.
    pub app: String,
    /// A time that is certainly in the past, in milliseconds since 1970 UTC.
    pub floor_ms: i64,
}

/// How head office can be reached, and what it and this kiosk disagree about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UplinkStatus {
    /// The deliveries' problem, if there is one.
    pub trouble: Option<String>,
    /// The time of head office's last receipt, in milliseconds since boot.
    pub confirmed_ms: Option<u64>,
    /// What head office's last word about the time was worth, where something speaks against it.
    pub clocks_apart: Option<ClocksApart>,
    /// The time zone by which head office counts, if it is another than here.
    pub other_zone: Option<String>,
    /// Why this kiosk does not go to the address to which head office moves.
    pub move_complaint: Option<String>,
}

/// What sends, and what it remembers from one delivery to the next.
pub(super) struct Sender {
    pub(super) connector: Connector,
    pub(super) clock: Clock,
    pub(super) config: UplinkConfig,
    /// What it brings to a former place, with which it ends. Such a place asks nothing of this
    /// board any more.
    pub(super) errand: Option<(Former, Owed)>,
    /// The journals of former places, whose old events are deleted too.
    pub(super) beside: Vec<JournalThread>,
    /// Which of the tokens is tried; see [`Enrolment::tokens`].
    pub(super) which: usize,
    /// The last event that went out alone.
    pub(super) alone: Option<RatingId>,
    pub(super) findings: Findings,
    pub(super) journal: JournalThread,
    pub(super) outbox: Outbox,
    /// How it stands; its problem is the last one in the log, so that a night without network is
    /// one line there.
    pub(super) status: UplinkStatus,
    pub(super) pruned_at: Option<u64>,
    /// How little was left after a delivery, since the last rest.
    pub(super) least_left: u64,
    /// How often the hub had the enrolment written.
    pub(super) renewals: u64,
    /// How often it was written for what somebody has corrected at head office.
    pub(super) corrections: u64,
    /// Why this kiosk does not ask the last survey from head office.
    pub(super) complaint: Option<String>,
    /// The hub's epoch and the number of the survey that was refused.
    pub(super) refused: Option<(u64, u64)>,
    /// When a survey that did not come is asked for again.
    pub(super) awaited: Awaited<(u64, u64)>,
    /// The tag of a place that cannot be one.
    pub(super) refused_place: Option<String>,
    /// The address to which head office moves, and to which this kiosk did not get yet.
    pub(super) announced: Option<String>,
    /// When the hub's new address is tried again.
    pub(super) moving: Awaited<String>,
}

/// The result of one delivery, for the outbox and for the log.
pub(super) struct Attempt {
    pub(super) outcome: Outcome,
    pub(super) trouble: Option<String>,
    /// How many events and anchors are still to be sent.
    left: u64,
    /// What a receipt told about the time, if it told anything.
    heard: Option<Heard>,
    /// The time zone by which the hub counts, if a receipt told it.
    pub(super) zone: Option<String>,
    /// Where this kiosk stands and stood, if the hub knows it otherwise.
    place: Option<Whereabouts>,
    /// The address to which the hub moves, if a receipt told one.
    pub(super) moves_to: Option<String>,
    /// Whether the hub wants the token to be renewed.
    pub(super) is_token_old: bool,
    /// The hub's epoch, and the number of this kiosk's survey.
    pub(super) survey: Option<(u64, u64)>,
    /// The desk's PIN, if the hub has changed it.
    pin: Option<Pin>,
}

impl Attempt {
    fn failed(outcome: Outcome, trouble: impl Into<String>) -> Self {
        let trouble = Some(trouble.into());
        Self {
            outcome,
            trouble,
            left: 0,
            heard: None,
            zone: None,
            place: None,
            moves_to: None,
            is_token_old: false,
            survey: None,
            pin: None,
        }
    }
}

/// What a receipt told about the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// The time by all that is known, in milliseconds since 1970 UTC; none while nobody else says
    /// what the hub does.
    pub(super) utc_ms: Option<i64>,
    /// What the hub's word is worth.
    pub(super) weighed: Weighed,
}

impl Sender {
    /// What sends, before it has sent anything.
    pub(super) fn new(
        connector: Connector,
        clock: Clock,
        config: UplinkConfig,
        journal: JournalThread,
        errand: Option<(Former, Owed)>,
    ) -> Self {
        Self {
            announced: config.enrolment.moves_to.clone(),
            errand,
            beside: Vec::new(),
            connector,
            clock,
            which: 0,
            alone: None,
            findings: Findings::new(config.findings.clone()),
            config,
            journal,
            outbox: Outbox::default(),
            status: UplinkStatus::default(),
            pruned_at: None,
            least_left: u64::MAX,
            renewals: 0,
            corrections: 0,
            complaint: None,
            refused: None,
            awaited: Awaited::default(),
            refused_place: None,
            moving: Awaited::default(),
        }
    }

    /// Sends until the journal is closed.
    pub(super) async fn run(mut self, settings: &settings::Uplink, nudge: &Notify) {
        tokio::time::sleep(settings.first_max.mul_f64(rand::random())).await;
        loop {
            let events_max = if self.is_word() { 0 } else { self.outbox.events_max() };
            let Ok(batch) = self.journal.batch(events_max).await else {
                return;
            };
            let attempt = match batch {
                Ok(batch) => match self.connector.client() {
                    Ok(client) => {
                        self.suspect(&batch);
                        self.deliver(&client, &batch).await
                    }
                    // Somebody has to cure a file or a key; it is looked at again.
                    Err(error) => Attempt::failed(Outcome::Unanswered, chain(&error)),
                },
                // The attendant shows that the journal cannot be read; the uplink only pauses.
                Err(error) => Attempt::failed(Outcome::Unanswered, error.to_string()),
            };
            self.change_tokens(&attempt).await;
            if self.errand.is_none() {
                self.ask_for_survey(&attempt).await;
                self.adopt_pin(attempt.pin.as_ref());
                self.follow(&attempt).await;
                self.adopt_place(attempt.place);
                self.compare_zones(attempt.zone);
            }
            self.compare_clocks(attempt.heard.map(|heard| heard.weighed));
            self.tell(attempt.trouble);
            let next = match attempt.outcome {
                Outcome::Unauthorised if self.has_untried_token() => Next::Pause { ms: 0 },
                outcome => {
                    let outcome = self.unhurried(outcome, attempt.left);
                    self.outbox.after(outcome, rand::random())
                }
            };
            match next {
                Next::Idle => {
                    self.prune(attempt.heard.and_then(|heard| heard.utc_ms)).await;
                    if self.is_over(attempt.left).await {
                        return;
                    }
                    let _ = tokio::time::timeout(settings.idle, nudge.notified()).await;
                    tokio::time::sleep(settings.coalesce).await;
                }
                Next::Pause { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
                Next::SetAside => {
                    let why = self.status.trouble.take().unwrap_or_default();
                    if let Err(error) = self.set_aside(&why).await {
                        // The card may be writable again later.
                        tracing::error!(%error, "cannot set an event aside");
                        tokio::time::sleep(settings.idle).await;
                    }
                }
            }
        }
    }

    /// Whether it tells a former place that what waits is given up.
    fn is_word(&self) -> bool {
        matches!(self.errand, Some((_, Owed::Word)))
    }

    /// Whether a former place has got everything, so that it is left alone from now on.
    async fn is_over(&self, left: u64) -> bool {
        let Some((former, owed)) = &self.errand else {
            return false;
        };
        let Enrolment { kiosk, hub, .. } = &self.config.enrolment;
        if *owed == Owed::Word {
            if let Err(error) = former.clone().note_told(&self.config.settings.data_dir) {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a former place is told once more what was given up");
            }
            tracing::info!(kiosk, hub, "a former place knows what was given up");
            return true;
        }
        if left > 0 {
            return false;
        }
        // What the card has damaged may still be found, or be reported.
        let is_over = !matches!(self.journal.has_chores().await, Ok(Ok(true)));
        if !is_over {
            // They need a run, which a journal has not that was opened again meanwhile.
            let _ = self.journal.probe();
        }
        if is_over {
            tracing::info!(kiosk, hub, "everything that waited for a former place is delivered");
        }
        is_over
    }

    /// Rests after a delivery that left no less than one before it did: a hub that says each time
    /// that it was restored has everything offered again for ever.
    fn unhurried(&mut self, outcome: Outcome, left: u64) -> Outcome {
        let is_less = left < self.least_left;
        match outcome {
            Outcome::Settled { is_more: true } if is_less => self.least_left = left,
            Outcome::Settled { .. } => {
                self.least_left = u64::MAX;
                return Outcome::Settled { is_more: false };
            }
            _ => {}
        }
        outcome
    }

    /// Remembers which event goes out alone, so that no other is set aside in its place.
    fn suspect(&mut self, batch: &Batch) {
        let mut ids = batch.runs.iter().flat_map(|run| run.entries.iter().map(|entry| entry.id));
        if let (Some(id), None) = (ids.next(), ids.next())
            && self.alone.replace(id) != Some(id)
        {
            self.outbox.forget();
        }
    }

    /// Sets aside the event that went out alone.
    async fn set_aside(&mut self, why: &str) -> Result<(), Box<dyn std::error::Error>> {
        let Some(id) = self.alone.take() else {
            return Ok(());
        };
        let (run, n) = (id.run, id.n);
        tracing::error!(%run, n, why, "an event is set aside; run `retry` to send it again");
        let set_aside = vec![(id, why.to_owned())];
        self.journal.settle(Settlement { set_aside, ..Settlement::default() }).await??;
        Ok(())
    }

    /// Logs what is wrong when it changes, and that deliveries work again.
    fn tell(&mut self, trouble: Option<String>) {
        match &trouble {
            Some(why) if self.status.trouble.as_ref() != Some(why) => {
                tracing::warn!(%why, "ratings cannot be delivered; they are kept and sent later");
            }
            None if self.status.trouble.is_some() => tracing::info!("ratings are delivered again"),
            Some(_) | None => {}
        }
        if trouble.is_none() {
            self.status.confirmed_ms = Some(clock::boot_ms());
        }
        self.status.trouble = trouble;
        (self.config.on_status)(self.status.clone());
    }

    async fn deliver(&mut self, client: &Client, batch: &Batch) -> Attempt {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let UplinkConfig { app, enrolment, .. } = &self.config;
        let packed = pack(batch, &nonce, app, &enrolment.kiosk);
        // Said even of nothing: who says no number is too old to let go, and is told of nothing.
        let packed = Delivery { gone: packed.gone.or(Some(0)), ..packed };
        let delivery = match &self.errand {
            // The board writes no run for this place any more, and asks no survey of its.
            Some((_, Owed::Events)) => Delivery { live: None, ..packed },
            Some((_, Owed::Word)) => {
                let given_up = packed.counters.waiting;
                let counters = Counters { waiting: 0, given_up, ..packed.counters };
                Delivery { live: None, counters, ..packed }
            }
            None => Delivery {
                publication: self.config.survey.map(|(_, publication)| publication),
                survey_complaint: self.complaint.clone(),
                pin: pin::given(&self.config.settings.data_dir),
                zone: Some(self.zone()),
                hours: self.config.settings.hours.map(|hours| hours.to_string()),
                place: Some(self.config.enrolment.place_tag.clone().unwrap_or_default()),
                zone_rules: Zones::of_system().rules().release().map(|release| release.to_string()),
                clocks_apart: self.status.clocks_apart.clone(),
                address: Some(self.connector.hub().to_owned()),
                move_complaint: self.status.move_complaint.clone(),
                findings: self.findings.news(),
                ..packed
            },
        };
        let json = match serde_json::to_vec(&delivery) {
            Ok(json) if json.len() > BYTES_MAX && batch.len() > 1 => {
                let outcome = Outcome::TooLarge { events: batch.len(), is_by_hub: false };
                return Attempt::failed(outcome, "the delivery is too large for the hub");
            }
            Ok(json) => json,
            Err(error) => return Attempt::failed(Outcome::Unanswered, error.to_string()),
        };
        let body = match gzip::pack(&json) {
            Ok(body) => body,
            Err(error) => return Attempt::failed(Outcome::Unanswered, error.to_string()),
        };
        let request = client
            .post(format!("{}{}", self.connector.hub(), wire::DELIVERIES))
            .bearer_auth(self.token())
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip")
            .body(body);
        let sent_at = clock::boot_ms();
        let answer = match request.send().await {
            Ok(answer) => answer,
            // A failed connection says nothing about the events; a broken one may.
            Err(error) if error.is_connect() => {
                if is_certificate(&error) {
                    self.connector.doubt();
                }
                return Attempt::failed(Outcome::Unanswered, self.connector.why(&error));
            }
            Err(error) => {
                let outcome = Outcome::Broken { events: batch.len() };
                return Attempt::failed(outcome, self.connector.why(&error));
            }
        };
        let (status, is_json) = (answer.status(), is_json(&answer));
        let retry_after_s = retry_after_s(&answer);
        let body = match read(answer).await {
            Ok(body) => body,
            Err(error) => {
                let outcome = Outcome::Broken { events: batch.len() };
                return Attempt::failed(outcome, self.connector.why(&error));
            }
        };
        let took = (sent_at, clock::boot_ms());
        let receipt = parse::<Receipt>(is_json && status == StatusCode::OK, &body);
        match receipt.filter(|receipt| receipt.nonce == nonce) {
            Some(receipt) => {
                let attempt = self.settle(batch, &receipt, took).await;
                if attempt.trouble.is_none() {
                    self.findings.settled(receipt.hub_epoch);
                }
                attempt
            }
            None => judge(status, refusal(is_json, &body), retry_after_s, batch.len()),
        }
    }

    async fn settle(&self, batch: &Batch, receipt: &Receipt, took: (u64, u64)) -> Attempt {
        let mut settlement = settlement(batch, receipt, &self.config.enrolment.kiosk, took);
        let word = settlement.anchor.take();
        let heard = word.map(|word| self.hear(word, &batch.kept, receipt.is_time_vouched));
        if let Some(utc_ms) = heard.and_then(|heard| heard.utc_ms) {
            self.clock.learn(utc_ms, took.1);
            settlement.anchor = word;
        }
        let aside = settlement.set_aside.len();
        for (id, reason) in settlement.set_aside.iter().take(ASIDE_LOGGED_MAX) {
            let (run, n) = (id.run, id.n);
            tracing::error!(%run, n, reason, "the hub set an event aside; the kiosk keeps it");
        }
        if aside > ASIDE_LOGGED_MAX {
            tracing::error!(aside, "the hub set more events aside; `verify` shows each");
        }
        let books = match self.journal.settle(settlement).await {
            Ok(Ok(books)) => books,
            Ok(Err(error)) => return Attempt::failed(Outcome::Unanswered, error.to_string()),
            Err(gone) => return Attempt::failed(Outcome::Unanswered, gone.to_string()),
        };
        let done = |books: &Books| books.settled + books.set_aside;
        let named = done(&books).saturating_sub(done(&batch.books));
        if named == 0 && !batch.is_empty() {
            let why = "the hub's receipt names no event of the delivery";
            return Attempt::failed(Outcome::Unanswered, why);
        }
        tracing::debug!(named, waiting = books.waiting, "delivered");
        // Only progress is worth another delivery at once; the rest waits for the next one.
        let has_events = named > 0 && books.waiting > 0;
        let has_anchors = books.untold > 0 && books.untold != batch.books.untold;
        let outcome = Outcome::Settled { is_more: has_events || has_anchors };
        let is_token_old = receipt.is_token_old;
        let survey = receipt.publication.map(|publication| (receipt.hub_epoch, publication));
        let pin = receipt.pin.clone();
        let left = books.waiting + books.untold;
        let zone = receipt.zone.clone();
        let moves_to = receipt.moves_to.clone();
        Attempt {
            outcome,
            trouble: None,
            left,
            heard,
            zone,
            place: receipt.place.clone(),
            moves_to,
            is_token_old,
            survey,
            pin,
        }
    }

    /// Deletes settled events that are older than `keep_days`, once a day.
    ///
    /// The time that was told decides, since the kiosk's own clock may stand in any year; but what
    /// that has not seen grow old as well stays.
    async fn prune(&mut self, utc_ms: Option<i64>) {
        let now = clock::boot_ms();
        let is_due = self.pruned_at.is_none_or(|at| now - at >= PRUNE_INTERVAL_MS);
        let Some(utc_ms) = utc_ms.filter(|_| is_due) else {
            return;
        };
        self.pruned_at = Some(now);
        let keep_days = self.config.settings.keep_days;
        let limit = Limit::after_days(keep_days, utc_ms, clock::reading());
        for journal in std::iter::once(&self.journal).chain(&self.beside) {
            while let Ok(Ok(deleted @ 1..)) = journal.prune(limit).await {
                tracing::info!(deleted, "old settled ratings were deleted");
            }
        }
    }
}

/// The meaning of an answer that is not a receipt for this delivery.
fn judge(
    status: StatusCode,
    refusal: Option<String>,
    retry_after_s: Option<u32>,
    events: usize,
) -> Attempt {
    let is_by_hub = refusal.is_some();
    let why =
        refusal.unwrap_or_else(|| format!("answered {status}, but the answer is not a hub's"));
    let outcome = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if is_by_hub => Outcome::Unauthorised,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Outcome::Throttled { retry_after_s, is_by_hub }
        }
        StatusCode::PAYLOAD_TOO_LARGE => Outcome::TooLarge { events, is_by_hub },
        StatusCode::UNPROCESSABLE_ENTITY if is_by_hub => Outcome::Unacceptable { events },
        status if status.is_server_error() => Outcome::Broken { events },
        _ => Outcome::Unanswered,
    };
    Attempt::failed(outcome, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_not_the_hub_is_not_believed_for_long() {
        for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
            let of = |refusal: Option<&str>| {
                judge(status, refusal.map(str::to_owned), Some(86_400), 3).outcome
            };
            let retry_after_s = Some(86_400);
            assert_eq!(of(None), Outcome::Throttled { retry_after_s, is_by_hub: false });
            assert_eq!(of(Some("wait")), Outcome::Throttled { retry_after_s, is_by_hub: true });
        }
    }
}
