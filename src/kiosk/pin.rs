//! The shop manager's PIN: how it is kept, and how wrong tries are slowed down.
//!
//! Only an argon2id hash of it is kept. A try is counted on disk before it is checked, so that
//! neither a power cut nor a restart gives another one for free; since no clock can be trusted
//! after a restart, a delay then begins again. Another PIN clears all counts.
//!
//! Tries at the screen are counted by [`PinGuard`], tries over the network by [`NetworkGuard`], so
//! that neither keeps the other waiting. How many PINs can be guessed is bounded:
//!
//! - at the screen, and from each known device: [`FREE_TRIES`], about seven more in the next hour,
//!   then one an hour;
//! - from all addresses of the network together: [`ALL_FREE`], then one an hour, so 64 on the first
//!   day and 24 on each further day. A right PIN at the screen starts that count again.
//!
//! Of the 9,976 PINs of four digits that can be set, that is 0.6 % on the first day and 0.24 % on
//! each further day, while the desk shows how many wrong tries there were; of six digits, a
//! hundredth of that.

mod delay;
mod guard;
mod kept;
mod network_guard;
mod tries;

pub use self::delay::{DELAY_MAX_MS, Denied, FIRST_DELAY_MS, FREE_TRIES};
pub use self::guard::PinGuard;
pub use self::kept::{
    FILE, OWN_FILES, Unwritten, adopt, forget_given, given, is_set, kept, set, unset,
};
pub use self::network_guard::{ALL_FREE, ALL_INTERVAL_MS, Caller, NetworkGuard, wrong_tries};
pub use crate::secret::pin::hash;
