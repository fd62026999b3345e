//! What head office sees in a browser: HTML that is made on the server and needs no script.

mod errors;
mod layout;
mod overview;
mod sharing;

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;

use self::errors::PageError;
use self::overview::State;
use self::sharing::Sharing;
use super::archive::Archive;
use crate::feedback::moment::Reading;
use crate::web::guard::protect;

/// The routes of the pages.
pub fn routes<A: Archive>(archive: A, page_seconds: u32, read_clocks: fn() -> Reading) -> Router {
    let shared = Arc::new(Sharing::new(page_seconds));
    let routes = Router::new()
        .route("/", get(overview::overview::<A>))
        .fallback(|| async { PageError::NotFound })
        .with_state(State { archive, read_clocks, shared });
    routes.layer(map_response(async |mut response: Response| {
        protect(response.headers_mut(), layout::STYLE);
        response
    }))
}
