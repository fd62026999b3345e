//! The statements that store a shipment: each event once, and nothing over another.
//!
//! Rows are looked up and written by run and not one by one: a kiosk that was away for weeks, or a
//! country that offers everything again, is the heaviest that an archive has to do.

use std::collections::{BTreeMap, BTreeSet};

use super::books::Book;
use super::claims::{self, Named};
use super::clocks::Clocks;
use super::dating::{self, ANCHOR};
use super::deliveries::Change;
use super::event_rows::{self, EVENT};
use super::facts::{self, Held};
use super::set_aside::count;
use super::{gone, judging, kiosks, set_aside, surveys, upkeep, whereabouts};
use crate::feedback::event::{Event, Loss, Stretches};
use crate::feedback::moment::Anchor;
use crate::feedback::rating::{BootId, RatingId, RunId};
use crate::hub::archive::error::Failure;
use crate::hub::archive::events::{Arrived, Incoming, Shipment, Stored};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, Value, values};
use crate::hub::archive::zones::ShopZones;
use crate::hub::rules::arrivals::{self, Digest, Fate};
use crate::hub::rules::books::{Brought, Way};
use crate::hub::rules::budget::{self, ROW_BYTES};
use crate::hub::rules::judging::is_outdated;
use crate::hub::rules::scope::Place;
use crate::wire::receipt::Pin;

/// For so many boots, or stretches of a run, it is asked ahead at most.
const AHEAD_MAX: usize = 4;

const SET: &str = "select kiosk.pin_number, kiosk.pin_hash, kiosk.touchpoint, shop.id as shop, \
     shop.shop_group, shop.zone, shop.hours \
     from kiosk join shop on shop.no = kiosk.shop where kiosk.no = $1";

const BOOT: &str = "select no, first_run from boot where kiosk = $1 and uuid = $2";

const DIGESTS: &str = "select n, digest from event where kiosk = $1 and run = $2 \
     and n between $3 and $4";

/// What people have set for a kiosk, as a shipment finds it.
struct Set {
    place: Place,
    /// The desk's PIN as head office last set or deleted it; none where it never did.
    pin: Option<Pin>,
    /// The time zone of its shop.
    zone: String,
    /// When its shop is open.
    hours: Option<String>,
}

/// What a shipment has come to so far.
#[derive(Default)]
struct Intake {
    stored: Stored,
    brought: Brought,
    /// How many bytes are kept that were not before.
    bytes: u64,
    clocks: dating::Clocks,
    /// The rows of new events, and the runs that they are of.
    rows: Vec<Vec<Value>>,
    pending: BTreeSet<i64>,
    /// Those of them that older rules have judged, by run.
    outdated: Vec<(i64, Vec<u32>)>,
    losses: Vec<(i64, Loss)>,
    /// The boots that are known so far.
    boots: BTreeMap<BootId, Boot>,
}

/// A kiosk's boot.
#[derive(Clone, Copy)]
struct Boot {
    no: i64,
    /// Whether its place among the others is known, by its first run.
    is_placed: bool,
}

