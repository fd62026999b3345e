//! How well one colour can be read on another, and an accent that always can.
//!
//! Relative luminance and contrast ratio are those of the Web Content Accessibility Guidelines 2.2
//! (<https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>).

/// A colour without transparency, in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green, 0 to 255.
    pub green: u8,
    /// Blue, 0 to 255.
    pub blue: u8,
}

impl Colour {
    /// Reads a colour such as `#1f5fd0`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let part = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        // A sign would be read as part of a number.
        let is_plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let (red, green, blue) = (part(0)?, part(2)?, part(4)?);
        is_plain.then_some(Self { red, green, blue })
    }

    /// How light it looks: 0 for black, 1 for white.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// The contrast ratio of two colours: 1 for equal ones, 21 for black on white.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// This colour if it can be read on all the grounds, else the nearest one on the way to `ink`
    /// that can; `ink` itself where nothing before it can.
    #[must_use]
    pub fn readable_on(self, grounds: &[Self], ink: Self, least: f64) -> Self {
        let is_readable = |colour: &Self| grounds.iter().all(|on| colour.contrast(*on) >= least);
        (0..=100_u16).map(|share| self.towards(ink, share)).find(is_readable).unwrap_or(ink)
    }

    /// So many hundredths of the way to another colour.
    fn towards(self, other: Self, share: u16) -> Self {
        let mix = |from: u8, to: u8| {
            let sum = u16::from(from) * (100 - share) + u16::from(to) * share;
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLACK: Colour = Colour { red: 0, green: 0, blue: 0 };
    const WHITE: Colour = Colour { red: 255, green: 255, blue: 255 };

    #[test]
    fn the_ratios_are_the_published_ones() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 0.001);
        assert!((WHITE.contrast(WHITE) - 1.0).abs() < 0.001);
        // The darkest grey that WCAG's own material calls sufficient on white: #767676 is 4.54 : 1.
        let grey = Colour::parse("#767676").unwrap();
        assert!((grey.contrast(WHITE) - 4.54).abs() < 0.005);
    }

    #[test]
    fn a_colour_is_six_hexadecimal_digits() {
        assert_eq!(Colour::parse("#1f5fD0"), Some(Colour { red: 31, green: 95, blue: 208 }));
        for text in ["", "#", "1f5fd0", "#1f5fd", "#1f5fd00", "#1f5fdg", "#+1+1+1", "#ä1f5f"] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_accent_becomes_readable_and_one_that_is_stays(parts in any::<(u8, u8, u8)>()) {
            let accent = Colour { red: parts.0, green: parts.1, blue: parts.2 };
            for (ground, ink) in [(WHITE, BLACK), (BLACK, WHITE)] {
                let shown = accent.readable_on(&[ground], ink, 4.5);
                prop_assert!(shown.contrast(ground) >= 4.5);
                prop_assert_eq!(shown == accent, accent.contrast(ground) >= 4.5);
            }
        }
    }
}
