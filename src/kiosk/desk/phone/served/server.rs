//! The socket of the desk's page: TLS, one request a connection, and a limit on everything, since
//! anybody on the shop's network can connect.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::http::Request;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::kiosk::settings::PhoneLimits;
use crate::web::net::Net;

/// How many addresses are remembered before quiet ones are forgotten.
const ADDRESSES_MAX: usize = 256;

/// The largest request line with its headers, in bytes.
const HEADERS_BYTES_MAX: usize = 16 * 1024;

/// Whether the address asks more often than it may.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsTooOften(pub(super) bool);

/// Serves until the process ends.
pub(super) async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    routes: Router,
    limits: PhoneLimits,
) {
    let limiter: DefaultKeyedRateLimiter<Net> =
        RateLimiter::hashmap(Quota::per_minute(limits.requests_per_minute));
    let limiter = Arc::new(limiter);
    let mut open: Vec<(Net, JoinHandle<()>)> = Vec::new();
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok((stream, peer)) => (stream, Net::from(peer.ip())),
            Err(error) => {
                // Out of descriptors, or the network is gone: trying again at once cures neither.
                tracing::debug!(%error, "cannot accept a connection to the desk's page");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        open.retain(|(_, connection)| !connection.is_finished());
        let of_one = open.iter().filter(|(of, _)| *of == peer).count();
        if open.len() >= limits.connections_max || of_one >= limits.connections_of_one_max {
            continue;
        }
        if limiter.len() > ADDRESSES_MAX {
            limiter.retain_recent();
        }
        let is_too_often = IsTooOften(limiter.check_key(&peer).is_err());
        let answer = answer(
            stream,
            acceptor.clone(),
            routes.clone().layer(Extension(peer)),
            is_too_often,
            limits.patience,
        );
        let connection = async move {
            let _ = tokio::time::timeout(limits.life, answer).await;
        };
        open.push((peer, tokio::spawn(connection)));
    }
}

/// Answers the one request of a connection.
async fn answer(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    routes: Router,
    is_too_often: IsTooOften,
    patience: Duration,
) {
    let Ok(Ok(stream)) = tokio::time::timeout(patience, acceptor.accept(stream)).await else {
        return;
    };
    let routes = routes.layer(Extension(is_too_often));
    let service = tower_service(routes);
    let served = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEADERS_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a phone went away");
    }
}

/// The routes as hyper calls them.
fn tower_service(
    routes: Router,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future: Send,
> {
    let service = TowerToHyperService::new(routes);
    hyper::service::service_fn(move |request: Request<Incoming>| {
        hyper::service::Service::call(&service, request.map(Body::new))
    })
}
