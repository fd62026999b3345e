//! Kiosks: how each one is, by the last that was heard of it, and the PIN of its desk.
//!
//! Isolation: each method is one transaction. [`Archive::set_pin`] counts a PIN's number up in the
//! statement that sets it, so that two of them never give two PINs one number; that of a shop locks
//! the shop's row first, so that no kiosk comes into it in between.
//!
//! [`Archive::set_pin`]: super::Archive::set_pin

use super::places::Kiosk;
use crate::hub::rules::budget::Spent;
use crate::wire::delivery::Finding;

/// A kiosk and what was last heard of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The kiosk.
    pub kiosk: Kiosk,
    /// When it last delivered, in milliseconds since 1970 UTC.
    pub last_contact_ms: Option<i64>,
    /// The program that it runs, and its version.
    pub app: Option<String>,
    /// How many events it still held then.
    pub waiting: u64,
    /// How many events it has set aside.
    pub set_aside: u64,
    /// How many events its card lost, as far as they are known.
    pub lost: u64,
    /// Whether two devices use its token.
    pub is_cloned: bool,
    /// Whether it has a valid token.
    pub is_enrolled: bool,
    /// The number of the survey that it has kept.
    pub publication: Option<u64>,
    /// Why it does not ask the survey that it was given.
    pub survey_complaint: Option<String>,
    /// What it has spent of its budget.
    pub spent: Spent,
    /// The time zone by whose days it counts, if it has said.
    pub zone: Option<String>,
    /// The release of the time-zone rules that count there, if it has said.
    pub zone_rules: Option<String>,
    /// What contradicts the hub's clock there.
    pub clocks_apart: Option<Apart>,
    /// The opening hours of its own configuration, if it has any.
    pub hours: Option<String>,
    /// By which address of the hub it delivers, if it has said.
    pub address: Option<String>,
    /// Why it does not go to the address to which kiosks are to move.
    pub move_complaint: Option<String>,
    /// What is wrong or worth knowing there, the worst first, by its own word.
    pub findings: Vec<Finding>,
    /// How people call it, if not by its short name.
    pub name: Option<String>,
    /// When it was retired, or will be, in milliseconds since 1970 UTC.
    pub retired_ms: Option<i64>,
}

impl Status {
    /// Whether it is retired at this time, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn is_retired(&self, now_ms: i64) -> bool {
        self.retired_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }
}

/// The hub's clock and a kiosk's contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// How far the hub's is ahead, in milliseconds.
    pub ahead_ms: i64,
    /// Whether a time service vouches for the kiosk's.
    pub is_by_ntp: bool,
}

/// The kiosks whose desk gets a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinScope {
    /// One kiosk, by its short name.
    Kiosk(String),
    /// All kiosks of a shop, by its short name.
    Shop(String),
}
