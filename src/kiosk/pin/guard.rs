//! Counts the tries at the screen, where one delay holds for everybody.

use std::path::{Path, PathBuf};

use super::delay::{Delay, Denied, FREE_TRIES};
use super::kept::kept;
use super::tries::{self, Tries, WHOLE};
use crate::secret::pin::is_right;

/// The name of this way in.
pub(super) const WAY: &str = "screen";

/// The name of how often somebody came in.
const ENTERED: &str = "entered";

/// How often somebody came in at the screen of the kiosk with this data folder; none where the file
/// that says so cannot be read.
pub(super) fn entered(data_dir: &Path) -> Option<u64> {
    Tries::read(data_dir, WAY).ok().map(|tries| tries.count(ENTERED))
}

/// Guards the screen.
#[derive(Debug)]
pub struct PinGuard {
    data_dir: PathBuf,
    delay: Delay,
    mark: Option<u64>,
    total: u64,
    entered: u64,
}

impl PinGuard {
    /// The guard of the kiosk with this data folder, at this instant of the boot's clock.
    #[must_use]
    pub fn new(data_dir: &Path, now_ms: u64) -> Self {
        let tries = Tries::read_or_wait(data_dir, WAY, FREE_TRIES);
        Self {
            data_dir: data_dir.to_owned(),
            delay: Delay { wrong: tries.wrong(WHOLE), since_ms: now_ms },
            mark: tries.mark,
            total: tries.total,
            entered: tries.count(ENTERED),
        }
    }

    /// How long nothing is tried, in milliseconds; 0 when somebody may try.
    #[must_use]
    pub fn wait_ms(&mut self, now_ms: u64) -> u64 {
        let mark = tries::mark(&self.data_dir);
        if mark.is_some() && self.mark != mark {
            // Nobody has tried at this PIN; a file of an older version does not say at which.
            if self.mark.is_some() {
                (self.delay, self.total) = (Delay::default(), 0);
            }
            self.mark = mark;
        }
        self.delay.wait_ms(now_ms)
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
        let (delay, total) = (self.delay.tried(now_ms), self.total.saturating_add(1));
        let total_before = std::mem::replace(&mut self.total, total);
        self.delay = delay;
        self.write();
        if is_right(pin, hash.trim()) {
            (self.delay, self.total) = (Delay::default(), total_before);
            self.entered = self.entered.wrapping_add(1);
            self.write();
            return Ok(());
        }
        match self.delay.wait_ms(now_ms) {
            0 => Err(Denied::Wrong { left: self.delay.left() }),
            ms => Err(Denied::Wait { ms }),
        }
    }

    fn write(&self) {
        let counts = [(WHOLE, u64::from(self.delay.wrong)), (ENTERED, self.entered)];
        let counts = counts.map(|(name, count)| (name.to_owned(), count)).to_vec();
        Tries { mark: self.mark, total: self.total, counts }.write(&self.data_dir, WAY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kiosk::pin::{DELAY_MAX_MS, FIRST_DELAY_MS};
    use crate::kiosk::pin::{adopt, given, hash, is_set, set, unset, wrong_tries};

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), &hash("2580").unwrap()).unwrap();
        folder
    }

    #[test]
    fn whoever_knows_the_pin_is_let_in_and_nobody_without_one() {
        let folder = folder();
        let mut guard = PinGuard::new(folder.path(), 0);
        assert_eq!(guard.enter("2580", 1), Ok(()));
        assert!(unset(folder.path()).unwrap());
        assert_eq!(guard.enter("2580", 2), Err(Denied::Unset));
        assert_eq!(guard.enter("", 2), Err(Denied::Unset));
    }

    #[test]
    fn five_wrong_tries_are_free_and_each_further_one_doubles_the_delay() {
        let folder = folder();
        let mut guard = PinGuard::new(folder.path(), 0);
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
        assert_eq!(wrong_tries(folder.path()), u64::from(FREE_TRIES) + 2);
    }

    #[test]
    fn a_restart_gives_no_free_try() {
        let folder = folder();
        let mut guard = PinGuard::new(folder.path(), 0);
        for _ in 0..=FREE_TRIES {
            let _ = guard.enter("1111", 0);
        }
        let mut again = PinGuard::new(folder.path(), 500);
        assert_eq!(again.enter("2580", 500), Err(Denied::Wait { ms: FIRST_DELAY_MS }));
        // What cannot be read may have been anything.
        for unreadable in ["x", ""] {
            std::fs::write(folder.path().join("pin-tries-screen"), unreadable).unwrap();
            assert!(PinGuard::new(folder.path(), 0).wait_ms(0) > 0);
        }
    }

    #[test]
    fn what_an_older_version_wrote_counts() {
        let folder = folder();
        std::fs::write(folder.path().join("pin-tries-screen"), "6").unwrap();
        let mut guard = PinGuard::new(folder.path(), 0);
        assert_eq!(guard.wait_ms(0), 2 * FIRST_DELAY_MS);
        assert_eq!(guard.enter("2580", 2 * FIRST_DELAY_MS), Ok(()));
    }

    #[test]
    fn another_pin_clears_the_delay_and_the_count() {
        let folder = folder();
        let mut guard = PinGuard::new(folder.path(), 0);
        for _ in 0..=FREE_TRIES {
            let _ = guard.enter("1111", 0);
        }
        assert!(guard.wait_ms(0) > 0);
        set(folder.path(), &hash("2580").unwrap()).unwrap();
        assert_eq!((guard.wait_ms(0), wrong_tries(folder.path())), (0, 0));
        assert_eq!(PinGuard::new(folder.path(), 0).enter("2580", 0), Ok(()));
    }

    #[test]
    fn the_delay_ends_at_an_hour_however_often_somebody_tries() {
        let folder = folder();
        std::fs::write(folder.path().join("pin-tries-screen"), u32::MAX.to_string()).unwrap();
        assert_eq!(PinGuard::new(folder.path(), 7).wait_ms(7), DELAY_MAX_MS);
    }

    #[test]
    fn head_office_has_the_last_word_until_somebody_sets_another() {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), &hash("2580").unwrap()).unwrap();
        let enter = |pin: &str| PinGuard::new(folder.path(), 0).enter(pin, 0).is_ok();
        assert_eq!(given(folder.path()), None);
        adopt(folder.path(), 3, Some(&hash("8642").unwrap())).unwrap();
        assert_eq!((given(folder.path()), enter("8642"), enter("2580")), (Some(3), true, false));
        set(folder.path(), &hash("2580").unwrap()).unwrap();
        assert!(enter("2580"));
        adopt(folder.path(), 4, None).unwrap();
        assert_eq!((given(folder.path()), is_set(folder.path())), (Some(4), false));
    }
}
