//! Notes of the shop manager: what was done, and what came of an alert.

use crate::feedback::named::named;

/// The longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 200;

named! {
    /// What a note is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum About {
        /// The day: "opened the second till at five".
        Day = "day",
        /// An alert that somebody has taken on.
        Alert = "alert",
        /// A shopper who asked for somebody: what came of it.
        Call = "call",
        /// What was done because shoppers said so, to be shown to them; without words, nothing
        /// is shown any more.
        Notice = "notice",
    }
}

/// A note, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Noted {
    about: About,
    text: String,
}

/// The text of the note is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a note is one line of 1 to {NOTE_CHARS_MAX} characters")]
pub struct NoNote;

impl Noted {
    /// A note. Only one about the day needs words: one about an alert may say no more than that
    /// somebody has taken it on.
    ///
    /// # Errors
    /// [`NoNote`] when the text is empty, too long, or has more than one line.
    pub fn new(about: About, text: &str) -> Result<Self, NoNote> {
        let text = text.trim();
        let is_line = text.chars().count() <= NOTE_CHARS_MAX && !text.chars().any(char::is_control);
        let says_something = !text.is_empty() || about != About::Day;
        if is_line && says_something {
            Ok(Self { about, text: text.to_owned() })
        } else {
            Err(NoNote)
        }
    }

    /// What it is about.
    #[must_use]
    pub const fn about(&self) -> About {
        self.about
    }

    /// What it says; empty where an alert was taken on without words.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_one_line_and_only_an_alert_is_taken_on_without_words() {
        assert_eq!(Noted::new(About::Day, " Opened a till ").unwrap().text(), "Opened a till");
        for bad in ["", "  ", "two\nlines", &"x".repeat(NOTE_CHARS_MAX + 1)] {
            assert_eq!(Noted::new(About::Day, bad), Err(NoNote), "{bad:?}");
        }
        assert!(Noted::new(About::Day, &"ä".repeat(NOTE_CHARS_MAX)).is_ok());
        assert_eq!(Noted::new(About::Alert, "").map(|noted| noted.text().len()), Ok(0));
        for about in About::ALL {
            assert_eq!(About::named(about.name()), Some(about));
        }
    }
}
