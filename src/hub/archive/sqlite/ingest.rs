//! The statements that store a shipment: each event once, and nothing over another.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::super::{Arrived, Cursor, Incoming, RETURNS_OF_A_CLONE, Shipment, Stored, Way};
use super::dating;
use crate::feedback::event::fields::{Field, Fields};
use crate::feedback::event::{Event, Loss};
use crate::feedback::misuse::{Judge, RULE_VERSION, Reason, UNJUDGED, Verdict};
use crate::feedback::moment::{Quality, rfc3339};
use crate::feedback::rating::{BootId, Input, RatingId, RunId, Scale};
use crate::wire::receipt::Pin;
use crate::wire::report::Reported;

pub(super) fn store(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
) -> rusqlite::Result<Stored> {
    let is_restored = is_back_in_time(transaction, shipment)?;
    let mut is_dating = false;
    for (boot, anchor) in &shipment.anchors {
        let boot = boot_key(transaction, *boot)?;
        if dating::add_anchor(transaction, boot, anchor)? {
            dating::date_again(transaction, boot, anchor)?;
            is_dating = true;
        }
    }
    let (mut stored, mut new) = (Stored { is_restored, ..Stored::default() }, New::default());
    for arrived in &shipment.runs {
        let boot = boot_key(transaction, arrived.boot)?;
        let run = run_key(transaction, arrived, boot, &shipment.kiosk)?;
        let anchors = dating::anchors(transaction, boot)?;
        is_dating |= anchors.is_empty();
        let mut is_of_old_rules = false;
        for incoming in &arrived.events {
            let id = RatingId { run: arrived.run, n: incoming.event.n };
            let moment = crate::feedback::moment::date(incoming.event.reading, &anchors);
            match add_event(transaction, shipment, run, moment, incoming)? {
                Added::New => new.added += 1,
                Added::Known => {}
                Added::Conflict { is_new } => {
                    new.aside += i64::from(is_new);
                    stored.conflicts.push(id);
                    continue;
                }
            }
            stored.settled.push(id);
            match &incoming.event.said {
                Some(Event::Lost(loss)) => add_loss(transaction, shipment, boot, *loss)?,
                Some(Event::Answered(_) | Event::Noted(_) | Event::Called(_)) | None => {}
                Some(Event::Rated(rated)) => {
                    let rule = rated.verdict.rule;
                    is_of_old_rules |= rule != UNJUDGED && rule < RULE_VERSION;
                }
            }
        }
        if is_of_old_rules {
            judge_again(transaction, run)?;
        }
    }
    for (id, reason) in &shipment.refused {
        let sql = "insert into refused (run, n, kiosk, reason, received_ms) \
                   values (?, ?, ?, ?, ?) on conflict do nothing";
        let (kiosk, at) = (&shipment.kiosk, shipment.received_ms);
        let added = transaction.execute(sql, params![id.run.0, id.n, kiosk, reason, at])?;
        new.aside += i64::from(added > 0);
    }
    if is_dating {
        dating::bound_again(transaction, &shipment.kiosk)?;
    }
    stored.is_clone = note_live_run(transaction, shipment)?;
    stored.stored = note_contact(transaction, shipment, &stored, new)?;
    stored.added = new.added.cast_unsigned();
    stored.epoch = epoch(transaction)?;
    let survey = super::surveys::of_kiosk(transaction, &shipment.kiosk)?;
    stored.pin = pin(transaction, shipment)?;
    stored.publication = survey.map_or(0, |survey| survey.number);
    Ok(stored)
}

/// What is said of the desk's PIN, if the kiosk knows something else.
fn pin(connection: &Connection, shipment: &Shipment) -> rusqlite::Result<Option<Pin>> {
    let sql = "select pin_number, pin_hash from kiosk where id = ? and pin_number > 0";
    let pin = connection.query_row(sql, [&shipment.kiosk], |row| {
        Ok(Pin { number: row.get::<_, i64>(0)?.cast_unsigned(), hash: row.get(1)? })
    });
    Ok(pin.optional()?.filter(|pin| shipment.pin != Some(pin.number)))
}

