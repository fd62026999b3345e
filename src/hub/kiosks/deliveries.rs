//! Deliveries over the network: checked, stored, and answered with a receipt.

use axum::Json;
use axum::extract::State;

use super::admission::{Admitted, Shared};
use super::refusal::Refusal;
use crate::hub::archive::{Archive, Doubt, Way};
use crate::hub::intake;
use crate::wire::delivery::Delivery;
use crate::wire::receipt::{Receipt, SetAside};

/// Stores a delivery.
pub(super) async fn deliver<A: Archive>(
    State(shared): State<Shared<A>>,
    admitted: Admitted,
) -> Result<Json<Receipt>, Refusal> {
    let kiosk = admitted.kiosk;
    let delivery: Delivery = admitted.body.read()?;
    let nonce = delivery.nonce.clone();
    let (shipment, mut set_aside) =
        intake::check(kiosk.clone(), delivery, Way::Sent, shared.wall_ms())?;
    let stored = shared.archive.store(shipment).await?;
    match stored.doubt {
        Doubt::None => {}
        Doubt::OfKiosk => tracing::error!(
            kiosk,
            "the kiosk knows of more events than the archive holds, and sends again what it has; \
             if the archive was restored from a backup, run `smilepost-hub restored`"
        ),
        Doubt::OfShops => tracing::error!(
            kiosk,
            "kiosks of several shops know of more events than the archive holds: it was restored \
             from a backup, and every kiosk sends again what it has"
        ),
    }
    if stored.is_clone {
        tracing::error!(kiosk, "two devices use this token: revoke it and enrol the right one");
    }
    set_aside.extend(intake::not_taken(&stored));
    for id in &stored.conflicts {
        let run = id.run.to_string();
        tracing::error!(kiosk, run, n = id.n, "conflict: an event came again with other content");
    }
    for SetAside { run, n, reason } in &set_aside {
        tracing::warn!(kiosk, run, n, reason, "an event was set aside");
    }
    Ok(Json(Receipt {
        nonce,
        settled: intake::by_run(stored.settled),
        set_aside,
        hub_time_ms: shared.wall_ms(),
        hub_epoch: stored.epoch,
        publication: Some(stored.publication),
        stored: Some(stored.stored),
        added: Some(stored.added),
        pin: stored.pin,
        is_token_old: admitted.is_token_old,
    }))
}
