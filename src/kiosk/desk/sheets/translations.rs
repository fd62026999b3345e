//! The fixed texts of the desk's pages, on a phone and on paper, in the shop's language. They come
//! from the screen's catalogues, so that the manager reads the same words everywhere.

use std::collections::HashMap;
use std::fmt::Display;

use chrono::{Datelike as _, NaiveDate};

use crate::feedback::survey::{KNOWN_REASONS, base};
use crate::kiosk::display::is_from_the_right;
use crate::wire::local::Said;

/// The days of the week as the screen calls them, Monday first.
const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

macro_rules! catalogues {
    ($($language:literal)*) => {
        [$((
            $language,
            include_str!(concat!("../../../../ui/lang/", $language, "/LC_MESSAGES/smilepost.po")),
        )),*]
    };
}

/// Every language beside English, in which the texts are written.
const CATALOGUES: [(&str, &str); 13] =
    catalogues!["ar" "de" "es" "fi" "fr" "it" "ja" "nl" "pl" "pt" "sv" "tr" "uk"];

/// What the screens call the reasons that they know, in the order of [`KNOWN_REASONS`].
const REASONS: [&str; KNOWN_REASONS.len()] = [
    "Waiting time",
    "Staff",
    "Prices",
    "Product missing",
    "Quality",
    "Cleanliness",
    "Finding things",
    "Payment",
];

/// The texts in one language.
#[derive(Clone, Debug)]
pub struct Translations {
    language: String,
    texts: HashMap<String, String>,
}

impl Translations {
    /// The texts in a language; in English where there is no catalogue of it.
    #[must_use]
    pub fn of(language: &str) -> Self {
        let of = base(language);
        let catalogue = CATALOGUES.iter().find(|(known, _)| *known == of);
        let Some((_, text)) = catalogue else {
            return Self { language: "en".to_owned(), texts: HashMap::new() };
        };
        // A catalogue of ours is well formed: a test reads each of them.
        let catalogue = polib::po_file::parse_from_reader(text.as_bytes());
        let messages = catalogue.iter().flat_map(polib::catalog::Catalog::messages);
        let texts = messages
            .filter_map(|message| Some((message.msgid(), message.msgstr().ok()?)))
            .filter(|(_, text)| !text.is_empty())
            .map(|(id, text)| (id.to_owned(), text.to_owned()))
            .collect();
        Self { language: language.to_owned(), texts }
    }

    /// All of them, in no order.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.texts.values().map(String::as_str)
    }

    /// Their language, as a BCP 47 tag.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The direction in which it is read, as HTML has it.
    #[must_use]
    pub fn direction(&self) -> &'static str {
        if is_from_the_right(&self.language) { "rtl" } else { "ltr" }
    }

    /// A text that is written here in English.
    #[must_use]
    pub fn tr<'a>(&'a self, english: &'a str) -> &'a str {
        self.texts.get(english).map_or(english, String::as_str)
    }

    /// A text with gaps that are written `{}`, filled in this order.
    #[must_use]
    pub fn fill(&self, english: &str, gaps: &[&dyn Display]) -> String {
        let mut parts = self.tr(english).split("{}");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for (at, part) in parts.enumerate() {
            if let Some(gap) = gaps.get(at) {
                filled.push_str(&gap.to_string());
            }
            filled.push_str(part);
        }
        filled
    }

    /// A day in the language's own form, from one such as `2026-11-20`; other text stays as it is.
    #[must_use]
    pub fn day(&self, date: &str) -> String {
        let Ok(day) = date.parse::<NaiveDate>() else {
            return date.to_owned();
        };
        let weekday = usize::try_from(day.weekday().num_days_from_monday()).unwrap_or(0);
        let weekday = WEEKDAYS.get(weekday).map_or("", |name| self.tr(name));
        // Each language has its own order; `%a` is the day of the week.
        let form = self.tr("%a %-d %b %Y").replace("%a", weekday);
        day.format(&form).to_string()
    }

    /// A day and a time, from one such as `2026-11-20 17:05`.
    #[must_use]
    pub fn when(&self, instant: &str) -> String {
        match instant.split_once(' ') {
            Some((date, time)) => format!("{} {time}", self.day(date)),
            None => self.day(instant),
        }
    }

    /// What a reason is called: the survey's own words, or the screen's.
    #[must_use]
    pub fn reason<'a>(&'a self, said: &'a Said) -> &'a str {
        let known = KNOWN_REASONS.iter().zip(REASONS).find(|(id, _)| **id == said.reason);
        match (&said.words, known) {
            (Some(words), _) => words,
            (None, Some((_, english))) => self.tr(english),
            (None, None) => &said.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_is_read_whole_and_other_languages_are_english() {
        for (language, text) in CATALOGUES {
            let words = Translations::of(language);
            let entries = text.lines().filter(|line| line.starts_with("msgid \"")).count() - 1;
            assert_eq!((words.language(), words.texts.len()), (language, entries));
        }
        let arabic = Translations::of("ar-EG");
        assert_eq!((arabic.tr("Today"), arabic.direction()), ("اليوم", "rtl"));
        let unknown = Translations::of("xx");
        assert_eq!((unknown.tr("Today"), unknown.language()), ("Today", "en"));
    }

    #[test]
    fn a_day_has_the_form_that_people_write_in_their_language() {
        let day = |language: &str| Translations::of(language).day("2026-11-06");
        assert_eq!(day("en"), "Fr 6 Nov 2026");
        assert_eq!(day("de"), "Fr, 06.11.2026");
        assert_eq!(day("fi"), "Pe 6.11.2026");
        assert_eq!(day("sv"), "Fr 2026-11-06");
        assert_eq!(day("fr"), "Ve 06/11/2026");
        assert_eq!(day("ja"), "2026年11月6日（金）");
        let words = Translations::of("de");
        assert_eq!(words.when("2026-11-06 17:05"), "Fr, 06.11.2026 17:05");
        assert_eq!(words.day("soon"), "soon");
        for (language, _) in CATALOGUES {
            let day = Translations::of(language).day("2026-11-06");
            assert!(day.contains("2026") && day.contains('6') && !day.contains('%'), "{day}");
        }
    }

    #[test]
    fn gaps_are_filled_in_their_order() {
        let words = Translations::of("en");
        assert_eq!(words.fill("NPS {} of {} answers", &[&31, &12]), "NPS 31 of 12 answers");
        assert_eq!(words.fill("{} %", &[]), " %");
    }
}
