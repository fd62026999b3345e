//! Sets how the screen looks: what stays as it is while the kiosk lives, and the shop's own colour.

use std::path::Path;

use slint::{ComponentHandle as _, Global as _};

use super::colour::{from_slint, to_slint};
use super::generated::{AppWindow, Bridge, Look as Shown, Theme};
use super::panel;
use crate::feedback::colour::Colour;
use crate::kiosk::settings::{Look, Settings};

/// The least size of a control for a finger, in millimetres.
const TOUCH_MM: f32 = 20.0;

/// Sets everything that stays as it is while the kiosk lives.
pub(super) fn set(window: &AppWindow, settings: &Settings) {
    let screen = &settings.screen;
    let theme = Theme::get(window);
    theme.set_look(match screen.look {
        Look::Light => Shown::Light,
        Look::Dark => Shown::Dark,
        Look::HighContrast => Shown::HighContrast,
        Look::HighContrastDark => Shown::HighContrastDark,
    });
    theme.set_contrast_min(screen.look.contrast_min() as f32);
    theme.set_text_size(f32::from(screen.text_size) / 100.0);
    theme.set_is_still(screen.is_still);
    theme.set_is_shifted(screen.is_shifted);
    if let Some(dpi) = screen.dpi.or_else(panel::dpi) {
        theme.set_touch(TOUCH_MM / 25.4 * dpi / window.window().scale_factor());
    }
    let bridge = Bridge::get(window);
    bridge.set_has_words(screen.has_words);
    if let Some(file) = &screen.logo {
        match load(file) {
            Some(logo) => {
                bridge.set_logo(logo);
                bridge.set_has_logo(true);
            }
            None => {
                let file = file.display();
                tracing::error!(%file, "cannot read the logo; a coloured disc is shown instead");
            }
        }
    }
}

/// Sets the shop's own colour, made readable on every ground it is printed on.
pub(super) fn set_accent(theme: &Theme<'_>, accent: Option<Colour>) {
    let transparent = slint::Color::from_argb_u8(0, 0, 0, 0);
    let readable = |accent: Colour| {
        let grounds = [theme.get_paper(), theme.get_card()].map(from_slint);
        let least = f64::from(theme.get_contrast_min());
        to_slint(accent.readable_on(&grounds, from_slint(theme.get_ink()), least))
    };
    theme.set_own_accent(accent.map_or(transparent, readable));
}

/// Whether a file is a picture that this program can draw.
#[must_use]
pub fn is_picture(file: &Path) -> bool {
    load(file).is_some()
}

/// Reads a picture. The decoders come with the window systems, so a kiosk without one has none.
#[cfg(any(feature = "desktop", feature = "board"))]
fn load(picture: &Path) -> Option<slint::Image> {
    // Slint writes to standard error what it does not find, in words for programmers.
    std::fs::File::open(picture).ok()?;
    slint::Image::load_from_path(picture).ok()
}

#[cfg(not(any(feature = "desktop", feature = "board")))]
fn load(_picture: &Path) -> Option<slint::Image> {
    None
}
