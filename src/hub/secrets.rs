//! The secrets that let kiosks in: one-time codes for enrolment, and tokens for everything after.
//!
//! Both are random, and only their hashes are kept, so a stolen archive lets nobody in. A person
//! types a code, so it leaves out letters that look alike and is read whatever its case and
//! spacing. Nobody types a token, so it is long and does not expire. It is renewed now and then,
//! and the old one is valid until the new one is used, so that no power cut locks a kiosk out.

use sha2::{Digest as _, Sha256};

use crate::carried::seal::{self, PublicKey, Signer};
use crate::digits;

/// A SHA-256 of a secret.
pub type Hash = [u8; 32];

/// What is kept of a token: nothing that lets anybody in, or signs anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is known by.
    pub hash: Hash,
    /// What verifies a delivery that was signed with it and carried by hand.
    pub key: PublicKey,
}

impl Token {
    /// What is kept of a token.
    ///
    /// # Errors
    /// Never, as long as any text makes a key.
    pub fn of(token: &str) -> Result<Self, seal::Error> {
        let key = Signer::of_token(token)?.verify_key()?;
        Ok(Self { hash: token_hash(token), key })
    }
}

/// How long a one-time code is valid, in milliseconds: three days.
pub const CODE_LIFE_MS: i64 = 3 * 24 * 60 * 60 * 1_000;

/// The age at which a kiosk is asked to renew its token, in milliseconds: 90 days. An older token
/// still lets its kiosk in.
pub const TOKEN_LIFE_MS: i64 = 90 * 24 * 60 * 60 * 1_000;

/// The letters of a code: Crockford's base 32, which has no I, L, O or U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The letters of a code: 50 bits, far beyond guessing in three days.
const CODE_LETTERS: usize = 10;

/// A fresh one-time code such as `7K2QM-X9RTB`.
#[must_use]
pub fn new_code() -> String {
    let letter = || {
        let at: u8 = rand::random_range(0..32);
        LETTERS.get(usize::from(at)).copied().map_or('0', char::from)
    };
    let letters: Vec<char> = std::iter::repeat_with(letter).take(CODE_LETTERS).collect();
    let (first, second) = letters.split_at(CODE_LETTERS / 2);
    first.iter().chain(&['-']).chain(second).collect()
}

/// A fresh token: 256 random bits as 64 hexadecimal digits.
#[must_use]
pub fn new_token() -> String {
    format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>())
}

/// What is kept of a code, however it was typed.
#[must_use]
pub fn code_hash(typed: &str) -> Hash {
    let typed = digits::plain(typed);
    let letters = typed.chars().filter(char::is_ascii_alphanumeric).map(|letter| {
        match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        }
    });
    let letters: String = letters.collect();
    Sha256::digest(format!("smilepost code {letters}")).into()
}

/// What is kept of a token.
#[must_use]
pub fn token_hash(token: &str) -> Hash {
    Sha256::digest(format!("smilepost token {token}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let hash = code_hash("70K1M-X9RTB");
        for typed in
            ["70k1m-x9rtb", " 7OKLM X9RTB ", "70KIMX9RTB", "٧٠K١M-X٩RTB", "７０ｋ１ｍ－Ｘ９ＲＴＢ"]
        {
            assert_eq!(code_hash(typed), hash, "{typed}");
        }
        assert_ne!(code_hash("70K1M-X9RTC"), hash);
    }

    #[test]
    fn codes_and_tokens_have_their_form_and_do_not_come_twice() {
        let code = new_code();
        let token = new_token();
        assert_eq!((code.len(), code.as_bytes()[5]), (11, b'-'));
        assert!(token.len() == 64 && token.chars().all(|digit| digit.is_ascii_hexdigit()));
        assert_ne!(code, new_code());
        assert_ne!(token, new_token());
    }
}
