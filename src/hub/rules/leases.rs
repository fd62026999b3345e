//! Leases: who may be believed to be at a piece of work, and when one that failed is tried again.
//!
//! Whoever takes a piece of work says until when, and says so again as long as it is at it. So no
//! lock is held meanwhile, and what a process leaves that has died is taken by another.

use crate::feedback::moment::{DAY_MS, HOUR_MS};

/// How long whoever takes a piece of work, or says that it is still at it, is believed.
pub const LEASE_MS: i64 = 120_000;

/// How often whoever is at a piece of work says so, in milliseconds: several times in a lease.
pub const HEARTBEAT_MS: u64 = 30_000;

/// In how many milliseconds what has failed once is tried again; each failure doubles it.
const RETRY_MS: i64 = 10_000;

/// In how many milliseconds what fails and fails is tried again at most.
const RETRY_MS_MAX: i64 = HOUR_MS;

/// How long what was done is remembered, in milliseconds.
const DONE_MS: i64 = 7 * DAY_MS;

/// Until when a lease is good that is given at this time, in milliseconds since 1970 UTC.
#[must_use]
pub const fn until_ms(now_ms: i64) -> i64 {
    now_ms.saturating_add(LEASE_MS)
}

/// After when no lease that is good ends at this time: one that does was given by a clock that has
/// been put back since, and would hold for as long. Clocks of two hubs may be apart by a lease.
#[must_use]
pub const fn impossible_after_ms(now_ms: i64) -> i64 {
    now_ms.saturating_add(2 * LEASE_MS)
}

/// After when no work is due at this time: what is, was put off by a clock that has been put back
/// since, and would wait as long. Nothing is put off by more than a day.
#[must_use]
pub const fn impossible_due_ms(now_ms: i64) -> i64 {
    now_ms.saturating_add(2 * DAY_MS)
}

/// Whether a lease that is good until then is over at this time.
#[must_use]
pub const fn is_over(until_ms: i64, now_ms: i64) -> bool {
    until_ms <= now_ms || until_ms > impossible_after_ms(now_ms)
}

/// When what has failed at this time is tried again, after so many tries without a step forward.
#[must_use]
pub fn retried_ms(tries: u32, now_ms: i64) -> i64 {
    let doublings = tries.saturating_sub(1).min(20);
    now_ms.saturating_add((RETRY_MS << doublings).min(RETRY_MS_MAX))
}

/// What was done before this time is forgotten.
#[must_use]
pub const fn forgotten_before_ms(now_ms: i64) -> i64 {
    now_ms.saturating_sub(DONE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_176_000_000;

    #[test]
    fn a_lease_is_over_after_its_time_and_where_no_clock_that_is_right_has_given_it() {
        let until = until_ms(NOW);
        assert!(!is_over(until, NOW) && !is_over(until, until - 1));
        assert!(is_over(until, until));
        assert!(!is_over(until, NOW - LEASE_MS), "another hub's clock may be ahead");
        assert!(is_over(until, NOW - LEASE_MS - 1), "the clock was put back");
        assert!(is_over(0, NOW), "nobody has it");
    }

    #[test]
    fn whoever_is_at_it_says_so_several_times_in_a_lease() {
        assert!(HEARTBEAT_MS * 3 < LEASE_MS.cast_unsigned());
    }

    #[test]
    fn what_fails_is_tried_again_later_and_later_and_at_least_once_an_hour() {
        let delays: Vec<i64> =
            [0, 1, 2, 3, 9, 10, u32::MAX].map(|tries| retried_ms(tries, NOW) - NOW).into();
        assert_eq!(delays, [10_000, 10_000, 20_000, 40_000, 2_560_000, HOUR_MS, HOUR_MS]);
    }

    #[test]
    fn what_was_done_is_remembered_for_a_week() {
        assert_eq!(forgotten_before_ms(NOW), NOW - 7 * DAY_MS);
    }
}
