//! Whatever comes, in whatever order and however often: it is stored once, tallies are what a
//! recount gives, and pages show what a plain count of the events gives.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Timelike as _};
use serde_json::{Value, json};
use smilepost::feedback::event::fields::Field;
use smilepost::hub::archive::{Correction, Day, ShopDate, ShopDays, Stored};
use smilepost::hub::commands::correct::{self, Since};
use smilepost::wire::report::Reported;
use smilepost::zones::Zones;

use crate::chance::{Chance, seeds};
use crate::hub::{NOON, NOW};
use crate::shops::{KIOSKS, SHOPS, Shops, anchored, id, part, store};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// How much is done with each seed.
const STEPS: u32 = 60;

/// Zones that shops may get. Boots begin two hours before noon UTC and take three at most, so that
/// no kiosk is moved, and no zone begins to count, in an hour in which these show what somebody
/// else was pressing.
const ZONES: [&str; 4] = ["Europe/Helsinki", "Europe/London", "America/New_York", "Asia/Kolkata"];

/// A run of a kiosk, in a boot of its own.
struct Run {
    kiosk: usize,
    began_ms: i64,
    /// Whether its wall clock is right.
    has_wall: bool,
    events: BTreeMap<u32, Value>,
    /// The numbers that were never sent.
    held: BTreeSet<u32>,
}

struct Play {
    shops: Shops,
    chance: Chance,
    /// Runs by their numbers, from 1.
    runs: BTreeMap<u32, Run>,
    /// Everything that was sent: the kiosk, runs and boots.
    sent: Vec<(usize, Vec<Value>, Vec<Value>)>,
    settled: BTreeSet<(String, u32)>,
    now_ms: i64,
}

impl Play {
    async fn new(seed: u64) -> Self {
        let (shops, chance) = (Shops::new().await, Chance::seeded(seed));
        let (runs, sent, settled) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        Self { shops, chance, runs, sent, settled, now_ms: NOW }
    }

    async fn step(&mut self) {
        self.now_ms += 1_000;
        match self.chance.below(16) {
            0 | 1 => self.catch_up().await,
            2 => self.repeat().await,
            3 => self.tell_time().await,
            4 => self.move_kiosk().await,
            5 => self.change_zone().await,
            6 => self.contradict().await,
            7 => self.steal().await,
            8 => self.shops.work(self.now_ms).await,
            _ => self.press().await,
        }
    }

    /// Sends, and notes what is answered.
    async fn send(&mut self, kiosk: usize, runs: Vec<Value>, boots: Vec<Value>) -> Stored {
        let (archive, now_ms) = (&self.shops.archive, self.now_ms);
        let what = (&runs[..], &boots[..]);
        let stored = if self.chance.one_in(5) {
            // The kiosk has given up waiting, and sends it again.
            let twice = (
                store(archive, KIOSKS[kiosk], what, now_ms),
                store(archive, KIOSKS[kiosk], what, now_ms),
            );
            let (one, other) = tokio::join!(twice.0, twice.1);
            assert!(one.added == 0 || other.added == 0, "it is new once");
            one
        } else {
            store(archive, KIOSKS[kiosk], what, now_ms).await
        };
        self.settled.extend(stored.settled.iter().map(|id| (id.run.to_string(), id.n)));
        self.sent.push((kiosk, runs, boots));
        stored
    }

    /// A run of before or a new one gets events, of which some are sent.
    async fn press(&mut self) {
        let known = u32::try_from(self.runs.len()).unwrap();
        let number = 1 + self.chance.below((known + 1).max(4).min(known + 2));
        let number = number.min(known + 1);
        if number > known {
            let began_ms = NOON - 2 * HOUR - DAY * self.chance.below(6_i64);
            let kiosk = self.chance.below(KIOSKS.len());
            let has_wall = !self.chance.one_in(3);
            let (events, held) = (BTreeMap::new(), BTreeSet::new());
            self.runs.insert(number, Run { kiosk, began_ms, has_wall, events, held });
        }
        let mut now = Vec::new();
        for _ in 0..1 + self.chance.below(6) {
            let n = u32::try_from(self.runs[&number].events.len()).unwrap() + 1;
            let event = event(&mut self.chance, &self.runs[&number], n);
            let run = self.runs.get_mut(&number).unwrap();
            run.events.insert(n, event.clone());
            if self.chance.one_in(3) {
                run.held.insert(n);
            } else {
                now.push(event);
            }
        }
        let run = &self.runs[&number];
        let (kiosk, began_ms) = (run.kiosk, run.began_ms);
        let taken = u32::try_from(run.events.len()).unwrap();
        let boots = if self.chance.one_in(3) { vec![anchored(number, began_ms)] } else { vec![] };
        self.send(kiosk, vec![part(number, taken, &now)], boots).await;
    }

