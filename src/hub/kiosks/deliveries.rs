//! Deliveries over the network: checked, stored, and answered with a receipt.

use axum::Json;
use axum::extract::State;

use super::admission::{Bringing, Shared};
use super::refusal::Refusal;
use crate::escape::Plain;
use crate::feedback::moment;
use crate::hub::archive::{Doubt, Stored, Way};
use crate::hub::intake;
use crate::hub::rules::budget::{self, LINES_MAX};
use crate::hub::settings::MIB;
use crate::wire::delivery::{ClocksApart, Delivery};
use crate::wire::receipt::{Receipt, SetAside};

/// Stores a delivery.
pub(super) async fn deliver(
    State(shared): State<Shared>,
    Bringing(admitted): Bringing,
) -> Result<Json<Receipt>, Refusal> {
    let kiosk = admitted.kiosk;
    let delivery: Delivery = admitted.body.read()?;
    let (nonce, known_place) = (delivery.nonce.clone(), delivery.place.clone());
    let (shipment, mut set_aside) =
        intake::check(kiosk.clone(), delivery, Way::Sent, shared.wall_ms())?;
    let stored = match shared.archive.store(shipment).await {
        Err(error) if error.is_late() => {
            tracing::error!(kiosk, "a delivery took too long and was not stored; the kiosk waits");
            return Err(shared.gate.put_off(&kiosk, (shared.read_clocks)().boot_ms).into());
        }
        stored => stored?,
    };
    tell(&shared, &kiosk, &stored);
    set_aside.extend(intake::not_taken(&stored));
    for SetAside { run, n, reason } in set_aside.iter().take(LINES_MAX) {
        tracing::warn!(kiosk, run, n, reason, "an event was set aside");
    }
    let more = set_aside.len().saturating_sub(LINES_MAX);
    if more > 0 {
        tracing::warn!(kiosk, more, "and so many more events of the same delivery");
    }
    let place =
        known_place.map(|tag| (tag, intake::whereabouts(&stored.stays, stored.hours.clone())));
    let place = place.filter(|(tag, place)| *tag != place.tag && !place.stays.is_empty());
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
        is_time_vouched: (shared.is_time_vouched)(),
        zone: Some(stored.zone),
        place: place.map(|(_, place)| place),
        moves_to: stored.moves_to,
        is_token_old: admitted.is_token_old,
        gone: stored.gone,
    }))
}

/// Tells the log what somebody has to look at.
fn tell(shared: &Shared, kiosk: &str, stored: &Stored) {
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
    if let Some(ClocksApart { ahead_ms, is_by_ntp }) = stored.newly_apart {
        let by = if is_by_ntp { "its time service" } else { "all that it knows of the time" };
        tracing::error!(
            kiosk,
            by,
            "the clock here and the kiosk's contradict each other (here: {}); set the one that is \
             wrong, for the kiosk's ratings are of uncertain time meanwhile",
            moment::ahead_text(ahead_ms)
        );
    }
    if let Some(zone) = &stored.other_zone {
        tracing::warn!(
            kiosk,
            zone = %Plain(zone),
            shops = stored.zone,
            "the kiosk counts by another time zone than its shop's: delete `zone` from its \
             kiosk.toml, or correct the shop's here"
        );
    }
    let (budget, now_ms) = (shared.bytes_a_day, shared.wall_ms());
    if stored.spent.is_all(budget, now_ms) && !stored.spent_before.is_all(budget, now_ms) {
        let (mib, hours) = (budget / MIB, budget::day_ends_in_s(now_ms) / 3_600);
        tracing::error!(
            kiosk,
            mib,
            hours,
            "the kiosk has sent more than head office keeps of one kiosk in a day, and waits until \
             midnight UTC; if it should not, raise limits.mib_a_day, or else revoke its token"
        );
    }
}
