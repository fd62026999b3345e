//! How the hub refuses a kiosk: a status for programs, a sentence for people, the cause in the log.

use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use maud::html;

use super::gate::{self, Wait};
use crate::carried::seal;
use crate::feedback::moment;
use crate::feedback::zone::Zone;
use crate::hub::archive::{self, Retired};
use crate::hub::intake::Unacceptable;
use crate::hub::readiness::Unready;
use crate::web::guard::protect;
use crate::web::page;
use crate::wire;
use crate::zones::Zones;

/// The sentence of a refusal, beside the answer.
#[derive(Clone)]
struct Said(String);

/// Refuses people, who have strayed here with a browser, with a page in the place of JSON.
pub(super) async fn for_people(request: Request, next: Next) -> Response {
    let is_for_people = page::is_for_people(request.headers());
    let mut response = next.run(request).await;
    let Some(Said(said)) = response.extensions().get().filter(|_| is_for_people).cloned() else {
        return response;
    };
    let more = html! { p { (ASIDE) } };
    let page = page::sentence(&said, &more).into_response();
    let (parts, body) = page.into_parts();
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        response.headers_mut().remove(&name);
    }
    response.headers_mut().extend(parts.headers);
    *response.body_mut() = body;
    protect(response.headers_mut(), page::SENTENCE_STYLE);
    response
}

const ASIDE: &str = "Kiosks deliver to this address. People look at head office's page, whose \
                     address is the one of [dashboard] in hub.toml.";

/// A request that the hub will not or cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request cannot be read; the sentence says where.
    #[error("{0}")]
    Malformed(String),
    /// The body ended too early, or took too long: worth another try.
    #[error("the request ended before its body was complete")]
    Incomplete,
    /// The delivery was read and will never be taken; the sentence says why.
    #[error(transparent)]
    Unacceptable(#[from] Unacceptable),
    /// The token is missing, unknown or revoked.
    #[error("the token is missing, unknown or revoked: enrol the kiosk again")]
    Unauthorised,
    /// The kiosk was retired on this day.
    #[error(
        "head office retired this kiosk on {0}; what it still holds can be carried on a stick, and \
         head office can take the kiosk back"
    )]
    Retired(String),
    /// The one-time code is not valid.
    #[error("the code is unknown, was used already or has expired: ask for a new one")]
    BadCode,
    /// A kiosk asks for a proof of an address to which this hub sends nobody.
    #[error(
        "this hub has no kiosk move to that address; `smilepost-hub moves-to` has it do so, also \
         where the hub has come to another machine"
    )]
    Elsewhere,
    /// There is nothing at this address.
    #[error("there is nothing at this address")]
    NotFound,
    /// The request is larger than the hub reads.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// The body is packed in a way that the hub does not read.
    #[error("unknown content encoding {0:?}: use gzip or none")]
    Encoding(String),
    /// The kiosk has to wait.
    #[error(transparent)]
    Wait(#[from] Wait),
    /// The archive failed; the client need not know how.
    #[error("the hub cannot store anything at the moment{}", because(.0))]
    Archive(#[from] archive::Error),
    /// No delivery can be stored.
    #[error(transparent)]
    Unready(#[from] Unready),
    /// No key could be made of a token; the client need not know how.
    #[error("the hub cannot store anything at the moment")]
    Key(#[from] seal::Error),
}

/// What is wrong with the archive, as the end of a sentence.
fn because(error: &archive::Error) -> String {
    error.why().map(|why| format!(": {why}")).unwrap_or_default()
}

impl Refusal {
    /// Of a kiosk that was retired: on a day of its shop.
    pub(super) fn retired(Retired { at_ms, zone }: &Retired) -> Self {
        let zone = Zones::of_system().zone(zone).unwrap_or_else(Zone::utc);
        Self::Retired(moment::local(*at_ms, &zone).0.to_string())
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Incomplete => StatusCode::REQUEST_TIMEOUT,
            Self::Unacceptable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::BadCode | Self::Retired(_) => StatusCode::FORBIDDEN,
            Self::Elsewhere => StatusCode::CONFLICT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Wait(Wait::TooOften(_) | Wait::Spent(_) | Wait::Guessed(_)) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Wait(Wait::Busy(_) | Wait::Slow(_))
            | Self::Archive(_)
            | Self::Unready(_)
            | Self::Key(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error: Option<&dyn std::error::Error> = match &self {
            Self::Archive(error) => Some(error),
            Self::Key(error) => Some(error),
            _ => None,
        };
        if let Some(error) = error {
            tracing::error!(error, "a kiosk's request could not be served");
        }
        let is_unread = matches!(
            self,
            Self::Unauthorised | Self::Retired(_) | Self::TooLarge(_) | Self::Wait(_)
        );
        let body = wire::Refusal { refused: self.to_string() };
        let said = Said(body.refused.clone());
        let mut response = (self.status(), Extension(said), Json(body)).into_response();
        let seconds = match self {
            Self::Wait(wait) => Some(wait.seconds()),
            Self::Archive(_) | Self::Unready(_) => Some(gate::busy_s()),
            _ => None,
        };
        if let Some(seconds) = seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if is_unread {
            // The connection ends with what was sent and is not read, so nobody may send on it.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response
    }
}
