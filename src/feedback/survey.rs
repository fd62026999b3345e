//! What the kiosk asks: questions with their faces, words and follow-ups, and which of them when.
//!
//! A survey is checked whole before it is used; every complaint is named, and none is half
//! accepted. The one that is built in needs no network and no configuration.

mod built_in;
mod check;
pub mod schedule;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use self::schedule::{Hours, Local, Slot};
use crate::feedback::rating::{Scale, Score, Wording};
use crate::feedback::visit::Plan;

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

/// Text by language, the key being a BCP 47 tag such as `en`.
pub type ByLanguage = BTreeMap<String, String>;

/// One language's texts of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The language, as a BCP 47 tag such as `en`.
    pub language: String,
    /// The question.
    pub question: String,
    /// The words under the faces, worst first, one for each.
    pub faces: Vec<String>,
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
    /// The short names of the reasons offered after a face that is not a happy one.
    pub unhappy: Vec<String>,
    /// The short names of the reasons offered after a happy face.
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

/// A survey that can be asked: whatever it names it has, in every language it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey(Parts);

impl Survey {
    /// Checks a survey whole.
    ///
    /// # Errors
    /// Every complaint as a sentence that names the place and what is allowed.
    pub fn check(parts: Parts) -> Result<Self, Vec<String>> {
        let complaints = check::complaints(&parts);
        if complaints.is_empty() { Ok(Self(parts)) } else { Err(complaints) }
    }

    /// The survey that a kiosk asks when nobody has given it another.
    #[must_use]
    pub fn built_in(scale: Scale) -> Self {
        let question = Question {
            id: "checkout".to_owned(),
            version: 1,
            scale,
            texts: built_in_texts(scale),
            unhappy: Vec::new(),
            happy: Vec::new(),
            nps_one_in: 0,
            takes_comments: false,
        };
        Self(Parts { version: 1, questions: vec![question], ..Parts::default() })
    }

    /// What it is made of.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        &self.0
    }

    /// The question to ask at this moment and place; the first one where the moment is not known.
    #[must_use]
    pub fn question(&self, at: Option<Local>, touchpoint: &str) -> &Question {
        let due = at.and_then(|at| self.0.schedule.iter().find(|slot| slot.is_due(at, touchpoint)));
        let named = due.and_then(|slot| self.0.questions.iter().find(|q| q.id == slot.question));
        let first = || self.0.questions.first();
        named.or_else(first).unwrap_or_else(|| unreachable!("a checked survey has a question"))
    }

    /// Whether anything in it depends on the time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        !self.0.schedule.is_empty() || self.0.hours.is_some() || !self.0.notices.is_empty()
    }

    /// The survey's own words for a reason; none where the screens have them.
    #[must_use]
    pub fn reason(&self, id: &str, language: &str) -> Option<&str> {
        self.0.reasons.get(id).and_then(|words| by_language(words, language))
    }

    /// The languages that every question has texts in, in the order of the first question.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        let first = self.0.questions.first().map(|question| question.texts.as_slice());
        let tags = first.unwrap_or_default().iter().map(|texts| texts.language.as_str());
        tags.filter(|tag| self.0.questions.iter().all(|question| question.exactly(tag).is_some()))
    }
}

impl Question {
    /// The texts in this language, or in its base language (`de` for `de-AT`).
    #[must_use]
    pub fn texts(&self, language: &str) -> Option<&Texts> {
        self.exactly(language).or_else(|| self.exactly(base(language)))
    }

    fn exactly(&self, tag: &str) -> Option<&Texts> {
        self.texts.iter().find(|texts| texts.language == tag)
    }

    /// What a rating records of it, asked in this language.
    #[must_use]
    pub fn wording(&self, language: &str) -> Wording {
        Wording { id: self.id.clone(), version: self.version, language: language.to_owned() }
    }

    /// The reasons that are offered after a face.
    #[must_use]
    pub fn reasons(&self, score: Score) -> &[String] {
        if score.is_happy() { &self.happy } else { &self.unhappy }
    }

