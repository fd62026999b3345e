//! Who may come in: one-time codes for enrolment, and tokens for everything after.
//!
//! Both are random and kept as hashes only, so a stolen archive lets nobody in. A code is typed by
//! a person, so it leaves out letters that look alike and is read whatever its case and spacing; a
//! token is never seen by one, so it is long and does not expire. It is renewed now and then, and
//! the old one is good until the new one was used, so that no power cut locks a kiosk out.
//!
//! And how many may come in at once: after an outage all kiosks return, and a hub that answers some
//! of them is better than one that answers none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::archive::Hash;
use super::kiosks::refusal::Refusal;

/// How long a one-time code can be used, in milliseconds: three days, for an installer's week.
pub const CODE_LIFE_MS: i64 = 3 * 24 * 60 * 60 * 1_000;

/// How old a token may become before the kiosk is asked to have it renewed, in milliseconds: 90
/// days. A kiosk that was away for longer still comes in by it.
pub const TOKEN_LIFE_MS: i64 = 90 * 24 * 60 * 60 * 1_000;

/// How much the hub takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one kiosk in a minute.
    pub requests_per_minute: u32,
    /// Deliveries that are dealt with at once.
    pub deliveries_at_once: u32,
}

impl Default for Limits {
    /// Ten deliveries a second from one kiosk: five thousand ratings a second of a backlog.
    fn default() -> Self {
        Self { requests_per_minute: 600, deliveries_at_once: 64 }
    }
}

/// The longest pause, in seconds, that a busy hub asks for; each kiosk is given another one.
const BUSY_MAX_S: u32 = 30;

const MINUTE_MS: u64 = 60_000;

/// Counts who comes in.
#[derive(Debug)]
pub struct Door {
    limits: Limits,
    inside: Arc<Semaphore>,
    /// Of each kiosk, when its present minute began, and how often it came in it.
    asked: Mutex<BTreeMap<String, (u64, u32)>>,
}

impl Door {
    /// A door with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let places = usize::try_from(limits.deliveries_at_once).unwrap_or(usize::MAX);
        let inside = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { limits, inside, asked: Mutex::default() }
    }

    /// Lets a kiosk in at this time of the boot's clock, for as long as it holds what is returned.
    ///
    /// # Errors
    /// When it asks too often, or too many are inside; the refusal says how long to wait.
    pub fn enter(&self, kiosk: &str, now_ms: u64) -> Result<OwnedSemaphorePermit, Refusal> {
        self.knock(kiosk, now_ms)?;
        let place = Arc::clone(&self.inside).try_acquire_owned();
        // Those who have to wait are sent away for different times, so that they do not return
        // together.
        place.map_err(|_| Refusal::Busy(rand::random_range(1..=BUSY_MAX_S)))
    }

    /// Counts who knocks at this time of the boot's clock.
    ///
    /// # Errors
    /// When that was too often; the refusal says how long to wait.
    pub fn knock(&self, who: &str, now_ms: u64) -> Result<(), Refusal> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = asked.entry(who.to_owned()).or_insert((now_ms, 0));
        if now_ms.saturating_sub(minute.0) >= MINUTE_MS {
            *minute = (now_ms, 0);
        }
        minute.1 += 1;
        if minute.1 <= self.limits.requests_per_minute {
            return Ok(());
        }
        let left_ms = MINUTE_MS.saturating_sub(now_ms.saturating_sub(minute.0));
        Err(Refusal::TooOften(u32::try_from(left_ms / 1_000 + 1).unwrap_or(60)))
    }
}

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
        for typed in ["70k1m-x9rtb", " 7OKLM X9RTB ", "70KIMX9RTB"] {
            assert_eq!(code_hash(typed), hash, "{typed}");
        }
        assert_ne!(code_hash("70K1M-X9RTC"), hash);
    }

    #[test]
    fn codes_and_tokens_have_their_form_and_do_not_come_twice() {
        let (code, token) = (new_code(), new_token());
        assert_eq!((code.len(), code.as_bytes()[5]), (11, b'-'));
        assert!(token.len() == 64 && token.chars().all(|digit| digit.is_ascii_hexdigit()));
        assert_ne!(code, new_code());
        assert_ne!(token, new_token());
    }
}
