//! Notices that the path no longer leads to the file that the journal has open, and saves what the
//! connection holds.
//!
//! Somebody may replace the file, delete it, or write something else over it. The connection still
//! reads its own pages: from the file that has no name any more, from the WAL, or from memory. So
//! everything is copied into a new file, which gets the journal's name.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::repair::MAGIC;
use crate::kiosk::journal::folder::FILE;

/// The copy while it is under way.
const SAVED: &str = "journal.sqlite.saved";

/// The file that the journal has open, held open once more.
///
/// It has to outlive the connection: when a process closes any descriptor of a file, the kernel
/// drops all locks of that process on it (fcntl(2)), and another kiosk could open the journal too.
#[derive(Debug)]
pub(in crate::kiosk::journal) struct Own {
    file: File,
    identity: (u64, u64),
}

impl Own {
    /// The file that has the journal's name now; none where no file system shows one.
    pub(in crate::kiosk::journal) fn of(folder: &Path) -> Option<Self> {
        let file = File::open(folder.join(FILE)).ok()?;
        let identity = identity(&file.metadata().ok()?);
        Some(Self { file, identity })
    }

    /// Whether the journal's name still leads to this file, and it still begins like a database.
    pub(in crate::kiosk::journal) fn is_in(&self, folder: &Path) -> bool {
        let there = std::fs::symlink_metadata(folder.join(FILE));
        if there.is_ok_and(|data| identity(&data) == self.identity) {
            let mut header = [0; MAGIC.len()];
            return match self.file.read_exact_at(&mut header, 0) {
                Ok(()) => header == *MAGIC,
                // A card that cannot be read now is found out by the next read of a page.
                Err(error) => error.kind() != io::ErrorKind::UnexpectedEof,
            };
        }
        false
    }
}

fn identity(data: &Metadata) -> (u64, u64) {
    (data.dev(), data.ino())
}

/// Copies everything that a connection can read into a new file beside the journal's.
///
/// # Errors
/// When there is no room for it, or the pages cannot be read any more.
pub(in crate::kiosk::journal) fn save(
    connection: &Connection,
    folder: &Path,
) -> rusqlite::Result<()> {
    let copy = folder.join(SAVED);
    // What an earlier try left behind is not whole.
    let _ = std::fs::remove_file(&copy);
    connection.execute("vacuum into ?1", [copy.to_string_lossy()])?;
    Ok(())
}

/// Gives the saved copy the journal's name; what had it is kept under the name that is returned.
///
/// # Errors
/// When the folder cannot be written.
pub(in crate::kiosk::journal) fn put_in_place(folder: &Path) -> io::Result<PathBuf> {
    File::open(folder.join(SAVED))?.sync_all()?;
    let numbered = |name: &str, n: u32| folder.join(format!("{name}.foreign-{n}"));
    let is_free = |n: &u32| numbered(FILE, *n).symlink_metadata().is_err();
    let number = (1..).find(is_free).unwrap_or(u32::MAX);
    for name in [FILE.to_owned(), format!("{FILE}-wal"), format!("{FILE}-journal")] {
        match std::fs::rename(folder.join(&name), numbered(&name, number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
    }
    std::fs::rename(folder.join(SAVED), folder.join(FILE))?;
    File::open(folder)?.sync_all()?;
    Ok(numbered(FILE, number))
}
