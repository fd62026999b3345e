//! The display: the texts on the screen that follow from the survey, the time and the shopper's
//! language.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono::Timelike as _;

use crate::feedback::colour::Colour;
use crate::feedback::note::Noted;
use crate::feedback::rating::{Scale, Wording};
use crate::feedback::survey::schedule::{Hours, Local};
use crate::feedback::survey::{
    self, KNOWN_REASONS, Notice, OFFERED_MAX, Question, Survey, by_language, faces_of,
};
use crate::feedback::zone::Zone;
use crate::kiosk::settings::Settings;
use crate::kiosk::sound::Sound;

/// The texts of the screen, in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisplayTexts {
    /// The language, as a BCP 47 tag.
    pub language: String,
    /// The name in the corner.
    pub brand: String,
    /// The shop's own colour.
    pub accent: Option<Colour>,
    /// The question.
    pub question: String,
    /// The faces (of the five) with their words; worst first.
    pub faces: Vec<(u8, String)>,
    /// The languages that the shopper is offered, by their own names.
    pub languages: Vec<String>,
    /// Which of them is chosen.
    pub chosen: usize,
    /// The reasons offered to everybody; without any, the next two decide.
    pub everybodys: Reasons,
    /// The reasons offered to an unhappy shopper.
    pub unhappy: Reasons,
    /// The reasons offered to a happy shopper.
    pub happy: Reasons,
    /// The question for a recommendation; empty for the screen's own words.
    pub nps: String,
    /// What is asked above the comment; empty for the screen's own words.
    pub comment: String,
    /// Whether the question can be heard.
    pub is_spoken: bool,
    /// What was done because shoppers said so.
    pub notice: Option<Shown>,
}

/// Reasons to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasons {
    /// What is asked above them; empty for the screen's own words.
    pub title: String,
    /// Their short names, which picture goes with them (see [`KNOWN_REASONS`]; beyond it, a plain
    /// one), and the survey's own words, empty for the screen's.
    pub list: Vec<(String, usize, String)>,
}

/// A notice in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// What shoppers said.
    pub said: String,
    /// What was done.
    pub did: String,
    /// Since when, as month and year; empty where no day was given.
    pub since: String,
}

/// Whether the screen's fonts have every character of the screens' own words in a language, and of
/// these texts.
type CanDraw = Box<dyn Fn(&str, &str) -> bool + Send>;

/// The survey, and the question and notice that are due.
pub struct Display {
    survey: Survey,
    settings: Settings,
    zone: Option<Zone>,
    touchpoint: String,
    /// When the shop is open by head office's word.
    offices_hours: Option<Hours>,
    /// Whether one of the two is new since the last look.
    is_moved: bool,
    can_draw: CanDraw,
    /// The languages that can be drawn.
    drawn: BTreeSet<String>,
    question: Question,
    today: Option<NaiveDate>,
    is_open: bool,
    sound: Sound,
    /// The shop manager's text for shoppers.
    manager_notice: Option<Noted>,
    words: Vec<(Option<u8>, Arc<DisplayTexts>)>,
}

impl Display {
    /// Shows a survey, by the clocks of this zone. While the zone or the time is unknown, the shop
    /// counts as open; `now_ms` is UTC in milliseconds since 1970.
    pub fn new(
        settings: &Settings,
        zone: Option<Zone>,
        touchpoint: &str,
        survey: Survey,
        can_draw: impl Fn(&str, &str) -> bool + Send + 'static,
        sound: Sound,
        now_ms: Option<i64>,
    ) -> Self {
        let question = survey.question(None, touchpoint).clone();
        let mut asked = Self {
            survey,
            settings: settings.clone(),
            zone,
            touchpoint: touchpoint.to_owned(),
            offices_hours: None,
            is_moved: false,
            can_draw: Box::new(can_draw),
            drawn: BTreeSet::new(),
            question,
            today: None,
            is_open: true,
            sound,
            manager_notice: None,
            words: Vec::new(),
        };
        asked.measure();
        asked.look(now_ms);
        asked
    }

    /// Finds out which languages can be drawn.
    fn measure(&mut self) {
        let can_draw =
            |tag: &&String| (self.can_draw)(tag, &shown(&self.settings, &self.survey, tag));
        let drawn = languages(&self.settings, &self.survey).into_iter();
        self.drawn = drawn.filter(|tag| can_draw(&tag)).collect();
    }

