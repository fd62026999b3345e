//! A survey as head office writes it, in TOML by hand and in JSON on the wire.
//!
//! One shape for both, so that a file which passes `smilepost-hub survey check` is what a kiosk
//! gets to read. A kiosk ignores fields that it does not know; the check at head office names them.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::digits;
use crate::feedback::rating::Scale;
use crate::feedback::survey::schedule::{self, Hours, Span};
use crate::feedback::survey::{self, ByLanguage, Parts};

/// The path that hands out the survey, with an `ETag`.
pub const SURVEY: &str = "/v1/survey";

pub use crate::feedback::survey::schedule::DAYS;

/// The longest text that is looked at, in bytes; what a survey may say is shorter still.
const TEXT_BYTES_MAX: usize = 512;

/// The most touchpoints of one slot.
const TOUCHPOINTS_MAX: usize = 200;

/// The most reasons with words of the survey's own.
const OWN_REASONS_MAX: usize = 100;

/// The `ETag` of a publication. It names the hub's epoch too, since a hub that was restored from a
/// backup gives the same numbers out again.
#[must_use]
pub fn etag(epoch: u64, publication: u64) -> String {
    format!("\"{epoch}-{publication}\"")
}

/// Whether an `If-None-Match` names this publication, also after proxies have written on the tag:
/// they call it weak (`W/`), and add to it how they packed the answer (`-gzip`).
#[must_use]
pub fn is_known(if_none_match: &str, epoch: u64, publication: u64) -> bool {
    let name = etag(epoch, publication);
    let name = name.trim_matches('"');
    if_none_match.split(',').any(|tag| {
        let tag = tag.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        let added =
            tag.strip_prefix(name).map(|rest| rest.trim_start_matches(['-', ';', ':', '+']));
        added.is_some_and(|added| {
            added.is_empty() && tag == name
                || !added.is_empty()
                    && added.len() < tag.len() - name.len()
                    && added.bytes().all(|byte| byte.is_ascii_lowercase())
        })
    })
}

/// What the hub answers: the survey, and the number under which it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The hub's epoch, as in its receipts.
    #[serde(default)]
    pub epoch: u64,
    /// The publication's number at the hub, which counts up.
    pub publication: u64,
    /// The survey; none where there is none for this kiosk, or it was withdrawn.
    pub survey: Option<Survey>,
}

/// Everything that a kiosk asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Survey {
    /// Counts up whenever any of it changes.
    pub version: u32,
    /// The name in the corner of the screen; if missing, the one in the kiosk's own configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// The shop's own colour, such as `#1f5fd0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// The languages that a shopper is offered, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// The questions; the first one is asked whenever the schedule names none.
    pub questions: Vec<Question>,
    /// The survey's own words for reasons, by short name and language.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, ByLanguage>,
    /// Which question when; the first slot that is due decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<Slot>,
    /// When the shop is open, such as `mon = "08:00-20:00"`; a day without is closed. Without any,
    /// the shop is always open.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hours: BTreeMap<String, String>,
    /// What was done because shoppers said so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// One question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// Its short name.
    pub id: String,
    /// Counts up whenever wording or scale change.
    pub version: u32,
    /// How many faces: 3, 4 or 5.
    pub scale: u8,
    /// Its words; if missing, the built-in ones are asked, in every language there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<Texts>,
    /// The reasons offered after every face, by their short names. A kiosk that does not know
    /// this field reads the next two, which then hold the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// In place of those, the reasons offered after a face that is not a happy one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unhappy: Vec<String>,
    /// The reasons offered after a happy face.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub happy: Vec<String>,
    /// One in so many visits is asked for a recommendation; 0 is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub nps_one_in: u16,
    /// Whether own words are asked for.
    #[serde(skip_serializing_if = "is_false")]
    pub comments: bool,
}

/// A question's words in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Texts {
    /// The language, as a BCP 47 tag.
    pub language: String,
    /// The question.
    pub question: String,
    /// The words under the faces, worst first.
    pub faces: Vec<String>,
    /// What is asked above the reasons that everybody is offered.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What is asked above the reasons of an unhappy shopper.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unhappy: String,
    /// What is asked above the reasons of a happy shopper.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub happy: String,
    /// The question for a recommendation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub nps: String,
    /// What is asked above the comment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// When a question is asked; a field that is missing sets no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slot {
    /// The question's short name.
    pub question: String,
    /// The first day, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Only on these days of the week: `mon` to `sun`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<String>,
    /// Only in this part of the day, such as `08:00-12:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Only at these touchpoints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touchpoints: Vec<String>,
}