/// Stores a shipment. The kiosk's row is locked before anything is read.
pub(super) async fn store(
    tx: &mut dyn Tx,
    shipment: &Shipment,
    named: &Named,
    zones: &ShopZones,
) -> Result<Stored, Failure> {
    let kiosk = named.kiosk;
    ask_ahead(tx, kiosk, shipment);
    let mut book = Book::lock(tx, kiosk).await?;
    let set = set(tx, kiosk).await?;
    let doubt = book.doubt(tx, kiosk, shipment).await?;
    let mut change = Change::of(tx, kiosk, book.seq, shipment.received_ms, zones).await?;
    let mut intake = Intake { bytes: ROW_BYTES, ..Intake::default() };
    intake.stored = Stored { doubt, spent_before: book.spent, ..Stored::default() };
    store_anchors(&mut change, shipment, &mut intake).await?;
    store_runs(&mut change, shipment, named, &mut intake).await?;
    set_aside::refused(change.tx, kiosk, shipment, named, &mut intake.brought, &mut intake.bytes)
        .await?;
    ask_ahead_to_tell(change.tx, kiosk, shipment, &set);
    dating::more(&mut change).await?;
    let Intake { mut stored, mut brought, bytes, .. } = intake;
    change.finish(brought.added).await?;

    let not_taken = stored.conflicts.len() + stored.foreign.len() + shipment.refused.len();
    brought.set_aside = count(not_taken);
    brought.named = count(stored.settled.len()) + brought.set_aside;
    stored.newly_apart = shipment.clocks_apart.clone().filter(|_| book.ahead_ms.is_none());
    let is_other = |zone: &String| *zone != set.zone && book.zone.as_ref() != Some(zone);
    stored.other_zone = shipment.zone.clone().filter(is_other);
    if shipment.way == Way::Sent {
        let bytes = bytes + budget::of_lines(not_taken);
        book.spent = book.spent.and(bytes, shipment.received_ms);
    }
    stored.spent = book.spent;
    stored.is_clone = book.hear_sender(tx, kiosk, shipment).await?;
    book.hear(shipment, brought);
    (stored.stored, stored.added) = (book.books.stored, brought.added);
    book.save(tx, kiosk).await?;
    stored.epoch = kiosks::epoch(tx, kiosk).await?;
    tell(tx, shipment, kiosk, set, &mut stored).await?;
    Ok(stored)
}

/// Asks ahead for what every delivery needs, whatever is in it.
fn ask_ahead(tx: &mut dyn Tx, kiosk: i64, shipment: &Shipment) {
    tx.ask_ahead(SET, values![kiosk].into());
    Clocks::ask_ahead(tx, kiosk);
    let told = shipment.anchors.iter().map(|(boot, _)| *boot);
    let boots: BTreeSet<BootId> =
        told.chain(shipment.runs.iter().map(|arrived| arrived.boot)).collect();
    for boot in boots.into_iter().take(AHEAD_MAX) {
        tx.ask_ahead(BOOT, values![kiosk, boot.0].into());
    }
}

/// Asks ahead for what the receipt needs.
fn ask_ahead_to_tell(tx: &mut dyn Tx, kiosk: i64, shipment: &Shipment, set: &Set) {
    Book::ask_ahead(tx, kiosk, shipment);
    kiosks::ask_ahead(tx, kiosk);
    surveys::ask_ahead(tx, &set.place);
    upkeep::ask_ahead(tx);
    if shipment.place.is_some() {
        whereabouts::ask_ahead(tx, kiosk);
    }
    if shipment.way == Way::Sent {
        gone::ask_ahead_newest(tx, kiosk);
    }
}

/// What the kiosk is told of what people have set for it.
async fn tell(
    tx: &mut dyn Tx,
    shipment: &Shipment,
    kiosk: i64,
    set: Set,
    stored: &mut Stored,
) -> Result<(), Failure> {
    if let Some(publication) = surveys::of_place(tx, &set.place).await? {
        surveys::note_given(tx, kiosk, publication).await?;
        stored.publication = publication;
    }
    stored.pin = set.pin.filter(|pin| shipment.pin != Some(pin.number));
    (stored.zone, stored.hours) = (set.zone, set.hours);
    stored.moves_to = upkeep::moves_to(tx).await?;
    if shipment.place.is_some() {
        stored.stays = whereabouts::read(tx, kiosk).await?;
    }
    // A receipt that is carried has no place for it.
    if shipment.way == Way::Sent {
        stored.gone = gone::told(tx, kiosk, shipment.gone).await?;
    }
    Ok(())
}