    /// Shows another survey from now on.
    pub fn adopt(&mut self, survey: Survey, now_ms: Option<i64>) {
        self.survey = survey;
        self.words.clear();
        self.measure();
        self.look(now_ms);
    }

    /// Whether it knows by whose clocks the shop opens.
    #[must_use]
    pub const fn has_zone(&self) -> bool {
        self.zone.is_some()
    }

    /// Goes by the rules of this zone from the next look on.
    pub fn move_to(&mut self, zone: Zone) {
        self.zone = Some(zone);
    }

    /// Asks what is meant for this touchpoint, and keeps these hours of head office where neither
    /// the survey nor the configuration has any, from the next look on.
    pub fn stand_at(&mut self, touchpoint: String, offices_hours: Option<Hours>) {
        (self.touchpoint, self.offices_hours) = (touchpoint, offices_hours);
        self.is_moved = true;
    }

    /// Looks at the clock; returns whether something changed.
    pub fn look(&mut self, now_ms: Option<i64>) -> bool {
        self.is_moved = false;
        let at = now_ms.zip(self.zone.as_ref()).map(|(now_ms, zone)| local(now_ms, zone));
        let question = self.survey.question(at, &self.touchpoint).clone();
        let hours = self.survey.parts().hours.or(self.settings.hours).or(self.offices_hours);
        let is_open = hours.zip(at).is_none_or(|(hours, at)| hours.is_open(at));
        let today = at.map(|at| at.date);
        let before = (&self.question, self.is_open, self.today);
        let is_other = before != (&question, is_open, today);
        if is_other {
            (self.question, self.is_open, self.today) = (question, is_open, today);
            self.words.clear();
        }
        is_other
    }

    /// Shows shoppers the shop manager's text, before any other notice; returns whether it is new.
    pub fn tell(&mut self, notice: Option<Noted>) -> bool {
        let is_news = self.manager_notice != notice;
        if is_news {
            self.manager_notice = notice;
            self.words.clear();
        }
        is_news
    }

    /// What the shop's clocks say at an instant, in minutes after midnight; none while the zone is
    /// unknown.
    #[must_use]
    pub fn minute(&self, utc_ms: i64) -> Option<u16> {
        Some(local(utc_ms, self.zone.as_ref()?).minute)
    }

