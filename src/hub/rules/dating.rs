//! Dating: which events are dated again when more is known of a kiosk's time, and how many at once.
//!
//! [`moment::date`](crate::feedback::moment::date) dates one event by the anchors of its boot. A
//! boot without anchors is bounded by the boots around it, see
//! [`between`](crate::feedback::moment::between).

use std::ops::RangeInclusive;

use crate::feedback::moment::Anchor;

/// The most anchors that are kept of one boot; later ones tell nothing. A kiosk keeps one in six
/// hours, so it would have to run for more than two years without a restart.
pub const ANCHORS_OF_BOOT_MAX: usize = 4_096;

/// The most anchors that are read for one delivery: of four boots that are full. A boot has a few.
pub const ANCHORS_READ_MAX: u32 = 16_384;

/// The most stored events that are dated again at once; the rest is done bit by bit.
pub const AT_ONCE_MAX: u32 = 2_000;

/// The most runs that are looked at for that.
pub const RUNS_AT_ONCE_MAX: u32 = 200;

/// The instants of a boot, in milliseconds since it began, that new anchors may date better than
/// the anchors before them: those to which no other anchor of the same source is nearer. With
/// several new anchors, what lies between their reaches is in it too.
#[must_use]
pub fn reach(new: &[Anchor], anchors: &[Anchor]) -> RangeInclusive<u64> {
    let is_new = |anchor: &Anchor| new.contains(anchor);
    let known: Vec<Anchor> = anchors.iter().filter(|anchor| !is_new(anchor)).copied().collect();
    let reaches = new.iter().map(|anchor| reach_of(anchor, &known));
    let (first, last): (Vec<u64>, Vec<u64>) = reaches.map(RangeInclusive::into_inner).unzip();
    first.into_iter().min().unwrap_or(1)..=last.into_iter().max().unwrap_or(0)
}

fn reach_of(new: &Anchor, anchors: &[Anchor]) -> RangeInclusive<u64> {
    let alike = anchors.iter().filter(|other| other.source == new.source);
    let instants: Vec<u64> = alike.map(|other| other.boot_ms).collect();
    let middle = |other: u64| other.midpoint(new.boot_ms);
    let before = instants.iter().copied().filter(|&other| other < new.boot_ms).max();
    let after = instants.iter().copied().filter(|&other| other > new.boot_ms).min();
    before.map_or(0, middle)..=after.map_or(u64::MAX, |other| middle(other) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::moment::{Reading, Source, date};

    fn anchor(boot_ms: u64, source: Source) -> Anchor {
        Anchor { boot_ms, utc_ms: 0, error_ms: 0, source }
    }

    #[test]
    fn a_new_anchor_reaches_half_way_to_the_next_of_its_source() {
        let kept: Vec<_> = [1_000, 3_000, 9_000].map(|at| anchor(at, Source::Hub)).into();
        let of = |at: usize| reach(&kept[at..=at], &kept);
        assert_eq!(of(1), 2_000..=6_001);
        assert_eq!(of(0), 0..=2_001);
        assert_eq!(of(2), 6_000..=u64::MAX);
        assert_eq!(reach(&kept[..2], &kept), 0..=6_001, "both");
        let first = [anchor(5_000, Source::Rtc)];
        assert_eq!(reach(&first, &kept), 0..=u64::MAX, "the first of its source");
    }

    #[test]
    fn beyond_its_reach_a_new_anchor_dates_nothing() {
        let told = |boot_ms, utc_ms| Anchor { utc_ms, ..anchor(boot_ms, Source::Hub) };
        let before = [told(1_000, 7), told(9_000, 10_000)];
        let new = told(4_000, 60_000);
        let after = [before[0], new, before[1]];
        let reach = reach(&[new], &after);
        for boot_ms in (0..12_000).step_by(100) {
            let reading = Reading { boot_ms, wall_ms: 0 };
            let is_changed = date(reading, &before) != date(reading, &after);
            assert!(!is_changed || reach.contains(&boot_ms), "{boot_ms}");
        }
    }
}
