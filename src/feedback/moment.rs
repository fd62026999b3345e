//! When something happened, worked out later from what the board knew at the time.
//!
//! A Raspberry Pi has no clock that outlives a power cut: after one, its time of day is plausible
//! and wrong. So each press keeps the milliseconds since the board booted, which are always right,
//! and beside them the wall clock as it stood, which may not be. An [`Anchor`] ties the one axis
//! to UTC; it may be taken hours after the press and still dates it exactly.

use chrono::{DateTime, NaiveDate, SecondsFormat, Timelike as _};
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

/// Who said what time it was, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The board's own time service, synchronised over the network.
    Ntp,
    /// The hub, in its answer to a delivery.
    Hub,
    /// A person, who typed it in.
    Operator,
    /// A clock with a battery on the board, which may have stood still.
    Rtc,
}

impl Source {
    /// Every source there is.
    pub const ALL: [Self; 4] = [Self::Ntp, Self::Hub, Self::Operator, Self::Rtc];

    /// The word for it in exports and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ntp => "ntp",
            Self::Hub => "hub",
            Self::Operator => "operator",
            Self::Rtc => "rtc",
        }
    }

    /// The source with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }

    /// How far it is believed before another, 0 being the most.
    const fn rank(self) -> u8 {
        match self {
            Self::Ntp | Self::Hub => 0,
            Self::Operator => 1,
            Self::Rtc => 2,
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
    /// Who said so.
    pub source: Source,
}

/// How far a time can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// Computed from an anchor of the same boot.
    Exact,
    /// The boot has no anchor, but it lay between others that have: not before the one instant and
    /// not after the other, in milliseconds since 1970 UTC.
    Bounded {
        /// The earliest that it can have been.
        earliest_ms: i64,
        /// The latest that it can have been.
        latest_ms: i64,
    },
    /// The wall clock's word, with nothing to hold it against.
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

/// How long one anchor is trusted to date what lies around it before another is worth keeping:
/// six hours, in which a board's crystal drifts by about a second.
pub const ANCHOR_INTERVAL_MS: u64 = 6 * 60 * 60 * 1000;

/// Works out when a reading was taken, given the anchors of its boot.
///
/// Of the most trusted source there is, the anchor nearest on the boot's axis decides, and of two
/// as near the one with the smaller error; the distance is bridged at the rate of the boot clock.
/// With no anchor, the wall clock is repeated with [`Quality::Unknown`].
#[must_use]
pub fn date(reading: Reading, anchors: &[Anchor]) -> Moment {
    let distance = |anchor: &Anchor| anchor.boot_ms.abs_diff(reading.boot_ms);
    let nearest = anchors
        .iter()
        .min_by_key(|anchor| (anchor.source.rank(), distance(anchor), anchor.error_ms));
    match nearest {
        Some(anchor) => Moment { utc_ms: anchor.utc_at(reading.boot_ms), quality: Quality::Exact },
        None => Moment { utc_ms: reading.wall_ms, quality: Quality::Unknown },
    }
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

/// Whether an anchor tells something that the anchors already kept for its boot do not.
///
/// Each kept anchor costs the card a write, so a new one must be the first of its boot, or of a
/// more trusted source than all others, or [`ANCHOR_INTERVAL_MS`] away from those as trusted, or
/// contradict them by more than both errors allow.
#[must_use]
pub fn is_worth_keeping(new: &Anchor, kept: &[Anchor]) -> bool {
    if kept.iter().any(|anchor| anchor.source.rank() < new.source.rank()) {
        return false;
    }
    let as_trusted = kept.iter().filter(|anchor| anchor.source.rank() == new.source.rank());
    let Some(nearest) = as_trusted.min_by_key(|anchor| anchor.boot_ms.abs_diff(new.boot_ms)) else {
        return true;
    };
    if nearest.boot_ms.abs_diff(new.boot_ms) >= ANCHOR_INTERVAL_MS {
        return true;
    }
    let allowed = u64::from(nearest.error_ms) + u64::from(new.error_ms) + 1_000;
    nearest.utc_at(new.boot_ms).abs_diff(new.utc_ms) > allowed
}

/// Everything known about the time of several boots, in the order in which they were lived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    order: std::collections::BTreeMap<BootId, usize>,
    /// The anchors of each boot, by its place in the order.
    boots: Vec<Anchors>,
}

impl Timeline {
    /// Adds a boot after all others, unless it is known already.
    pub fn see(&mut self, boot: BootId) {
        let next = self.boots.len();
        if *self.order.entry(boot).or_insert(next) == next {
            self.boots.push(Anchors::default());
        }
    }

    /// Adds what was known at one instant of a boot.
    pub fn add(&mut self, boot: BootId, anchor: Anchor) {
        self.see(boot);
        if let Some(anchors) = self.order.get(&boot).and_then(|&at| self.boots.get_mut(at)) {
            anchors.add(anchor);
        }
    }

    /// When the time of a boot was first known, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn told_ms(&self, boot: BootId) -> Option<i64> {
        self.of(boot).first().map(|anchor| anchor.utc_ms)
    }

    /// The anchors of a boot, in the order they were added.
    #[must_use]
    pub fn of(&self, boot: BootId) -> &[Anchor] {
        let at = self.order.get(&boot);
        at.and_then(|&at| self.boots.get(at)).map_or(&[], |anchors| &anchors.all)
    }

    /// The newest time that a time service or the hub has told, in milliseconds since 1970 UTC; a
    /// clock that stands before it is wrong. Nobody else is believed so far.
    #[must_use]
    pub fn newest_ms(&self) -> Option<i64> {
        let mut newest = self.boots.iter().rev().flat_map(|anchors| anchors.all.iter().rev());
        newest.find(|anchor| anchor.source.rank() == 0).map(|anchor| anchor.utc_ms)
    }

    /// Works out when a reading of a boot was taken; see [`date`].
    ///
    /// A boot without an anchor lay after the last anchor of the boots before it, by as long as it
    /// had run, and before the next boot that has one began. Where both are known, the time is the
    /// wall clock's if it lies between, else the nearer limit.
    #[must_use]
    pub fn date(&self, boot: BootId, reading: Reading) -> Moment {
        self.date_before(None, boot, reading)
    }

    /// Works out when a reading of a boot was taken that was known at an instant, in milliseconds
    /// since 1970 UTC: nothing is received before it was sent. See [`Timeline::date`].
    #[must_use]
    pub fn date_before(&self, known_ms: Option<i64>, boot: BootId, reading: Reading) -> Moment {
        let at = self.order.get(&boot);
        let anchors = at.and_then(|&at| self.boots.get(at));
        if let Some(nearest) = anchors.and_then(|anchors| anchors.nearest(reading.boot_ms)) {
            return Moment { utc_ms: nearest.utc_at(reading.boot_ms), quality: Quality::Exact };
        }
        match self.bounds(known_ms, boot, reading) {
            Some((earliest_ms, latest_ms)) => Moment {
                utc_ms: reading.wall_ms.clamp(earliest_ms, latest_ms),
                quality: Quality::Bounded { earliest_ms, latest_ms },
            },
            None => Moment { utc_ms: reading.wall_ms, quality: Quality::Unknown },
        }
    }

    fn bounds(&self, known_ms: Option<i64>, boot: BootId, reading: Reading) -> Option<(i64, i64)> {
        let at = *self.order.get(&boot)?;
        let (before, after) = (self.boots.get(..at)?, self.boots.get(at + 1..)?);
        // The last instant known of the boot before; ours had run for a while since.
        let ended = before.iter().rev().find_map(|anchors| last_of(&anchors.all))?;
        let ran = i64::try_from(reading.boot_ms).unwrap_or(i64::MAX);
        let earliest = ended.saturating_add(ran);
        let began =
            after.iter().find_map(|anchors| best_of(&anchors.all)).map(|anchor| anchor.utc_at(0));
        let latest = [began, known_ms].into_iter().flatten().min()?;
        // An anchor that was wrong can turn the limits around, and then they say nothing.
        (earliest <= latest).then_some((earliest, latest))
    }
}

