//! What an event in the archive counts as in its shop's day.

use crate::feedback::event::Kind;
use crate::feedback::misuse::Reason;
use crate::feedback::rating::{Scale, Score};
use crate::feedback::tally::Standing;

/// An event as the archive keeps it, as far as counting goes.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// What kind of event it is.
    pub kind: &'a str,
    /// How many faces there were.
    pub scale: Option<u8>,
    /// The face, 1 being the worst.
    pub score: Option<u8>,
    /// Why it is misuse, if it is, by the newest verdict.
    pub misuse: Option<&'a str>,
    /// The same for each later press that replaces this one.
    pub later: &'a [Option<&'a str>],
}

/// What an event counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountsAs {
    /// A rating that counts.
    Rating(Score),
    /// A press that is misuse.
    Misuse,
    /// A press that was taken back.
    TakenBack,
    /// Something that this version cannot read yet.
    Unread,
    /// An event that is not a press.
    Nothing,
}

impl CountsAs {
    /// Decides what an event counts as.
    #[must_use]
    pub fn of(event: &Kept<'_>) -> Self {
        match Kind::named(event.kind) {
            Some(Kind::Rated) | None => {}
            Some(_) => return Self::Nothing,
        }
        let scale = event.scale.and_then(Scale::with_faces);
        let score = scale.zip(event.score).and_then(|(scale, value)| scale.score(value).ok());
        let Some(score) = score else {
            return Self::Unread;
        };
        // A reason that only a newer version knows is misuse too, and takes nothing back.
        let misuse = event.misuse.map(Reason::named);
        let later = event.later.iter().filter_map(|word| match word.map(Reason::named) {
            None => Some(None),
            Some(reason) => reason.map(Some),
        });
        match misuse {
            Some(None) => Self::Misuse,
            misuse => match Standing::of(misuse.flatten(), later) {
                Standing::Counts => Self::Rating(score),
                Standing::Misuse(_) => Self::Misuse,
                Standing::TakenBack => Self::TakenBack,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATED: Kept<'_> =
        Kept { kind: "rated", scale: Some(5), score: Some(4), misuse: None, later: &[] };

    #[test]
    fn a_readable_press_counts_unless_it_is_misuse_or_was_taken_back() {
        let score = Scale::Five.score(4).unwrap();
        let of = |misuse, later| CountsAs::of(&Kept { misuse, later, ..RATED });
        assert_eq!(of(None, &[]), CountsAs::Rating(score));
        assert_eq!(of(None, &[None]), CountsAs::TakenBack);
        assert_eq!(of(None, &[Some("held")]), CountsAs::TakenBack);
        assert_eq!(of(None, &[Some("bounce"), Some("of 2031")]), CountsAs::Rating(score));
        assert_eq!(of(Some("bounce"), &[None]), CountsAs::Misuse);
        assert_eq!(of(Some("of 2031"), &[]), CountsAs::Misuse);
    }

    #[test]
    fn what_is_no_press_counts_nowhere_and_what_cannot_be_read_is_said() {
        let of = |kind, scale| CountsAs::of(&Kept { kind, scale, ..RATED });
        for kind in ["answered", "noted", "called", "lost"] {
            assert_eq!(of(kind, None), CountsAs::Nothing, "{kind}");
        }
        assert_eq!(of("hummed", None), CountsAs::Unread);
        assert_eq!(of("rated", Some(11)), CountsAs::Unread);
    }
}
