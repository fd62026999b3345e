//! Renewal of tokens: the present one is valid until the new one is used.

use axum::Json;
use axum::extract::State;

use super::admission::{Bringing, Shared};
use super::refusal::Refusal;
use crate::hub::secrets::{self, Token};
use crate::wire::Renewed;

/// Gives a kiosk a new token.
pub(super) async fn renew(
    State(shared): State<Shared>,
    Bringing(admitted): Bringing,
) -> Result<Json<Renewed>, Refusal> {
    let token = secrets::new_token();
    let next = Token::of(&token)?;
    let kiosk = admitted.kiosk;
    tracing::info!(kiosk, "a new token was issued");
    shared.archive.add_next_token(kiosk, admitted.token, next, shared.wall_ms()).await?;
    Ok(Json(Renewed { token }))
}
