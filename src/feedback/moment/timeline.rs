//! The timeline of a board: its boots in order, and what is known of the time of each.

use std::collections::BTreeMap;

use super::{Anchor, Moment, Quality, Reading, Source, decided};
use crate::feedback::rating::BootId;

/// Everything known about the time of several boots, in the order in which they were lived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    order: BTreeMap<BootId, usize>,
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

    /// The newest time that a time service has told, or else the hub, in milliseconds since 1970
    /// UTC; a clock that stands before it is wrong. Other sources are not trusted that far.
    #[must_use]
    pub fn newest_ms(&self) -> Option<i64> {
        let told = |anchors: &Anchors| {
            let trusted = anchors.trusted.iter().filter_map(|&at| anchors.all.get(at));
            let certain = trusted.filter(|anchor| anchor.source.rank() <= Source::Hub.rank());
            certain.map(|anchor| anchor.utc_ms).max()
        };
        self.boots.iter().rev().find_map(told)
    }

    /// The anchor that dates an instant of a boot.
    #[must_use]
    pub fn anchor_at(&self, boot: BootId, boot_ms: u64) -> Option<&Anchor> {
        let at = self.order.get(&boot)?;
        self.boots.get(*at)?.nearest(boot_ms)
    }

    /// Works out when a reading of a boot was taken; see [`super::date`].
    ///
    /// A reading of a boot without an anchor is at least its time since boot later than the last
    /// anchor before that boot, and earlier than the next boot with an anchor. Where both are
    /// known, the time is the wall clock's if it lies between, else the nearer limit.
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
        if let Some(anchors) = anchors.filter(|anchors| !anchors.all.is_empty()) {
            let word = anchors.nearest_of(&anchors.words, reading.boot_ms);
            return decided(anchors.nearest(reading.boot_ms), word, reading);
        }
        let around = at.and_then(|&at| Some((self.boots.get(..at)?, self.boots.get(at + 1..)?)));
        let (before, after) = around.unwrap_or_default();
        let told = |anchors: &Anchors| Told::of(&anchors.all);
        let before_ms = before.iter().rev().find_map(told).map(|told| told.ended_ms);
        let after_ms = after.iter().find_map(told).map(|told| told.began_ms);
        between(before_ms, after_ms, known_ms, reading)
    }
}

/// What the most trusted anchors of a boot tell the boots around it, in milliseconds since 1970
/// UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When it began.
    pub began_ms: i64,
    /// The last instant that is known of it.
    pub ended_ms: i64,
}

impl Told {
    /// What these anchors of one boot tell; none where there are none.
    #[must_use]
    pub fn of(anchors: &[Anchor]) -> Option<Self> {
        Some(Self { began_ms: best_of(anchors)?.utc_at(0), ended_ms: last_of(anchors)? })
    }
}

/// When a reading was taken whose boot has no anchors: after the boot before it had ended, by as
/// long as its own had run, and before the boot after it began, or before it was known; all in
/// milliseconds since 1970 UTC.
#[must_use]
pub fn between(
    before_ms: Option<i64>,
    after_ms: Option<i64>,
    known_ms: Option<i64>,
    reading: Reading,
) -> Moment {
    let ran = i64::try_from(reading.boot_ms).unwrap_or(i64::MAX);
    let earliest = before_ms.map(|ended_ms| ended_ms.saturating_add(ran));
    let latest = [after_ms, known_ms].into_iter().flatten().min();
    match earliest.zip(latest) {
        // An anchor that was wrong can turn the limits around, and then they say nothing.
        Some((earliest_ms, latest_ms)) if earliest_ms <= latest_ms => Moment {
            utc_ms: reading.wall_ms.clamp(earliest_ms, latest_ms),
            quality: Quality::Bounded { earliest_ms, latest_ms },
        },
        _ => Moment { utc_ms: reading.wall_ms, quality: Quality::Unknown },
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
    /// The places of the hub's, in the same order.
    words: Vec<usize>,
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
            let at = self.after(&self.trusted, &anchor);
            self.trusted.insert(at, place);
        }
        if anchor.source == Source::Hub {
            let at = self.after(&self.words, &anchor);
            self.words.insert(at, place);
        }
    }

    /// Where among these places an anchor that comes last belongs.
    fn after(&self, places: &[usize], anchor: &Anchor) -> usize {
        let key = (anchor.boot_ms, anchor.error_ms);
        places.partition_point(|&other| {
            self.all.get(other).is_some_and(|other| (other.boot_ms, other.error_ms) <= key)
        })
    }

    /// The one that [`super::date`] goes by.
    fn nearest(&self, boot_ms: u64) -> Option<&Anchor> {
        self.nearest_of(&self.trusted, boot_ms)
    }

    /// The nearest one at these places, found by halves.
    fn nearest_of(&self, places: &[usize], boot_ms: u64) -> Option<&Anchor> {
        let from = |boot_ms: u64| {
            let is_before =
                |&place: &usize| self.all.get(place).is_some_and(|anchor| anchor.boot_ms < boot_ms);
            places.partition_point(is_before)
        };
        let at = |at: usize| places.get(at).copied();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::moment::{Source, date};

    const T0: i64 = 1_780_000_000_000;

    proptest! {
        /// Dating by a timeline, which finds the anchor by halves, is the same as looking at all.
        #[test]
        fn a_timeline_dates_as_its_anchors_do(
            told in prop::collection::vec((0u64..20, 0i64..200_000, 0u32..3, 0usize..4), 1..40),
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
}
