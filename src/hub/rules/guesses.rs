//! Guesses at one-time codes: how many wrong ones of somebody are counted.
//!
//! A code is far beyond guessing: it has 50 bits and lives three days. One network may ask 600
//! times in a minute (`limits.requests_per_minute`), which is 2.6 million tries in that time; where
//! a hundred codes are waiting for their kiosks, one network in four million finds one. Whoever has
//! thousands of networks is bounded by the hub, which looks at one code at a time: 2,000 in a
//! second would be 500 million tries, and find one of those hundred codes in 20,000 such attacks.
//!
//! So a right code always passes, also where others guess: behind the one address of a shop,
//! somebody who guesses must not keep its installer out. What too many wrong ones change is that no
//! further one of that network costs anything: the answer is the same, and nothing of it is written
//! or logged again. That holds over restarts of the hub.

use crate::feedback::moment::HOUR_MS;

/// How many wrong codes of one network are counted in an hour. An installer who mistypes needs a
/// few.
pub const WRONG_MAX: u32 = 60;

/// What one network has tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    /// How many codes were wrong since then.
    pub wrong: u32,
    /// When the present hour began, in milliseconds since 1970 UTC.
    pub since_ms: i64,
}

impl Guesses {
    /// For how many seconds no further wrong code is counted at this time; none when the next one
    /// is.
    #[must_use]
    pub fn wait_s(self, now_ms: i64) -> Option<u32> {
        let left_ms = self.left_ms(now_ms).filter(|_| self.wrong >= WRONG_MAX)?;
        Some(u32::try_from(left_ms / 1_000 + 1).unwrap_or(u32::MAX))
    }

    /// What was tried after one more wrong code.
    #[must_use]
    pub fn and_one(self, now_ms: i64) -> Self {
        match self.left_ms(now_ms) {
            Some(_) => Self { wrong: self.wrong.saturating_add(1), ..self },
            None => Self { wrong: 1, since_ms: now_ms },
        }
    }

    /// How much is left of the hour, in milliseconds; none when it is over. A clock that was put
    /// back must not make it longer.
    fn left_ms(self, now_ms: i64) -> Option<i64> {
        let passed_ms = now_ms.saturating_sub(self.since_ms);
        (0..HOUR_MS).contains(&passed_ms).then_some(HOUR_MS - passed_ms)
    }
}

/// What began before this time is forgotten.
#[must_use]
pub const fn forgotten_before_ms(now_ms: i64) -> i64 {
    now_ms.saturating_sub(HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_wrong_codes_are_tried_in_an_hour_and_no_more() {
        let mut guesses = Guesses::default();
        for n in 0..WRONG_MAX {
            assert_eq!(guesses.wait_s(HOUR_MS * 9 + 5_000), None, "{n}");
            guesses = guesses.and_one(HOUR_MS * 9);
        }
        assert_eq!(guesses.wait_s(HOUR_MS * 9 + 5_000), Some(3_596));
        assert_eq!(guesses.wait_s(HOUR_MS * 10), None);
        assert_eq!(guesses.wait_s(HOUR_MS * 8), None, "the clock was put back");
        assert_eq!(guesses.and_one(HOUR_MS * 10), Guesses { wrong: 1, since_ms: HOUR_MS * 10 });
    }
}
