//! The shop manager's PIN: how it is kept, and what whoever guesses gets.
//!
//! Kept is an argon2id hash, never the PIN. A try is written down before it is looked at, so that
//! neither a power cut nor a restart gives another one for free; since no clock can be believed
//! after a restart, a delay begins anew there. Tries belong to the PIN that they were made at:
//! another PIN clears them.
//!
//! The screen has one door ([`PinGuard`]), and the network has many ([`Doors`]), so that somebody
//! at one keeps nobody out at another. How many PINs can be guessed is bounded all the same:
//!
//! - at the screen, and at each device that was in before: [`FREE_TRIES`], about seven more in the
//!   hour after them, then one an hour;
//! - at all addresses of the network together, however many somebody has: [`ALL_FREE`] and
//!   then one an hour, so 64 on the first day and 24 on each further one. Each right PIN at the
//!   screen begins that count anew.
//!
//! Of the 9,976 PINs of four digits that can be set, that is 0.6 % on the first day and 0.24 % on
//! each further one, while the desk says how many wrong tries there were; of six digits, a
//! hundredth of it.

mod door;
mod doors;
mod guard;
mod kept;
mod tries;

pub use self::door::{DELAY_MAX_MS, Denied, FIRST_DELAY_MS, FREE_TRIES};
pub use self::doors::{ALL_FREE, ALL_INTERVAL_MS, Caller, Doors, wrong_tries};
pub use self::guard::PinGuard;
pub use self::kept::{FILE, Unwritten, adopt, given, is_set, kept, set, unset};
pub use crate::secret::pin::hash;
