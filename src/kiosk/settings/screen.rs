//! The table `screen`: the look of the screen, and its panel.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::Complaints;
use crate::feedback::colour::Colour;

/// The screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// Whether there is one.
    pub is_on: bool,
    /// Whether the window fills it.
    pub is_fullscreen: bool,
    /// Whether it can be touched; if not, no follow-up is asked.
    pub is_touched: bool,
    /// Whether the keys 1 to 5 of a keyboard press the faces; if missing, only in a window.
    pub takes_keys: Option<bool>,
    /// Its colours.
    pub look: Look,
    /// The shop's own accent.
    pub accent: Option<Colour>,
    /// The shop's logo, an SVG or PNG file.
    pub logo: Option<PathBuf>,
    /// The text size in percent of the usual size.
    pub text_size: u16,
    /// Whether animations are off.
    pub is_still: bool,
    /// Whether the words under the faces are shown.
    pub has_words: bool,
    /// Dots per inch of the panel; if missing, as the panel reports.
    pub dpi: Option<f32>,
    /// Whether the page moves by a dot or two now and then, to prevent burn-in.
    pub is_shifted: bool,
    /// How long the closed page is shown before the panel is switched off, in seconds.
    pub panel_off_s: u32,
}

/// The colours of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Ink on paper.
    #[default]
    Light,
    /// For a dim place.
    Dark,
    /// Black on white.
    HighContrast,
    /// White on black.
    HighContrastDark,
}

impl Look {
    /// Every look there is.
    pub const ALL: [Self; 4] =
        [Self::Light, Self::Dark, Self::HighContrast, Self::HighContrastDark];

    /// The least contrast ratio of its words: WCAG 2.2 asks for 4.5 at level AA, 7 at AAA.
    #[must_use]
    pub const fn contrast_min(self) -> f64 {
        match self {
            Self::Light | Self::Dark => 4.5,
            Self::HighContrast | Self::HighContrastDark => 7.0,
        }
    }
}

/// The least and the largest text size, in percent.
const TEXT_SIZES: std::ops::RangeInclusive<u16> = 80..=150;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ScreenPart {
    on: Option<bool>,
    fullscreen: bool,
    touch: Option<bool>,
    keys: Option<bool>,
    look: Look,
    accent: Option<String>,
    logo: Option<PathBuf>,
    text_size: Option<u16>,
    reduce_motion: bool,
    words: Option<bool>,
    dpi: Option<f32>,
    pixel_shift: Option<bool>,
    panel_off_s: Option<u32>,
}

impl ScreenPart {
    pub(super) fn check(self, complaints: &mut Complaints) -> Screen {
        let accent = self.accent.and_then(|text| {
            let accent = Colour::parse(&text);
            let what = format!("{text:?} is not a colour such as #1f5fd0");
            complaints.unless(accent.is_some(), "screen.accent", what);
            accent
        });
        let text_size = self.text_size.unwrap_or(100);
        let is_sane = TEXT_SIZES.contains(&text_size);
        complaints.unless(is_sane, "screen.text_size", "is not 80 to 150 percent");
        let is_panel = self.dpi.is_none_or(|dpi| (30.0..=600.0).contains(&dpi));
        complaints.unless(is_panel, "screen.dpi", "is not 30 to 600 dots per inch");
        let ending = self.logo.as_deref().and_then(std::path::Path::extension);
        let is_picture = ending.is_some_and(|ending| ending == "svg" || ending == "png");
        let what = "is neither an .svg nor a .png file";
        complaints.unless(self.logo.is_none() || is_picture, "screen.logo", what);
        let panel_off_s = self.panel_off_s.unwrap_or(60);
        let is_short = panel_off_s <= 86_400;
        complaints.unless(is_short, "screen.panel_off_s", "is not 0 to 86400 seconds");
        Screen {
            is_on: self.on.unwrap_or(true),
            is_fullscreen: self.fullscreen,
            is_touched: self.touch.unwrap_or(true),
            takes_keys: self.keys,
            look: self.look,
            accent,
            logo: self.logo,
            text_size,
            is_still: self.reduce_motion,
            has_words: self.words.unwrap_or(true),
            dpi: self.dpi,
            is_shifted: self.pixel_shift.unwrap_or(true),
            panel_off_s,
        }
    }
}
