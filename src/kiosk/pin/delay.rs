//! The delay after wrong tries: how long it lasts, and why a PIN is refused.

/// How many wrong tries are free.
pub const FREE_TRIES: u32 = 5;

/// The first delay after the free tries, in milliseconds; each wrong try doubles it.
pub const FIRST_DELAY_MS: u64 = 30_000;

/// The longest delay, in milliseconds.
pub const DELAY_MAX_MS: u64 = 3_600_000;

/// Why a PIN is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No PIN was set.
    Unset,
    /// It was the wrong one; so many tries are left before a delay.
    Wrong {
        /// How many.
        left: u32,
    },
    /// Nothing is tried for so long, in milliseconds.
    Wait {
        /// How long.
        ms: u64,
    },
}

/// The wrong tries of one address, device or screen since its last right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Delay {
    pub(super) wrong: u32,
    /// Since when the present delay runs, in milliseconds since boot.
    pub(super) since_ms: u64,
}

impl Delay {
    /// How long nothing is tried, in milliseconds; 0 when somebody may try.
    pub(super) fn wait_ms(self, now_ms: u64) -> u64 {
        let Some(doublings) = self.wrong.checked_sub(FREE_TRIES) else {
            return 0;
        };
        let delay = FIRST_DELAY_MS.saturating_mul(1 << doublings.min(20)).min(DELAY_MAX_MS);
        self.since_ms.saturating_add(delay).saturating_sub(now_ms)
    }

    /// How many tries are left before there is a delay.
    pub(super) const fn left(self) -> u32 {
        FREE_TRIES.saturating_sub(self.wrong)
    }

    /// The delay after one more wrong try.
    pub(super) const fn tried(self, now_ms: u64) -> Self {
        Self { wrong: self.wrong.saturating_add(1), since_ms: now_ms }
    }
}