    /// What a kiosk has held back of all its runs comes in any order, with some that it has sent.
    async fn catch_up(&mut self) {
        let kiosk = self.chance.below(KIOSKS.len());
        let mut parts = Vec::new();
        for (&number, run) in self.runs.iter_mut().filter(|(_, run)| run.kiosk == kiosk) {
            let mut events: Vec<Value> = Vec::new();
            for (n, event) in &run.events {
                if run.held.remove(n) || self.chance.one_in(3) {
                    let at = self.chance.below(events.len() + 1);
                    events.insert(at, event.clone());
                }
            }
            let taken = u32::try_from(run.events.len()).unwrap();
            let at = self.chance.below(parts.len() + 1);
            parts.insert(at, part(number, taken, &events));
        }
        self.send(kiosk, parts, Vec::new()).await;
    }

    /// A delivery comes again.
    async fn repeat(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let at = self.chance.below(self.sent.len());
        let (kiosk, runs, boots) = self.sent[at].clone();
        let stored = self.send(kiosk, runs, boots).await;
        assert_eq!(stored.added, 0);
    }

    /// The time of a boot becomes known.
    async fn tell_time(&mut self) {
        let known = u32::try_from(self.runs.len()).unwrap();
        if known > 0 {
            let number = 1 + self.chance.below(known);
            let run = &self.runs[&number];
            let boots = vec![anchored(number, run.began_ms)];
            self.send(run.kiosk, Vec::new(), boots).await;
        }
    }

    fn since(&mut self) -> Since {
        let day = NaiveDate::from_ymd_opt(2026, 11, 14).unwrap() + Days::new(self.chance.below(7));
        match self.chance.below(6) {
            0 => Since::Always(self.now_ms),
            _ => Since::Day(day.to_string(), self.now_ms),
        }
    }

    async fn move_kiosk(&mut self) {
        let (kiosk, (shop, _)) = (self.chance.below(3_usize), SHOPS[self.chance.below(3_usize)]);
        let said = Correction { shop: Some(shop.to_owned()), ..Correction::default() };
        let since = self.since();
        correct::kiosk(&self.shops.archive, KIOSKS[kiosk], said, since).await.unwrap();
    }

    async fn change_zone(&mut self) {
        let (shop, zone) = (self.chance.below(3_usize), ZONES[self.chance.below(4_usize)]);
        let said = Correction { zone: Some(zone.to_owned()), ..Correction::default() };
        let since = self.since();
        correct::shop(&self.shops.archive, SHOPS[shop].0, said, since).await.unwrap();
    }

    /// The number of an event comes with other content.
    async fn contradict(&mut self) {
        let known = u32::try_from(self.runs.len()).unwrap();
        let Some(number) = (known > 0).then(|| 1 + self.chance.below(known)) else { return };
        let run = &self.runs[&number];
        let Some(n) = run.events.keys().find(|n| !run.held.contains(n)) else { return };
        let mut other = run.events[n].clone();
        other["mood"] = json!("another");
        let parts = vec![part(number, *n, &[other])];
        let stored =
            store(&self.shops.archive, KIOSKS[run.kiosk], (&parts, &[]), self.now_ms).await;
        assert_eq!((stored.conflicts.len(), stored.added), (1, 0));
    }

