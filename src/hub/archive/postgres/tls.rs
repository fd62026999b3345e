//! How the database server proves who it is.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What connects by TLS, trusting the system's certificates, or only those of this file.
///
/// # Errors
/// Why nobody could be trusted, in words.
pub(super) fn connector(
    ca_file: Option<&Path>,
    is_needed: bool,
) -> Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        _ if !is_needed => {}
        Some(file) => {
            let wrong = |what: &dyn std::fmt::Display| {
                format!("archive.ca_file: {} {what}", file.display())
            };
            let certificates = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| wrong(&format_args!("cannot be read as PEM: {error}")))?;
            for certificate in certificates {
                roots.add(certificate).map_err(|error| wrong(&error))?;
            }
            if roots.is_empty() {
                return Err(wrong(&"holds no certificate"));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err("this machine trusts no certificate authority: install the package \
                            ca-certificates, or set archive.ca_file"
                    .to_owned());
            }
        }
    }
    let provider = rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
