//! The hub's own keys: what carried deliveries are sealed to, and what signs their receipts.
//!
//! They are a file in the data folder. Hubs that share an archive have the same keys, which it
//! keeps for them: a hub without the file gets them from there.

use std::path::{Path, PathBuf};

use crate::carried::seal::{HubKeys, KEYS_FILE};
use crate::file;
use crate::hub::archive::{self, Archive};

/// The hub's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written, or holds something else.
    #[error("cannot read or create the hub's keys in {}", folder.display())]
    File {
        /// The data folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The hub was one of another archive before.
    #[error(
        "{} is not the key of this archive's hubs: move it away, and this hub takes theirs; what \
         kiosks have sealed to the old one can be opened with it alone, so keep it",
        .0.display()
    )]
    OfAnother(PathBuf),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] archive::Error),
}

/// Reads the keys of the hub with this data folder; makes them at the first time.
///
/// # Errors
/// When the file cannot be read or written, or holds something else.
pub fn read_or_make(data_dir: &Path) -> Result<HubKeys, Error> {
    HubKeys::read_or_make(data_dir)
        .map_err(|source| Error::File { folder: data_dir.to_owned(), source })
}

/// Reads the keys of the hub with this data folder, which are the same for all hubs of an archive
/// that is shared: the first hub gives its own, or makes them, and the others take them over.
///
/// # Errors
/// When the file cannot be used or holds other keys than the archive, or the archive fails.
pub async fn of_archive(archive: &Archive, data_dir: &Path) -> Result<HubKeys, Error> {
    if !archive.is_shared() {
        return read_or_make(data_dir);
    }
    let file = data_dir.join(KEYS_FILE);
    let failed = |source| Error::File { folder: data_dir.to_owned(), source };
    let had_some = file.try_exists().map_err(failed)?;
    if !had_some && let Some(shared) = archive.secret(KEYS_FILE).await? {
        std::fs::create_dir_all(data_dir).map_err(failed)?;
        file::write(&file, &shared).map_err(failed)?;
    }
    let keys = read_or_make(data_dir)?;
    let own = std::fs::read(&file).map_err(failed)?;
    let shared = archive.keep_secret(KEYS_FILE, own.clone()).await?;
    if shared.trim_ascii() == own.trim_ascii() {
        return Ok(keys);
    }
    if had_some {
        return Err(Error::OfAnother(file));
    }
    // Another hub was faster at the first time of all.
    file::write(&file, &shared).map_err(failed)?;
    read_or_make(data_dir)
}
