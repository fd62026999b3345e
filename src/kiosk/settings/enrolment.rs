//! The enrolment: the kiosk's hub and token, in a file of the data folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::file;
use crate::wire::enrolment::Keys;

/// The enrolment's file in the data folder, readable by the kiosk alone.
pub const ENROLMENT_FILE: &str = "enrolment.toml";

/// A kiosk's hub, its token and its place.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The hub's address, such as `https://hub.example.com`; empty where there is no network to it.
    pub hub: String,
    /// The kiosk's name at the hub.
    pub kiosk: String,
    /// The token, 64 hexadecimal digits.
    pub token: String,
    /// The next token, which the hub has not confirmed yet: either one may be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    /// The token before this one, for a hub that was restored from an older backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_token: Option<String>,
    /// The shop's name at the hub.
    pub shop: String,
    /// The shop's IANA time zone, as the hub knows it.
    pub zone: String,
    /// Where in the shop the kiosk is, as the hub knows it.
    #[serde(default)]
    pub touchpoint: String,
    /// The hub's keys, for deliveries that are carried by hand; a kiosk that was enrolled before
    /// there were any has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub_keys: Option<Keys>,
}

impl std::fmt::Debug for Enrolment {
    /// Leaves out the token, so that no log holds one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Enrolment");
        shown.field("hub", &self.hub).field("kiosk", &self.kiosk).finish_non_exhaustive()
    }
}

/// The enrolment cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", .file.display())]
pub struct EnrolmentError {
    action: &'static str,
    file: PathBuf,
    #[source]
    source: std::io::Error,
}

impl Enrolment {
    /// Reads the enrolment of the kiosk with this data folder, if it has one.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, EnrolmentError> {
        let file = data_dir.join(ENROLMENT_FILE);
        let failed = |source| EnrolmentError { action: "read", file: file.clone(), source };
        match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
            Ok(text) => {
                toml::from_str(&text).map(Some).map_err(|e| failed(std::io::Error::other(e)))
            }
        }
    }

    /// Checks that the enrolment can be written, before a one-time code is used up.
    ///
    /// # Errors
    /// When the folder cannot be created or written.
    pub fn can_be_written(data_dir: &Path) -> Result<(), EnrolmentError> {
        let file = data_dir.join(ENROLMENT_FILE).with_extension("try");
        let tried = std::fs::create_dir_all(data_dir)
            .and_then(|()| std::fs::write(&file, ""))
            .and_then(|()| std::fs::remove_file(&file));
        tried.map_err(|source| EnrolmentError { action: "write", file, source })
    }

    /// The tokens that may be valid, the likeliest first; there is always one.
    #[must_use]
    pub fn tokens(&self) -> Vec<&str> {
        let (next, former) = (self.next_token.as_deref(), self.former_token.as_deref());
        next.into_iter().chain([self.token.as_str()]).chain(former).collect()
    }

    /// Writes the enrolment as [`Enrolment::write`] does, unless the kiosk was enrolled again.
    ///
    /// # Errors
    /// When the kiosk was enrolled again, or the folder cannot be written.
    pub fn write_if(&self, is_ours: bool, data_dir: &Path) -> Result<(), EnrolmentError> {
        if is_ours {
            return self.write(data_dir);
        }
        let action = "renew the token in";
        let file = data_dir.join(ENROLMENT_FILE);
        let source = std::io::Error::other("the kiosk was enrolled again meanwhile; restart it");
        Err(EnrolmentError { action, file, source })
    }

    /// Writes the enrolment so that a power cut leaves either the old one or the new one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, data_dir: &Path) -> Result<(), EnrolmentError> {
        let file = data_dir.join(ENROLMENT_FILE);
        let text = toml::to_string(self).map_err(std::io::Error::other);
        let written = text.and_then(|text| file::write(&file, text.as_bytes()));
        written.map_err(|source| EnrolmentError { action: "write", file, source })
    }
}
