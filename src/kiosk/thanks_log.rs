//! The thanks log: an independent record, for audits, of the ratings that shoppers were thanked for.
//!
//! One line `thanked <run> <n> <score>` at the moment of the thank-you, flushed at once. It is kept
//! outside of the journal on purpose: what it names, the journal or the hub must have.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::feedback::rating::{RatingId, Score};

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
            // A FIFO opened for reading too does not wait for its reader, and one that nobody
            // empties must not hold up the next shopper.
            let is_fifo = std::fs::metadata(path)
                .is_ok_and(|data| std::os::unix::fs::FileTypeExt::is_fifo(&data.file_type()));
            let mut options = OpenOptions::new();
            if is_fifo {
                let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
                options.read(true).write(true).custom_flags(flags);
            } else {
                options.append(true).create(true);
            }
            Box::new(options.open(path)?)
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
