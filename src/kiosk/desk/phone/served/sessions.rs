//! The sessions of the desk's page: a cookie for everybody who entered the right PIN.
//!
//! A session's random token is made only after the right PIN, and never taken from the browser, so
//! nobody can be given a token that somebody else knows. Only its hash is kept. Sessions end with
//! the process, when the PIN changes, and after a while.

use std::path::{Path, PathBuf};

use crate::kiosk::pin::{self, Caller, Denied, NetworkGuard};
use crate::secret::token;

/// How long a session may be idle, in milliseconds.
pub(super) const IDLE_MS: u64 = 15 * 60 * 1_000;

/// How long a session lasts at most, in milliseconds: a working day.
pub(super) const STAY_MS: u64 = 10 * 60 * 60 * 1_000;

/// How many sessions there are at once; a further one replaces the one that was idle longest.
pub(super) const SESSIONS_MAX: usize = 8;

/// Every session, and the guard of the PIN.
#[derive(Debug)]
pub(super) struct Sessions {
    guard: NetworkGuard,
    data_dir: PathBuf,
    sessions: Vec<Session>,
}

/// Somebody was let in.
#[derive(Debug)]
pub(super) struct Entered {
    /// What the session is known by.
    pub(super) token: String,
    /// What the device is known by when it comes again.
    pub(super) device: String,
}

#[derive(Debug)]
struct Session {
    token: [u8; 32],
    /// The hash of the PIN with which it began.
    pin: String,
    idle_until_ms: u64,
    until_ms: u64,
}

impl Sessions {
    /// No sessions yet.
    #[must_use]
    pub(super) fn new(data_dir: &Path, now_ms: u64) -> Self {
        let guard = NetworkGuard::new(data_dir, now_ms);
        Self { guard, data_dir: data_dir.to_owned(), sessions: Vec::new() }
    }

    /// Whether the PIN can be entered now.
    ///
    /// # Errors
    /// [`Denied`] when nobody can come in now.
    pub(super) fn look(&mut self, caller: &Caller, now_ms: u64) -> Result<(), Denied> {
        match self.guard.wait_ms(caller, now_ms) {
            _ if !pin::is_set(&self.data_dir) => Err(Denied::Unset),
            0 => Ok(()),
            ms => Err(Denied::Wait { ms }),
        }
    }

    /// Lets somebody in who knows the PIN.
    ///
    /// # Errors
    /// [`Denied`] says why not.
    pub(super) fn enter(
        &mut self,
        pin: &str,
        caller: &Caller,
        now_ms: u64,
    ) -> Result<Entered, Denied> {
        let device = self.guard.enter(pin, caller, now_ms)?;
        let pin = pin::kept(&self.data_dir).ok_or(Denied::Unset)?;
        let token = token::random();
        self.sweep(now_ms);
        if self.sessions.len() >= SESSIONS_MAX {
            let longest =
                self.sessions.iter().enumerate().min_by_key(|(_, session)| session.idle_until_ms);
            if let Some(at) = longest.map(|(at, _)| at) {
                self.sessions.remove(at);
            }
        }
        let (idle_until_ms, until_ms) = (now_ms + IDLE_MS, now_ms + STAY_MS);
        self.sessions.push(Session { token: token::digest(&token), pin, idle_until_ms, until_ms });
        Ok(Entered { token, device })
    }

    /// Finds the session of this token and notes that it is not idle; false when there is none.
    pub(super) fn use_session(&mut self, token: &str, now_ms: u64) -> bool {
        self.sweep(now_ms);
        let pin = pin::kept(&self.data_dir);
        let digest = token::digest(token);
        let Some(session) = self.sessions.iter_mut().find(|session| session.token == digest) else {
            return false;
        };
        session.idle_until_ms = now_ms + IDLE_MS;
        pin.is_some_and(|pin| pin == session.pin)
    }

    /// Ends a session.
    pub(super) fn leave(&mut self, token: &str) {
        let digest = token::digest(token);
        self.sessions.retain(|session| session.token != digest);
    }

    fn sweep(&mut self, now_ms: u64) {
        self.sessions.retain(|session| now_ms < session.idle_until_ms.min(session.until_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kiosk::pin::PinGuard;

    fn phone() -> Caller {
        Caller { address: "192.0.2.1".to_owned(), device: None }
    }

    fn sessions() -> (tempfile::TempDir, Sessions) {
        let folder = tempfile::tempdir().unwrap();
        pin::set(folder.path(), &pin::hash("2580").unwrap()).unwrap();
        let sessions = Sessions::new(folder.path(), 0);
        (folder, sessions)
    }

    #[test]
    fn whoever_knows_the_pin_is_in_until_idle_for_too_long_or_the_day_is_over() {
        let (_folder, mut sessions) = sessions();
        let token = sessions.enter("2580", &phone(), 0).unwrap().token;
        assert_eq!(token.len(), 64);
        assert!(sessions.use_session(&token, IDLE_MS - 1));
        assert!(sessions.use_session(&token, 2 * IDLE_MS - 2), "not idle meanwhile");
        assert!(!sessions.use_session(&token, 3 * IDLE_MS));
        let token = sessions.enter("2580", &phone(), 0).unwrap().token;
        for now_ms in (0..STAY_MS).step_by(600_000) {
            assert!(sessions.use_session(&token, now_ms));
        }
        assert!(!sessions.use_session(&token, STAY_MS));
        assert!(!sessions.use_session("", 0));
    }

    #[test]
    fn another_pin_or_none_shows_everybody_out() {
        let (folder, mut sessions) = sessions();
        let token = sessions.enter("2580", &phone(), 0).unwrap().token;
        pin::set(folder.path(), &pin::hash("1357").unwrap()).unwrap();
        assert!(!sessions.use_session(&token, 1));
        let token = sessions.enter("1357", &phone(), 2).unwrap().token;
        assert!(sessions.use_session(&token, 3));
        pin::unset(folder.path()).unwrap();
        assert!(!sessions.use_session(&token, 4));
        assert_eq!(sessions.look(&phone(), 4), Err(Denied::Unset));
    }

    #[test]
    fn the_one_who_was_idle_longest_makes_room() {
        let (_folder, mut sessions) = sessions();
        let count = u64::try_from(SESSIONS_MAX).unwrap();
        let tokens: Vec<String> = (0..=count)
            .map(|now_ms| sessions.enter("2580", &phone(), now_ms).unwrap().token)
            .collect();
        let are_in: Vec<bool> =
            tokens.iter().map(|token| sessions.use_session(token, count)).collect();
        assert_eq!(are_in.iter().filter(|is_in| **is_in).count(), SESSIONS_MAX);
        assert!(!are_in[0]);
    }

    #[test]
    fn wrong_tries_at_the_page_are_counted_apart_from_those_at_the_screen() {
        let (folder, mut sessions) = sessions();
        for _ in 0..pin::FREE_TRIES {
            assert!(sessions.enter("1111", &phone(), 0).is_err());
        }
        assert!(matches!(sessions.look(&phone(), 1), Err(Denied::Wait { .. })));
        assert!(matches!(sessions.enter("2580", &phone(), 1), Err(Denied::Wait { .. })));
        assert_eq!(PinGuard::new(folder.path(), 1).wait_ms(1), 0);
    }
}
