//! The clocks: the only place that reads the time and decides whether to trust it.
//!
//! Everything else gets the time as an argument. The boot clock (`CLOCK_BOOTTIME`) orders events
//! and measures pauses; the wall clock is recorded and never trusted by itself. An anchor is
//! trusted: the wall clock at a moment when a time source vouched for it.

use rustix::time::{ClockId, clock_gettime};

use crate::feedback::moment::{Anchor, Reading, Source};
use crate::feedback::rating::BootId;

/// How far off a clock that systemd-timesyncd has set may be, in milliseconds.
const NTP_ERROR_MS: u32 = 250;

/// How far off a clock with a battery is taken to be, in milliseconds: a month's drift of a cheap
/// crystal at 20 parts per million.
const RTC_ERROR_MS: u32 = 60_000;

/// When this program was built, in milliseconds since 1970 UTC. A clock that shows an earlier time
/// is wrong.
#[must_use]
pub fn built_ms() -> i64 {
    env!("SMILEPOST_BUILT_S").parse::<i64>().unwrap_or(0) * 1_000
}

/// How long after its build a program may be in use, in milliseconds: a clock that shows a later
/// time is wrong too.
const USE_MS: i64 = 20 * 366 * 24 * 60 * 60 * 1_000;

/// Whether a clock that shows this time, in milliseconds since 1970 UTC, can be right.
#[must_use]
pub fn is_possible(utc_ms: i64) -> bool {
    (built_ms()..built_ms() + USE_MS).contains(&utc_ms)
}

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
/// When it cannot be read, as in a chroot without `/proc`.
pub fn boot_id() -> std::io::Result<BootId> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    text.trim().parse().map_err(std::io::Error::other)
}

/// The anchor that the board itself gives, from its time service or else from a clock with a
/// battery.
///
/// A clock with a battery is trusted only if it shows a time after `floor_ms`, in milliseconds
/// since 1970 UTC: one that has lost its power starts again in the past.
#[must_use]
pub fn anchor(floor_ms: i64) -> Option<Anchor> {
    ntp_anchor().or_else(|| rtc_anchor(floor_ms))
}

/// Whether a time service vouches for the wall clock as it stands now.
///
/// The kernel's word goes before the file that systemd-timesyncd has left: who sets the clock by
/// hand leaves the file where it is.
#[must_use]
pub fn is_vouched() -> bool {
    match kernel_error_ms() {
        Ok(error_ms) => error_ms.is_some(),
        Err(_) => is_synchronised_by_systemd(),
    }
}

fn is_synchronised_by_systemd() -> bool {
    std::path::Path::new("/run/systemd/timesync/synchronized").exists()
}

/// systemd-timesyncd touches a file under `/run` at every synchronisation, and `/run` is empty
/// after a boot; any other time service tells the kernel.
fn ntp_anchor() -> Option<Anchor> {
    let is_synchronised = is_synchronised_by_systemd();
    let error_ms = if is_synchronised { Some(NTP_ERROR_MS) } else { kernel_error_ms().ok()? };
    let Reading { boot_ms, wall_ms } = reading();
    Some(Anchor { boot_ms, utc_ms: wall_ms, error_ms: error_ms?, source: Source::Ntp })
}

/// The kernel's estimate of its clock's error, in milliseconds; none when no time service sets the
/// clock.
///
/// 8.9 hours after the last update by a time service the kernel reports the clock as
/// unsynchronised, however well it still runs; that is why a known time is kept as an anchor.
fn kernel_error_ms() -> std::io::Result<Option<u32>> {
    // SAFETY: all zeros is a value of this structure of numbers, and with `modes` at 0 the call
    // only reads.
    #[expect(unsafe_code, reason = "no safe wrapper offers this call")]
    let (state, time) = unsafe {
        let mut time: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut time), time)
    };
    let is_synchronised = time.status & libc::STA_UNSYNC == 0;
    let error_ms = u32::try_from(time.maxerror / 1_000 + 1).ok().filter(|_| is_synchronised);
    if state < 0 {
        // Forbidden, as by systemd's `ProtectClock=`.
        return Err(std::io::Error::last_os_error());
    }
    Ok(error_ms)
}

fn rtc_anchor(floor_ms: i64) -> Option<Anchor> {
    let text = std::fs::read_to_string("/sys/class/rtc/rtc0/since_epoch").ok()?;
    let utc_ms = text.trim().parse::<i64>().ok()?.checked_mul(1_000)?;
    let boot_ms = boot_ms();
    let is_plausible = utc_ms > floor_ms && is_possible(utc_ms);
    let (error_ms, source) = (RTC_ERROR_MS, Source::Rtc);
    is_plausible.then_some(Anchor { boot_ms, utc_ms, error_ms, source })
}

fn ms_of(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}
