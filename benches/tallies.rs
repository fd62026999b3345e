//! What the figures of a chain cost, on SQLite and on PostgreSQL, and how that grows with shops and
//! with days: all shops today beside the same weekday of four weeks before, a shop's hours of the
//! week over 90 days, and every group over 30 days.
//!
//! `cargo bench --no-default-features --features hub --bench tallies` goes from a thousand ratings
//! to ten million; with `-- 100000000` at its end to a hundred million, which takes some minutes,
//! 2 GB of disk and 6 GB of memory. A PostgreSQL server is made for it. The first thousand ratings
//! are delivered. Of all others there are only the tallies, which the program's own rules make: of
//! what was delivered they make what the archive has tallied.
//!
//! Time is that of the processor, of all threads of one side: what the server has done, and the hub
//! beside it. SQLite is in the hub.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

#[path = "tallies/chain.rs"]
mod chain;
#[path = "tallies/filled.rs"]
mod filled;
#[path = "../tests/support/postgres.rs"]
mod postgres;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rustix::time::{ClockId, clock_gettime};
use smilepost::hub::archive::{Archive, Day, ShopDate, ShopDays};

use self::chain::{KIOSKS_OF_SHOP, SHOPS_OF_GROUP};
use self::filled::Filled;

/// Shops and days: first there are more days, and then more shops.
const STEPS: [(u32, u32); 6] = [(1, 7), (1, 73), (1, 730), (10, 730), (100, 730), (1_000, 730)];

/// Up to so many ratings without being asked for more.
const RATINGS: u64 = 10_000_000;

/// How often each question is asked.
const TIMES: u32 = 20;

/// What a question may cost where it is answered, in milliseconds.
const AIM_MS: f64 = 50.0;

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn main() {
    let asked = std::env::args().filter_map(|argument| argument.parse().ok()).next_back();
    let asked: u64 = asked.unwrap_or(RATINGS);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        println!("{:>11} {:>5} {:>4}", "ratings", "shops", "days");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        grow("SQLite", Filled::sqlite(folder.path()), asked).await;
        drop(folder);
        grow("PostgreSQL", Filled::postgres().await, asked).await;
    });
}

async fn grow(engine: &str, mut filled: Filled, asked: u64) {
    println!("{engine}");
    for (shops, days) in STEPS {
        // A twentieth more than a power of ten is one.
        if ratings(shops, days) > asked + asked / 20 {
            break;
        }
        let start = now();
        filled.fill(shops, days).await;
        let took_s = start.elapsed().as_secs();
        let cells = filled.count("tally").await;
        println!(
            "{:>11} {shops:>5} {days:>4}  filled in {took_s} s, {cells} cells of hours",
            ratings(shops, days)
        );
        ask(&filled, shops, days).await;
    }
    filled.archive.close().await;
}

fn ratings(shops: u32, days: u32) -> u64 {
    u64::from(shops * KIOSKS_OF_SHOP) * u64::from(days) * 46
}

/// Asks every question, and compares what they say.
async fn ask(filled: &Filled, shops: u32, days: u32) {
    let archive = &filled.archive;
    let today = chain::date(days - 1);
    let weeks = [0, 7, 14, 21, 28].map(|before| today - Days::new(before));
    let dates: Vec<ShopDate> = (0..shops)
        .flat_map(|shop| weeks.map(|date| ShopDate { shop: chain::shop_id(shop), date }))
        .collect();
    let cells = cells("tally_day", "day", &weeks.map(chain::number));
    let cells = filled.count(&cells).await;
    let all = measured(filled, "all shops, 5 days", cells, || async {
        ratings_of(&archive.days(dates.clone()).await.unwrap())
    });
    all.await;
    let kiosks = format!("kiosk > {}", (shops - 1) * KIOSKS_OF_SHOP);
    let hours = |day: NaiveDate| chain::number(day) * 24;
    let first = since(today, 90);
    let cells = filled
        .count(&format!(
            "tally where {kiosks} and hour between {} and {}",
            hours(first),
            hours(today) + 23
        ))
        .await;
    let one = shop_days(shops - 1, first, today);
    let by_hours = measured(filled, "a shop's week of 90 days", cells, || async {
        let week = archive.week(vec![one.clone()]).await.unwrap();
        assert_eq!(ratings_of(&week.hours), ratings_of(std::slice::from_ref(&week.all)));
        ratings_of(&week.hours)
    });
    let by_days = archive.ranges(vec![vec![one.clone()]]).await.unwrap();
    assert_eq!(by_hours.await, ratings_of(&by_days));
    groups(filled, archive, shops, today).await;
}