async fn set(tx: &mut dyn Tx, kiosk: i64) -> Result<Set, Failure> {
    let row = tx.row(SET, &values![kiosk]).await?;
    let row = row.ok_or_else(|| Failure::Content("there is no such kiosk".to_owned()))?;
    let pin = Pin { number: row.get("pin_number")?, hash: row.get("pin_hash")? };
    Ok(Set {
        place: Place {
            group: row.get("shop_group")?,
            shop: row.get("shop")?,
            touchpoint: row.get("touchpoint")?,
        },
        pin: Some(pin).filter(|pin| pin.number > 0),
        zone: row.get("zone")?,
        hours: row.get("hours")?,
    })
}

async fn store_anchors(
    change: &mut Change<'_>,
    shipment: &Shipment,
    intake: &mut Intake,
) -> Result<(), Failure> {
    let mut told = BTreeMap::<BootId, Vec<Anchor>>::new();
    for (boot, anchor) in &shipment.anchors {
        told.entry(*boot).or_default().push(*anchor);
    }
    let mut read = 0;
    for (boot, anchors) in told {
        let boot = boot_of(change.tx, change.kiosk, boot, &mut intake.boots).await?;
        let new = dating::add_anchors(change, boot.no, &anchors, &mut read).await?;
        intake.bytes += ROW_BYTES * count(new);
    }
    Ok(())
}

/// Stores the events of the kiosk's own runs, and names those of other kiosks' runs.
async fn store_runs(
    change: &mut Change<'_>,
    shipment: &Shipment,
    named: &Named,
    intake: &mut Intake,
) -> Result<(), Failure> {
    for arrived in &shipment.runs {
        match named.own.get(&arrived.run) {
            Some(&run) => {
                // A delivery may come to a run again, and then it meets what it has brought.
                let is_first = intake.pending.insert(run);
                if !is_first {
                    change.tx.insert(&EVENT, std::mem::take(&mut intake.rows)).await?;
                }
                take_run(change, shipment, (arrived, run, is_first), named, intake).await?;
            }
            None => intake.stored.foreign.extend(arrived.ids()),
        }
    }
    change.tx.insert(&EVENT, std::mem::take(&mut intake.rows)).await?;
    for (run, outdated) in std::mem::take(&mut intake.outdated) {
        judging::judge_arrived(change, run, outdated).await?;
    }
    store_losses(change, named, std::mem::take(&mut intake.losses)).await
}

/// Asks ahead for what there is of a run and around its events, as if all of them were new.
fn ask_ahead_of_run(tx: &mut dyn Tx, kiosk: i64, (arrived, run): (&Arrived, i64)) {
    for (first, last) in stretches_of(arrived).into_iter().take(AHEAD_MAX) {
        tx.ask_ahead(DIGESTS, values![kiosk, run, first, last].into());
        gone::ask_ahead(tx, (kiosk, run), (first, last));
    }
    facts::ask_ahead(tx, (kiosk, run), &arrived.events, AHEAD_MAX);
}

