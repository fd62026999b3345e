//! Enrolments: a one-time code is exchanged for a token.

use axum::Json;
use axum::extract::{Extension, FromRequest as _, Request, State};

use super::admission::Shared;
use super::body::Body;
use super::gate::Stranger;
use super::refusal::Refusal;
use crate::hub::archive::Archive;
use crate::hub::intake;
use crate::hub::secrets::{self, Token};
use crate::web::net::Net;
use crate::wire::{Enrolled, Enrolment};

/// Enrols a kiosk.
pub(super) async fn enrol<A: Archive>(
    State(shared): State<Shared<A>>,
    Extension(net): Extension<Net>,
    request: Request,
) -> Result<Json<Enrolled>, Refusal> {
    shared.count_stranger(Stranger::Enrols, net)?;
    let Ok(body) = Body::from_request(request, &shared).await;
    let Enrolment { code, app } = body.read()?;
    let token = secrets::new_token();
    let kept = Token::of(&token)?;
    let code = secrets::code_hash(&code);
    let spent = shared.archive.spend_code(code, kept, shared.wall_ms()).await?;
    let (kiosk, shop) = spent.ok_or(Refusal::BadCode)?;
    tracing::info!(kiosk = kiosk.id, app, "a kiosk was enrolled");
    Ok(Json(intake::enrolled(kiosk, shop, token, &shared.keys)))
}
