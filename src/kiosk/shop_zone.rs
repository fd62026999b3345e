//! By whose clocks the shop's days begin: the zone's name from the configuration or from head
//! office, its rules from the system or from this program, and both followed while the kiosk runs.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use super::attendant::Message;
use super::desk::ClerkThread;
use super::settings::{Enrolment, Settings};
use crate::feedback::zone::Zone;
use crate::zones::{Watch, Zones};

/// How often the rules of the shop's zone are looked at: a system that updates itself is as soon
/// right here.
const LOOK: Duration = Duration::from_secs(60);

/// The shop's time zone: the configuration's, else the hub's, else the unknown one.
pub(super) fn of(settings: &Settings, enrolment: Option<&Enrolment>) -> Zone {
    known(settings, enrolment).unwrap_or(Zone::unknown())
}

pub(super) fn known(settings: &Settings, enrolment: Option<&Enrolment>) -> Option<Zone> {
    let from_hub = || enrolment.and_then(Enrolment::known_zone);
    settings.zone.clone().or_else(from_hub)
}

/// Says which rules count for the shop's days, and what is wrong with its zone.
pub(super) fn report(zones: &Zones, settings: &Settings, enrolment: Option<&Enrolment>) {
    let rules = zones.rules();
    tracing::info!(%rules, "time-zone rules");
    match known(settings, enrolment) {
        Some(zone) => {
            if let Some(complaint) = rules.complaint(zone.name()) {
                tracing::warn!("{complaint}");
            }
        }
        None => {
            if let Some(Enrolment { zone, .. }) = enrolment {
                tracing::error!(
                    zone,
                    "neither this program nor this system knows the shop's time zone; UTC is taken"
                );
            }
        }
    }
    if let Some((ours, offices)) = apart(settings, enrolment) {
        tracing::warn!(
            ours,
            offices,
            "kiosk.toml and head office have different time zones for this shop"
        );
    }
}

/// The zone of the configuration and head office's, where they differ.
fn apart<'a>(
    settings: &'a Settings,
    enrolment: Option<&'a Enrolment>,
) -> Option<(&'a str, &'a str)> {
    let (ours, offices) = (settings.zone.as_ref()?.name(), enrolment?.zone.as_str());
    (ours != offices).then_some((ours, offices))
}

/// Has the desk and the screen follow the rules of the shop's zone while the kiosk runs, and head
/// office where that moves the shop to another zone.
pub(super) fn follow(
    mut watch: Watch,
    moves: Option<Receiver<String>>,
    clerk: ClerkThread,
    messages: SyncSender<Message>,
) -> std::io::Result<()> {
    let follow = move || {
        loop {
            match moves.as_ref().map(|moves| moves.recv_timeout(LOOK)) {
                Some(Ok(name)) => watch.turn_to(name),
                Some(Err(RecvTimeoutError::Timeout)) => {}
                Some(Err(RecvTimeoutError::Disconnected)) | None => std::thread::sleep(LOOK),
            }
            let Some(zone) = watch.look() else {
                if clerk.ask(|_| ()).is_err() {
                    return;
                }
                continue;
            };
            let (rules, zone_name) = (watch.rules(), zone.name());
            tracing::info!(%rules, zone = zone_name, "the shop's days follow new rules");
            let for_clerk = zone.clone();
            let is_told = clerk.ask(move |clerk| clerk.move_to(for_clerk)).is_ok();
            // The kiosk has ended.
            if !is_told || messages.send(Message::Moved(zone)).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("zone".to_owned()).spawn(follow).map(drop)
}
