//! One row of the journal: its columns, its checksum, writing and reading it.
//!
//! SQLite checks its pages for shape, not for truth: a bit that flips on a worn card usually passes
//! `integrity_check`. So each row carries a CRC32C over everything it says, with the run's own
//! random id and the question's words in it, and a row that does not match is never sent.

use rusqlite::{Connection, Row, params};

use crate::feedback::answer::{Answer, Answered, FollowUp};
use crate::feedback::call::Called;
use crate::feedback::event::{Event, Loss};
use crate::feedback::misuse::{Reason, Verdict};
use crate::feedback::moment::Reading;
use crate::feedback::note::{About, Noted};
use crate::feedback::rating::{BootId, Input, Rated, RatingId, RunId, Scale, Wording};

/// An event as the journal holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its identity.
    pub id: RatingId,
    /// When, by the board's clocks.
    pub reading: Reading,
    /// What it says.
    pub event: Event,
}

/// An entry and what the journal knows around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its place in the local order.
    pub row: i64,
    /// The boot that its run lived in.
    pub boot: BootId,
    /// The entry, or only its identity when the row is damaged.
    pub entry: Result<Entry, RatingId>,
    /// Whether the hub has confirmed it.
    pub state: State,
}

/// What has become of an entry so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Still to be delivered.
    Waiting,
    /// Confirmed by the hub.
    Settled,
    /// Kept, but neither delivered nor counted at the hub.
    SetAside,
}

impl State {
    /// The word for it in exports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Settled => "settled",
            Self::SetAside => "set aside",
        }
    }
}

/// The columns that [`read`] expects, in its order.
pub(super) const COLUMNS: &str = "event.row, run.uuid, boot.uuid, event.n, event.boot_ms, \
     event.wall_ms, event.score, event.scale, event.input, question.name, question.version, \
     question.language, event.misuse, event.misuse_rule, event.replaces, event.crc, event.kind, \
     event.content, event.n <= run.settled_n, set_aside.is_again";

/// Where those columns come from; a row whose keys are damaged is still one.
pub(super) const SOURCES: &str = "event left join run on run.id = event.run \
     left join boot on boot.id = run.boot left join question on question.id = event.question \
     left join set_aside on set_aside.run = event.run and set_aside.n = event.n";

/// Whether a row of [`SOURCES`] waits for the hub.
pub(super) const WAITS: &str =
    "event.n > run.settled_n and set_aside.n is null or set_aside.is_again = 1";

/// The word in `kind` for a loss; a rating has none.
const LOST: &str = "lost";

/// The word in `kind` for a note of the shop manager.
const NOTED: &str = "noted";

/// The word in `kind` for a shopper who asked for somebody, and what became of it.
const CALLED: &str = "called";

/// The word in `kind` for an answer to a follow-up.
const ANSWERED: &str = "answered";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    // Damage must not take the rest of the page with it, so what cannot be an id becomes one that
    // nothing has.
    let run = RunId(row.get(1).unwrap_or_default());
    let boot = BootId(row.get(2).unwrap_or_default());
    let id = RatingId { run, n: row.get(3).unwrap_or_default() };
    let (is_settled, is_again): (Option<bool>, Option<bool>) = (row.get(18)?, row.get(19)?);
    let state = match (is_again, is_settled) {
        (Some(false), _) => State::SetAside,
        (None, Some(true)) => State::Settled,
        (Some(true), _) | (None, _) => State::Waiting,
    };
    let entry = match content(row, id) {
        // A value of another type or out of range is damage like any other.
        Ok(Some((entry, crc))) if i64::from(checksum(&entry)) == crc => Ok(entry),
        Ok(_) | Err(_) => Err(id),
    };
    Ok(Kept { row: row.get(0)?, boot, entry, state })
}

fn content(row: &Row<'_>, id: RatingId) -> rusqlite::Result<Option<(Entry, i64)>> {
    let question = match row.get::<_, Option<String>>(9)? {
        None => None,
        Some(name) => Some(Wording { id: name, version: row.get(10)?, language: row.get(11)? }),
    };
    let columns = Columns {
        boot_ms: row.get(4)?,
        wall_ms: row.get(5)?,
        score: row.get(6)?,
        scale: row.get(7)?,
        input: row.get(8)?,
        misuse: row.get(12)?,
        misuse_rule: row.get(13)?,
        replaces: row.get(14)?,
        kind: row.get(16)?,
        content: row.get(17)?,
    };
    let crc = row.get(15)?;
    Ok(columns.entry(id, question).map(|entry| (entry, crc)))
}

