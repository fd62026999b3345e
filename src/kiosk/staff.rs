//! Who is told when somebody is needed: the sentence, and the addresses that get it.

use std::cell::RefCell;
use std::sync::mpsc::Receiver;

use super::attendant::Summons;
use super::desk::sheets::html::call_text;
use super::desk::sheets::translations::Translations;
use super::settings::{Notify, Settings};
use super::uplink::messenger::Messenger;
use crate::feedback::call::Called;
use crate::wire::summons::Summoned;

/// The addresses of one kiosk, and what it calls itself there.
#[derive(Debug)]
pub(super) struct Staff {
    calls: Option<Messenger>,
    alerts: Option<Messenger>,
    words: Translations,
    /// The names of shop and touchpoint.
    place: RefCell<(String, String)>,
    /// Other names for them.
    moves: Receiver<(String, String)>,
}

impl Staff {
    /// Begins to tell whoever is to be told; an address that cannot be used is named in the log.
    pub(super) fn open(
        settings: &Settings,
        place: (String, String),
        moves: Receiver<(String, String)>,
    ) -> Self {
        let messenger = |notify: &Notify| {
            let started = Messenger::start(notify, &settings.uplink);
            let complain = |error: &super::uplink::Error| {
                let (error, host) = (error as &dyn std::error::Error, notify.host());
                tracing::error!(error, host, "staff are not told at this address");
            };
            started.inspect_err(complain).ok()
        };
        let call = settings.call.as_ref().and_then(|call| call.notify.as_ref());
        Self {
            calls: call.and_then(messenger),
            alerts: settings.alert_notify.as_ref().and_then(messenger),
            words: Translations::of(&settings.language),
            place: RefCell::new(place),
            moves,
        }
    }

    /// Tells of something that happened so often since it was last told; never waits.
    pub(super) fn tell(&self, summons: Summons, count: u32) {
        let to = match summons {
            Summons::Call | Summons::Missed => &self.calls,
            Summons::Unhappy | Summons::Quiet(_) => &self.alerts,
        };
        if let Some(to) = to {
            to.tell(self.summoned(summons, count));
        }
    }

    fn summoned(&self, summons: Summons, count: u32) -> Summoned {
        let (event, text) = match summons {
            Summons::Call => ("call", self.words.tr(call_text(Called::Asked)).to_owned()),
            Summons::Missed => ("missed", self.words.tr(call_text(Called::Missed)).to_owned()),
            Summons::Unhappy => {
                ("unhappy", self.words.tr("Just now several shoppers were unhappy.").to_owned())
            }
            Summons::Quiet(hours) => {
                let text = "Nobody has pressed for {} h, which is unusual. Does the kiosk work?";
                ("quiet", self.words.fill(text, &[&hours]))
            }
        };
        if let Some(place) = self.moves.try_iter().last() {
            self.place.replace(place);
        }
        let (shop, touchpoint) = self.place.borrow().clone();
        let places = [shop.as_str(), touchpoint.as_str()];
        let place: Vec<&str> = places.into_iter().filter(|place| !place.is_empty()).collect();
        // A figure needs no translation.
        let times = if count > 1 { format!(" ×{count}") } else { String::new() };
        Summoned {
            event: event.to_owned(),
            text: format!("{text}{times} ({})", place.join(", ")),
            count: (count > 1).then_some(count),
            shop,
            touchpoint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_stands_for_many_and_says_for_how_many() {
        let (moved, moves) = std::sync::mpsc::channel();
        let place = RefCell::new(("Nordmarkt".to_owned(), "Exit".to_owned()));
        let words = Translations::of("en");
        let staff = Staff { calls: None, alerts: None, words, place, moves };
        let one = staff.summoned(Summons::Call, 1);
        assert_eq!(one.text, "A shopper has asked for somebody. (Nordmarkt, Exit)");
        let many = staff.summoned(Summons::Call, 49);
        assert_eq!(many.text, "A shopper has asked for somebody. ×49 (Nordmarkt, Exit)");
        assert_eq!((one.count, many.count), (None, Some(49)));
        moved.send(("Nordmarkt".to_owned(), "Checkout 1".to_owned())).unwrap();
        let moved = staff.summoned(Summons::Call, 1);
        assert_eq!(moved.text, "A shopper has asked for somebody. (Nordmarkt, Checkout 1)");
    }
}
