//! How many ratings the archive takes in, on SQLite and on PostgreSQL, from 1, 8, 16 and 64 kiosks
//! at once, beside `COPY` of the same rows and beside an INSERT for each.
//!
//! `cargo bench --no-default-features --features hub --bench intake`. A PostgreSQL server is made
//! for it on this machine's disk, with `fsync` and `synchronous_commit` on. Every kiosk has one
//! delivery on its way at a time, so that as many are in flight as there are kiosks; the hub has 16
//! connections, and the server's CPU counts as well as the hub's. Machines differ, and one machine
//! from minute to minute: each way is measured right after a `COPY`, in one run, several times, and
//! the ratios tell.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

#[path = "support/cpu.rs"]
mod cpu;
#[path = "support/deliveries.rs"]
mod deliveries;
#[path = "../tests/support/postgres.rs"]
mod postgres;

use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt as _, TryStreamExt as _};
use smilepost::hub::archive::postgres::{ArchiveAddress, Postgres};
use smilepost::hub::archive::sqlite::FILE;
use smilepost::hub::archive::{Archive, Kiosk, Shipment, Shop, Way};
use smilepost::hub::intake;
use smilepost::wire::delivery::Delivery;
use tokio_postgres::{Client, NoTls};

use self::cpu::Cpu;
use self::postgres::{Database, Server, Setup};

const ROUNDS: usize = 3;

/// How many ratings are taken in at each step.
const RATINGS: usize = 64_000;

/// How many ratings a delivery brings: the most that a kiosk sends at once.
const OF_DELIVERY: usize = 500;

/// How many each kiosk has delivered before: enough to be written in bulk, so that connections are
/// made and know their statements.
const BEFORE: usize = 20;

/// How many rows are inserted one by one.
const INSERTS: usize = 4_000;

const KIOSKS: [usize; 4] = [1, 8, 16, 64];

/// The least that is aimed at, in parts of `COPY`, by how many kiosks there are.
const AIMS: [Option<f64>; 4] = [Some(0.25), None, Some(0.75), None];

/// With so many kiosks it is looked how much is kept and logged.
const SIZED: usize = 16;

/// A rating a quarter of an hour, as in a quiet shop: each hour has a tally of its own, and fewer
/// ratings share it.
const QUIET_MS: i64 = 15 * deliveries::MINUTE_MS;

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> Instant {
    Instant::now()
}

/// What one way of writing took.
#[derive(Clone, Copy)]
struct Took {
    time: Duration,
    /// Of this process, and of the server.
    cpu: (Duration, Duration),
    rows: usize,
}

impl Took {
    fn per_second(&self) -> f64 {
        self.rows as f64 / self.time.as_secs_f64()
    }

    fn since((before, start): ((Duration, Duration), Instant), cpu: &Cpu, rows: usize) -> Self {
        let (time, spent) = (start.elapsed(), cpu.spent());
        Self { time, cpu: (spent.0 - before.0, spent.1 - before.1), rows }
    }

    fn cpu_us(&self) -> (f64, f64) {
        let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / self.rows as f64;
        (each(self.cpu.0), each(self.cpu.1))
    }
}

/// A way of writing, with what it took in each round and what the `COPY` before it took.
struct Line {
    name: String,
    aim: Option<f64>,
    rounds: Vec<(Took, Took)>,
}

