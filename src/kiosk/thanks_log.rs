//! The thanks log: an independent record, for audits, of the ratings that shoppers were thanked
//! for.
//!
//! One line `thanked <run> <n> <score>` at the moment of the thank-you, flushed at once. It is kept
//! outside of the journal on purpose: every rating in it must be in the journal or at the hub.

use std::io::{self, Write};
use std::path::Path;

use crate::feedback::rating::{RatingId, Score};
use crate::kiosk::fifo;

/// The open log.
pub(super) struct ThanksLog {
    out: Box<dyn Write + Send>,
    has_failed: bool,
}

impl ThanksLog {
    /// Opens a file to append to, a FIFO, or standard output for `-`.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let out: Box<dyn Write + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdout())
        } else {
            Box::new(fifo::open_to_write(path)?)
        };
        Ok(Self { out, has_failed: false })
    }

    /// Records a thank-you. The first failure is logged; no failure stops anything.
    pub(super) fn thanked(&mut self, id: RatingId, score: Score) {
        let line = format!("thanked {} {} {}\n", id.run, id.n, score.value());
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
        if let Err(error) = written
            && !std::mem::replace(&mut self.has_failed, true)
        {
            tracing::error!(%error, "the record of thank-yous cannot be written any more");
        }
    }
}
