//! The statements that store a shipment: each event once, and nothing over another.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::dating::{Clocks, whole};
use super::{dating, event_rows, judging, kiosks, surveys, upkeep, whereabouts};
use crate::feedback::event::{Event, Loss};
use crate::feedback::moment::{Anchor, Moment};
use crate::feedback::rating::{BootId, RatingId, RunId};
use crate::hub::archive::events::{Arrived, Doubt, Incoming, Shipment, Stored};
use crate::hub::rules::books::{After, Books, Brought, Counters, Way};
use crate::hub::rules::budget::{self, ROW_BYTES, Spent};
use crate::hub::rules::claims::{self, Claim};
use crate::hub::rules::clones::{self, Sender};
use crate::hub::rules::judging::is_outdated;
use crate::hub::rules::restored;
use crate::hub::rules::scope::Place;
use crate::wire::receipt::Pin;

/// Under which key the archive notes when it last drew an epoch by itself.
const EPOCH_DRAWN: &str = "epoch_drawn_ms";

/// A kiosk's row, as a shipment finds it.
struct Book {
    books: Books,
    place: Place,
    /// The run that sent last.
    live: Option<RunId>,
    /// When its epoch was last drawn, in milliseconds since 1970 UTC.
    epoch_drawn_ms: Option<i64>,
    /// The desk's PIN as head office last set or deleted it; none where it never did.
    pin: Option<Pin>,
    /// What it has spent of its budget.
    spent: Spent,
    /// The time zone of its shop.
    zone: String,
    /// The time zone by which it counted so far.
    known_zone: Option<String>,
    /// Whether something contradicted the hub's clock there so far.
    was_apart: bool,
    /// When its shop is open.
    hours: Option<String>,
    /// The address to which kiosks are to move.
    moves_to: Option<String>,
}

/// Stores a shipment. The kiosk's row is read first: with another backend that is the lock.
pub(super) fn store(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
) -> rusqlite::Result<Stored> {
    let book = book(transaction, &shipment.kiosk)?;
    let doubt = doubt(transaction, shipment, &book)?;
    let mut stored = Stored { doubt, spent_before: book.spent, ..Stored::default() };
    let mut brought = Brought::default();
    let mut bytes = ROW_BYTES;
    let mut read = 0;
    let mut clocks = Clocks::default();
    let mut anchors = BTreeMap::<BootId, Vec<Anchor>>::new();
    for (boot, anchor) in &shipment.anchors {
        anchors.entry(*boot).or_default().push(*anchor);
    }
    for (boot, anchors) in anchors {
        let boot = boot_key(transaction, &shipment.kiosk, boot)?;
        let new = dating::add_anchors(transaction, &shipment.kiosk, boot, &anchors, &mut read)?;
        bytes += ROW_BYTES * count(new);
    }
    let mut foreign = BTreeSet::new();
    for arrived in &shipment.runs {
        if claim_of(transaction, arrived.run, &shipment.kiosk)? == Claim::Foreign {
            foreign.insert(arrived.run);
            stored.foreign.extend(arrived.ids());
            continue;
        }
        bytes += store_run(transaction, shipment, arrived, &mut clocks, &mut stored, &mut brought)?;
    }
    let own = shipment.refused.iter().filter(|(id, _)| !foreign.contains(&id.run));
    for (id, reason) in own {
        let sql = "insert into refused (run, n, kiosk, reason, received_ms) \
                   values (?, ?, ?, ?, ?) on conflict do nothing";
        let values = params![id.run.0, id.n, shipment.kiosk, reason, shipment.received_ms];
        let added = transaction.execute(sql, values)?;
        brought.newly_set_aside += u64::from(added > 0);
        bytes += if added > 0 { ROW_BYTES + count(reason.len()) } else { 0 };
    }
    dating::more(transaction, &shipment.kiosk)?;
    let not_taken = stored.conflicts.len() + stored.foreign.len() + shipment.refused.len();
    brought.set_aside = count(not_taken);
    brought.named = count(stored.settled.len()) + brought.set_aside;
    stored.spent = match shipment.way {
        Way::Sent => {
            let bytes = bytes + budget::of_lines(not_taken);
            kiosks::spend(transaction, &shipment.kiosk, book.spent, bytes, shipment.received_ms)?
        }
        Way::Carried | Way::CarriedFromFormer => book.spent,
    };
    stored.is_clone = note_sender(transaction, shipment, book.live)?;
    stored.stored = note_contact(transaction, shipment, book.books, brought)?;
    stored.added = brought.added;
    stored.epoch = kiosks::epoch(transaction, &shipment.kiosk)?;
    if let Some(publication) = surveys::of_place(transaction, &book.place)? {
        surveys::note_given(transaction, &shipment.kiosk, publication)?;
        stored.publication = publication;
    }
    stored.pin = book.pin.filter(|pin| shipment.pin != Some(pin.number));
    stored.newly_apart = shipment.clocks_apart.clone().filter(|_| !book.was_apart);
    let is_other = |zone: &String| *zone != book.zone && book.known_zone.as_ref() != Some(zone);
    stored.other_zone = shipment.zone.clone().filter(is_other);
    stored.zone = book.zone;
    (stored.moves_to, stored.hours) = (book.moves_to, book.hours);
    if shipment.place.is_some() {
        stored.stays = whereabouts::read(transaction, &shipment.kiosk)?;
    }
    Ok(stored)
}

