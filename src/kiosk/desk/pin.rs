//! The shop manager's PIN: how it is kept, and what whoever guesses gets.
//!
//! Kept is an argon2id hash, never the PIN. A try is written down before it is looked at, so that
//! neither a power cut nor a restart gives another one for free; since no clock can be believed
//! after a restart, a delay begins anew there.

use std::path::{Path, PathBuf};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::kiosk::durable;

/// The file of the hash in the data folder.
pub const FILE: &str = "pin";

/// How many digits a PIN has.
pub const DIGITS: std::ops::RangeInclusive<usize> = 4..=10;

/// How many wrong tries are free.
pub const FREE_TRIES: u32 = 5;

/// The first delay after the free tries, in milliseconds; each wrong try doubles it.
pub const FIRST_DELAY_MS: u64 = 30_000;

/// The longest delay, in milliseconds.
pub const DELAY_MAX_MS: u64 = 3_600_000;

/// A PIN cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It is too short, too long, or no number.
    #[error("a PIN has {} to {} digits and nothing else", DIGITS.start(), DIGITS.end())]
    Form,
    /// It is the first that anybody would try.
    #[error("this PIN is the first that anybody would try: do not repeat or count")]
    Obvious,
    /// It cannot be written.
    #[error("cannot write the PIN to {}", .0.display())]
    Write(PathBuf, #[source] std::io::Error),
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No PIN was set.
    Unset,
    /// It was the wrong one; so many tries are left before a delay.
    Wrong {
        /// How many.
        left: u32,
    },
    /// Nothing is tried for so long, in milliseconds.
    Wait {
        /// How long.
        ms: u64,
    },
}

/// What a hash costs: 7 MiB and five passes, which OWASP's password storage cheat sheet counts as
/// strong as more memory and fewer passes, and which a small board has room for.
fn argon2() -> Argon2<'static> {
    let params = Params::new(7 * 1024, 5, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Makes the hash of a PIN.
///
/// # Errors
/// [`Unusable`] when it is none, or an obvious one.
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

/// Whether every digit follows on the one before by the same step: 0000, 1234, 9876.
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

/// Keeps the hash of a PIN for the kiosk with this data folder; whoever tries next needs it.
///
/// # Errors
/// When it cannot be written.
pub fn set(data_dir: &Path, hash: &str) -> Result<(), Unusable> {
    let file = data_dir.join(FILE);
    durable::write(&file, hash.as_bytes()).map_err(|error| Unusable::Write(file, error))
}

/// Forgets the PIN, so that nobody gets in; false when there was none.
///
/// # Errors
/// When it cannot be removed.
pub fn unset(data_dir: &Path) -> Result<bool, Unusable> {
    let file = data_dir.join(FILE);
    match std::fs::remove_file(&file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Unusable::Write(file, error)),
    }
}

/// Whether a PIN was set.
#[must_use]
pub fn is_set(data_dir: &Path) -> bool {
    data_dir.join(FILE).exists()
}

/// The hash that is kept; none where no PIN was set.
#[must_use]
pub fn kept(data_dir: &Path) -> Option<String> {
    std::fs::read_to_string(data_dir.join(FILE)).ok()
}

/// One way in, with its own count of wrong tries, so that somebody at one keeps nobody out at the
/// other.
#[derive(Debug)]
pub struct Door {
    data_dir: PathBuf,
    tries: PathBuf,
    wrong: u32,
    /// Since when the present delay runs, in milliseconds since boot.
    since_ms: u64,
}

impl Door {
    /// The way in by this name, at this instant of the boot's clock.
    #[must_use]
    pub fn new(data_dir: &Path, name: &str, now_ms: u64) -> Self {
        let tries = data_dir.join(format!("pin-tries-{name}"));
        let wrong = match std::fs::read_to_string(&tries) {
            Ok(text) => text.trim().parse().unwrap_or(FREE_TRIES),
            Err(_) => 0,
        };
        Self { data_dir: data_dir.to_owned(), tries, wrong, since_ms: now_ms }
    }

