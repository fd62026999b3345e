//! Takes what head office has corrected of this kiosk's place: the names of shop and touchpoint,
//! since when they are so, and when the shop is open.

use super::sender::Sender;
use crate::feedback::survey::schedule::Hours;
use crate::kiosk::settings::{Enrolment, Settings};
use crate::wire::whereabouts::Whereabouts;

impl Sender {
    /// Keeps the place that a receipt names, and has the kiosk show it.
    pub(super) fn adopt_place(&mut self, said: Option<Whereabouts>) {
        let Some(Whereabouts { tag, stays, hours }) = said.filter(|_| !self.is_left()) else {
            return;
        };
        let is_refused = self.refused_place.as_ref() == Some(&tag);
        let Some(here) = stays.last().cloned().filter(|_| !is_refused) else {
            return;
        };
        let known = self.config.enrolment.clone();
        // What only a newer hub can say keeps nothing else from being taken.
        let hours = hours.filter(|hours| Hours::parse(hours).is_some());
        let place_tag = Some(tag.clone());
        let (shop, touchpoint) = (here.shop, here.touchpoint);
        let is_news =
            (&known.shop, &known.touchpoint, &known.hours) != (&shop, &touchpoint, &hours);
        match (Enrolment { shop, touchpoint, hours, place_tag, stays, ..known }).checked() {
            Err(unfit) => {
                tracing::error!(%unfit, "head office's names for this place are ignored");
                self.refused_place = Some(tag);
            }
            Ok(new) if self.may_correct() => {
                let kept = new.clone();
                self.write_enrolment(new);
                if self.config.enrolment.place_tag.as_ref() != Some(&tag) {
                    return;
                }
                if is_news {
                    let Enrolment { shop, touchpoint, hours, .. } = &kept;
                    tracing::info!(
                        shop,
                        touchpoint,
                        hours = hours.as_deref().unwrap_or("not said"),
                        "head office has corrected this kiosk's place"
                    );
                    hours_apart(&self.config.settings, &kept);
                }
                (self.config.on_place)(kept);
            }
            // It is said again with each receipt.
            Ok(_) => {}
        }
    }
}

/// Says where the configuration and head office have different opening hours for the shop.
pub(super) fn hours_apart(settings: &Settings, enrolment: &Enrolment) {
    if let Some((own, offices)) = settings.hours.zip(enrolment.opening_hours())
        && own != offices
    {
        tracing::warn!(
            %own,
            %offices,
            "kiosk.toml, which counts, and head office have different opening hours for this shop"
        );
    }
}
