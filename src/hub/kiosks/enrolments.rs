//! Enrolments: a one-time code is exchanged for a token.

use axum::Json;
use axum::extract::State;

use super::admission::Shared;
use super::body::Body;
use super::refusal::Refusal;
use crate::hub::archive::Archive;
use crate::hub::intake;
use crate::hub::secrets::{self, Token};
use crate::wire::{Enrolled, Enrolment};

/// Enrols a kiosk.
pub(super) async fn enrol<A: Archive>(
    State(shared): State<Shared<A>>,
    body: Body,
) -> Result<Json<Enrolled>, Refusal> {
    shared.count_stranger()?;
    let Enrolment { code, app } = body.read()?;
    let token = secrets::new_token();
    let kept = Token::of(&token)?;
    let code = secrets::code_hash(&code);
    let spent = shared.archive.spend_code(code, kept, shared.wall_ms()).await?;
    let (kiosk, shop) = spent.ok_or(Refusal::BadCode)?;
    tracing::info!(kiosk = kiosk.id, app, "a kiosk was enrolled");
    Ok(Json(intake::enrolled(kiosk, shop, token, &shared.keys)))
}
