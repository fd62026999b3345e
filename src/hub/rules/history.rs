//! What was so when: the past of a shop or a kiosk, and what a correction makes of it.
//!
//! A correction says what is so from its beginning on. What was so before stays: a rating belongs
//! to the place that its kiosk stood in at its time.

use chrono::NaiveDate;

use crate::feedback::moment;
use crate::feedback::zone::Zone;

/// A beginning before every event, in milliseconds since 1970 UTC.
pub const EVER_MS: i64 = i64::MIN;

/// What was so from each of these beginnings on, in their order, in milliseconds since 1970 UTC;
/// the first is [`EVER_MS`].
pub type History<T> = Vec<(i64, T)>;

/// A history after a correction that holds from this time on, in milliseconds since 1970 UTC. What
/// was said to begin later is corrected too.
#[must_use]
pub fn corrected<T: Clone + PartialEq>(
    history: &[(i64, T)],
    from_ms: i64,
    correct: impl Fn(&mut T),
) -> History<T> {
    let mut changed = Vec::new();
    for (at, (begins_ms, is)) in history.iter().enumerate() {
        let ends_ms = history.get(at + 1).map_or(i64::MAX, |next| next.0);
        if *begins_ms < from_ms {
            changed.push((*begins_ms, is.clone()));
        }
        if ends_ms > from_ms {
            let mut is = is.clone();
            correct(&mut is);
            changed.push(((*begins_ms).max(from_ms), is));
        }
    }
    changed.dedup_by(|next, last| next.1 == last.1);
    changed
}

/// What was so at a time, in milliseconds since 1970 UTC.
#[must_use]
pub fn at<T>(history: &[(i64, T)], utc_ms: i64) -> Option<&T> {
    history.iter().rev().find(|(from_ms, _)| *from_ms <= utc_ms).map(|(_, is)| is)
}

/// The history of a part of what was so.
#[must_use]
pub fn part<T, P: PartialEq>(history: &[(i64, T)], of: impl Fn(&T) -> P) -> History<P> {
    let mut parts: History<P> = history.iter().map(|(from_ms, is)| (*from_ms, of(is))).collect();
    parts.dedup_by(|next, last| next.1 == last.1);
    parts
}

/// When a day began and when it had ended, by the clocks that were the shop's then, in milliseconds
/// since 1970 UTC. Where another zone came between, every instant still belongs to one day.
#[must_use]
pub fn day_bounds(zones: &[(i64, Zone)], day: NaiveDate) -> (i64, i64) {
    let next = day.succ_opt().unwrap_or(day);
    let from_ms = begins(zones, day);
    (from_ms, begins(zones, next).max(from_ms))
}

/// When a day began: by the last zone that held by then, and no later than the next one began.
fn begins(zones: &[(i64, Zone)], day: NaiveDate) -> i64 {
    let of = |zone: &Zone| moment::day_bounds(day, zone).0;
    let last = zones.iter().rposition(|(from_ms, zone)| *from_ms <= of(zone));
    let (zone, next) = match last {
        Some(last) => (zones.get(last), zones.get(last + 1)),
        None => (zones.first(), None),
    };
    let begins_ms = zone.map_or_else(|| of(&Zone::utc()), |(_, zone)| of(zone));
    next.map_or(begins_ms, |(from_ms, _)| begins_ms.min(*from_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_keeps_what_was_before_and_holds_from_its_beginning_on() {
        let set = |history: &[(i64, (char, u8))], from_ms, letter| {
            corrected(history, from_ms, |is| is.0 = letter)
        };
        let first = vec![(EVER_MS, ('a', 1))];
        let second = set(&first, 10, 'b');
        assert_eq!(second, [(EVER_MS, ('a', 1)), (10, ('b', 1))]);
        assert_eq!(set(&second, 5, 'c'), [(EVER_MS, ('a', 1)), (5, ('c', 1))]);
        assert_eq!(set(&second, EVER_MS, 'c'), [(EVER_MS, ('c', 1))]);
        assert_eq!(set(&second, 20, 'b'), second, "nothing new is said");
        // Another field of a later time stays as it is.
        let third = corrected(&second, 20, |is| is.1 = 2);
        let both = [(EVER_MS, ('a', 1)), (5, ('c', 1)), (20, ('c', 2))];
        assert_eq!(set(&third, 5, 'c'), both);
        for (utc_ms, is) in [(i64::MIN, 'a'), (9, 'a'), (10, 'b'), (i64::MAX, 'b')] {
            assert_eq!(at(&second, utc_ms).unwrap().0, is);
        }
        assert_eq!(part(&third, |is| is.1), [(EVER_MS, 1), (20, 2)]);
        assert_eq!(part(&third, |is| is.0), [(EVER_MS, 'a'), (10, 'b')]);
    }

    /// So many hours east of Greenwich, all year; the names of these zones count westward.
    fn zone(hours: i64) -> Zone {
        crate::zones::Zones::of_system().zone(&format!("Etc/GMT{:+}", -hours)).unwrap()
    }

    #[test]
    fn every_instant_belongs_to_one_day_whatever_zones_came() {
        let day = |n: u32| NaiveDate::from_ymd_opt(2026, 11, n).unwrap();
        let hour = 3_600_000;
        for (before, after) in [(2, 10), (10, 2), (-8, 13), (13, -8), (1, 0)] {
            let (before, after) = (zone(before), zone(after));
            let change = moment::day_bounds(day(20), &after).0;
            let zones = [(EVER_MS, before.clone()), (change, after.clone())];
            let mut at = day_bounds(&zones, day(10)).0;
            for n in 10..29 {
                let (from_ms, to_ms) = day_bounds(&zones, day(n));
                assert_eq!(from_ms, at, "no gap before day {n}");
                assert!(to_ms - from_ms <= 48 * hour);
                at = to_ms;
            }
            assert_eq!(day_bounds(&zones, day(12)), moment::day_bounds(day(12), &before));
            assert_eq!(day_bounds(&zones, day(25)), moment::day_bounds(day(25), &after));
        }
    }
}
