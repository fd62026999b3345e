//! The proxy on the way to head office: the configured one, or the one that the environment names
//! as it does for other programs.

use std::fmt;
use std::path::{Path, PathBuf};

use reqwest::Url;

use super::error::Error;
use crate::kiosk::settings::ProxyChoice;

/// The variables that name a proxy for `https://`, the first that is set.
const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// The variables that list what is reached without one.
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The key of the configuration that names a proxy.
const KEY: &str = "uplink.proxy";

/// The longest password file, in bytes.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// A proxy, and who named it.
#[derive(Clone)]
pub(super) struct Proxy {
    address: Url,
    /// A key of the configuration, or a variable of the environment.
    source: &'static str,
}

impl fmt::Display for Proxy {
    /// Without name and password, for a sentence that begins with "the proxy".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.address.host_str().unwrap_or_default();
        write!(f, "{}://{host}", self.address.scheme())?;
        if let Some(port) = self.address.port() {
            write!(f, ":{port}")?;
        }
        write!(f, " ({})", self.source)
    }
}

impl fmt::Debug for Proxy {
    /// Leaves the password out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl Proxy {
    /// The proxy on the way to this hub, if there is one. Nothing stands between a kiosk and a hub
    /// on the same machine.
    pub(super) fn on_the_way(
        choice: &ProxyChoice,
        password_file: Option<&Path>,
        hub: &Url,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        if is_this_machine(hub) {
            return Ok(None);
        }
        let named = match choice {
            ProxyChoice::None => None,
            ProxyChoice::At(address) => Some((KEY, address.clone())),
            ProxyChoice::Environment => named_by(variable, hub),
        };
        let Some((source, text)) = named else {
            return Ok(None);
        };
        let mut address = parse(&text).ok_or(Error::Proxy { key: source, what: NO_ADDRESS })?;
        if let Some(file) = password_file {
            let unread = |source| Error::ProxyPassword { file: PathBuf::from(file), source };
            let password = std::fs::read(file).map_err(unread)?;
            let password = password_in(&password).ok_or(Error::Proxy {
                key: "uplink.proxy_password_file",
                what: "the file has no password in its first line",
            })?;
            let no_name = Error::Proxy { key: source, what: NO_NAME };
            if address.username().is_empty() || address.set_password(Some(password)).is_err() {
                return Err(no_name);
            }
        }
        Ok(Some(Self { address, source }))
    }

    /// The proxy as the HTTP client wants it.
    pub(super) fn for_client(&self) -> Result<reqwest::Proxy, Error> {
        let unfit = |_| Error::Proxy { key: self.source, what: NO_ADDRESS };
        reqwest::Proxy::all(self.address.clone()).map_err(unfit)
    }

    /// Whether it is told a password.
    pub(super) fn has_password(&self) -> bool {
        self.address.password().is_some()
    }

    /// What to look at when it is wrong.
    pub(super) const fn source(&self) -> &'static str {
        self.source
    }
}