/// Decides what becomes of the events of a run, which the delivery comes to for the first time or
/// not, and lays out the rows of the new ones.
async fn take_run(
    change: &mut Change<'_>,
    shipment: &Shipment,
    (arrived, run, is_first): (&Arrived, i64, bool),
    named: &Named,
    intake: &mut Intake,
) -> Result<(), Failure> {
    let kiosk = change.kiosk;
    intake.bytes += ROW_BYTES;
    let boot = boot_of(change.tx, kiosk, arrived.boot, &mut intake.boots).await?;
    note_run(change.tx, kiosk, (arrived, run), boot.no).await?;
    if !boot.is_placed {
        dating::place(change.tx, kiosk, boot.no, run).await?;
        intake.boots.insert(arrived.boot, Boot { is_placed: true, ..boot });
    }
    let boot = boot.no;
    if is_first {
        intake.clocks.ask_ahead(change.tx, kiosk, boot);
        ask_ahead_of_run(change.tx, kiosk, (arrived, run));
    }
    let fates = fates(change.tx, kiosk, (arrived, run)).await?;
    let clock = intake.clocks.of(change.tx, kiosk, boot).await?;
    let (mut new, mut conflicts) = (Vec::new(), Vec::new());
    let mut outdated = Vec::new();
    for (incoming, fate) in arrived.events.iter().zip(fates) {
        let id = RatingId { run: arrived.run, n: incoming.event.n };
        let said = incoming.event.said.as_ref();
        if fate == Fate::Conflict {
            intake.stored.conflicts.push(id);
            conflicts.push(incoming);
            continue;
        }
        intake.stored.settled.push(id);
        if let Some(Event::Lost(loss)) = said {
            intake.losses.push((boot, *loss));
        }
        if fate == Fate::New {
            let moment = clock.date(incoming.event.reading, shipment.received_ms);
            let hour = change.hour(moment.utc_ms);
            let line = said.and_then(claims::line_of);
            let line = line.and_then(|line| named.lines.get(&line).copied());
            let choice = said.and_then(claims::choice_of);
            let choice = choice.and_then(|choice| named.choices.get(&choice).copied());
            let place = event_rows::Place { kiosk, run, seq: change.seq, hour, line };
            let fields = said.map(Event::fields).unwrap_or_default();
            intake.rows.push(event_rows::row(&place, moment, (incoming, &fields)));
            let at = (moment, hour);
            new.push(Held::new((incoming, &fields), shipment.received_ms, at, (line, choice)));
            intake.bytes += ROW_BYTES + count(incoming.content.len());
            let rated = said.and_then(Event::rated);
            outdated.extend(rated.filter(|rated| is_outdated(rated.verdict)).map(|_| id.n));
        }
    }
    intake.brought.added += count(new.len());
    if !new.is_empty() {
        change.add(run, new).await?;
    }
    if !outdated.is_empty() {
        intake.outdated.push((run, outdated));
    }
    let (brought, bytes) = (&mut intake.brought, &mut intake.bytes);
    set_aside::conflicts(change.tx, (kiosk, run), shipment, &conflicts, brought, bytes).await
}

/// What becomes of each event of a run.
async fn fates(
    tx: &mut dyn Tx,
    kiosk: i64,
    (arrived, run): (&Arrived, i64),
) -> Result<Vec<Fate>, Failure> {
    let mut stored = BTreeMap::<u32, Digest>::new();
    let mut deleted = Vec::new();
    for (first, last) in stretches_of(arrived) {
        for row in tx.rows(DIGESTS, &values![kiosk, run, first, last]).await? {
            stored.insert(row.get("n")?, row.get("digest")?);
        }
        deleted.extend(gone::meeting(tx, (kiosk, run), (first, last)).await?);
    }
    let events = arrived.events.iter().map(|Incoming { event, digest, .. }| (event.n, *digest));
    Ok(arrivals::fates(events, &stored, &Stretches::of(deleted)))
}

/// The stretches of numbers in which the events of a run are.
fn stretches_of(arrived: &Arrived) -> Vec<(u32, u32)> {
    let numbers = arrived.events.iter().map(|incoming| incoming.event.n).collect();
    arrivals::stretches_around(&numbers)
}

/// Notes which runs have lost events, and how far they had come: nothing else may ever tell.
async fn store_losses(
    change: &mut Change<'_>,
    named: &Named,
    losses: Vec<(i64, Loss)>,
) -> Result<(), Failure> {
    let kiosk = change.kiosk;
    let (mut runs, mut lost) = (Vec::new(), Vec::new());
    for (boot, loss) in losses {
        let Loss::Range { run, first, last } = loss else {
            continue;
        };
        if let Some(&no) = named.own.get(&run) {
            runs.push(values![kiosk, no, run.0, boot, last].into());
            lost.push(values![kiosk, no, first, last].into());
        }
    }
    let sql = "insert into run (kiosk, no, uuid, boot, taken) values ($1, $2, $3, $4, $5) \
               on conflict (kiosk, no) do update set taken = excluded.taken \
               where run.taken < excluded.taken";
    change.tx.execute_later(sql, runs).await?;
    let sql = "insert into lost (kiosk, run, first_n, last_n) values ($1, $2, $3, $4) \
               on conflict (kiosk, run, first_n) do update set last_n = excluded.last_n \
               where lost.last_n < excluded.last_n";
    change.tx.execute_later(sql, lost).await
}

