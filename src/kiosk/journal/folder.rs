//! The journal's folder: its file name, the file system under it, and the size limit.

use std::path::Path;

use super::error::Error;
use super::rescue::high_water;
use super::reserve;

/// The file's name in the data folder.
pub const FILE: &str = "journal.sqlite";

/// Whether anything of a journal is in a folder: the file, or what is left of one, such as its WAL,
/// its mark, or a damaged one that was renamed. A folder that cannot be read is not an empty one.
///
/// # Errors
/// [`Error::Folder`] when the folder is there and cannot be read.
pub fn is_there(folder: &Path) -> Result<bool, Error> {
    let failed = |source| Error::Folder { folder: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(FILE) || name.starts_with(high_water::FILE) {
            return Ok(true);
        }
    }
    Ok(false)
}

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
