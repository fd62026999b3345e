//! When something happened, worked out later from what the board knew at the time.
//!
//! A Raspberry Pi has no clock that outlives a power cut: after one, its time of day is plausible
//! and wrong. So each press keeps the milliseconds since the board booted, which are always right,
//! and beside them the wall clock as it stood, which may not be. An [`Anchor`] ties the one axis
//! to UTC; it may be taken hours after the press and still dates it exactly.

use chrono::{DateTime, NaiveDate, Timelike as _};
use chrono_tz::Tz;

use crate::feedback::rating::BootId;

/// Two clocks, read at one instant, and never changed afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since the board booted, asleep or awake.
    pub boot_ms: u64,
    /// Milliseconds since 1970 UTC by the wall clock, right or wrong.
    pub wall_ms: i64,
}

/// Who said what time it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The board's own time service, synchronised over the network.
    Ntp,
    /// The hub, in its answer to a delivery.
    Hub,
}

impl Source {
    /// Every source there is.
    pub const ALL: [Self; 2] = [Self::Ntp, Self::Hub];

    /// The word for it in exports and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ntp => "ntp",
            Self::Hub => "hub",
        }
    }

    /// The source with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

/// A known UTC time on one boot's axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Milliseconds since boot at which the time was known.
    pub boot_ms: u64,
    /// That instant in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// How far off it may be, either way, in milliseconds.
    pub error_ms: u32,
    /// Who said so.
    pub source: Source,
}

/// How far a time can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// Computed from an anchor of the same boot.
    Exact,
    /// The wall clock's word, with nothing to hold it against.
    Unknown,
}

impl Quality {
    /// The word for it in exports and on pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Unknown => "unknown",
        }
    }
}

/// A time of day and how far to believe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// How it is known.
    pub quality: Quality,
}

/// How long one anchor is trusted to date what lies around it before another is worth keeping:
/// six hours, in which a board's crystal drifts by about a second.
pub const ANCHOR_INTERVAL_MS: u64 = 6 * 60 * 60 * 1000;

/// Works out when a reading was taken, given the anchors of its boot.
///
/// The anchor nearest on the boot's axis decides, and of two as near the one with the smaller
/// error; the distance is bridged at the rate of the boot clock. With no anchor, the wall clock is
/// repeated with [`Quality::Unknown`].
#[must_use]
pub fn date(reading: Reading, anchors: &[Anchor]) -> Moment {
    let nearest = anchors
        .iter()
        .min_by_key(|anchor| (anchor.boot_ms.abs_diff(reading.boot_ms), anchor.error_ms));
    match nearest {
        Some(anchor) => {
            let distance = i128::from(reading.boot_ms) - i128::from(anchor.boot_ms);
            let utc_ms = i128::from(anchor.utc_ms) + distance;
            let utc_ms = utc_ms.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            Moment { utc_ms: i64::try_from(utc_ms).unwrap_or(i64::MAX), quality: Quality::Exact }
        }
        None => Moment { utc_ms: reading.wall_ms, quality: Quality::Unknown },
    }
}

/// Whether an anchor tells something that the anchors already kept for its boot do not.
///
/// Each kept anchor costs the card a write, so a new one must be the first of its boot, or
/// [`ANCHOR_INTERVAL_MS`] away from the others, or contradict them by more than both errors allow.
#[must_use]
pub fn is_worth_keeping(new: &Anchor, kept: &[Anchor]) -> bool {
    let Some(nearest) = kept.iter().min_by_key(|anchor| anchor.boot_ms.abs_diff(new.boot_ms))
    else {
        return true;
    };
    if nearest.boot_ms.abs_diff(new.boot_ms) >= ANCHOR_INTERVAL_MS {
        return true;
    }
    let reading = Reading { boot_ms: new.boot_ms, wall_ms: new.utc_ms };
    let expected = date(reading, &[*nearest]).utc_ms;
    let allowed = u64::from(nearest.error_ms) + u64::from(new.error_ms) + 1_000;
    expected.abs_diff(new.utc_ms) > allowed
}

/// Everything known about the time of several boots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    anchors: std::collections::BTreeMap<BootId, Vec<Anchor>>,
}

impl Timeline {
    /// Adds what was known at one instant of a boot.
    pub fn add(&mut self, boot: BootId, anchor: Anchor) {
        self.anchors.entry(boot).or_default().push(anchor);
    }

