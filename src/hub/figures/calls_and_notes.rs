//! The figures of a shop's calls and notes: shoppers who asked for somebody, and what was noted.
//!
//! A shopper who waits is shown at once, until somebody has answered or so much time has passed
//! that no shopper would still be waiting.

use crate::feedback::call::Called;
use crate::feedback::moment;
use crate::feedback::note::About;
use crate::feedback::zone::Zone;
use crate::hub::archive::CallsAndNotes;

/// How long a shopper is taken to wait for somebody, in milliseconds: 15 minutes.
pub(super) const WAIT_MAX_MS: i64 = 15 * 60 * 1_000;

/// A shopper who waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The time of day at which the shopper asked, by the shop's clocks.
    pub since: String,
    /// Where in the shop.
    pub touchpoint: String,
}

/// Calls and notes of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallsFigures {
    /// How often a shopper asked for somebody.
    pub asked: u32,
    /// How often somebody came.
    pub coming: u32,
    /// How often nobody answered.
    pub missed: u32,
    /// The newest notes, in the order in which they were written.
    pub notes: Vec<NoteFigures>,
    /// How many older notes there are.
    pub notes_before: u32,
}

/// A note of the shop manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteFigures {
    /// The time of day, by the shop's clocks.
    pub time: String,
    /// Where in the shop it was written.
    pub touchpoint: String,
    /// What it is about.
    pub about: About,
    /// Its words.
    pub text: String,
}

/// The shoppers who wait: at each kiosk the newest call, if nobody has answered it.
pub(super) fn waiting(lately: &CallsAndNotes, zone: &Zone) -> Vec<Waiting> {
    let unanswered = lately.newest.iter().filter(|step| step.called == Called::Asked);
    unanswered
        .map(|step| Waiting { since: time(step.utc_ms, zone), touchpoint: step.touchpoint.clone() })
        .collect()
}

impl CallsFigures {
    pub(super) fn of(told: CallsAndNotes, zone: &Zone) -> Self {
        let notes = told.notes.into_iter().map(|note| NoteFigures {
            time: time(note.utc_ms, zone),
            touchpoint: note.touchpoint,
            about: note.about,
            text: note.text,
        });
        Self {
            asked: told.asked,
            coming: told.coming,
            missed: told.missed,
            notes: notes.collect(),
            notes_before: told.notes_before,
        }
    }
}

/// The time of day by the shop's clocks.
fn time(utc_ms: i64, zone: &Zone) -> String {
    let text = moment::local_text(utc_ms, zone);
    text.split_once(' ').map_or(text.clone(), |(_, time)| time.to_owned())
}
