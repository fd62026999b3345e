//! Waiting for a condition: the one poller of all tests.
//!
//! The time limit is long, since the machine may be busy; only a test that fails waits so long.

use std::time::Duration;

use smilepost::clock;

/// How long anything may take to come, in milliseconds.
const LIMIT_MS: u64 = 120_000;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(5);

/// Checks a condition until it is true; panics with its name after the time limit.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = clock::boot_ms() + LIMIT_MS;
    while !is_so() {
        assert!(
            clock::boot_ms() < limit,
            "after {} s it is still not so: {what}",
            LIMIT_MS / 1_000
        );
        // The pause only saves work: the condition becomes true by itself.
        std::thread::park_timeout(PAUSE);
    }
}
