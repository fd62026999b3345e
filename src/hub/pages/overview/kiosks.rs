//! How a shop's kiosks are, on its card.

use maud::{Markup, html};

use crate::feedback::moment::ahead_text;
use crate::hub::archive::Apart;
use crate::hub::figures::kiosks::{Contact, KioskFigures};
use crate::web::page::Foreign;

/// An alarm for each kiosk here that needs somebody's hand.
pub(super) fn alarms(kiosks: &[KioskFigures]) -> Markup {
    html! {
        @for kiosk in kiosks.iter().filter(|kiosk| kiosk.is_here) {
            @if kiosk.is_cloned {
                p.alarm role="alert" {
                    "Two devices use the token of " (kiosk.id)
                    ". The ratings of both are counted. Revoke the token and enrol the right \
                    device "
                    "again."
                }
            }
            @if let Some(Apart { ahead_ms, is_by_ntp }) = kiosk.clocks_apart {
                p.alarm role="alert" {
                    "The clock of head office is " (ahead_text(ahead_ms)) " of "
                    @if is_by_ntp { "the time service of " } @else { "the time as known at " }
                    (kiosk.id) ". Set the one that is wrong; until then the times of its ratings "
                    "are uncertain."
                }
            }
            @if let Some(zone) = &kiosk.other_zone {
                p.alarm role="alert" {
                    (kiosk.id) " counts its days by " (Foreign(zone)) ", and head office by "
                    "another time zone. Delete " code { "zone" } " from its " code { "kiosk.toml" }
                    ", or correct the shop here."
                }
            }
            @for text in &kiosk.wrong {
                p.alarm role="alert" { (kiosk.id) " reports: " (Foreign(text)) }
            }
            @if kiosk.lost > 0 {
                p.alarm role="alert" {
                    "The card of " (kiosk.id) " lost " (kiosk.lost) " "
                    @if kiosk.lost == 1 { "rating" } @else { "ratings" } ": replace it."
                }
            }
        }
    }
}

/// A line for each kiosk.
pub(super) fn table(kiosks: &[KioskFigures]) -> Markup {
    html! {
        table.kiosks {
            thead {
                tr {
                    th scope="col" { "Kiosk" }
                    th scope="col" { "Touchpoint" }
                    th scope="col" { "Last contact" }
                    th scope="col" { "Still holds" }
                    th scope="col" { "Set aside" }
                    th scope="col" { "Lost" }
                    th scope="col" { "Zone rules" }
                }
            }
            tbody {
                @for kiosk in kiosks {
                    tr {
                        td { (kiosk.id) @if let Some(name) = &kiosk.name { " (" (name) ")" } }
                        td { (kiosk.touchpoint) }
                        td { (contact(kiosk.contact)) }
                        td { (kiosk.waiting) }
                        td { (kiosk.set_aside) }
                        td { (kiosk.lost) }
                        td { @if let Some(rules) = &kiosk.zone_rules { (Foreign(rules)) } }
                    }
                }
                @if kiosks.is_empty() {
                    tr { td colspan="7" { "No kiosks yet." } }
                }
            }
        }
        @if kiosks.iter().any(|kiosk| kiosk.is_here && !kiosk.noted.is_empty()) {
            details {
                summary { "What the kiosks report of themselves" }
                ul {
                    @for kiosk in kiosks.iter().filter(|kiosk| kiosk.is_here) {
                        @for text in &kiosk.noted { li { (kiosk.id) ": " (Foreign(text)) } }
                    }
                }
            }
        }
    }
}

fn contact(contact: Contact) -> String {
    match contact {
        Contact::Retired { seconds } => format!("retired {}", ago(seconds)),
        Contact::NotEnrolled => "not enrolled yet".to_owned(),
        Contact::Never => "enrolled, no delivery yet".to_owned(),
        Contact::Ago { seconds, is_revoked: false } => ago(seconds),
        Contact::Ago { seconds, is_revoked: true } => {
            format!("{}; its token was revoked", ago(seconds))
        }
    }
}

fn ago(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_contact_is_said_in_a_unit_that_fits() {
        let of = |seconds| contact(Contact::Ago { seconds, is_revoked: false });
        assert_eq!([of(119), of(7_199)], ["119 s ago", "119 min ago"]);
        assert_eq!([of(172_799), of(172_800)], ["47 h ago", "2 days ago"]);
        let revoked = contact(Contact::Ago { seconds: 5, is_revoked: true });
        assert_eq!(revoked, "5 s ago; its token was revoked");
    }
}
