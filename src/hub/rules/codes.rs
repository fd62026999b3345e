//! Codes: the small numbers under which the archive keeps words that come with every event.
//!
//! A number is given once and never reused, since it stands in rows that are kept for ever. 0 is a
//! word that only a newer program knows; the row has the word itself beside it.

use crate::feedback::event::Kind;
use crate::feedback::rating::Input;

/// The number of a word that this program does not know.
pub const OTHER: i16 = 0;

const KINDS: [(i16, Kind); 5] =
    [(1, Kind::Rated), (2, Kind::Answered), (3, Kind::Noted), (4, Kind::Called), (5, Kind::Lost)];

const INPUTS: [(i16, Input); 3] = [(1, Input::Button), (2, Input::Touch), (3, Input::Key)];

/// A word as the archive keeps it: its number, and itself where it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The number; [`OTHER`] where it has none.
    pub number: i16,
    /// The word where it has no number.
    pub other: Option<String>,
}

impl Code {
    fn of(number: Option<i16>, word: &str) -> Self {
        match number {
            Some(number) => Self { number, other: None },
            None => Self { number: OTHER, other: Some(word.to_owned()) },
        }
    }

    fn word(self, known: Option<&'static str>) -> String {
        match (known, self.other) {
            (Some(word), _) => word.to_owned(),
            (None, Some(word)) => word,
            // Nothing is known of it but that a newer program has written it.
            (None, None) => self.number.to_string(),
        }
    }
}

/// The number of a kind of event.
#[must_use]
pub fn of_kind(kind: Kind) -> i16 {
    KINDS.iter().find(|(_, known)| *known == kind).map_or(OTHER, |(number, _)| *number)
}

/// A kind of event, by its word, as it is kept.
#[must_use]
pub fn kind(word: &str) -> Code {
    Code::of(Kind::named(word).map(of_kind), word)
}

/// The word of a kind of event.
#[must_use]
pub fn kind_word(code: Code) -> String {
    let known = KINDS.iter().find(|(number, _)| *number == code.number);
    code.word(known.map(|(_, kind)| kind.name()))
}

/// What was pressed, by its word, as it is kept.
#[must_use]
pub fn input(word: &str) -> Code {
    let known = INPUTS.iter().find(|(_, known)| Some(*known) == Input::named(word));
    Code::of(known.map(|(number, _)| *number), word)
}

/// The word of what was pressed.
#[must_use]
pub fn input_word(code: Code) -> String {
    let known = INPUTS.iter().find(|(number, _)| *number == code.number);
    code.word(known.map(|(_, input)| input.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_the_number_that_it_always_had() {
        // Rows of archives everywhere have these numbers: add to the list, and change nothing.
        let kinds = ["rated", "answered", "noted", "called", "lost"];
        let inputs = ["button", "touch", "key"];
        assert_eq!(kinds, Kind::ALL.map(Kind::name));
        assert_eq!(inputs, Input::ALL.map(Input::name));
        for (number, word) in (1..).zip(kinds) {
            assert_eq!(kind(word), Code { number, other: None });
            assert_eq!(kind_word(kind(word)), word);
        }
        for (number, word) in (1..).zip(inputs) {
            assert_eq!(input(word), Code { number, other: None });
            assert_eq!(input_word(input(word)), word);
        }
    }

    #[test]
    fn a_word_of_a_newer_version_is_kept_beside_its_number() {
        let hummed = Code { number: OTHER, other: Some("hummed".to_owned()) };
        assert_eq!((kind("hummed"), input("hummed")), (hummed.clone(), hummed.clone()));
        assert_eq!(kind_word(hummed.clone()), "hummed");
        assert_eq!(input_word(hummed), "hummed");
        assert_eq!(kind_word(Code { number: 99, other: None }), "99");
    }
}
