//! Head office's program: it receives ratings, counts each one once, and shows shops side by side.
//!
//! Here its rooms are put together and nothing else. Kiosks and people have a listener each: the
//! intake has to be reachable from the internet, and the numbers need not be.

pub mod archive;
pub mod carried;
pub mod commands;
pub mod figures;
pub mod intake;
pub mod kiosks;
pub mod pages;
pub mod rules;
pub mod secrets;
pub mod settings;
pub mod work;

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
use self::carried::keys;
use self::settings::{Limits, Settings, Tls};
use crate::carried::seal::HubPublic;
use crate::feedback::moment::Reading;

/// How long a client may take to send its request line and headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a client may pause while it sends a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long requests under way may go on after the hub was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// A hub whose addresses are bound, and that does not run yet.
pub struct Hub<A> {
    archive: A,
    kiosks: TcpListener,
    dashboard: TcpListener,
    tls: Option<Tls>,
    limits: Limits,
    keys: HubPublic,
    read_clocks: fn() -> Reading,
    handle: Handle<SocketAddr>,
}

impl<A: Archive> Hub<A> {
    /// Binds both addresses. The hub takes the time from `read_clocks` alone.
    ///
    /// # Errors
    /// When an address is in use or does not belong to this machine.
    pub fn bind(
        settings: &Settings,
        archive: A,
        read_clocks: fn() -> Reading,
    ) -> anyhow::Result<Self> {
        // Somebody else in this process may have installed the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = keys::read_or_make(&settings.data_dir)?;
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
            read_clocks,
            handle: Handle::new(),
        })
    }

    /// The addresses for kiosks and for head office's page, in this order.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.kiosks.local_addr()?, self.dashboard.local_addr()?))
    }

    /// Stops the hub when called: it finishes what is under way and then returns.
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
                    format!(
                        "cannot use the certificate {} with the key {}",
                        certificate.display(),
                        key.display()
                    )
                })?))
            }
        };
        tokio::spawn(work::run(self.archive.clone()));
        let kiosks = kiosks::routes(self.archive.clone(), self.limits, self.keys, self.read_clocks);
        let pages = pages::routes(self.archive, self.limits.page_seconds, self.read_clocks);
        tokio::try_join!(
            serve(self.kiosks, tls.clone(), kiosks, self.handle.clone()),
            serve(self.dashboard, tls, pages, self.handle),
        )?;
        tracing::info!("the hub has stopped");
        Ok(())
    }
}

/// Offers HTTP/1.1 alone to TLS clients.
fn http1_over(tls: &RustlsConfig) -> RustlsConfig {
    let mut config = rustls::ServerConfig::clone(&tls.get_inner());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    RustlsConfig::from_config(Arc::new(config))
}

/// Serves HTTP/1 alone, which has a timeout from the first byte on; to tell it from HTTP/2, the
/// server would wait for ever.
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
