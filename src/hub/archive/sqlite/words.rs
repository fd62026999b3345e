//! What SQLite says when something is wrong, in words for whoever runs the hub.

use rusqlite::ErrorCode;

/// What SQLite's word for a failure means for whoever runs the hub.
pub(super) const fn why(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::DiskFull => "its disk is full: make room on it",
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
            "the archive is read-only for it: give its data folder back to it"
        }
        ErrorCode::CannotOpen => "a file of the archive is missing, or the hub may not open it",
        ErrorCode::SystemIoFailure => "its disk fails: look at the system's log, and replace it",
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            "the archive is damaged: restore it from a backup"
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "another program keeps the archive locked"
        }
        ErrorCode::OutOfMemory => "it has too little memory",
        _ => return None,
    })
}