/// What was done because shoppers said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notice {
    /// The first day, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What shoppers said, by language.
    pub said: ByLanguage,
    /// What was done, by language.
    pub did: ByLanguage,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(value: &u16) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Survey {
    /// Checks it whole.
    ///
    /// # Errors
    /// Every complaint as a sentence that names the place and what is allowed.
    pub fn check(&self) -> Result<survey::Survey, Vec<String>> {
        let mut sizes = Sizes::default();
        self.measure(&mut sizes);
        if !sizes.0.is_empty() {
            return Err(sizes.0);
        }
        let mut complaints = Vec::new();
        let parts = Parts {
            version: self.version,
            questions: self.questions.iter().map(|q| q.read(&mut complaints)).collect(),
            reasons: self.reasons.clone(),
            languages: self.languages.clone(),
            schedule: (1..)
                .zip(&self.schedule)
                .map(|(at, s)| s.read(at, &mut complaints))
                .collect(),
            hours: self.read_hours(&mut complaints),
            notices: (1..).zip(&self.notices).map(|(at, n)| n.read(at, &mut complaints)).collect(),
            brand: self.brand.clone(),
            accent: self.accent.clone(),
        };
        match survey::Survey::check(parts) {
            Ok(survey) if complaints.is_empty() => Ok(survey),
            Ok(_) => Err(complaints),
            Err(more) => Err([complaints, more].concat()),
        }
    }

    /// The same survey, in which a kiosk that does not know `reasons` finds them too.
    #[must_use]
    pub fn for_every_kiosk(mut self) -> Self {
        for question in self.questions.iter_mut().filter(|question| !question.reasons.is_empty()) {
            question.unhappy.clone_from(&question.reasons);
            question.happy.clone_from(&question.reasons);
            for texts in question.texts.iter_mut().filter(|texts| !texts.about.is_empty()) {
                texts.unhappy.clone_from(&texts.about);
                texts.happy.clone_from(&texts.about);
            }
        }
        self
    }

    fn measure(&self, sizes: &mut Sizes) {
        for text in self.brand.iter().chain(&self.accent) {
            sizes.text("brand and accent", text);
        }
        for tag in sizes.list("languages", &self.languages, 2 * survey::LANGUAGES_MAX) {
            sizes.text("languages", tag);
        }
        for question in sizes.list("questions", &self.questions, 2 * survey::QUESTIONS_MAX) {
            question.measure(sizes);
        }
        if sizes.count("reasons", self.reasons.len(), OWN_REASONS_MAX) {
            for (id, words) in &self.reasons {
                sizes.text("reasons", id);
                sizes.words("reasons", words);
            }
        }
        for slot in sizes.list("schedule", &self.schedule, 2 * survey::SLOTS_MAX) {
            slot.measure(sizes);
        }
        if sizes.count("hours", self.hours.len(), 2 * DAYS.len()) {
            for (day, hours) in &self.hours {
                sizes.texts("hours", [day, hours]);
            }
        }
        for notice in sizes.list("notices", &self.notices, 2 * survey::NOTICES_MAX) {
            sizes.texts("notices", notice.from.iter().chain(&notice.until));
            sizes.words("notices", &notice.said);
            sizes.words("notices", &notice.did);
        }
    }

    fn read_hours(&self, complaints: &mut Vec<String>) -> Option<Hours> {
        let mut hours = Hours::default();
        for (day, text) in &self.hours {
            let at = DAYS.iter().position(|known| known == day);
            match at.and_then(|at| hours.0.get_mut(at)) {
                Some(slot) => *slot = span(&format!("hours.{day}"), text, complaints),
                None => complaints.push(format!("hours.{day}: must be one of {}", DAYS.join(", "))),
            }
        }
        (!self.hours.is_empty()).then_some(hours)
    }
}

/// What is too much or too long to be read. It is looked at before anything else, since the other
/// checks look at some parts once for each of others, and repeat what they find.
#[derive(Default)]
struct Sizes(Vec<String>);

impl Sizes {
    /// Whether there are no more than so many.
    fn count(&mut self, place: &str, count: usize, most: usize) -> bool {
        if count > most {
            self.0.push(format!("{place}: has {count}, which is far too many"));
        }
        count <= most
    }

