//! The journal's folder: its file name, the file system under it, and the size limit.

use std::path::Path;

use super::error::Error;
use super::reserve;

/// The file's name in the data folder.
pub const FILE: &str = "journal.sqlite";

/// Refuses a folder on an overlay, a RAM disk or another machine's disk.
///
/// # Errors
/// [`Error::Volatile`] names the file system; [`Error::Folder`] when the folder cannot be created.
pub fn refuse_volatile(folder: &Path) -> Result<(), Error> {
    let folder = folder.to_owned();
    if let Err(source) = std::fs::create_dir_all(&folder) {
        return Err(Error::Folder { folder, source });
    }
    match reserve::unsafe_ground(&folder) {
        Some(kind) => Err(Error::Volatile { folder, kind }),
        None => Ok(()),
    }
}

/// How large the journal may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that the database may have.
    pub bytes_max: u64,
}

impl Default for Limits {
    /// A gigabyte: ten million ratings.
    fn default() -> Self {
        Self { bytes_max: 1024 * 1024 * 1024 }
    }
}
