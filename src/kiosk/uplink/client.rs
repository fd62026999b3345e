//! The uplink's HTTP client: timeouts on everything, no redirects, a limit on the size of answers,
//! which are not unpacked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;

use super::error::Error;
use crate::clock;
use crate::escape::sentence;
use crate::kiosk::settings;
use crate::wire::{self, Refusal};

/// The time by which certificates are checked.
///
/// A board without a clock of its own starts in the past, where no certificate is valid yet; where
/// the network blocks time services, that would never change. So its clock is taken to stand at
/// least at a time that has certainly passed: when this program was built, or what the hub or a
/// time service has told. Certificates are checked all the same, always.
///
/// What was told can be wrong too. If a certificate is invalid by it, the next try uses the board's
/// own clock, as any other program would, but at least the time when this program was built.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    is_doubted: Arc<AtomicBool>,
    floor_ms: Arc<AtomicI64>,
    /// How far UTC is ahead of the boot's clock; unknown until the hub tells it in this boot.
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that never stands before this time, in milliseconds since 1970 UTC.
    pub(super) fn not_before(floor_ms: i64) -> Self {
        if clock::wall_ms() < floor_ms {
            tracing::warn!("the board's clock is behind; certificates are checked by a later time");
        }
        let unknown = AtomicI64::new(i64::MIN);
        let is_doubted = AtomicBool::new(false);
        let floor_ms = AtomicI64::new(floor_ms);
        Self {
            is_doubted: Arc::new(is_doubted),
            floor_ms: Arc::new(floor_ms),
            ahead_ms: Arc::new(unknown),
        }
    }

    /// Switches to the other clock for the next try, since a certificate was invalid by this one.
    pub(super) fn doubt(&self) {
        self.is_doubted.fetch_xor(true, Ordering::Relaxed);
    }

    /// Takes the hub's time, which came over a checked connection, at an instant of this boot.
    pub(super) fn learn(&self, utc_ms: i64, at_boot_ms: u64) {
        let at_boot_ms = i64::try_from(at_boot_ms).unwrap_or(0);
        self.is_doubted.store(false, Ordering::Relaxed);
        self.floor_ms.store(utc_ms, Ordering::Relaxed);
        self.ahead_ms.store(utc_ms.saturating_sub(at_boot_ms), Ordering::Relaxed);
    }

    fn now_ms(&self) -> i64 {
        if self.is_doubted.load(Ordering::Relaxed) {
            return clock::wall_ms().max(clock::built_ms());
        }
        let floor_ms = self.floor_ms.load(Ordering::Relaxed);
        let now_ms = match self.ahead_ms.load(Ordering::Relaxed) {
            i64::MIN => clock::wall_ms(),
            ahead_ms => {
                ahead_ms.saturating_add(i64::try_from(clock::boot_ms()).unwrap_or(i64::MAX))
            }
        };
        now_ms.max(floor_ms)
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let since_1970 = Duration::from_millis(u64::try_from(self.now_ms()).unwrap_or(0));
        Some(UnixTime::since_unix_epoch(since_1970))
    }
}

/// The TLS configuration: the system's and the configured certificates, and our own clock.
fn tls(settings: &settings::Uplink, clock: Clock) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    // A certificate of the system that cannot be read is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = &settings.ca_file {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Certificates {
            file: file.display().to_string(),
            source,
        };
        let pem = std::fs::read(file).map_err(|error| failed(error.into()))?;
        let mut is_empty = true;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            is_empty = false;
            let certificate = certificate.map_err(|error| failed(error.to_string().into()))?;
            roots.add(certificate).map_err(|error| failed(error.into()))?;
        }
        if is_empty {
            return Err(failed("the file has no certificate".into()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_details(provider, Arc::new(clock))
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

pub(super) fn client(
    settings: &settings::Uplink,
    hub: &str,
    clock: Clock,
) -> Result<Client, Error> {
    let url = reqwest::Url::parse(hub).map_err(|_| Error::Address(hub.to_owned()))?;
    let is_this_machine = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && is_this_machine) {
        return Err(Error::Address(hub.to_owned()));
    }
    let builder = Client::builder()
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .timeout(settings.timeout)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .tls_backend_preconfigured(tls(settings, clock)?);
    builder.build().map_err(Error::Unreachable)
}

pub(super) fn is_json(answer: &Response) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind == "application/json"))
}

/// The seconds that the hub asks us to wait; a date would need a clock that can be trusted.
pub(super) fn retry_after_s(answer: &Response) -> Option<u32> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// Reads an answer; one that is larger than a hub's answers can be counts as empty.
pub(super) async fn read(mut answer: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > wire::ANSWER_BYTES_MAX {
            body.clear();
            break;
        }
    }
    Ok(body)
}

pub(super) fn parse<T: DeserializeOwned>(is_json: bool, body: &[u8]) -> Option<T> {
    if is_json { serde_json::from_slice(body).ok() } else { None }
}

/// What a hub says when it refuses, as it may be logged and shown.
pub(super) fn refusal(is_json: bool, body: &[u8]) -> Option<String> {
    parse::<Refusal>(is_json, body).map(|refusal| sentence(&refusal.refused))
}

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}