    /// A list that is no longer than so many, else none of it.
    fn list<'a, T>(&mut self, place: &str, list: &'a [T], most: usize) -> &'a [T] {
        if self.count(place, list.len(), most) { list } else { &[] }
    }

    fn text(&mut self, place: &str, text: &str) {
        if text.len() > TEXT_BYTES_MAX {
            self.0.push(format!("{place}: has a text of more than {TEXT_BYTES_MAX} bytes"));
        }
    }

    fn texts<'a>(&mut self, place: &str, texts: impl IntoIterator<Item = &'a String>) {
        texts.into_iter().for_each(|text| self.text(place, text));
    }

    fn words(&mut self, place: &str, words: &ByLanguage) {
        if self.count(place, words.len(), 2 * survey::LANGUAGES_MAX) {
            words.iter().for_each(|(tag, text)| self.texts(place, [tag, text]));
        }
    }
}

impl Question {
    fn measure(&self, sizes: &mut Sizes) {
        sizes.text("questions", &self.id);
        for texts in sizes.list("questions.texts", &self.texts, 2 * survey::LANGUAGES_MAX) {
            let Texts { language, question, faces, about, unhappy, happy, nps, comment } = texts;
            let lines = [language, question, about, unhappy, happy, nps, comment];
            sizes.texts("questions.texts", lines);
            let faces = sizes.list("questions.texts.faces", faces, 10);
            sizes.texts("questions.texts.faces", faces);
        }
        for reasons in [&self.reasons, &self.unhappy, &self.happy] {
            let reasons = sizes.list("questions", reasons, 4 * survey::REASONS_MAX);
            sizes.texts("questions", reasons);
        }
    }

    fn read(&self, complaints: &mut Vec<String>) -> survey::Question {
        let scale = Scale::with_faces(self.scale).unwrap_or_else(|| {
            let (id, scale) = (&self.id, self.scale);
            complaints.push(format!("questions.{id}.scale: {scale} is not 3, 4 or 5 faces"));
            Scale::Five
        });
        let texts = match self.texts.is_empty() {
            true => survey::built_in_texts(scale),
            false => self.texts.iter().map(Texts::read).collect(),
        };
        survey::Question {
            id: self.id.clone(),
            version: self.version,
            scale,
            texts,
            reasons: self.reasons.clone(),
            unhappy: self.unhappy.clone(),
            happy: self.happy.clone(),
            nps_one_in: self.nps_one_in,
            takes_comments: self.comments,
        }
    }
}

impl Texts {
    fn read(&self) -> survey::Texts {
        let Self { language, question, faces, about, unhappy, happy, nps, comment } = self.clone();
        survey::Texts { language, question, faces, about, unhappy, happy, nps, comment }
    }
}

impl Slot {
    fn measure(&self, sizes: &mut Sizes) {
        sizes.text("schedule", &self.question);
        sizes.texts("schedule", self.from.iter().chain(&self.until).chain(&self.hours));
        let weekdays = sizes.list("schedule.weekdays", &self.weekdays, 2 * DAYS.len());
        sizes.texts("schedule.weekdays", weekdays);
        let touchpoints = sizes.list("schedule.touchpoints", &self.touchpoints, TOUCHPOINTS_MAX);
        sizes.texts("schedule.touchpoints", touchpoints);
    }

    fn read(&self, at: usize, complaints: &mut Vec<String>) -> schedule::Slot {
        let place = format!("schedule, slot {at}");
        let mut weekdays = Vec::new();
        for name in &self.weekdays {
            let day = DAYS.iter().position(|known| known == name);
            match day.and_then(|day| Weekday::try_from(u8::try_from(day).ok()?).ok()) {
                Some(day) => weekdays.push(day),
                None => {
                    complaints
                        .push(format!("{place}: {name:?} must be one of {}", DAYS.join(", ")));
                }
            }
        }
        schedule::Slot {
            question: self.question.clone(),
            from: day(&place, self.from.as_deref(), complaints),
            until: day(&place, self.until.as_deref(), complaints),
            weekdays,
            hours: self.hours.as_deref().and_then(|text| span(&place, text, complaints)),
            touchpoints: self.touchpoints.clone(),
        }
    }
}

impl Notice {
    fn read(&self, at: usize, complaints: &mut Vec<String>) -> survey::Notice {
        let place = format!("notices, the {at}.");
        survey::Notice {
            from: day(&place, self.from.as_deref(), complaints),
            until: day(&place, self.until.as_deref(), complaints),
            said: self.said.clone(),
            did: self.did.clone(),
        }
    }
}

fn span(place: &str, text: &str, complaints: &mut Vec<String>) -> Option<Span> {
    let span = Span::parse(text);
    if span.is_none() {
        complaints.push(format!("{place}: {text:?} is not two times such as 08:00-20:00"));
    }
    span
}

