//! Enrolments: a one-time code is exchanged for a token.

use axum::Json;
use axum::extract::{Extension, FromRequest as _, Request, State};

use super::admission::Shared;
use super::body::Body;
use super::gate::{Stranger, Wait};
use super::refusal::Refusal;
use crate::hub::archive::Spending;
use crate::hub::intake;
use crate::hub::secrets::{self, Token};
use crate::web::net::Net;
use crate::wire::{Enrolled, Enrolment};

/// Enrols a kiosk.
pub(super) async fn enrol(
    State(shared): State<Shared>,
    Extension(net): Extension<Net>,
    request: Request,
) -> Result<Json<Enrolled>, Refusal> {
    shared.count_stranger(Stranger::Enrols, net)?;
    let Ok(body) = Body::from_request(request, &shared).await;
    let Enrolment { code, app } = body.read()?;
    let token = secrets::new_token();
    let kept = Token::of(&token)?;
    let code = secrets::code_hash(&code);
    // One after the other: however many ask, deliveries have every second turn at the archive.
    let turn = shared.enrolling.lock().await;
    let spent = shared.archive.spend_code(code, kept, net.to_string(), shared.wall_ms()).await?;
    drop(turn);
    let (kiosk, shop) = match spent {
        Spending::Good(kiosk, shop) => (kiosk, shop),
        Spending::Wrong => return Err(Refusal::BadCode),
        Spending::Retired(retired) => return Err(Refusal::retired(&retired)),
        Spending::Wait(seconds) => {
            tracing::debug!(%net, seconds, "too many wrong codes come from one network");
            return Err(Wait::Guessed(seconds).into());
        }
    };
    tracing::info!(kiosk = kiosk.id, app, "a kiosk was enrolled");
    // The code is used up, and all that is known of the tokens before is of use to few.
    let seals = shared.archive.seals(kiosk.id.clone()).await.unwrap_or_default();
    Ok(Json(intake::enrolled(kiosk, shop, token, &shared.keys.public()?, &seals)))
}
