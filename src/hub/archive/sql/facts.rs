//! Events as they are stored, as far as dating, judging and counting need them, and what a change
//! of some of them means for the tallies.
//!
//! What an event counts as depends on others of its run: a press on the later ones that replace it,
//! an answer on its rating. So whoever changes events lays them on a [`Sheet`] together with those
//! that depend on them, and with what these depend on.

use std::collections::{BTreeMap, BTreeSet};

use crate::feedback::event::Event;
use crate::feedback::event::fields::{Field, Fields};
use crate::feedback::misuse::Verdict;
use crate::feedback::moment::{Moment, Quality, Reading};
use crate::hub::archive::error::Failure;
use crate::hub::archive::events::Incoming;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, Value, values};
use crate::hub::rules::arrivals::stretches_around;
use crate::hub::rules::codes::{self, Code};
use crate::hub::rules::judging::{Judgement, Press};
use crate::hub::rules::tallying::{self, Certainty, Chosen, Differences, Fact};

/// The columns that [`held`] reads, of [`FROM`].
pub(super) const COLUMNS: &str = "event.n, event.boot_ms, event.wall_ms, event.utc_ms, \
     event.hour, event.is_exact, event.earliest_ms, event.latest_ms, event.line, event.replaces, \
     event.rating_n, event.kind, event.other_kind, event.score, event.input, event.other_input, \
     event.rule, event.misuse, event.judged_rule, event.judged, line.scale, \
     choice.no as choice, delivery.received_ms";

/// Events with what their numbers stand for. A comment is none of the choices, and the delivery
/// that is being stored is not there yet.
pub(super) const FROM: &str = "event \
     left join delivery on delivery.kiosk = event.kiosk and delivery.seq = event.seq \
     left join line on line.no = event.line \
     left join choice on choice.follow_up = event.follow_up and choice.answer = event.answer";

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) n: u32,
    pub(super) reading: Reading,
    pub(super) received_ms: i64,
    pub(super) moment: Moment,
    /// The hour of the shop's clocks.
    pub(super) hour: i32,
    kind: String,
    line: Option<i64>,
    scale: Option<u8>,
    score: Option<u8>,
    input: Option<String>,
    /// The number of the press that it replaces.
    replaces: Option<u32>,
    /// The number of the rating that it answers to.
    rating: Option<u32>,
    choice: Option<i64>,
    /// The kiosk's verdict, and the one of later rules.
    told: Judgement,
    judged: Option<Judgement>,
}

/// An event of these rows. One that has just been stored was received at this time, in milliseconds
/// since 1970 UTC.
pub(super) fn held(row: &Row, now_ms: i64) -> Result<Held, Failure> {
    let boot_ms: i64 = row.get("boot_ms")?;
    let wall_ms = row.get("wall_ms")?;
    let input: Option<i16> = row.get("input")?;
    let other_input = row.get("other_input")?;
    let judged_rule: Option<u16> = row.get("judged_rule")?;
    let judged: Option<String> = row.get("judged")?;
    Ok(Held {
        n: row.get("n")?,
        reading: Reading { boot_ms: boot_ms.cast_unsigned(), wall_ms },
        received_ms: row.get::<Option<i64>>("received_ms")?.unwrap_or(now_ms),
        moment: moment(row)?,
        hour: row.get("hour")?,
        kind: kind(row)?,
        line: row.get("line")?,
        scale: scale(row)?,
        score: row.get("score")?,
        input: input.map(|number| codes::input_word(Code { number, other: other_input })),
        replaces: row.get("replaces")?,
        rating: row.get("rating_n")?,
        choice: row.get("choice")?,
        told: Judgement {
            misuse: row.get("misuse")?,
            // Only a press has a verdict, and the first rules wrote no number beside it.
            rule: row.get::<Option<u16>>("rule")?.unwrap_or(1),
        },
        judged: judged_rule.map(|rule| Judgement { misuse: judged, rule }),
    })
}

/// The word of an event's kind.
pub(super) fn kind(row: &Row) -> Result<String, Failure> {
    Ok(codes::kind_word(Code { number: row.get("kind")?, other: row.get("other_kind")? }))
}

