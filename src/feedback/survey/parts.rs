//! What a survey is made of, before it is checked, and the limits of each part.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::language::ByLanguage;
use super::schedule::{Hours, Slot};
use crate::feedback::rating::Scale;

/// The longest question, in characters: two lines of the largest type.
pub const QUESTION_CHARS_MAX: usize = 80;

/// The longest word under a face, in characters.
pub const FACE_CHARS_MAX: usize = 20;

/// The longest words of a reason, in characters: two lines on a card.
pub const REASON_CHARS_MAX: usize = 32;

/// The longest "you said" or "we did", in characters.
pub const NOTICE_CHARS_MAX: usize = 90;

/// The most languages of one survey.
pub const LANGUAGES_MAX: usize = 16;

/// The most languages that a shopper is offered at once.
pub const OFFERED_MAX: usize = 5;

/// The most questions of one survey.
pub const QUESTIONS_MAX: usize = 20;

/// The most reasons that are offered after one face.
pub const REASONS_MAX: usize = 6;

/// The most slots of a schedule.
pub const SLOTS_MAX: usize = 100;

/// The most notices of one survey.
pub const NOTICES_MAX: usize = 10;

/// The most visits of which one is asked for a recommendation.
pub const NPS_ONE_IN_MAX: u16 = 1_000;

/// The reasons that the screens have words and a picture for, in every language that they speak.
pub const KNOWN_REASONS: [&str; 8] =
    ["waiting", "staff", "price", "stock", "quality", "cleanliness", "finding", "payment"];

/// One language's texts of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The language, as a BCP 47 tag such as `en`.
    pub language: String,
    /// The question.
    pub question: String,
    /// The words under the faces, worst first, one for each.
    pub faces: Vec<String>,
    /// What is asked above the reasons that everybody is offered; empty for the screen's own words.
    pub about: String,
    /// What is asked above the reasons of an unhappy shopper; empty for the screen's own words.
    pub unhappy: String,
    /// What is asked above the reasons of a happy shopper; empty for the screen's own words.
    pub happy: String,
    /// The question for a recommendation; empty for the screen's own words.
    pub nps: String,
    /// What is asked above the comment; empty for the screen's own words.
    pub comment: String,
}

/// A question with its faces and what may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its short name, such as `checkout`.
    pub id: String,
    /// Counts up whenever wording or scale change, since scores then no longer compare.
    pub version: u32,
    /// How many faces it offers.
    pub scale: Scale,
    /// Its words, one for each language.
    pub texts: Vec<Texts>,
    /// The short names of the reasons offered after every face, so that the page does not tell
    /// which one was pressed.
    pub reasons: Vec<String>,
    /// In place of those, the reasons offered after a face that is not a happy one.
    pub unhappy: Vec<String>,
    /// And those offered after a happy face.
    pub happy: Vec<String>,
    /// One in so many visits is asked for a recommendation; 0 is none.
    pub nps_one_in: u16,
    /// Whether own words are asked for.
    pub takes_comments: bool,
}

/// What the shop did because its shoppers said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// The first day on which it is shown; the shopper sees its month.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
    /// What shoppers said.
    pub said: ByLanguage,
    /// What was done.
    pub did: ByLanguage,
}

/// Everything that a survey is made of, before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Counts up whenever any of it changes.
    pub version: u32,
    /// The questions; the first one is asked whenever the schedule names none.
    pub questions: Vec<Question>,
    /// The words of reasons that the screens have none for.
    pub reasons: BTreeMap<String, ByLanguage>,
    /// The languages that a shopper is offered, in this order.
    pub languages: Vec<String>,
    /// Which question when; the first slot that is due decides.
    pub schedule: Vec<Slot>,
    /// When the shop is open; always, when missing.
    pub hours: Option<Hours>,
    /// What was done.
    pub notices: Vec<Notice>,
    /// The name in the corner of the screen.
    pub brand: Option<String>,
    /// The shop's own colour, such as `#1f5fd0`.
    pub accent: Option<String>,
}
