//! A time zone in which it is about noon now, so that neither midnight nor a full hour comes during
//! a test that counts by days and hours.

use chrono::Timelike as _;
use smilepost::clock;
use smilepost::feedback::zone::Zone;
use smilepost::zones::Zones;

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
pub(crate) fn zone() -> Zone {
    let now_ms = clock::wall_ms();
    let is_mid_hour = |zone: &Zone| (15..45).contains(&zone.shown(now_ms).minute());
    let from_noon = |zone: &Zone| zone.shown(now_ms).hour().abs_diff(12);
    let zones = Zones::of_system();
    let known = ZONES.into_iter().map(|name| zones.zone(name).unwrap());
    known.filter(is_mid_hour).min_by_key(from_noon).unwrap()
}