fn day(place: &str, text: Option<&str>, complaints: &mut Vec<String>) -> Option<NaiveDate> {
    let text = text?;
    let day = NaiveDate::parse_from_str(&digits::plain(text), "%Y-%m-%d").ok();
    if day.is_none() {
        complaints.push(format!("{place}: {text:?} is not a day such as 2026-11-30"));
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_survey_asks_in_the_words_that_are_built_in() {
        let json = r#"{"version": 1, "questions": [{"id": "checkout", "version": 1, "scale": 4}]}"#;
        let survey: Survey = serde_json::from_str(json).unwrap();
        let checked = survey.check().unwrap();
        assert_eq!(checked.languages().count(), 14);
        assert_eq!(serde_json::to_string(&survey).unwrap().replace(' ', ""), json.replace(' ', ""));
    }

    #[test]
    fn what_everybody_is_offered_reaches_kiosks_that_know_only_moods() {
        let reasons = vec!["waiting".to_owned(), "staff".to_owned()];
        let question = Question { id: "a".to_owned(), version: 1, scale: 5, ..Question::default() };
        let question = Question { reasons: reasons.clone(), ..question };
        let survey = Survey { version: 1, questions: vec![question], ..Survey::default() };
        let sent = survey.for_every_kiosk();
        assert_eq!([&sent.questions[0].unhappy, &sent.questions[0].happy], [&reasons; 2]);
        assert_eq!(sent.check().unwrap().parts().questions[0].reasons, reasons);
    }

    #[test]
    fn what_is_far_too_much_is_refused_before_anything_is_read() {
        let question = Question { id: "a".to_owned(), ..Question::default() };
        let long = || "\u{1b}".repeat(200_000);
        let words: ByLanguage = (0..10_000).map(|n| (n.to_string(), long())).take(40).collect();
        let surveys = [
            Survey { questions: vec![Question::default(); 500], ..Survey::default() },
            Survey { languages: vec![long(); 40], ..Survey::default() },
            Survey { brand: Some(long()), ..Survey::default() },
            Survey { reasons: [(long(), words.clone())].into(), ..Survey::default() },
            Survey { schedule: vec![Slot::default(); 500], ..Survey::default() },
            Survey { notices: vec![Notice::default(); 500], ..Survey::default() },
            Survey {
                notices: vec![Notice { said: words, ..Notice::default() }],
                ..Survey::default()
            },
            Survey {
                schedule: vec![Slot { touchpoints: vec![long(); 201], ..Slot::default() }],
                ..Survey::default()
            },
            Survey {
                questions: vec![Question { unhappy: vec![long(); 20], ..question.clone() }],
                ..Survey::default()
            },
            Survey {
                questions: vec![Question { texts: vec![Texts::default(); 500], ..question }],
                ..Survey::default()
            },
        ];
        for survey in surveys {
            let complaints = survey.check().unwrap_err();
            let length: usize = complaints.iter().map(String::len).sum();
            assert!((1..5_000).contains(&length), "{length} bytes of complaints");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_beside_what_is_wrong_in_itself() {
        let survey = Survey {
            version: 1,
            questions: vec![Question { id: "a".to_owned(), scale: 6, ..Question::default() }],
            hours: [("monday", "08:00-20:00"), ("tue", "8-20")]
                .map(|(day, span)| (day.to_owned(), span.to_owned()))
                .into(),
            schedule: vec![Slot {
                question: "a".to_owned(),
                from: Some("30.11.2026".to_owned()),
                weekdays: vec!["Fri".to_owned()],
                ..Slot::default()
            }],
            ..Survey::default()
        };
        let complaints = survey.check().unwrap_err();
        let places: Vec<&str> = complaints.iter().filter_map(|c| c.split(':').next()).collect();
        let expected = [
            "questions.a.scale",
            "schedule, slot 1",
            "schedule, slot 1",
            "hours.monday",
            "hours.tue",
            "questions.a.version",
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn a_tag_is_known_again_after_proxies_have_written_on_it() {
        let known = ["7-12", "\"7-12\"", "W/\"7-12\"", "\"7-12-gzip\"", "W/\"7-12;br\""];
        for tag in known.into_iter().chain(["\"7-11\", W/\"7-12--gzip\""]) {
            assert!(is_known(tag, 7, 12), "{tag}");
        }
        for tag in ["", "7-1", "7-123", "7-12-3", "17-12", "7-12gzip", "7-12-", "\"7\",\"12\""] {
            assert!(!is_known(tag, 7, 12), "{tag}");
        }
    }
}
