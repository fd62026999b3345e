//! A chain of up to 1,000 shops with three kiosks each, and what is pressed there: the same for
//! each run, and the cells that the program's own rules make of it.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use smilepost::feedback::zone::Zone;
use smilepost::hub::archive::{Kiosk, Shop};
use smilepost::hub::rules::history::EVER_MS;
use smilepost::hub::rules::hours;
use smilepost::hub::rules::tallying::{Cell, Differences, Fact, Press};
use smilepost::zones::Zones;

/// How many kiosks a shop has, each at a touchpoint of its own.
pub(crate) const KIOSKS_OF_SHOP: u32 = 3;

/// How many shops are in a group.
pub(crate) const SHOPS_OF_GROUP: u32 = 50;

/// How long shops are open, in hours.
const OPEN: i64 = 12;

/// Zones of the shops, and the hour of UTC at which a shop opens there.
const ZONES: [(&str, i64); 4] = [
    ("Europe/Helsinki", 7),
    ("Europe/London", 9),
    ("America/New_York", 14),
    ("America/Los_Angeles", 17),
];

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A shop by its number, from 0.
pub(crate) fn shop(number: u32) -> Shop {
    let (zone, _) = zone_of(number);
    Shop {
        id: shop_id(number),
        name: format!("Shop {number}"),
        zone: zone.to_owned(),
        group: Some(format!("group {}", number / SHOPS_OF_GROUP)),
    }
}

pub(crate) fn shop_id(number: u32) -> String {
    format!("s{number}")
}

/// A kiosk by its number, from 0.
pub(crate) fn kiosk(number: u32) -> Kiosk {
    let touchpoint = format!("touchpoint {}", number % KIOSKS_OF_SHOP);
    Kiosk { id: format!("k{number}"), shop: shop_id(number / KIOSKS_OF_SHOP), touchpoint }
}

fn zone_of(shop: u32) -> (&'static str, i64) {
    ZONES[shop as usize % ZONES.len()]
}

/// The first day that anything was pressed.
pub(crate) fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 11, 21).unwrap()
}

/// A day by its number, from 0.
pub(crate) fn date(day: u32) -> NaiveDate {
    first_day() + Days::new(day.into())
}

/// A press.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pressed {
    utc_ms: i64,
    score: u8,
    is_misuse: bool,
    /// The next press of the day takes it back.
    is_taken_back: bool,
}

