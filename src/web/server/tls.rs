//! What speaks TLS for a listener: 1.2 or 1.3, and HTTP/1.1 over that.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// An acceptor with a certificate, its chain and its key.
///
/// # Errors
/// When they do not belong together.
pub fn acceptor(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, AnyError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// An acceptor with what two PEM files hold.
///
/// # Errors
/// When they cannot be read, or do not belong together.
pub fn acceptor_of_files(certificate: &Path, key: &Path) -> Result<TlsAcceptor, AnyError> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    acceptor(chain, PrivateKeyDer::from_pem_file(key)?)
}
