//! The part `[archive]` of `hub.toml`: where the archive is, if not in a file of the data folder.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::Complaints;
use crate::hub::archive::ArchiveSettings;
use crate::hub::archive::postgres::{ArchiveAddress, CONNECTIONS};

/// The name of the password among the credentials that systemd hands over.
const CREDENTIAL: &str = "archive-password";

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ArchivePart {
    url: Option<String>,
    url_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    connections: Option<u32>,
    pooled: Option<bool>,
    replica: Option<String>,
}

impl ArchivePart {
    pub(super) fn check(self, complaints: &mut Complaints) -> ArchiveSettings {
        let connections = usize::try_from(self.connections.unwrap_or(0)).unwrap_or(usize::MAX);
        let is_sane = self.connections.is_none() || (2..=1_000).contains(&connections);
        complaints.unless(is_sane, "archive.connections", "must be 2 to 1000");
        let connections = if self.connections.is_some() { connections } else { CONNECTIONS };
        let (key, url) = match (self.url, self.url_file) {
            (Some(_), Some(_)) => {
                complaints.add("archive.url_file", "stands beside archive.url: keep one of them");
                return ArchiveSettings::default();
            }
            (Some(url), None) => ("archive.url", url),
            (None, Some(file)) => match std::fs::read_to_string(&file) {
                Ok(url) => ("archive.url_file", url.trim().to_owned()),
                Err(error) => {
                    let what = format!("{} cannot be read: {error}", file.display());
                    complaints.add("archive.url_file", what);
                    return ArchiveSettings::default();
                }
            },
            (None, None) => {
                for (key, is_given) in [
                    ("archive.password_file", self.password_file.is_some()),
                    ("archive.ca_file", self.ca_file.is_some()),
                    ("archive.connections", self.connections.is_some()),
                    ("archive.pooled", self.pooled.is_some()),
                    ("archive.replica", self.replica.is_some()),
                ] {
                    complaints.unless(!is_given, key, "needs archive.url");
                }
                return ArchiveSettings::default();
            }
        };
        let address = match ArchiveAddress::read(&url) {
            Ok(address) => address,
            Err(what) => {
                complaints.add(key, what);
                return ArchiveSettings::default();
            }
        };
        let has_password = address.has_password();
        let is_one = self.password_file.is_none() || !has_password;
        let what = "stands beside a password in the address: keep one of them";
        complaints.unless(is_one, "archive.password_file", what);
        let handed_over = || if has_password { None } else { credential() };
        let address = address
            .with_password_file(self.password_file.or_else(handed_over))
            .vouched_by(self.ca_file)
            .with_connections(connections)
            .pooled(self.pooled.unwrap_or_default());
        let replica = self.replica.and_then(|url| match ArchiveAddress::read(&url) {
            Ok(replica) => Some(replica.standby_of(&address)),
            Err(what) => {
                complaints.add("archive.replica", what);
                None
            }
        });
        ArchiveSettings { postgres: Some(address), replica }
    }
}

/// The password that systemd hands over, if it does.
fn credential() -> Option<PathBuf> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    Some(Path::new(&folder).join(CREDENTIAL)).filter(|file| file.exists())
}
