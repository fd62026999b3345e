//! The keyboard on the screen: the letters of a language, its capitals, figures and signs, and what
//! a key does to a text.

use crate::feedback::answer::COMMENT_CHARS_MAX;
use crate::feedback::survey::base;

/// The mark that makes か into が, as a key of its own.
const VOICED: char = '゛';

/// The mark that makes は into ぱ, as a key of its own.
const HALF_VOICED: char = '゜';

/// What stands on the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layer {
    /// The letters, small where a script has small and large ones.
    #[default]
    Letters,
    /// Capitals; in Japanese, katakana.
    Capitals,
    /// Figures, signs, and the letters that are seldom needed.
    Figures,
}

impl Layer {
    /// Every layer, in the order of their numbers on the screen.
    pub const ALL: [Self; 3] = [Self::Letters, Self::Capitals, Self::Figures];

    /// The layer after the key for capitals, or for figures, was pressed: again takes it back.
    #[must_use]
    pub fn turned(self, to: Self) -> Self {
        if self == to { Self::Letters } else { to }
    }

    /// The layer after a letter was pressed: a capital comes alone.
    #[must_use]
    pub const fn after_a_letter(self) -> Self {
        match self {
            Self::Capitals | Self::Letters => Self::Letters,
            Self::Figures => Self::Figures,
        }
    }
}

/// What stands on the key for capitals, and on the one that leads back to the letters; the first is
/// empty where a script has no capitals.
#[must_use]
pub fn names(language: &str) -> (&'static str, &'static str) {
    match base(language) {
        "ar" => ("", "أ ب ج"),
        "ja" => ("カ", "あ"),
        "uk" => ("Аа", "абв"),
        _ => ("Aa", "abc"),
    }
}

/// The rows of keys of a language; those of English if it has none of its own.
#[must_use]
pub fn rows(language: &str, layer: Layer) -> Vec<Vec<String>> {
    let keys = |row: &&str| row.chars().map(String::from).collect::<Vec<String>>();
    match layer {
        Layer::Letters => letters(language).iter().map(keys).collect(),
        Layer::Capitals => {
            let capital = |key: String| capital(key, language);
            let row = |row| keys(row).into_iter().map(capital).collect();
            letters(language).iter().map(row).collect()
        }
        Layer::Figures => {
            let rows = ["1234567890", "-–/:;()&@#", "?!’\"+=%*_…"];
            rows.iter().chain(seldom(language)).map(keys).collect()
        }
    }
}

/// A key in capitals.
fn capital(key: String, language: &str) -> String {
    let Some(letter) = key.chars().next() else {
        return key;
    };
    match (base(language), letter) {
        ("tr", 'i') => "İ".to_owned(),
        ("de", 'ß') => "ẞ".to_owned(),
        // Katakana stands in Unicode in the same order as hiragana.
        ("ja", 'ぁ'..='ゖ') => char::from_u32(u32::from(letter) + 0x60).map_or(key, String::from),
        _ if letter.to_uppercase().count() == 1 => letter.to_uppercase().collect(),
        _ => key,
    }
}

/// What a language has beside figures and common signs.
fn seldom(language: &str) -> &'static [&'static str] {
    match base(language) {
        "de" => &["„“‚‘€§°éà"],
        "fr" => &["«»“”€°æÿñ"],
        "es" => &["«»“”€°ªºç"],
        "it" => &["«»“”€°î"],
        "nl" => &["‘“”€°àêîôû"],
        "pl" => &["„”«»€°éöü"],
        "pt" => &["«»“”€°ªºü"],
        "sv" => &["”€°àèüáñ"],
        "fi" => &["”€°šžüáñ"],
        "tr" => &["“”₺€°âîû"],
        "uk" => &["«»„“₴€№°"],
        "ar" => &["١٢٣٤٥٦٧٨٩٠", "؟؛«»ـ"],
        "ja" => &["「」『』・〜¥＆ゎゔ", "ぁぃぅぇぉァィゥェォ"],
        _ => &["‘“”£€$°éèö"],
    }
}

