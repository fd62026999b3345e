//! Which certificates of a hub are believed: the system's authorities, and the configured file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};

use super::client::Clock;
use super::error::{Error, Unusable};

/// The name that the TLS library has for an authority's certificate in the place of a server's.
const AUTHORITY: &str = "CaUsedAsEndEntity";

/// Speaks TLS with whoever shows a certificate that is believed at the time of this clock.
pub(super) fn tls(ca_file: Option<&Path>, clock: Clock) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    // A certificate of the system that cannot be read is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let given = match ca_file {
        Some(file) => {
            let unusable = |source| Error::Certificates { file: PathBuf::from(file), source };
            let given = read(file).map_err(unusable)?;
            for certificate in &given {
                roots.add(certificate.clone()).map_err(|_| unusable(Unusable::Damaged))?;
            }
            given
        }
        None => Vec::new(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_details(provider.clone(), Arc::new(clock))
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?;
    let roots = Arc::new(roots);
    let usual = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider).build();
    let mut config = match usual {
        Ok(usual) => versions
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Believer { usual, given })),
        // Nobody is believed where there is nobody to believe.
        Err(_) => versions.with_root_certificates(roots),
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let pem = std::fs::read(file).map_err(Unusable::Unread)?;
    let given: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let given = given.map_err(|_| Unusable::Damaged)?;
    let has_key = || PrivateKeyDer::from_pem_slice(&pem).is_ok();
    match given.is_empty() {
        true if has_key() => Err(Unusable::Key),
        true => Err(Unusable::None),
        false => Ok(given),
    }
}

/// Believes what any TLS client believes, and one thing more: a certificate that is in the
/// configured file itself, though it says that it is an authority's. `openssl req -x509` makes
/// those, and most people serve with them. Its name and its time are checked like any other's, and
/// nobody else's certificate is believed for it.
#[derive(Debug)]
struct Believer {
    usual: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.usual.verify_server_cert(certificate, chain, name, ocsp, now) {
            // The time was found to be right before this was found.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(error)))
                if is_authority(&error) && self.given.contains(certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Whether a server showed an authority's certificate as its own.
pub(super) fn is_authority(error: &OtherError) -> bool {
    error.0.to_string() == AUTHORITY
}
