//! Protection of pages in a browser: headers that allow nothing but the page itself, and the check
//! whether a form was sent by a page of this host.

use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::token::digest;

/// Adds the headers that protect a page: no script, no frame, nothing from elsewhere, no stored
/// copy, and no style but this one, which is part of the page.
pub fn protect(headers: &mut HeaderMap, style: &str) {
    protect_but(headers, style, "");
}

/// As [`protect`], for pages that have a script: only files of this host run, and they ask only it.
pub fn protect_scripted(headers: &mut HeaderMap, style: &str) {
    protect_but(headers, style, "script-src 'self'; connect-src 'self'; ");
}

fn protect_but(headers: &mut HeaderMap, style: &str, scripts: &str) {
    let style = STANDARD.encode(digest(style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; {scripts}form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let fixed: [(HeaderName, &str); 5] = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Whether a form was sent by a page of this host, as far as the browser tells.
#[must_use]
pub fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let own = format!("https://{}", text(HOST).unwrap_or_default());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    text(ORIGIN).is_none_or(|origin| origin == own)
        && site.is_none_or(|site| site == "same-origin" || site == "none")
}
