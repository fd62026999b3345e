//! Counts the tries over the network: a delay for each address, one for each known device, and a
//! loose limit on all addresses together.
//!
//! A stranger in the shop's network who tries PINs delays his own address, and with many addresses
//! he can use up the loose limit. Neither delays a known device: it shows a random token and is
//! counted by that alone. Somebody without a known device enters the PIN at the screen once, or
//! sets another: either clears every delay here.

use std::path::{Path, PathBuf};

use super::delay::{Delay, Denied};
use super::guard;
use super::kept::kept;
use super::tries::{self, Tries, WHOLE};
use crate::secret::pin::is_right;
use crate::secret::token::{self, digest, hex};

/// The name of this way in.
pub(super) const WAY: &str = "phone";

/// How many wrong tries all addresses together have; one comes back in [`ALL_INTERVAL_MS`].
pub const ALL_FREE: u32 = 40;

/// How soon one more try is free to all addresses together, in milliseconds.
pub const ALL_INTERVAL_MS: u64 = 3_600_000;

/// How many addresses are remembered; the one whose last wrong try is longest ago is forgotten.
/// The limit on all of them does not forget.
const ADDRESSES_MAX: usize = 64;

/// How many devices are remembered; the one that came in longest ago is forgotten.
const DEVICES_MAX: usize = 16;

/// The name of how often somebody had come in at the screen when this way was last used.
const SEEN: &str = "seen";

const ADDRESS: &str = "address ";
const DEVICE: &str = "device ";

/// Who tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The address or the network that it comes from, as one word.
    pub address: String,
    /// What it shows to be known as a device that was in before.
    pub device: Option<String>,
}

/// Guards the network.
#[derive(Debug)]
pub struct NetworkGuard {
    data_dir: PathBuf,
    mark: Option<u64>,
    total: u64,
    /// How often somebody had come in at the screen.
    seen: u64,
    /// How many tries of all addresses are used up, and since when the next one comes back.
    all: Delay,
    /// The one that was tried last at the end.
    addresses: Vec<(String, Delay)>,
    /// By the hash of what they show; the one that came in last at the end.
    devices: Vec<(String, Delay)>,
}

impl NetworkGuard {
    /// The guard of the kiosk with this data folder, at this instant of the boot's clock.
    #[must_use]
    pub fn new(data_dir: &Path, now_ms: u64) -> Self {
        let tries = Tries::read_or_wait(data_dir, WAY, ALL_FREE);
        let named = |kind: &str| {
            let of_kind = tries.counts.iter().filter_map(|(name, _)| name.strip_prefix(kind));
            let delay = |name: &str| {
                let wrong = tries.wrong(&format!("{kind}{name}"));
                (name.to_owned(), Delay { wrong, since_ms: now_ms })
            };
            of_kind.map(delay).collect::<Vec<_>>()
        };
        Self {
            data_dir: data_dir.to_owned(),
            mark: tries.mark,
            total: tries.total,
            seen: tries.count(SEEN),
            all: Delay { wrong: tries.wrong(WHOLE), since_ms: now_ms },
            addresses: named(ADDRESS),
            devices: named(DEVICE),
        }
    }

    /// How long nothing is tried by this caller, in milliseconds; 0 when it may try.
    #[must_use]
    pub fn wait_ms(&mut self, caller: &Caller, now_ms: u64) -> u64 {
        self.look_around(now_ms);
        match self.device_of(caller) {
            Some((_, delay)) => delay.wait_ms(now_ms),
            None => self.address_of(caller).wait_ms(now_ms).max(self.all_wait_ms(now_ms)),
        }
    }

    /// Lets somebody in who knows the PIN; returns what its device is to show from now on.
    ///
    /// # Errors
    /// [`Denied`] says why not.
    pub fn enter(&mut self, pin: &str, caller: &Caller, now_ms: u64) -> Result<String, Denied> {
        let ms = self.wait_ms(caller, now_ms);
        if ms > 0 {
            return Err(Denied::Wait { ms });
        }
        let Some(hash) = kept(&self.data_dir) else {
            return Err(Denied::Unset);
        };
        let (all, total) = (self.all, self.total);
        self.note_wrong(caller, now_ms);
        self.write();
        if !is_right(pin, hash.trim()) {
            return match self.wait_ms(caller, now_ms) {
                0 => Err(Denied::Wrong { left: self.delay_of(caller).left() }),
                ms => Err(Denied::Wait { ms }),
            };
        }
        (self.all, self.total) = (all, total);
        let device = match self.device_of(caller) {
            None => {
                self.addresses.retain(|(name, _)| *name != caller.address);
                token::random()
            }
            Some((name, _)) => {
                self.devices.retain(|(known, _)| *known != name);
                caller.device.clone().unwrap_or_default()
            }
        };
        push(&mut self.devices, DEVICES_MAX, name_of(&device), Delay::default());
        self.write();
        Ok(device)
    }

