//! What head office and this kiosk have to agree about: what time it is, and where the shop's days
//! begin.

use super::sender::{Heard, Sender};
use crate::clock;
use crate::feedback::moment::{Anchor, Own, Source, Weighed, ahead_text, weigh};
use crate::feedback::zone::Zone;
use crate::kiosk::settings::Enrolment;
use crate::wire::delivery::ClocksApart;

impl Sender {
    /// Weighs the hub's word about the time against what this board has kept of its present boot,
    /// and against its own clocks.
    pub(super) fn hear(&self, word: Anchor, kept: &[Anchor], is_vouched: bool) -> Heard {
        let now = (self.config.anchor)(self.config.floor_ms);
        let wall_ms = clock::reading().earlier(word.boot_ms).wall_ms;
        let wall_ms = Some(wall_ms).filter(|wall_ms| clock::is_possible(*wall_ms));
        let weighed = match weigh(&word, &Own { kept, now, wall_ms }, is_vouched) {
            // Nobody can be a witness for a time that cannot be.
            Weighed::Agreed | Weighed::Taken if !clock::is_possible(word.utc_ms) => {
                Weighed::Waiting { ahead_ms: word.utc_ms.saturating_sub(clock::wall_ms()) }
            }
            weighed => weighed,
        };
        let utc_ms = match weighed {
            Weighed::Agreed | Weighed::Taken => Some(word.utc_ms),
            Weighed::Contradicted { ahead_ms } => {
                // Head office has to see what its word is compared with.
                let service = now.filter(|now| now.source == Source::Ntp);
                if let Some(service) = service {
                    // A kiosk that is ending needs no time.
                    let _ = self.journal.add_anchor(service);
                }
                Some(word.utc_ms.saturating_sub(ahead_ms))
            }
            Weighed::Waiting { .. } => None,
        };
        Heard { utc_ms, weighed }
    }

    /// Notes what the hub's last word about the time is worth; logs it when that changes.
    pub(super) fn compare_clocks(&mut self, weighed: Option<Weighed>) {
        let apart = match weighed {
            None => return,
            Some(Weighed::Agreed | Weighed::Taken) => None,
            Some(Weighed::Contradicted { ahead_ms }) => Some((ahead_ms, true)),
            Some(Weighed::Waiting { ahead_ms }) => Some((ahead_ms, false)),
        };
        let before = self.status.clocks_apart.as_ref().map(|apart| apart.is_by_ntp);
        match apart {
            Some((ahead_ms, true)) if before != Some(true) => tracing::error!(
                "head office's clock is {} of this kiosk's time service, which decides; ratings \
                 are of uncertain time until one of the two is corrected",
                ahead_text(ahead_ms)
            ),
            Some((ahead_ms, false)) if before != Some(false) => tracing::error!(
                "head office's clock is {} of all that this kiosk knows of the time; its word \
                 waits until a time service or a person says the same: set the wrong one of the \
                 two clocks, or type the time with `smilepost-kiosk clock set`",
                ahead_text(ahead_ms)
            ),
            None if before.is_some() => tracing::info!(
                "head office and this kiosk agree about \
                the time again"
            ),
            Some(_) | None => {}
        }
        self.status.clocks_apart =
            apart.map(|(ahead_ms, is_by_ntp)| ClocksApart { ahead_ms, is_by_ntp });
    }

    /// The name of the time zone by which this kiosk counts.
    pub(super) fn zone(&self) -> String {
        let own = self.config.settings.zone.clone();
        let zone = own.or_else(|| self.config.enrolment.known_zone());
        zone.unwrap_or_else(Zone::unknown).name().to_owned()
    }

    /// Takes the time zone by which head office counts, and says where it is not the one that
    /// counts here.
    pub(super) fn compare_zones(&mut self, said: Option<String>) {
        let Some(said) = said else {
            return;
        };
        if self.config.enrolment.zone != said && self.may_write() {
            let known = self.config.enrolment.clone();
            match (Enrolment { zone: said.clone(), ..known }).checked() {
                Ok(enrolment) => self.adopt_zone(enrolment),
                Err(unfit) => tracing::error!(%unfit, "head office's time zone is ignored"),
            }
        }
        let own = self.zone();
        let other = (own != said).then_some(said);
        if let Some(offices) = other.as_ref().filter(|_| self.status.other_zone != other) {
            tracing::warn!(
                own,
                offices,
                "this kiosk and head office count this shop's days by different time zones: \
                 correct `zone` in kiosk.toml, or the shop at head office"
            );
        }
        self.status.other_zone = other;
    }

    fn adopt_zone(&mut self, enrolment: Enrolment) {
        let zone = enrolment.zone.clone();
        self.write_enrolment(enrolment);
        if self.config.enrolment.zone == zone {
            tracing::info!(zone, "head office has moved this shop to another time zone");
            (self.config.on_zone)(zone);
        }
    }
}
