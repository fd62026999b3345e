//! Under which names a listener's pages are asked for.
//!
//! A browser lets the pages of one name read each other, and whoever owns a name decides which
//! address it leads to: a strange web page can have its own name lead to this machine and so read
//! what is served here without a login (DNS rebinding). What the strange page cannot change is the
//! name that its browser sends along. So a listener of this machine alone answers only to names
//! that always mean this machine, and to those that somebody has configured, such as the one that
//! a reverse proxy passes on.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};

/// The names that a listener answers to.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Whether it can be reached from this machine alone.
    is_loopback: bool,
    names: Arc<[String]>,
    cure: &'static str,
}

impl Hosts {
    /// The names for a listener at this address: at an address of this machine alone `localhost`
    /// and its like, and the configured `names`. At any other address these, where there are some,
    /// and every IP address; without any, whatever is asked for. `cure` is a sentence for whoever
    /// is refused.
    #[must_use]
    pub fn at(address: SocketAddr, names: &[String], cure: &'static str) -> Self {
        Self { is_loopback: address.ip().is_loopback(), names: names.into(), cure }
    }

    /// Refuses what is asked for by another name, before anything else is done about it.
    pub fn guard(self, routes: Router) -> Router {
        let check = move |request: Request, next: Next| {
            let hosts = self.clone();
            async move {
                if !hosts.has(&request) {
                    return hosts.refuse();
                }
                next.run(request).await
            }
        };
        routes.layer(from_fn(check))
    }

    /// Whether every name in a request is one of ours. There may be two: a request line can have
    /// one too, and then that is the one that counts.
    fn has(&self, request: &Request) -> bool {
        let mut given = request.headers().get_all(HOST).iter();
        let (header, second) = (given.next().map(|value| value.to_str().ok()), given.next());
        let line = request.uri().authority().map(|authority| Some(authority.as_str()));
        let all = [header, line].into_iter().flatten();
        let is_one = (header.is_some() || line.is_some()) && second.is_none();
        is_one && all.into_iter().all(|text| text.is_some_and(|text| self.answers_to(text)))
    }

    fn answers_to(&self, text: &str) -> bool {
        let Some(host) = Host::read(text) else {
            return false;
        };
        match host {
            Host::Name(name) if self.is_known(&name) => true,
            Host::Name(name) if self.is_loopback => is_localhost(&name),
            Host::Name(name) => self.names.is_empty() || is_localhost(&name),
            Host::Address(ip) => {
                !self.is_loopback || ip.is_loopback() || self.is_known(&ip.to_string())
            }
        }
    }

    fn is_known(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    fn refuse(&self) -> Response {
        let sentence = format!(
            "Nothing is served under the name by which you asked: a strange web page may have \
             sent you. {}\n",
            self.cure
        );
        (StatusCode::MISDIRECTED_REQUEST, sentence).into_response()
    }
}

/// Whether a text can stand in the list of names: a name such as `hub.example.org` or an IP
/// address, and no port.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&label.len()) && label.chars().all(is_letter)
    };
    let is_address = text.parse::<IpAddr>().is_ok();
    is_address || text.len() <= 253 && text.split('.').all(is_label)
}

/// Whether a text is what a browser may send as `Host`: a name or an address, with a port or
/// without.
#[must_use]
pub fn is_host(text: &str) -> bool {
    Host::read(text).is_some()
}

/// `localhost` and what is below it: RFC 6761 has both mean this machine.
fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// What a browser says that it asks, without the port.
#[derive(Debug, PartialEq, Eq)]
enum Host {
    /// In lower case, without the dot that ends a complete name.
    Name(String),
    Address(IpAddr),
}

impl Host {
    fn read(text: &str) -> Option<Self> {
        let is_port = |port: &str| port.chars().all(|c| c.is_ascii_digit()) && port.len() <= 5;
        if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            let is_end = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            let address: Ipv6Addr = address.parse().ok().filter(|_| is_end)?;
            return Some(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        if !is_port(port) {
            return None;
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address(address));
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        is_name(name).then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(address: &str, names: &[&str]) -> Hosts {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Hosts::at(address.parse().unwrap(), &names, "")
    }

    #[test]
    fn on_the_network_any_name_will_do_until_somebody_lists_them() {
        let any = hosts("192.0.2.1:80", &[]);
        let listed = hosts("192.0.2.1:80", &["hub.example.org"]);
        for (text, is_taken) in [
            ("hub.example.org", true),
            ("HUB.Example.Org.:443", true),
            ("192.0.2.1:8481", true),
            ("[2001:db8::1]", true),
            ("localhost", true),
            ("evil.example", false),
            ("hub.example.org.evil.example", false),
        ] {
            assert!(any.answers_to(text), "{text}");
            assert_eq!(listed.answers_to(text), is_taken, "{text}");
        }
        for text in ["", ":80", "a b", "user@localhost", "localhost:http", "[::1]x", "a..b"] {
            assert!(!any.answers_to(text), "{text}");
        }
    }

    #[test]
    fn a_name_to_list_has_no_port_and_no_path() {
        for text in ["hub.example.org", "hub", "a-1.b_2", "192.0.2.1", "2001:db8::1"] {
            assert!(is_name(text), "{text}");
        }
        for text in ["", ".", "hub.example.org:443", "https://hub", "*.example.org", "hub/"] {
            assert!(!is_name(text), "{text}");
        }
    }
}
