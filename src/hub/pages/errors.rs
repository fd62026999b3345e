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
    NotFound {
        /// How many folders deep the address is, below the one of the pages.
        depth: usize,
    },
    /// A date cannot be read.
    #[error("{0:?} is not a date such as 2026-11-20.")]
    Date(String),
    /// The numbers take too long to count.
    #[error(
        "Counting the numbers takes longer than a page may take. Ask for another day, or reload \
         the page later; the hub's log says what took so long."
    )]
    TooSlow(#[source] archive::Error),
    /// The archive failed; the log says how.
    #[error(
        "The numbers cannot be read at the moment. Reload the page; if that does not help, \
             see the hub's log."
    )]
    Archive(#[source] archive::Error),
}

impl From<archive::Error> for PageError {
    fn from(error: archive::Error) -> Self {
        if error.is_late() { Self::TooSlow(error) } else { Self::Archive(error) }
    }
}

impl PageError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Date(_) => StatusCode::BAD_REQUEST,
            Self::TooSlow(_) | Self::Archive(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if let Self::TooSlow(error) | Self::Archive(error) = &self {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "a page could not be shown");
        }
        // A reverse proxy may have the pages below a path that they do not know.
        let home = match &self {
            Self::NotFound { depth: depth @ 1.. } => "../".repeat(*depth),
            _ => "./".to_owned(),
        };
        let nav = html! { nav { a href=(home) { "Today" } } };
        let main = html! { p.alarm role="alert" { (self.to_string()) } };
        (self.status(), layout::page(None, &nav, &main, &html! {})).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_that_takes_too_long_says_what_to_do() {
        let late = PageError::from(archive::Error::late("count"));
        let response = late.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let page = String::from_utf8(body.to_vec()).unwrap();
        assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
        assert!(page.contains("Counting the numbers takes longer than a page may take."), "{page}");
    }
}
