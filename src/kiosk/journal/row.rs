//! One row of the journal: its content, its checksum, and how it is read back.
//!
//! SQLite checks its pages for shape, not for truth: a bit that flips on a worn card usually passes
//! `integrity_check`. So each row carries a CRC32C over everything it says, with the run's own
//! random id and the question's words in it, and a row that does not match is never sent.

use rusqlite::Row;

use crate::feedback::misuse::{Misuse, Reason};
use crate::feedback::moment::Reading;
use crate::feedback::rating::{BootId, Input, Question, Rated, RatingId, RunId, Scale};

/// An event as the journal holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its identity.
    pub id: RatingId,
    /// When, by the board's clocks.
    pub reading: Reading,
    /// What was answered.
    pub rated: Rated,
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
     question.language, event.misuse, event.misuse_rule, event.replaces, event.crc, \
     event.n <= run.settled_n, set_aside.n is not null";

/// Where those columns come from.
pub(super) const SOURCES: &str = "event join run on run.id = event.run \
     join boot on boot.id = run.boot join question on question.id = event.question \
     left join set_aside on set_aside.run = event.run and set_aside.n = event.n";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    // Damage must not take the rest of the page with it, so what cannot be an id becomes one that
    // nothing has.
    let run = RunId(row.get(1).unwrap_or_default());
    let boot = BootId(row.get(2).unwrap_or_default());
    let id = RatingId { run, n: row.get(3).unwrap_or_default() };
    let state = match (row.get(17)?, row.get(16)?) {
        (true, _) => State::SetAside,
        (false, true) => State::Settled,
        (false, false) => State::Waiting,
    };
    let (row_number, crc): (i64, i64) = (row.get(0)?, row.get(15)?);
    let entry = match content(row, id) {
        Ok(Some(entry)) if i64::from(checksum(&entry)) == crc => Ok(entry),
        // A value of another type or out of range is damage like any other.
        Ok(_) | Err(_) => Err(id),
    };
    Ok(Kept { row: row_number, boot, entry, state })
}

fn content(row: &Row<'_>, id: RatingId) -> rusqlite::Result<Option<Entry>> {
    let reading = Reading { boot_ms: unsigned(row.get(4)?), wall_ms: row.get(5)? };
    let (score, scale, input): (u8, u8, usize) = (row.get(6)?, row.get(7)?, unsigned(row.get(8)?));
    let question = Question { id: row.get(9)?, version: row.get(10)?, language: row.get(11)? };
    let reason: Option<String> = row.get(12)?;
    let rule: Option<u16> = row.get(13)?;
    let score = Scale::with_faces(scale).and_then(|scale| scale.score(score).ok());
    let reason = match reason {
        None => None,
        Some(name) => match Reason::named(&name) {
            None => return Ok(None),
            known => known,
        },
    };
    let misuse = reason.map(|reason| Misuse { reason, rule: rule.unwrap_or(0) });
    let (Some(score), Some(&input)) = (score, Input::ALL.get(input)) else {
        return Ok(None);
    };
    let rated = Rated { score, input, question, misuse, replaces: row.get(14)? };
    Ok(Some(Entry { id, reading, rated }))
}

/// A negative number where none can be is damage; it turns into one that no checksum matches.
fn unsigned<T: TryFrom<i64> + Default>(value: i64) -> T {
    T::try_from(value).unwrap_or_default()
}

/// The input's number in the journal.
pub(super) fn input_number(input: Input) -> i64 {
    let at = Input::ALL.iter().position(|&known| known == input).unwrap_or(0);
    i64::try_from(at).unwrap_or(0)
}

/// CRC32C over everything the row says. The order and widths of the fields are part of the format.
pub(super) fn checksum(entry: &Entry) -> u32 {
    let Entry { id, reading, rated } = entry;
    let mut bytes = Vec::with_capacity(96);
    bytes.extend(id.run.0);
    bytes.extend(id.n.to_le_bytes());
    bytes.extend(reading.boot_ms.to_le_bytes());
    bytes.extend(reading.wall_ms.to_le_bytes());
    bytes.extend([rated.score.value(), rated.score.scale().faces()]);
    bytes.extend(input_number(rated.input).to_le_bytes());
    for text in [rated.question.id.as_str(), rated.question.language.as_str()] {
        bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend(rated.question.version.to_le_bytes());
    match rated.misuse {
        None => bytes.push(0),
        Some(misuse) => {
            bytes.push(1);
            bytes.extend(misuse.reason.name().as_bytes());
            bytes.extend(misuse.rule.to_le_bytes());
        }
    }
    bytes.extend(rated.replaces.unwrap_or(0).to_le_bytes());
    crc32c::crc32c(&bytes)
}
