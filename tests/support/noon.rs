//! A time zone in which it is about noon now, so that neither midnight nor a full hour comes during
//! a test that counts by days and hours.

use chrono::Timelike as _;
use chrono_tz::Tz;
use smilepost::clock;

/// Zones without summer time, one at each hour and some at half an hour.
const ZONES: [Tz; 30] = [
    Tz::Etc__GMTPlus11,
    Tz::Etc__GMTPlus10,
    Tz::Etc__GMTPlus9,
    Tz::Etc__GMTPlus8,
    Tz::Etc__GMTPlus7,
    Tz::Etc__GMTPlus6,
    Tz::Etc__GMTPlus5,
    Tz::Etc__GMTPlus4,
    Tz::Etc__GMTPlus3,
    Tz::Etc__GMTPlus2,
    Tz::Etc__GMTPlus1,
    Tz::UTC,
    Tz::Etc__GMTMinus1,
    Tz::Etc__GMTMinus2,
    Tz::Etc__GMTMinus3,
    Tz::Etc__GMTMinus4,
    Tz::Etc__GMTMinus5,
    Tz::Etc__GMTMinus6,
    Tz::Etc__GMTMinus7,
    Tz::Etc__GMTMinus8,
    Tz::Etc__GMTMinus9,
    Tz::Etc__GMTMinus10,
    Tz::Etc__GMTMinus11,
    Tz::Etc__GMTMinus12,
    Tz::Asia__Tehran,
    Tz::Asia__Kabul,
    Tz::Asia__Kolkata,
    Tz::Asia__Yangon,
    Tz::Australia__Darwin,
    Tz::Pacific__Marquesas,
];

/// The zone whose clock is nearest to noon, among those where the hour is about half over.
pub(crate) fn zone() -> Tz {
    let now = chrono::DateTime::from_timestamp_millis(clock::wall_ms()).unwrap();
    let is_mid_hour = |zone: &Tz| (15..45).contains(&now.with_timezone(zone).minute());
    let from_noon = |zone: &Tz| now.with_timezone(zone).hour().abs_diff(12);
    ZONES.into_iter().filter(is_mid_hour).min_by_key(from_noon).unwrap()
}