    /// Another kiosk sends what is not its own.
    async fn steal(&mut self) {
        let known = u32::try_from(self.runs.len()).unwrap();
        let Some(number) = (known > 0).then(|| 1 + self.chance.below(known)) else { return };
        let run = &self.runs[&number];
        let events: Vec<Value> = run.events.values().cloned().collect();
        let parts = vec![part(number, 999, &events)];
        let thief = KIOSKS[(run.kiosk + 1) % KIOSKS.len()];
        let stored = store(&self.shops.archive, thief, (&parts, &[]), self.now_ms).await;
        assert_eq!((stored.foreign.len(), stored.added), (events.len(), 0));
    }

    /// Compares all that can be counted, when what is to do is done.
    async fn check(&self) {
        self.shops.work(self.now_ms).await;
        self.shops.recount().await;
        let rows = self.shops.rows().await;
        let stored: Vec<_> = rows.iter().map(|row| (row.run.clone(), row.n)).collect();
        assert_eq!(stored.iter().cloned().collect::<BTreeSet<_>>(), self.settled);
        assert_eq!(stored.len(), self.settled.len(), "each is stored once");
        self.compare(&rows).await;
    }

    async fn compare(&self, rows: &[Reported]) {
        let counted = count_by(rows, |shop, date, _| (shop.to_owned(), date));
        let all = counted.keys().flat_map(|(_, date)| {
            let next = |days| *date + Days::new(days);
            [*date - Days::new(1), next(0), next(1)]
        });
        let all: BTreeSet<NaiveDate> = all.collect();
        let dates = SHOPS.iter().flat_map(|(shop, _)| {
            all.iter().map(|date| ShopDate { shop: (*shop).to_owned(), date: *date })
        });
        let dates: Vec<ShopDate> = dates.collect();
        let days = self.shops.archive.days(dates.clone()).await.unwrap();
        let shown = dates.into_iter().zip(&days).map(|(of, day)| ((of.shop, of.date), shown(day)));
        let shown: BTreeMap<_, _> = shown.filter(|(_, count)| *count != Count::new()).collect();
        // A time between two boots may be one at night, when a kiosk is moved.
        let is_by_day = |row: &Reported| (9..14).contains(&(utc_ms(row).rem_euclid(DAY) / HOUR));
        let is_sure = rows.iter().all(|row| row.quality != "bounded" || is_by_day(row));
        if is_sure {
            assert_eq!(shown, counted);
        } else {
            assert_eq!(sum(&shown), sum(&counted));
        }
        if let Some(last) = all.last() {
            self.compare_ranges(rows, &counted, (*last - Days::new(12), *last), is_sure).await;
        }
    }

    /// Compares what is counted of more days than one, by shop and together.
    async fn compare_ranges(
        &self,
        rows: &[Reported],
        counted: &BTreeMap<(String, NaiveDate), Count>,
        (first, last): (NaiveDate, NaiveDate),
        is_sure: bool,
    ) {
        let archive = &self.shops.archive;
        let days = |shop: &str, first| ShopDays { shop: shop.to_owned(), first, last };
        let middle = last - Days::new(4);
        let mut asked: Vec<Vec<ShopDays>> = Vec::new();
        for (shop, _) in SHOPS {
            asked.extend([vec![days(shop, first)], vec![days(shop, middle)]]);
        }
        // A day that is named twice counts once.
        asked.push(asked.iter().flatten().cloned().collect());
        let is_in = |days: &ShopDays, shop: &str, date| {
            days.shop == shop && (days.first..=days.last).contains(&date)
        };
        let expected = asked.iter().map(|list| {
            let of_list = counted
                .iter()
                .filter(|((shop, date), _)| list.iter().any(|days| is_in(days, shop, *date)));
            sum(&of_list.map(|(key, count)| (key.clone(), count.clone())).collect())
        });
        let expected: Vec<Count> = expected.collect();
        let ranges = archive.ranges(asked.clone()).await.unwrap();
        let ranges: Vec<Count> = ranges.iter().map(shown).collect();
        let mut weeks = BTreeMap::new();
        for (shop, _) in SHOPS {
            let week = archive.week(vec![days(shop, first), days(shop, middle)]).await.unwrap();
            let by_hour = (0_u32..).zip(&week.hours).map(|(hour, of)| (hour, shown(of)));
            let by_hour: BTreeMap<_, _> = by_hour.filter(|(_, of)| *of != Count::new()).collect();
            assert_eq!(sum(&by_hour), shown(&week.all));
            weeks.extend(by_hour.into_iter().map(|(hour, of)| ((shop.to_owned(), hour), of)));
        }
        let mut by_week = BTreeMap::<_, Count>::new();
        let by_hour = count_by(rows, |shop, date, time| (shop.to_owned(), date, time.hour()));
        for ((shop, date, hour), count) in by_hour {
            if (first..=last).contains(&date) {
                let hour = 24 * date.weekday().num_days_from_monday() + hour;
                add(by_week.entry((shop, hour)).or_default(), &count);
            }
        }
        if is_sure {
            assert_eq!(ranges, expected);
            assert_eq!(weeks, by_week);
        } else {
            assert_eq!(ranges.last(), expected.last());
            assert_eq!(sum(&weeks), sum(&by_week));
        }
    }
}

