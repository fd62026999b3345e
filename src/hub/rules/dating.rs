//! Dating: which events are dated again when more is known of a kiosk's time.
//!
//! [`moment::date`](crate::feedback::moment::date) dates one event by the anchors of its boot. A
//! boot without anchors is bounded by the boots around it, see [`Timeline`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::feedback::moment::{Anchor, Timeline};
use crate::feedback::rating::BootId;

/// How many events of uncertain time are bounded again at once, those without limits first: enough
/// for years of a kiosk that learns the time once a week.
pub const UNCERTAIN_MAX: u32 = 50_000;

/// The instants of a boot, in milliseconds since it began, that a new anchor may date better than
/// the anchors before it: those nearer to it than to any other anchor of the same source.
#[must_use]
pub fn reach(new: &Anchor, anchors: &[Anchor]) -> RangeInclusive<u64> {
    let alike = anchors.iter().filter(|other| other.source == new.source);
    let instants: Vec<u64> = alike.map(|other| other.boot_ms).collect();
    let middle = |other: u64| other.midpoint(new.boot_ms);
    let before = instants.iter().copied().filter(|&other| other < new.boot_ms).max();
    let after = instants.iter().copied().filter(|&other| other > new.boot_ms).min();
    before.map_or(0, middle)..=after.map_or(u64::MAX, |other| middle(other) + 1)
}

/// The boots of a kiosk and what is known of their time; `boots` names the boot of each run, in the
/// order of the runs.
#[must_use]
pub fn timeline(
    boots: impl IntoIterator<Item = BootId>,
    anchors: &BTreeMap<BootId, Vec<Anchor>>,
) -> Timeline {
    let mut timeline = Timeline::default();
    let mut seen = BTreeSet::new();
    for boot in boots {
        timeline.see(boot);
        if seen.insert(boot) {
            let anchors = anchors.get(&boot).into_iter().flatten();
            anchors.for_each(|anchor| timeline.add(boot, *anchor));
        }
    }
    timeline
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::moment::{Quality, Reading, Source, date};

    fn anchor(boot_ms: u64, source: Source) -> Anchor {
        Anchor { boot_ms, utc_ms: 0, error_ms: 0, source }
    }

    #[test]
    fn a_new_anchor_reaches_half_way_to_the_next_of_its_source() {
        let kept: Vec<_> = [1_000, 3_000, 9_000].map(|at| anchor(at, Source::Hub)).into();
        assert_eq!(reach(&kept[1], &kept), 2_000..=6_001);
        assert_eq!(reach(&kept[0], &kept), 0..=2_001);
        assert_eq!(reach(&kept[2], &kept), 6_000..=u64::MAX);
        let first = anchor(5_000, Source::Rtc);
        assert_eq!(reach(&first, &kept), 0..=u64::MAX, "the first of its source");
    }

    #[test]
    fn beyond_its_reach_a_new_anchor_dates_nothing() {
        let told = |boot_ms, utc_ms| Anchor { utc_ms, ..anchor(boot_ms, Source::Hub) };
        let before = [told(1_000, 7), told(9_000, 10_000)];
        let new = told(4_000, 60_000);
        let after = [before[0], new, before[1]];
        let reach = reach(&new, &after);
        for boot_ms in (0..12_000).step_by(100) {
            let reading = Reading { boot_ms, wall_ms: 0 };
            let is_changed = date(reading, &before) != date(reading, &after);
            assert!(!is_changed || reach.contains(&boot_ms), "{boot_ms}");
        }
    }

    #[test]
    fn a_boot_between_two_that_know_the_time_is_bounded_by_them() {
        let [a, b, c] = [1, 2, 3].map(|boot| BootId([boot; 16]));
        let told = |utc_ms| vec![Anchor { utc_ms, ..anchor(0, Source::Hub) }];
        let anchors = BTreeMap::from([(a, told(1_000)), (c, told(9_000))]);
        let reading = Reading { boot_ms: 500, wall_ms: 0 };
        let quality = timeline([a, a, b, c, a], &anchors).date(b, reading).quality;
        assert_eq!(quality, Quality::Bounded { earliest_ms: 1_500, latest_ms: 9_000 });
    }
}