async fn groups(filled: &Filled, archive: &Archive, shops: u32, today: NaiveDate) {
    let first = since(today, 30);
    let mut groups = BTreeMap::<u32, Vec<ShopDays>>::new();
    for shop in 0..shops {
        groups.entry(shop / SHOPS_OF_GROUP).or_default().push(shop_days(shop, first, today));
    }
    let groups: Vec<Vec<ShopDays>> = groups.into_values().collect();
    let days: Vec<i32> = (chain::number(first)..=chain::number(today)).collect();
    let cells = filled.count(&cells("tally_day", "day", &days)).await;
    let in_all = measured(filled, "every group, 30 days", cells, || async {
        ratings_of(&archive.ranges(groups.clone()).await.unwrap())
    });
    let in_all = in_all.await;
    let of_one: Vec<Vec<ShopDays>> = groups.iter().take(1).cloned().collect();
    let shops_of_one = of_one[0].len() as u32;
    let cells = i64::from(shops_of_one * KIOSKS_OF_SHOP) * days.len() as i64;
    let one = measured(filled, "one group, 30 days", cells, || async {
        ratings_of(&archive.ranges(of_one.clone()).await.unwrap())
    });
    assert!(one.await <= in_all);
}

/// The day with which so many days end today, if there are as many.
fn since(today: NaiveDate, days: u64) -> NaiveDate {
    (today - Days::new(days - 1)).max(chain::first_day())
}

fn shop_days(shop: u32, first: NaiveDate, last: NaiveDate) -> ShopDays {
    ShopDays { shop: chain::shop_id(shop), first, last }
}

fn cells(table: &str, when: &str, numbers: &[i32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("{table} where {when} in ({})", numbers.join(", "))
}

fn ratings_of(days: &[Day]) -> u64 {
    let lines = days.iter().flat_map(|day| day.lines.each());
    lines.map(|(_, counts)| u64::from(counts.total())).sum()
}

/// Asks a question some times; prints what it costs, and returns how many ratings it counts.
async fn measured<F: Future<Output = u64>>(
    filled: &Filled,
    question: &str,
    cells: i64,
    ask: impl Fn() -> F,
) -> u64 {
    let counted = ask().await;
    ask().await;
    let (server, hub, start) = (filled.server_ns().await, hub_ns(), now());
    for _ in 0..TIMES {
        assert_eq!(ask().await, counted);
    }
    let each = |ms: f64| ms / f64::from(TIMES);
    let (wall, hub) = (start.elapsed().as_secs_f64() * 1e3, hub_ns() - hub);
    let server = filled.server_ns().await - server;
    let (wall, server, hub) = (each(wall), each(server as f64 / 1e6), each(hub as f64 / 1e6));
    // A file is served by the hub itself.
    let engine = if filled.is_file() { hub } else { server };
    let verdict = if engine < AIM_MS { "" } else { "  over the aim" };
    println!(
        "{:>24}{question:<25} {cells:>7} cells {counted:>9} ratings  server {server:>6.2} ms  \
         hub {hub:>6.2} ms  wall {wall:>6.2} ms{verdict}",
        ""
    );
    counted
}

/// What this process has used of the processor so far, in nanoseconds.
fn hub_ns() -> u64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as u64 * 1_000_000_000 + used.tv_nsec as u64
}