/// How many faces there were, where that is known.
pub(super) fn scale(row: &Row) -> Result<Option<u8>, Failure> {
    Ok(row.get::<Option<u8>>("scale")?.filter(|faces| *faces > 0))
}

/// When an event was.
pub(super) fn moment(row: &Row) -> Result<Moment, Failure> {
    let is_exact: bool = row.get("is_exact")?;
    let quality = match (is_exact, row.get("earliest_ms")?, row.get("latest_ms")?) {
        (true, ..) => Quality::Exact,
        (false, Some(earliest_ms), Some(latest_ms)) => Quality::Bounded { earliest_ms, latest_ms },
        (false, ..) => Quality::Unknown,
    };
    Ok(Moment { utc_ms: row.get("utc_ms")?, quality })
}

impl Held {
    /// An event with these fields that is about to be stored, of this line and choice.
    pub(super) fn new(
        (incoming, fields): (&Incoming, &Fields),
        received_ms: i64,
        (moment, hour): (Moment, i32),
        (line, choice): (Option<i64>, Option<i64>),
    ) -> Self {
        let event = &incoming.event;
        let small = |field| fields.number(field).and_then(|number| u8::try_from(number).ok());
        let text = |field| fields.text(field).map(str::to_owned);
        let rule = fields.number(Field::MisuseRule).and_then(|rule| u16::try_from(rule).ok());
        Self {
            n: event.n,
            reading: event.reading,
            received_ms,
            moment,
            hour,
            kind: event.kind.clone(),
            line,
            scale: small(Field::Scale),
            score: small(Field::Score),
            input: text(Field::Input),
            replaces: fields.number(Field::Replaces),
            rating: fields.number(Field::To),
            choice,
            told: Judgement { misuse: text(Field::Misuse), rule: rule.unwrap_or(1) },
            judged: None,
        }
    }

    /// The same event at another time, with the hour of the shop's clocks then.
    pub(super) fn dated(self, moment: Moment, hour: i32) -> Self {
        Self { moment, hour, ..self }
    }

    /// The same event with a later verdict.
    pub(super) fn judged(self, verdict: Verdict) -> Self {
        let misuse = verdict.misuse.map(|reason| reason.name().to_owned());
        Self { judged: Some(Judgement { misuse, rule: verdict.rule }), ..self }
    }

    /// Why it is misuse, if it is, by the newest verdict.
    fn misuse(&self) -> Option<&str> {
        self.judged.as_ref().unwrap_or(&self.told).misuse.as_deref()
    }

    /// The same as a press that can be judged, if it is one.
    pub(super) fn press(&self) -> Option<Press> {
        Some(Press {
            n: self.n,
            boot_ms: self.reading.boot_ms,
            score: self.score?,
            scale: self.scale?,
            input: self.input.clone()?,
            told: self.told.clone(),
            judged: self.judged.clone(),
        })
    }
}

/// Events of one run that are to change, with what depends on them and what that depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    events: BTreeMap<u32, Held>,
}

/// The questions for what is stored around events of a run: the numbers of these, of those that
/// they replace, and of those that they answer to.
fn around(
    (kiosk, run): (i64, i64),
    own: &BTreeSet<u32>,
    replaced: impl Iterator<Item = u32>,
    rated: impl Iterator<Item = u32>,
) -> Vec<(String, Vec<Value>)> {
    // What counts otherwise when these change: they themselves, what they replace, and the
    // answers to all of that.
    let changed: BTreeSet<u32> = own.iter().copied().chain(replaced).collect();
    let needed: BTreeSet<u32> = changed.iter().copied().chain(rated).collect();
    let others = needed.difference(own).copied().collect();
    let mut questions = Vec::new();
    for (column, numbers) in [("n", &others), ("replaces", &needed), ("rating_n", &changed)] {
        for (first, last) in stretches_around(numbers) {
            let sql = format!(
                "select {COLUMNS} from {FROM} where event.kiosk = $1 and event.run = $2 \
                 and event.{column} >= $3 and event.{column} <= $4"
            );
            questions.push((sql, values![kiosk, run, first, last].into()));
        }
    }
    questions
}

