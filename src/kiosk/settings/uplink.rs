//! The table `uplink`: the way to head office.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::config::Complaints;

/// The way to head office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// How long a new rating waits for others before it is sent.
    pub coalesce: Duration,
    /// How often an idle kiosk sends a delivery.
    pub idle: Duration,
    /// The first delivery after start waits up to this long, drawn by chance, so that after a power
    /// cut not all kiosks of a city send in the same second.
    pub first_max: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the hub may be silent while it answers.
    pub read_timeout: Duration,
    /// How long a delivery may take in all.
    pub timeout: Duration,
    /// A file of certificates to trust beside the system's, for a hub with a private one.
    pub ca_file: Option<PathBuf>,
    /// The proxy on the way.
    pub proxy: ProxyChoice,
    /// A file with the password for the name in the proxy's address.
    pub proxy_password_file: Option<PathBuf>,
}

/// Which proxy is on the way to head office.
#[derive(Clone, PartialEq, Eq)]
pub enum ProxyChoice {
    /// The one that the environment names, as for other programs, if it names any.
    Environment,
    /// None, whatever the environment says.
    None,
    /// The one at this address, such as `http://name@proxy.example.com:3128`.
    At(String),
}

impl std::fmt::Debug for ProxyChoice {
    /// Leaves the address out, which may have a password by mistake.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::None => "None",
            Self::At(_) => "At",
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UplinkPart {
    coalesce_ms: Option<u32>,
    idle_s: Option<u32>,
    first_max_ms: Option<u32>,
    connect_timeout_ms: Option<u32>,
    read_timeout_ms: Option<u32>,
    timeout_ms: Option<u32>,
    ca_file: Option<PathBuf>,
    proxy: Option<String>,
    proxy_password_file: Option<PathBuf>,
}

impl UplinkPart {
    pub(super) fn check(self, complaints: &mut Complaints) -> Uplink {
        let proxy = proxy(self.proxy, self.proxy_password_file.is_some(), complaints);
        let mut between = |key: &str, value: Option<u32>, usual: u32, least: u32, most: u32| {
            let value = value.unwrap_or(usual);
            let what = format!("{value} is not {least} to {most}");
            complaints.unless((least..=most).contains(&value), &format!("uplink.{key}"), what);
            Duration::from_millis(u64::from(value))
        };
        Uplink {
            coalesce: between("coalesce_ms", self.coalesce_ms, 500, 0, 60_000),
            idle: between("idle_s", self.idle_s, 300, 1, 86_400) * 1_000,
            first_max: between("first_max_ms", self.first_max_ms, 10_000, 0, 3_600_000),
            connect_timeout: between(
                "connect_timeout_ms",
                self.connect_timeout_ms,
                10_000,
                1,
                120_000,
            ),
            read_timeout: between("read_timeout_ms", self.read_timeout_ms, 20_000, 1, 120_000),
            timeout: between("timeout_ms", self.timeout_ms, 60_000, 1, 600_000),
            ca_file: self.ca_file,
            proxy,
            proxy_password_file: self.proxy_password_file,
        }
    }
}

fn proxy(given: Option<String>, has_file: bool, complaints: &mut Complaints) -> ProxyChoice {
    const KEY: &str = "uplink.proxy";
    let Some(given) = given.map(|given| given.trim().to_owned()) else {
        return ProxyChoice::Environment;
    };
    if given.is_empty() || given == "none" {
        let what = "has a password for no proxy: name it in uplink.proxy";
        complaints.unless(!has_file, "uplink.proxy_password_file", what);
        return ProxyChoice::None;
    }
    let (scheme, rest) = given.split_once("://").unwrap_or(("http", &given));
    let is_known = ["http", "https", "socks5", "socks5h"].contains(&scheme);
    complaints.unless(
        is_known,
        KEY,
        "begins neither with http:// nor with https://, socks5:// or socks5h://; \"none\" does \
         without a proxy",
    );
    let (login, place) =
        rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
    let (place, path) = place.split_once('/').unwrap_or((place, ""));
    let is_place = !place.is_empty() && path.is_empty() && !place.contains(char::is_whitespace);
    let example = "is not an address such as http://proxy.example.com:3128";
    complaints.unless(is_place, KEY, example);
    let (name, password) = login.map_or((None, None), |login| match login.split_once(':') {
        Some((name, password)) => (Some(name), Some(password)),
        None => (Some(login), None),
    });
    let is_plain = name.is_none_or(|name| !name.contains(['\\', '/', '@']));
    complaints.unless(is_plain, KEY, "has a name with \\, / or @: write these as %5C, %2F and %40");
    complaints.unless(
        password.is_none(),
        KEY,
        "has a password in it, which whoever sees this file can read: write it into a file of its \
         own, and name that with proxy_password_file",
    );
    complaints.unless(
        name.is_some() || !has_file,
        "uplink.proxy_password_file",
        "has a password for nobody: write the name into uplink.proxy, as in \
         http://name@proxy.example.com:3128",
    );
    ProxyChoice::At(given)
}
