//! The hub's own keys: what carried deliveries are sealed to, and what signs their receipts.
//!
//! They are a file in the data folder. Two hubs with a folder each have two keys, and a kiosk that
//! was enrolled at one of them cannot send carried deliveries to the other.

use std::path::{Path, PathBuf};

use crate::carried::seal::HubKeys;

/// The hub's keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read or create the hub's keys in {}", folder.display())]
pub struct Error {
    folder: PathBuf,
    #[source]
    source: std::io::Error,
}

/// Reads the keys of the hub with this data folder; makes them at the first time.
///
/// # Errors
/// When the file cannot be read or written, or holds something else.
pub fn read_or_make(data_dir: &Path) -> Result<HubKeys, Error> {
    HubKeys::read_or_make(data_dir).map_err(|source| Error { folder: data_dir.to_owned(), source })
}
