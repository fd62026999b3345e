//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{Request, Response};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::open::{Doing, Life};
use super::plain;
use super::stop::Stop;
use super::watched::Watched;
use crate::web::limits::Limits;
use crate::web::net::Net;
use crate::web::proxies::Proxies;

/// The largest request line with its headers, in bytes.
const HEADERS_BYTES_MAX: usize = 16 * 1024;

/// How a listener serves each of its connections.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) routes: Router,
    pub(super) limits: Limits,
    pub(super) proxies: Proxies,
    pub(super) stop: Stop,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<axum::body::Body>, Infallible>> + Send>>;

impl Connection {
    /// Serves a connection to its end.
    pub(super) async fn serve(mut self, stream: TcpStream, peer: IpAddr, life: Arc<Life>) {
        if !self.proxies.let_in(peer) {
            self.routes = Router::new().fallback(plain::refuse);
        }
        let (kept, write) = (Arc::clone(&life), self.limits.write);
        let watch = |stream| Watched::new(stream, kept, write);
        let Some(tls) = self.tls.clone() else {
            let stream = watch(stream);
            return self.speak(stream, peer, life).await;
        };
        let first = tokio::time::timeout(self.limits.handshake, plain::is_plain(&stream)).await;
        let stream = watch(stream);
        match first {
            Ok(false) => {}
            Ok(true) => {
                let routes = Router::new().fallback(plain::answer);
                return Self { routes, ..self }.speak(stream, peer, life).await;
            }
            // Whoever says nothing in time is hung up on.
            Err(_) => return,
        }
        let agreed = tokio::time::timeout(self.limits.handshake, tls.accept(stream)).await;
        // Whoever does not agree on a key in time is hung up on.
        if let Ok(Ok(stream)) = agreed {
            self.speak(stream, peer, life).await;
        }
    }

    async fn speak(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: IpAddr,
        life: Arc<Life>,
    ) {
        let limits = self.limits;
        let answer = self.answers(peer, life);
        let service = hyper::service::service_fn(answer);
        let mut http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.headers)
            .max_buf_size(HEADERS_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let spoken = async {
            let served = std::future::poll_fn(|context| http.poll_without_shutdown(context));
            tokio::select! {
                served = served => return served,
                () = self.stop.come() => {}
                () = tokio::time::sleep(limits.life) => {}
            }
            // What is under way is finished, and nothing new begun.
            Pin::new(&mut http).graceful_shutdown();
            let served = std::future::poll_fn(|context| http.poll_without_shutdown(context));
            tokio::time::timeout(limits.answer, served).await.unwrap_or(Ok(()))
        };
        match spoken.await {
            Err(error) if is_stuck(&error) => tracing::debug!(%error, "a client takes no answer"),
            spoken => {
                tracing::debug!(?spoken, "a client went away");
                let stream = http.into_parts().io.into_inner();
                let _ = tokio::time::timeout(limits.linger, linger(stream)).await;
            }
        }
    }

    /// What answers the requests of one connection.
    fn answers(
        &self,
        peer: IpAddr,
        life: Arc<Life>,
    ) -> impl Fn(Request<Incoming>) -> Answer + use<> {
        let proxies = self.proxies.clone();
        let (routes, requests_max) = (self.routes.clone(), self.limits.requests_max);
        let service = TowerToHyperService::new(routes);
        let requests = Arc::new(AtomicU32::new(0));
        move |request: Request<Incoming>| {
            let (mut parts, body) = request.into_parts();
            let client = proxies.client(peer, &parts.headers);
            parts.extensions.insert(Net::from(client));
            let body = Received::new(body, Arc::clone(&life));
            let request = Request::from_parts(parts, axum::body::Body::new(body));
            let answer = hyper::service::Service::call(&service, request);
            let (life, requests) = (Arc::clone(&life), Arc::clone(&requests));
            Box::pin(async move {
                // Whoever sends many requests at once waits for all others after each of them.
                tokio::task::yield_now().await;
                let Ok(mut response) = answer.await;
                // From here on the client has to take its answer.
                life.does(Doing::Silence);
                if requests.fetch_add(1, Ordering::Relaxed) + 1 >= requests_max {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok(response)
            })
        }
    }
}

/// Whether a connection ended because its client took nothing of what was sent to it.
fn is_stuck(error: &hyper::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.kind() == std::io::ErrorKind::TimedOut;
        }
        cause = error.source();
    }
    false
}

/// Ends a stream in good order: says that nothing comes any more, and throws away what the client
/// still sends. A system that closes with something unread tells the client that the connection is
/// broken, and then the last answer is lost to it.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut rest = [0; 4 * 1024];
    while let Ok(1..) = stream.read(&mut rest).await {}
}

/// The body of a request, which tells how far it has come.
struct Received {
    body: Incoming,
    life: Arc<Life>,
}

impl Received {
    fn new(body: Incoming, life: Arc<Life>) -> Self {
        life.does(if body.is_end_stream() { Doing::Asking } else { Doing::Sending });
        Self { body, life }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(None) = frame {
            self.life.does(Doing::Asking);
        } else if frame.is_ready() && self.body.is_end_stream() {
            self.life.does(Doing::Asking);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