impl Line {
    fn print(&self) {
        let of = |figure: fn(&(Took, Took)) -> f64| median(self.rounds.iter().map(figure));
        let ratio = of(|(took, copy)| took.per_second() / copy.per_second());
        let rate = of(|(took, _)| took.per_second());
        let (own, server) = (of(|(took, _)| took.cpu_us().0), of(|(took, _)| took.cpu_us().1));
        let aim = self.aim.map_or_else(String::new, |aim| format!(" (at least {aim:.2})"));
        println!("{ratio:>7.2} {rate:>10.0} {own:>7.1} {server:>7.1}   {}{aim}", self.name);
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let server = Server::start(&Setup {
        conf: "fsync = on\nsynchronous_commit = on\nshared_buffers = 512MB\nmax_wal_size = 4GB",
        is_on_disk: true,
        ..Setup::default()
    });
    let cpu = Cpu::with_server(&server.address("postgres")).await;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let loads = KIOSKS.map(|kiosks| Load::of(kiosks, deliveries::MINUTE_MS));
    let quiet = Load::of(SIZED, QUIET_MS);
    let line = |name: String, aim| Line { name, aim, rounds: Vec::new() };
    let mut inserted = line("an INSERT for each row, in one transaction".to_owned(), None);
    let in_postgres = |(kiosks, aim)| line(format!("PostgreSQL, {kiosks} kiosks"), aim);
    let mut in_postgres: Vec<Line> = KIOSKS.into_iter().zip(AIMS).map(in_postgres).collect();
    let in_sqlite = |kiosks| line(format!("SQLite, {kiosks} kiosks"), None);
    let mut in_sqlite: Vec<Line> = KIOSKS.into_iter().map(in_sqlite).collect();
    let what = format!("PostgreSQL, {SIZED} kiosks with a rating a quarter of an hour");
    let mut of_quiet = line(what, None);
    let copies = Copies::of(&server, &loads[1], &cpu).await;
    let mut sizes = Vec::new();
    for round in 0..ROUNDS {
        let of_quiet = std::iter::once((&quiet, &mut of_quiet));
        for (load, line) in loads.iter().zip(&mut in_postgres).chain(of_quiet) {
            let copied = copies.copy().await;
            let (took, size) = in_database(&server, load, &cpu).await;
            line.rounds.push((took, copied));
            sizes.extend(size.filter(|_| round == 0));
        }
        for (load, line) in loads.iter().zip(&mut in_sqlite) {
            let copied = copies.copy().await;
            let place = folder.path().join(format!("{round}-{}", load.kiosks));
            let (took, bytes) = in_file(&place, load, &cpu).await;
            line.rounds.push((took, copied));
            if load.kiosks == SIZED && round == 0 {
                sizes.push(format!("SQLite: {bytes:.0} bytes a rating kept"));
            }
        }
        inserted.rounds.push((copies.insert().await, copies.copy().await));
    }
    println!(
        "{RATINGS} ratings, one a minute, in deliveries of {OF_DELIVERY}, tallies kept; medians of \
         {ROUNDS} rounds; {}",
        cpu::load()
    );
    println!("                     CPU µs a rating");
    println!("of COPY  ratings/s     hub  server");
    let mut copied = line("COPY of the same rows, in one transaction".to_owned(), None);
    let all = || in_postgres.iter().chain([&of_quiet]).chain(&in_sqlite);
    copied.rounds = all().flat_map(|line| &line.rounds).map(|(_, copy)| (*copy, *copy)).collect();
    [&copied, &inserted].into_iter().for_each(Line::print);
    all().for_each(Line::print);
    sizes.iter().for_each(|line| println!("{line}"));
}

/// What so many kiosks have to deliver.
struct Load {
    kiosks: usize,
    between_ms: i64,
    /// The first delivery of each, which is not measured.
    before: Vec<Shipment>,
    then: Vec<Vec<Shipment>>,
}

impl Load {
    /// What is read and checked before the archive is not what is measured.
    fn of(kiosks: usize, between_ms: i64) -> Self {
        let of_each = RATINGS / kiosks;
        let checked = |kiosk, first, count| {
            let body = deliveries::spaced(between_ms, kiosk, first, count, of_each + BEFORE);
            let body: Delivery = serde_json::from_value(body).unwrap();
            intake::check(format!("k{kiosk}"), body, Way::Sent, deliveries::NOON).unwrap().0
        };
        let then = |kiosk| {
            let firsts = (BEFORE + 1..=of_each + BEFORE).step_by(OF_DELIVERY);
            firsts.map(|first| checked(kiosk, first, OF_DELIVERY)).collect()
        };
        Self {
            kiosks,
            between_ms,
            before: (0..kiosks).map(|kiosk| checked(kiosk, 1, BEFORE)).collect(),
            then: (0..kiosks).map(then).collect(),
        }
    }