fn letters(language: &str) -> &'static [&'static str] {
    match base(language) {
        "de" => &["qwertzuiopü", "asdfghjklöä", "yxcvbnmß"],
        "fr" => &["azertyuiop", "qsdfghjklm", "wxcvbné’ïü", "èêàâçùûîôœë"],
        "es" => &["qwertyuiop", "asdfghjklñ", "zxcvbnm¿¡", "áéíóúü"],
        "it" => &["qwertyuiop", "asdfghjkl’", "zxcvbnm", "àèéìòù"],
        "nl" => &["qwertyuiop", "asdfghjkl’", "zxcvbnm", "éèëïóöüáíú"],
        "pl" => &["qwertyuiop", "asdfghjklł", "zxcvbnm", "ąćęńóśźż"],
        "pt" => &["qwertyuiop", "asdfghjklç", "zxcvbnm", "ãõáéíóúâêôà"],
        "sv" | "fi" => &["qwertyuiopå", "asdfghjklöä", "zxcvbnmé"],
        "tr" => &["qwertyuıopğü", "asdfghjklşi", "zxcvbnmöç"],
        "uk" => &["йцукенгшщзхї", "фівапролджє", "ґячсмитьбю’"],
        "ar" => &["ضصثقفغعهخحج", "شسيبلاتنمكط", "ئءؤرىةوزظدذ", "أإآ؟"],
        "ja" => &[
            "あかさたなはまやらわ゛",
            "いきしちにひみゆりを゜",
            "うくすつぬふむよるんょ",
            "えけせてねへめっれー！",
            "おこそとのほもゃろゅ？",
        ],
        _ => &["qwertyuiop", "asdfghjkl’", "zxcvbnm"],
    }
}

/// The comma and the full stop of a language.
#[must_use]
pub fn points(language: &str) -> (&'static str, &'static str) {
    match base(language) {
        "ar" => ("،", "."),
        "ja" => ("、", "。"),
        _ => (",", "."),
    }
}

/// The text after a key was pressed; an empty key deletes the last character.
#[must_use]
pub fn press(mut text: String, key: &str, language: &str) -> String {
    let Some(letter) = key.chars().next() else {
        text.pop();
        return text;
    };
    if let VOICED | HALF_VOICED = letter {
        if let Some(voiced) = text.chars().next_back().and_then(|last| voice(last, letter)) {
            text.pop();
            text.push(voiced);
        }
        return text;
    }
    if text.chars().count() < COMMENT_CHARS_MAX {
        // A text begins with a capital if the script has capitals, so nobody has to look for a key.
        let is_first = text.is_empty() || text.ends_with(". ");
        match (is_first, letter) {
            (true, ' ') if text.is_empty() => {}
            (true, 'i') if base(language) == "tr" => text.push('İ'),
            // A letter whose capital is two letters stays as it is.
            (true, _) if letter.to_uppercase().count() == 1 => text.extend(letter.to_uppercase()),
            _ => text.push(letter),
        }
    }
    text
}

