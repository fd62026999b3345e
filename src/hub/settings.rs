//! The hub's configuration: reads `hub.toml`, checks it whole, and reports every complaint at once.
//!
//! `systemd/hub.toml` is the reference; a test reads it.

mod archive;
mod keep;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use self::archive::ArchivePart;
use self::keep::KeepPart;
use crate::config::{self, Complaints};
use crate::digits;
use crate::hub::archive::ArchiveSettings;
use crate::hub::rules::keeping::Kept;
use crate::web::hosts::is_name;
use crate::web::limits as web;
use crate::web::proxies::{self, Header, Proxies};
use crate::web::server::Files;

/// How many connections one address may have where nobody says otherwise.
const CONNECTIONS_OF_ONE_MAX: usize = 64;

/// So many bytes are a mebibyte.
pub const MIB: u64 = 1_024 * 1_024;

/// Everything the hub needs to know at start, with limits checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the hub keeps its files, and the archive unless `archive` says another place.
    pub data_dir: PathBuf,
    /// Where the archive is kept.
    pub archive: ArchiveSettings,
    /// Where kiosks deliver.
    pub listen: SocketAddr,
    /// Where head office's page is served.
    pub dashboard: SocketAddr,
    /// By which names people ask for it, beside those of this machine.
    pub dashboard_names: Vec<String>,
    /// The certificate that both are served with; without one, plain HTTP.
    pub tls: Option<Files>,
    /// How many requests the hub takes.
    pub limits: Limits,
    /// For how long what was received is kept.
    pub kept: Kept,
    /// The reverse proxies in front of both.
    pub proxies: Proxies,
}

/// How much the hub takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one kiosk in a minute.
    pub requests_per_minute: u32,
    /// Requests of kiosks that are served at once.
    pub deliveries_at_once: u32,
    /// How much of one kiosk is kept in a day, in mebibytes.
    pub mib_a_day: u32,
    /// How many connections one address may have at each listener; without it, 64, and as many as
    /// there are at a listener of this machine alone, where they all come from a reverse proxy.
    pub connections_of_one: Option<u32>,
    /// For how long a page is shown again before its numbers are counted anew, in seconds.
    pub page_seconds: u32,
    /// What each listener bears of connections beside that.
    pub connections: web::Limits,
}

impl Limits {
    /// How much of one kiosk is kept in a day, in bytes.
    #[must_use]
    pub fn bytes_a_day(&self) -> u64 {
        u64::from(self.mib_a_day) * MIB
    }

    /// What the listener at this address bears.
    #[must_use]
    pub fn connections_at(&self, address: SocketAddr) -> web::Limits {
        let given = self.connections_of_one.and_then(|given| usize::try_from(given).ok());
        let is_behind_a_proxy = address.ip().is_loopback();
        let usual = if is_behind_a_proxy {
            self.connections.connections_max
        } else {
            CONNECTIONS_OF_ONE_MAX
        };
        web::Limits { connections_of_one_max: given.unwrap_or(usual), ..self.connections }
    }
}

