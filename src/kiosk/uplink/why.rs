//! Why head office cannot be reached, in words that say what to look at: those of the libraries
//! are for programmers.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::path::Path;

use chrono::DateTime;
use reqwest::Url;
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error as TlsError};

use super::proxy::Proxy;
use super::trust::is_authority;

/// Why a request to this hub failed.
pub(super) fn why(
    error: &reqwest::Error,
    hub: &Url,
    proxy: Option<&Proxy>,
    ca_file: Option<&Path>,
) -> String {
    let host = hub.host_str().unwrap_or_default();
    let port = hub.port_or_known_default().unwrap_or_default();
    let place = format!("{host}:{port}");
    let words: Vec<String> = causes(error).map(|cause| cause.to_string()).collect();
    let has = |part: &str| words.iter().any(|words| words.contains(part));
    // What a proxy does not do is not what the hub does not do.
    if let Some(proxy) = proxy
        && let Some(why) = of_proxy(proxy, &place, error, has)
    {
        return why;
    }
    if let Some(error) = tls_error(error) {
        return of_tls(error, host, &place, ca_file);
    }
    if let Some(why) = io_error(error).and_then(|kind| of_io(kind, &place)) {
        return why;
    }
    if has("failed to lookup address") || has("dns error") {
        return format!(
            "the name {host} is not known on this network: check the address, the network and its \
             name server"
        );
    }
    if error.is_timeout() {
        return format!(
            "{place} does not answer in time: check the network, and whether the hub runs"
        );
    }
    if has("invalid HTTP version") || has("HTTP/0.9") || has("invalid HTTP header") {
        let cure = match hub.scheme() {
            "http" => "if it has a certificate, write https:// instead of http://",
            _ => "is the port the one that `listen` in hub.toml names?",
        };
        return format!("what answers at {place} does not speak HTTP: {cure}");
    }
    if has("connection closed before message completed")
        || has("end of file")
        || has("UnexpectedEof")
    {
        return format!("{place} hung up before it answered: check whether the hub runs well");
    }
    format!("talking to {place} failed: {}", words.last().cloned().unwrap_or_default())
}

/// An error and what caused it, also what is wrapped in an error of input and output.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let inner = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        match inner {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

/// What the TLS library complains about, if that is why a request failed.
pub(super) fn tls_error(error: &reqwest::Error) -> Option<&TlsError> {
    causes(error).find_map(|cause| cause.downcast_ref::<TlsError>())
}

/// Whether a request failed because of the certificate that was shown.
pub(super) fn is_certificate(error: &reqwest::Error) -> bool {
    matches!(tls_error(error), Some(TlsError::InvalidCertificate(_)))
}

fn io_error(error: &reqwest::Error) -> Option<ErrorKind> {
    let kinds = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    kinds.map(std::io::Error::kind).last()
}

fn of_proxy(
    proxy: &Proxy,
    place: &str,
    error: &reqwest::Error,
    has: impl Fn(&str) -> bool,
) -> Option<String> {
    if has("proxy authorization required") || has("auth") && has("socks") {
        return Some(if proxy.has_password() {
            format!(
                "the proxy {proxy} does not take the name and the password: check both, the name \
                 in {} and the password in the file that uplink.proxy_password_file names",
                proxy.source()
            )
        } else {
            format!(
                "the proxy {proxy} wants a name and a password: write the name into {} as in \
                 http://name@proxy.example.com:3128, and the password into a file that \
                 uplink.proxy_password_file names",
                proxy.source()
            )
        });
    }
    if has("tunnel error: unsuccessful") {
        return Some(format!(
            "the proxy {proxy} does not let this kiosk through to {place}: whoever runs it has to \
             allow CONNECT to that host and port, or the hub cannot be reached from there"
        ));
    }
    let is_of_proxy = has("tunnel error") || has("socks") || has("SOCKS");
    let is_unconnected = error.is_connect() && tls_error(error).is_none();
    if !is_of_proxy && !is_unconnected {
        return None;
    }
    let what = match io_error(error) {
        Some(ErrorKind::ConnectionRefused) => "refuses connections: does it run, at that port?",
        _ if has("failed to lookup address") || has("dns error") => {
            "has a name that is not known on this network"
        }
        _ if error.is_timeout() => "does not answer in time",
        _ => "cannot be reached, or does not answer as a proxy does",
    };
    Some(format!(
        "the proxy {proxy} {what}; {} names it, and uplink.proxy = \"none\" does without one",
        proxy.source()
    ))
}

