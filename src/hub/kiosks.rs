//! What kiosks ask of the hub: to be enrolled, to have events stored, new tokens and surveys.
//!
//! A delivery is answered only after everything that its receipt names is durable. Every answer to
//! a kiosk, refusals included, is JSON.

mod admission;
mod body;
mod deliveries;
mod enrolments;
pub mod gate;
mod identity;
pub mod refusal;
mod surveys;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::middleware::from_fn;
use axum::routing::{get, post};

use self::admission::Shared;
use self::gate::{Gate, Stranger};
use self::refusal::Refusal;
use crate::carried::seal::HubKeys;
use crate::feedback::moment::Reading;
use crate::hub::archive::Archive;
use crate::hub::readiness::Readiness;
use crate::hub::settings::Limits;
use crate::web::net::Net;
use crate::wire::identity::IDENTITY;
use crate::wire::{self, BODY_BYTES_MAX, survey};

/// The most bytes of an enrolment or a challenge, which come from strangers.
const ENROLMENT_BYTES_MAX: usize = 4 * 1_024;

/// The routes of the API.
pub fn routes(
    archive: Archive,
    limits: Limits,
    keys: HubKeys,
    readiness: Readiness,
    read_clocks: fn() -> Reading,
    is_time_vouched: fn() -> bool,
) -> Router {
    let (gate, bytes_a_day) = (Arc::new(Gate::new(limits)), limits.bytes_a_day());
    Router::new()
        .route(
            wire::ENROLMENTS,
            post(enrolments::enrol).layer(DefaultBodyLimit::max(ENROLMENT_BYTES_MAX)),
        )
        .route(IDENTITY, post(identity::prove).layer(DefaultBodyLimit::max(ENROLMENT_BYTES_MAX)))
        .route(wire::DELIVERIES, post(deliveries::deliver))
        .route(wire::TOKENS, post(tokens::renew))
        .route(survey::SURVEY, get(surveys::hand_out))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .fallback(|| async { Refusal::NotFound })
        .method_not_allowed_fallback(|| async { Refusal::NotFound })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(refusal::for_people))
        .with_state(Shared {
            archive,
            gate,
            enrolling: Arc::default(),
            bytes_a_day,
            keys,
            readiness,
            read_clocks,
            is_time_vouched,
        })
}

/// Whether deliveries can be stored; `/healthz` says only that the process lives.
async fn ready(
    State(shared): State<Shared>,
    Extension(net): Extension<Net>,
) -> Result<&'static str, Refusal> {
    shared.count_stranger(Stranger::Probes, net)?;
    shared.readiness.ask().await?;
    Ok("ready\n")
}