/// What a row says of its event, before anything is made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) boot_ms: i64,
    pub(super) wall_ms: i64,
    pub(super) score: Option<i64>,
    pub(super) scale: Option<i64>,
    pub(super) input: Option<i64>,
    pub(super) misuse: Option<String>,
    pub(super) misuse_rule: Option<i64>,
    pub(super) replaces: Option<i64>,
    pub(super) kind: Option<String>,
    pub(super) content: Option<String>,
}

impl Columns {
    /// The columns of an entry; its question goes into a table of its own.
    pub(super) fn of(entry: &Entry) -> Self {
        let boot_ms = i64::try_from(entry.reading.boot_ms).unwrap_or(i64::MAX);
        let plain = Self { boot_ms, wall_ms: entry.reading.wall_ms, ..Self::default() };
        match &entry.event {
            Event::Rated(rated) => Self {
                score: Some(rated.score.value().into()),
                scale: Some(rated.score.scale().faces().into()),
                input: Some(input_number(rated.input)),
                misuse: rated.verdict.misuse.map(|reason| reason.name().to_owned()),
                misuse_rule: Some(rated.verdict.rule.into()),
                replaces: rated.replaces.map(i64::from),
                ..plain
            },
            Event::Answered(answered) => Self {
                kind: Some(ANSWERED.to_owned()),
                content: Some(write_answer(answered)),
                ..plain
            },
            Event::Noted(noted) => Self {
                kind: Some(NOTED.to_owned()),
                content: Some(format!("{} {}", noted.about().name(), noted.text())),
                ..plain
            },
            Event::Called(called) => Self {
                kind: Some(CALLED.to_owned()),
                content: Some(called.name().to_owned()),
                ..plain
            },
            Event::Lost(loss) => Self {
                kind: Some(LOST.to_owned()),
                content: Some(match loss {
                    Loss::Range { run, first, last } => format!("{run} {first} {last}"),
                    Loss::Unknown => String::new(),
                }),
                ..plain
            },
        }
    }

    /// The entry that these columns make, if they make one.
    pub(super) fn entry(&self, id: RatingId, question: Option<Wording>) -> Option<Entry> {
        let reading = Reading { boot_ms: u64::try_from(self.boot_ms).ok()?, wall_ms: self.wall_ms };
        let event = match self.kind.as_deref() {
            None => Event::Rated(self.rated(question?)?),
            Some(ANSWERED) => Event::Answered(answered(self.content.as_deref()?, question?)?),
            Some(NOTED) => Event::Noted(noted(self.content.as_deref()?)?),
            Some(CALLED) => Event::Called(Called::named(self.content.as_deref()?)?),
            Some(LOST) => Event::Lost(loss(self.content.as_deref()?)?),
            Some(_) => return None,
        };
        Some(Entry { id, reading, event })
    }

    fn rated(&self, question: Wording) -> Option<Rated> {
        let scale = Scale::with_faces(u8::try_from(self.scale?).ok()?)?;
        let score = scale.score(u8::try_from(self.score?).ok()?).ok()?;
        let input = *Input::ALL.get(usize::try_from(self.input?).ok()?)?;
        let misuse = match self.misuse.as_deref() {
            None => None,
            Some(name) => Some(Reason::named(name)?),
        };
        // The first schema named the rule only where it struck.
        let rule = self.misuse_rule.map_or(Some(1), |rule| u16::try_from(rule).ok())?;
        let replaces = match self.replaces {
            None => None,
            Some(n) => Some(u32::try_from(n).ok()?),
        };
        Some(Rated { score, input, question, verdict: Verdict { misuse, rule }, replaces })
    }
}

/// The rating's number (0 for none), the follow-up, the outcome, and the answer to the end.
fn write_answer(answered: &Answered) -> String {
    let Answered { to, answer, .. } = answered;
    let (asked, outcome) = (answer.follow_up().name(), answer.outcome());
    let text = answer.text().map(|text| format!(" {text}")).unwrap_or_default();
    format!("{} {asked} {outcome}{text}", to.unwrap_or(0))
}

