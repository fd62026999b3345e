//! The journal's errors, told apart by who can cure them.
//!
//! A person frees space or stops another kiosk; the journal itself quarantines a damaged file; any
//! other error may be gone at the next try.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the journal cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No space is left on the card.
    #[error("no space is left for the journal: free some space in {}", .0.display())]
    Full(PathBuf),
    /// The journal has reached its largest size, and no event in it is settled.
    #[error(
        "journal in {} is as large as journal_max_mb allows, and head office has confirmed no \
         event that could be deleted", .0.display()
    )]
    AtLimit(PathBuf),
    /// The folder or the file cannot be written.
    #[error("cannot write the journal in {}: is the card or the folder read-only?", .0.display())]
    ReadOnly(PathBuf),
    /// Another process has the journal open.
    #[error("journal in {} is in use: is another smilepost-kiosk running?", .0.display())]
    InUse(PathBuf),
    /// The journal was written by a newer program.
    #[error(
        "journal in {} has schema {found}, but this program knows schemas only up to {known}; \
         the file was left untouched: install the newer smilepost-kiosk again", .folder.display()
    )]
    Newer {
        /// Where the journal is.
        folder: PathBuf,
        /// The schema it has.
        found: i32,
        /// The newest that this program knows.
        known: i32,
    },
    /// The data folder is not a folder, or cannot be created.
    #[error("data folder {} cannot be used", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The data folder is on a file system that a restart wipes, or on which SQLite is not safe.
    #[error(
        "data folder {} is on {kind}: ratings would not be safe there. Name a folder on a durable \
         disk as data_dir, or set allow_volatile = true for a trial", .folder.display()
    )]
    Volatile {
        /// The folder.
        folder: PathBuf,
        /// The kind of file system.
        kind: &'static str,
    },
    /// Another file has the journal's name, and what the journal holds cannot be copied yet.
    #[error(
        "journal in {} was replaced or deleted by somebody; its ratings are still in memory, but \
         cannot be written: free some space, and do not restart the kiosk", .folder.display()
    )]
    Replaced {
        /// Where the journal is.
        folder: PathBuf,
        /// Why it cannot be copied.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is damaged and has to be quarantined.
    #[error("journal in {} {what}", .folder.display())]
    Damaged {
        /// Where the journal is.
        folder: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// An SQLite step failed for a reason that may pass.
    #[error("cannot {action} the journal in {}", .folder.display())]
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
    /// Whether a person has to act before the kiosk can run at all.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::InUse(_) | Self::Newer { .. } | Self::Folder { .. } | Self::Volatile { .. }
        )
    }
}

/// Classifies an SQLite error: a person can cure it, the file is damaged, or it may pass.
pub(super) fn classify(folder: &Path, action: &'static str, source: rusqlite::Error) -> Error {
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
        // Our statements fit our schema; where one does not, the schema is damaged.
        Some(ErrorCode::Unknown) => damaged(folder, &source),
        None if is_unreadable(&source) => damaged(folder, &source),
        _ => Error::Sqlite { action, folder, source },
    }
}

/// SQLite's codes for a file that cannot be read: `IOERR_READ`, `IOERR_SHORT_READ`,
/// `IOERR_CORRUPTFS`, `IOERR_DATA`.
const READING: [i32; 4] = [266, 522, 8_458, 8_202];

/// Whether a value has a type that the journal never writes.
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
pub(super) fn classify_io(folder: &Path, source: std::io::Error) -> Error {
    let folder = folder.to_owned();
    match source.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            Error::ReadOnly(folder)
        }
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full(folder),
        _ => Error::Folder { folder, source },
    }
}

/// Whether a folder is read-only, tried with an empty file.
fn is_read_only(folder: &Path) -> bool {
    let file = folder.join("is-writable");
    let tried = std::fs::write(&file, "").and_then(|()| std::fs::remove_file(&file));
    tried.is_err_and(|error| error.kind() == std::io::ErrorKind::ReadOnlyFilesystem)
}