/// A kiosk's boot, looked up once.
async fn boot_of(
    tx: &mut dyn Tx,
    kiosk: i64,
    boot: BootId,
    known: &mut BTreeMap<BootId, Boot>,
) -> Result<Boot, Failure> {
    if let Some(known) = known.get(&boot) {
        return Ok(*known);
    }
    let found = match tx.row(BOOT, &values![kiosk, boot.0]).await? {
        Some(row) => {
            let first_run: Option<i64> = row.get("first_run")?;
            Boot { no: row.get("no")?, is_placed: first_run.is_some() }
        }
        None => Boot { no: new_boot(tx, kiosk, boot).await?, is_placed: false },
    };
    known.insert(boot, found);
    Ok(found)
}

/// Numbers a boot of a kiosk. Kiosks on one machine share its boots, and each has its own.
async fn new_boot(tx: &mut dyn Tx, kiosk: i64, boot: BootId) -> Result<i64, Failure> {
    let sql = "select max(no) as last from boot where kiosk = $1";
    let last = tx.row(sql, &values![kiosk]).await?;
    let last: Option<i64> = last.map_or(Ok(None), |row| row.get("last"))?;
    let no = last.unwrap_or(0) + 1;
    // An older archive may know of its time, and not whose it is. Whoever names it first has it.
    let sql = "delete from boot where kiosk = 0 and uuid = $1 returning no, began_ms, ended_ms";
    let Some(unowned) = tx.row(sql, &values![boot.0]).await? else {
        let sql = "insert into boot (kiosk, no, uuid) values ($1, $2, $3)";
        tx.execute(sql, &values![kiosk, no, boot.0]).await?;
        return Ok(no);
    };
    let (began_ms, ended_ms): (Option<i64>, Option<i64>) =
        (unowned.get("began_ms")?, unowned.get("ended_ms")?);
    let sql = "insert into boot (kiosk, no, uuid, began_ms, ended_ms) values ($1, $2, $3, $4, $5)";
    tx.execute(sql, &values![kiosk, no, boot.0, began_ms, ended_ms]).await?;
    // A distributed database moves no row to another kiosk.
    let sql = "delete from anchor where kiosk = 0 and boot = $1 \
               returning boot_ms, utc_ms, error_ms, source";
    let anchors = tx.rows(sql, &values![unowned.get::<i64>("no")?]).await?;
    let owned = |row: &Row| -> Result<Vec<Value>, Failure> {
        let (boot_ms, utc_ms): (i64, i64) = (row.get("boot_ms")?, row.get("utc_ms")?);
        let (error_ms, source): (i64, String) = (row.get("error_ms")?, row.get("source")?);
        Ok(values![kiosk, no, boot_ms, utc_ms, error_ms, source].to_vec())
    };
    tx.insert(&ANCHOR, anchors.iter().map(owned).collect::<Result<_, _>>()?).await?;
    Ok(no)
}

/// Notes a run, the boot that it lived in, and how far it has come.
async fn note_run(
    tx: &mut dyn Tx,
    kiosk: i64,
    (arrived, run): (&Arrived, i64),
    boot: i64,
) -> Result<(), Failure> {
    let highest = arrived.events.iter().map(|incoming| incoming.event.n).max().unwrap_or(0);
    let taken = arrived.taken.max(highest);
    let RunId(uuid) = arrived.run;
    let sql = "insert into run (kiosk, no, uuid, boot, taken) values ($1, $2, $3, $4, $5) \
               on conflict (kiosk, no) do update set taken = excluded.taken, \
               boot = excluded.boot where run.taken < excluded.taken";
    tx.execute_later(sql, vec![values![kiosk, run, uuid, boot, taken].into()]).await
}

#[cfg(test)]
mod tests;