fn book(transaction: &Transaction<'_>, kiosk: &str) -> rusqlite::Result<Book> {
    let sql = "select stored, taken, waiting, set_aside, lost, given_up, live_run, \
               pin_number, pin_hash, epoch_drawn_ms, spent_day, spent_bytes, kiosk.shop, \
               shop_group, touchpoint, shop.zone as zone, kiosk.zone as known_zone, \
               ahead_ms is not null as was_apart, shop.hours as hours, \
               (select moving.address from moving) as moves_to \
               from kiosk join shop on shop.id = kiosk.shop where kiosk.id = ?";
    transaction.prepare_cached(sql)?.query_row([kiosk], |row| {
        let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let pin = Pin { number: count("pin_number")?, hash: row.get("pin_hash")? };
        Ok(Book {
            books: Books {
                stored: count("stored")?,
                taken: count("taken")?,
                waiting: count("waiting")?,
                set_aside: count("set_aside")?,
                lost: count("lost")?,
                given_up: count("given_up")?,
            },
            place: Place {
                group: row.get("shop_group")?,
                shop: row.get("shop")?,
                touchpoint: row.get("touchpoint")?,
            },
            live: row.get::<_, Option<[u8; 16]>>("live_run")?.map(RunId),
            epoch_drawn_ms: row.get("epoch_drawn_ms")?,
            pin: Some(pin).filter(|pin| pin.number > 0),
            spent: kiosks::spent(row)?,
            zone: row.get("zone")?,
            known_zone: row.get("known_zone")?,
            was_apart: row.get("was_apart")?,
            hours: row.get("hours")?,
            moves_to: row.get("moves_to")?,
        })
    })
}

/// Draws a new epoch for a kiosk that knows of more events than there are, and for the archive
/// where several shops do; returns what was drawn.
fn doubt(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    book: &Book,
) -> rusqlite::Result<Doubt> {
    let now_ms = shipment.received_ms;
    let is_back = restored::is_back_in_time(shipment.known, book.books.stored);
    if !is_back || !restored::is_epoch_due(book.epoch_drawn_ms, now_ms) {
        return Ok(Doubt::None);
    }
    kiosks::draw_epoch(transaction, &shipment.kiosk, now_ms)?;
    let shops = kiosks::shops_in_doubt(transaction, restored::together(now_ms))?;
    let drawn_ms = upkeep::noted(transaction, EPOCH_DRAWN)?;
    if !restored::is_archive_due(shops, drawn_ms, now_ms) {
        return Ok(Doubt::OfKiosk);
    }
    upkeep::note(transaction, EPOCH_DRAWN, now_ms)?;
    upkeep::draw_epoch(transaction)?;
    Ok(Doubt::OfShops)
}

