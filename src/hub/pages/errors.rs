//! A page that cannot be shown: people get a sentence that says what to do, as a page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::layout;
use crate::hub::archive;

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// There is no page at this address.
    #[error("There is no page at this address.")]
    NotFound,
    /// A date cannot be read.
    #[error("{0:?} is not a date such as 2026-11-20.")]
    Date(String),
    /// The archive failed; the log says how.
    #[error(
        "The numbers cannot be read at the moment. Reload the page; if that does not help, \
             see the hub's log."
    )]
    Archive(#[from] archive::Error),
}

impl PageError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Date(_) => StatusCode::BAD_REQUEST,
            Self::Archive(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if let Self::Archive(error) = &self {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "a page could not be shown");
        }
        let nav = html! { nav { a href="/" { "Today" } } };
        let main = html! { p.alarm role="alert" { (self.to_string()) } };
        (self.status(), layout::page(None, &nav, &main)).into_response()
    }
}
