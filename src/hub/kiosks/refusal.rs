//! How the hub says no: a status for programs, a sentence for people, and the cause for the log.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};

use crate::hub::archive;
use crate::wire;

/// A request that the hub will not or cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request cannot be read; the sentence says where.
    #[error("{0}")]
    Malformed(String),
    /// The body ended before it was whole, or took too long: worth trying again.
    #[error("the body ended before it was whole")]
    Incomplete,
    /// The delivery was read and will never be taken; the sentence says why.
    #[error("{0}")]
    Unacceptable(String),
    /// No token, or none that lets anybody in.
    #[error("this token is not known or was revoked: enrol the kiosk again")]
    Unauthorised,
    /// The one-time code is not good.
    #[error("this code is not known, was used already or has expired: ask for a new one")]
    BadCode,
    /// There is no such page.
    #[error("there is nothing here")]
    NotFound,
    /// The request is larger than the hub reads.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// The body is packed in a way that the hub does not read.
    #[error("content encoding {0:?} is not read here: use gzip or none")]
    Encoding(String),
    /// The kiosk asks more often than it may.
    #[error("this kiosk asks too often; wait {0} seconds")]
    TooOften(u32),
    /// More deliveries are under way than the hub takes at once.
    #[error("the hub is busy; wait {0} seconds")]
    Busy(u32),
    /// The archive failed; the client need not know how.
    #[error("the hub cannot store anything right now")]
    Archive(#[from] archive::Error),
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Incomplete => StatusCode::REQUEST_TIMEOUT,
            Self::Unacceptable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::BadCode => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) | Self::Archive(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Archive(error) = &self {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, cause = error.source(), "the archive failed");
        }
        let body = wire::Refusal { refused: self.to_string() };
        let mut response = (self.status(), Json(body)).into_response();
        if let Self::TooOften(seconds) | Self::Busy(seconds) = self {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
