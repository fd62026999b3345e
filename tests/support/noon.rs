//! A time zone in which it is about noon now, so that neither midnight nor a full hour comes during
//! a test that counts by days and hours.

use chrono::Timelike as _;
use chrono_tz::Tz;
use smilepost::clock;

/// Zones without summer time, one at each hour and some at half an hour.
const ZONES: [&str; 30] = [
    "Etc/GMT+11",
    "Etc/GMT+10",
    "Etc/GMT+9",
    "Etc/GMT+8",
    "Etc/GMT+7",
    "Etc/GMT+6",
    "Etc/GMT+5",
    "Etc/GMT+4",
    "Etc/GMT+3",
    "Etc/GMT+2",
    "Etc/GMT+1",
    "UTC",
    "Etc/GMT-1",
    "Etc/GMT-2",
    "Etc/GMT-3",
    "Etc/GMT-4",
    "Etc/GMT-5",
    "Etc/GMT-6",
    "Etc/GMT-7",
    "Etc/GMT-8",
    "Etc/GMT-9",
    "Etc/GMT-10",
    "Etc/GMT-11",
    "Etc/GMT-12",
    "Asia/Tehran",
    "Asia/Kabul",
    "Asia/Kolkata",
    "Asia/Yangon",
    "Australia/Darwin",
    "Pacific/Marquesas",
];

/// The zone whose clock is nearest to noon, among those where the hour is about half over.
pub(crate) fn zone() -> Tz {
    let now = chrono::DateTime::from_timestamp_millis(clock::wall_ms()).unwrap();
    let is_mid_hour = |zone: &Tz| (15..45).contains(&now.with_timezone(zone).minute());
    let from_noon = |zone: &Tz| now.with_timezone(zone).hour().abs_diff(12);
    ZONES.into_iter().filter(is_mid_hour).min_by_key(from_noon).unwrap()
}
