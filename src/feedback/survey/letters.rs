//! Which characters of a survey a kiosk can draw with the fonts that come with it, and which need a
//! font of its system.

use std::collections::BTreeSet;

use super::language::by_language;
use super::{Question, Survey, base, built_in_texts};

/// The characters of the fonts that come with the kiosk, Noto Sans and Noto Sans Arabic, as first
/// and last ones. A test of the screen compares them with the fonts.
pub const OWN: [(char, char); 16] = [
    (' ', '~'),
    ('\u{a0}', '\u{24f}'),
    ('\u{2b0}', '\u{377}'),
    ('\u{37a}', '\u{37f}'),
    ('\u{384}', '\u{38a}'),
    ('\u{38c}', '\u{38c}'),
    ('\u{38e}', '\u{3a1}'),
    ('\u{3a3}', '\u{3e1}'),
    ('\u{3f0}', '\u{4ff}'),
    ('\u{600}', '\u{61c}'),
    ('\u{61e}', '\u{6ff}'),
    ('\u{1e00}', '\u{1eff}'),
    ('\u{2000}', '\u{2064}'),
    ('\u{2066}', '\u{206f}'),
    ('\u{20a0}', '\u{20bf}'),
    ('\u{2100}', '\u{214f}'),
];

/// The characters of a text that leave ink on the screen, and that a kiosk's own fonts lack.
#[must_use]
pub fn strange(text: &str) -> BTreeSet<char> {
    let is_own = |c: char| OWN.iter().any(|(first, last)| (*first..=*last).contains(&c));
    text.chars().filter(|c| has_ink(*c) && !is_own(*c)).collect()
}

/// Whether a character is seen: spaces, controls, and those that only choose how their neighbours
/// look, need no font.
fn has_ink(c: char) -> bool {
    let chooses = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e01ef}');
    !c.is_whitespace() && !c.is_control() && !chooses
}

/// The package of Debian, and so of Raspberry Pi OS, with a font that has a character.
#[must_use]
pub const fn package(c: char) -> &'static str {
    match c {
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ffef}'
        | '\u{20000}'..='\u{3ffff}' => "fonts-noto-cjk",
        '\u{2600}'..='\u{27bf}' => "fonts-dejavu-core",
        '\u{1f000}'..='\u{1faff}' => "fonts-noto-color-emoji",
        _ => "fonts-noto-core",
    }
}

/// The packages that have some characters, each once.
#[must_use]
pub fn packages(characters: &BTreeSet<char>) -> String {
    let names: BTreeSet<&str> = characters.iter().map(|c| package(*c)).collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

/// A few of some characters, and how many there are.
#[must_use]
pub fn sample(characters: &BTreeSet<char>) -> String {
    let few: String = characters.iter().take(5).collect();
    match characters.len() {
        1 => format!("the character {few}"),
        count => format!("{count} characters such as {few}"),
    }
}

impl Survey {
    /// Everything that a shopper can be shown of this survey in a language.
    #[must_use]
    pub fn shown(&self, language: &str) -> String {
        let parts = self.parts();
        let mut shown = String::new();
        let texts = parts.questions.iter().filter_map(|question| question.texts(language));
        for texts in texts {
            let titles = [&texts.about, &texts.unhappy, &texts.happy];
            let own = [&texts.question, &texts.nps, &texts.comment];
            shown.extend(titles.into_iter().chain(own).chain(&texts.faces).map(String::as_str));
        }
        shown.extend(parts.reasons.values().filter_map(|words| by_language(words, language)));
        for notice in &parts.notices {
            let both = [&notice.said, &notice.did];
            shown.extend(both.into_iter().filter_map(|words| by_language(words, language)));
        }
        shown.extend(parts.brand.as_deref());
        shown
    }

    /// Every language that it offers or has own texts in, each once, by its whole tag.
    #[must_use]
    pub fn spoken(&self) -> BTreeSet<&str> {
        let parts = self.parts();
        let texts = parts.questions.iter().flat_map(own_languages);
        let notices = parts.notices.iter().flat_map(|notice| [&notice.said, &notice.did]);
        let words = parts.reasons.values().chain(notices).flat_map(|words| words.keys());
        let words = words.chain(&parts.languages).map(String::as_str);
        texts.chain(words).collect()
    }

    /// What kiosks need a font of their system for: a sentence for each language.
    #[must_use]
    pub fn needs_fonts(&self) -> Vec<String> {
        let need = |language: &&str| {
            let strange = strange(&self.shown(language));
            (!strange.is_empty()).then(|| {
                format!(
                    "language {language}: {} are in no font that comes with the kiosk; where no \
                     other font has them, {} is not offered: install {} on each kiosk, and see \
                     `smilepost-kiosk doctor` there",
                    sample(&strange),
                    base(language),
                    packages(&strange)
                )
            })
        };
        self.spoken().iter().filter_map(need).collect()
    }
}

/// The languages in which a question has other texts than the built-in ones.
fn own_languages(question: &Question) -> Vec<&str> {
    let built_in = built_in_texts(question.scale);
    let own = question.texts.iter().filter(|texts| !built_in.contains(texts));
    own.map(|texts| texts.language.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::rating::Scale;
    use crate::feedback::survey::Parts;

    #[test]
    fn only_characters_with_ink_need_a_font() {
        let strange_of = |text: &str| strange(text).into_iter().collect::<String>();
        assert_eq!(strange_of("Wie war’s? – Grüße, Ελλάδα, Привіт, سيئة جدًا, 5 €\u{a0}!"), "");
        assert_eq!(strange_of("\u{200f}\u{2067}a\u{2069}\u{feff}\n\t\u{3000}\u{fe0f}"), "");
        assert_eq!(strange_of("OK → とても 良い, 좋아요 🙂"), "→いてとも良아요좋🙂");
    }

    #[test]
    fn a_survey_says_which_of_its_languages_need_fonts() {
        let mut parts = Survey::built_in(Scale::Five).parts().clone();
        let needs = |parts: &Parts| Survey::check(parts.clone()).unwrap().needs_fonts();
        assert_eq!(needs(&parts), Vec::<String>::new(), "Japanese is built in, and not offered");
        parts.languages = vec!["en".to_owned(), "ja".to_owned()];
        let said = needs(&parts);
        assert!(said.len() == 1 && said[0].starts_with("language ja: "), "{said:?}");
        parts.languages.clear();
        let mut titled = parts.clone();
        titled.questions[0].texts[0].about = "ᏣᎳᎩ?".to_owned();
        assert!(needs(&titled)[0].contains("fonts-noto-core"), "so is what it was about");
        parts.brand = Some("ᏣᎳᎩ".to_owned());
        parts.questions[0].texts[0].question = "How was it?".to_owned();
        assert!(needs(&parts)[0].contains("fonts-noto-core"), "a brand is shown too");
    }

    #[test]
    fn each_script_names_the_package_that_has_it() {
        let of = |text: &str| packages(&strange(text));
        assert_eq!(of("日本 ひらがな カタカナ 、 한국"), "fonts-noto-cjk");
        assert_eq!(of("שלום ไทย ᏣᎳᎩ ქართული"), "fonts-noto-core");
        assert_eq!(of("日本 🙂 ✓"), "fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji");
        assert_eq!(sample(&strange("あ")), "the character あ");
        assert_eq!(sample(&strange("あいうえおかき")), "7 characters such as あいうえお");
    }
}
