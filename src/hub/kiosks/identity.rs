//! Which hub this is: kiosks that are to move ask it at the new address.

use axum::Json;
use axum::extract::{Extension, FromRequest as _, Request, State};

use super::admission::Shared;
use super::body::Body;
use super::gate::Stranger;
use super::refusal::Refusal;
use crate::carried::seal::{from_hex, hex};
use crate::web::net::Net;
use crate::wire::identity::{Challenge, Proof};

/// Proves that the hub is at the address to which it has kiosks move; at no other one, since
/// whoever asks may pass the answer on.
pub(super) async fn prove(
    State(shared): State<Shared>,
    Extension(net): Extension<Net>,
    request: Request,
) -> Result<Json<Proof>, Refusal> {
    shared.count_stranger(Stranger::Probes, net)?;
    let Ok(body) = Body::from_request(request, &shared).await;
    let Challenge { nonce, address } = body.read()?;
    let malformed = || Refusal::Malformed("nonce must be 64 hexadecimal digits".to_owned());
    let nonce = from_hex(&nonce).ok_or_else(malformed)?;
    if shared.archive.moves_to().await?.as_ref() != Some(&address) {
        return Err(Refusal::Elsewhere);
    }
    let signature = hex(&shared.keys.vouch(&nonce, &address)?);
    Ok(Json(Proof { signature }))
}
