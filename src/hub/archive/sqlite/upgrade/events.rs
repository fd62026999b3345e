//! Takes events over: run by run of one kiosk after the other, some thousand in a transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::deliveries::{self, Seqs};
use super::places::{self, Place};
use super::presses::{self, Dictionary, Replaced};
use super::reached::Reached;
use super::tallies;
use crate::hub::rules::codes;
use crate::hub::rules::tallying::{self, Certainty, Chosen, Differences, Fact, Press};
use crate::zones::Rules;

/// What is remembered of the kiosk that is at its turn, and of its run.
pub(super) struct Events {
    rules: Rules,
    at_once: u32,
    dictionary: Dictionary,
    kiosk: i64,
    places: BTreeMap<i64, Place>,
    seqs: Seqs,
    run: i64,
    replaced: Replaced,
}

/// An event in the old table, as far as it is looked at.
struct Old {
    n: u32,
    kiosk: i64,
    received_ms: i64,
    utc_ms: i64,
    kind: String,
    input: Option<String>,
    score: Option<u8>,
    asked: presses::Asked,
    misuse: Option<String>,
    certainty: Certainty,
    rating_n: Option<u32>,
    choice: Option<(&'static str, String)>,
}

impl Old {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let follow_up: Option<String> = row.get("follow_up")?;
        let answer: Option<String> = row.get("answer")?;
        let choice = follow_up.zip(answer);
        Ok(Self {
            n: row.get("n")?,
            kiosk: row.get("kiosk_no")?,
            received_ms: row.get("received_ms")?,
            utc_ms: row.get("utc_ms")?,
            kind: row.get("kind")?,
            input: row.get("input")?,
            score: row.get::<_, Option<i64>>("score")?.and_then(|score| u8::try_from(score).ok()),
            asked: presses::Asked::read(row)?,
            misuse: row.get("verdict")?,
            certainty: Certainty::of(row.get("is_exact")?, row.get("earliest_ms")?),
            rating_n: row.get("rating_n")?,
            choice: choice.and_then(|(asked, said)| tallying::choice(&asked, &said)),
        })
    }
}

/// The columns of an old event that are looked at.
const COLUMNS: &str = "n, no as kiosk_no, received_ms, utc_ms, kind, input, score, scale, \
     question, question_version, case when judged_rule is null then misuse else judged end \
     as verdict, is_exact, earliest_ms, rating_n, follow_up, answer";

impl Events {
    pub(super) fn new(rules: Rules, at_once: u32) -> Self {
        Self {
            rules,
            at_once,
            dictionary: Dictionary::default(),
            kiosk: 0,
            places: BTreeMap::new(),
            seqs: Seqs::new(),
            run: 0,
            replaced: Replaced::default(),
        }
    }

    /// Takes the next events over; returns how far they are, or none when all are.
    pub(super) fn step(
        &mut self,
        transaction: &Transaction<'_>,
        mut reached: Reached,
    ) -> rusqlite::Result<Option<Reached>> {
        if self.kiosk != reached.kiosk {
            self.turn_to(reached.kiosk);
        }
        let mut changes = BTreeMap::new();
        let mut room = self.at_once;
        while room > 0 {
            let sql = "select min(no) from run where kiosk = ? and no >= ?";
            let mut statement = transaction.prepare_cached(sql)?;
            let next = statement.query_row([reached.kiosk, reached.run], |row| row.get(0))?;
            let Some(run) = next else {
                break;
            };
            let taken = self.take(transaction, run, room, &mut changes)?;
            reached.taken += u64::from(taken);
            reached.run = if taken < room { run + 1 } else { run };
            room -= taken;
        }
        tallies::add(transaction, &changes)?;
        if room < self.at_once {
            return Ok(Some(reached));
        }
        next_kiosk(transaction, reached)
    }

    fn turn_to(&mut self, kiosk: i64) {
        (self.kiosk, self.run) = (kiosk, 0);
        self.places.clear();
        self.seqs.clear();
        self.replaced = Replaced::default();
    }

    /// Takes the next events of a run over, at most so many; returns how many they were.
    fn take(
        &mut self,
        transaction: &Transaction<'_>,
        run: i64,
        most: u32,
        changes: &mut BTreeMap<i64, Differences>,
    ) -> rusqlite::Result<u32> {
        if self.run != run {
            (self.run, self.replaced) = (run, Replaced::read(transaction, run)?);
        }
        let sql = format!(
            "select {COLUMNS} from old_event as event join kiosk on kiosk.id = event.kiosk \
             where run = ? order by n limit ?"
        );
        let mut statement = transaction.prepare_cached(&sql)?;
        let events = statement.query_map(params![run, most], Old::read)?;
        let events: Vec<Old> = events.collect::<rusqlite::Result<_>>()?;
        for event in &events {
            let fact = self.insert(transaction, run, event)?;
            changes.entry(event.kiosk).or_default().put_fact(&fact);
        }
        if let Some(last) = events.last() {
            let sql = "delete from old_event where run = ? and n <= ?";
            transaction.prepare_cached(sql)?.execute(params![run, last.n])?;
        }
        Ok(u32::try_from(events.len()).unwrap_or(u32::MAX))
    }

