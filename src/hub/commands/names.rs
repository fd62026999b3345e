//! Short names of shops and kiosks, made from their names.

use super::error::Error;
use crate::escape::{Plain, is_active};

/// The longest short name, in bytes.
const BYTES_MAX: usize = 80;

/// A name that people typed, if every character of it can be seen.
///
/// # Errors
/// When there is a control character in it, or one that turns the direction of reading.
pub(super) fn checked(name: &str) -> Result<&str, Error> {
    if name.contains(is_active) {
        let what = format!("the name {} has control characters: delete them", Plain(name));
        return Err(Error::Invalid(what));
    }
    Ok(name)
}

/// Makes a short name: letters and digits in lower case, with hyphens for everything between.
///
/// # Errors
/// When the short name is empty or too long.
pub(super) fn short_name(name: &str) -> Result<String, Error> {
    let plain = name.to_lowercase();
    let parts = plain.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let id = parts.collect::<Vec<_>>().join("-");
    if (1..=BYTES_MAX).contains(&id.len()) {
        return Ok(id);
    }
    Err(Error::Invalid(format!(
        "no short name can be made of {name:?}: it needs 1 to {BYTES_MAX} letters or digits"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_has_letters_and_digits_of_any_script_and_single_hyphens() {
        for (name, expected) in [
            ("Nordmarkt Kallio", "nordmarkt-kallio"),
            ("  Café — Nr. 5! ", "café-nr-5"),
            ("パン 売り場", "パン-売り場"),
        ] {
            assert_eq!(short_name(name).unwrap(), expected);
        }
    }

    #[test]
    fn a_name_with_a_character_that_acts_is_refused() {
        assert_eq!(checked("Café سوق").unwrap(), "Café سوق");
        for name in ["a\nb", "a\u{1b}[2J", "a\u{202e}b", "a\u{9b}b"] {
            let said = checked(name).unwrap_err().to_string();
            assert!(said.contains("has control characters") && !said.contains(is_active), "{said}");
        }
    }

    #[test]
    fn a_name_that_leaves_nothing_or_too_much_is_refused() {
        for name in ["", "!!!", &"x".repeat(81)] {
            let said = short_name(name).unwrap_err().to_string();
            assert!(said.contains("1 to 80 letters or digits"), "{said}");
        }
        assert!(short_name(&"x".repeat(80)).is_ok());
    }
}