    /// How long nothing is tried, in milliseconds; 0 when somebody may try.
    #[must_use]
    pub fn wait_ms(&self, now_ms: u64) -> u64 {
        let Some(doublings) = self.wrong.checked_sub(FREE_TRIES) else {
            return 0;
        };
        let delay = FIRST_DELAY_MS.saturating_mul(1 << doublings.min(20)).min(DELAY_MAX_MS);
        (self.since_ms + delay).saturating_sub(now_ms)
    }

    /// Lets somebody in who knows the PIN.
    ///
    /// # Errors
    /// [`Denied`] says why not.
    pub fn enter(&mut self, pin: &str, now_ms: u64) -> Result<(), Denied> {
        let ms = self.wait_ms(now_ms);
        if ms > 0 {
            return Err(Denied::Wait { ms });
        }
        let Some(hash) = kept(&self.data_dir) else {
            return Err(Denied::Unset);
        };
        self.note(self.wrong.saturating_add(1), now_ms);
        let hash = PasswordHash::new(hash.trim());
        let is_right = hash.is_ok_and(|hash| {
            DIGITS.contains(&pin.len()) && argon2().verify_password(pin.as_bytes(), &hash).is_ok()
        });
        if is_right {
            self.note(0, now_ms);
            return Ok(());
        }
        match self.wait_ms(now_ms) {
            0 => Err(Denied::Wrong { left: FREE_TRIES - self.wrong }),
            ms => Err(Denied::Wait { ms }),
        }
    }

    fn note(&mut self, wrong: u32, now_ms: u64) {
        (self.wrong, self.since_ms) = (wrong, now_ms);
        if let Err(error) = durable::write(&self.tries, wrong.to_string().as_bytes()) {
            // On a card that takes nothing the count lasts as long as the process.
            tracing::warn!(%error, "a try at the PIN could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), &hash("2580").unwrap()).unwrap();
        folder
    }

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
        assert!(!hash.contains("1357"));
    }

    #[test]
    fn whoever_knows_the_pin_is_let_in_and_nobody_without_one() {
        let folder = folder();
        let mut door = Door::new(folder.path(), "screen", 0);
        assert_eq!(door.enter("2580", 1), Ok(()));
        assert!(unset(folder.path()).unwrap());
        assert_eq!(door.enter("2580", 2), Err(Denied::Unset));
        assert_eq!(door.enter("", 2), Err(Denied::Unset));
    }

    #[test]
    fn five_wrong_tries_are_free_and_each_further_one_doubles_the_delay() {
        let folder = folder();
        let mut door = Door::new(folder.path(), "screen", 0);
        for left in (1..FREE_TRIES).rev() {
            assert_eq!(door.enter("1111", 0), Err(Denied::Wrong { left }));
        }
        let delay = FIRST_DELAY_MS;
        assert_eq!(door.enter("1111", 0), Err(Denied::Wait { ms: delay }));
        assert_eq!(
            door.enter("2580", delay - 1),
            Err(Denied::Wait { ms: 1 }),
            "not even the right"
        );
        assert_eq!(door.enter("1111", delay), Err(Denied::Wait { ms: 2 * delay }));
        assert_eq!(door.enter("2580", 3 * delay), Ok(()));
        assert_eq!(door.enter("1111", 3 * delay), Err(Denied::Wrong { left: FREE_TRIES - 1 }));
    }

    #[test]
    fn a_restart_gives_no_free_try() {
        let folder = folder();
        let mut door = Door::new(folder.path(), "screen", 0);
        for _ in 0..=FREE_TRIES {
            let _ = door.enter("1111", 0);
        }
        let mut again = Door::new(folder.path(), "screen", 500);
        assert_eq!(again.enter("2580", 500), Err(Denied::Wait { ms: FIRST_DELAY_MS }));
        assert_eq!(Door::new(folder.path(), "phone", 0).enter("2580", 500), Ok(()));
        // What cannot be read may have been anything.
        std::fs::write(folder.path().join("pin-tries-screen"), "x").unwrap();
        assert!(Door::new(folder.path(), "screen", 0).wait_ms(0) > 0);
    }

    #[test]
    fn the_delay_ends_at_an_hour_however_often_somebody_tries() {
        let folder = folder();
        std::fs::write(folder.path().join("pin-tries-screen"), u32::MAX.to_string()).unwrap();
        assert_eq!(Door::new(folder.path(), "screen", 7).wait_ms(7), DELAY_MAX_MS);
    }
}
