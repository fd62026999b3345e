//! How many ratings the archive takes in, on SQLite and on PostgreSQL, from 1, 8 and 64 kiosks at
//! once, beside `COPY` of the same rows and beside an INSERT for each.
//!
//! `cargo bench --no-default-features --features hub --bench intake`. A PostgreSQL server is made
//! for it (`SMILEPOST_TEST_POSTGRES` names another); `synchronous_commit` is on. All in one run, since
//! machines differ: the ratios tell.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

#[path = "../tests/support/postgres.rs"]
mod postgres;

use std::time::Duration;

use serde_json::{Value, json};
use smilepost::hub::archive::postgres::{ArchiveAddress, Postgres};
use smilepost::hub::archive::{Archive, Kiosk, Shop, Way};
use smilepost::hub::intake;
use smilepost::wire::delivery::Delivery;

use self::postgres::{Database, Server, Setup};

/// How many ratings a delivery brings.
const OF_DELIVERY: usize = 500;

/// How many ratings are taken in at each step.
const RATINGS: usize = 64_000;

/// 2026-11-20 12:00:00 UTC.
const NOON: i64 = 1_795_176_000_000;

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    runtime.block_on(async {
        println!("{RATINGS} ratings, {OF_DELIVERY} a delivery, tallies kept");
        for kiosks in [1, 8, 64] {
            let archive = Archive::in_folder(&folder.path().join(kiosks.to_string())).unwrap();
            told("SQLite", kiosks, take_in(&archive, kiosks).await);
            archive.close().await;
        }
        let server = Server::start(&Setup {
            conf: "fsync = on\nshared_buffers = 512MB",
            ..Setup::default()
        });
        for kiosks in [1, 8, 64] {
            let database = server.database().await;
            let address = ArchiveAddress::read(&database.address).unwrap().with_connections(16);
            let archive = Archive::from(Postgres::open(&address).await.unwrap());
            database.ask("checkpoint").await;
            let before = wal(&database).await;
            let took = take_in(&archive, kiosks).await;
            let logged = wal(&database).await - before;
            told("PostgreSQL", kiosks, took);
            if kiosks == 8 {
                sizes(&database, logged).await;
                baselines(&database).await;
            }
            archive.close().await;
        }
    });
}

fn told(engine: &str, kiosks: usize, took: Duration) {
    let per_second = RATINGS as f64 / took.as_secs_f64();
    println!("{engine:<11}{kiosks:>3} kiosks  {per_second:>8.0} ratings/s");
}