pub(super) fn epoch(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "select value from meta where key = 'epoch'";
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}

pub(super) fn draw_epoch(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let sql = "update meta set value = ? where key = 'epoch'";
    transaction.execute(sql, [i64::from(rand::random::<u32>())]).map(drop)
}

/// How long after drawing a new epoch by itself the archive does not draw another, in milliseconds:
/// a kiosk that counts wrong must not have a whole country offer everything again and again.
const EPOCH_LIFE_MS: i64 = 60 * 60 * 1_000;

/// Whether the kiosk knows of more events here than there are. Then a backup was restored without a
/// word, and a new epoch is drawn, so that this kiosk and all others offer again what they hold.
fn is_back_in_time(transaction: &Transaction<'_>, shipment: &Shipment) -> rusqlite::Result<bool> {
    let Some(known) = shipment.known else {
        return Ok(false);
    };
    let sql = "select stored from kiosk where id = ?";
    let stored: i64 = transaction.query_row(sql, [&shipment.kiosk], |row| row.get(0))?;
    if stored.cast_unsigned() >= known {
        return Ok(false);
    }
    let sql = "insert into meta (key, value) values ('epoch_drawn_ms', ?1) \
               on conflict do update set value = ?1 where value not between ?1 - ?2 and ?1";
    let now_ms = shipment.received_ms;
    let is_due = transaction.execute(sql, params![now_ms, EPOCH_LIFE_MS])? == 1;
    if is_due {
        draw_epoch(transaction)?;
    }
    Ok(is_due)
}

/// What a shipment brought that was not here before.
#[derive(Clone, Copy, Default)]
struct New {
    /// Events that are stored.
    added: i64,
    /// Events that are only named here, because they could not be stored.
    aside: i64,
}

/// Writes down how the kiosk's books stand; returns how many of its events are stored.
fn note_contact(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    stored: &Stored,
    new: New,
) -> rusqlite::Result<u64> {
    let counters = &shipment.counters;
    if shipment.way == Way::Carried {
        // Unless it tells of more than the kiosk was last heard to have taken, it is old, or a
        // further frame of the same file: then what has arrived is taken off what the kiosk was
        // known to hold, and nothing else is said.
        let sql = "update kiosk set stored = stored + ?1, waiting = max(waiting - ?1 - ?2, 0), \
                   set_aside = set_aside + ?2 where id = ?3 and taken >= ?4 returning stored";
        let taken = i64::try_from(counters.taken).unwrap_or(i64::MAX);
        let old = params![new.added, new.aside, shipment.kiosk, taken];
        let total: Option<i64> = transaction.query_row(sql, old, |row| row.get(0)).optional()?;
        if let Some(total) = total {
            return Ok(total.cast_unsigned());
        }
    }
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let (refused, conflicts) = (count(shipment.refused.len()), count(stored.conflicts.len()));
    let named = count(stored.settled.len()) + conflicts + refused;
    let left = counters.waiting.saturating_sub(named);
    let aside = counters.set_aside + conflicts + refused;
    let sql = "update kiosk set last_contact_ms = ?, app = ?, taken = ?, waiting = ?, \
               set_aside = ?, lost = ?, publication = ?, survey_complaint = ?, \
               stored = stored + ? where id = ? returning stored";
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let contact = params![
        shipment.received_ms,
        shipment.app,
        whole(counters.taken),
        whole(left),
        whole(aside),
        whole(counters.lost),
        shipment.publication.map(whole),
        shipment.survey_complaint,
        new.added,
        shipment.kiosk
    ];
    let total: Option<i64> = transaction.query_row(sql, contact, |row| row.get(0)).optional()?;
    Ok(total.unwrap_or(0).cast_unsigned())
}

