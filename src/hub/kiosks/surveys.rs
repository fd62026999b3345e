//! Surveys for kiosks: each is sent the one that is meant for it, unless it has it already.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::admission::{Admitted, Shared};
use super::refusal::Refusal;
use crate::hub::archive::{self};
use crate::wire::survey::{self, Published};

/// Sends a kiosk its survey.
pub(super) async fn hand_out(
    State(shared): State<Shared>,
    headers: HeaderMap,
    admitted: Admitted,
) -> Result<Response, Refusal> {
    let kiosk = admitted.kiosk;
    let found = shared.archive.survey(kiosk.clone()).await?;
    let publication = found.as_ref().map_or(0, |found| found.number);
    let epoch = shared.archive.epoch(kiosk.clone()).await?;
    let tag = survey::etag(epoch, publication);
    let mut known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|known| known.to_str().ok());
    if known.any(|known| survey::is_known(known, epoch, publication)) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let content = found.and_then(|found| found.content);
    // It was checked before it was published; a newer shape is read as far as it is known here.
    let survey = content.map(|content| serde_json::from_str(&content)).transpose();
    let survey = survey.map_err(|error| archive::Error::new("read a survey", error))?;
    tracing::debug!(kiosk, publication, "a survey was sent to a kiosk");
    // No cache on the way may answer for the hub.
    let headers = [(ETAG, tag), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((headers, Json(Published { epoch, publication, survey })).into_response())
}
