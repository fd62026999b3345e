//! The wrong tries of one way in, as a small file of the data folder: a number and its name on each
//! line. A number without a name is the count of the whole way, and all that older versions wrote.

use std::path::Path;

use super::delay::FREE_TRIES;
use super::kept::kept;
use crate::file;
use crate::secret::token::digest;

/// The name of the count of the whole way.
pub(super) const WHOLE: &str = "";

/// The name of the mark of the PIN that the tries were made at.
const PIN: &str = "pin";

/// The name of how many wrong tries there were at that PIN.
const TOTAL: &str = "total";

/// A mark of the PIN that is kept: another PIN has another one, and so has the same PIN when it is
/// set again. None where no PIN was set.
pub(super) fn mark(data_dir: &Path) -> Option<u64> {
    let digest = digest(kept(data_dir)?.trim());
    digest.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// The mark of the PIN that the tries were made at; none in a file of an older version.
    pub(super) mark: Option<u64>,
    /// How many wrong tries there were at that PIN.
    pub(super) total: u64,
    /// The counts by their names, in their order.
    pub(super) counts: Vec<(String, u64)>,
}

impl Tries {
    /// Reads the file of a way in; nothing where there is none.
    ///
    /// # Errors
    /// When it is there and cannot be understood: it may have said anything.
    pub(super) fn read(data_dir: &Path, way: &str) -> Result<Self, ()> {
        let mut tries = Self::default();
        let text = match std::fs::read_to_string(data_dir.join(file_of(way))) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(tries),
            text => text.map_err(drop)?,
        };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (number, name) = line.split_once(' ').unwrap_or((line, WHOLE));
            let number = number.parse().map_err(drop)?;
            match name {
                PIN => tries.mark = Some(number),
                TOTAL => tries.total = number,
                name => tries.counts.push((name.to_owned(), number)),
            }
        }
        let is_empty = tries == Self::default();
        if is_empty { Err(()) } else { Ok(tries) }
    }

    /// Reads the file of a way in; what cannot be understood counts as a way that has to wait.
    pub(super) fn read_or_wait(data_dir: &Path, way: &str, wait_from: u32) -> Self {
        let waiting = |()| Self {
            counts: vec![(WHOLE.to_owned(), u64::from(wait_from.max(FREE_TRIES)))],
            ..Self::default()
        };
        Self::read(data_dir, way).unwrap_or_else(waiting)
    }

    /// The count by this name.
    pub(super) fn count(&self, name: &str) -> u64 {
        let known = self.counts.iter().find(|(known, _)| known == name);
        known.map_or(0, |(_, count)| *count)
    }

    /// The count by this name, as far as a delay counts.
    pub(super) fn wrong(&self, name: &str) -> u32 {
        u32::try_from(self.count(name)).unwrap_or(u32::MAX)
    }

    /// How many wrong tries there were at the PIN with this mark.
    pub(super) fn total_at(&self, mark: Option<u64>) -> u64 {
        if self.mark == mark { self.total } else { 0 }
    }

    /// Writes the file of a way in.
    pub(super) fn write(&self, data_dir: &Path, way: &str) {
        let mut text = String::new();
        let named = self.mark.map(|mark| (PIN, mark)).into_iter().chain([(TOTAL, self.total)]);
        let counts = self.counts.iter().map(|(name, count)| (name.as_str(), *count));
        for (name, count) in counts.chain(named) {
            text.push_str(format!("{count} {name}").trim_end());
            text.push('\n');
        }
        if let Err(error) = file::write(&data_dir.join(file_of(way)), text.as_bytes()) {
            // On a card that takes nothing the count lasts as long as the process.
            tracing::warn!(%error, "a try at the PIN could not be noted");
        }
    }
}

fn file_of(way: &str) -> String {
    format!("pin-tries-{way}")
}
