//! The table `call`: whether shoppers can call staff, and which of them.

use serde::Deserialize;

use super::notify::{Format, Notify};
use crate::config::Complaints;
use crate::feedback::visit::Offer;

/// How shoppers call somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who is offered it.
    pub offer: Offer,
    /// How long a shopper waits for an answer, in milliseconds.
    pub wait_ms: u64,
    /// Where staff are told of a call.
    pub notify: Option<Notify>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CallPart {
    on: bool,
    offer: OfferPart,
    wait_s: Option<u16>,
    notify: Option<String>,
    notify_as: Format,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OfferPart {
    #[default]
    Everybody,
    Unhappy,
}

impl CallPart {
    /// How shoppers call somebody; none if calls are off.
    pub(super) fn check(self, complaints: &mut Complaints) -> Option<Call> {
        let wait_s = self.wait_s.unwrap_or(180);
        let is_sane = (30..=1_800).contains(&wait_s);
        complaints.unless(is_sane, "call.wait_s", "is not 30 to 1800 seconds");
        let offer = match self.offer {
            OfferPart::Everybody => Offer::Everybody,
            OfferPart::Unhappy => Offer::Unhappy,
        };
        let notify = Notify::check(self.notify, self.notify_as, "call.notify", complaints);
        self.on.then_some(Call { offer, wait_ms: u64::from(wait_s) * 1_000, notify })
    }
}