/// Notes which run speaks. A kiosk has one at a time, so one that speaks again after another did is
/// a second device with the same token; true when that has happened often enough to say so.
fn note_live_run(transaction: &Transaction<'_>, shipment: &Shipment) -> rusqlite::Result<bool> {
    // What was carried may be old, and another run may well have spoken since.
    let Some(live) = shipment.live.filter(|_| shipment.way == Way::Sent) else {
        return Ok(false);
    };
    let sql = "select 1 from past_run where kiosk = ? and run = ?";
    if transaction.prepare_cached(sql)?.exists(params![shipment.kiosk, live.0])? {
        let sql = "update kiosk set returns = returns + 1 where id = ? returning returns";
        let returns: i64 = transaction.query_row(sql, [&shipment.kiosk], |row| row.get(0))?;
        return Ok(returns >= RETURNS_OF_A_CLONE);
    }
    let sql = "insert into past_run (kiosk, run) select id, live_run from kiosk \
               where id = ?1 and live_run <> ?2 on conflict do nothing";
    transaction.prepare_cached(sql)?.execute(params![shipment.kiosk, live.0])?;
    let sql = "update kiosk set live_run = ?2 where id = ?1 and live_run is not ?2";
    transaction.prepare_cached(sql)?.execute(params![shipment.kiosk, live.0])?;
    Ok(false)
}

/// What became of one event.
enum Added {
    New,
    /// It was there already.
    Known,
    /// Another stands in its place; this one may have come before.
    Conflict {
        is_new: bool,
    },
}

fn add_event(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    run: i64,
    moment: crate::feedback::moment::Moment,
    incoming: &Incoming,
) -> rusqlite::Result<Added> {
    let Incoming { event, digest, content } = incoming;
    let fields = event.said.as_ref().map(Event::fields).unwrap_or_default();
    let number = |field| fields.number(field);
    let text = |field| fields.text(field);
    let extra = (!event.extra.is_empty())
        .then(|| serde_json::Value::Object(event.extra.clone()).to_string());
    // One statement, and the primary key decides: there is no moment between looking and writing.
    let sql = "insert into event (run, n, kiosk, received_ms, digest, kind, boot_ms, wall_ms, \
               utc_ms, is_exact, score, scale, input, question, question_version, language, \
               misuse, misuse_rule, replaces, extra, rating_n, follow_up, outcome, answer, \
               about, note, step) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
               ?, ?, ?, ?, ?, ?, ?, ?) \
               on conflict do nothing";
    let added = transaction.prepare_cached(sql)?.execute(params![
        run,
        event.n,
        shipment.kiosk,
        shipment.received_ms,
        digest,
        event.kind,
        i64::try_from(event.reading.boot_ms).unwrap_or(i64::MAX),
        event.reading.wall_ms,
        moment.utc_ms,
        moment.quality == Quality::Exact,
        number(Field::Score),
        number(Field::Scale),
        text(Field::Input),
        text(Field::Question),
        number(Field::QuestionVersion),
        text(Field::Language),
        text(Field::Misuse),
        number(Field::MisuseRule),
        number(Field::Replaces),
        extra,
        number(Field::To),
        text(Field::FollowUp),
        text(Field::Outcome),
        text(Field::Answer),
        text(Field::About),
        text(Field::Text),
        text(Field::Step),
    ])?;
    if added == 1 {
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
    let (kiosk, at) = (&shipment.kiosk, shipment.received_ms);
    let added = transaction.execute(sql, params![run, event.n, digest, kiosk, at, content])?;
    Ok(Added::Conflict { is_new: added > 0 })
}

fn add_loss(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    boot: i64,
    loss: Loss,
) -> rusqlite::Result<()> {
    if let Loss::Range { run, first, last } = loss {
        // Nothing else may ever tell of the run, or of how far it had come.
        let sql = "insert into run (uuid, boot, kiosk, taken) values (?, ?, ?, ?) \
                   on conflict do update set taken = max(taken, excluded.taken)";
        transaction.execute(sql, params![run.0, boot, shipment.kiosk, last])?;
        let sql = "insert into lost (run, first_n, last_n, kiosk) values (?, ?, ?, ?) \
                   on conflict do update set last_n = max(last_n, excluded.last_n)";
        transaction.execute(sql, params![run.0, first, last, shipment.kiosk])?;
    }
    Ok(())
}

