//! Who is admitted: the token of a request is checked, then the gate.
//!
//! A handler that takes [`Admitted`] serves no stranger. The token is checked before any of the
//! body is read, so that a stranger costs no memory; then the body is received, so that a slow
//! sender takes no place inside. One request of a kiosk is served at a time.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use tokio::sync::Mutex;

use super::body::Body;
use super::gate::{Gate, Place, Stranger, Wait};
use super::refusal::Refusal;
use crate::carried::seal::HubKeys;
use crate::feedback::moment::Reading;
use crate::hub::archive::{Archive, Bearer};
use crate::hub::readiness::Readiness;
use crate::hub::rules::budget;
use crate::hub::secrets::{self, Hash, Token};
use crate::web::net::Net;

/// What all handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) archive: Archive,
    pub(super) gate: Arc<Gate>,
    /// Held by the one enrolment that is tried.
    pub(super) enrolling: Arc<Mutex<()>>,
    /// How much one kiosk may have kept in a day, in bytes.
    pub(super) bytes_a_day: u64,
    pub(super) keys: HubKeys,
    pub(super) readiness: Readiness,
    pub(super) read_clocks: fn() -> Reading,
    /// Whether a time service vouches for the wall clock.
    pub(super) is_time_vouched: fn() -> bool,
}

impl Shared {
    /// What time it is, in milliseconds since 1970 UTC.
    pub(super) fn wall_ms(&self) -> i64 {
        (self.read_clocks)().wall_ms
    }

    /// Counts a request of this kind that comes with no token, from this net.
    pub(super) fn count_stranger(&self, kind: Stranger, net: Net) -> Result<(), Wait> {
        self.gate.count_stranger(kind, net, (self.read_clocks)().boot_ms)
    }
}

/// A request of a kiosk that was let in.
pub(super) struct Admitted {
    /// The kiosk's short name.
    pub(super) kiosk: String,
    /// The token that let it in.
    pub(super) token: Hash,
    /// Whether the token should be renewed.
    pub(super) is_token_old: bool,
    /// What it has sent.
    pub(super) body: Body,
    /// Held for as long as the request is served.
    _place: Place,
}

impl FromRequest<Shared> for Admitted {
    type Rejection = Refusal;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Refusal> {
        let (bearer, token) = bearer_of(request.headers(), shared).await?;
        admit(request, shared, bearer, token).await
    }
}

/// A request that has the hub keep something: it is let in while its kiosk's budget lasts.
pub(super) struct Bringing(pub(super) Admitted);

impl FromRequest<Shared> for Bringing {
    type Rejection = Refusal;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Refusal> {
        let (bearer, token) = bearer_of(request.headers(), shared).await?;
        let now_ms = shared.wall_ms();
        if bearer.spent.is_all(shared.bytes_a_day, now_ms) {
            return Err(Wait::Spent(budget::day_ends_in_s(now_ms)).into());
        }
        admit(request, shared, bearer, token).await.map(Self)
    }
}

async fn admit(
    request: Request,
    shared: &Shared,
    bearer: Bearer,
    token: Hash,
) -> Result<Admitted, Refusal> {
    let open = shared.gate.admit(&bearer.kiosk, (shared.read_clocks)().boot_ms)?;
    let Ok(body) = Body::from_request(request, shared).await;
    let place = shared.gate.enter(open).await?;
    let Bearer { kiosk, is_old: is_token_old, .. } = bearer;
    Ok(Admitted { kiosk, token, is_token_old, body, _place: place })
}

async fn bearer_of(headers: &HeaderMap, shared: &Shared) -> Result<(Bearer, Hash), Refusal> {
    let token = token_in(headers)?;
    let bearer = bearer(&shared.archive, token, shared.wall_ms()).await?;
    Ok((bearer, secrets::token_hash(token)))
}

fn token_in(headers: &HeaderMap) -> Result<&str, Refusal> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    token.map(str::trim).ok_or(Refusal::Unauthorised)
}

/// The kiosk that a token belongs to. A token that was to follow another replaces it now.
async fn bearer(archive: &Archive, token: &str, now_ms: i64) -> Result<Bearer, Refusal> {
    let hash = secrets::token_hash(token);
    let bearer = archive.bearer(hash, now_ms - secrets::TOKEN_LIFE_MS).await?;
    let bearer = bearer.ok_or(Refusal::Unauthorised)?;
    if let Some(retired) = bearer.retired.as_ref().filter(|retired| retired.at_ms <= now_ms) {
        return Err(Refusal::retired(retired));
    }
    if !bearer.has_key {
        // The token is older than carried deliveries: from now on it may sign one.
        archive.note_key(Token::of(token)?).await?;
    }
    if bearer.is_next {
        archive.confirm_token(hash, now_ms).await?;
        tracing::info!(kiosk = bearer.kiosk, "the kiosk uses its new token; the old one is void");
        return Ok(Bearer { is_next: false, is_old: false, ..bearer });
    }
    Ok(bearer)
}