    /// Whether anything depends on the time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        let has_own = self.settings.hours.is_some() || !self.settings.notices.is_empty();
        has_own || self.offices_hours.is_some() || self.is_moved || self.survey.is_timed()
    }

    /// Whether the shop is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// The question that is due.
    #[must_use]
    pub const fn question(&self) -> &Question {
        &self.question
    }

    /// How many faces it has.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        self.question.scale
    }

    /// What a rating records, asked in the language that the shopper chose, if any.
    #[must_use]
    pub fn wording(&self, chosen: Option<u8>) -> Wording {
        self.question.wording(self.language(chosen))
    }

    /// The languages that a shopper is offered, the shop's own among them; none where there would
    /// be only that one.
    fn offered(&self) -> Vec<&str> {
        let of_survey = self.survey.parts().languages.as_slice();
        let list =
            if of_survey.is_empty() { self.settings.languages.as_slice() } else { of_survey };
        let speaks = |tag: &&str| self.question.texts(tag).is_some() && self.drawn.contains(*tag);
        let own = self.own();
        let mut offered: Vec<&str> = list.iter().map(String::as_str).filter(speaks).collect();
        if !offered.contains(&own) {
            offered.insert(0, own);
        }
        // A shopper cannot choose between two languages with the same name.
        let mut names = BTreeSet::new();
        offered.retain(|tag| names.insert(own_name(tag)));
        offered.truncate(OFFERED_MAX);
        if offered.len() > 1 { offered } else { Vec::new() }
    }

    fn language(&self, chosen: Option<u8>) -> &str {
        let offered = chosen.and_then(|at| self.offered().get(usize::from(at)).copied());
        offered.unwrap_or_else(|| self.own())
    }

    /// The shop's own language; where it cannot be drawn, one that can, since nobody reads boxes.
    fn own(&self) -> &str {
        let own = self.settings.language.as_str();
        let others = self.survey.parts().languages.iter().chain(&self.settings.languages);
        let mut all = [own].into_iter().chain(others.map(String::as_str)).chain([ENGLISH]);
        let readable = |tag: &&str| self.question.texts(tag).is_some() && self.drawn.contains(*tag);
        all.find(readable).unwrap_or(own)
    }

    fn notice(&self, language: &str) -> Option<Shown> {
        // It is in the shop's language, whatever language is chosen.
        if let Some(notice) = &self.manager_notice {
            let (said, did) = (notice.said().to_owned(), notice.text().to_owned());
            return Some(Shown { said, did, ..Shown::default() });
        }
        let (settings, survey) = (&self.settings.notices, &self.survey.parts().notices);
        let says = |notice: &&Notice| by_language(&notice.said, language).is_some();
        let notices = settings.iter().chain(survey).filter(says);
        let notice = survey::newest_notice(notices, self.today)?;
        Some(Shown {
            said: by_language(&notice.said, language)?.to_owned(),
            did: by_language(&notice.did, language)?.to_owned(),
            since: notice.from.map(month).unwrap_or_default(),
        })
    }

    /// The screen's texts, in the language that the shopper chose, if any.
    pub fn words(&mut self, chosen: Option<u8>) -> Arc<DisplayTexts> {
        if let Some((_, words)) = self.words.iter().find(|(known, _)| *known == chosen) {
            return words.clone();
        }
        let words = Arc::new(self.print(self.language(chosen)));
        self.words.push((chosen, words.clone()));
        words
    }

    fn print(&self, language: &str) -> DisplayTexts {
        let (parts, question) = (self.survey.parts(), &self.question);
        let texts = question.texts(language).cloned().unwrap_or_default();
        let reasons = |title: String, list: &[String]| {
            let known = |id: &String| KNOWN_REASONS.iter().position(|known| known == id);
            let reason = |id: &String| {
                let own = self.survey.reason(id, language).unwrap_or_default();
                (id.clone(), known(id).unwrap_or(KNOWN_REASONS.len()), own.to_owned())
            };
            Reasons { title, list: list.iter().map(reason).collect() }
        };
        let offered = self.offered();
        let accent = parts.accent.as_deref().and_then(Colour::parse);
        DisplayTexts {
            language: language.to_owned(),
            brand: parts.brand.clone().unwrap_or_else(|| self.settings.brand.clone()),
            accent: accent.or(self.settings.screen.accent),
            question: texts.question,
            faces: faces_of(question.scale).iter().copied().zip(texts.faces).collect(),
            languages: offered.iter().map(|tag| own_name(tag).to_owned()).collect(),
            chosen: offered.iter().position(|tag| *tag == language).unwrap_or(0),
            everybodys: reasons(texts.about, &question.reasons),
            unhappy: reasons(texts.unhappy, &question.unhappy),
            happy: reasons(texts.happy, &question.happy),
            nps: texts.nps,
            comment: texts.comment,
            is_spoken: self.sound.can_speak(language),
            notice: self.notice(language),
        }
    }
}

/// The language that every kiosk can draw.
const ENGLISH: &str = "en";

/// The languages that a kiosk may show: the shop's own, those that are offered, and English.
#[must_use]
pub fn languages(settings: &Settings, survey: &Survey) -> BTreeSet<String> {
    let offered = survey.parts().languages.iter().chain(&settings.languages);
    let own = [settings.language.clone(), ENGLISH.to_owned()];
    offered.cloned().chain(own).collect()
}

/// Everything that a shopper can be shown in a language, but for the screens' own words.
#[must_use]
pub fn shown(settings: &Settings, survey: &Survey, language: &str) -> String {
    let mut shown = survey.shown(language);
    let notices = settings.notices.iter().flat_map(|notice| [&notice.said, &notice.did]);
    shown.extend(notices.filter_map(|words| by_language(words, language)));
    shown.push_str(own_name(language));
    shown.push_str(&settings.brand);
    shown
}

/// Month and year, in figures that need no translation.
fn month(day: NaiveDate) -> String {
    day.format("%m/%Y").to_string()
}

fn local(now_ms: i64, zone: &Zone) -> Local {
    let at = zone.shown(now_ms);
    let minute = u16::try_from(at.hour() * 60 + at.minute()).unwrap_or(0);
    Local { date: at.date(), minute }
}

