//! The hub: receives, counts each rating once, and shows shops side by side.
//!
//! Here its parts are put together. Kiosks and the dashboard have a listener each, so that the
//! numbers are not on the internet because the intake has to be.

pub mod archive;
pub mod carried;
pub mod commands;
pub mod kiosks;
pub mod pages;
pub mod rules;
pub mod secrets;
pub mod settings;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::http::StatusCode;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use self::archive::Archive;
use self::settings::{Settings, Tls};
use crate::carried::seal::{HubKeys, HubPublic};

/// How long a client may take to send its request line and headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a client may be silent while it sends a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// How long answering may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long requests under way may go on after the hub was told to end.
const GRACE: Duration = Duration::from_secs(10);

/// A hub whose addresses are bound, and that is still to be run.
pub struct Hub<A> {
    archive: A,
    kiosks: TcpListener,
    dashboard: TcpListener,
    tls: Option<Tls>,
    limits: secrets::Limits,
    keys: HubPublic,
    handle: Handle<SocketAddr>,
}

impl<A: Archive> Hub<A> {
    /// Binds both addresses.
    ///
    /// # Errors
    /// When one of them is taken or not of this machine.
    pub fn bind(settings: &Settings, archive: A) -> anyhow::Result<Self> {
        // Somebody else in this process may have installed the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = HubKeys::read_or_make(&settings.data_dir)
            .context("cannot read or make the hub's keys")?;
        let bind = |address: SocketAddr| {
            let listener = TcpListener::bind(address)
                .with_context(|| format!("cannot listen on {address}"))?;
            listener.set_nonblocking(true).context("cannot use the listener")?;
            anyhow::Ok(listener)
        };
        Ok(Self {
            archive,
            kiosks: bind(settings.listen)?,
            dashboard: bind(settings.dashboard)?,
            tls: settings.tls.clone(),
            limits: settings.limits,
            keys: keys.public()?,
            handle: Handle::new(),
        })
    }

    /// The addresses for kiosks and for the dashboard, in this order.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.kiosks.local_addr()?, self.dashboard.local_addr()?))
    }

    /// A way to end the hub: it finishes what is under way and then returns.
    pub fn stopper(&self) -> impl Fn() + Send + Clone + use<A> {
        let handle = self.handle.clone();
        move || handle.graceful_shutdown(Some(GRACE))
    }

    /// Serves until stopped.
    ///
    /// # Errors
    /// When the certificate cannot be read, or a listener fails.
    pub async fn run(self) -> anyhow::Result<()> {
        let tls = match &self.tls {
            None => None,
            Some(Tls { certificate, key }) => {
                let tls = RustlsConfig::from_pem_file(certificate, key).await;
                Some(http1_over(&tls.with_context(|| {
                    format!("cannot use {} with {}", certificate.display(), key.display())
                })?))
            }
        };
        let archive = self.archive.clone();
        tokio::spawn(async move {
            if let Err(error) = archive.judge_again().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    error,
                    cause = error.source(),
                    "older ratings were not judged again"
                );
            }
        });
        let intake = kiosks::routes(self.archive.clone(), self.limits, self.keys);
        let dashboard = pages::overview::routes(self.archive);
        tokio::try_join!(
            serve(self.kiosks, tls.clone(), intake, self.handle.clone()),
            serve(self.dashboard, tls, dashboard, self.handle),
        )?;
        tracing::info!("the hub has ended");
        Ok(())
    }
}

/// Has a TLS client speak HTTP/1.1, which is all that is spoken here.
fn http1_over(tls: &RustlsConfig) -> RustlsConfig {
    let mut config = rustls::ServerConfig::clone(&tls.get_inner());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    RustlsConfig::from_config(Arc::new(config))
}

/// HTTP/1 alone has a timeout from the first byte on; telling it from HTTP/2 would wait for ever.
fn speak_http1(http: &mut Builder<TokioExecutor>) {
    *http = http.clone().http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_TIMEOUT);
}

async fn serve(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    routes: Router,
    handle: Handle<SocketAddr>,
) -> anyhow::Result<()> {
    let routes = routes
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, ANSWER_TIMEOUT))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT));
    let service = routes.into_make_service();
    let failed = "cannot serve";
    match tls {
        None => {
            let mut server = axum_server::from_tcp(listener).context(failed)?.handle(handle);
            speak_http1(server.http_builder());
            server.serve(service).await.context(failed)
        }
        Some(tls) => {
            let server = axum_server::from_tcp_rustls(listener, tls).context(failed)?;
            let mut server = server.handle(handle);
            speak_http1(server.http_builder());
            server.serve(service).await.context(failed)
        }
    }
}