fn answered(content: &str, question: Wording) -> Option<Answered> {
    let mut words = content.splitn(4, ' ');
    let to: u32 = words.next()?.parse().ok()?;
    let follow_up = FollowUp::named(words.next()?)?;
    let answer = Answer::read(follow_up, words.next()?, words.next())?;
    Some(Answered { to: Some(to).filter(|&to| to > 0), answer, question })
}

fn noted(content: &str) -> Option<Noted> {
    let (about, text) = content.split_once(' ')?;
    Noted::new(About::named(about)?, text).ok().filter(|noted| noted.text() == text)
}

fn loss(content: &str) -> Option<Loss> {
    if content.is_empty() {
        return Some(Loss::Unknown);
    }
    let mut words = content.split(' ');
    let run = words.next()?.parse().ok()?;
    let (first, last) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let is_range = words.next().is_none() && 1 <= first && first <= last;
    is_range.then_some(Loss::Range { run, first, last })
}

/// The input's number in the journal.
fn input_number(input: Input) -> i64 {
    let at = Input::ALL.iter().position(|&known| known == input).unwrap_or(0);
    i64::try_from(at).unwrap_or(0)
}

/// CRC32C over everything the row says. The order and widths of the fields are part of the format.
pub(super) fn checksum(entry: &Entry) -> u32 {
    let Entry { id, reading, event } = entry;
    let mut bytes = Vec::with_capacity(96);
    bytes.extend(id.run.0);
    bytes.extend(id.n.to_le_bytes());
    bytes.extend(reading.boot_ms.to_le_bytes());
    bytes.extend(reading.wall_ms.to_le_bytes());
    match event {
        Event::Rated(rated) => add_rated(&mut bytes, rated),
        Event::Answered(_) | Event::Noted(_) | Event::Called(_) | Event::Lost(_) => {
            let columns = Columns::of(entry);
            for text in [columns.kind, columns.content] {
                add_text(&mut bytes, text.as_deref().unwrap_or_default());
            }
            if let Some(question) = event.question() {
                add_wording(&mut bytes, question);
            }
        }
    }
    crc32c::crc32c(&bytes)
}

fn add_rated(bytes: &mut Vec<u8>, rated: &Rated) {
    bytes.extend([rated.score.value(), rated.score.scale().faces()]);
    bytes.extend(input_number(rated.input).to_le_bytes());
    add_wording(bytes, &rated.question);
    match (rated.verdict.misuse, rated.verdict.rule) {
        // Rows of the first schema have no rule where it did not strike, and it was the first.
        (None, 1) => bytes.push(0),
        (Some(reason), rule) => {
            bytes.push(1);
            bytes.extend(reason.name().as_bytes());
            bytes.extend(rule.to_le_bytes());
        }
        (None, rule) => {
            bytes.push(2);
            bytes.extend(rule.to_le_bytes());
        }
    }
    bytes.extend(rated.replaces.unwrap_or(0).to_le_bytes());
}

fn add_wording(bytes: &mut Vec<u8>, question: &Wording) {
    add_text(bytes, &question.id);
    add_text(bytes, &question.language);
    bytes.extend(question.version.to_le_bytes());
}

fn add_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// Adds an event at a row; false when the row is taken.
pub(super) fn insert(
    connection: &Connection,
    row: i64,
    run_key: i64,
    question_key: Option<i64>,
    entry: &Entry,
) -> rusqlite::Result<bool> {
    let columns = Columns::of(entry);
    let sql = "insert into event (row, run, n, boot_ms, wall_ms, score, scale, input, question, \
               misuse, misuse_rule, replaces, crc, kind, content) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing";
    let added = connection.prepare_cached(sql)?.execute(params![
        row,
        run_key,
        entry.id.n,
        columns.boot_ms,
        columns.wall_ms,
        columns.score,
        columns.scale,
        columns.input,
        question_key,
        columns.misuse,
        columns.misuse_rule,
        columns.replaces,
        checksum(entry),
        columns.kind,
        columns.content,
    ])?;
    Ok(added == 1)
}

/// The rows that the rest of a query names, whose parameters are these two.
pub(super) fn select(
    connection: &Connection,
    rest: &str,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<Kept>> {
    let (columns, sources) = (COLUMNS, SOURCES);
    let sql = format!("select {columns} from {sources} {rest}");
    connection.prepare_cached(&sql)?.query_map(params![after, limit], read)?.collect()
}
