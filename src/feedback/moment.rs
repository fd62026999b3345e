//! When something happened, worked out later from what the board knew at the time.
//!
//! A Raspberry Pi has no clock that outlives a power cut: after one, its time of day is plausible
//! and wrong. So each press keeps the milliseconds since the board booted, which are always right,
//! and beside them the wall clock as it stood, which may not be. An [`Anchor`] ties the one axis
//! to UTC; it may be taken hours after the press and still dates it exactly.

mod limit;
mod timeline;
mod word;

use crate::feedback::named::named;
use crate::feedback::zone::Zone;
use chrono::{DateTime, NaiveDate, SecondsFormat, Timelike as _};

pub use self::limit::Limit;
pub use self::timeline::{Timeline, Told, between};
pub use self::word::{Own, Weighed, ahead_text, is_worth_keeping, weigh};

/// Two clocks, read at one instant, and never changed afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since the board booted, asleep or awake.
    pub boot_ms: u64,
    /// Milliseconds since 1970 UTC by the wall clock, right or wrong.
    pub wall_ms: i64,
}

impl Reading {
    /// What both clocks showed at an earlier instant of the same boot; an instant that is still to
    /// come is taken for now.
    #[must_use]
    pub fn earlier(self, boot_ms: u64) -> Self {
        let since = i64::try_from(self.boot_ms.saturating_sub(boot_ms)).unwrap_or(0);
        Self { boot_ms: boot_ms.min(self.boot_ms), wall_ms: self.wall_ms - since }
    }
}

named! {
    /// The source of a time, the most trusted first.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Source {
        /// The board's own time service, synchronised over the network.
        Ntp = "ntp",
        /// The hub, in its answer to a delivery.
        Hub = "hub",
        /// A person, who typed it in.
        Operator = "operator",
        /// A clock with a battery on the board, which may have stood still.
        Rtc = "rtc",
    }
}

impl Source {
    /// Its rank among the sources, 0 being the most trusted.
    const fn rank(self) -> u8 {
        match self {
            Self::Ntp => 0,
            Self::Hub => 1,
            Self::Operator => 2,
            Self::Rtc => 3,
        }
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
    /// Where the time is from.
    pub source: Source,
}

/// How far a time can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// Computed from an anchor of the same boot, which no other contradicts.
    Exact,
    /// The boot has no anchor, but it lay between others that have; or a time service and the hub
    /// contradict each other, and these are their times: not before the one instant and not after
    /// the other, in milliseconds since 1970 UTC.
    Bounded {
        /// The earliest that it can have been.
        earliest_ms: i64,
        /// The latest that it can have been.
        latest_ms: i64,
    },
    /// Only the wall clock's time, which nothing confirms.
    Unknown,
}