fn of_io(kind: ErrorKind, place: &str) -> Option<String> {
    Some(match kind {
        ErrorKind::ConnectionRefused => {
            format!("nothing listens at {place}: check the port, and whether the hub runs there")
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            format!("{place} hung up: check whether the hub runs well, and what is in between")
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => format!(
            "there is no way to {place}: check this kiosk's cable or Wi-Fi, and the address"
        ),
        ErrorKind::TimedOut => {
            format!("{place} does not answer in time: check the network, and whether the hub runs")
        }
        _ => return None,
    })
}

fn of_tls(error: &TlsError, host: &str, place: &str, ca_file: Option<&Path>) -> String {
    match error {
        TlsError::InvalidCertificate(error) => of_certificate(error, host, ca_file),
        TlsError::InvalidMessage(_) => format!(
            "what answers at {place} speaks no TLS: is the port right, and does the hub there have \
             a certificate (`tls` in hub.toml)?"
        ),
        TlsError::AlertReceived(_) | TlsError::PeerIncompatible(_) => format!(
            "{place} and this kiosk find no TLS that both speak: TLS 1.2 or 1.3 is needed there"
        ),
        error => format!("the TLS of {place} is not in order: {error}"),
    }
}

/// The name in `DnsName("hub.example.com")`.
fn bare_name(presented: &str) -> &str {
    let inside = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(presented).trim_matches('"')
}

fn day(time: &UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or_default();
    let time = DateTime::from_timestamp_secs(seconds).unwrap_or_default();
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn of_certificate(error: &CertificateError, host: &str, ca_file: Option<&Path>) -> String {
    let kind = if host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() {
        "IP"
    } else {
        "DNS"
    };
    let bare = host.trim_matches(['[', ']']);
    let named = format!(
        "a certificate for it is made with `openssl req -x509 -newkey rsa:2048 -nodes -days 825 \
         -keyout tls.key -out tls.pem -subj /CN={bare} -addext subjectAltName={kind}:{bare}`"
    );
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            let known = match ca_file {
                None => "by nobody whom this system believes".to_owned(),
                Some(file) => format!(
                    "neither by somebody whom this system believes nor by one in {}",
                    file.display()
                ),
            };
            format!(
                "the certificate of {host} is signed {known}: put the certificate of who signed it \
                 (of the hub itself, if it signed its own) into a PEM file, and name that with \
                 uplink.ca_file"
            )
        }
        CertificateError::ExpiredContext { time, not_after } => format!(
            "the certificate of {host} has expired at {}, and by this kiosk's clock it is {}: \
             renew it at head office, or set the clock",
            day(not_after),
            day(time)
        ),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "the certificate of {host} is valid from {} on, and by this kiosk's clock it is {}: \
             set the clock that is wrong",
            day(not_before),
            day(time)
        ),
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            format!("the certificate of {host} names no host at all (no subjectAltName); {named}")
        }
        CertificateError::NotValidForNameContext { presented, .. } => format!(
            "the certificate of {host} is not for that name, but for {}: enrol with such a name, \
             or have a certificate made for {host}; {named}",
            presented.iter().map(|name| bare_name(name)).collect::<Vec<_>>().join(", ")
        ),
        CertificateError::NotValidForName => {
            format!("the certificate of {host} is not for that name; {named}")
        }
        CertificateError::Other(other) if is_authority(other) => format!(
            "the certificate of {host} is one of an authority (CA:TRUE), which is believed as a \
             server's own only if it is itself in the file of uplink.ca_file: copy it there, or \
             have a certificate made for {host} that the authority signs"
        ),
        error => format!(
            "the certificate of {host} cannot be used ({error:?}): have it made anew, as an X.509 \
             certificate of version 3 for a server; {named}"
        ),
    }
}
