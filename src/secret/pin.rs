//! The PIN of the shop manager's desk: which PINs are valid, and how they are hashed.
//!
//! The kiosk sets a PIN, and so does head office, which sends only the hash. Both hash it here.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

/// How many digits a PIN has.
pub const DIGITS: std::ops::RangeInclusive<usize> = 4..=10;

/// A PIN cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is too short or too long, or has other characters than digits.
    #[error("a PIN has {} to {} digits and nothing else", DIGITS.start(), DIGITS.end())]
    Form,
    /// It is the first that anybody would try.
    #[error("this PIN is easy to guess: do not repeat a digit, and do not count up or down")]
    Obvious,
}

/// The cost of a hash: 7 MiB and five passes. OWASP's password storage cheat sheet rates it as
/// strong as more memory with fewer passes, and a small board has that much memory.
fn argon2() -> Argon2<'static> {
    let params = Params::new(7 * 1024, 5, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Makes the hash of a PIN.
///
/// # Errors
/// [`Unusable`] when the PIN is invalid or obvious.
pub fn hash(pin: &str) -> Result<String, Unusable> {
    if !DIGITS.contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unusable::Form);
    }
    if is_obvious(pin) {
        return Err(Unusable::Obvious);
    }
    let hash = argon2().hash_password(pin.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|_| Unusable::Form)
}

/// Whether each digit repeats the one before, or all count up or down by one: 0000, 1234, 9876.
fn is_obvious(pin: &str) -> bool {
    let bytes = pin.as_bytes();
    let step = |pair: &[u8]| match pair {
        [one, other] => i16::from(*other) - i16::from(*one),
        _ => 0,
    };
    let mut steps = bytes.windows(2).map(step);
    let first = steps.next().unwrap_or(0);
    (-1..=1).contains(&first) && steps.all(|step| step == first)
}

/// Whether a hash was made from this PIN.
#[must_use]
pub fn is_right(pin: &str, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| {
        DIGITS.contains(&pin.len()) && argon2().verify_password(pin.as_bytes(), &hash).is_ok()
    })
}

/// Whether a text is a hash of a PIN, in the form that [`hash`] makes.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pin_that_is_not_obvious_is_taken() {
        for bad in ["", "123", "12345678901", "12a4", "٣٤٥٦"] {
            assert!(matches!(hash(bad), Err(Unusable::Form)), "{bad}");
        }
        for obvious in ["0000", "1234", "98765", "7777777777"] {
            assert!(matches!(hash(obvious), Err(Unusable::Obvious)), "{obvious}");
        }
        let hash = hash("1357").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{hash}");
        assert!(!hash.contains("1357") && is_hash(&hash) && !is_hash("1357"));
        assert!(is_right("1357", &hash) && !is_right("1358", &hash) && !is_right("1357", "x"));
    }
}
