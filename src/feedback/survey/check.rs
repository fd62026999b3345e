//! Checks a survey: each complaint is a sentence that names the place.

use std::collections::BTreeSet;

use super::language::{ByLanguage, by_language};
use super::parts::{
    FACE_CHARS_MAX, KNOWN_REASONS, LANGUAGES_MAX, NOTICE_CHARS_MAX, NOTICES_MAX, NPS_ONE_IN_MAX,
    OFFERED_MAX, Parts, QUESTION_CHARS_MAX, QUESTIONS_MAX, Question, REASON_CHARS_MAX, REASONS_MAX,
    SLOTS_MAX, Texts,
};
use crate::feedback::answer;

/// Everything that is wrong; nothing when all is well.
pub(super) fn complaints(parts: &Parts) -> Vec<String> {
    let mut list = List::default();
    list.unless(parts.version > 0, "version", "must be 1 or more");
    let count = parts.questions.len();
    let is_some = (1..=QUESTIONS_MAX).contains(&count);
    list.unless(is_some, "questions", format!("has {count}, needs 1 to {QUESTIONS_MAX}"));
    let mut ids = BTreeSet::new();
    for question in &parts.questions {
        let place = format!("questions.{}", question.id);
        list.unless(ids.insert(&question.id), &place, "is there more than once");
        list.question(&place, question, parts);
    }
    for (id, words) in &parts.reasons {
        let place = format!("reasons.{id}");
        list.unless(answer::is_name(id), &place, "is not a name of 1 to 20 of a-z, 0-9 and -");
        for (language, text) in words {
            list.line(&format!("{place}.{language}"), text, REASON_CHARS_MAX);
        }
    }
    list.languages(parts);
    list.schedule(parts, &ids);
    list.notices(parts);
    if let Some(brand) = &parts.brand {
        list.line("brand", brand, 30);
    }
    if let Some(accent) = &parts.accent {
        let digits = accent.strip_prefix('#').unwrap_or_default();
        let is_colour = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        list.unless(is_colour, "accent", format!("{accent:?} is not a colour such as #1f5fd0"));
    }
    list.0
}

#[derive(Default)]
struct List(Vec<String>);

impl List {
    fn unless(&mut self, holds: bool, place: &str, what: impl AsRef<str>) {
        if !holds {
            self.0.push(format!("{place}: {}", what.as_ref()));
        }
    }

    fn line(&mut self, place: &str, text: &str, chars_max: usize) {
        let chars = text.trim().chars().count();
        let is_line = (1..=chars_max).contains(&chars) && !text.chars().any(char::is_control);
        let what = format!("{text:?} is not 1 to {chars_max} characters on one line");
        self.unless(is_line, place, what);
    }

    fn question(&mut self, place: &str, question: &Question, parts: &Parts) {
        let id = &question.id;
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_name = (1..=40).contains(&id.len()) && id.chars().all(is_plain);
        self.unless(is_name, "questions.id", format!("{id:?} is not 1 to 40 of a-z, 0-9 and -"));
        self.unless(question.version > 0, &format!("{place}.version"), "must be 1 or more");
        let one_in = question.nps_one_in;
        let what = format!("{one_in} is not 0 to {NPS_ONE_IN_MAX}");
        self.unless(one_in <= NPS_ONE_IN_MAX, &format!("{place}.nps_one_in"), what);
        let count = question.texts.len();
        let is_some = (1..=LANGUAGES_MAX).contains(&count);
        let what = format!("has {count} languages, needs 1 to {LANGUAGES_MAX}");
        self.unless(is_some, &format!("{place}.texts"), what);
        let mut seen = BTreeSet::new();
        for texts in &question.texts {
            let place = format!("{place}.texts.{}", texts.language);
            self.unless(seen.insert(&texts.language), &place, "is there more than once");
            self.texts(&place, texts, usize::from(question.scale.faces()));
        }
        let lists = [
            ("reasons", &question.reasons),
            ("unhappy", &question.unhappy),
            ("happy", &question.happy),
        ];
        for (key, reasons) in lists {
            self.reasons(&format!("{place}.{key}"), reasons, question, parts);
        }
        let is_own = |list: &Vec<String>| !list.is_empty() && *list != question.reasons;
        let is_both = is_own(&question.unhappy) || is_own(&question.happy);
        let what = "are for everybody: leave out unhappy and happy, or these";
        self.unless(question.reasons.is_empty() || !is_both, &format!("{place}.reasons"), what);
    }

    fn texts(&mut self, place: &str, texts: &Texts, faces: usize) {
        self.tag(place, &texts.language);
        self.line(&format!("{place}.question"), &texts.question, QUESTION_CHARS_MAX);
        let words = texts.faces.len();
        let what = format!("has {words} words, the scale has {faces} faces");
        self.unless(words == faces, &format!("{place}.faces"), what);
        for word in &texts.faces {
            self.line(&format!("{place}.faces"), word, FACE_CHARS_MAX);
        }
        let own = [
            ("about", &texts.about),
            ("unhappy", &texts.unhappy),
            ("happy", &texts.happy),
            ("nps", &texts.nps),
            ("comment", &texts.comment),
        ];
        for (key, text) in own.into_iter().filter(|(_, text)| !text.is_empty()) {
            self.line(&format!("{place}.{key}"), text, QUESTION_CHARS_MAX);
        }
    }

