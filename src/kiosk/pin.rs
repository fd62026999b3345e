//! The shop manager's PIN: how it is kept, and how wrong tries are slowed down.
//!
//! Only an argon2id hash of it is kept. A try is counted on disk before it is checked, so that
//! neither a power cut nor a restart gives another one for free; since no clock can be trusted
//! after a restart, a delay then begins anew.

use std::path::{Path, PathBuf};

use crate::file;
pub use crate::secret::pin::hash;
use crate::secret::pin::is_right;

/// The file of the hash in the data folder.
pub const FILE: &str = "pin";

/// The file of the number of the PIN that head office gave last, beside it.
const GIVEN_FILE: &str = "pin-given";

/// How many wrong tries are free.
pub const FREE_TRIES: u32 = 5;

/// The first delay after the free tries, in milliseconds; each wrong try doubles it.
pub const FIRST_DELAY_MS: u64 = 30_000;

/// The longest delay, in milliseconds.
pub const DELAY_MAX_MS: u64 = 3_600_000;

/// The PIN cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the PIN to {}", .0.display())]
pub struct Unwritten(PathBuf, #[source] std::io::Error);

/// Why a PIN was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No PIN was set.
    Unset,
    /// The PIN was wrong; so many tries are left before a delay.
    Wrong {
        /// How many.
        left: u32,
    },
    /// No PIN is checked for so long, in milliseconds.
    Wait {
        /// How long.
        ms: u64,
    },
}

/// Sets the PIN of the kiosk with this data folder, by its hash; it counts from the next try on.
///
/// # Errors
/// When it cannot be written.
pub fn set(data_dir: &Path, hash: &str) -> Result<(), Unwritten> {
    let file = data_dir.join(FILE);
    file::write(&file, hash.as_bytes()).map_err(|error| Unwritten(file, error))
}

/// Deletes the PIN, so that nobody gets in; false when there was none.
///
/// # Errors
/// When it cannot be deleted.
pub fn unset(data_dir: &Path) -> Result<bool, Unwritten> {
    let file = data_dir.join(FILE);
    match std::fs::remove_file(&file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Unwritten(file, error)),
    }
}

/// Keeps the PIN that head office has set, or deletes the PIN if head office has. It replaces one
/// that was set on the kiosk before, since head office has spoken last.
///
/// # Errors
/// When it cannot be written; head office sends it again.
pub fn adopt(data_dir: &Path, number: u64, hash: Option<&str>) -> Result<(), Unwritten> {
    match hash {
        Some(hash) => set(data_dir, hash)?,
        None => unset(data_dir).map(drop)?,
    }
    // The number is written last, so that after a power cut in between head office sends it again.
    let file = data_dir.join(GIVEN_FILE);
    let written = file::write(&file, number.to_string().as_bytes());
    written.map_err(|error| Unwritten(file, error))
}