    /// The anchors of a boot, in the order they were added.
    #[must_use]
    pub fn of(&self, boot: BootId) -> &[Anchor] {
        self.anchors.get(&boot).map_or(&[], Vec::as_slice)
    }

    /// Works out when a reading of a boot was taken; see [`date`].
    #[must_use]
    pub fn date(&self, boot: BootId, reading: Reading) -> Moment {
        date(reading, self.of(boot))
    }
}

/// The day and the hour (0 to 23) that a shop's own clocks showed.
///
/// An hour that occurs twice when summer time ends is counted under one number, as on the wall.
#[must_use]
pub fn local(utc_ms: i64, zone: Tz) -> (NaiveDate, u8) {
    let utc = DateTime::from_timestamp_millis(utc_ms).unwrap_or_default();
    let local = utc.with_timezone(&zone);
    (local.date_naive(), u8::try_from(local.hour()).unwrap_or(0))
}

/// The instants, in milliseconds since 1970 UTC, at which a shop's day begins and the next begins.
///
/// The day is 23 or 25 hours long where clocks change; where midnight itself is skipped, the day
/// begins with the first instant that carries its date.
#[must_use]
pub fn day_bounds(day: NaiveDate, zone: Tz) -> (i64, i64) {
    let start = |day: NaiveDate| {
        // Zones lie within 14 hours of UTC, so the day's first instant is in this window, and
        // dates never go back within it: a search by halves finds it.
        let noon = day.and_hms_opt(12, 0, 0).unwrap_or_default().and_utc().timestamp_millis();
        let (mut before, mut at) = (noon - 36 * 3_600_000, noon + 24 * 3_600_000);
        while at - before > 1 {
            let middle = before + (at - before) / 2;
            if local(middle, zone).0 >= day { at = middle } else { before = middle }
        }
        at
    };
    (start(day), day.succ_opt().map_or(i64::MAX, start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: i64 = 1_780_000_000_000;

    fn anchor(boot_ms: u64, utc_ms: i64) -> Anchor {
        Anchor { boot_ms, utc_ms, error_ms: 100, source: Source::Hub }
    }

    #[test]
    fn an_anchor_taken_later_dates_an_earlier_press() {
        let press = Reading { boot_ms: 5_000, wall_ms: 12 };
        let moment = date(press, &[anchor(65_000, T0)]);
        assert_eq!(moment, Moment { utc_ms: T0 - 60_000, quality: Quality::Exact });
    }

    #[test]
    fn without_an_anchor_the_wall_clock_is_repeated_and_not_believed() {
        let press = Reading { boot_ms: 5_000, wall_ms: 12 };
        assert_eq!(date(press, &[]), Moment { utc_ms: 12, quality: Quality::Unknown });
    }

    #[test]
    fn the_nearest_anchor_decides() {
        let anchors = [anchor(0, T0), anchor(1_000_000, T0 + 1_000_500)];
        let press = Reading { boot_ms: 900_000, wall_ms: 0 };
        assert_eq!(date(press, &anchors).utc_ms, T0 + 900_500);
    }

    #[test]
    fn an_anchor_that_agrees_with_a_near_one_is_not_worth_a_write() {
        let kept = [anchor(0, T0)];
        assert!(is_worth_keeping(&anchor(0, T0), &[]));
        assert!(!is_worth_keeping(&anchor(60_000, T0 + 60_300), &kept));
        assert!(is_worth_keeping(&anchor(60_000, T0 + 65_000), &kept));
        let later = ANCHOR_INTERVAL_MS;
        assert!(is_worth_keeping(&anchor(later, T0 + i64::try_from(later).unwrap()), &kept));
    }

    #[test]
    fn days_end_at_the_shops_midnight_also_when_clocks_change() {
        let hours = |day: &str, zone: &str| {
            let (start, end) = day_bounds(day.parse().unwrap(), zone.parse().unwrap());
            assert_eq!(local(start, zone.parse().unwrap()).0, day.parse().unwrap());
            assert!(local(start - 1, zone.parse().unwrap()).0 < day.parse().unwrap());
            (end - start) / 3_600_000
        };
        assert_eq!(hours("2026-03-29", "Europe/Helsinki"), 23);
        assert_eq!(hours("2026-10-25", "Europe/Helsinki"), 25);
        assert_eq!(hours("2026-11-20", "Europe/Helsinki"), 24);
        // Midnight itself is skipped here.
        assert_eq!(hours("2026-09-06", "America/Santiago"), 23);
        assert_eq!(hours("2026-11-20", "Pacific/Kiritimati"), 24);
    }
}
