//! Names as people type them, and the short names that are made of them.
//!
//! One look is one text, whichever way it was typed (Unicode, NFC). Two names with the same
//! [`key`] are the same to a person; a [`short`] name is what commands and files know a place by.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

/// The longest name of a shop, a group or a touchpoint, in characters as a person counts them.
pub const NAME_MAX: usize = 100;

/// The same in code points, of which an emoji may have many and a kiosk reads so many.
pub const NAME_POINTS_MAX: usize = 200;

/// The longest short name, in bytes. Kiosks and names of files allow no more.
pub const SHORT_BYTES_MAX: usize = 80;

/// A name in its one spelling: composed, and with single spaces between its words.
#[must_use]
pub fn tidy(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").nfc().collect()
}

/// The beginning of a name that is not too long, cut between two characters as a person sees them.
#[must_use]
pub fn cut(name: &str) -> String {
    let mut points = 0;
    let characters = name.graphemes(true).take(NAME_MAX).take_while(|character| {
        points += character.chars().count();
        points <= NAME_POINTS_MAX
    });
    let kept: String = characters.collect();
    // One letter under a heap of marks.
    if kept.is_empty() { name.chars().take(NAME_POINTS_MAX).collect() } else { kept }
}

/// How many characters a person counts.
#[must_use]
pub fn length(text: &str) -> usize {
    text.graphemes(true).count()
}

/// What is the same of two names that a person takes for one: neither capitals, nor the width of a
/// letter, nor characters that nobody sees, make another name.
#[must_use]
pub fn key(name: &str) -> String {
    folded(&tidy(name)).chars().filter(|c| !is_unseen(*c)).collect()
}

/// A short name as it is looked for: in small letters of the usual width.
#[must_use]
pub fn folded(text: &str) -> String {
    text.trim().nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// The short name of a name, cut where it is too long: letters and digits in lower case, and a
/// hyphen for everything between. Empty where there are none.
#[must_use]
pub fn short(name: &str) -> String {
    let (mut short, mut is_next) = (String::new(), false);
    for c in folded(name).chars() {
        if c.is_alphanumeric() {
            if is_next && !short.is_empty() {
                short.push('-');
            }
            is_next = false;
            short.push(c);
        } else {
            // A mark belongs to its letter, and separates nothing.
            is_next |= !is_combining_mark(c) && !is_unseen(c);
        }
    }
    fitting(&short.nfkc().collect::<String>(), SHORT_BYTES_MAX)
}

/// The short name of a kiosk at this touchpoint of a shop. Of a long one the shop's part is cut
/// first, since the touchpoint tells its kiosks apart.
#[must_use]
pub fn short_in(shop: &str, touchpoint: &str) -> String {
    let own = short(touchpoint);
    if own.is_empty() {
        return fitting(shop, SHORT_BYTES_MAX);
    }
    let room = SHORT_BYTES_MAX.saturating_sub(own.len() + 1).max(SHORT_BYTES_MAX / 2);
    fitting(&format!("{}-{own}", fitting(shop, room)), SHORT_BYTES_MAX)
}

/// The next choice where this short name is taken: the second one ends in `-2`.
#[must_use]
pub fn numbered(short: &str, number: u32) -> String {
    if number < 2 {
        return short.to_owned();
    }
    let end = format!("-{number}");
    fitting(short, SHORT_BYTES_MAX.saturating_sub(end.len())) + &end
}

/// As much of a short name as there is room for, in bytes, cut between two characters.
fn fitting(short: &str, bytes_max: usize) -> String {
    let (mut kept, mut at) = (String::new(), 0);
    for character in short.graphemes(true) {
        at += character.len();
        if at > bytes_max {
            break;
        }
        kept.push_str(character);
    }
    kept.trim_end_matches('-').to_owned()
}

/// Whether nobody sees a character: joiners, marks of direction, soft hyphens, and what chooses
/// between two looks of another character (Unicode's `Default_Ignorable_Code_Point`).
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_has_letters_and_digits_of_any_script_and_single_hyphens() {
        for (name, expected) in [
            ("Nordmarkt Kallio", "nordmarkt-kallio"),
            ("  Café — Nr. 5! ", "café-nr-5"),
            ("Cafe\u{301} Nr 5", "café-nr-5"),
            ("パン 売り場", "パン-売り場"),
            ("Ｋａｌｌｉｏ １", "kallio-1"),
            ("Kal\u{200b}lio\u{ad}", "kallio"),
            ("سوق الحي", "سوق-الحي"),
            ("क्षेत्र", "कषेतर"),
            ("👩‍👧 Eltern", "eltern"),
            ("İstanbul", "istanbul"),
            ("-Kallio-", "kallio"),
            ("🥐", ""),
            ("!!!", ""),
        ] {
            let short = short(name);
            assert_eq!(short, expected, "{name}");
            assert!(short.chars().all(|c| c.is_alphanumeric() || c == '-'), "{short}");
        }
    }

    #[test]
    fn what_looks_the_same_is_one_name() {
        for (one, other) in [
            ("Café", "Cafe\u{301}"),
            ("Kallio", "KALLIO"),
            ("Kallio  1", " Ｋallio\u{a0}1"),
            ("Kal\u{200b}lio", "Kallio"),
            ("한국", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"),
        ] {
            assert_eq!(key(one), key(other), "{one}");
        }
        assert_ne!(key("Kallio 1"), key("Kallio-1"), "a person sees two names");
        assert_eq!(tidy(" Cafe\u{301}\t 5 "), "Café 5");
    }

    #[test]
    fn a_name_is_cut_between_two_characters_as_a_person_sees_them() {
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(length(family), 1);
        assert_eq!(cut("Kallio"), "Kallio");
        assert_eq!(cut(&"é".repeat(300)), "é".repeat(NAME_MAX));
        assert_eq!(cut(&family.repeat(60)), family.repeat(NAME_POINTS_MAX / 7));
        let heap = format!("a{}", "\u{301}".repeat(500));
        assert_eq!(cut(&heap).chars().count(), NAME_POINTS_MAX);
    }

    #[test]
    fn a_long_short_name_is_cut_and_tells_kiosks_of_a_shop_apart() {
        for letter in ["x", "売", "e\u{301}"] {
            let shop = short(&letter.repeat(300));
            assert!((1..=SHORT_BYTES_MAX).contains(&shop.len()), "{shop}");
            let kiosks = ["Exit", "Entrance"].map(|touchpoint| short_in(&shop, touchpoint));
            assert!(kiosks[0].ends_with("-exit") && kiosks[1].ends_with("-entrance"), "{shop}");
            let long = short_in(&shop, &letter.repeat(300));
            for id in kiosks.iter().chain([&long]).map(|id| numbered(id, 12)) {
                assert!(id.len() <= SHORT_BYTES_MAX && id.ends_with("-12"), "{id}");
            }
        }
        assert_eq!(short_in("kallio", "🥐"), "kallio");
    }
}