/// The number of the last change of the PIN by head office; none where there never was one.
#[must_use]
pub fn given(data_dir: &Path) -> Option<u64> {
    std::fs::read_to_string(data_dir.join(GIVEN_FILE)).ok()?.trim().parse().ok()
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

/// Guards one way in, with its own count of wrong tries, so that wrong tries at one way do not lock
/// the other.
#[derive(Debug)]
pub struct PinGuard {
    data_dir: PathBuf,
    tries: PathBuf,
    wrong: u32,
    /// Since when the present delay runs, in milliseconds since boot.
    since_ms: u64,
}

impl PinGuard {
    /// The guard of the way in with this name, at this instant of the boot's clock.
    #[must_use]
    pub fn new(data_dir: &Path, name: &str, now_ms: u64) -> Self {
        let tries = data_dir.join(format!("pin-tries-{name}"));
        let wrong = match std::fs::read_to_string(&tries) {
            Ok(text) => text.trim().parse().unwrap_or(FREE_TRIES),
            Err(_) => 0,
        };
        Self { data_dir: data_dir.to_owned(), tries, wrong, since_ms: now_ms }
    }

    /// For how long no PIN is checked, in milliseconds; 0 when somebody may try.
    #[must_use]
    pub fn wait_ms(&self, now_ms: u64) -> u64 {
        let Some(doublings) = self.wrong.checked_sub(FREE_TRIES) else {
            return 0;
        };
        let delay = FIRST_DELAY_MS.saturating_mul(1 << doublings.min(20)).min(DELAY_MAX_MS);
        (self.since_ms + delay).saturating_sub(now_ms)
    }

    /// Lets somebody in if the PIN is right, and counts a wrong one.
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
        if is_right(pin, hash.trim()) {
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
        if let Err(error) = file::write(&self.tries, wrong.to_string().as_bytes()) {
            // If the card cannot be written, the count lasts only until the next start.
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
    fn whoever_knows_the_pin_is_let_in_and_nobody_without_one() {
        let folder = folder();
        let mut guard = PinGuard::new(folder.path(), "screen", 0);
        assert_eq!(guard.enter("2580", 1), Ok(()));
        assert!(unset(folder.path()).unwrap());
        assert_eq!(guard.enter("2580", 2), Err(Denied::Unset));
        assert_eq!(guard.enter("", 2), Err(Denied::Unset));
    }

    #[test]
    fn five_wrong_tries_are_free_and_each_further_one_doubles_the_delay() {
        let folder = folder();
        let mut guard = PinGuard::new(folder.path(), "screen", 0);
        for left in (1..FREE_TRIES).rev() {
            assert_eq!(guard.enter("1111", 0), Err(Denied::Wrong { left }));
        }
        let delay = FIRST_DELAY_MS;
        assert_eq!(guard.enter("1111", 0), Err(Denied::Wait { ms: delay }));
        assert_eq!(
            guard.enter("2580", delay - 1),
            Err(Denied::Wait { ms: 1 }),
            "not even the right"
        );
        assert_eq!(guard.enter("1111", delay), Err(Denied::Wait { ms: 2 * delay }));
        assert_eq!(guard.enter("2580", 3 * delay), Ok(()));
        assert_eq!(guard.enter("1111", 3 * delay), Err(Denied::Wrong { left: FREE_TRIES - 1 }));
    }

    #[test]
    fn a_restart_gives_no_free_try() {
        let folder = folder();
        let mut guard = PinGuard::new(folder.path(), "screen", 0);
        for _ in 0..=FREE_TRIES {
            let _ = guard.enter("1111", 0);
        }
        let mut again = PinGuard::new(folder.path(), "screen", 500);
        assert_eq!(again.enter("2580", 500), Err(Denied::Wait { ms: FIRST_DELAY_MS }));
        assert_eq!(PinGuard::new(folder.path(), "phone", 0).enter("2580", 500), Ok(()));
        // An unreadable count is taken for the highest without a delay.
        std::fs::write(folder.path().join("pin-tries-screen"), "x").unwrap();
        assert!(PinGuard::new(folder.path(), "screen", 0).wait_ms(0) > 0);
    }

    #[test]
    fn head_office_has_the_last_word_until_somebody_sets_another() {
        let folder = folder();
        let enter = |pin: &str| PinGuard::new(folder.path(), "screen", 0).enter(pin, 0).is_ok();
        assert_eq!(given(folder.path()), None);
        adopt(folder.path(), 3, Some(&hash("8642").unwrap())).unwrap();
        assert_eq!((given(folder.path()), enter("8642"), enter("2580")), (Some(3), true, false));
        set(folder.path(), &hash("2580").unwrap()).unwrap();
        assert!(enter("2580"));
        adopt(folder.path(), 4, None).unwrap();
        assert_eq!((given(folder.path()), is_set(folder.path())), (Some(4), false));
    }

    #[test]
    fn the_delay_ends_at_an_hour_however_often_somebody_tries() {
        let folder = folder();
        std::fs::write(folder.path().join("pin-tries-screen"), u32::MAX.to_string()).unwrap();
        assert_eq!(PinGuard::new(folder.path(), "screen", 7).wait_ms(7), DELAY_MAX_MS);
    }
}
