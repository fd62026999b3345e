//! One row of the journal: its columns, its checksum, writing and reading it.
//!
//! SQLite checks its pages for shape, not for truth: a bit that flips on a worn card usually passes
//! `integrity_check`. So each row carries a CRC32C over everything it says, with the run's own
//! random id and the question's words in it, and a row that does not match is never sent.

pub(super) mod gone;
mod late;

use rusqlite::{Connection, Row, params};

use crate::feedback::event::fields::{Field, Fields, Value};
use crate::feedback::event::{Event, Kind};
use crate::feedback::moment::Reading;
use crate::feedback::rating::{BootId, Input, Rated, RatingId, RunId, Wording};

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
    /// Whether it is whole and of a kind or a form that only a newer program knows. Such an event
    /// is not damaged: it is kept and waits for that program, and `entry` has its identity alone.
    pub is_newer: bool,
    /// The boot that its run lived in.
    pub boot: BootId,
    /// The entry, or only its identity when the row is damaged.
    pub entry: Result<Entry, RatingId>,
    /// Whether the hub has confirmed it.
    pub state: State,
}

/// Why an event is set aside that only a newer program can read; see [`Kept::is_newer`].
pub(super) const NEWER: &str = "a newer version of this program has kept this event";

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

/// The tables of those columns; a row is read even if its keys are damaged.
pub(super) const SOURCES: &str = "event left join run on run.id = event.run \
     left join boot on boot.id = run.boot left join question on question.id = event.question \
     left join set_aside on set_aside.run = event.run and set_aside.n = event.n";

/// Whether a row of [`SOURCES`] waits for the hub.
pub(super) const WAITS: &str =
    "event.n > run.settled_n and set_aside.n is null or set_aside.is_again = 1";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    // Damage in one row must not spoil the rest of the page, so an invalid id becomes one that no
    // run has.
    let run = RunId(row.get(1).unwrap_or_default());
    let boot = BootId(row.get(2).unwrap_or_default());
    let id = RatingId { run, n: row.get(3).unwrap_or_default() };
    let (is_settled, is_again): (Option<bool>, Option<bool>) = (row.get(18)?, row.get(19)?);
    let state = match (is_again, is_settled) {
        (Some(false), _) => State::SetAside,
        (None, Some(true)) => State::Settled,
        (Some(true), _) | (None, _) => State::Waiting,
    };
    // A value of another type or out of range is damage like any other.
    let (entry, is_newer) = match content(row) {
        Ok((columns, question, crc)) => {
            let entry = columns.entry(id, question.clone());
            let is_of = |found: Option<u32>| found.map(i64::from) == Some(crc);
            match entry.filter(|entry| is_of(Some(columns.checksum(entry)))) {
                Some(entry) => (Ok(entry), false),
                None => (Err(id), is_of(columns.checksum_of_unknown(id, question.as_ref()))),
            }
        }
        Err(_) => (Err(id), false),
    };
    Ok(Kept { row: row.get(0)?, is_newer, boot, entry, state })
}

fn content(row: &Row<'_>) -> rusqlite::Result<(Columns, Option<Wording>, i64)> {
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
    Ok((columns, question, row.get(15)?))
}

/// The columns of a row, before they are read as an event.
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
        let fields = entry.event.fields();
        if entry.event.kind() != Kind::Rated {
            let kind = Some(entry.event.kind().name().to_owned());
            let (fields, late) = late::part(fields);
            let content = Some(write_content(entry.event.kind(), &fields));
            let replaces = late.as_deref().map(late::checksum);
            return Self { kind, content, misuse: late, replaces, ..plain };
        }
        let number = |field| fields.number(field).map(i64::from);
        let input = fields.text(Field::Input).and_then(Input::named);
        Self {
            score: number(Field::Score),
            scale: number(Field::Scale),
            input: input.map(input_number),
            misuse: fields.text(Field::Misuse).map(str::to_owned),
            misuse_rule: number(Field::MisuseRule),
            replaces: number(Field::Replaces),
            ..plain
        }
    }

    /// The entry that these columns make; none when they are invalid.
    pub(super) fn entry(&self, id: RatingId, question: Option<Wording>) -> Option<Entry> {
        let reading = Reading { boot_ms: u64::try_from(self.boot_ms).ok()?, wall_ms: self.wall_ms };
        let (kind, mut fields) = match self.kind.as_deref() {
            None => (Kind::Rated, self.rated()?),
            Some(name) => {
                let kind = Kind::named(name)?;
                let fields = read_content(kind, self.content.as_deref()?)?;
                (kind, late::join(fields, self.misuse.as_deref(), self.replaces)?)
            }
        };
        if let Some(Wording { id, version, language }) = question {
            fields.set_text(Field::Question, Some(&id));
            fields.set_number(Field::QuestionVersion, Some(version));
            fields.set_text(Field::Language, Some(&language));
        }
        let event = Event::read(kind, &fields).ok()?;
        Some(Entry { id, reading, event })
    }

    /// The fields of a rating, which has columns of its own; none where one is out of range.
    fn rated(&self) -> Option<Fields> {
        let mut fields = Fields::default();
        for (field, column) in [
            (Field::Score, self.score),
            (Field::Scale, self.scale),
            // The first schema wrote the rule only for a press that does not count.
            (Field::MisuseRule, self.misuse_rule),
            (Field::Replaces, self.replaces),
        ] {
            let number = column.map(u32::try_from).transpose().ok()?;
            fields.set_number(field, number);
        }
        let input = Input::ALL.get(usize::try_from(self.input?).ok()?)?;
        fields.set_text(Field::Input, Some(input.name()));
        fields.set_text(Field::Misuse, self.misuse.as_deref());
        Some(fields)
    }
}

