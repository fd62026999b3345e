//! The tab about the health of the kiosk: its card, clock and connection, its buttons, the stick,
//! and where the desk is on a phone.

use crate::clock;
use crate::kiosk::desk::phone::qr_code;
use crate::kiosk::desk::sheets::sheet::{Address, Health, Stick};
use crate::kiosk::screen::generated::{ButtonTest, Desk, SilentButton, Stick as DrawnStick};
use crate::kiosk::screen::model;

/// Sets what the tab about the health of the kiosk shows.
pub(super) fn set(desk: &Desk<'_>, health: &Health) {
    desk.set_waiting(model::whole(health.books.waiting));
    desk.set_is_recording(health.is_recording);
    desk.set_taken(model::whole(health.books.taken));
    desk.set_lost(model::whole(health.books.lost));
    desk.set_set_aside(model::whole(health.books.set_aside));
    desk.set_is_clock_known(health.is_clock_known);
    desk.set_is_zone_unknown(health.is_zone_unknown);
    desk.set_is_enrolled(health.office.is_some());
    let office = health.office.clone().unwrap_or_default();
    desk.set_is_clock_apart(office.is_clock_apart);
    desk.set_other_zone(office.other_zone.unwrap_or_default().into());
    desk.set_trouble(office.trouble.unwrap_or_default().into());
    let ago = |at: u64| model::whole(clock::boot_ms().saturating_sub(at) / 60_000);
    desk.set_confirmed_min(office.confirmed_ms.map_or(-1, ago));
    let findings: Vec<&str> = health.to_do().map(|finding| finding.text.as_str()).collect();
    desk.set_findings(findings.join("\n").into());
    let silent = |&(button, others): &(u8, u32)| SilentButton {
        button: button.into(),
        others: model::whole(others),
    };
    desk.set_silent(model::list(health.silent.iter().map(silent).collect()));
    let button = |&(face, is_pressed): &(u8, bool)| ButtonTest { face: face.into(), is_pressed };
    desk.set_buttons(model::list(health.buttons.iter().map(button).collect()));
    phone(desk, health.phone.clone().unwrap_or_default());
    let (stick, word) = match &health.stick {
        Stick::None => (DrawnStick::None, String::new()),
        Stick::Found => (DrawnStick::Found, String::new()),
        Stick::Writing => (DrawnStick::Writing, String::new()),
        Stick::Written(carried) => (DrawnStick::Written, carried.files.len().to_string()),
        Stick::Failed(why) => (DrawnStick::Failed, why.clone()),
    };
    desk.set_stick(stick);
    desk.set_stick_word(word.into());
}

/// Sets where the desk is on a phone; nothing where it is on none.
fn phone(desk: &Desk<'_>, Address { url, fingerprint }: Address) {
    if desk.get_phone() != url.as_str() {
        desk.set_phone_code(
            qr_code(&url).map(|(size, dark)| code(size, &dark)).unwrap_or_default(),
        );
    }
    let pairs: Vec<&str> = fingerprint.split(':').collect();
    let lines: Vec<String> = pairs.chunks(8).map(|pairs| pairs.join(":")).collect();
    desk.set_fingerprint(lines.join("\n").into());
    desk.set_phone(url.into());
}

/// The squares of a QR code as a picture, a pixel each; the screen enlarges it without smoothing.
fn code(size: usize, dark: &[bool]) -> slint::Image {
    let width = u32::try_from(size).unwrap_or(0);
    let mut picture = slint::SharedPixelBuffer::<slint::Rgb8Pixel>::new(width, width);
    for (dot, &is_dark) in picture.make_mut_slice().iter_mut().zip(dark) {
        let value = if is_dark { 0 } else { 255 };
        *dot = slint::Rgb8Pixel { r: value, g: value, b: value };
    }
    slint::Image::from_rgb8(picture)
}
