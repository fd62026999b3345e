//! Colours, from Slint's into the core's and back.

use crate::feedback::colour::Colour;

pub(super) fn from_slint(colour: slint::Color) -> Colour {
    Colour { red: colour.red(), green: colour.green(), blue: colour.blue() }
}

pub(super) fn to_slint(Colour { red, green, blue }: Colour) -> slint::Color {
    slint::Color::from_rgb_u8(red, green, blue)
}
