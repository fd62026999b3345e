//! Asks a listener as a client would, for whoever has to know whether it works.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONNECTION, HOST};
use axum::http::{Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How much of an answer is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// What a listener has answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body, as text.
    pub body: String,
    /// The certificate that was shown, with its chain; whoever showed it has its key. Empty where
    /// plain HTTP was spoken.
    pub chain: Vec<CertificateDer<'static>>,
}

/// The step at which an answer failed to come.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Nobody takes connections.
    #[error("{0}")]
    Connecting(std::io::Error),
    /// There is no TLS.
    #[error("{0}")]
    Securing(std::io::Error),
    /// There is no HTTP.
    #[error("{0}")]
    Asking(Box<dyn std::error::Error + Send + Sync>),
}

/// Asks for a path at an address, as of this host. With `of_tls`, the certificate is taken as it is
/// and left to the caller to judge.
///
/// # Errors
/// When no answer comes; it waits for one without an end.
pub async fn ask(
    address: SocketAddr,
    host: &str,
    of_tls: Option<&str>,
    path: &str,
) -> Result<Answer, Failed> {
    let stream = TcpStream::connect(address).await.map_err(Failed::Connecting)?;
    let Some(name) = of_tls else {
        let (status, body) = get(stream, host, path).await.map_err(Failed::Asking)?;
        return Ok(Answer { status, body, chain: Vec::new() });
    };
    let name = ServerName::try_from(name.to_owned())
        .unwrap_or_else(|_| ServerName::IpAddress(address.ip().into()));
    let stream = secure(stream, name).await.map_err(Failed::Securing)?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let chain = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
    let (status, body) = get(stream, host, path).await.map_err(Failed::Asking)?;
    Ok(Answer { status, body, chain })
}

async fn secure(
    stream: TcpStream,
    name: ServerName<'static>,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let taker = Arc::new(Taker(Arc::clone(&provider)));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(taker)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn get(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    host: &str,
    path: &str,
) -> Result<(StatusCode, String), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the answer; what is wrong with it is said there too.
    tokio::spawn(async move { drop(connection.await) });
    let request = Request::get(path).header(HOST, host).header(CONNECTION, "close");
    let answer = sender.send_request(request.body(Body::empty())?).await?;
    let status = answer.status();
    let body = to_bytes(Body::new(answer.into_body()), ANSWER_BYTES_MAX).await?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Takes every certificate whose key the listener has: it is judged later, in words.
#[derive(Debug)]
struct Taker(Arc<CryptoProvider>);

impl ServerCertVerifier for Taker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