/// Whether a language is read from the right.
#[must_use]
pub fn is_from_the_right(tag: &str) -> bool {
    ["ar", "fa", "he", "ur"].contains(&survey::base(tag))
}

/// What a language calls itself; its tag, where that is not known.
#[must_use]
pub fn own_name(tag: &str) -> &str {
    const NAMES: [(&str, &str); 14] = [
        ("ar", "العربية"),
        ("de", "Deutsch"),
        ("en", "English"),
        ("es", "Español"),
        ("fi", "Suomi"),
        ("fr", "Français"),
        ("it", "Italiano"),
        ("ja", "日本語"),
        ("nl", "Nederlands"),
        ("pl", "Polski"),
        ("pt", "Português"),
        ("sv", "Svenska"),
        ("tr", "Türkçe"),
        ("uk", "Українська"),
    ];
    let base = survey::base(tag);
    NAMES.iter().find(|(known, _)| *known == base).map_or(tag, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::feedback::survey::letters;
    use crate::feedback::survey::schedule::{Hours, Span};
    use crate::zones::Zones;

    fn settings() -> Settings {
        let mut settings = Settings::plain(Path::new("/nowhere"));
        settings.languages = ["en", "fi", "ja"].map(str::to_owned).to_vec();
        settings
    }

    fn asked(settings: &Settings, now_ms: Option<i64>) -> Display {
        let can_draw = |_: &str, texts: &str| letters::strange(texts).is_empty();
        let zone = Zones::at(Path::new("/nowhere")).zone("Europe/Helsinki");
        let survey = settings.survey.clone();
        Display::new(settings, zone, "", survey, can_draw, Sound::default(), now_ms)
    }

    #[test]
    fn a_language_without_a_font_is_not_offered() {
        let mut asked = asked(&settings(), None);
        assert_eq!(asked.words(None).languages, ["English", "Suomi"]);
        let words = asked.words(Some(1));
        assert_eq!((words.language.as_str(), words.chosen), ("fi", 1));
        assert_eq!(asked.wording(Some(1)).language, "fi");
        assert_eq!(asked.wording(Some(7)).language, "en", "one that is not there");
    }

    #[test]
    fn whoever_cannot_be_shown_a_character_is_shown_another_language() {
        let mut settings = settings();
        settings.language = "ja".to_owned();
        let mut asked = asked(&settings, None);
        let words = asked.words(None);
        assert_eq!(
            (words.language.as_str(), asked.wording(None).language),
            ("en", "en".to_owned())
        );
        // It is the characters that count, not the name of the language.
        settings.language = "en".to_owned();
        settings.notices.push(Notice {
            said: [("fi".to_owned(), "レジ".to_owned())].into(),
            did: [("fi".to_owned(), "OK".to_owned())].into(),
            ..Notice::default()
        });
        let mut asked = self::asked(&settings, None);
        assert!(asked.words(None).languages.is_empty(), "neither Japanese nor Finnish");
    }

    #[test]
    fn one_language_alone_is_no_choice() {
        let mut settings = settings();
        settings.languages.clear();
        assert!(asked(&settings, None).words(None).languages.is_empty());
        settings.language = "fi".to_owned();
        settings.languages = vec!["en".to_owned()];
        assert_eq!(asked(&settings, None).words(None).languages, ["Suomi", "English"]);
    }

    #[test]
    fn the_shop_opens_by_its_own_clocks_and_a_wrong_clock_keeps_nobody_out() {
        let mut settings = settings();
        settings.hours = Some(Hours([Span::parse("08:00-20:00"); 7]));
        // 2026-11-23 06:00 UTC is 08:00 in Helsinki.
        let eight = 1_795_413_600_000;
        let mut asked = asked(&settings, Some(eight - 1));
        assert!(!asked.is_open());
        assert!(asked.look(Some(eight)) && asked.is_open());
        assert!(!asked.look(Some(eight + 60_000)), "nothing new");
        assert!(asked.look(Some(eight + 12 * 3_600_000)) && !asked.is_open());
        assert!(asked.look(None) && asked.is_open());
        assert!(asked.look(Some(eight - 1)) && !asked.is_open());
        // A government has decided for clocks that are two hours ahead.
        asked.move_to(Zones::at(Path::new("/nowhere")).zone("Asia/Baku").unwrap());
        assert!(asked.look(Some(eight - 1)) && asked.is_open());
    }
}
