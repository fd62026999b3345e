//! Which cells of a kiosk's tallies are a shop's: those of the hours in which it stood there.
//!
//! Tallies are kept by kiosk and by the hour of its shop's clocks. A kiosk that is moved counts on
//! by other clocks. Where these show hours again that were counted before, as in a zone to the
//! west, all of these hours are the shop's that the kiosk came to: so no rating is counted in two
//! shops, and the few of the hours just before the move are counted in the wrong one.

use std::ops::Range;

use super::history::History;
use super::hours;
use crate::feedback::zone::Zone;

/// A kiosk's stay in a shop, by the number of the shop; times are milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// When it began.
    pub from_ms: i64,
    /// When it had ended.
    pub to_ms: i64,
    /// The shop.
    pub shop: i64,
}

/// The hours of each of a kiosk's stays, which come in their order; `zones` are a shop's.
pub fn hours<'a>(
    stays: &[Stay],
    zones: impl Fn(i64) -> Option<&'a History<Zone>>,
) -> Vec<Range<i32>> {
    let hour = |stay: &Stay, utc_ms: i64| {
        hours::hour(utc_ms, zones(stay.shop).map(Vec::as_slice).unwrap_or_default())
    };
    let mut next = i32::MAX;
    let mut ranges: Vec<Range<i32>> = Vec::new();
    for (at, stay) in stays.iter().enumerate().rev() {
        let is_last = at + 1 == stays.len();
        let first = if at == 0 { i32::MIN } else { hour(stay, stay.from_ms) };
        let own = hour(stay, stay.to_ms.saturating_sub(1)).saturating_add(1);
        let end = if is_last { i32::MAX } else { own.min(next) };
        ranges.push(first..end.max(first));
        next = next.min(first);
    }
    ranges.reverse();
    ranges
}

/// The hours of a day, both counted from 1970.
#[must_use]
pub const fn of_day(day: i32) -> Range<i32> {
    let first = day.saturating_mul(24);
    first..first.saturating_add(24)
}

/// The hours that are in both.
#[must_use]
pub fn both(one: &Range<i32>, other: &Range<i32>) -> Range<i32> {
    let first = one.start.max(other.start);
    first..one.end.min(other.end).max(first)
}

/// The days that are whole in a range of hours, and the hours before and after these, all counted
/// from 1970.
#[must_use]
pub fn whole_days(hours: &Range<i32>) -> (Range<i32>, Range<i32>, Range<i32>) {
    let first = hours.start.div_euclid(24) + i32::from(hours.start.rem_euclid(24) != 0);
    let end = hours.end.div_euclid(24);
    if first >= end {
        return (0..0, hours.clone(), 0..0);
    }
    (first..end, hours.start..first * 24, end * 24..hours.end)
}

/// The same hours in ranges of which no two meet, in their order.
#[must_use]
pub fn joined(mut ranges: Vec<Range<i32>>) -> Vec<Range<i32>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<i32>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::rules::history::EVER_MS;
    use crate::zones::Zones;

    const HOUR: i64 = 3_600_000;

    /// A kiosk that stood in these shops, from these hours of UTC on; a shop's number says how many
    /// hours its clocks are ahead.
    fn of(moves: &[(i64, i64)]) -> Vec<Range<i32>> {
        let zone = |ahead: i64| {
            let zone = Zones::of_system().zone(&format!("Etc/GMT{:+}", -ahead)).unwrap();
            vec![(EVER_MS, zone)]
        };
        let shops: std::collections::BTreeMap<i64, History<Zone>> =
            moves.iter().map(|(_, shop)| (*shop, zone(*shop))).collect();
        let begins = |at: usize| moves.get(at).map(|(hour, _)| hour * HOUR);
        let stays: Vec<Stay> = (0..moves.len())
            .map(|at| Stay {
                from_ms: if at == 0 { EVER_MS } else { begins(at).unwrap() },
                to_ms: begins(at + 1).unwrap_or(i64::MAX),
                shop: moves[at].1,
            })
            .collect();
        hours(&stays, |shop| shops.get(&shop))
    }

    #[test]
    fn a_kiosk_that_was_never_moved_counts_in_one_shop() {
        assert_eq!(of(&[(0, 2)]).first(), Some(&(i32::MIN..i32::MAX)));
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn each_hour_is_counted_in_one_shop_whatever_the_clocks_showed() {
        // Under the same clocks, then two hours ahead, then back.
        assert_eq!(of(&[(0, 1), (10, 1)]), [i32::MIN..11, 11..i32::MAX]);
        assert_eq!(of(&[(0, 1), (10, 3)]), [i32::MIN..11, 13..i32::MAX]);
        assert_eq!(of(&[(0, 3), (10, 1)]), [i32::MIN..11, 11..i32::MAX]);
        // What is left of a stay may be nothing.
        assert_eq!(of(&[(0, 3), (10, 4), (11, 1)]), [i32::MIN..12, 14..14, 12..i32::MAX]);
    }

    #[test]
    fn a_day_has_the_hours_that_it_shares_with_a_stay() {
        assert_eq!(of_day(-1), -24..0);
        assert_eq!(both(&of_day(1), &(i32::MIN..i32::MAX)), 24..48);
        assert_eq!(both(&of_day(1), &(30..99)), 30..48);
        assert!(both(&of_day(1), &(50..99)).is_empty());
    }

    #[test]
    fn whole_days_and_the_hours_around_them_are_all_of_a_range() {
        assert_eq!(whole_days(&(24..72)), (1..3, 24..24, 72..72));
        assert_eq!(whole_days(&(23..73)), (1..3, 23..24, 72..73));
        assert_eq!(whole_days(&(-25..1)), (-1..0, -25..-24, 0..1));
        assert_eq!(whole_days(&(25..71)).1, 25..71, "no day is whole");
        let (days, before, after) = whole_days(&(i32::MIN..i32::MAX));
        assert_eq!((before.start, after.end), (i32::MIN, i32::MAX));
        assert_eq!((days.start * 24, days.end * 24), (before.end, after.start));
    }

    #[test]
    fn ranges_that_meet_are_one_and_no_hour_is_in_two() {
        let ranges = vec![5..9, 30..30, 0..5, 20..24, 22..23, 24..30, 40..50];
        assert_eq!(joined(ranges), [0..9, 20..30, 40..50]);
    }
}