impl Quality {
    /// The word for it in exports and on pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Bounded { .. } => "bounded",
            Self::Unknown => "unknown",
        }
    }

    /// The limits, if there are any.
    #[must_use]
    pub const fn bounds(self) -> Option<(i64, i64)> {
        match self {
            Self::Bounded { earliest_ms, latest_ms } => Some((earliest_ms, latest_ms)),
            Self::Exact | Self::Unknown => None,
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

/// How far apart anchors of one boot are worth keeping: six hours, in which a board's crystal
/// drifts by about a second.
pub const ANCHOR_INTERVAL_MS: u64 = 6 * 60 * 60 * 1000;

/// How many anchors of the hub a boot keeps however short it is.
pub const HUB_ANCHORS_FREE: u64 = 20;

/// How long a boot lasts for each further anchor of the hub, in milliseconds: an hour.
pub const HUB_ANCHOR_PACE_MS: u64 = 60 * 60 * 1000;

/// An hour, in milliseconds.
pub const HOUR_MS: i64 = 60 * 60 * 1_000;

/// A day of 24 hours, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// How far two times may be apart before they contradict each other, in milliseconds, besides what
/// each may be off: a minute.
const CONTRADICTION_MS: u64 = 60_000;

/// How much a board's crystal drifts at most, as a part of the time that has passed: 100 parts per
/// million.
const DRIFT_PARTS: u64 = 10_000;

/// Works out when a reading was taken, given the anchors of its boot.
///
/// Of the most trusted source there is, the anchor nearest on the boot's axis decides, and of two
/// as near the one with the smaller error; the distance is bridged at the rate of the boot clock.
/// Where a time service decides and the hub's nearest word contradicts it, the time is the time
/// service's, and [`Quality::Bounded`] by both. With no anchor, the wall clock is repeated with
/// [`Quality::Unknown`].
#[must_use]
pub fn date(reading: Reading, anchors: &[Anchor]) -> Moment {
    let distance = |anchor: &&Anchor| anchor.boot_ms.abs_diff(reading.boot_ms);
    let nearest = anchors
        .iter()
        .min_by_key(|anchor| (anchor.source.rank(), distance(anchor), anchor.error_ms));
    let words = anchors.iter().filter(|anchor| anchor.source == Source::Hub);
    let word = words.min_by_key(|anchor| (distance(anchor), anchor.error_ms));
    decided(nearest, word, reading)
}

/// The time of a reading by the anchor that decides, beside the hub's nearest word.
fn decided(decides: Option<&Anchor>, word: Option<&Anchor>, reading: Reading) -> Moment {
    let Some(anchor) = decides else {
        return Moment { utc_ms: reading.wall_ms, quality: Quality::Unknown };
    };
    let utc_ms = anchor.utc_at(reading.boot_ms);
    let word = word.filter(|word| anchor.source == Source::Ntp && contradict(word, anchor));
    let quality = word.map_or(Quality::Exact, |word| {
        let said_ms = word.utc_at(reading.boot_ms);
        Quality::Bounded { earliest_ms: utc_ms.min(said_ms), latest_ms: utc_ms.max(said_ms) }
    });
    Moment { utc_ms, quality }
}

impl Anchor {
    /// The UTC time, in milliseconds since 1970, at another instant of the same boot.
    #[must_use]
    pub fn utc_at(&self, boot_ms: u64) -> i64 {
        let distance = i128::from(boot_ms) - i128::from(self.boot_ms);
        let utc_ms = i128::from(self.utc_ms) + distance;
        let utc_ms = utc_ms.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        i64::try_from(utc_ms).unwrap_or(i64::MAX)
    }
}

/// Whether two anchors of one boot cannot both be right.
#[must_use]
pub fn contradict(one: &Anchor, other: &Anchor) -> bool {
    ahead_ms(one, other).unsigned_abs() > CONTRADICTION_MS + slack_ms(one, other)
}

/// How far one anchor is ahead of another on the same boot's axis, in milliseconds.
fn ahead_ms(one: &Anchor, other: &Anchor) -> i64 {
    one.utc_ms.saturating_sub(other.utc_at(one.boot_ms))
}

/// How far two anchors that are right may be apart.
fn slack_ms(one: &Anchor, other: &Anchor) -> u64 {
    let drift = one.boot_ms.abs_diff(other.boot_ms) / DRIFT_PARTS;
    u64::from(one.error_ms) + u64::from(other.error_ms) + drift
}

/// The day and the hour (0 to 23) that a shop's own clocks showed.
///
/// An hour that occurs twice when summer time ends is counted under one number, as on the wall.
#[must_use]
pub fn local(utc_ms: i64, zone: &Zone) -> (NaiveDate, u8) {
    let local = zone.shown(utc_ms);
    (local.date(), u8::try_from(local.hour()).unwrap_or(0))
}

/// Day and time of an instant by the clocks of a zone, such as `2026-11-20 17:05`.
#[must_use]
pub fn local_text(utc_ms: i64, zone: &Zone) -> String {
    zone.shown(utc_ms).format("%Y-%m-%d %H:%M").to_string()
}

/// An instant by the clocks of a zone, to the second, as spreadsheets read it.
#[must_use]
pub fn local_second(utc_ms: i64, zone: &Zone) -> String {
    zone.shown(utc_ms).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// An instant as RFC 3339 writes it, in UTC to the millisecond.
#[must_use]
pub fn rfc3339(utc_ms: i64) -> String {
    let utc = DateTime::from_timestamp_millis(utc_ms).unwrap_or_default();
    utc.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The instants, in milliseconds since 1970 UTC, at which a shop's day begins and the next begins.
///
/// The day is 23 or 25 hours long where clocks change; where midnight itself is skipped, the day
/// begins with the first instant that carries its date; a day that a zone skips has no length.
#[must_use]
pub fn day_bounds(day: NaiveDate, zone: &Zone) -> (i64, i64) {
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
    use crate::feedback::rating::BootId;

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

    fn by(source: Source, boot_ms: u64, utc_ms: i64) -> Anchor {
        Anchor { source, ..anchor(boot_ms, utc_ms) }
    }

    #[test]
    fn a_more_trusted_source_decides_however_far_away_it_is() {
        let anchors = [by(Source::Rtc, 1_000, T0 - 99_000_000), by(Source::Hub, 900_000, T0)];
        let press = Reading { boot_ms: 1_000, wall_ms: 0 };
        assert_eq!(date(press, &anchors).utc_ms, T0 - 899_000);
        assert!(is_worth_keeping(&anchors[1], &anchors[..1]));
        assert!(!is_worth_keeping(&anchors[0], &anchors[1..]));
    }

    fn boot(name: u8) -> BootId {
        BootId([name; 16])
    }

    /// Three boots, of which the second never learnt the time.
    fn timeline() -> Timeline {
        let mut timeline = Timeline::default();
        timeline.add(boot(1), anchor(10_000, T0));
        timeline.see(boot(2));
        timeline.add(boot(3), anchor(60_000, T0 + 1_060_000));
        timeline
    }

    #[test]
    fn a_boot_that_never_learnt_the_time_is_bounded_by_its_neighbours() {
        let date = |wall_ms| timeline().date(boot(2), Reading { boot_ms: 5_000, wall_ms });
        let (earliest_ms, latest_ms) = (T0 + 5_000, T0 + 1_000_000);
        let quality = Quality::Bounded { earliest_ms, latest_ms };
        assert_eq!(date(T0 + 70_000), Moment { utc_ms: T0 + 70_000, quality });
        assert_eq!(date(0), Moment { utc_ms: earliest_ms, quality }, "a clock in last week");
        assert_eq!(date(i64::MAX), Moment { utc_ms: latest_ms, quality });
    }

    #[test]
    fn a_last_boot_is_bounded_by_when_its_ratings_were_received() {
        let mut timeline = timeline();
        timeline.see(boot(4));
        let press = Reading { boot_ms: 5_000, wall_ms: 7 };
        assert_eq!(timeline.date(boot(4), press).quality, Quality::Unknown);
        let received = T0 + 2_000_000;
        let quality = Quality::Bounded { earliest_ms: T0 + 1_065_000, latest_ms: received };
        assert_eq!(timeline.date_before(Some(received), boot(4), press).quality, quality);
        // Received before it can have been taken: a clock was wrong, so there are no limits.
        let dated = timeline.date_before(Some(T0), boot(4), press);
        assert_eq!(dated.quality, Quality::Unknown);
        assert_eq!(Timeline::default().date(boot(9), press).quality, Quality::Unknown);
    }
}
