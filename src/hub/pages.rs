//! What head office sees in a browser: HTML that is made on the server and needs no script.

mod errors;
mod layout;
mod overview;
mod sharing;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;

use self::errors::PageError;
use self::overview::State;
use self::sharing::Sharing;
use super::archive::Archive;
use super::readiness::Readiness;
use crate::feedback::moment::Reading;
use crate::web::guard::protect;
use crate::web::hosts::Hosts;
use crate::zones::Zones;

/// The names that the pages at this address are asked for by.
#[must_use]
pub fn hosts(address: SocketAddr, names: &[String]) -> Hosts {
    let cure = "On head office's machine the page is at http://localhost with the port of the \
                dashboard. If this name is your reverse proxy's, add it to `names` under \
                [dashboard] in hub.toml.";
    Hosts::at(address, names, cure)
}

/// The routes of the pages.
pub fn routes(
    archive: Archive,
    hosts: Hosts,
    page_seconds: u32,
    readiness: Readiness,
    read_clocks: fn() -> Reading,
) -> Router {
    let shared = Arc::new(Sharing::new(page_seconds));
    let routes = Router::new()
        .route("/", get(overview::overview))
        .fallback(|address: Uri| async move {
            PageError::NotFound { depth: address.path().matches('/').count().saturating_sub(1) }
        })
        .with_state(State { archive, zones: Zones::of_system(), readiness, read_clocks, shared });
    hosts.guard(routes).layer(map_response(async |mut response: Response| {
        protect(response.headers_mut(), layout::STYLE);
        response
    }))
}
