//! A kiosk's row in `book`: how its books stand, what was last heard of it, and the lock of all
//! that is stored of it.

use super::{kiosks, upkeep};
use crate::feedback::rating::RunId;
use crate::hub::archive::error::Failure;
use crate::hub::archive::events::{Doubt, Shipment};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::books::{After, Books, Brought, Counters, Way};
use crate::hub::rules::budget::Spent;
use crate::hub::rules::clones::{self, Sender};
use crate::hub::rules::restored;

/// Under which key the archive notes when it last drew an epoch by itself.
const EPOCH_DRAWN: &str = "epoch_drawn_ms";

/// Whether another run has spoken after this one.
const PAST_RUN: &str = "select 1 from past_run where kiosk = $1 and run = $2";

/// A kiosk's row, as it is read and written.
#[derive(Clone, Debug)]
pub(super) struct Book {
    /// The number of its last delivery.
    pub(super) seq: i64,
    pub(super) books: Books,
    /// What it has spent of its budget.
    pub(super) spent: Spent,
    /// The time zone by which it counts.
    pub(super) zone: Option<String>,
    /// How far something is ahead of the hub's clock there.
    pub(super) ahead_ms: Option<i64>,
    is_ahead_by_ntp: Option<bool>,
    last_contact_ms: Option<i64>,
    app: Option<String>,
    publication: Option<u64>,
    survey_complaint: Option<String>,
    zone_rules: Option<String>,
    address: Option<String>,
    move_complaint: Option<String>,
    findings: Option<String>,
    hours: Option<String>,
    /// The run that sent last.
    live: Option<RunId>,
    returns: i64,
    /// When its epoch was last drawn, in milliseconds since 1970 UTC.
    epoch_drawn_ms: Option<i64>,
}

impl Book {
    /// Locks a kiosk's row, by the kiosk's number, and reads it.
    pub(super) async fn lock(tx: &mut dyn Tx, kiosk: i64) -> Result<Self, Failure> {
        let sql = "select seq, stored, taken, waiting, set_aside, lost, given_up, spent_day, \
                   spent_bytes, zone, ahead_ms, is_ahead_by_ntp, last_contact_ms, app, \
                   publication, survey_complaint, zone_rules, address, move_complaint, findings, \
                   hours, live_run, returns, epoch_drawn_ms from book where kiosk = $1";
        let row = tx.lock(sql, &values![kiosk]).await?;
        Self::read(&row.ok_or_else(|| Failure::Content("a kiosk has no book".to_owned()))?)
    }

    fn read(row: &Row) -> Result<Self, Failure> {
        Ok(Self {
            seq: row.get("seq")?,
            books: Books {
                stored: row.get("stored")?,
                taken: row.get("taken")?,
                waiting: row.get("waiting")?,
                set_aside: row.get("set_aside")?,
                lost: row.get("lost")?,
                given_up: row.get("given_up")?,
            },
            spent: kiosks::spent(row)?,
            zone: row.get("zone")?,
            ahead_ms: row.get("ahead_ms")?,
            is_ahead_by_ntp: row.get("is_ahead_by_ntp")?,
            last_contact_ms: row.get("last_contact_ms")?,
            app: row.get("app")?,
            publication: row.get("publication")?,
            survey_complaint: row.get("survey_complaint")?,
            zone_rules: row.get("zone_rules")?,
            address: row.get("address")?,
            move_complaint: row.get("move_complaint")?,
            findings: row.get("findings")?,
            hours: row.get("hours")?,
            live: row.get::<Option<[u8; 16]>>("live_run")?.map(RunId),
            returns: row.get("returns")?,
            epoch_drawn_ms: row.get("epoch_drawn_ms")?,
        })
    }

    /// Writes the row, but the number of the last delivery and the epoch, which are written where
    /// they are drawn.
    pub(super) async fn save(self, tx: &mut dyn Tx, kiosk: i64) -> Result<(), Failure> {
        let sql = "update book set stored = $2, taken = $3, waiting = $4, set_aside = $5, \
                   lost = $6, given_up = $7, spent_day = $8, spent_bytes = $9, zone = $10, \
                   ahead_ms = $11, is_ahead_by_ntp = $12, last_contact_ms = $13, app = $14, \
                   publication = $15, survey_complaint = $16, zone_rules = $17, address = $18, \
                   move_complaint = $19, findings = $20, hours = $21, live_run = $22, \
                   returns = $23 where kiosk = $1";
        let books = self.books;
        let values = values![
            kiosk,
            books.stored,
            books.taken,
            books.waiting,
            books.set_aside,
            books.lost,
            books.given_up,
            self.spent.day,
            self.spent.bytes,
            self.zone,
            self.ahead_ms,
            self.is_ahead_by_ntp,
            self.last_contact_ms,
            self.app,
            self.publication,
            self.survey_complaint,
            self.zone_rules,
            self.address,
            self.move_complaint,
            self.findings,
            self.hours,
            self.live.map(|run| run.0),
            self.returns,
        ];
        tx.execute_later(sql, vec![values.into()]).await
    }