/// Stores everything, as many kiosks at once; returns how long it took.
async fn take_in(archive: &Archive, kiosks: usize) -> Duration {
    let shop = Shop {
        id: "s".to_owned(),
        name: "S".to_owned(),
        zone: "Europe/Helsinki".to_owned(),
        group: None,
    };
    assert!(archive.add_shop(shop).await.unwrap());
    for number in 0..kiosks {
        let (id, shop, touchpoint) = (format!("k{number}"), "s".to_owned(), "t".to_owned());
        assert!(archive.add_kiosk(Kiosk { id, shop, touchpoint }).await.unwrap());
    }
    let of_each = RATINGS / kiosks / OF_DELIVERY;
    // What is read and checked before the archive is not what is measured.
    let shipments: Vec<Vec<_>> = (0..kiosks)
        .map(|kiosk| {
            let one = |delivery| {
                let body: Delivery = serde_json::from_value(body(kiosk, delivery)).unwrap();
                let checked = intake::check(format!("k{kiosk}"), body, Way::Sent, NOON + DAY);
                checked.unwrap().0
            };
            (0..of_each.max(1)).map(one).collect()
        })
        .collect();
    let start = now();
    let tasks: Vec<_> = shipments
        .into_iter()
        .map(|shipments| {
            let archive = archive.clone();
            tokio::spawn(async move {
                for shipment in shipments {
                    archive.store(shipment).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    start.elapsed()
}

const DAY: i64 = 86_400_000;

fn body(kiosk: usize, delivery: usize) -> Value {
    let run = format!("{:032x}", (0xabc_u128 << 64) + kiosk as u128 + 1);
    let boot = format!("{:032x}", (0xdef_u128 << 64) + kiosk as u128 + 1);
    let first = delivery * OF_DELIVERY + 1;
    let events: Vec<Value> = (first..first + OF_DELIVERY)
        .map(|n| {
            let ms = 60_000 * i64::try_from(n).unwrap();
            json!({
                "n": n, "kind": "rated", "boot_ms": ms, "wall_ms": NOON + ms,
                "score": n % 5 + 1, "scale": 5, "input": "button", "question": "checkout",
                "question_version": 1, "language": "en", "misuse_rule": 2,
            })
        })
        .collect();
    let taken = first + OF_DELIVERY - 1;
    json!({
        "nonce": "00112233445566778899aabbccddeeff", "app": "bench",
        "runs": [{ "run": run, "boot": boot, "taken": taken, "events": events }],
        "boots": [{ "boot": boot, "anchors": [
            { "boot_ms": 0, "utc_ms": NOON, "error_ms": 50, "source": "ntp" },
        ] }],
        "counters": { "taken": taken, "settled": 0, "set_aside": 0, "waiting": OF_DELIVERY },
    })
}

/// How much the server has logged so far, in bytes.
async fn wal(database: &Database) -> i64 {
    let sql = "select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint";
    database.value(sql).await.parse().unwrap()
}

async fn sizes(database: &Database, logged: i64) {
    let sql = "select sum(pg_total_relation_size(oid))::bigint from pg_class where relkind = 'r' \
               and relname in ('event', 'tally', 'tally_day', 'run', 'delivery')";
    let bytes: i64 = database.value(sql).await.parse().unwrap();
    let ratings = i64::try_from(RATINGS).unwrap();
    println!(
        "PostgreSQL      bytes a rating: {} kept, {} logged",
        bytes / ratings,
        logged / ratings
    );
}

/// The same rows, written without any care: in bulk, and one by one.
async fn baselines(database: &Database) {
    database.ask("create table copied (like event including all)").await;
    let (client, connection) =
        tokio_postgres::connect(&database.address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // Through the client, as deliveries come.
    let text = {
        use futures_util::TryStreamExt as _;
        let stream = client.copy_out("copy event to stdout").await.unwrap();
        let parts: Vec<bytes::Bytes> = stream.try_collect().await.unwrap();
        parts.concat()
    };
    client.batch_execute("checkpoint").await.unwrap();
    let start = now();
    {
        use futures_util::SinkExt as _;
        let sink = client.copy_in("copy copied from stdin").await.unwrap();
        let mut sink = std::pin::pin!(sink);
        for part in text.chunks(64 * 1_024) {
            sink.as_mut().send(bytes::Bytes::copy_from_slice(part)).await.unwrap();
        }
        sink.as_mut().finish().await.unwrap();
    }
    let copied = start.elapsed();
    println!("COPY        1 connection {:>8.0} rows/s", RATINGS as f64 / copied.as_secs_f64());
    client.batch_execute("truncate copied; checkpoint").await.unwrap();
    let columns = client
        .query_one(
            "select string_agg(attname, ', ' order by attnum) from pg_attribute \
             where attrelid = 'event'::regclass and attnum > 0 and not attisdropped",
            &[],
        )
        .await
        .unwrap();
    let columns: String = columns.get(0);
    let sql = format!(
        "insert into copied ({columns}) select {columns} from event where kiosk = $1 and run = $2 \
         and n = $3"
    );
    let insert = client.prepare(&sql).await.unwrap();
    let keys = client.query("select kiosk, run, n from event", &[]).await.unwrap();
    let few = keys.len() / 8;
    let start = now();
    client.batch_execute("begin").await.unwrap();
    for row in keys.iter().take(few) {
        let (kiosk, run, n): (i32, i32, i32) = (row.get(0), row.get(1), row.get(2));
        client.execute(&insert, &[&kiosk, &run, &n]).await.unwrap();
    }
    client.batch_execute("commit").await.unwrap();
    let inserted = start.elapsed();
    println!("INSERT each 1 connection {:>8.0} rows/s", few as f64 / inserted.as_secs_f64());
}
