//! Backing the archive up with what it needs, and restoring it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::carried::seal::KEYS_FILE;
use crate::file;
use crate::hub::archive::sqlite::backup::{self, Error};
use crate::hub::archive::sqlite::part::Part;
use crate::hub::archive::transfer::{self, Hearer, Manner, ROWS_AT_ONCE};
use crate::hub::archive::{self, Archive};

/// How the settings of the backup are called where they are restored.
const SETTINGS_FILE: &str = "hub.toml.of-backup";

/// Backs up the archive in this folder, its keys and this file of settings into a new file.
///
/// # Errors
/// When it cannot be written and read again; then there is no file of that name.
pub fn write(data_dir: &Path, settings: &Path, to: &Path) -> Result<(), Error> {
    write_of(data_dir, data_dir, settings, to)
}

/// A copy of an archive in PostgreSQL, under a name of its own in the data folder until it is in a
/// backup; deleted then.
#[derive(Debug)]
pub struct Copied(Part);

/// Copies one state of an archive in PostgreSQL into a file, while hubs go on.
///
/// # Errors
/// When it cannot be read or written, or is not the same when it is read again.
pub async fn copy(
    archive: &Archive,
    from: String,
    data_dir: &Path,
    hearer: Hearer,
) -> Result<Copied, transfer::Error> {
    let made = std::fs::create_dir_all(data_dir).and_then(|()| Part::within(data_dir));
    let failed = |error| archive::Error::new("make a copy in the data folder", error);
    let copied = Copied(made.map_err(failed)?);
    let manner = Manner {
        from,
        to: copied.0.folder().display().to_string(),
        rows_at_once: ROWS_AT_ONCE,
        hearer,
        goes_on: Arc::new(|| true),
    };
    let target = Archive::in_folder(copied.0.folder())?;
    let done = transfer::copy_state(archive, &target, &manner).await;
    target.close().await;
    done.map(|_| copied)
}

/// Backs up such a copy, the keys in the data folder and this file of settings into a new file.
///
/// # Errors
/// When it cannot be written and read again; then there is no file of that name.
pub fn write_copy(
    copied: &Copied,
    data_dir: &Path,
    settings: &Path,
    to: &Path,
) -> Result<(), Error> {
    write_of(copied.0.folder(), data_dir, settings, to)
}

fn write_of(archive: &Path, data_dir: &Path, settings: &Path, to: &Path) -> Result<(), Error> {
    let read = |file: &Path, name: &str| {
        let content = backup::beside(file)?;
        Ok(content.map(|content| (name.to_owned(), content)))
    };
    let keys = read(&data_dir.join(KEYS_FILE), KEYS_FILE)?;
    let beside = keys.into_iter().chain(read(settings, SETTINGS_FILE)?).collect();
    backup::write(archive, &beside, to)
}

/// Restores a backup into this empty folder; returns where its settings were put.
///
/// # Errors
/// When the folder is not empty, or the file is no backup; then there is no archive.
pub fn restore(from: &Path, data_dir: &Path) -> Result<Option<PathBuf>, Error> {
    let keys = data_dir.join(KEYS_FILE);
    if backup::is_there(&keys)? {
        return Err(Error::NotEmpty(keys));
    }
    let mut settings = None;
    backup::restore(from, data_dir, |beside| {
        // Nothing but these: a file that came from elsewhere chooses no names.
        for (name, content) in beside {
            let path = match name.as_str() {
                KEYS_FILE => keys.clone(),
                SETTINGS_FILE => data_dir.join(SETTINGS_FILE),
                _ => continue,
            };
            file::write(&path, &content).map_err(|error| Error::File(path.clone(), error))?;
            settings = settings.take().or_else(|| (name == SETTINGS_FILE).then_some(path));
        }
        Ok(())
    })?;
    Ok(settings)
}
