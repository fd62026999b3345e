//! The PIN's hash in the data folder, and what head office said of it last.

use std::path::{Path, PathBuf};

use crate::file;

/// The file of the hash in the data folder.
pub const FILE: &str = "pin";

/// The file of the number of the PIN that head office gave last, beside it.
const GIVEN_FILE: &str = "pin-given";

/// The names that the files of the PIN begin with.
pub const OWN_FILES: [&str; 1] = [FILE];

/// The PIN cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the PIN to {}", .0.display())]
pub struct Unwritten(PathBuf, #[source] std::io::Error);

/// Keeps the hash of a PIN for the kiosk with this data folder; whoever tries next needs it.
///
/// # Errors
/// When it cannot be written.
pub fn set(data_dir: &Path, hash: &str) -> Result<(), Unwritten> {
    let file = data_dir.join(FILE);
    file::write(&file, hash.as_bytes()).map_err(|error| Unwritten(file, error))
}

/// Forgets the PIN, so that nobody gets in; false when there was none.
///
/// # Errors
/// When it cannot be removed.
pub fn unset(data_dir: &Path) -> Result<bool, Unwritten> {
    let file = data_dir.join(FILE);
    match std::fs::remove_file(&file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Unwritten(file, error)),
    }
}

/// Keeps what head office says of the PIN: another one, or that there is none any more. One that
/// was set on the kiosk since then goes, since head office has spoken last.
///
/// # Errors
/// When it cannot be written; head office says it again.
pub fn adopt(data_dir: &Path, number: u64, hash: Option<&str>) -> Result<(), Unwritten> {
    match hash {
        Some(hash) => set(data_dir, hash)?,
        None => unset(data_dir).map(drop)?,
    }
    // The number comes last, so that a power cut in between has it said once more.
    let file = data_dir.join(GIVEN_FILE);
    let written = file::write(&file, number.to_string().as_bytes());
    written.map_err(|error| Unwritten(file, error))
}

/// The number of what head office said last of the PIN; none where it never has.
#[must_use]
pub fn given(data_dir: &Path) -> Option<u64> {
    std::fs::read_to_string(data_dir.join(GIVEN_FILE)).ok()?.trim().parse().ok()
}

/// Forgets what a former head office said of the PIN, whose numbers are not the next one's.
///
/// # Errors
/// When it cannot be removed.
pub fn forget_given(data_dir: &Path) -> Result<(), Unwritten> {
    let file = data_dir.join(GIVEN_FILE);
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Unwritten(file, error)),
        _ => Ok(()),
    }
}

/// Whether a PIN was set. One that cannot be looked at was.
#[must_use]
pub fn is_set(data_dir: &Path) -> bool {
    data_dir.join(FILE).try_exists().unwrap_or(true)
}

/// The hash that is kept; none where no PIN was set. One that cannot be read lets nobody in either,
/// and the log says so.
#[must_use]
pub fn kept(data_dir: &Path) -> Option<String> {
    let file = data_dir.join(FILE);
    let complain = |error: &std::io::Error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            let file = file.display();
            tracing::error!(%error, %file, "the PIN cannot be read, so nobody can open the desk");
        }
    };
    std::fs::read_to_string(&file).inspect_err(complain).ok()
}