/// The anchors of a boot. A board that is never off has thousands, and a journal a million readings
/// to date by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Anchors {
    /// All of them, in the order in which they were added.
    all: Vec<Anchor>,
    /// The places of the most trusted ones, by instant, error and place.
    trusted: Vec<usize>,
}

impl Anchors {
    fn add(&mut self, anchor: Anchor) {
        let rank =
            |at: Option<&usize>| at.and_then(|&at| self.all.get(at)).map(|a| a.source.rank());
        let best = rank(self.trusted.first());
        let (rank, place) = (anchor.source.rank(), self.all.len());
        self.all.push(anchor);
        if best.is_none_or(|best| rank < best) {
            self.trusted = vec![place];
        } else if best == Some(rank) {
            let key = (anchor.boot_ms, anchor.error_ms);
            let at = self.trusted.partition_point(|&other| {
                self.all.get(other).is_some_and(|other| (other.boot_ms, other.error_ms) <= key)
            });
            self.trusted.insert(at, place);
        }
    }

    /// The one that [`date`] goes by, found by halves.
    fn nearest(&self, boot_ms: u64) -> Option<&Anchor> {
        let from = |boot_ms: u64| {
            let is_before =
                |&place: &usize| self.all.get(place).is_some_and(|anchor| anchor.boot_ms < boot_ms);
            self.trusted.partition_point(is_before)
        };
        let at = |at: usize| self.trusted.get(at).copied();
        let after = from(boot_ms);
        let before = after.checked_sub(1).and_then(at).and_then(|place| self.all.get(place));
        // Of those at one instant the first is the best.
        let before = before.and_then(|anchor| at(from(anchor.boot_ms)));
        let candidates = before.into_iter().chain(at(after));
        let candidates = candidates.filter_map(|place| Some((self.all.get(place)?, place)));
        let nearest = candidates.min_by_key(|(anchor, place)| {
            (anchor.boot_ms.abs_diff(boot_ms), anchor.error_ms, *place)
        });
        nearest.map(|(anchor, _)| anchor)
    }
}