    fn tag(&mut self, place: &str, tag: &str) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_tag = (2..=12).contains(&tag.len()) && tag.chars().all(is_plain);
        self.unless(is_tag, place, format!("{tag:?} is not a language tag such as en"));
    }

    fn reasons(&mut self, place: &str, reasons: &[String], question: &Question, parts: &Parts) {
        let count = reasons.len();
        let what = format!("has {count} reasons, at most {REASONS_MAX} fit");
        self.unless(count <= REASONS_MAX, place, what);
        let mut seen = BTreeSet::new();
        for id in reasons {
            self.unless(seen.insert(id), place, format!("{id:?} is there more than once"));
            let Some(words) = parts.reasons.get(id) else {
                let known = KNOWN_REASONS.join(", ");
                let what = format!(
                    "{id:?} is not a known reason ({known}) and has no words under reasons"
                );
                self.unless(KNOWN_REASONS.contains(&id.as_str()), place, what);
                continue;
            };
            for texts in &question.texts {
                let language = &texts.language;
                let is_said = by_language(words, language).is_some();
                self.unless(is_said, &format!("reasons.{id}"), format!("is not in {language}"));
            }
        }
    }

    fn languages(&mut self, parts: &Parts) {
        let count = parts.languages.len();
        let what = format!("offers {count}, at most {OFFERED_MAX} fit on the screen");
        self.unless(count <= OFFERED_MAX, "languages", what);
        for tag in &parts.languages {
            self.tag("languages", tag);
            for question in &parts.questions {
                let what = format!("{tag:?} has no texts in questions.{}", question.id);
                self.unless(question.texts(tag).is_some(), "languages", what);
            }
        }
    }

    fn schedule(&mut self, parts: &Parts, ids: &BTreeSet<&String>) {
        let count = parts.schedule.len();
        let what = format!("has {count} slots, at most {SLOTS_MAX} are read");
        self.unless(count <= SLOTS_MAX, "schedule", what);
        for (at, slot) in (1..).zip(&parts.schedule) {
            let place = format!("schedule, slot {at}");
            let what = format!("asks the unknown question {:?}", slot.question);
            self.unless(ids.contains(&slot.question), &place, what);
            let is_forward = slot.from.zip(slot.until).is_none_or(|(from, until)| from <= until);
            self.unless(is_forward, &place, "ends before it begins");
        }
    }

    fn notices(&mut self, parts: &Parts) {
        let count = parts.notices.len();
        let what = format!("has {count}, at most {NOTICES_MAX} are read");
        self.unless(count <= NOTICES_MAX, "notices", what);
        for (at, notice) in (1..).zip(&parts.notices) {
            let place = format!("notices, the {at}.");
            let is_forward =
                notice.from.zip(notice.until).is_none_or(|(from, until)| from <= until);
            self.unless(is_forward, &place, "ends before it begins");
            self.unless(!notice.said.is_empty(), &place, "says nothing in any language");
            let tags = |texts: &ByLanguage| texts.keys().cloned().collect::<Vec<_>>();
            let is_even = tags(&notice.said) == tags(&notice.did);
            self.unless(is_even, &place, "said and did must have the same languages");
            for (language, text) in notice.said.iter().chain(&notice.did) {
                self.tag(&place, language);
                self.line(&place, text, NOTICE_CHARS_MAX);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schedule::Slot;
    use super::super::{Notice, Survey};
    use super::*;
    use crate::feedback::rating::Scale;

    #[test]
    fn every_complaint_is_named() {
        let texts = Texts {
            language: "en".to_owned(),
            question: String::new(),
            faces: vec!["Good".to_owned(), "x".repeat(21)],
            ..Texts::default()
        };
        let question = Question {
            id: "Check out".to_owned(),
            version: 0,
            scale: Scale::Three,
            texts: vec![texts],
            reasons: vec!["staff".to_owned()],
            unhappy: vec!["weather".to_owned(), "waiting".to_owned(), "waiting".to_owned()],
            happy: vec!["bakery".to_owned()],
            nps_one_in: NPS_ONE_IN_MAX + 1,
            takes_comments: false,
        };
        let words = ByLanguage::from([("de".to_owned(), "Bäckerei".to_owned())]);
        let parts = Parts {
            version: 0,
            questions: vec![question],
            reasons: [("bakery".to_owned(), words)].into(),
            languages: vec!["fi".to_owned()],
            schedule: vec![Slot { question: "delivery".to_owned(), ..Slot::default() }],
            notices: vec![Notice::default()],
            accent: Some("blue".to_owned()),
            ..Parts::default()
        };
        let complaints = Survey::check(parts).unwrap_err();
        let places: Vec<&str> = complaints.iter().filter_map(|c| c.split(':').next()).collect();
        let expected = [
            "version",
            "questions.id",
            "questions.Check out.version",
            "questions.Check out.nps_one_in",
            "questions.Check out.texts.en.question",
            "questions.Check out.texts.en.faces",
            "questions.Check out.texts.en.faces",
            "questions.Check out.unhappy",
            "questions.Check out.unhappy",
            "reasons.bakery",
            "questions.Check out.reasons",
            "languages",
            "schedule, slot 1",
            "notices, the 1.",
            "accent",
        ];
        assert_eq!(places, expected);
    }
}
