//! What keeps the journal from doing its work, told apart by who can cure it.
//!
//! A person frees room or ends another kiosk; a damaged file is set aside; anything else may be
//! gone when it is tried again.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// What keeps the journal from doing its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no room left on the card.
    #[error("journal is full: free some room in {}", .0.display())]
    Full(PathBuf),
    /// The journal is as large as it may be, and nothing in it is settled.
    #[error(
        "journal in {} is as large as journal_max_mb allows, and head office has confirmed nothing \
         that could be let go", .0.display()
    )]
    AtLimit(PathBuf),
    /// The folder or the file cannot be written.
    #[error("journal cannot be written in {}: is the card or the folder read-only?", .0.display())]
    ReadOnly(PathBuf),
    /// Another process has the journal open.
    #[error("journal in {} is in use: is another smilepost-kiosk running?", .0.display())]
    InUse(PathBuf),
    /// The journal was written by a newer program.
    #[error(
        "journal in {} has schema {found}, and this program knows up to {known}: it was \
         left untouched; install the newer smilepost-kiosk again", .folder.display()
    )]
    Newer {
        /// Where the journal is.
        folder: PathBuf,
        /// The schema it has.
        found: i32,
        /// The newest that this program knows.
        known: i32,
    },
    /// The data folder is not one, or cannot be made.
    #[error("data folder {} cannot be used", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The data folder lies where nothing is kept.
    #[error(
        "data folder {} is on {kind}: ratings would not be safe there. Name a folder on a durable \
         disk as data_dir, or set allow_volatile = true for a trial", .folder.display()
    )]
    Volatile {
        /// The folder.
        folder: PathBuf,
        /// What it lies on.
        kind: &'static str,
    },
    /// The file is damaged; it has to be set aside.
    #[error("journal in {} {what}", .folder.display())]
    Damaged {
        /// Where the journal is.
        folder: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// SQLite could not do something, for no reason that is known to last.
    #[error("cannot {action} journal in {}", .folder.display())]
    Sqlite {
        /// The step that failed.
        action: &'static str,
        /// Where the journal is.
        folder: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

impl Error {
    /// Whether a person has to do something before it makes sense to run at all.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::InUse(_) | Self::Newer { .. } | Self::Folder { .. } | Self::Volatile { .. }
        )
    }
}

/// Tells the errors that a person can cure from those of the file, and both from the others.
pub(super) fn sort(folder: &Path, action: &'static str, source: rusqlite::Error) -> Error {
    let (folder, code) = (folder.to_owned(), source.sqlite_error_code());
    let extended = source.sqlite_error().map(|error| error.extended_code);
    match code {
        Some(ErrorCode::DiskFull) => Error::Full(folder),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Error::ReadOnly(folder)
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::InUse(folder),
        // On a read-only card SQLite may only say that it could not lock.
        Some(ErrorCode::SystemIoFailure) if is_read_only(&folder) => Error::ReadOnly(folder),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(folder, &source),
        Some(ErrorCode::SystemIoFailure)
            if extended.is_some_and(|code| READING.contains(&code)) =>
        {
            damaged(folder, &source)
        }
        // Our statements fit our schema: where they do not, the schema is damaged.
        Some(ErrorCode::Unknown) => damaged(folder, &source),
        None if is_unreadable(&source) => damaged(folder, &source),
        _ => Error::Sqlite { action, folder, source },
    }
}

/// SQLite's codes for a file that cannot be read: `IOERR_READ`, `IOERR_SHORT_READ`,
/// `IOERR_CORRUPTFS`, `IOERR_DATA`.
const READING: [i32; 4] = [266, 522, 8_458, 8_202];

/// Whether a value is of a type that none of ours has.
const fn is_unreadable(source: &rusqlite::Error) -> bool {
    matches!(
        source,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::QueryReturnedNoRows
            | rusqlite::Error::SqlInputError { .. }
    )
}

fn damaged(folder: PathBuf, source: &rusqlite::Error) -> Error {
    Error::Damaged { folder, what: format!("is damaged: {source}") }
}

/// An error of the file system around the journal.
pub(super) fn sort_io(folder: &Path, source: std::io::Error) -> Error {
    let folder = folder.to_owned();
    match source.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            Error::ReadOnly(folder)
        }
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full(folder),
        _ => Error::Folder { folder, source },
    }
}

/// Whether nothing can be written into a folder, tried with a file of no bytes.
fn is_read_only(folder: &Path) -> bool {
    let file = folder.join("is-writable");
    let tried = std::fs::write(&file, "").and_then(|()| std::fs::remove_file(&file));
    tried.is_err_and(|error| error.kind() == std::io::ErrorKind::ReadOnlyFilesystem)
}
