//! Calls and notes on a shop's card.

use maud::{Markup, html};

use crate::feedback::note::About;
use crate::hub::figures::calls_and_notes::{CallsFigures, Waiting};
use crate::web::page::Foreign;

/// An alarm for each shopper who waits.
pub(super) fn alarms(waiting: &[Waiting]) -> Markup {
    html! {
        @for shopper in waiting {
            p.alarm role="alert" {
                "A shopper asked for somebody at " (shopper.since) " ("
                (Foreign(&shopper.touchpoint))
                "); nobody has answered yet"
            }
        }
    }
}

/// What came of the day's calls, and the day's notes; nothing where there were none.
pub(super) fn of_day(day: &CallsFigures) -> Markup {
    let CallsFigures { asked, coming, missed, notes, notes_before } = day;
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
                        (note.time) " " (Foreign(&note.text)) " "
                        span.quiet { "(" (Foreign(&note.touchpoint)) (about(note.about)) ")" }
                    }
                }
            }
        }
    }
}

const fn about(about: About) -> &'static str {
    match about {
        About::Day | About::Withdrawn => "",
        About::Alert => ", about an alert",
        About::Call => ", about a shopper who asked for somebody",
        About::Notice => ", said to shoppers",
    }
}
