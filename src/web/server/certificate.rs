//! What a certificate says of itself, and who believes it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Says {
    /// From when on it is valid, in milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// Until when, in milliseconds since 1970 UTC.
    pub until_ms: i64,
    /// The hosts that it is for: names and IP addresses.
    pub names: Vec<String>,
}

/// Who believes a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// Whoever believes the authorities that this system does.
    Everybody,
    /// Whoever has it, or who signed it, in a file.
    WhoHasIt,
    /// Nobody for this name.
    NotForName,
    /// Nobody at this time.
    NotNow,
    /// Nobody at all.
    Nobody,
}

/// Reads a certificate; none if it is damaged.
#[must_use]
pub fn read(certificate: &CertificateDer<'_>) -> Option<Says> {
    let (_, read) = parse_x509_certificate(certificate).ok()?;
    let of_host = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    let names = read.subject_alternative_name().ok()?;
    let names = names.iter().flat_map(|names| names.value.general_names.iter());
    let ms = |seconds: i64| seconds.saturating_mul(1_000);
    Some(Says {
        from_ms: ms(read.validity().not_before.timestamp()),
        until_ms: ms(read.validity().not_after.timestamp()),
        names: names.filter_map(of_host).collect(),
    })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let of_v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    of_v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Whether a certificate is for a host: a name, or an IP address.
#[must_use]
pub fn is_for(certificate: &CertificateDer<'_>, host: &str) -> bool {
    let name = ServerName::try_from(host);
    let parsed = ParsedCertificate::try_from(certificate);
    name.is_ok_and(|name| parsed.is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok()))
}

/// Who believes a certificate with its chain for a host at this time, in milliseconds since 1970
/// UTC.
#[must_use]
pub fn belief(chain: &[CertificateDer<'_>], host: &str, now_ms: i64) -> Belief {
    use rustls::client::danger::ServerCertVerifier as _;
    let (Some((own, rest)), Ok(name)) = (chain.split_first(), ServerName::try_from(host)) else {
        return Belief::NotForName;
    };
    if !is_for(own, host) {
        return Belief::NotForName;
    }
    let is_valid = |says: Says| (says.from_ms..=says.until_ms).contains(&now_ms);
    if !read(own).is_some_and(is_valid) {
        return Belief::NotNow;
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let Ok(usual) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()
    else {
        // This system believes nobody.
        return Belief::WhoHasIt;
    };
    let seconds = u64::try_from(now_ms / 1_000).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    match usual.verify_server_cert(own, rest, &name, &[], now) {
        Ok(_) => Belief::Everybody,
        // An authority's own certificate, which `openssl req -x509` makes, is said otherwise.
        Err(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::Other(_),
        )) => Belief::WhoHasIt,
        Err(rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => Belief::NotNow,
        Err(_) => Belief::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    const DAY: i64 = 86_400_000;
    /// 2026-11-20 UTC.
    const NOW: i64 = 20_777 * DAY;

    #[test]
    fn a_certificate_says_its_time_and_its_names_and_who_believes_it() {
        let names = ["hub.example.org", "*.shops.example", "192.0.2.7", "2001:db8::7"];
        let mut params = CertificateParams::new(names.map(str::to_owned)).unwrap();
        params.not_before = date_time_ymd(2026, 11, 1);
        params.not_after = date_time_ymd(2026, 12, 1);
        let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let says = read(own.der()).unwrap();
        assert_eq!((NOW - says.from_ms) / DAY, 19);
        assert_eq!((says.until_ms - NOW) / DAY, 11);
        assert_eq!(says.names, names);
        for (host, is) in [
            ("HUB.example.org", true),
            ("a.shops.example", true),
            ("192.0.2.7", true),
            ("2001:db8::7", true),
            ("example.org", false),
            ("192.0.2.8", false),
            ("", false),
            ("büro.example", false),
        ] {
            assert_eq!(is_for(own.der(), host), is, "{host:?}");
        }
        let chain = [own.der().clone()];
        let belief = |host: &str, now_ms| belief(&chain, host, now_ms);
        assert_eq!(belief("hub.example.org", NOW), Belief::WhoHasIt);
        assert_eq!(belief("example.org", NOW), Belief::NotForName);
        assert_eq!(belief("hub.example.org", says.until_ms + 1), Belief::NotNow);
        assert_eq!(belief("hub.example.org", says.from_ms - 1), Belief::NotNow);
        assert_eq!(read(&CertificateDer::from(b"MIIB".to_vec())), None);
    }
}
