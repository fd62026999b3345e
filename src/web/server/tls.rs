//! What speaks TLS for a listener: 1.2 or 1.3, and HTTP/1.1 over that. The certificate may be
//! replaced while it is shown.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// Why a certificate cannot be shown with its key.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file cannot be read.
    #[error("cannot read {}; the user whom this program runs as has to be able to", .0.display())]
    Unread(PathBuf, #[source] std::io::Error),
    /// The two files are the wrong way round.
    #[error(
        "{} holds a key and {} a certificate: give the two the other way round",
        .0.display(), .1.display()
    )]
    Swapped(PathBuf, PathBuf),
    /// There is no certificate.
    #[error(
        "{} holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----",
        .0.display()
    )]
    NoCertificate(PathBuf),
    /// There is no key.
    #[error(
        "{} holds no private key in PEM form, which begins with -----BEGIN PRIVATE KEY-----",
        .0.display()
    )]
    NoKey(PathBuf),
    /// The key has a password, which nobody is there to type.
    #[error(
        "the key {} is locked with a password, which nobody can type here: unlock it with \
         `openssl pkey -in {} -out unlocked.key`, and name that file",
        .0.display(), .0.display()
    )]
    Locked(PathBuf),
    /// A file is damaged.
    #[error("{} is damaged: copy it once more", .0.display())]
    Damaged(PathBuf),
    /// The key is another certificate's.
    #[error(
        "the key {} does not belong to the first certificate in {}, which has to be this \
         program's own, with those of its authorities after it",
        .1.display(), .0.display()
    )]
    Strangers(PathBuf, PathBuf),
    /// The TLS library cannot do anything with them.
    #[error("the certificate cannot be shown")]
    Tls(#[from] rustls::Error),
}

/// A certificate, and those of its authorities after it.
pub type Chain = Vec<CertificateDer<'static>>;

/// A certificate with its chain, and its key.
pub type Pair = (Chain, PrivateKeyDer<'static>);

/// The certificate that a listener shows.
#[derive(Clone, Debug)]
pub struct Shown(Arc<RwLock<Arc<CertifiedKey>>>);

impl Shown {
    /// Shows a certificate with this key.
    ///
    /// # Errors
    /// When they do not belong together.
    pub fn new((chain, key): Pair) -> Result<Self, rustls::Error> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(certified(chain, key)?)))))
    }

    /// Shows another one to whoever comes from now on; says whether it is another one.
    ///
    /// # Errors
    /// When they do not belong together; the former one is shown then.
    pub fn replace(&self, (chain, key): Pair) -> Result<bool, rustls::Error> {
        let new = Arc::new(certified(chain, key)?);
        let mut shown = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_another = shown.cert != new.cert;
        *shown = new;
        Ok(is_another)
    }

    /// What is shown.
    #[must_use]
    pub fn chain(&self) -> Chain {
        self.0.read().unwrap_or_else(PoisonError::into_inner).cert.clone()
    }

    /// What speaks TLS with it.
    ///
    /// # Errors
    /// When the TLS library refuses its defaults.
    pub fn acceptor(&self) -> Result<TlsAcceptor, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, rustls::Error> {
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, key, &provider)
}

/// Two PEM files: a certificate with its chain, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// The key's file.
    pub key: PathBuf,
}

impl Files {
    /// Reads both, and shows what is in them.
    ///
    /// # Errors
    /// [`Unusable`] names the file and the cure.
    pub fn show(&self) -> Result<Shown, Unusable> {
        Shown::new(self.read()?).map_err(|error| self.of_tls(error))
    }

    /// Reads both anew, and shows what is in them; says whether it is another certificate.
    ///
    /// # Errors
    /// [`Unusable`] names the file and the cure; the former certificate is shown then.
    pub fn show_anew(&self, shown: &Shown) -> Result<bool, Unusable> {
        shown.replace(self.read()?).map_err(|error| self.of_tls(error))
    }

