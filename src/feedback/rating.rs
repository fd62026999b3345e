//! A rating, and the identity that keeps it from being lost or counted twice.
//!
//! A rating is known by the run that took it and its number in that run. A run's id is random and
//! made once per life of the kiosk process, so a card that lost its last commits, a restored image
//! or a cloned card can never hand out an identity that was used before.

use crate::feedback::named::named;
use std::fmt;
use std::str::FromStr;

use crate::feedback::verdict::Verdict;

/// How many faces the question offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// Bad, okay, good.
    Three,
    /// Very bad, bad, good, very good, without a middle.
    Four,
    /// Very bad, bad, okay, good, very good.
    Five,
}

impl Scale {
    /// Every scale there is, shortest first.
    pub const ALL: [Self; 3] = [Self::Three, Self::Four, Self::Five];

    /// The scale with this many faces, if there is one (3, 4 or 5).
    #[must_use]
    pub const fn with_faces(faces: u8) -> Option<Self> {
        match faces {
            3 => Some(Self::Three),
            4 => Some(Self::Four),
            5 => Some(Self::Five),
            _ => None,
        }
    }

    /// The number of faces: 3, 4 or 5.
    #[must_use]
    pub const fn faces(self) -> u8 {
        match self {
            Self::Three => 3,
            Self::Four => 4,
            Self::Five => 5,
        }
    }

    /// The score with this value on this scale.
    ///
    /// # Errors
    /// [`ScoreOutOfRange`] when `value` is 0 or more than the scale has faces.
    pub const fn score(self, value: u8) -> Result<Score, ScoreOutOfRange> {
        if value >= 1 && value <= self.faces() {
            Ok(Score { value, scale: self })
        } else {
            Err(ScoreOutOfRange { value, scale: self })
        }
    }

    /// Every score of this scale, worst first.
    pub fn scores(self) -> impl DoubleEndedIterator<Item = Score> {
        (1..=self.faces()).map(move |value| Score { value, scale: self })
    }
}

/// How happy the shopper was, from 1 (worst) to the number of faces on the scale (best).
///
/// A score knows its scale and cannot be built out of range, so nothing downstream checks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score {
    value: u8,
    scale: Scale,
}

impl Score {
    /// The score itself, 1 being the worst.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.value
    }

    /// The scale that the score belongs to.
    #[must_use]
    pub const fn scale(self) -> Scale {
        self.scale
    }

    /// Whether the face is one of the happy ones: above the middle of its scale.
    ///
    /// That is the best face of three, the upper two of four, the upper two of five.
    #[must_use]
    pub const fn is_happy(self) -> bool {
        self.value * 2 > self.scale.faces() + 1
    }

    /// Whether the face is one of the unhappy ones: below the middle of its scale.
    ///
    /// That is the worst face of three, the lower two of four, the lower two of five.
    #[must_use]
    pub const fn is_unhappy(self) -> bool {
        self.value * 2 < self.scale.faces() + 1
    }
}

/// The number offered as a score is not a face of the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("score {value} is not between 1 and {}", scale.faces())]
pub struct ScoreOutOfRange {
    /// The number that was offered.
    pub value: u8,
    /// The scale it was offered for.
    pub scale: Scale,
}

named! {
    /// What the shopper pressed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Input {
        /// A physical button.
        Button = "button",
        /// A face on the touchscreen.
        Touch = "touch",
        /// A key of a keyboard.
        Key = "key",
    }
}

/// One life of the kiosk process: 128 random bits, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub [u8; 16]);

/// One life of the board's kernel, as the kernel itself names it; 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootId(pub [u8; 16]);

/// The text is not the 32 hexadecimal digits of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits")]
pub struct NotAnId;

macro_rules! id_as_hex {
    ($id:ident) => {
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($id), "({})"), self)
            }
        }

        impl FromStr for $id {
            type Err = NotAnId;

            /// Reads hexadecimal digits; the hyphens of a UUID may stand between them.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let mut digits = text.chars().filter(|&c| c != '-');
                let mut nibble = || digits.next().and_then(|c| c.to_digit(16)).ok_or(NotAnId);
                let mut bytes = [0; 16];
                for byte in &mut bytes {
                    let value = nibble()? << 4 | nibble()?;
                    *byte = u8::try_from(value).map_err(|_| NotAnId)?;
                }
                if digits.next().is_some() { Err(NotAnId) } else { Ok(Self(bytes)) }
            }
        }
    };
}

id_as_hex!(RunId);
id_as_hex!(BootId);

/// The identity of a rating, for ever: the run that took it and its number there, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RatingId {
    /// The run that took it.
    pub run: RunId,
    /// Its number within the run: 1, 2, 3 and so on without gaps.
    pub n: u32,
}

/// Which wording of which question was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wording {
    /// The question's short name, such as `checkout`.
    pub id: String,
    /// Counts up whenever wording, scale or faces change, since scores then no longer compare.
    pub version: u32,
    /// The language it was asked in, as a BCP 47 tag such as `en`.
    pub language: String,
}

/// A press that was kept, with all that is known of it apart from when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rated {
    /// The face.
    pub score: Score,
    /// What was pressed.
    pub input: Input,
    /// What was asked.
    pub question: Wording,
    /// Whether it counts.
    pub verdict: Verdict,
    /// The number, in the same run, of the rating that this one corrects.
    pub replaces: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_outside_its_scale_cannot_be_built() {
        for scale in Scale::ALL {
            assert!(scale.score(0).is_err());
            assert_eq!(scale.scores().count(), usize::from(scale.faces()));
            let beyond = scale.faces() + 1;
            assert_eq!(scale.score(beyond), Err(ScoreOutOfRange { value: beyond, scale }));
        }
    }

    #[test]
    fn the_happy_faces_are_those_above_the_middle() {
        let happy = |scale: Scale| -> Vec<u8> {
            scale.scores().filter(|score| score.is_happy()).map(Score::value).collect()
        };
        assert_eq!(happy(Scale::Three), [3]);
        assert_eq!(happy(Scale::Four), [3, 4]);
        assert_eq!(happy(Scale::Five), [4, 5]);
        let unhappy = |scale: Scale| -> Vec<u8> {
            scale.scores().filter(|score| score.is_unhappy()).map(Score::value).collect()
        };
        assert_eq!(unhappy(Scale::Three), [1]);
        assert_eq!(unhappy(Scale::Four), [1, 2]);
        assert_eq!(unhappy(Scale::Five), [1, 2]);
    }

    #[test]
    fn an_id_is_read_back_from_its_own_text_and_from_a_uuid() {
        let id = RunId(*b"0123456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            "30313233-3435-3637-3839-616263646566".parse::<BootId>(),
            Ok(BootId(*b"0123456789abcdef"))
        );
        for bad in
            ["", "30", "zz313233343536373839616263646566", "3031323334353637383961626364656600"]
        {
            assert_eq!(bad.parse::<RunId>(), Err(NotAnId), "{bad}");
        }
    }
}
