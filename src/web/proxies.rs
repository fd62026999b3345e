//! Reverse proxies in front of a listener, and who it is that they pass on.
//!
//! Anybody can write a header. So what one says is believed from the right to the left, as far as
//! each address was written down by a proxy that is trusted: the first that is none of them is
//! whoever asks.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HeaderName};
use ipnet::IpNet;

/// The header in which proxies write from whom a request came. Only one is read, since a proxy that
/// writes one passes the other on as a stranger has written it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// `X-Forwarded-For`, as nearly all write.
    #[default]
    XForwardedFor,
    /// `Forwarded` of RFC 7239.
    Forwarded,
}

/// The proxies in front of a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Their addresses and networks.
    pub trusted: Arc<[IpNet]>,
    /// Where they write.
    pub header: Header,
    /// Whether only they, and this machine, are served: TLS ends at them, and whoever goes round
    /// them would be heard by everybody.
    pub is_only_way: bool,
}

/// Reads an address or a network such as `192.0.2.1` or `172.18.0.0/16`.
///
/// # Errors
/// What is wrong with it.
pub fn net(text: &str) -> Result<IpNet, &'static str> {
    let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    match net {
        Ok(net) if net.prefix_len() == 0 => Err("would have everybody say who he is"),
        Ok(net) => Ok(net.trunc()),
        Err(_) => Err("is not an address or a network such as 172.18.0.0/16"),
    }
}

impl Proxies {
    /// Whether it is one of them.
    #[must_use]
    pub fn has(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted.iter().any(|net| net.contains(&peer))
    }

    /// Whether somebody is served who connects from this address.
    #[must_use]
    pub fn let_in(&self, peer: IpAddr) -> bool {
        !self.is_only_way || peer.to_canonical().is_loopback() || self.has(peer)
    }

    /// Who asks, where a request with these headers comes from this address.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let name = match self.header {
            Header::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Header::Forwarded => FORWARDED,
        };
        let lines: Vec<&str> =
            headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default()).collect();
        let entries = lines.iter().flat_map(|line| line.split(','));
        let mut entries: Vec<&str> = entries.collect();
        while self.has(client) {
            let before = entries.pop().and_then(|entry| self.address(entry));
            match before {
                Some(before) => client = before,
                None => break,
            }
        }
        client
    }

    /// The address in an entry, where it has one.
    fn address(&self, entry: &str) -> Option<IpAddr> {
        let text = match self.header {
            Header::XForwardedFor => entry,
            Header::Forwarded => {
                let mut pairs = entry.split(';').filter_map(|pair| pair.split_once('='));
                pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case("for"))?.1
            }
        };
        let text = text.trim().trim_matches('"');
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(address.to_canonical());
        }
        // With a port, and those of IPv6 in brackets.
        let host = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?.0,
            None => text.split_once(':')?.0,
        };
        host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: Header, peer: &str, lines: &[&str]) -> String {
        let trusted = ["172.18.0.0/16", "10.0.0.5", "fd00::/8"].map(|text| net(text).unwrap());
        let proxies = Proxies { trusted: trusted.into(), header, is_only_way: true };
        let name = match header {
            Header::XForwardedFor => "x-forwarded-for",
            Header::Forwarded => "forwarded",
        };
        let headers = lines.iter().map(|line| (name.parse().unwrap(), line.parse().unwrap()));
        proxies.client(peer.parse().unwrap(), &headers.collect()).to_string()
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_is_the_clients() {
        let of = |peer: &str, lines: &[&str]| client(Header::XForwardedFor, peer, lines);
        assert_eq!(of("192.0.2.9", &["203.0.113.7"]), "192.0.2.9", "no proxy of ours");
        assert_eq!(of("172.18.0.2", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(of("::ffff:172.18.0.2", &["1.1.1.1, 203.0.113.7"]), "203.0.113.7", "a lie");
        assert_eq!(of("172.18.0.2", &["1.1.1.1, 203.0.113.7, 10.0.0.5"]), "203.0.113.7");
        assert_eq!(of("172.18.0.2", &["203.0.113.7", "10.0.0.5"]), "203.0.113.7");
        assert_eq!(of("fd00::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(of("172.18.0.2", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(of("172.18.0.2", &[]), "172.18.0.2");
        assert_eq!(of("172.18.0.2", &["203.0.113.7, unknown"]), "172.18.0.2");
        assert_eq!(of("172.18.0.2", &["10.0.0.5"]), "10.0.0.5");
        let of = |lines: &[&str]| client(Header::Forwarded, "10.0.0.5", lines);
        assert_eq!(of(&["for=1.1.1.1, For=\"[2001:db8::7]:80\";proto=https"]), "2001:db8::7");
        assert_eq!(of(&["by=10.0.0.5;for=203.0.113.7"]), "203.0.113.7");
        assert_eq!(of(&["for=203.0.113.7, for=_hidden"]), "10.0.0.5");
    }

    #[test]
    fn only_what_is_trusted_is_let_in_where_tls_ends_there() {
        let trusted = [net("172.18.0.0/16").unwrap()].into();
        let proxies = Proxies { trusted, is_only_way: true, ..Proxies::default() };
        let lets_in = |proxies: &Proxies, peer: &str| proxies.let_in(peer.parse().unwrap());
        assert!(lets_in(&proxies, "172.18.3.4") && lets_in(&proxies, "127.0.0.1"));
        assert!(!lets_in(&proxies, "172.19.0.1") && !lets_in(&proxies, "203.0.113.7"));
        assert!(lets_in(&Proxies::default(), "203.0.113.7"));
        for wrong in ["caddy", "172.18.0.0/33", "0.0.0.0/0", "::/0", ""] {
            assert!(net(wrong).is_err(), "{wrong}");
        }
    }
}
