//! What `doctor` finds of places where the board was before.

use crate::escape::Plain;
use crate::finding::{Finding, fine, note, wrong};
use crate::wire::local::FormerSums;

/// A line for each journal of a former place: what waits there and for whom, or why it cannot be
/// read.
#[must_use]
pub fn former(places: &[FormerSums]) -> Vec<Finding> {
    places.iter().map(one).collect()
}

fn one(place: &FormerSums) -> Finding {
    let FormerSums { kiosk, hub, sums, given_up, trial, unread } = place;
    if let Some(why) = unread {
        return wrong(format!(
            "former place: {}; it is kept: cure that, or delete it with `smilepost-kiosk reset`",
            Plain(why)
        ));
    }
    let Some(kiosk) = kiosk else {
        return note(format!("trial: {trial} events are kept and never sent"));
    };
    let kiosk = Plain(kiosk);
    let hub = hub.as_deref().filter(|hub| !hub.is_empty()).map(|hub| Plain(hub).to_string());
    match (sums.waiting, &hub) {
        (0, _) if *given_up > 0 => {
            note(format!("former place {kiosk}: {given_up} events are given up, and none waits"))
        }
        (0, _) => fine(format!("former place {kiosk}: everything is with its head office")),
        (waiting, Some(hub)) => note(format!(
            "former place {kiosk}: {} for {hub}, to be sent while the kiosk runs, as soon as that \
             can be reached, or carried on a stick (`smilepost-kiosk carry`)",
            wait(waiting)
        )),
        (waiting, None) => note(format!(
            "former place {kiosk}: {} for its head office, to be carried there on a stick \
             (`smilepost-kiosk carry`)",
            wait(waiting)
        )),
    }
}

fn wait(events: u64) -> String {
    if events == 1 { "1 event waits".to_owned() } else { format!("{events} events wait") }
}
