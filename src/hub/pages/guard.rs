//! Headers of every page: nothing is kept by the browser, and nothing is loaded from elsewhere.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use tower_http::set_header::SetResponseHeaderLayer;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The same routes, with these headers.
pub(super) fn guarded(routes: Router) -> Router {
    let no_store = HeaderValue::from_static("no-store");
    let policy = HeaderValue::from_static(POLICY);
    routes
        .layer(SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, no_store))
        .layer(SetResponseHeaderLayer::if_not_present(CONTENT_SECURITY_POLICY, policy))
}
