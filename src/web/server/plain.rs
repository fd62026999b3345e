//! The answers to whoever came the wrong way: by plain HTTP where TLS is spoken, or round the
//! proxy. People who forget the `s` are sent on, and programs are told.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{HOST, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::web::guard::protect;
use crate::web::hosts::is_host;
use crate::web::page::{self, is_for_people};

/// The first byte of everything that speaks TLS.
const HANDSHAKE: u8 = 22;

const SENTENCE: &str =
    "this port speaks https and not http: write https:// instead of http:// in the address";

const ROUND: &str = "this address serves its reverse proxy alone, which has the certificate: ask \
                     the proxy's address, or add yours to trusted_proxies in hub.toml if it is the \
                     proxy's";

/// Whether a connection begins as one does that does not speak TLS.
pub(super) async fn is_plain(stream: &tokio::net::TcpStream) -> bool {
    let mut first = [0; 1];
    matches!(stream.peek(&mut first).await, Ok(1) if first != [HANDSHAKE])
}

/// Sends whoever looks at something to the same place over TLS.
pub(super) async fn answer(request: Request) -> Response {
    let there = there(&request);
    let is_look = matches!(*request.method(), Method::GET | Method::HEAD);
    let link = html! { @if let Some(there) = &there { " " a href=(there) { (there) } } };
    let mut response = say(request.headers(), StatusCode::BAD_REQUEST, SENTENCE, &link);
    let location = there.and_then(|there| HeaderValue::from_str(&there).ok());
    if let Some(location) = location.filter(|_| is_look) {
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Refuses whoever goes round the proxy.
pub(super) async fn refuse(request: Request) -> Response {
    say(request.headers(), StatusCode::FORBIDDEN, ROUND, &html! {})
}

/// Says a sentence as a page to people, and as JSON to programs.
fn say(headers: &HeaderMap, status: StatusCode, sentence: &str, more: &Markup) -> Response {
    let mut response = if is_for_people(headers) {
        (status, page::sentence(sentence, more)).into_response()
    } else {
        let refused = std::collections::BTreeMap::from([("refused", sentence)]);
        (status, Json(refused)).into_response()
    };
    protect(response.headers_mut(), page::SENTENCE_STYLE);
    response
}

/// The address that should have been asked.
fn there(request: &Request) -> Option<String> {
    let host = host(request.headers())?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Some(format!("https://{host}{path}"))
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok().filter(|host| is_host(host))
}