    /// Takes in how the kiosk's books stand, and what else a delivery says of the kiosk.
    pub(super) fn hear(&mut self, shipment: &Shipment, brought: Brought) {
        let wire = &shipment.counters;
        let told = Counters {
            taken: wire.taken,
            waiting: wire.waiting,
            set_aside: wire.set_aside,
            lost: wire.lost,
            given_up: wire.given_up,
        };
        let after = self.books.after(shipment.way, told, brought);
        let (After::News(books) | After::Old(books)) = after;
        self.books = books;
        if matches!(after, After::News(_)) {
            self.hear_news(shipment);
        }
    }

    fn hear_news(&mut self, shipment: &Shipment) {
        let findings = shipment.findings.as_ref().map(kiosks::as_text);
        let or = |new: &Option<String>, old: &mut Option<String>| {
            *old = new.clone().or_else(|| old.take());
        };
        self.last_contact_ms = Some(shipment.received_ms);
        self.app = Some(shipment.app.clone());
        self.publication = shipment.publication;
        self.survey_complaint.clone_from(&shipment.survey_complaint);
        or(&findings, &mut self.findings);
        or(&shipment.zone, &mut self.zone);
        or(&shipment.zone_rules, &mut self.zone_rules);
        if shipment.way != Way::Carried {
            self.hours.clone_from(&shipment.hours);
        }
        // What is carried says nothing of the clocks, nor of the way over the network.
        if shipment.way == Way::Sent {
            let apart = shipment.clocks_apart.as_ref();
            self.ahead_ms = apart.map(|apart| apart.ahead_ms);
            self.address.clone_from(&shipment.address);
            self.move_complaint.clone_from(&shipment.move_complaint);
        }
        if let Some(apart) = &shipment.clocks_apart {
            self.is_ahead_by_ntp = Some(apart.is_by_ntp);
        }
    }

    /// Asks ahead for what [`Book::hear_sender`] asks.
    pub(super) fn ask_ahead(tx: &mut dyn Tx, kiosk: i64, shipment: &Shipment) {
        if let Some(live) = clones::sender(shipment.way, shipment.live) {
            tx.ask_ahead(PAST_RUN, values![kiosk, live.0].into());
        }
    }

    /// Takes in which run sends; returns whether this is a second device with the same token.
    pub(super) async fn hear_sender(
        &mut self,
        tx: &mut dyn Tx,
        kiosk: i64,
        shipment: &Shipment,
    ) -> Result<bool, Failure> {
        let Some(live) = clones::sender(shipment.way, shipment.live) else {
            return Ok(false);
        };
        let is_over = tx.row(PAST_RUN, &values![kiosk, live.0]).await?.is_some();
        match clones::heard(live, self.live, is_over) {
            Sender::Same => Ok(false),
            Sender::Next { over } => {
                if let Some(over) = over {
                    let sql = "insert into past_run (kiosk, run) values ($1, $2) \
                               on conflict (kiosk, run) do nothing";
                    tx.execute(sql, &values![kiosk, over.0]).await?;
                }
                self.live = Some(live);
                Ok(false)
            }
            Sender::Returned => {
                self.returns += 1;
                Ok(clones::is_clone(self.returns))
            }
        }
    }

    /// Draws a new epoch for a kiosk that knows of more events than there are, and for the archive
    /// where several shops do; returns what was drawn.
    pub(super) async fn doubt(
        &self,
        tx: &mut dyn Tx,
        kiosk: i64,
        shipment: &Shipment,
    ) -> Result<Doubt, Failure> {
        let now_ms = shipment.received_ms;
        let is_back = restored::is_back_in_time(shipment.known, self.books.stored);
        if !is_back || !restored::is_epoch_due(self.epoch_drawn_ms, now_ms) {
            return Ok(Doubt::None);
        }
        kiosks::draw_epoch(tx, kiosk, now_ms).await?;
        let shops = kiosks::shops_in_doubt(tx, restored::together(now_ms)).await?;
        let drawn_ms = upkeep::noted(tx, EPOCH_DRAWN).await?;
        if !restored::is_archive_due(shops, drawn_ms, now_ms) {
            return Ok(Doubt::OfKiosk);
        }
        upkeep::note(tx, EPOCH_DRAWN, now_ms).await?;
        upkeep::draw_epoch(tx).await?;
        Ok(Doubt::OfShops)
    }
}
