//! The PIN of the shop manager's desk: which PINs are valid, and how they are hashed.
//!
//! The kiosk sets a PIN, and so does head office, which sends only the hash. Both hash it here.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::digits;

/// How many digits a PIN has.
pub const DIGITS: std::ops::RangeInclusive<usize> = 4..=10;

/// The most memory that trying a PIN may take, in KiB.
const MEMORY_KIB_MAX: u32 = 64 * 1024;

/// The most passes over it.
const PASSES_MAX: u32 = 10;

/// The most lanes in it.
const LANES_MAX: u32 = 4;

/// The longest hash that is read, in bytes.
const HASH_BYTES_MAX: usize = 256;

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
    let pin = &*digits::plain(pin);
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

/// Whether a PIN is the one that a hash was made of. A hash that costs too much is never tried.
#[must_use]
pub fn is_right(pin: &str, hash: &str) -> bool {
    let pin = digits::plain(pin);
    read(hash).is_some_and(|hash| {
        DIGITS.contains(&pin.len()) && argon2().verify_password(pin.as_bytes(), &hash).is_ok()
    })
}

/// Whether a text is a hash of a PIN, in the form that [`hash`] makes, and whether a kiosk can bear
/// what it costs to try a PIN by it.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    read(text).is_some()
}

/// Reads a hash, which says itself what it costs to try a PIN by it, and may come from elsewhere.
fn read(text: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(text).ok().filter(|_| text.len() <= HASH_BYTES_MAX)?;
    let params = Params::try_from(&hash).ok()?;
    let salt = hash.salt.as_ref()?.as_ref().len();
    let output = hash.hash.as_ref()?.as_bytes().len();
    let is_bearable = params.m_cost() <= MEMORY_KIB_MAX
        && params.t_cost() <= PASSES_MAX
        && params.p_cost() <= LANES_MAX
        && (8..=48).contains(&salt)
        && (16..=64).contains(&output);
    (hash.algorithm.as_str() == "argon2id" && is_bearable).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pin_that_is_not_obvious_is_taken() {
        for bad in ["", "123", "12345678901", "12a4", "²٣٤٥"] {
            assert!(matches!(hash(bad), Err(Unusable::Form)), "{bad}");
        }
        for obvious in ["0000", "1234", "98765", "7777777777", "١٢٣٤", "9８7６"] {
            assert!(matches!(hash(obvious), Err(Unusable::Obvious)), "{obvious}");
        }
        let hash = hash("1357").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{hash}");
        assert!(!hash.contains("1357") && is_hash(&hash) && !is_hash("1357"));
        for typed in ["١٣٥٧", "१३५७", "１３５７", "1٣५７"] {
            assert!(is_right(typed, &hash), "{typed}");
            assert!(is_right("1357", &super::hash(typed).unwrap()), "{typed}");
        }
        assert!(is_right("1357", &hash) && !is_right("1358", &hash) && !is_right("1357", "x"));
    }

    #[test]
    fn a_hash_that_costs_too_much_is_none_and_is_never_tried() {
        let (salt, output) =
            ("c29tZXNhbHRzb21lc2FsdA", "RdescudvJCsgt3ub+b1daRdescudvJCsgt3ub+b1daQ");
        let of = |params: &str| format!("$argon2id$v=19${params}${salt}${output}");
        assert!(is_hash(&of("m=7168,t=5,p=1")) && is_hash(&of("m=65536,t=10,p=4")));
        for params in [
            "m=65537,t=1,p=1",
            "m=4194304,t=1,p=1",
            "m=4294967295,t=4294967295,p=1",
            "m=7168,t=11,p=1",
            "m=7168,t=4294967295,p=1",
            "m=7168,t=5,p=5",
            "m=65536,t=5,p=16777215",
            "m=-1,t=5,p=1",
        ] {
            assert!(!is_hash(&of(params)), "{params}");
            assert!(!is_right("1357", &of(params)), "{params}");
        }
        for hash in [
            format!("$argon2i$v=19$m=7168,t=5,p=1${salt}${output}"),
            "$argon2id$v=19$m=7168,t=5,p=1$c29t$RdescudvJCsgt3ub".to_owned(),
            format!("$argon2id$v=19$m=7168,t=5,p=1${salt}"),
            of(&format!("m=7168,t=5,p=1,x={}", "0".repeat(1_000))),
        ] {
            assert!(!is_hash(&hash) && !is_right("1357", &hash), "{hash}");
        }
    }
}