fn boot_key(transaction: &Transaction<'_>, boot: BootId) -> rusqlite::Result<i64> {
    let sql = "insert into boot (uuid) values (?) on conflict do nothing";
    transaction.prepare_cached(sql)?.execute([boot.0])?;
    let sql = "select id from boot where uuid = ?";
    transaction.prepare_cached(sql)?.query_row([boot.0], |row| row.get(0))
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

/// Judges the presses of a run again where older rules have judged them.
pub(super) fn judge_again(transaction: &Transaction<'_>, run: i64) -> rusqlite::Result<()> {
    let sql = "select n, boot_ms, score, scale, input, misuse, coalesce(misuse_rule, 1), \
               judged, judged_rule from event where run = ? and score is not null order by n";
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query([run])?;
    let (mut judge, mut changed) = (Judge::default(), Vec::new());
    while let Some(row) = rows.next()? {
        let (n, at_ms): (u32, i64) = (row.get(0)?, row.get(1)?);
        let (value, faces, input): (u8, u8, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
        let reason = |at| -> rusqlite::Result<Option<Reason>> {
            Ok(row.get::<_, Option<String>>(at)?.as_deref().and_then(Reason::named))
        };
        let told = Verdict { misuse: reason(5)?, rule: row.get(6)? };
        let before = match row.get::<_, Option<u16>>(8)? {
            Some(rule) => Verdict { misuse: reason(7)?, rule },
            None => told,
        };
        let score = Scale::with_faces(faces).and_then(|scale| scale.score(value).ok());
        let Some((score, input)) = score.zip(Input::named(&input)) else {
            continue;
        };
        let verdict = judge.judge_again(told, score, input, u64::try_from(at_ms).unwrap_or(0));
        if verdict != before {
            changed.push((n, verdict));
        }
    }
    let sql = "update event set judged = ?, judged_rule = ? where run = ? and n = ?";
    let mut update = transaction.prepare_cached(sql)?;
    for (n, verdict) in changed {
        update.execute(params![verdict.misuse.map(Reason::name), verdict.rule, run, n])?;
    }
    Ok(())
}

/// The columns that [`reported`] reads, in its order.
pub(super) const REPORTED: &str = "event.run, event.n, kiosk.shop, kiosk.id, kiosk.touchpoint, \
     run.uuid, kind, utc_ms, is_exact, score, scale, input, question, question_version, language, \
     case when judged_rule is null then misuse else judged end, replaces, received_ms, \
     earliest_ms, latest_ms, rating_n, follow_up, outcome, answer, about, note, step";

pub(super) fn reported(row: &Row<'_>) -> rusqlite::Result<(Cursor, Reported)> {
    let quality = match (row.get(8)?, row.get(18)?, row.get(19)?) {
        (true, ..) => Quality::Exact,
        (false, Some(earliest_ms), Some(latest_ms)) => Quality::Bounded { earliest_ms, latest_ms },
        (false, ..) => Quality::Unknown,
    };
    let bounds = quality.bounds();
    let (run, n) = (RunId(row.get(5)?), row.get(1)?);
    let mut fields = Fields::default();
    for (at, field) in [
        (9, Field::Score),
        (10, Field::Scale),
        (13, Field::QuestionVersion),
        (16, Field::Replaces),
        (20, Field::To),
    ] {
        fields.set_number(field, row.get(at)?);
    }
    for (at, field) in [
        (11, Field::Input),
        (12, Field::Question),
        (14, Field::Language),
        (15, Field::Misuse),
        (21, Field::FollowUp),
        (22, Field::Outcome),
        (23, Field::Answer),
        (24, Field::About),
        (25, Field::Text),
        (26, Field::Step),
    ] {
        fields.set_text(field, row.get::<_, Option<String>>(at)?.as_deref());
    }
    let reported = Reported {
        shop: row.get(2)?,
        kiosk: row.get(3)?,
        touchpoint: row.get(4)?,
        run: run.to_string(),
        n,
        kind: row.get(6)?,
        utc: rfc3339(row.get(7)?),
        quality: quality.name().to_owned(),
        fields,
        received: rfc3339(row.get(17)?),
        earliest: bounds.map(|(earliest, _)| rfc3339(earliest)),
        latest: bounds.map(|(_, latest)| rfc3339(latest)),
    };
    Ok(((row.get(0)?, n), reported))
}
