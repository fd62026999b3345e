//! Notes of the shop manager: what was done, and what came of an alert.
//!
//! A note is never changed in place. Mending it is a further note that names the first; so is
//! withdrawing it, with no words.

use crate::feedback::named::named;
use crate::feedback::rating::RatingId;

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
        /// An earlier note, which is withdrawn.
        Withdrawn = "withdrawn",
    }
}

/// A note, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Noted {
    about: About,
    text: String,
    said: String,
    mends: Option<RatingId>,
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
    /// [`NoNote`] when the text is empty, too long, or has more than one line, or when nothing is
    /// named that could be withdrawn.
    pub fn new(about: About, text: &str) -> Result<Self, NoNote> {
        Self { about, text: text.trim().to_owned(), said: String::new(), mends: None }.checked()
    }

    /// What was done, with what shoppers had said.
    ///
    /// # Errors
    /// As [`Noted::new`].
    pub fn notice(said: &str, did: &str) -> Result<Self, NoNote> {
        Self::new(About::Notice, did)?.saying(said)
    }

    /// The same with what shoppers had said.
    ///
    /// # Errors
    /// As [`Noted::new`].
    pub fn saying(self, said: &str) -> Result<Self, NoNote> {
        Self { said: said.trim().to_owned(), ..self }.checked()
    }

    /// The same in the place of an earlier note.
    #[must_use]
    pub fn mending(self, earlier: RatingId) -> Self {
        Self { mends: Some(earlier), ..self }
    }

    /// Withdraws an earlier note.
    #[must_use]
    pub fn withdrawing(earlier: RatingId) -> Self {
        let (text, said) = (String::new(), String::new());
        Self { about: About::Withdrawn, text, said, mends: Some(earlier) }
    }

    /// The same without any words: what is left of a note that was withdrawn.
    #[must_use]
    pub fn emptied(self) -> Self {
        Self { text: String::new(), said: String::new(), ..self }
    }

    fn checked(self) -> Result<Self, NoNote> {
        let is_line = |text: &str| {
            text.chars().count() <= NOTE_CHARS_MAX && !text.chars().any(char::is_control)
        };
        let says_something = !self.text.is_empty() || self.about != About::Day;
        let is_of_something = self.about != About::Withdrawn;
        let are_lines = is_line(&self.text) && is_line(&self.said);
        if are_lines && says_something && is_of_something { Ok(self) } else { Err(NoNote) }
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

    /// What shoppers had said, of a notice; empty where that was not written.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }

    /// The note in whose place it stands.
    #[must_use]
    pub const fn mends(&self) -> Option<RatingId> {
        self.mends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::rating::RunId;

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

    #[test]
    fn a_note_is_withdrawn_by_its_name_alone_and_a_notice_has_two_lines() {
        let id = RatingId { run: RunId([1; 16]), n: 7 };
        assert_eq!(Noted::new(About::Withdrawn, ""), Err(NoNote), "withdrawn is something");
        assert_eq!(Noted::withdrawing(id).mends(), Some(id));
        let notice = Noted::notice(" Long queues ", " A fourth till ").unwrap();
        assert_eq!((notice.said(), notice.text()), ("Long queues", "A fourth till"));
        assert_eq!(Noted::notice("two\nlines", "A fourth till"), Err(NoNote));
        assert_eq!(notice.mending(id).mends(), Some(id));
    }
}
