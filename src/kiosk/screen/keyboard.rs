//! The keyboard on the screen: the letters of a language, and what a key does to a text.

use crate::feedback::answer::COMMENT_CHARS_MAX;
use crate::feedback::survey::base;

/// The mark that makes か into が, as a key of its own.
const VOICED: char = '゛';

/// The mark that makes は into ぱ, as a key of its own.
const HALF_VOICED: char = '゜';

/// The rows of letters of a language; those of English if it has none of its own.
#[must_use]
pub fn rows(language: &str) -> Vec<Vec<String>> {
    let rows: &[&str] = match base(language) {
        "de" => &["qwertzuiopü", "asdfghjklöä", "yxcvbnmß"],
        "fr" => &["azertyuiop", "qsdfghjklm", "wxcvbné’", "èêàâçùûîôœë"],
        "es" => &["qwertyuiop", "asdfghjklñ", "zxcvbnm¿¡", "áéíóúü"],
        "it" => &["qwertyuiop", "asdfghjkl’", "zxcvbnm", "àèéìòù"],
        "nl" => &["qwertyuiop", "asdfghjkl’", "zxcvbnm", "éèëïóöü"],
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
    };
    rows.iter().map(|row| row.chars().map(String::from).collect()).collect()
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
    fn no_keyboard_has_a_letter_twice_or_a_row_that_is_too_long() {
        for language in
            crate::feedback::survey::Survey::built_in(crate::feedback::rating::Scale::Five)
                .languages()
        {
            let rows = rows(language);
            assert!(rows.len() <= 5 && rows.iter().all(|row| row.len() <= 12), "{language}");
            let mut letters: Vec<&String> = rows.iter().flatten().collect();
            let count = letters.len();
            letters.sort();
            letters.dedup();
            assert_eq!(letters.len(), count, "{language}");
        }
    }
}