    /// Notices another PIN, and somebody who came in at the screen: either clears the delays.
    fn look_around(&mut self, now_ms: u64) {
        let mark = tries::mark(&self.data_dir);
        if mark.is_some() && self.mark != mark {
            // Nobody has tried at this PIN; a file of an older version does not say at which.
            if self.mark.is_some() {
                self.clear();
                self.total = 0;
            }
            self.mark = mark;
        }
        if let Some(entered) = guard::entered(&self.data_dir).filter(|at| *at != self.seen) {
            self.seen = entered;
            self.clear();
        }
        let back = now_ms.saturating_sub(self.all.since_ms) / ALL_INTERVAL_MS;
        self.all.wrong = self.all.wrong.saturating_sub(u32::try_from(back).unwrap_or(u32::MAX));
        self.all.since_ms = match self.all.wrong {
            0 => now_ms,
            _ => self.all.since_ms + back * ALL_INTERVAL_MS,
        };
    }

    fn clear(&mut self) {
        self.all.wrong = 0;
        self.addresses.clear();
        self.devices.iter_mut().for_each(|(_, delay)| *delay = Delay::default());
    }

    fn all_wait_ms(&self, now_ms: u64) -> u64 {
        match self.all.wrong {
            0..ALL_FREE => 0,
            _ => (self.all.since_ms + ALL_INTERVAL_MS).saturating_sub(now_ms),
        }
    }

    fn device_of(&self, caller: &Caller) -> Option<(String, Delay)> {
        let name = name_of(caller.device.as_deref()?);
        self.devices.iter().find(|(known, _)| *known == name).cloned()
    }

    fn address_of(&self, caller: &Caller) -> Delay {
        let known = self.addresses.iter().find(|(name, _)| *name == caller.address);
        known.map_or_else(Delay::default, |(_, delay)| *delay)
    }

    fn delay_of(&self, caller: &Caller) -> Delay {
        self.device_of(caller).map_or_else(|| self.address_of(caller), |(_, delay)| delay)
    }

    fn note_wrong(&mut self, caller: &Caller, now_ms: u64) {
        self.total = self.total.saturating_add(1);
        if let Some((name, delay)) = self.device_of(caller) {
            let known = self.devices.iter_mut().filter(|(known, _)| *known == name);
            known.for_each(|(_, known)| *known = delay.tried(now_ms));
            return;
        }
        self.all.wrong = self.all.wrong.saturating_add(1);
        let delay = self.address_of(caller).tried(now_ms);
        self.addresses.retain(|(name, _)| *name != caller.address);
        push(&mut self.addresses, ADDRESSES_MAX, caller.address.clone(), delay);
    }

    fn write(&self) {
        let whole = [(WHOLE, u64::from(self.all.wrong)), (SEEN, self.seen)];
        let mut counts = whole.map(|(name, count)| (name.to_owned(), count)).to_vec();
        for (kind, guard) in [(ADDRESS, &self.addresses), (DEVICE, &self.devices)] {
            let count =
                |(name, delay): &(String, Delay)| (format!("{kind}{name}"), u64::from(delay.wrong));
            counts.extend(guard.iter().map(count));
        }
        Tries { mark: self.mark, total: self.total, counts }.write(&self.data_dir, WAY);
    }
}

/// How many wrong tries there were at the present PIN, at the screen and over the network.
#[must_use]
pub fn wrong_tries(data_dir: &Path) -> u64 {
    let mark = tries::mark(data_dir);
    let of = |way| {
        let tries = Tries::read(data_dir, way).unwrap_or_default();
        tries.total_at(mark)
    };
    of(guard::WAY).saturating_add(of(WAY))
}

/// Adds a delay at the end; the first makes room.
fn push(guard: &mut Vec<(String, Delay)>, delays_max: usize, name: String, delay: Delay) {
    if guard.len() >= delays_max {
        guard.remove(0);
    }
    guard.push((name, delay));
}

