//! The body of a request: received whole, then unpacked and read, with one limit for both. One
//! that says that it is larger is not received at all.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::{HeaderValue, StatusCode};
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use crate::wire::{BODY_BYTES_MAX, gzip};
use crate::words::json;

/// A body as it was received, or why it was not.
pub(super) struct Body {
    encoding: Option<HeaderValue>,
    /// None where it says itself that it is too large.
    bytes: Option<Result<Bytes, BytesRejection>>,
}

impl<S: Send + Sync> FromRequest<S> for Body {
    /// Whether the body is complete is said when it is read: other complaints come first.
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let encoding = request.headers().get(CONTENT_ENCODING).cloned();
        let length = request.headers().get(CONTENT_LENGTH).and_then(|text| text.to_str().ok());
        let length = length.and_then(|text| text.parse::<usize>().ok());
        if length.is_some_and(|length| length > BODY_BYTES_MAX) {
            return Ok(Self { encoding, bytes: None });
        }
        let bytes = Some(Bytes::from_request(request, state).await);
        Ok(Self { encoding, bytes })
    }
}

impl Body {
    /// Unpacks the body and reads it as JSON.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        let bytes = self.bytes.ok_or(Refusal::TooLarge(BODY_BYTES_MAX))?;
        let bytes = bytes.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge(BODY_BYTES_MAX),
            _ => Refusal::Incomplete,
        })?;
        let encoding = self
            .encoding
            .as_ref()
            .map_or("identity", |value| value.to_str().unwrap_or("unreadable"));
        let text = match encoding {
            "identity" => bytes.to_vec(),
            "gzip" => gzip::unpack(&bytes, BODY_BYTES_MAX).map_err(|error| match error {
                gzip::Error::TooLarge(bytes_max) => Refusal::TooLarge(bytes_max),
                gzip::Error::Invalid(_) => Refusal::Malformed(
                    "the body is not valid gzip: it is no gzip at all, or was changed on its way"
                        .to_owned(),
                ),
            })?,
            other => return Err(Refusal::Encoding(other.to_owned())),
        };
        json::read(&text)
            .map_err(|why| Refusal::Malformed(format!("the body cannot be read: {why}")))
    }
}
