//! How old something must be to be deleted: by every clock that there is.

use super::{Anchor, DAY_MS, Reading};

/// A limit in time by three clocks: the one that head office can set, the board's own, and the
/// boot's, which nobody sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// In milliseconds since 1970 UTC, as anchors tell it.
    pub utc_ms: i64,
    /// In milliseconds since 1970 UTC by the wall clock.
    pub wall_ms: i64,
    /// In milliseconds since the present boot began, for what was taken in it.
    pub boot_ms: u64,
}

impl Limit {
    /// The limit for what is to be kept for so many days, at this time in milliseconds since 1970
    /// UTC, when the board's clocks show these.
    #[must_use]
    pub fn after_days(days: u16, utc_ms: i64, now: Reading) -> Self {
        let kept_ms = i64::from(days) * DAY_MS;
        let before = |ms: i64| ms.saturating_sub(kept_ms);
        let boot_ms = now.boot_ms.saturating_sub(kept_ms.unsigned_abs());
        Self { utc_ms: before(utc_ms), wall_ms: before(now.wall_ms), boot_ms }
    }

    /// Whether a reading is beyond the limit by each anchor of its boot and by the wall clock too.
    ///
    /// A clock that was wrong, or a head office that lies, then keeps something longer, and deletes
    /// nothing that the other clock has not seen grow old.
    #[must_use]
    pub fn is_past(&self, reading: Reading, anchors: &[Anchor]) -> bool {
        let is_told = |anchor: &Anchor| anchor.utc_at(reading.boot_ms) < self.utc_ms;
        let is_dated = !anchors.is_empty() && anchors.iter().all(is_told);
        is_dated && reading.wall_ms < self.wall_ms
    }

    /// The same of a reading of the present boot, which must have lasted as long too: both other
    /// clocks may have been set ahead.
    #[must_use]
    pub fn is_past_now(&self, reading: Reading, anchors: &[Anchor]) -> bool {
        reading.boot_ms < self.boot_ms && self.is_past(reading, anchors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::moment::Source;

    /// What each clock shows now, and showed when a rating was taken, in days; an own anchor of
    /// that boot, if it has one, as days too; and whether the rating may go after 30 days.
    type Clocks = (&'static str, (i64, i64), (i64, i64), Option<i64>, bool);

    #[test]
    fn what_only_one_clock_has_seen_grow_old_stays() {
        const CASES: &[Clocks] = &[
            ("both are right", (1_031, 1_031), (1_000, 1_000), None, true),
            ("both are right, and it is young", (1_029, 1_029), (1_000, 1_000), None, false),
            ("head office says a far year", (9_000, 1_010), (1_000, 1_000), None, false),
            ("head office said an early year", (1_010, 1_010), (500, 1_000), None, false),
            ("the same, and a time service knew", (1_010, 1_010), (500, 500), Some(1_000), false),
            ("head office says an early year", (500, 1_031), (1_000, 1_000), None, false),
            ("the board is a year behind all along", (1_031, 666), (1_000, 635), None, true),
            ("the board was ahead", (1_031, 1_031), (1_000, 9_000), None, false),
            ("the board was behind and is not", (1_010, 1_010), (1_000, 700), None, false),
            ("the board goes ahead", (1_010, 9_000), (1_000, 1_000), None, false),
        ];
        for (what, (hub, wall), (hub_then, wall_then), own, is_past) in CASES {
            let limit = Limit::after_days(30, hub * DAY_MS, at(0, *wall));
            let reading = Reading { boot_ms: 5_000, wall_ms: wall_then * DAY_MS };
            let told = by(Source::Hub, 4_000, hub_then * DAY_MS);
            let own = own.map(|days| by(Source::Ntp, 900_000, days * DAY_MS));
            let anchors: Vec<_> = [told].into_iter().chain(own).collect();
            assert_eq!(limit.is_past(reading, &anchors), *is_past, "{what}");
        }
        let far = Limit { utc_ms: i64::MAX, wall_ms: i64::MAX, boot_ms: u64::MAX };
        assert!(!far.is_past(Reading { boot_ms: 0, wall_ms: 0 }, &[]), "its age is not known");
        let first =
            Limit::after_days(u16::MAX, i64::MIN, Reading { boot_ms: 0, wall_ms: i64::MIN });
        assert_eq!((first.utc_ms, first.wall_ms, first.boot_ms), (i64::MIN, i64::MIN, 0));
    }

    #[test]
    fn what_the_present_boot_has_not_seen_grow_old_stays() {
        let day = |days: u64| days * DAY_MS.unsigned_abs();
        let anchors = [by(Source::Hub, 0, 1_000 * DAY_MS)];
        let is_past = |ran: u64| {
            // Somebody sets both clocks two years ahead.
            let limit = Limit::after_days(30, 1_730 * DAY_MS, at(day(ran), 1_730));
            limit.is_past_now(at(0, 1_000), &anchors)
        };
        assert_eq!([1, 29, 30, 31, 90].map(is_past), [false, false, false, true, true]);
    }

    fn at(boot_ms: u64, wall_days: i64) -> Reading {
        Reading { boot_ms, wall_ms: wall_days * DAY_MS }
    }

    fn by(source: Source, boot_ms: u64, utc_ms: i64) -> Anchor {
        Anchor { boot_ms, utc_ms, error_ms: 100, source }
    }
}