    /// Its follow-ups.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            unhappy_reasons: !self.unhappy.is_empty(),
            happy_reasons: !self.happy.is_empty(),
            nps_one_in: self.nps_one_in,
            takes_comments: self.takes_comments,
        }
    }
}

/// The notice to show on a day: the newest one that is due, and of equally new ones the first.
/// Where the day is not known, only those without one are due.
#[must_use]
pub fn newest_notice<'a>(
    notices: impl DoubleEndedIterator<Item = &'a Notice>,
    on: Option<NaiveDate>,
) -> Option<&'a Notice> {
    let is_due = |notice: &&Notice| match on {
        Some(on) => {
            notice.from.is_none_or(|from| from <= on)
                && notice.until.is_none_or(|until| on <= until)
        }
        None => notice.from.is_none() && notice.until.is_none(),
    };
    notices.filter(is_due).rev().max_by_key(|notice| notice.from)
}

/// The text in this language, or in its base language.
#[must_use]
pub fn by_language<'a>(texts: &'a ByLanguage, language: &str) -> Option<&'a str> {
    texts.get(language).or_else(|| texts.get(base(language))).map(String::as_str)
}

/// The language without its region: `de` of `de-AT`.
#[must_use]
pub fn base(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

/// The built-in words of a scale, in every language that there is.
#[must_use]
pub fn built_in_texts(scale: Scale) -> Vec<Texts> {
    let texts = built_in::BUILT_IN.iter().map(|(language, question, words)| {
        let faces = faces_of(scale).iter().filter_map(|&face| words.get(usize::from(face)));
        Texts {
            language: (*language).to_owned(),
            question: (*question).to_owned(),
            faces: faces.map(|&word| word.to_owned()).collect(),
            ..Texts::default()
        }
    });
    texts.collect()
}

/// Which of the five faces, 0 being the worst, a scale shows.
///
/// Four faces leave out the middle; three leave out the extremes.
#[must_use]
pub const fn faces_of(scale: Scale) -> &'static [u8] {
    match scale {
        Scale::Three => &[1, 2, 3],
        Scale::Four => &[0, 1, 3, 4],
        Scale::Five => &[0, 1, 2, 3, 4],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_survey_passes_its_own_check_on_every_scale() {
        for scale in Scale::ALL {
            let survey = Survey::built_in(scale);
            assert_eq!(Survey::check(survey.parts().clone()), Ok(survey));
        }
    }

    #[test]
    fn a_regional_language_falls_back_to_its_base() {
        let survey = Survey::built_in(Scale::Five);
        let question = survey.question(None, "");
        assert_eq!(question.texts("de-AT").map(|t| t.language.as_str()), Some("de"));
        assert_eq!(question.texts("tlh"), None);
    }

    #[test]
    fn the_schedule_decides_and_the_first_question_stands_in() {
        let mut parts = Survey::built_in(Scale::Five).parts().clone();
        let bakery = Question { id: "bakery".to_owned(), ..parts.questions[0].clone() };
        parts.questions.push(bakery);
        let weekdays = vec![chrono::Weekday::Fri];
        let slot = Slot { question: "bakery".to_owned(), weekdays, ..Slot::default() };
        parts.schedule.push(slot);
        let survey = Survey::check(parts).unwrap();
        let on = |day| {
            let date = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
            survey.question(Some(Local { date, minute: 600 }), "").id.as_str()
        };
        assert_eq!((on(5), on(6), on(7)), ("checkout", "bakery", "checkout"));
        assert_eq!(survey.question(None, "").id, "checkout", "a clock that nobody believes");
    }

    #[test]
    fn the_newest_notice_that_is_due_is_shown() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day);
        let notice = |from, until, said: &str| {
            let text = |text: &str| ByLanguage::from([("en".to_owned(), text.to_owned())]);
            Notice { from, until, said: text(said), did: text("Done") }
        };
        let notices = [
            notice(None, None, "old"),
            notice(day(10), day(12), "new"),
            notice(day(20), None, "newest"),
        ];
        let on = |at| newest_notice(notices.iter(), day(at)).unwrap().said["en"].clone();
        assert_eq!([on(9), on(10), on(12), on(13), on(25)], ["old", "new", "new", "old", "newest"]);
    }
}
