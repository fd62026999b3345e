//! Backing the archive up with what it needs, and restoring it.

use std::path::{Path, PathBuf};

use crate::carried::seal::KEYS_FILE;
use crate::file;
use crate::hub::archive::sqlite::backup::{self, Error};

/// How the settings of the backup are called where they are restored.
const SETTINGS_FILE: &str = "hub.toml.of-backup";

/// Backs up the archive in this folder, its keys and this file of settings into a new file.
///
/// # Errors
/// When it cannot be written and read again; then there is no file of that name.
pub fn write(data_dir: &Path, settings: &Path, to: &Path) -> Result<(), Error> {
    let read = |file: &Path, name: &str| {
        let content = backup::beside(file)?;
        Ok(content.map(|content| (name.to_owned(), content)))
    };
    let keys = read(&data_dir.join(KEYS_FILE), KEYS_FILE)?;
    let beside = keys.into_iter().chain(read(settings, SETTINGS_FILE)?).collect();
    backup::write(data_dir, &beside, to)
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