/// The fields of a kind that are in its content, in their order; the question has a table.
fn fields_in_content(kind: Kind) -> impl Iterator<Item = Field> {
    let is_question =
        |field: &Field| matches!(field, Field::Question | Field::QuestionVersion | Field::Language);
    kind.fields().iter().copied().filter(move |field| !is_question(field))
}

/// What stands before a field that came after the words of a note: no line of text has it.
const UNIT: char = '\u{1f}';

/// The fields of a kind up to the one that may hold spaces, and those that came after it later.
fn head_and_tail(kind: Kind) -> (Vec<Field>, Vec<Field>) {
    let mut head: Vec<Field> = fields_in_content(kind).collect();
    let words = head.iter().position(|field| *field == Field::Text);
    let tail = words.map(|at| head.split_off(at + 1)).unwrap_or_default();
    (head, tail)
}

/// Fields as one text: each after a space, a missing number as 0, and nothing after the last one
/// that is there. Only the last field, or the words of a note, may hold spaces; what comes after
/// those has a mark of its own before it, and is empty where it is missing.
fn write_content(kind: Kind, fields: &Fields) -> String {
    let (head, tail) = head_and_tail(kind);
    let each = || head.iter().chain(&tail);
    let Some(last) = each().rfind(|field| fields.get(**field).is_some()) else {
        return String::new();
    };
    let mut content = String::new();
    for (at, field) in each().enumerate() {
        let is_late = tail.contains(field);
        if at > 0 {
            content.push(if is_late { UNIT } else { ' ' });
        }
        match fields.get(*field) {
            Some(Value::Number(number)) => content.push_str(&number.to_string()),
            Some(Value::Text(text)) => content.push_str(text),
            None if is_late => {}
            None => content.push('0'),
        }
        if field == last {
            break;
        }
    }
    content
}

fn read_content(kind: Kind, content: &str) -> Option<Fields> {
    let mut fields = Fields::default();
    if content.is_empty() {
        return Some(fields);
    }
    let (head, tail) = head_and_tail(kind);
    let (first, late) = match content.split_once(UNIT) {
        Some((first, late)) if !tail.is_empty() => (first, Some(late)),
        _ => (content, None),
    };
    let late = late.into_iter().flat_map(|late| late.split(UNIT));
    let said = head.iter().zip(first.splitn(head.len(), ' ')).chain(tail.iter().zip(late));
    for (field, word) in said {
        let is_absent = word.is_empty() && tail.contains(field);
        if is_absent {
            continue;
        }
        if field.is_number() {
            let number: u32 = word.parse().ok()?;
            fields.set_number(*field, Some(number).filter(|&number| number > 0));
        } else {
            fields.set_text(*field, Some(word));
        }
    }
    // Content in any other form was not written by us.
    (write_content(kind, &fields) == content).then_some(fields)
}

/// The input's number in the journal.
fn input_number(input: Input) -> i64 {
    let at = Input::ALL.iter().position(|&known| known == input).unwrap_or(0);
    i64::try_from(at).unwrap_or(0)
}

impl Columns {
    /// CRC32C over everything the row says. The order and widths of the fields are part of the
    /// format.
    pub(super) fn checksum(&self, entry: &Entry) -> u32 {
        let Entry { id, event, .. } = entry;
        match event {
            Event::Rated(rated) => {
                let mut bytes = self.first_bytes(*id);
                add_rated(&mut bytes, rated);
                crc32c::crc32c(&bytes)
            }
            other => self.checksum_of_texts(*id, other.question()),
        }
    }

    /// The same of an event whose kind or form nobody here knows; none of a rating.
    fn checksum_of_unknown(&self, id: RatingId, question: Option<&Wording>) -> Option<u32> {
        self.kind.as_ref().map(|_| self.checksum_of_texts(id, question))
    }

    fn checksum_of_texts(&self, id: RatingId, question: Option<&Wording>) -> u32 {
        let mut bytes = self.first_bytes(id);
        for text in [&self.kind, &self.content] {
            add_text(&mut bytes, text.as_deref().unwrap_or_default());
        }
        if let Some(question) = question {
            add_wording(&mut bytes, question);
        }
        crc32c::crc32c(&bytes)
    }

    fn first_bytes(&self, id: RatingId) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.extend(id.run.0);
        bytes.extend(id.n.to_le_bytes());
        bytes.extend(self.boot_ms.to_le_bytes());
        bytes.extend(self.wall_ms.to_le_bytes());
        bytes
    }
}

fn add_rated(bytes: &mut Vec<u8>, rated: &Rated) {
    bytes.extend([rated.score.value(), rated.score.scale().faces()]);
    bytes.extend(input_number(rated.input).to_le_bytes());
    add_wording(bytes, &rated.question);
    match (rated.verdict.misuse, rated.verdict.rule) {
        // Rows of the first schema have no rule for a press that counts; it was the first.
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
        columns.checksum(entry),
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