/// What is kept of what a device shows, so that nobody can show it who reads the file.
fn name_of(device: &str) -> String {
    hex(&digest(device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kiosk::pin::{FIRST_DELAY_MS, FREE_TRIES, PinGuard, hash, set, wrong_tries};

    const HOUR_MS: u64 = 3_600_000;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), &hash("2580").unwrap()).unwrap();
        folder
    }

    fn at(address: &str) -> Caller {
        Caller { address: address.to_owned(), device: None }
    }

    fn with(address: &str, device: &str) -> Caller {
        Caller { address: address.to_owned(), device: Some(device.to_owned()) }
    }

    #[test]
    fn a_neighbour_who_tries_whenever_he_may_keeps_no_other_address_out() {
        let folder = folder();
        let mut guard = NetworkGuard::new(folder.path(), 0);
        let (mut now_ms, mut tried) = (0, 0);
        for day in 0..3 * 24 {
            while now_ms < day * HOUR_MS {
                match guard.wait_ms(&at("neighbour"), now_ms) {
                    0 => {
                        tried += 1;
                        assert!(guard.enter("1111", &at("neighbour"), now_ms).is_err());
                    }
                    ms => now_ms += ms,
                }
            }
            let phone = at(&format!("phone-{day}"));
            assert!(guard.enter("2580", &phone, now_ms).is_ok(), "hour {day}");
        }
        assert!((60..=90).contains(&tried), "{tried}");
        assert_eq!(wrong_tries(folder.path()), tried);
    }

    #[test]
    fn all_addresses_together_guess_no_more_than_the_documentation_says() {
        let folder = folder();
        let mut guard = NetworkGuard::new(folder.path(), 0);
        let mut guesses = 0;
        for minute in 0..24 * 60 {
            for address in 0..10 {
                let caller = at(&format!("{minute}-{address}"));
                let before = wrong_tries(folder.path());
                assert!(guard.enter("1111", &caller, minute * 60_000).is_err());
                guesses += wrong_tries(folder.path()) - before;
            }
            if minute == 12 * 60 {
                // Neither a restart nor a forgotten address gives any for free.
                guard = NetworkGuard::new(folder.path(), minute * 60_000);
            }
        }
        assert!(guesses <= u64::from(ALL_FREE) + 24, "{guesses}");
        assert!(guesses >= u64::from(ALL_FREE), "{guesses}");
    }

    #[test]
    fn a_known_device_has_a_delay_of_its_own_over_a_restart() {
        let folder = folder();
        let mut guard = NetworkGuard::new(folder.path(), 0);
        let device = guard.enter("2580", &at("phone"), 0).unwrap();
        for at_ms in 0..1_000 {
            let _ = guard.enter("1111", &at(&format!("{at_ms}")), 1);
            let _ = guard.enter("1111", &at("phone"), 1);
        }
        assert!(matches!(guard.enter("2580", &at("new"), 1), Err(Denied::Wait { .. })));
        let mut guard = NetworkGuard::new(folder.path(), 2);
        assert_eq!(guard.wait_ms(&with("phone", &device), 2), 0);
        assert_eq!(guard.enter("2580", &with("phone", &device), 2).as_ref(), Ok(&device));
        // An unknown token opens nothing, and a known device is delayed by its own tries.
        assert!(guard.enter("2580", &with("phone", "0"), 2).is_err());
        for left in (1..FREE_TRIES).rev() {
            let denied = guard.enter("1111", &with("phone", &device), 2);
            assert_eq!(denied, Err(Denied::Wrong { left }));
        }
        let denied = guard.enter("1111", &with("phone", &device), 2);
        assert_eq!(denied, Err(Denied::Wait { ms: FIRST_DELAY_MS }));
    }

    #[test]
    fn a_right_pin_at_the_screen_and_another_pin_clear_the_delays() {
        let folder = folder();
        let mut guard = NetworkGuard::new(folder.path(), 0);
        let close = |guard: &mut NetworkGuard| {
            for address in 0..=ALL_FREE {
                let _ = guard.enter("1111", &at(&format!("{}", address / 4)), 0);
            }
            assert!(guard.wait_ms(&at("new"), 0) > 0);
        };
        close(&mut guard);
        let mut screen = PinGuard::new(folder.path(), 0);
        assert!(screen.enter("1111", 0).is_err());
        assert!(guard.wait_ms(&at("new"), 0) > 0, "a wrong one does not");
        screen.enter("2580", 0).unwrap();
        assert_eq!((guard.wait_ms(&at("new"), 0), guard.wait_ms(&at("0"), 0)), (0, 0));
        close(&mut guard);
        screen.enter("2580", 0).unwrap();
        let mut guard = NetworkGuard::new(folder.path(), 0);
        assert_eq!(guard.wait_ms(&at("new"), 0), 0, "also when nobody looked before a restart");
        close(&mut guard);
        assert!(wrong_tries(folder.path()) > 80);
        set(folder.path(), &hash("8642").unwrap()).unwrap();
        assert_eq!((guard.wait_ms(&at("new"), 0), wrong_tries(folder.path())), (0, 0));
        assert!(guard.enter("8642", &at("new"), 0).is_ok());
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let folder = folder();
        let mut guard = NetworkGuard::new(folder.path(), 0);
        for at_ms in 0..100 {
            let now_ms = at_ms * HOUR_MS;
            let caller = at(&format!("{at_ms}"));
            assert!(guard.enter("1111", &caller, now_ms).is_err());
            assert!(guard.enter("2580", &at("phone"), now_ms).is_ok());
        }
        // The address of the phone was forgotten when it came in.
        let full = (ADDRESSES_MAX - 1, DEVICES_MAX);
        assert_eq!((guard.addresses.len(), guard.devices.len()), full);
        let again = NetworkGuard::new(folder.path(), 0);
        assert_eq!((again.addresses.len(), again.devices.len()), full);
    }

    #[test]
    fn what_cannot_be_read_may_have_been_anything() {
        let folder = folder();
        std::fs::write(folder.path().join("pin-tries-phone"), "x").unwrap();
        assert!(NetworkGuard::new(folder.path(), 0).wait_ms(&at("phone"), 0) > 0);
    }
}
