//! Waits for what must come: the one poller of all tests.
//!
//! The limit is long, since the machine may be busy with something else; it only matters to a test
//! that fails.

use std::time::Duration;

use smilepost::clock;

/// How long anything may take to come, in milliseconds.
const LIMIT_MS: u64 = 120_000;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until something is so; panics with its name when the limit is over.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = clock::boot_ms() + LIMIT_MS;
    while !is_so() {
        assert!(
            clock::boot_ms() < limit,
            "after {} s it is still not so: {what}",
            LIMIT_MS / 1_000
        );
        // A pause between two looks decides nothing: what is waited for comes by itself.
        std::thread::park_timeout(PAUSE);
    }
}
