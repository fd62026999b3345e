//! What the kiosk asks: one question, its faces, and their words in each language.
//!
//! A survey is checked whole before it is used; every complaint is named, and none is half
//! accepted. The one that is built in needs no network and no configuration.

use crate::feedback::rating::{Question, Scale};

/// The longest question, in characters: two lines of the largest type.
pub const QUESTION_CHARS_MAX: usize = 80;

/// The longest word under a face, in characters.
pub const FACE_CHARS_MAX: usize = 20;

/// The most languages of one survey.
pub const LANGUAGES_MAX: usize = 16;

/// One language's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// The language, as a BCP 47 tag such as `en`.
    pub language: String,
    /// The question.
    pub question: String,
    /// The words under the faces, worst first, one for each.
    pub faces: Vec<String>,
}

/// A question that can be asked: every language has as many words as there are faces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    id: String,
    version: u32,
    scale: Scale,
    texts: Vec<Texts>,
}

impl Survey {
    /// Checks a survey whole.
    ///
    /// # Errors
    /// Every complaint as a sentence that names the place and what is allowed.
    pub fn check(
        id: &str,
        version: u32,
        scale: Scale,
        texts: Vec<Texts>,
    ) -> Result<Self, Vec<String>> {
        let mut complaints = Vec::new();
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || id.len() > 40 || !id.chars().all(is_plain) {
            complaints.push(format!("id: {id:?} is not 1 to 40 of a-z, 0-9 and -"));
        }
        if version == 0 {
            complaints.push("version: must be 1 or more".to_owned());
        }
        if texts.is_empty() || texts.len() > LANGUAGES_MAX {
            complaints.push(format!("texts: needs 1 to {LANGUAGES_MAX} languages"));
        }
        for text in &texts {
            let language = &text.language;
            if language.is_empty() || language.len() > 12 {
                complaints.push(format!("texts.{language}: is not a language tag such as en"));
            }
            check_length(&mut complaints, language, "question", &text.question, QUESTION_CHARS_MAX);
            if text.faces.len() != usize::from(scale.faces()) {
                complaints.push(format!(
                    "texts.{language}.faces: has {} words, the scale has {} faces",
                    text.faces.len(),
                    scale.faces()
                ));
            }
            for word in &text.faces {
                check_length(&mut complaints, language, "faces", word, FACE_CHARS_MAX);
            }
        }
        if complaints.is_empty() {
            Ok(Self { id: id.to_owned(), version, scale, texts })
        } else {
            Err(complaints)
        }
    }

    /// The survey that a kiosk asks when nobody has given it another.
    #[must_use]
    pub fn built_in(scale: Scale) -> Self {
        let texts = BUILT_IN
            .iter()
            .map(|(language, question, words)| Texts {
                language: (*language).to_owned(),
                question: (*question).to_owned(),
                faces: faces_of(scale).iter().map(|&face| pick(words, face)).collect(),
            })
            .collect();
        Self { id: "checkout".to_owned(), version: 1, scale, texts }
    }

    /// The question's short name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Counts up whenever wording or scale change.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// How many faces it offers.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// The texts in this language, or in its base language (`de` for `de-AT`).
    #[must_use]
    pub fn texts(&self, language: &str) -> Option<&Texts> {
        let base = language.split('-').next().unwrap_or(language);
        let find = |tag: &str| self.texts.iter().find(|texts| texts.language == tag);
        find(language).or_else(|| find(base))
    }

    /// The languages it has texts in, in their given order.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|texts| texts.language.as_str())
    }

    /// What a rating records of the question, asked in this language.
    #[must_use]
    pub fn question(&self, language: &str) -> Question {
        Question { id: self.id.clone(), version: self.version, language: language.to_owned() }
    }
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

fn check_length(
    complaints: &mut Vec<String>,
    language: &str,
    key: &str,
    text: &str,
    chars_max: usize,
) {
    let chars = text.trim().chars().count();
    if chars == 0 || chars > chars_max || text.chars().any(char::is_control) {
        complaints.push(format!(
            "texts.{language}.{key}: {text:?} is not 1 to {chars_max} characters on one line"
        ));
    }
}

fn pick(words: &[&str; 5], face: u8) -> String {
    words.get(usize::from(face)).copied().unwrap_or_default().to_owned()
}

const BUILT_IN: [(&str, &str, [&str; 5]); 12] = [
    ("en", "How was the checkout today?", ["Very bad", "Bad", "Okay", "Good", "Very good"]),
    (
        "de",
        "Wie war es heute an der Kasse?",
        ["Sehr schlecht", "Schlecht", "In Ordnung", "Gut", "Sehr gut"],
    ),
    (
        "fr",
        "Comment était la caisse aujourd’hui ?",
        ["Très mal", "Mal", "Moyen", "Bien", "Très bien"],
    ),
    ("es", "¿Qué tal en la caja hoy?", ["Muy mal", "Mal", "Regular", "Bien", "Muy bien"]),
    (
        "fi",
        "Miten asiointi kassalla sujui?",
        ["Erittäin huonosti", "Huonosti", "Kohtalaisesti", "Hyvin", "Erittäin hyvin"],
    ),
    ("sv", "Hur var det i kassan i dag?", ["Mycket dåligt", "Dåligt", "Okej", "Bra", "Mycket bra"]),
    (
        "it",
        "Com’è andata oggi alla cassa?",
        ["Molto male", "Male", "Così così", "Bene", "Molto bene"],
    ),
    (
        "nl",
        "Hoe was het vandaag bij de kassa?",
        ["Heel slecht", "Slecht", "Gaat wel", "Goed", "Heel goed"],
    ),
    (
        "pl",
        "Jak było dzisiaj przy kasie?",
        ["Bardzo źle", "Źle", "Średnio", "Dobrze", "Bardzo dobrze"],
    ),
    ("pt", "Como correu hoje na caixa?", ["Muito mal", "Mal", "Razoável", "Bem", "Muito bem"]),
    (
        "uk",
        "Як усе пройшло сьогодні на касі?",
        ["Дуже погано", "Погано", "Нормально", "Добре", "Дуже добре"],
    ),
    (
        "tr",
        "Bugün kasada deneyiminiz nasıldı?",
        ["Çok kötü", "Kötü", "İdare eder", "İyi", "Çok iyi"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_survey_passes_its_own_check_on_every_scale() {
        for scale in Scale::ALL {
            let survey = Survey::built_in(scale);
            let checked = Survey::check(&survey.id, survey.version, scale, survey.texts.clone());
            assert_eq!(checked, Ok(survey));
        }
    }

    #[test]
    fn every_complaint_is_named() {
        let texts = Texts {
            language: "en".to_owned(),
            question: String::new(),
            faces: vec!["Good".to_owned(), "x".repeat(21)],
        };
        let complaints = Survey::check("Check out", 0, Scale::Three, vec![texts]).unwrap_err();
        let places: Vec<&str> = complaints.iter().filter_map(|c| c.split(':').next()).collect();
        let expected = ["id", "version", "texts.en.question", "texts.en.faces", "texts.en.faces"];
        assert_eq!(places, expected);
    }

    #[test]
    fn a_regional_language_falls_back_to_its_base() {
        let survey = Survey::built_in(Scale::Five);
        assert_eq!(survey.texts("de-AT").map(|t| t.language.as_str()), Some("de"));
        assert_eq!(survey.texts("tlh"), None);
    }
}
