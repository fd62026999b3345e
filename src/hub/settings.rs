//! The hub's configuration: what `hub.toml` says, checked whole, with every complaint at once.
//!
//! `systemd/hub.toml` is the reference; a test reads it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::{self, Complaints};

/// Everything the hub needs to know at start, with limits checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the archive is kept.
    pub data_dir: PathBuf,
    /// Where kiosks deliver.
    pub listen: SocketAddr,
    /// Where the dashboard is.
    pub dashboard: SocketAddr,
    /// The certificate that both are served with; plain HTTP when none.
    pub tls: Option<Tls>,
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, with its chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    listen: Option<String>,
    dashboard: DashboardPart,
    tls: TlsPart,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DashboardPart {
    listen: Option<String>,
    open_to_network: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TlsPart {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Settings {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Every complaint at once, each with its key and what is allowed.
    pub fn read(file: &Path) -> Result<Self, Complaints> {
        let (shape, mut complaints) = config::read::<File>(file)?;
        let settings = shape.check(&mut complaints);
        complaints.or(settings)
    }

    /// The settings of a hub that nobody has configured, on any free ports of this machine.
    #[must_use]
    pub fn plain(data_dir: &Path) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { data_dir: data_dir.to_owned(), listen: any, dashboard: any, tls: None }
    }
}

impl File {
    fn check(self, complaints: &mut Complaints) -> Settings {
        let data_dir = self.data_dir.unwrap_or_default();
        let is_given = !data_dir.as_os_str().is_empty();
        complaints.unless(is_given, "data_dir", "is missing: name a folder on a durable disk");
        let listen = address(complaints, "listen", self.listen, 8480);
        let dashboard = address(complaints, "dashboard.listen", self.dashboard.listen, 8481);
        let is_private = dashboard.ip().is_loopback() || self.dashboard.open_to_network;
        complaints.unless(
            is_private,
            "dashboard.listen",
            "would show every number to whoever can reach it, since the dashboard has no login \
             yet: listen on 127.0.0.1 and put a reverse proxy with a login before it, or set \
             dashboard.open_to_network = true",
        );
        let tls = match (self.tls.certificate, self.tls.key) {
            (Some(certificate), Some(key)) => Some(Tls { certificate, key }),
            (None, None) => None,
            (None, Some(_)) => {
                complaints.add("tls.certificate", "is missing: a key needs its certificate");
                None
            }
            (Some(_), None) => {
                complaints.add("tls.key", "is missing: a certificate needs its key");
                None
            }
        };
        let is_safe = listen.ip().is_loopback() || tls.is_some();
        complaints.unless(
            is_safe,
            "listen",
            "would take tokens over plain HTTP from the network: set tls.certificate and tls.key, \
             or listen on 127.0.0.1 behind a reverse proxy that has them",
        );
        Settings { data_dir, listen, dashboard, tls }
    }
}

fn address(
    complaints: &mut Complaints,
    key: &str,
    text: Option<String>,
    usual_port: u16,
) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], usual_port));
    text.map_or(usual, |text| {
        text.parse().unwrap_or_else(|_| {
            complaints.add(key, format!("{text:?} is not an address such as 127.0.0.1:8480"));
            usual
        })
    })
}
