//! The checks of `smilepost-kiosk doctor`: what works, what does not and how to cure it, so that an
//! installer knows before leaving.
//!
//! Nothing is called fine that was not seen to work: what the running kiosk holds it is asked
//! about, and everything else is tried, each within a time. The running kiosk has itself examined
//! too, by `kiosk::rounds`, for the shop manager's sheet and for head office.

mod devices;
mod former;
mod office;
mod place;
mod running;

pub use self::former::former;
pub use self::office::disagreements;
use self::running::running;
pub use self::running::{Asker, Kiosk};
use super::settings::Settings;
use crate::finding::Finding;
use crate::zones::Zones;

/// Checks everything that can be checked while a kiosk runs. `texts` are all the texts that
/// shoppers can be shown, by language.
#[must_use]
pub fn examine(
    settings: &Settings,
    kiosk: &Kiosk,
    texts: &[(String, String)],
    asker: Asker,
) -> Vec<Finding> {
    let mut findings = vec![running(kiosk)];
    findings.extend(place::data(settings, asker));
    findings.extend(place::room(settings));
    findings.push(place::time(kiosk));
    findings.extend(place::zone(settings, &Zones::of_system()));
    findings.extend(place::hours(settings));
    findings.extend(office::office(settings, kiosk, asker));
    findings.push(devices::display(settings, kiosk));
    findings.extend(devices::touch(settings, kiosk));
    findings.extend(devices::panel_size(settings, kiosk));
    findings.extend(place::fonts(texts));
    findings.push(devices::buttons(settings, kiosk));
    findings.extend(devices::lamps(kiosk));
    findings.extend(devices::sounds(settings, kiosk, asker));
    findings.extend(devices::logo(settings));
    if asker == Asker::Person {
        findings.push(devices::stick(settings));
    }
    findings.extend(office::desk(settings, kiosk));
    findings.extend(office::socket(kiosk));
    findings
}
