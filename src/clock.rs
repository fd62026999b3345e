//! The only place that asks what time it is, and whether to believe it.
//!
//! Everything else gets the time as an argument. The boot clock (`CLOCK_BOOTTIME`) orders events
//! and measures pauses; the wall clock is only ever recorded, never trusted.

use rustix::time::{ClockId, clock_gettime};

use crate::feedback::moment::{Anchor, Reading, Source};
use crate::feedback::rating::BootId;

/// How far off a clock that systemd-timesyncd has set may be, in milliseconds.
const NTP_ERROR_MS: u32 = 250;

/// Milliseconds since the board booted, asleep or awake; never goes back.
#[must_use]
pub fn boot_ms() -> u64 {
    u64::try_from(ms_of(ClockId::Boottime)).unwrap_or(0)
}

/// Milliseconds since 1970 UTC by the wall clock, right or wrong.
#[must_use]
pub fn wall_ms() -> i64 {
    ms_of(ClockId::Realtime)
}

/// Both clocks at one instant.
#[must_use]
pub fn reading() -> Reading {
    Reading { boot_ms: boot_ms(), wall_ms: wall_ms() }
}

/// The kernel's name for this boot.
///
/// # Errors
/// When `/proc` does not tell, as in a chroot without it.
pub fn boot_id() -> std::io::Result<BootId> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    text.trim().parse().map_err(std::io::Error::other)
}

/// What the board's own time service knows: an anchor if it has synchronised since boot.
///
/// systemd-timesyncd touches a file under `/run` at every synchronisation, and `/run` is empty
/// after a boot.
#[must_use]
pub fn ntp_anchor() -> Option<Anchor> {
    let is_synchronised = std::path::Path::new("/run/systemd/timesync/synchronized").exists();
    let Reading { boot_ms, wall_ms } = reading();
    let (utc_ms, error_ms, source) = (wall_ms, NTP_ERROR_MS, Source::Ntp);
    is_synchronised.then_some(Anchor { boot_ms, utc_ms, error_ms, source })
}

fn ms_of(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}