/// Any event that a kiosk may take as this number of a run.
fn event(chance: &mut Chance, run: &Run, n: u32) -> Value {
    // Contacts bounce, too.
    let boot_ms = if chance.one_in(4) { 20_000 * (n - 1) + 30 } else { 20_000 * n };
    let wall_ms = if run.has_wall { run.began_ms + i64::from(boot_ms) } else { 12 };
    // One before it, which need not have come.
    let other = (n > 1).then(|| 1 + chance.below(n - 1));
    let mut event = json!({ "n": n, "boot_ms": boot_ms, "wall_ms": wall_ms });
    let mut set =
        |said: Value| event.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    set(json!({ "question": "checkout", "question_version": 1, "language": "en" }));
    let mut one_of = |words: [&'static str; 3]| words[chance.below(3_usize)];
    let (answer, misuse) =
        (one_of(["waiting", "staff", "price"]), one_of(["repeat", "held", "bounce"]));
    match chance.below(12) {
        0 => set(json!({ "kind": "noted", "about": "day", "text": "Grüße" })),
        1 => set(json!({ "kind": "hummed" })),
        2 | 3 if other.is_some() => set(json!({
            "kind": "answered", "to": other, "follow_up": "reasons", "outcome": "answered",
            "answer": answer,
        })),
        drawn => {
            let scale = 3 + chance.below(3);
            let (question, version) = [("checkout", 1), ("queue", 2)][chance.below(2_usize)];
            set(json!({
                "kind": "rated", "score": 1 + chance.below(scale), "scale": scale,
                "input": "button", "question": question, "question_version": version,
                "misuse_rule": chance.below(3),
            }));
            if drawn < 6 && other.is_some() {
                set(json!({ "replaces": other }));
            }
            if chance.one_in(5) {
                set(json!({ "misuse": misuse }));
            }
        }
    }
    event
}

/// What a page says of a day: the presses of each question, wording, scale and face, and the rest
/// by what it is.
type Count = BTreeMap<String, u32>;

fn shown(day: &Day) -> Count {
    let mut count = Count::new();
    for (line, counts) in day.lines.each() {
        for (score, times) in line.scale.scores().zip(counts.faces()) {
            let (question, version, faces) = (&line.question, line.version, line.scale.faces());
            let name = format!("{question} {version} {}/{faces}", score.value());
            *count.entry(name).or_default() += times;
        }
    }
    assert_eq!(day.others.ratings, 0, "there is room for all questions");
    let others = [
        ("misuse", day.misuse),
        ("replaced", day.replaced),
        ("uncertain", day.uncertain),
        ("bounded", day.bounded),
        ("unread", day.unread),
    ];
    count.extend(others.map(|(name, times)| (name.to_owned(), times)));
    count.retain(|_, times| *times > 0);
    count
}

/// The same by a plain count of events, by their shop and by what its clocks showed.
fn count_by<K: Ord>(
    rows: &[Reported],
    key: impl Fn(&str, NaiveDate, NaiveTime) -> K,
) -> BTreeMap<K, Count> {
    let zones = Zones::of_system();
    let mut counted = BTreeMap::<_, Count>::new();
    for row in rows.iter().filter(|row| ["rated", "hummed"].contains(&row.kind.as_str())) {
        let shown = zones.zone(&row.zone).unwrap().shown(utc_ms(row));
        let count = counted.entry(key(&row.shop, shown.date(), shown.time())).or_default();
        let mut add = |name: String| *count.entry(name).or_default() += 1;
        if row.kind == "hummed" {
            add("unread".to_owned());
            continue;
        }
        let takes_back = |other: &&Reported| {
            let is_word = [None, Some("held")].contains(&other.fields.text(Field::Misuse));
            other.run == row.run && other.fields.number(Field::Replaces) == Some(row.n) && is_word
        };
        let number = |field| row.fields.number(field).unwrap();
        add(if row.fields.text(Field::Misuse).is_some() {
            "misuse".to_owned()
        } else if rows.iter().any(|other| takes_back(&other)) {
            "replaced".to_owned()
        } else {
            let question = row.fields.text(Field::Question).unwrap();
            let (version, score) = (number(Field::QuestionVersion), number(Field::Score));
            format!("{question} {version} {score}/{}", number(Field::Scale))
        });
        if row.quality != "exact" {
            add("uncertain".to_owned());
        }
        if row.quality == "bounded" {
            add("bounded".to_owned());
        }
    }
    counted
}

fn sum<K>(counts: &BTreeMap<K, Count>) -> Count {
    let mut sum = Count::new();
    counts.values().for_each(|count| add(&mut sum, count));
    sum
}

fn add(sum: &mut Count, count: &Count) {
    for (name, times) in count {
        *sum.entry(name.clone()).or_default() += times;
    }
}

fn utc_ms(row: &Reported) -> i64 {
    DateTime::parse_from_rfc3339(&row.utc).unwrap().timestamp_millis()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_pages_show_a_plain_count_of_it() {
    for seed in seeds(4) {
        println!("seed {seed}");
        let mut play = Play::new(seed).await;
        for step in 1..=STEPS {
            play.step().await;
            if step % 20 == 0 {
                play.check().await;
            }
        }
    }
}

/// So many deliveries come at once.
const AT_ONCE: u32 = 8;

/// So often: whoever waits for each other does not do so each time.
const ROUNDS: u32 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn what_several_hubs_are_sent_at_once_is_stored_once() {
    let shops = Shops::new().await;
    let hubs = [shops.archive.clone(), shops.of_another_hub().await];
    for round in 0..ROUNDS {
        let sending = (0..AT_ONCE).map(|at| {
            let hub = hubs[usize::try_from(at % 2).unwrap()].clone();
            tokio::spawn(async move {
                // New runs of two kiosks: each has the new words in another order, and half of the
                // times the runs are in another order.
                let kiosk = usize::try_from(at / 2 % 2).unwrap();
                let first = 1 + 100 * round + 10 * u32::try_from(kiosk).unwrap();
                let event = |n: u32| {
                    json!({
                        "n": n, "kind": "rated", "boot_ms": 20_000 * n, "wall_ms": NOON,
                        "score": 5, "scale": 5, "input": "button", "language": "en",
                        "question": format!("of round {round}, {n}"), "question_version": 1,
                    })
                };
                let mut events: Vec<Value> = (1..=30).map(event).collect();
                let mut runs = [first, first + 1];
                if kiosk == 1 {
                    events.reverse();
                }
                if at >= AT_ONCE / 2 {
                    runs.reverse();
                }
                let parts: Vec<Value> = runs.iter().map(|run| part(*run, 30, &events)).collect();
                store(&hub, KIOSKS[kiosk], (&parts, &[]), NOW).await
            })
        });
        let mut added = 0;
        for stored in sending.collect::<Vec<_>>() {
            let stored = stored.await.unwrap();
            assert_eq!((stored.settled.len(), stored.conflicts.len()), (60, 0));
            added += stored.added;
        }
        assert_eq!(added, 2 * 60, "each was new to one of them");
    }
    let stored: BTreeSet<_> = shops.rows().await.into_iter().map(|row| (row.run, row.n)).collect();
    assert_eq!(stored.len(), usize::try_from(ROUNDS).unwrap() * 2 * 60);
    assert_eq!(shops.rows().await.len(), stored.len());
    assert!(stored.contains(&(id(1), 30)));
    shops.recount().await;
}
