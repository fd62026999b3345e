//! The certificate of the desk's page: made by the kiosk itself, and kept.
//!
//! No authority signs it, so whoever opens the page for the first time compares the fingerprint
//! with the one on the kiosk's screen. It is valid for two years, since phones refuse certificates
//! of more than 825 days, and replaced when it has less than two months left.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveDate};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};

use crate::file;
use crate::web::server::{Pair, Shown, at_change};

/// The certificate's file in the data folder; its first line says until when it is valid.
const CERTIFICATE_FILE: &str = "desk-certificate.pem";

/// The key's file in the data folder.
const KEY_FILE: &str = "desk-key.pem";

/// The first line of the file, before the date.
const HOLDS_UNTIL: &str = "holds until ";

/// A certificate with fewer days left than this is replaced.
const DAYS_LEFT_LEAST: u64 = 60;

/// One with more days left than this was made in a year that somebody had wrong.
const DAYS_LEFT_MOST: u64 = 3 * 366;

/// How often the certificate's age is looked at.
const AGE_INTERVAL: Duration = Duration::from_secs(60 * 60);

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// A certificate and its key.
pub(super) struct Certificate {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

fn day(utc_ms: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(utc_ms).unwrap_or_default().date_naive()
}

impl Certificate {
    /// The certificate in a folder; a new one if it is missing, no certificate or about to expire.
    ///
    /// # Errors
    /// When it cannot be read, or a new one cannot be made or written.
    pub(super) fn read_or_make(folder: &Path, told_ms: i64) -> Result<Self, AnyError> {
        let now = day(told_ms);
        match Self::read(folder, now)? {
            Some(known) => Ok(known),
            None => Self::make(folder, now),
        }
    }

    /// None if it is missing, no certificate, about to expire, or of another age. One that is there
    /// and cannot be read is not replaced: the fingerprint that people compared would be another.
    fn read(folder: &Path, now: NaiveDate) -> Result<Option<Self>, AnyError> {
        let content = |name: &str| {
            let file = folder.join(name);
            match std::fs::read(&file) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                read => read.map(Some).map_err(|error| {
                    AnyError::from(format!("{} cannot be read: {error}", file.display()))
                }),
            }
        };
        let (certificate, key) = (content(CERTIFICATE_FILE)?, content(KEY_FILE)?);
        let pair = certificate.zip(key);
        Ok(pair.and_then(|(certificate, key)| Self::sound(&certificate, &key, now)))
    }

    fn sound(certificate: &[u8], key: &[u8], now: NaiveDate) -> Option<Self> {
        let text = std::str::from_utf8(certificate).ok()?;
        let until: NaiveDate = text.strip_prefix(HOLDS_UNTIL)?.lines().next()?.parse().ok()?;
        let after = |days| now.checked_add_days(chrono::Days::new(days));
        let is_old = after(DAYS_LEFT_LEAST)? > until || after(DAYS_LEFT_MOST)? < until;
        let certificate = CertificateDer::from_pem_slice(certificate).ok()?;
        let key = PrivateKeyDer::from_pem_slice(key).ok()?;
        let known = Self { certificate, key };
        (!is_old && Shown::new(known.pair()).is_ok()).then_some(known)
    }

    fn make(folder: &Path, now: NaiveDate) -> Result<Self, AnyError> {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let host = Some(host).filter(|host| !host.is_empty() && host.chars().all(is_name));
        let host = host.unwrap_or_else(|| "smilepost".to_owned());
        let names = vec![format!("{host}.local"), host.clone()];
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, format!("Smilepost desk on {host}"));
        params.not_before = date_time_ymd(now.year(), 1, 1);
        params.not_after = date_time_ymd(now.year() + 2, 4, 1);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let until = NaiveDate::from_ymd_opt(now.year() + 2, 4, 1).unwrap_or(now);
        let text = format!("{HOLDS_UNTIL}{until}\n{}", certificate.pem());
        file::write(&folder.join(KEY_FILE), key.serialize_pem().as_bytes())?;
        file::write(&folder.join(CERTIFICATE_FILE), text.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes())?;
        Ok(Self { certificate: certificate.der().clone(), key })
    }

    /// The SHA-256 of the certificate, as browsers show it.
    pub(super) fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.certificate);
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }

    /// As it is shown.
    pub(super) fn pair(&self) -> Pair {
        (vec![self.certificate.clone()], self.key.clone_key())
    }

    /// The files that it is kept in.
    pub(super) fn files(folder: &Path) -> [PathBuf; 2] {
        [CERTIFICATE_FILE, KEY_FILE].map(|name| folder.join(name))
    }
}

/// Has the certificate shown that is in the folder's files, whenever they have changed, and makes
/// a new one in time. Ends with the runtime.
pub(super) async fn keep(
    folder: PathBuf,
    shown: Shown,
    fingerprint: Arc<RwLock<String>>,
    now_ms: impl Fn() -> i64 + Clone + Send + Sync + 'static,
) {
    let (of_age, home) = (now_ms.clone(), folder.clone());
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(AGE_INTERVAL);
        loop {
            interval.tick().await;
            // A new one is noticed like any other change.
            if let Err(error) = Certificate::read_or_make(&home, of_age()) {
                tracing::error!(error, "cannot make a new certificate for the desk's page");
            }
        }
    });
    at_change(&Certificate::files(&folder), || {
        let now = day(now_ms());
        let known = Certificate::read(&folder, now).ok().flatten();
        let another = known.and_then(|known| {
            shown.replace(known.pair()).ok().map(|is_another| (known.fingerprint(), is_another))
        });
        match another {
            Some((new, true)) => {
                tracing::info!(fingerprint = new, "another certificate is shown from now on");
                *fingerprint.write().unwrap_or_else(PoisonError::into_inner) = new;
            }
            Some((_, false)) => {}
            None => tracing::error!(
                certificate = CERTIFICATE_FILE,
                key = KEY_FILE,
                "these files are no valid certificate with its key; the former one is shown, and a \
                 new one is made within the hour"
            ),
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const DAY_MS: i64 = 86_400_000;
    /// 2026-11-20.
    const NOW_MS: i64 = 1_795_132_800_000;

    #[test]
    fn a_certificate_stays_the_same_until_its_end_is_near_and_its_key_is_the_kiosks_alone() {
        let folder = tempfile::tempdir().unwrap();
        let made = |after_ms| Certificate::read_or_make(folder.path(), NOW_MS + after_ms).unwrap();
        let first = made(0).fingerprint();
        assert_eq!(first.len(), 32 * 3 - 1);
        assert_eq!(made(365 * DAY_MS).fingerprint(), first);
        let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(made(450 * DAY_MS).fingerprint(), first, "2028-02-13, and it ends 2028-04-01");
        let far = made(19 * 366 * DAY_MS).fingerprint();
        assert_ne!(made(450 * DAY_MS).fingerprint(), far, "a year that was wrong is got over");
        let another = made(450 * DAY_MS).fingerprint();
        std::fs::write(folder.path().join(KEY_FILE), "nonsense").unwrap();
        assert_ne!(made(450 * DAY_MS).fingerprint(), another, "without its key it is none");
    }
}