/// Whether the hub runs on the kiosk's own machine.
pub(super) fn is_this_machine(hub: &Url) -> bool {
    match hub.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

const NO_ADDRESS: &str = "is not the address of a proxy such as http://proxy.example.com:3128";

const NO_NAME: &str = "has no name for the password of uplink.proxy_password_file: write it as in \
                       http://name@proxy.example.com:3128";

fn parse(text: &str) -> Option<Url> {
    // Many write it without the scheme.
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let address = Url::parse(&text).ok()?;
    let is_proxy = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    (is_proxy.contains(&address.scheme()) && address.host_str().is_some()).then_some(address)
}

/// The first line of a file, without the line break that editors add.
fn password_in(file: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(file).ok()?.lines().next()?;
    (1..=PASSWORD_BYTES_MAX).contains(&line.len()).then_some(line)
}

/// The proxy that the environment names, with the name of the variable.
fn named_by(
    variable: impl Fn(&str) -> Option<String>,
    hub: &Url,
) -> Option<(&'static str, String)> {
    let set = |name: &&str| variable(name).map(|value| value.trim().to_owned());
    let mut named = VARIABLES.into_iter().filter_map(|name| Some((name, set(&name)?)));
    let (name, address) = named.find(|(_, address)| !address.is_empty())?;
    let except = EXCEPTIONS.iter().find_map(set).unwrap_or_default();
    if is_excepted(&except, hub) { None } else { Some((name, address)) }
}

/// Whether a list such as `example.com,.shop.lan,10.0.0.0/8` has the hub.
fn is_excepted(list: &str, hub: &Url) -> bool {
    let port = hub.port_or_known_default().unwrap_or_default().to_string();
    let entry = |entry: &str| {
        let entry = entry.trim();
        let entry = entry.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(entry);
        match entry.split_once(':') {
            // An address of IPv6 has more than one colon.
            Some((host, its)) if its.bytes().all(|byte| byte.is_ascii_digit()) => {
                (its == port).then(|| host.to_owned())
            }
            _ => Some(entry.to_owned()),
        }
    };
    let list: Vec<String> = list.split([',', ' ']).filter_map(entry).collect();
    let all = hyper_util::client::proxy::matcher::Matcher::builder()
        .all("http://any")
        .no(list.join(","))
        .build();
    hub.as_str().parse().is_ok_and(|hub| all.intercept(&hub).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_the_way(choice: &ProxyChoice, hub: &str, environment: &[(&str, &str)]) -> String {
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        match Proxy::on_the_way(choice, None, &Url::parse(hub).unwrap(), variable) {
            Ok(Some(proxy)) => proxy.to_string(),
            Ok(None) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_environment_names_the_proxy_as_for_other_programs_unless_the_configuration_does() {
        let hub = "https://hub.example.com";
        let of =
            |environment: &[(&str, &str)]| on_the_way(&ProxyChoice::Environment, hub, environment);
        let proxy = "http://a:secret@proxy:3128";
        assert_eq!(of(&[]), "none");
        assert_eq!(of(&[("HTTPS_PROXY", proxy)]), "http://proxy:3128 (HTTPS_PROXY)");
        assert_eq!(of(&[("https_proxy", " "), ("ALL_PROXY", "proxy:8080")]), {
            "http://proxy:8080 (ALL_PROXY)"
        });
        assert_eq!(of(&[("all_proxy", "socks5h://proxy")]), "socks5h://proxy (all_proxy)");
        assert_eq!(of(&[("HTTP_PROXY", proxy)]), "none", "nothing is sent by plain HTTP");
        assert!(of(&[("HTTPS_PROXY", "ftp://proxy")]).starts_with("HTTPS_PROXY is not"));
        for (except, is_used) in [
            ("example.com", false),
            (".example.com", false),
            ("*.example.com", false),
            ("other.lan, hub.example.com:443", false),
            ("HUB.example.com", false),
            ("*", false),
            ("hub.example.com:8443", true),
            ("ample.com", true),
            ("", true),
        ] {
            let used = of(&[("HTTPS_PROXY", proxy), ("NO_PROXY", except)]) != "none";
            assert_eq!(used, is_used, "{except}");
        }
        let environment = [("HTTPS_PROXY", proxy)];
        let at = ProxyChoice::At("http://name@other:1".to_owned());
        assert_eq!(on_the_way(&at, hub, &environment), "http://other:1 (uplink.proxy)");
        assert_eq!(on_the_way(&ProxyChoice::None, hub, &environment), "none");
        for here in ["http://localhost:8480", "https://127.0.0.1", "https://[::1]:1"] {
            assert_eq!(on_the_way(&at, here, &environment), "none", "{here}");
        }
        let except = [("HTTPS_PROXY", proxy), ("no_proxy", "10.0.0.0/8,fd00::/8")];
        for inside in ["https://10.2.3.4", "https://[fd00::1]:8480"] {
            assert_eq!(on_the_way(&ProxyChoice::Environment, inside, &except), "none");
        }
    }
}