/// The most trusted anchor of a boot, and of those the first.
fn best_of(anchors: &[Anchor]) -> Option<&Anchor> {
    anchors.iter().min_by_key(|anchor| (anchor.source.rank(), anchor.boot_ms))
}

/// The latest instant of a boot that one of its most trusted anchors tells.
fn last_of(anchors: &[Anchor]) -> Option<i64> {
    let rank = best_of(anchors)?.source.rank();
    let best = anchors.iter().filter(|anchor| anchor.source.rank() == rank);
    best.map(|anchor| anchor.utc_ms).max()
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

/// Day and time of an instant by the clocks of a zone, such as `2026-11-20 17:05`.
#[must_use]
pub fn local_text(utc_ms: i64, zone: Tz) -> String {
    let utc = DateTime::from_timestamp_millis(utc_ms).unwrap_or_default();
    utc.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
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
    use proptest::prelude::*;

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

    proptest! {
        /// Dating by a timeline, which finds the anchor by halves, is the same as looking at all.
        #[test]
        fn a_timeline_dates_as_its_anchors_do(
            told in prop::collection::vec((0u64..20, 0i64..1_000, 0u32..3, 0usize..4), 1..40),
            readings in prop::collection::vec(0u64..25, 1..20),
        ) {
            let boot = BootId([1; 16]);
            let mut timeline = Timeline::default();
            let mut anchors = Vec::new();
            for (boot_ms, utc_ms, error_ms, source) in told {
                let source = Source::ALL[source];
                let anchor = Anchor { boot_ms, utc_ms: T0 + utc_ms, error_ms, source };
                anchors.push(anchor);
                timeline.add(boot, anchor);
            }
            for boot_ms in readings {
                let reading = Reading { boot_ms, wall_ms: 7 };
                prop_assert_eq!(timeline.date(boot, reading), date(reading, &anchors));
            }
        }
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
        // Received before it can have been taken: somebody's clock was wrong, so nothing is said.
        let dated = timeline.date_before(Some(T0), boot(4), press);
        assert_eq!(dated.quality, Quality::Unknown);
        assert_eq!(Timeline::default().date(boot(9), press).quality, Quality::Unknown);
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
