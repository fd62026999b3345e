//! Ratings for tests that do not depend on the question.

use smilepost::feedback::misuse::Verdict;
use smilepost::feedback::rating::{Input, Rated, Scale, Wording};

/// A version of the built-in question, asked in English.
pub(crate) fn question(version: u32) -> Wording {
    Wording { id: "checkout".to_owned(), version, language: "en".to_owned() }
}

/// A button of five that was pressed, and counts by today's rules.
pub(crate) fn rated(value: u8) -> Rated {
    Rated {
        score: Scale::Five.score(value).unwrap(),
        input: Input::Button,
        question: question(1),
        verdict: Verdict::now(None),
        replaces: None,
    }
}