/// Asks ahead for what [`Sheet::around`] asks when all of these events are new, as far as that is
/// no more than so many questions of each kind.
pub(super) fn ask_ahead(
    tx: &mut dyn Tx,
    at: (i64, i64),
    events: &[Incoming],
    questions_max: usize,
) {
    let own = events.iter().map(|incoming| incoming.event.n).collect();
    let said = || events.iter().filter_map(|incoming| incoming.event.said.as_ref());
    let replaced = said().filter_map(|said| said.rated()?.replaces);
    let rated = said().filter_map(|said| match said {
        Event::Answered(answered) => answered.to,
        _ => None,
    });
    let questions = around(at, &own, replaced, rated);
    if questions.len() <= 3 * questions_max {
        for (sql, values) in questions {
            tx.ask_ahead(&sql, values);
        }
    }
}

impl Sheet {
    /// Lays out what is stored around these events of a run, which may be stored themselves.
    pub(super) async fn around(
        tx: &mut dyn Tx,
        at: (i64, i64),
        changing: &[Held],
        now_ms: i64,
    ) -> Result<Self, Failure> {
        let mut sheet = Self::default();
        let own = changing.iter().map(|held| held.n).collect();
        let replaced = changing.iter().filter_map(|held| held.replaces);
        let rated = changing.iter().filter_map(|held| held.rating);
        for (sql, values) in around(at, &own, replaced, rated) {
            for row in &tx.rows(&sql, &values).await? {
                let held = held(row, now_ms)?;
                sheet.events.insert(held.n, held);
            }
        }
        Ok(sheet)
    }

    /// Puts events on the sheet, over what it has of them.
    pub(super) fn put(&mut self, events: impl IntoIterator<Item = Held>) {
        self.events.extend(events.into_iter().map(|held| (held.n, held)));
    }

    /// By how much tallies change when these events take the place of what is on the sheet.
    pub(super) fn change(mut self, events: Vec<Held>, differences: &mut Differences) {
        let before = self.facts();
        self.put(events);
        differ(&before, &self.facts(), differences);
    }

    /// By how much tallies change when these numbers go.
    pub(super) fn without(mut self, numbers: &BTreeSet<u32>, differences: &mut Differences) {
        let before = self.facts();
        self.events.retain(|n, _| !numbers.contains(n));
        differ(&before, &self.facts(), differences);
    }

    fn facts(&self) -> BTreeMap<u32, Fact> {
        let mut later = BTreeMap::<u32, Vec<Option<String>>>::new();
        for held in self.events.values() {
            if let Some(replaced) = held.replaces {
                later.entry(replaced).or_default().push(held.misuse().map(str::to_owned));
            }
        }
        let press = |held: &Held| tallying::Press {
            score: held.score,
            scale: held.scale,
            line: held.line,
            misuse: held.misuse().map(str::to_owned),
            later: later.get(&held.n).cloned().unwrap_or_default(),
            hour: held.hour,
        };
        let chosen = |held: &Held| {
            let rating = press(self.events.get(&held.rating?)?);
            Some(Chosen { choice: held.choice?, rating })
        };
        let fact = |held: &Held| Fact {
            kind: held.kind.clone(),
            press: press(held),
            chosen: chosen(held),
            certainty: Certainty::of(
                held.moment.quality == Quality::Exact,
                held.moment.quality.bounds().map(|(earliest_ms, _)| earliest_ms),
            ),
            utc_ms: held.moment.utc_ms,
            received_ms: held.received_ms,
        };
        self.events.iter().map(|(n, held)| (*n, fact(held))).collect()
    }
}

fn differ(
    before: &BTreeMap<u32, Fact>,
    after: &BTreeMap<u32, Fact>,
    differences: &mut Differences,
) {
    let all: BTreeSet<&u32> = before.keys().chain(after.keys()).collect();
    for n in all {
        let (old, new) = (before.get(n), after.get(n));
        if old != new {
            old.into_iter().for_each(|old| differences.take_fact(old));
            new.into_iter().for_each(|new| differences.put_fact(new));
        }
    }
}
