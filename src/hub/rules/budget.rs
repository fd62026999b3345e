//! The budget of a kiosk: how much it may have the hub keep in a day.
//!
//! A day is one of UTC. What counts is what stays: rows, their content, and lines of the log. What
//! somebody imports by hand is not counted, since somebody has looked at it.

use crate::feedback::moment::DAY_MS;

/// What a row costs besides its content, in bytes.
pub const ROW_BYTES: u64 = 64;

/// What a line of the log costs, in bytes.
pub const LINE_BYTES: u64 = 200;

/// The most lines that one delivery adds to the log about its events; the rest is a number.
pub const LINES_MAX: usize = 20;

/// What a kiosk has spent of its budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// The day, counted from 1970.
    pub day: i64,
    /// What it has spent on that day, in bytes.
    pub bytes: u64,
}

impl Spent {
    /// What is spent after these bytes too, at this time in milliseconds since 1970 UTC.
    #[must_use]
    pub const fn and(self, bytes: u64, now_ms: i64) -> Self {
        Self { day: now_ms.div_euclid(DAY_MS), bytes: self.on_day_of(now_ms).saturating_add(bytes) }
    }

    /// Whether nothing is left of so many bytes a day, at this time in milliseconds since 1970 UTC.
    #[must_use]
    pub const fn is_all(self, budget: u64, now_ms: i64) -> bool {
        self.on_day_of(now_ms) >= budget
    }

    /// What is spent on the day of this time, in bytes.
    #[must_use]
    pub const fn on_day_of(self, now_ms: i64) -> u64 {
        if self.day == now_ms.div_euclid(DAY_MS) { self.bytes } else { 0 }
    }
}

/// In how many seconds the day of this time is over.
#[must_use]
pub fn day_ends_in_s(now_ms: i64) -> u32 {
    let left_ms = DAY_MS - now_ms.rem_euclid(DAY_MS);
    u32::try_from(left_ms / 1_000 + 1).unwrap_or(u32::MAX)
}

/// What lines about so many events cost, in bytes.
#[must_use]
pub fn of_lines(events: usize) -> u64 {
    u64::try_from(events.min(LINES_MAX)).unwrap_or(u64::MAX) * LINE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_adds_up_over_a_day_and_is_forgotten_on_the_next() {
        let noon = 20_000 * DAY_MS + DAY_MS / 2;
        let spent = Spent::default().and(60, noon).and(40, noon + 1_000);
        assert_eq!(spent, Spent { day: 20_000, bytes: 100 });
        assert!(spent.is_all(100, noon) && !spent.is_all(101, noon));
        assert!(!spent.is_all(100, noon + DAY_MS), "the next day");
        assert!(!spent.is_all(100, noon - DAY_MS), "a clock that was set back holds up nothing");
        assert_eq!(spent.and(1, noon + DAY_MS), Spent { day: 20_001, bytes: 1 });
        assert_eq!(spent.and(u64::MAX, noon).bytes, u64::MAX);
    }

    #[test]
    fn a_day_ends_at_midnight() {
        assert_eq!(day_ends_in_s(20_000 * DAY_MS), 86_401);
        assert_eq!(day_ends_in_s(20_001 * DAY_MS - 1), 1);
    }
}
