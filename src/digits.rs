//! Digits of every script, where somebody types a number: a keyboard in Arabic, Persian, Hindi or
//! Japanese has its own, and who types them means the same number.

/// The zeros of all scripts that write numbers by tens; the nine other digits follow each. They are
/// Unicode's category Nd.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// A text with every digit as 0 to 9; what is no digit stays as it is, but for the wide forms of
/// the ASCII characters that East Asian keyboards type, which become narrow.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(plain_char).collect()
}

/// What their space bar types.
const WIDE_SPACE: char = '\u{3000}';

fn plain_char(c: char) -> char {
    let code = u32::from(c);
    if c.is_ascii() {
        return c;
    }
    if c == WIDE_SPACE {
        return ' ';
    }
    if (0xff01..=0xff5e).contains(&code) {
        return char::from_u32(code - 0xfee0).unwrap_or(c);
    }
    let at = ZEROS.partition_point(|zero| *zero <= code);
    let zero = at.checked_sub(1).and_then(|at| ZEROS.get(at));
    let digit = zero.map(|zero| code - zero).filter(|digit| *digit < 10);
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_any_script_are_digits_and_nothing_else_is() {
        for text in ["2580", "٢٥٨٠", "۲۵۸۰", "२५८०", "২৫৮০", "２５８０", "๒๕๘๐", "𝟐𝟓𝟖𝟎", "𞥒𞥕𞥘𞥐"]
        {
            assert_eq!(plain(text), "2580", "{text}");
        }
        assert_eq!(plain("２０２６－１１－２７"), "2026-11-27");
        assert_eq!(plain("٠٩:٣٠"), "09:30");
        for text in ["²⁵⁸⁰", "二五八零", "ⅡⅤ", "①②", "½", "Kallio 1", "Ελλάδα"]
        {
            assert_eq!(plain(text), text, "{text}");
        }
    }

    #[test]
    fn each_zero_has_nine_digits_after_it_and_before_it_is_none() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            for (value, code) in (zero..zero + 10).enumerate() {
                let c = char::from_u32(code).unwrap();
                assert!(c.is_numeric(), "{c}");
                assert_eq!(plain_char(c).to_digit(10), u32::try_from(value).ok());
            }
        }
        let all = (0..=u32::from(char::MAX)).filter_map(char::from_u32);
        let found = all.filter(|c| plain_char(*c).is_ascii_digit()).count();
        assert_eq!(found, ZEROS.len() * 10);
    }
}
