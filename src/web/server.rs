//! Serves routes at a listener: connections are accepted here and nowhere else.
//!
//! The constraint that shaped it: whoever can reach the listener can connect, and must not be able
//! to keep others out by it. So every wait has an end, every connection has a life, and none is
//! held for nothing: when there are too many, those that say nothing give way to those that speak.
//! Who has most connections loses one first. What a client sends after its last answer is thrown
//! away for a moment, since to hang up at once would take that answer from it.

#[cfg(feature = "hub")]
pub mod certificate;
mod connection;
mod memory;
mod open;
mod plain;
mod renewal;
mod stop;
mod tls;
#[cfg(feature = "hub")]
pub mod visitor;
mod watched;

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_rustls::TlsAcceptor;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use self::connection::Connection;
use self::memory::Crowd;
use self::open::Open;
pub use self::renewal::at_change;
pub use self::stop::{Stop, Stopper, stopper};
pub use self::tls::{Chain, Files, Pair, Shown, Unusable};
use crate::web::limits::Limits;
use crate::web::net::Net;
use crate::web::proxies::Proxies;

/// How long nobody is accepted after the system had no descriptor for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// How often the log says that nobody can be accepted.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// How often it is looked whether a crowd of connections has gone.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Serves HTTP/1 until stopped, over TLS where there is an acceptor; then what is under way is
/// finished within `grace`. Handlers find the [`Net`] of whoever asks among the extensions, behind
/// whichever of the `proxies`.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Router,
    limits: Limits,
    proxies: Proxies,
    mut stop: Stop,
    grace: Duration,
) {
    let routes = routes
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.answer))
        .layer(RequestBodyTimeoutLayer::new(limits.body));
    let connection = Connection { tls, routes, limits, proxies, stop: stop.clone() };
    let mut open = Open::new(limits);
    let mut complained_at: Option<Instant> = None;
    let mut crowd = Crowd::default();
    let mut look = tokio::time::interval(LOOK_INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            () = stop.come() => break,
            _ = look.tick(), if crowd.was_here() => {
                if crowd.has_gone(open.count_anew()) {
                    tokio::task::spawn_blocking(memory::give_back);
                }
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let net = Net::from(peer.ip());
                // A connection that cannot be admitted is closed by this.
                let is_proxy = connection.proxies.has(peer.ip());
                let room = if is_proxy { open.make_room_for_many() } else { open.make_room(net) };
                if let Some(life) = room {
                    let serve = connection.clone().serve(stream, peer.ip(), life.clone());
                    let task = tokio::spawn(serve);
                    open.add(net, life, task);
                    crowd.note(open.count());
                }
            }
            Err(error) => {
                // Mostly the process has no descriptor left, which is not cured by trying at once.
                let is_due = complained_at.is_none_or(|at| at.elapsed() >= COMPLAINT_INTERVAL);
                if is_due {
                    let connections = open.count();
                    tracing::error!(
                        %error,
                        connections,
                        "cannot accept connections; silent ones are closed"
                    );
                    complained_at = Some(Instant::now());
                }
                open.close_silent();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    open.finish(grace).await;
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::{Arc, Mutex};

    use axum::http::Uri;

    use super::*;

    #[tokio::test]
    async fn whoever_sends_many_requests_at_once_waits_for_the_others() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let come = |request: &str, times| {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(request.repeat(times).as_bytes()).unwrap();
            stream
        };
        let greedy = come("GET /greedy HTTP/1.1\r\nhost: x\r\n\r\n", 100);
        let polite = come("GET /polite HTTP/1.1\r\nhost: x\r\n\r\n", 1);
        let (answered, polite_came) =
            (Arc::new(Mutex::new(0)), Arc::new(tokio::sync::Notify::new()));
        let (count, came) = (Arc::clone(&answered), Arc::clone(&polite_came));
        let routes = Router::new().fallback(move |uri: Uri| async move {
            match uri.path() {
                "/polite" => came.notify_one(),
                _ => *count.lock().unwrap() += 1,
            }
        });
        let second = Duration::from_secs(60);
        let limits = Limits {
            connections_max: 10,
            connections_of_one_max: 10,
            requests_max: u32::MAX,
            handshake: second,
            headers: second,
            body: second,
            answer: second,
            write: second,
            life: second,
            linger: second,
        };
        let (_stopper, stop) = stopper();
        tokio::spawn(serve(listener, None, routes, limits, Proxies::default(), stop, second));
        polite_came.notified().await;
        let before = *answered.lock().unwrap();
        assert!(before < 8, "{before} requests of another were answered before");
        drop((greedy, polite));
    }
}