    /// Makes the kiosks known, and takes their first deliveries in.
    async fn prepare(&self, archive: &Archive) {
        let shop = Shop {
            id: "s".to_owned(),
            name: "S".to_owned(),
            zone: "Europe/Helsinki".to_owned(),
            group: None,
        };
        assert!(archive.add_shop(shop).await.unwrap());
        for number in 0..self.kiosks {
            let (id, shop, touchpoint) = (format!("k{number}"), "s".to_owned(), "t".to_owned());
            assert!(archive.add_kiosk(Kiosk { id, shop, touchpoint }).await.unwrap());
        }
        let first = self.before.iter().map(|shipment| vec![shipment.clone()]).collect();
        deliver(archive, first).await;
    }
}

/// Stores everything, one delivery of each kiosk at a time.
async fn deliver(archive: &Archive, of_kiosks: Vec<Vec<Shipment>>) {
    let tasks: Vec<_> = of_kiosks
        .into_iter()
        .map(|shipments| {
            let archive = archive.clone();
            tokio::spawn(async move {
                for shipment in shipments {
                    let events: usize = shipment.runs.iter().map(|run| run.events.len()).sum();
                    let stored = archive.store(shipment).await.unwrap();
                    assert_eq!(usize::try_from(stored.added), Ok(events));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// What it takes to store a load in an archive that knows its kiosks.
async fn take_in(archive: &Archive, load: &Load, cpu: &Cpu) -> Took {
    let shipments = load.then.clone();
    let begin = (cpu.spent(), now());
    deliver(archive, shipments).await;
    Took::since(begin, cpu, RATINGS)
}

async fn in_file(place: &Path, load: &Load, cpu: &Cpu) -> (Took, f64) {
    let bytes = || std::fs::metadata(place.join(FILE)).unwrap().len() as f64;
    let archive = Archive::in_folder(place).unwrap();
    load.prepare(&archive).await;
    archive.close().await;
    let before = bytes();
    let archive = Archive::in_folder(place).unwrap();
    let took = take_in(&archive, load, cpu).await;
    archive.close().await;
    let kept = (bytes() - before) / RATINGS as f64;
    std::fs::remove_dir_all(place).unwrap();
    (took, kept)
}

/// The archive of an empty database, with as many connections as a hub has.
async fn open(database: &Database) -> Archive {
    let address = ArchiveAddress::read(&database.address).unwrap().with_connections(16);
    Archive::from(Postgres::open(&address).await.unwrap())
}

async fn in_database(server: &Server, load: &Load, cpu: &Cpu) -> (Took, Option<String>) {
    let database = server.database().await;
    let archive = open(&database).await;
    load.prepare(&archive).await;
    database.ask("checkpoint").await;
    let before = Size::of(&database).await;
    let took = take_in(&archive, load, cpu).await;
    let size = if load.kiosks == SIZED {
        let size = Size::of(&database).await;
        let per = |now: i64, then: i64| (now - then) as f64 / RATINGS as f64;
        let (events, counts) = (per(size.events, before.events), per(size.tallies, before.tallies));
        let full = database.value("show full_page_writes").await;
        Some(format!(
            "PostgreSQL, a rating every {} minutes: {:.0} bytes a rating kept (at most 200), of \
             which {counts:.0} tallies, with indexes; {:.0} bytes of WAL (at most 180), from a \
             checkpoint on, full_page_writes = {full}",
            load.between_ms / deliveries::MINUTE_MS,
            events + counts,
            per(size.logged, before.logged)
        ))
    } else {
        None
    };
    archive.close().await;
    (took, size)
}

/// What a database keeps and its server has logged so far, in bytes.
struct Size {
    events: i64,
    tallies: i64,
    logged: i64,
}

impl Size {
    async fn of(database: &Database) -> Self {
        let number = async |sql: &str| database.value(sql).await.parse::<i64>().unwrap();
        let kept = "select sum(pg_total_relation_size(pg_class.oid))::bigint from pg_class \
                    join pg_namespace on pg_namespace.oid = relnamespace \
                    where relkind = 'r' and nspname = 'public' and relname";
        Self {
            events: number(&format!("{kept} not like 'tally%'")).await,
            tallies: number(&format!("{kept} like 'tally%'")).await,
            logged: number("select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint").await,
        }
    }
}

/// The rows of a load, to be written without any care.
struct Copies<'a> {
    database: Database,
    client: Client,
    /// Through the client, as deliveries come.
    text: Vec<Bytes>,
    rows: Vec<String>,
    cpu: &'a Cpu,
}

impl<'a> Copies<'a> {
    async fn of(server: &Server, load: &Load, cpu: &'a Cpu) -> Self {
        let database = server.database().await;
        let archive = open(&database).await;
        load.prepare(&archive).await;
        database.ask("truncate event").await;
        deliver(&archive, load.then.clone()).await;
        archive.close().await;
        let (client, connection) = tokio_postgres::connect(&database.address, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("create table copied (like event including all)").await.unwrap();
        let stream = client.copy_out("copy event to stdout").await.unwrap();
        let parts: Vec<Bytes> = stream.try_collect().await.unwrap();
        let text = parts.concat();
        let text = text.chunks(64 * 1_024).map(Bytes::copy_from_slice).collect();
        let sql = format!("select event::text from event limit {INSERTS}");
        let rows = client.query(&sql, &[]).await.unwrap();
        let rows = rows.iter().map(|row| row.get(0)).collect();
        Self { database, client, text, rows, cpu }
    }

    async fn emptied(&self) {
        self.database.ask("truncate copied").await;
        self.database.ask("checkpoint").await;
    }

    async fn copy(&self) -> Took {
        self.emptied().await;
        let begin = (self.cpu.spent(), now());
        let sink = self.client.copy_in("copy copied from stdin").await.unwrap();
        let mut sink = pin!(sink);
        for part in &self.text {
            sink.as_mut().send(part.clone()).await.unwrap();
        }
        let rows = usize::try_from(sink.finish().await.unwrap()).unwrap();
        assert_eq!(rows, RATINGS);
        Took::since(begin, self.cpu, rows)
    }

    async fn insert(&self) -> Took {
        self.emptied().await;
        let sql = "insert into copied select (row).* from (select $1::text::event as row) as it";
        let insert = self.client.prepare(sql).await.unwrap();
        let begin = (self.cpu.spent(), now());
        self.client.batch_execute("begin").await.unwrap();
        for row in &self.rows {
            assert_eq!(self.client.execute(&insert, &[row]).await.unwrap(), 1);
        }
        self.client.batch_execute("commit").await.unwrap();
        Took::since(begin, self.cpu, self.rows.len())
    }
}