    fn read(&self) -> Result<Pair, Unusable> {
        let Self { certificate, key } = self;
        let (of_certificate, of_key) = (load(certificate)?, load(key)?);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&of_certificate).collect();
        let chain = chain.map_err(|_| Unusable::Damaged(certificate.clone()))?;
        if chain.is_empty() {
            let is_swapped = has_key(&of_certificate)
                && matches!(CertificateDer::pem_slice_iter(&of_key).next(), Some(Ok(_)));
            return Err(if is_swapped {
                Unusable::Swapped(certificate.clone(), key.clone())
            } else {
                Unusable::NoCertificate(certificate.clone())
            });
        }
        if is_locked(&of_key) {
            return Err(Unusable::Locked(key.clone()));
        }
        match PrivateKeyDer::from_pem_slice(&of_key) {
            Ok(secret) => Ok((chain, secret)),
            Err(rustls::pki_types::pem::Error::NoItemsFound) => Err(Unusable::NoKey(key.clone())),
            Err(_) => Err(Unusable::Damaged(key.clone())),
        }
    }

    fn of_tls(&self, error: rustls::Error) -> Unusable {
        let Self { certificate, key } = self;
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                Unusable::Strangers(certificate.clone(), key.clone())
            }
            rustls::Error::InvalidCertificate(_) => Unusable::Damaged(certificate.clone()),
            // A key of a kind that the library does not know, or none at all.
            rustls::Error::General(_) => Unusable::Damaged(key.clone()),
            error => Unusable::Tls(error),
        }
    }
}

fn load(file: &Path) -> Result<Vec<u8>, Unusable> {
    std::fs::read(file).map_err(|error| Unusable::Unread(file.to_owned(), error))
}

fn has_key(pem: &[u8]) -> bool {
    is_locked(pem) || PrivateKeyDer::from_pem_slice(pem).is_ok()
}

/// Whether a key is encrypted, in the new form or in OpenSSL's own old one.
fn is_locked(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        || text.contains("Proc-Type: 4,ENCRYPTED")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn what_is_wrong_with_a_certificate_or_its_key_is_named_and_the_former_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files {
            certificate: folder.path().join("tls.pem"),
            key: folder.path().join("tls.key"),
        };
        let write = |certificate: &str, key: &str| {
            std::fs::write(&files.certificate, certificate).unwrap();
            std::fs::write(&files.key, key).unwrap();
        };
        let (certificate, key) = pair("a.example");
        let (other, other_key) = pair("b.example");
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n\
                      -----END ENCRYPTED PRIVATE KEY-----\n";
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                   DEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        write(&certificate, &key);
        let shown = files.show().unwrap();
        let complaint = || files.show_anew(&shown).unwrap_err().to_string();
        for (certificate, key, part) in [
            (key.as_str(), certificate.as_str(), "give the two the other way round"),
            (locked, &certificate, "give the two the other way round"),
            (&certificate, locked, "is locked with a password"),
            (&certificate, old, "is locked with a password"),
            (&certificate, &certificate, "tls.key holds no private key"),
            (&key, &key, "tls.pem holds no certificate"),
            ("", &key, "tls.pem holds no certificate"),
            (&certificate, "", "tls.key holds no private key"),
            (&certificate, &other_key, "does not belong to the first certificate"),
            (&[&*other, &*certificate].concat(), &key, "does not belong to the first certificate"),
            (&certificate.replace('M', "!"), &key, "tls.pem is damaged"),
            (&certificate, &key.replace('M', "!"), "tls.key is damaged"),
        ] {
            write(certificate, key);
            let said = complaint();
            assert!(said.contains(part), "{part}: {said}");
        }
        std::fs::remove_file(&files.key).unwrap();
        assert!(complaint().contains("cannot read") && complaint().contains("tls.key"));
        write(&certificate, &key);
        assert!(!files.show_anew(&shown).unwrap(), "it is the same");
        write(&[&*certificate, &*other].concat(), &key);
        assert!(files.show_anew(&shown).unwrap());
        let both = [&*other, &*other_key].concat();
        write(&both, &both);
        assert!(files.show_anew(&shown).unwrap(), "one file may hold both");
    }
}