/// Stores the events of a run; returns how many bytes are kept that were not before.
fn store_run(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    arrived: &Arrived,
    clocks: &mut Clocks,
    stored: &mut Stored,
    brought: &mut Brought,
) -> rusqlite::Result<u64> {
    let mut bytes = ROW_BYTES;
    let boot = boot_key(transaction, &shipment.kiosk, arrived.boot)?;
    let run = run_key(transaction, arrived, boot, &shipment.kiosk)?;
    dating::place(transaction, &shipment.kiosk, boot, run)?;
    let clock = clocks.of(transaction, boot)?;
    let mut outdated = Vec::new();
    for incoming in &arrived.events {
        let id = RatingId { run: arrived.run, n: incoming.event.n };
        let moment = clock.date(incoming.event.reading, shipment.received_ms);
        let added = add_event(transaction, shipment, run, moment, incoming)?;
        let is_new = matches!(added, Added::New);
        match added {
            Added::New => {
                brought.added += 1;
                bytes += ROW_BYTES + count(incoming.content.len());
            }
            Added::Known => {}
            Added::Conflict { is_new } => {
                brought.newly_set_aside += u64::from(is_new);
                bytes += if is_new { ROW_BYTES + count(incoming.content.len()) } else { 0 };
                stored.conflicts.push(id);
                continue;
            }
        }
        stored.settled.push(id);
        let said = incoming.event.said.as_ref();
        if let Some(Event::Lost(loss)) = said {
            add_loss(transaction, shipment, boot, *loss)?;
        }
        let rated = said.and_then(Event::rated).filter(|_| is_new);
        outdated.extend(rated.filter(|rated| is_outdated(rated.verdict)).map(|_| id.n));
    }
    judging::judge_arrived(transaction, run, &mut outdated)?;
    Ok(bytes)
}

/// Writes down how the kiosk's books stand; returns how many of its events are stored.
fn note_contact(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    before: Books,
    brought: Brought,
) -> rusqlite::Result<u64> {
    let wire = &shipment.counters;
    let told = Counters {
        taken: wire.taken,
        waiting: wire.waiting,
        set_aside: wire.set_aside,
        lost: wire.lost,
        given_up: wire.given_up,
    };
    let after = before.after(shipment.way, told, brought);
    let (After::News(books) | After::Old(books)) = after;
    let sql = "update kiosk set stored = ?, taken = ?, waiting = ?, set_aside = ?, lost = ?, \
               given_up = ? where id = ?";
    transaction.prepare_cached(sql)?.execute(params![
        whole(books.stored),
        whole(books.taken),
        whole(books.waiting),
        whole(books.set_aside),
        whole(books.lost),
        whole(books.given_up),
        shipment.kiosk,
    ])?;
    if matches!(after, After::News(_)) {
        let apart = shipment.clocks_apart.as_ref();
        let findings = shipment.findings.as_ref().map(kiosks::as_text);
        let sql = "update kiosk set last_contact_ms = ?, app = ?, publication = ?, \
                   survey_complaint = ?, findings = coalesce(?, findings), \
                   zone = coalesce(?, zone), \
                   zone_rules = coalesce(?, zone_rules), ahead_ms = iif(?, ahead_ms, ?), \
                   is_ahead_by_ntp = coalesce(?, is_ahead_by_ntp), \
                   address = iif(?, address, ?), move_complaint = iif(?, move_complaint, ?), \
                   hours = iif(?, hours, ?) \
                   where id = ?";
        transaction.prepare_cached(sql)?.execute(params![
            shipment.received_ms,
            shipment.app,
            shipment.publication.map(whole),
            shipment.survey_complaint,
            findings,
            shipment.zone,
            shipment.zone_rules,
            // What is carried says nothing of the clocks, nor of the way over the network.
            shipment.way != Way::Sent,
            apart.map(|apart| apart.ahead_ms),
            apart.map(|apart| apart.is_by_ntp),
            shipment.way != Way::Sent,
            shipment.address,
            shipment.way != Way::Sent,
            shipment.move_complaint,
            shipment.way == Way::Carried,
            shipment.hours,
            shipment.kiosk,
        ])?;
    }
    Ok(books.stored)
}

/// Notes which run sends; returns whether this is a second device with the same token.
fn note_sender(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    last: Option<RunId>,
) -> rusqlite::Result<bool> {
    let Some(live) = clones::sender(shipment.way, shipment.live) else {
        return Ok(false);
    };
    let kiosk = &shipment.kiosk;
    let sql = "select 1 from past_run where kiosk = ? and run = ?";
    let is_over = transaction.prepare_cached(sql)?.exists(params![kiosk, live.0])?;
    match clones::heard(live, last, is_over) {
        Sender::Same => Ok(false),
        Sender::Next { over } => {
            if let Some(over) = over {
                let sql = "insert into past_run (kiosk, run) values (?, ?) on conflict do nothing";
                transaction.prepare_cached(sql)?.execute(params![kiosk, over.0])?;
            }
            let sql = "update kiosk set live_run = ? where id = ?";
            transaction.prepare_cached(sql)?.execute(params![live.0, kiosk])?;
            Ok(false)
        }
        Sender::Returned => {
            let sql = "update kiosk set returns = returns + 1 where id = ? returning returns";
            transaction.query_row(sql, [kiosk], |row| row.get(0)).map(clones::is_clone)
        }
    }
}

