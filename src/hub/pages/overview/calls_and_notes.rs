//! What stands on a shop's card beside its scores: shoppers who asked for somebody, and notes.
//!
//! A shopper who waits is somebody's to answer now, so that is an alarm; it ends when somebody has
//! answered, or when it is so old that no shopper would still be waiting.

use chrono_tz::Tz;
use maud::{Markup, html};

use crate::feedback::call::Called;
use crate::feedback::moment;
use crate::feedback::note::About;
use crate::hub::archive::{CallsAndNotes, Note};

/// How long a shopper's wish that nobody answered is an alarm, in milliseconds: 15 minutes.
pub(super) const WAIT_MAX_MS: i64 = 15 * 60 * 1_000;

/// The most notes of a day on the page; the export has all.
pub(super) const NOTES_MAX: usize = 20;

/// An alarm for each kiosk whose newest step of late is that a shopper asked.
pub(super) fn alarms(lately: &CallsAndNotes, zone: Tz) -> Markup {
    let waiting = lately.newest.iter().filter(|step| step.called == Called::Asked);
    html! {
        @for step in waiting {
            p.alarm role="alert" {
                "A shopper asked for somebody at " (time(step.utc_ms, zone)) " (" (step.touchpoint)
                "); nobody has answered yet"
            }
        }
    }
}

/// What became of the day's wishes, and the day's notes; nothing where there were none.
pub(super) fn of_day(day: &CallsAndNotes, zone: Tz) -> Markup {
    let CallsAndNotes { asked, coming, missed, notes, notes_before, .. } = day;
    html! {
        @if asked + coming + missed > 0 {
            p.quiet {
                "Shoppers who asked for somebody: " (asked) "; somebody came: " (coming)
                "; nobody came: " (missed)
            }
        }
        @if !notes.is_empty() {
            h3 { "Notes" }
            @if *notes_before > 0 {
                p.quiet { "The newest " (notes.len()) "; before them: " (notes_before) }
            }
            ul.notes {
                @for note in notes {
                    li {
                        (time(note.utc_ms, zone)) " " (note.text) " "
                        span.quiet { "(" (note.touchpoint) (about(note)) ")" }
                    }
                }
            }
        }
    }
}

fn about(note: &Note) -> &'static str {
    match note.about {
        About::Day => "",
        About::Alert => ", about an alert",
        About::Call => ", about a shopper who asked for somebody",
        About::Notice => ", said to shoppers",
    }
}

/// The time of day by the shop's clocks.
fn time(utc_ms: i64, zone: Tz) -> String {
    let text = moment::local_text(utc_ms, zone);
    text.split_once(' ').map_or(text.clone(), |(_, time)| time.to_owned())
}