/// The voiced character of a kana, which stands right after it in Unicode; the half-voiced one
/// after that.
fn voice(last: char, mark: char) -> Option<char> {
    let step = match mark {
        VOICED if "かきくけこさしすせそたちつてとはひふへほ".contains(last) => {
            1
        }
        HALF_VOICED if "はひふへほ".contains(last) => 2,
        _ => return None,
    };
    char::from_u32(u32::from(last) + step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[&str]) -> String {
        keys.iter().fold(String::new(), |text, key| press(text, key, "en"))
    }

    #[test]
    fn keys_add_letters_and_the_empty_one_takes_the_last_away() {
        assert_eq!(typed(&[" ", "g", "o", "x", "", "o", "d", ".", " ", "é"]), "Good. É");
        assert_eq!(press(String::new(), "i", "tr") + &press(String::new(), "ß", "de"), "İß");
        assert_eq!(typed(&["", "ض"]), "ض");
        assert_eq!(typed(&["か", "゛", "は", "゜", "あ", "゛"]), "がぱあ");
    }

    #[test]
    fn a_text_ends_where_a_comment_may() {
        let text = (0..COMMENT_CHARS_MAX + 9).fold(String::new(), |text, _| press(text, "ä", "de"));
        assert_eq!(text.chars().count(), COMMENT_CHARS_MAX);
    }

    #[test]
    fn no_keyboard_has_a_key_twice_or_a_row_that_is_too_long() {
        let survey =
            crate::feedback::survey::Survey::built_in(crate::feedback::rating::Scale::Five);
        for language in survey.languages() {
            for layer in Layer::ALL {
                let rows = rows(language, layer);
                let are_short = rows.iter().all(|row| row.len() <= 12);
                assert!(rows.len() <= 5 && are_short, "{language} {layer:?}");
                let mut keys: Vec<&String> = rows.iter().flatten().collect();
                let count = keys.len();
                keys.sort();
                keys.dedup();
                assert_eq!(keys.len(), count, "{language} {layer:?}");
            }
        }
    }

    /// The letters that each language is written with, by the Unicode CLDR.
    const WRITTEN: [(&str, &str); 14] = [
        ("en", "abcdefghijklmnopqrstuvwxyz"),
        ("de", "aäbcdefghijklmnoöpqrsßtuüvwxyz"),
        ("fr", "aàâæbcçdeéèêëfghiîïjklmnoôœpqrstuùûüvwxyÿz"),
        ("es", "aábcdeéfghiíjklmnñoópqrstuúüvwxyz"),
        ("fi", "abcdefghijklmnopqrsštuvwxyzžåäö"),
        ("sv", "aàbcdeéfghijklmnopqrstuvwxyzåäö"),
        ("it", "aàbcdeéèfghiìjklmnoòpqrstuùvwxyz"),
        ("nl", "aábcdeéëfghiíïjklmnoóöpqrstuúüvwxyz"),
        ("pl", "aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźż"),
        ("pt", "aáâãàbcçdeéêfghiíjklmnoóôõpqrstuúvwxyz"),
        ("uk", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
        ("tr", "abcçdefgğhıijklmnoöpqrsştuüvwxyz"),
        ("ar", "ءأإآؤئابةتثجحخدذرزسشصضطظعغفقكلمنهويى"),
        (
            "ja",
            "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをんぁぃぅぇぉっゃゅょ",
        ),
    ];

    #[test]
    fn every_letter_of_every_language_and_every_figure_can_be_written() {
        for (language, letters) in WRITTEN {
            let on = |layer| rows(language, layer).concat().concat();
            let all = on(Layer::Letters) + &on(Layer::Capitals) + &on(Layer::Figures);
            for letter in letters.chars() {
                assert!(all.contains(letter), "{letter} in {language}");
                for capital in capital(letter.to_string(), language).chars() {
                    assert!(all.contains(capital) || "æÿàšžä".contains(letter), "{capital}");
                }
            }
            for sign in "0123456789-/:()&@?!%+".chars() {
                assert!(all.contains(sign), "{sign} in {language}");
            }
        }
        let katakana = rows("ja", Layer::Capitals).concat().concat();
        assert!(katakana.contains('ア') && katakana.contains('ン') && katakana.contains('ッ'));
    }

    #[test]
    fn a_capital_comes_alone_and_figures_stay() {
        assert_eq!(Layer::Letters.turned(Layer::Capitals).after_a_letter(), Layer::Letters);
        assert_eq!(Layer::Capitals.turned(Layer::Capitals), Layer::Letters);
        assert_eq!(Layer::Capitals.turned(Layer::Figures), Layer::Figures);
        assert_eq!(Layer::Figures.after_a_letter(), Layer::Figures);
        let typed = press("Ask ".to_owned(), "Ä", "de");
        assert_eq!(press(typed, "ẞ", "de"), "Ask Äẞ");
    }
}