/// What became of one event.
enum Added {
    New,
    /// It was stored already.
    Known,
    /// Another one has its run and number; the conflict may be known.
    Conflict {
        is_new: bool,
    },
}

fn add_event(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    run: i64,
    moment: Moment,
    incoming: &Incoming,
) -> rusqlite::Result<Added> {
    let Incoming { event, digest, content } = incoming;
    let (kiosk, received_ms) = (shipment.kiosk.as_str(), shipment.received_ms);
    if event_rows::insert(transaction, (run, kiosk, received_ms), moment, incoming)? {
        return Ok(Added::New);
    }
    let sql = "select digest from event where run = ? and n = ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let known: [u8; 16] = statement.query_row(params![run, event.n], |row| row.get(0))?;
    if known == *digest {
        return Ok(Added::Known);
    }
    let sql = "insert into conflict (run, n, digest, kiosk, received_ms, content) \
               values (?, ?, ?, ?, ?, ?) on conflict do nothing";
    let values = params![run, event.n, digest, kiosk, received_ms, content];
    Ok(Added::Conflict { is_new: transaction.execute(sql, values)? > 0 })
}

fn add_loss(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    boot: i64,
    loss: Loss,
) -> rusqlite::Result<()> {
    if let Loss::Range { run, first, last } = loss
        && claim_of(transaction, run, &shipment.kiosk)? == Claim::Own
    {
        // Nothing else may ever tell of the run, or of how far it had come.
        let sql = "insert into run (uuid, boot, kiosk, taken) values (?, ?, ?, ?) \
                   on conflict do update set taken = max(taken, excluded.taken), \
                   kiosk = coalesce(kiosk, excluded.kiosk)";
        transaction.execute(sql, params![run.0, boot, shipment.kiosk, last])?;
        let sql = "insert into lost (run, first_n, last_n, kiosk) values (?, ?, ?, ?) \
                   on conflict do update set last_n = max(last_n, excluded.last_n)";
        transaction.execute(sql, params![run.0, first, last, shipment.kiosk])?;
    }
    Ok(())
}

/// What a run is to a kiosk. Nothing else of it is looked at, so that the answer takes as long
/// whatever is stored of it.
fn claim_of(transaction: &Transaction<'_>, run: RunId, kiosk: &str) -> rusqlite::Result<Claim> {
    let sql = "select kiosk from run where uuid = ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let owner: Option<Option<String>> =
        statement.query_row([run.0], |row| row.get(0)).optional()?;
    Ok(claims::claim(owner.flatten().as_deref(), kiosk))
}

/// The key of a kiosk's boot. One that was known before its owner was becomes this kiosk's.
fn boot_key(transaction: &Transaction<'_>, kiosk: &str, boot: BootId) -> rusqlite::Result<i64> {
    let sql = "select id from boot where uuid = ? and kiosk = ?";
    let known =
        transaction.prepare_cached(sql)?.query_row(params![boot.0, kiosk], |row| row.get(0));
    if let Some(key) = known.optional()? {
        return Ok(key);
    }
    let sql = "update boot set kiosk = ? where uuid = ? and kiosk is null returning id";
    let claimed = transaction.query_row(sql, params![kiosk, boot.0], |row| row.get(0));
    if let Some(key) = claimed.optional()? {
        return Ok(key);
    }
    let sql = "insert into boot (uuid, kiosk) values (?, ?) returning id";
    transaction.prepare_cached(sql)?.query_row(params![boot.0, kiosk], |row| row.get(0))
}

fn run_key(
    transaction: &Transaction<'_>,
    arrived: &Arrived,
    boot: i64,
    kiosk: &str,
) -> rusqlite::Result<i64> {
    let highest = arrived.events.iter().map(|incoming| incoming.event.n).max().unwrap_or(0);
    let taken = arrived.taken.max(highest);
    let sql = "insert into run (uuid, boot, kiosk, taken) values (?, ?, ?, ?) \
               on conflict do update set taken = max(taken, excluded.taken), \
               boot = excluded.boot, kiosk = coalesce(kiosk, excluded.kiosk) \
               where taken < excluded.taken or kiosk is null";
    transaction.prepare_cached(sql)?.execute(params![arrived.run.0, boot, kiosk, taken])?;
    let sql = "select id from run where uuid = ?";
    transaction.prepare_cached(sql)?.query_row([arrived.run.0], |row| row.get(0))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
