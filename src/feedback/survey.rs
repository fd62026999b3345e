//! What the kiosk asks: questions with their faces, words and follow-ups, and which of them when.
//!
//! A survey is checked whole before it is used: every complaint is named, and a survey with a
//! complaint is not used. The built-in one needs no network and no configuration.

mod built_in;
mod check;
mod language;
pub mod letters;
mod parts;
pub mod schedule;

use chrono::NaiveDate;

pub use self::language::{ByLanguage, base, by_language};
pub use self::parts::{
    FACE_CHARS_MAX, KNOWN_REASONS, LANGUAGES_MAX, NOTICE_CHARS_MAX, NOTICES_MAX, NPS_ONE_IN_MAX,
    Notice, OFFERED_MAX, Parts, QUESTION_CHARS_MAX, QUESTIONS_MAX, Question, REASON_CHARS_MAX,
    REASONS_MAX, SLOTS_MAX, Texts,
};
use self::schedule::Local;
use crate::feedback::rating::{Scale, Score, Wording};
use crate::feedback::visit::Plan;

/// The reasons that the built-in survey offers to everybody.
const BUILT_IN_REASONS: [&str; 6] =
    ["waiting", "staff", "stock", "price", "cleanliness", "payment"];

/// A checked survey: everything that it names exists, in each of its languages.
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
            reasons: BUILT_IN_REASONS.map(str::to_owned).to_vec(),
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
        match (self.reasons.as_slice(), score.is_happy()) {
            ([], true) => &self.happy,
            ([], false) => &self.unhappy,
            (everybodys, _) => everybodys,
        }
    }

    /// Its follow-ups.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let asks_everybody = !self.reasons.is_empty();
        Plan {
            unhappy_reasons: asks_everybody || !self.unhappy.is_empty(),
            happy_reasons: asks_everybody || !self.happy.is_empty(),
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
    use super::schedule::Slot;
    use super::*;

    #[test]
    fn the_built_in_survey_passes_its_own_check_on_every_scale() {
        for scale in Scale::ALL {
            let survey = Survey::built_in(scale);
            assert_eq!(Survey::check(survey.parts().clone()), Ok(survey));
        }
    }

    #[test]
    fn everybody_is_offered_the_same_reasons_unless_a_survey_chooses_otherwise() {
        let survey = Survey::built_in(Scale::Five);
        let mut question = survey.question(None, "").clone();
        let offered = |question: &Question| {
            let scores = (1..=5).filter_map(|value| Scale::Five.score(value).ok());
            scores.map(|score| question.reasons(score).len()).collect::<Vec<_>>()
        };
        assert_eq!(offered(&question), [6; 5]);
        assert!(question.plan().happy_reasons && question.plan().unhappy_reasons);
        question.unhappy = std::mem::take(&mut question.reasons);
        assert_eq!(offered(&question), [6, 6, 6, 0, 0]);
        assert!(!question.plan().happy_reasons && question.plan().unhappy_reasons);
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
