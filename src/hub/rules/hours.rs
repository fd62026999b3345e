//! Hours: under which hour of the shop's clocks an event is counted.
//!
//! An hour is named by what the clocks showed: its day, counted from 1970, times 24, and the hour
//! of that day. So the hour that clocks show twice in autumn is one, and the one that they skip in
//! spring has nothing; weekday and hour of the day are arithmetic.

use chrono::{DateTime, Timelike as _};

use super::history;
use crate::feedback::zone::Zone;

/// The hour of an instant, in milliseconds since 1970 UTC, by the clocks of the shop in which the
/// kiosk stood then. Clocks of which nothing is known show UTC.
#[must_use]
pub fn hour(utc_ms: i64, zones: &[(i64, Zone)]) -> i32 {
    let shown = match history::at(zones, utc_ms) {
        Some(zone) => zone.shown(utc_ms),
        None => Zone::utc().shown(utc_ms),
    };
    let day = (shown.date() - DateTime::UNIX_EPOCH.date_naive()).num_days();
    let hour = day * 24 + i64::from(shown.hour());
    i32::try_from(hour).unwrap_or(if hour < 0 { i32::MIN } else { i32::MAX })
}

/// How many hours a week has.
pub const WEEK: usize = 168;

/// The hour of the week of an hour, counted from 1970; 0 begins on Monday at midnight.
#[must_use]
pub const fn of_week(hour: i32) -> usize {
    // 1970 began on a Thursday.
    (hour.rem_euclid(168) + 72).rem_euclid(168).unsigned_abs() as usize
}

/// The hour with which the week of an hour began, both counted from 1970.
#[must_use]
pub const fn week_begins(hour: i32) -> i32 {
    hour.saturating_sub((hour.rem_euclid(168) + 72).rem_euclid(168))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::rules::history::EVER_MS;
    use crate::zones::Zones;

    fn of(utc: &str, zone: &str) -> i32 {
        let zone = Zones::of_system().zone(zone).unwrap();
        hour(utc.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_millis(), &[(EVER_MS, zone)])
    }

    #[test]
    fn an_hour_is_what_the_shops_clocks_showed() {
        assert_eq!(of("1970-01-01T00:00:00Z", "UTC"), 0);
        assert_eq!(of("1970-01-02T05:59:59.999Z", "UTC"), 29);
        assert_eq!(of("1970-01-01T00:00:00Z", "Europe/Helsinki"), 2);
        // Half an hour and three quarters beside the others.
        assert_eq!(of("1970-01-01T00:30:00Z", "Asia/Kolkata"), 6);
        assert_eq!(of("1970-01-01T00:29:59Z", "Asia/Kolkata"), 5);
        assert_eq!(of("2026-11-20T00:15:00Z", "Asia/Kathmandu") % 24, 6);
        assert_eq!(of("2026-11-20T00:14:59Z", "Asia/Kathmandu") % 24, 5);
    }

    #[test]
    fn hours_before_1970_go_on_downwards() {
        assert_eq!(of("1969-12-31T23:59:59.999Z", "UTC"), -1);
        assert_eq!(of("1969-12-31T00:00:00Z", "UTC"), -24);
        assert_eq!(of("1970-01-01T00:00:00Z", "America/New_York"), -5);
        let utc = [(EVER_MS, Zone::utc())];
        assert!(hour(i64::MIN, &utc) <= hour(0, &utc) && hour(0, &utc) <= hour(i64::MAX, &utc));
    }

    #[test]
    fn clocks_that_are_changed_skip_an_hour_or_show_one_twice() {
        let helsinki = |utc: &str| of(utc, "Europe/Helsinki");
        let before = helsinki("2026-03-29T00:59:59Z");
        assert_eq!(helsinki("2026-03-29T01:00:00Z"), before + 2);
        let before = helsinki("2026-10-25T00:59:59Z");
        assert_eq!(helsinki("2026-10-25T01:00:00Z"), before);
        assert_eq!(helsinki("2026-10-25T01:59:59Z"), before);
        assert_eq!(helsinki("2026-10-25T02:00:00Z"), before + 1);
        // Half an hour back: 01:30 to 02:00 is shown twice.
        let island = |utc: &str| of(utc, "Australia/Lord_Howe");
        assert_eq!(island("2026-04-04T14:59:59Z") % 24, 1);
        assert_eq!(island("2026-04-04T15:29:59Z") % 24, 1);
        assert_eq!(island("2026-04-04T15:30:00Z") % 24, 2);
    }

    #[test]
    fn an_event_is_counted_by_the_clocks_of_its_time() {
        let zone = |name| Zones::of_system().zone(name).unwrap();
        let zones = [(EVER_MS, zone("Europe/Helsinki")), (3_600_000, zone("Asia/Tokyo"))];
        assert_eq!(hour(3_599_999, &zones), 2);
        assert_eq!(hour(3_600_000, &zones), 10);
        assert_eq!(hour(3_600_000, &[]), 1, "of unknown clocks");
    }

    #[test]
    fn a_week_begins_on_monday_at_midnight() {
        let hour = of("2026-11-23T00:00:00Z", "UTC");
        assert_eq!((of_week(hour), week_begins(hour)), (0, hour));
        assert_eq!((of_week(hour - 1), week_begins(hour - 1)), (167, hour - 168));
        assert_eq!((of_week(hour + 50), week_begins(hour + 50)), (50, hour));
        for hour in [-1, -72, -73, -300, 0, 95, 96] {
            let since = hour - week_begins(hour);
            assert_eq!(usize::try_from(since).unwrap(), of_week(hour), "{hour}");
        }
    }
}