impl Default for Limits {
    /// Ten deliveries a second from one kiosk: five thousand ratings a second of a backlog. A
    /// rating takes some 300 bytes, so that a day's budget is for 800,000 of them.
    fn default() -> Self {
        Self {
            requests_per_minute: 600,
            deliveries_at_once: 64,
            mib_a_day: 256,
            connections_of_one: None,
            page_seconds: 5,
            connections: web::Limits {
                connections_max: 2_048,
                connections_of_one_max: CONNECTIONS_OF_ONE_MAX,
                requests_max: 1_000,
                handshake: Duration::from_secs(15),
                headers: Duration::from_secs(15),
                body: Duration::from_secs(15),
                answer: Duration::from_secs(60),
                write: Duration::from_secs(20),
                life: Duration::from_secs(10 * 60),
                linger: Duration::from_secs(5),
            },
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    listen: Option<String>,
    trusted_proxies: Vec<String>,
    proxy_header: Option<String>,
    tls_at_proxy: bool,
    dashboard: DashboardPart,
    tls: TlsPart,
    limits: LimitsPart,
    archive: ArchivePart,
    keep: KeepPart,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DashboardPart {
    listen: Option<String>,
    names: Vec<String>,
    open_to_network: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TlsPart {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsPart {
    requests_per_minute: Option<u32>,
    deliveries_at_once: Option<u32>,
    mib_a_day: Option<u32>,
    connections: Option<u32>,
    connections_of_one_address: Option<u32>,
    page_seconds: Option<u32>,
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
        Self {
            data_dir: data_dir.to_owned(),
            archive: ArchiveSettings::default(),
            listen: any,
            dashboard: any,
            dashboard_names: Vec::new(),
            tls: None,
            limits: Limits::default(),
            kept: Kept::default(),
            proxies: Proxies::default(),
        }
    }
}

impl File {
    fn check(self, complaints: &mut Complaints) -> Settings {
        let data_dir = self.data_dir.unwrap_or_default();
        let is_given = !data_dir.as_os_str().is_empty();
        complaints.unless(is_given, "data_dir", "is missing: name a folder on a durable disk");
        let listen = address(complaints, "listen", self.listen, 8480);
        let dashboard = address(complaints, "dashboard.listen", self.dashboard.listen, 8481);
        let proxies = proxies(
            &self.trusted_proxies,
            self.proxy_header.as_deref(),
            self.tls_at_proxy,
            complaints,
        );
        let is_private =
            dashboard.ip().is_loopback() || self.dashboard.open_to_network || proxies.is_only_way;
        complaints.unless(
            is_private,
            "dashboard.listen",
            "would show every number to anybody who can reach it, since the page has no login yet: \
             listen on 127.0.0.1 and put a reverse proxy with a login before it (tls_at_proxy if \
             it is elsewhere), or set dashboard.open_to_network = true",
        );
        let dashboard_names = self.dashboard.names;
        for name in dashboard_names.iter().filter(|name| !is_name(name)) {
            let what = format!("{name:?} is not a host name such as hub.example.org");
            complaints.add("dashboard.names", what);
        }
        let tls = match (self.tls.certificate, self.tls.key) {
            (Some(certificate), Some(key)) => Some(Files { certificate, key }),
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
        let is_safe = listen.ip().is_loopback() || tls.is_some() || proxies.is_only_way;
        complaints.unless(
            is_safe,
            "listen",
            "would receive tokens over plain HTTP from the network: set tls.certificate and \
             tls.key, or listen on 127.0.0.1 behind a reverse proxy that has a certificate; if \
             that proxy is on another machine or in another container, set tls_at_proxy and \
             trusted_proxies",
        );
        let usual = Limits::default();
        let limits = Limits {
            requests_per_minute: self
                .limits
                .requests_per_minute
                .unwrap_or(usual.requests_per_minute),
            deliveries_at_once: self.limits.deliveries_at_once.unwrap_or(usual.deliveries_at_once),
            mib_a_day: self.limits.mib_a_day.unwrap_or(usual.mib_a_day),
            connections_of_one: self.limits.connections_of_one_address,
            page_seconds: self.limits.page_seconds.unwrap_or(usual.page_seconds),
            connections: web::Limits {
                connections_max: self
                    .limits
                    .connections
                    .and_then(|given| usize::try_from(given).ok())
                    .unwrap_or(usual.connections.connections_max),
                ..usual.connections
            },
        };
        let is_sane = (16..=100_000).contains(&limits.connections.connections_max);
        complaints.unless(is_sane, "limits.connections", "must be 16 to 100000");
        let is_sane = limits.connections_of_one.is_none_or(|one| (1..=100_000).contains(&one));
        complaints.unless(is_sane, "limits.connections_of_one_address", "must be 1 to 100000");
        let is_sane = (6..=1_000_000).contains(&limits.requests_per_minute);
        complaints.unless(is_sane, "limits.requests_per_minute", "must be 6 to 1000000");
        let is_sane = (1..=10_000).contains(&limits.deliveries_at_once);
        complaints.unless(is_sane, "limits.deliveries_at_once", "must be 1 to 10000");
        let is_sane = (1..=1_000_000).contains(&limits.mib_a_day);
        complaints.unless(is_sane, "limits.mib_a_day", "must be 1 to 1000000");
        complaints.unless(limits.page_seconds <= 600, "limits.page_seconds", "must be 0 to 600");
        let archive = self.archive.check(complaints);
        let kept = self.keep.check(complaints);
        Settings {
            data_dir,
            archive,
            listen,
            dashboard,
            dashboard_names,
            tls,
            limits,
            kept,
            proxies,
        }
    }
}

fn proxies(
    trusted: &[String],
    header: Option<&str>,
    is_only_way: bool,
    complaints: &mut Complaints,
) -> Proxies {
    let mut nets = Vec::new();
    for text in trusted {
        match proxies::net(text.trim()) {
            Ok(net) => nets.push(net),
            Err(what) => complaints.add("trusted_proxies", format!("{text:?} {what}")),
        }
    }
    let is_named = !is_only_way || !trusted.is_empty();
    let what = "needs trusted_proxies: the address of the proxy, which alone is served then";
    complaints.unless(is_named, "tls_at_proxy", what);
    let header = match header.map(str::to_ascii_lowercase).as_deref() {
        None | Some("x-forwarded-for") => Header::XForwardedFor,
        Some("forwarded") => Header::Forwarded,
        Some(_) => {
            let what = "is neither \"x-forwarded-for\" nor \"forwarded\"";
            complaints.add("proxy_header", what);
            Header::default()
        }
    };
    Proxies { trusted: nets.into(), header, is_only_way }
}

fn address(
    complaints: &mut Complaints,
    key: &str,
    text: Option<String>,
    usual_port: u16,
) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], usual_port));
    text.map_or(usual, |text| {
        digits::plain(text.trim()).parse().unwrap_or_else(|_| {
            complaints.add(key, format!("{text:?} is not an address such as 127.0.0.1:8480"));
            usual
        })
    })
}