    /// Writes an event into the new table; returns what it counts as.
    fn insert(
        &mut self,
        transaction: &Transaction<'_>,
        run: i64,
        event: &Old,
    ) -> rusqlite::Result<Fact> {
        if event.kiosk != self.kiosk {
            places::lend_run(transaction, run, event.kiosk)?;
        }
        let seq = self.seq(transaction, event)?;
        let press = self.press(transaction, event)?;
        let kind = codes::kind(&event.kind);
        let input = event.input.as_deref().map(codes::input);
        let (input, other_input) = input.map_or((None, None), |it| (Some(it.number), it.other));
        let sql = "insert into event (kiosk, run, n, seq, boot_ms, wall_ms, utc_ms, hour, line, \
             replaces, rating_n, kind, score, input, rule, judged_rule, is_exact, digest, \
             other_kind, other_input, language, misuse, judged, earliest_ms, latest_ms, follow_up, \
             outcome, answer, about, note, said, step, mends_run, mends_n, extra) \
             select ?, run, n, ?, boot_ms, wall_ms, utc_ms, ?, ?, \
             replaces, rating_n, ?, score, ?, misuse_rule, judged_rule, is_exact, digest, \
             ?, ?, language, misuse, judged, earliest_ms, latest_ms, follow_up, \
             outcome, answer, about, note, said, step, mends_run, mends_n, extra \
             from old_event where run = ? and n = ?";
        transaction.prepare_cached(sql)?.execute(params![
            event.kiosk,
            seq,
            press.hour,
            press.line,
            kind.number,
            input,
            kind.other,
            other_input,
            run,
            event.n,
        ])?;
        let Old { kind, certainty, utc_ms, received_ms, .. } = event;
        let (kind, certainty) = (kind.clone(), *certainty);
        let (utc_ms, received_ms) = (*utc_ms, *received_ms);
        let chosen = self.chosen(transaction, run, event)?;
        Ok(Fact { kind, press, chosen, certainty, utc_ms, received_ms })
    }

    /// The number of the delivery that has brought an event.
    fn seq(&mut self, connection: &Connection, event: &Old) -> rusqlite::Result<i64> {
        let at = (event.kiosk, event.received_ms);
        if !self.seqs.contains_key(&at) {
            deliveries::read(connection, event.kiosk, &mut self.seqs)?;
        }
        self.seqs.get(&at).copied().ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// An event as a press, whatever it is.
    fn press(&mut self, transaction: &Transaction<'_>, event: &Old) -> rusqlite::Result<Press> {
        let Self { rules, places, .. } = self;
        let place = match places.entry(event.kiosk) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(Place::read(transaction, event.kiosk, rules)?),
        };
        Ok(Press {
            score: event.score,
            scale: event.asked.faces(),
            line: self.dictionary.line(transaction, &event.asked)?,
            misuse: event.misuse.clone(),
            later: self.replaced.by(event.kiosk, event.n),
            hour: place.hour(event.utc_ms),
        })
    }

    /// The choice that an event is, with the rating that it belongs to.
    fn chosen(
        &mut self,
        transaction: &Transaction<'_>,
        run: i64,
        event: &Old,
    ) -> rusqlite::Result<Option<Chosen>> {
        let Some(((follow_up, answer), n)) = event.choice.as_ref().zip(event.rating_n) else {
            return Ok(None);
        };
        let choice = self.dictionary.choice(transaction, follow_up, answer)?;
        let known = presses::stored(transaction, event.kiosk, run, n)?;
        let rating = match known {
            Some(press) => Some(Press { later: self.replaced.by(event.kiosk, n), ..press }),
            // An answer that names a later event.
            None => match old(transaction, run, n)?.filter(|it| it.kiosk == event.kiosk) {
                Some(later) => Some(self.press(transaction, &later)?),
                None => None,
            },
        };
        Ok(rating.map(|rating| Chosen { choice, rating }))
    }
}

fn old(connection: &Connection, run: i64, n: u32) -> rusqlite::Result<Option<Old>> {
    let sql = format!(
        "select {COLUMNS} from old_event as event join kiosk on kiosk.id = event.kiosk \
         where run = ? and n = ?"
    );
    connection.prepare_cached(&sql)?.query_row(params![run, n], Old::read).optional()
}

/// Begins with the next kiosk; none when there is none, and no event is left.
fn next_kiosk(
    transaction: &Transaction<'_>,
    reached: Reached,
) -> rusqlite::Result<Option<Reached>> {
    let sql = "select min(kiosk) from run where kiosk > ?";
    let next = transaction.query_row(sql, [reached.kiosk], |row| row.get(0))?;
    if let Some(kiosk) = next {
        deliveries::write(transaction, kiosk)?;
        return Ok(Some(Reached { kiosk, run: 0, ..reached }));
    }
    let left = transaction.prepare("select 1 from old_event limit 1")?.exists([])?;
    // Every event belongs to a run; one that did not must not be dropped with the table.
    if left { Err(rusqlite::Error::QueryReturnedMoreThanOneRow) } else { Ok(None) }
}