/// What is pressed, and the clocks by which it is counted.
pub(crate) struct Chain {
    zones: BTreeMap<&'static str, Zone>,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let zones = Zones::of_system();
        let known = ZONES.iter().map(|(name, _)| (*name, zones.zone(name).unwrap()));
        Self { zones: known.collect() }
    }

    /// What is pressed at a kiosk on a day: 46 presses as a rule, rising.
    pub(crate) fn pressed(kiosk: u32, day: u32) -> Vec<Pressed> {
        let mut chance = Chance(u64::from(kiosk) << 32 | u64::from(day));
        let (_, opens) = zone_of(kiosk / KIOSKS_OF_SHOP);
        let midnight = DAY * i64::from(number(date(day)));
        let count = 36 + chance.below(21);
        let mut all: Vec<Pressed> = (0..count)
            .map(|_| Pressed {
                utc_ms: midnight + opens * HOUR + chance.below(OPEN as u64 * 3_600) as i64 * 1_000,
                score: [1, 2, 3, 4, 4, 5, 5, 5][chance.below(8) as usize],
                is_misuse: chance.below(50) == 0,
                is_taken_back: chance.below(50) == 0,
            })
            .collect();
        all.sort_unstable_by_key(|pressed| pressed.utc_ms);
        if let Some(last) = all.last_mut() {
            last.is_taken_back = false;
        }
        all
    }

    /// The cells of what is pressed at a kiosk on these days, by the program's rules.
    pub(crate) fn cells(&self, kiosk: u32, days: std::ops::Range<u32>, line: i64) -> Differences {
        let (zone, _) = zone_of(kiosk / KIOSKS_OF_SHOP);
        let zones = [(EVER_MS, self.zones[zone].clone())];
        let mut cells = Differences::default();
        let press = Press { scale: Some(5), line: Some(line), ..Press::default() };
        let mut fact = Fact { kind: "rated".to_owned(), press, ..Fact::default() };
        // Clocks of these zones change at full hours of UTC.
        let mut known = (i64::MIN, 0);
        let misuse = |pressed: &Pressed| pressed.is_misuse.then(|| "bounce".to_owned());
        for all in days.map(|day| Self::pressed(kiosk, day)) {
            for (at, pressed) in all.iter().enumerate() {
                let hour = pressed.utc_ms.div_euclid(HOUR);
                if known.0 != hour {
                    known = (hour, hours::hour(pressed.utc_ms, &zones));
                }
                fact.press.hour = known.1;
                fact.press.score = Some(pressed.score);
                fact.press.misuse = misuse(pressed);
                let later = all.get(at + 1).filter(|_| pressed.is_taken_back);
                fact.press.later = later.map(misuse).into_iter().collect();
                (fact.utc_ms, fact.received_ms) = (pressed.utc_ms, pressed.utc_ms + HOUR);
                cells.put_fact(&fact);
            }
        }
        cells
    }

    /// The same presses of some days from the first on, as the kiosk delivers them, and when.
    pub(crate) fn delivery(kiosk: u32, days: std::ops::Range<u32>) -> (Value, i64) {
        let id = format!("{:032x}", (0xabc_u128 << 64) + u128::from(kiosk) + 1);
        let began_ms = DAY * i64::from(number(date(0)));
        let (before, now): (Vec<u32>, Vec<u32>) = (0..days.end).partition(|day| *day < days.start);
        let many = |days: Vec<u32>| days.into_iter().flat_map(|day| Self::pressed(kiosk, day));
        let sent = many(before).count();
        let mut events: Vec<Value> = Vec::new();
        let (mut takes_back, mut last_ms) = (None, 0);
        for (n, pressed) in (sent + 1..).zip(many(now)) {
            last_ms = pressed.utc_ms;
            let mut event = json!({
                "n": n, "kind": "rated", "boot_ms": pressed.utc_ms - began_ms,
                "wall_ms": pressed.utc_ms, "score": pressed.score, "scale": 5, "input": "button",
                "question": "checkout", "question_version": 1, "language": "en",
                "misuse_rule": 2,
            });
            if pressed.is_misuse {
                event["misuse"] = json!("bounce");
            }
            if let Some(earlier) = std::mem::take(&mut takes_back) {
                event["replaces"] = json!(earlier);
            }
            takes_back = pressed.is_taken_back.then_some(n);
            events.push(event);
        }
        let taken = sent + events.len();
        let anchor = json!({ "boot_ms": 0, "utc_ms": began_ms, "error_ms": 50, "source": "ntp" });
        let delivery = json!({
            "nonce": "00112233445566778899aabbccddeeff", "app": "bench",
            "runs": [{ "run": id, "boot": id, "taken": taken, "events": events }],
            "boots": [{ "boot": id, "anchors": [anchor] }],
            "counters": {
                "taken": taken, "settled": sent, "set_aside": 0, "waiting": events.len(),
            },
        });
        (delivery, last_ms + HOUR)
    }
}

/// The number of a day since 1970.
pub(crate) fn number(date: NaiveDate) -> i32 {
    let epoch = chrono::DateTime::UNIX_EPOCH.date_naive();
    i32::try_from((date - epoch).num_days()).unwrap()
}

/// A cell of the table of hours or of days, as it is written.
pub(crate) type Row = ([i32; 3], Cell);

/// The rows of a kiosk, by its number in the archive: of hours and of days.
pub(crate) fn rows(no: i32, cells: &Differences) -> (Vec<Row>, Vec<Row>) {
    let row = |(&(when, line), cell): (&(i32, i64), &Cell)| {
        ([no, when, i32::try_from(line).unwrap()], *cell)
    };
    (cells.hours().iter().map(row).collect(), cells.days().iter().map(row).collect())
}

/// Numbers that look like chance, the same for each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
