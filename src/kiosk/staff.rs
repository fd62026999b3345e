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

    /// Tells of something; never waits.
    pub(super) fn tell(&self, summons: Summons) {
        let (to, event, text) = match summons {
            Summons::Call => (&self.calls, "call", self.words.tr(call_text(Called::Asked)).into()),
            Summons::Missed => {
                (&self.calls, "missed", self.words.tr(call_text(Called::Missed)).into())
            }
            Summons::Unhappy => {
                let text = self.words.tr("Just now several shoppers were unhappy.").to_owned();
                (&self.alerts, "unhappy", text)
            }
            Summons::Quiet(hours) => {
                let text = "Nobody has pressed for {} h, which is unusual. Does the kiosk work?";
                (&self.alerts, "quiet", self.words.fill(text, &[&hours]))
            }
        };
        let Some(to) = to else {
            return;
        };
        if let Some(place) = self.moves.try_iter().last() {
            self.place.replace(place);
        }
        let (shop, touchpoint) = self.place.borrow().clone();
        let places = [shop.as_str(), touchpoint.as_str()];
        let place: Vec<&str> = places.into_iter().filter(|place| !place.is_empty()).collect();
        to.tell(Summoned {
            event: event.to_owned(),
            text: format!("{text} ({})", place.join(", ")),
            shop,
            touchpoint,
        });
    }
}
