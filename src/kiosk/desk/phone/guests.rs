//! Who is in at the desk's page: a cookie for whoever knew the PIN.
//!
//! A guest is known by a random token that was made when the PIN was right, and by nothing that a
//! browser brought along, so nobody can be slipped a token that somebody else knows. Only its hash
//! is kept. Guests are forgotten with the process, when the PIN changes, and after a while.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::kiosk::pin::{self, Denied, Door};

/// How long a guest may be idle, in milliseconds.
pub const IDLE_MS: u64 = 15 * 60 * 1_000;

/// How long anybody is in at most, in milliseconds: a working day.
pub const STAY_MS: u64 = 10 * 60 * 60 * 1_000;

/// How many are in at once; the one who was idle longest makes room.
pub const GUESTS_MAX: usize = 8;

type Hash = [u8; 32];

/// Everybody who is in, and the way in.
#[derive(Debug)]
pub struct Guests {
    door: Door,
    data_dir: PathBuf,
    guests: Vec<Guest>,
}

#[derive(Debug)]
struct Guest {
    token: Hash,
    /// The hash of the PIN that let this one in.
    pin: String,
    idle_until_ms: u64,
    until_ms: u64,
}

impl Guests {
    /// Nobody is in.
    #[must_use]
    pub fn new(data_dir: &Path, now_ms: u64) -> Self {
        let door = Door::new(data_dir, "phone", now_ms);
        Self { door, data_dir: data_dir.to_owned(), guests: Vec::new() }
    }

    /// How the way in stands, for whoever finds it.
    ///
    /// # Errors
    /// [`Denied`] when nobody can come in now.
    pub fn look(&self, now_ms: u64) -> Result<(), Denied> {
        match self.door.wait_ms(now_ms) {
            _ if !pin::is_set(&self.data_dir) => Err(Denied::Unset),
            0 => Ok(()),
            ms => Err(Denied::Wait { ms }),
        }
    }

    /// Lets somebody in who knows the PIN, and returns the token to be known by.
    ///
    /// # Errors
    /// [`Denied`] says why not.
    pub fn enter(&mut self, pin: &str, now_ms: u64) -> Result<String, Denied> {
        self.door.enter(pin, now_ms)?;
        let pin = pin::kept(&self.data_dir).ok_or(Denied::Unset)?;
        let token = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        self.sweep(now_ms);
        if self.guests.len() >= GUESTS_MAX {
            let longest =
                self.guests.iter().enumerate().min_by_key(|(_, guest)| guest.idle_until_ms);
            if let Some(at) = longest.map(|(at, _)| at) {
                self.guests.remove(at);
            }
        }
        let (idle_until_ms, until_ms) = (now_ms + IDLE_MS, now_ms + STAY_MS);
        self.guests.push(Guest { token: hash(&token), pin, idle_until_ms, until_ms });
        Ok(token)
    }

    /// Whether this token lets somebody in, who is then not idle.
    pub fn is_in(&mut self, token: &str, now_ms: u64) -> bool {
        self.sweep(now_ms);
        let pin = pin::kept(&self.data_dir);
        let token = hash(token);
        let Some(guest) = self.guests.iter_mut().find(|guest| guest.token == token) else {
            return false;
        };
        guest.idle_until_ms = now_ms + IDLE_MS;
        pin.is_some_and(|pin| pin == guest.pin)
    }

    /// Shows somebody out.
    pub fn leave(&mut self, token: &str) {
        let token = hash(token);
        self.guests.retain(|guest| guest.token != token);
    }

    fn sweep(&mut self, now_ms: u64) {
        self.guests.retain(|guest| now_ms < guest.idle_until_ms.min(guest.until_ms));
    }
}

/// What a form has to hold, so that no page of somebody else can send it: made of the token, which
/// no other page can read.
#[must_use]
pub fn form_token(token: &str) -> String {
    hash(&format!("form {token}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a form came from a page that this token got. Hashes are compared, so that the time it
/// takes tells nothing.
#[must_use]
pub fn is_own_form(token: &str, given: &str) -> bool {
    hash(&form_token(token)) == hash(given)
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guests() -> (tempfile::TempDir, Guests) {
        let folder = tempfile::tempdir().unwrap();
        pin::set(folder.path(), &pin::hash("2580").unwrap()).unwrap();
        let guests = Guests::new(folder.path(), 0);
        (folder, guests)
    }

    #[test]
    fn whoever_knows_the_pin_is_in_until_idle_for_too_long_or_the_day_is_over() {
        let (_folder, mut guests) = guests();
        let token = guests.enter("2580", 0).unwrap();
        assert_eq!(token.len(), 64);
        assert!(guests.is_in(&token, IDLE_MS - 1));
        assert!(guests.is_in(&token, 2 * IDLE_MS - 2), "not idle meanwhile");
        assert!(!guests.is_in(&token, 3 * IDLE_MS));
        let token = guests.enter("2580", 0).unwrap();
        for now_ms in (0..STAY_MS).step_by(600_000) {
            assert!(guests.is_in(&token, now_ms));
        }
        assert!(!guests.is_in(&token, STAY_MS));
        assert!(!guests.is_in("", 0));
    }

    #[test]
    fn another_pin_or_none_shows_everybody_out() {
        let (folder, mut guests) = guests();
        let token = guests.enter("2580", 0).unwrap();
        pin::set(folder.path(), &pin::hash("1357").unwrap()).unwrap();
        assert!(!guests.is_in(&token, 1));
        let token = guests.enter("1357", 2).unwrap();
        assert!(guests.is_in(&token, 3));
        pin::unset(folder.path()).unwrap();
        assert!(!guests.is_in(&token, 4));
        assert_eq!(guests.look(4), Err(Denied::Unset));
    }

    #[test]
    fn the_one_who_was_idle_longest_makes_room() {
        let (_folder, mut guests) = guests();
        let count = u64::try_from(GUESTS_MAX).unwrap();
        let tokens: Vec<String> =
            (0..=count).map(|now_ms| guests.enter("2580", now_ms).unwrap()).collect();
        let are_in: Vec<bool> = tokens.iter().map(|token| guests.is_in(token, count)).collect();
        assert_eq!(are_in.iter().filter(|is_in| **is_in).count(), GUESTS_MAX);
        assert!(!are_in[0]);
    }

    #[test]
    fn a_form_belongs_to_one_token() {
        assert!(is_own_form("a", &form_token("a")));
        for given in ["", "a", &form_token("b")] {
            assert!(!is_own_form("a", given), "{given}");
        }
    }

    #[test]
    fn wrong_tries_at_the_page_are_counted_apart_from_those_at_the_screen() {
        let (folder, mut guests) = guests();
        for _ in 0..pin::FREE_TRIES {
            assert!(guests.enter("1111", 0).is_err());
        }
        assert!(matches!(guests.look(1), Err(Denied::Wait { .. })));
        assert!(matches!(guests.enter("2580", 1), Err(Denied::Wait { .. })));
        assert_eq!(Door::new(folder.path(), "screen", 1).wait_ms(1), 0);
    }
}
