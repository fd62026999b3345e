//! An archive of either engine, and a way into its tables beside it: for the tallies of more
//! ratings than anybody wants to deliver for a bench.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::pin::pin;

use bytes::BytesMut;
use smilepost::hub::archive::postgres::{ArchiveAddress, Postgres};
use smilepost::hub::archive::sqlite::FILE;
use smilepost::hub::archive::{Archive, Way};
use smilepost::hub::intake;
use smilepost::hub::rules::tallying::Cell;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::chain::{self, Chain, KIOSKS_OF_SHOP, Row};
use super::postgres::{Database, Server, Setup};

/// So many days are written at once, in the order of their hours, as they come in life.
const DAYS_AT_ONCE: u32 = 7;

/// What is in memory is not measured, and what is lost when the machine stops is no matter.
const CONF: &str = "fsync = off\nwal_level = minimal\nmax_wal_senders = 0\nmax_wal_size = 1GB\n\
                    shared_buffers = 1GB\nmax_parallel_workers_per_gather = 0";

/// The way to the tables beside the archive.
enum Beside {
    File(rusqlite::Connection),
    Database { client: tokio_postgres::Client, _database: Database, _server: Box<Server> },
}

/// An archive that is filled step by step.
pub(crate) struct Filled {
    pub(crate) archive: Archive,
    beside: Beside,
    chain: Chain,
    shops: u32,
    days: u32,
    /// The numbers that the archive gave to the kiosks.
    numbers: BTreeMap<String, i32>,
}

impl Filled {
    pub(crate) fn sqlite(folder: &Path) -> Self {
        let archive = Archive::in_folder(folder).unwrap();
        let file = rusqlite::Connection::open(folder.join(FILE)).unwrap();
        file.execute_batch("pragma synchronous = off").unwrap();
        Self::empty(archive, Beside::File(file))
    }

    pub(crate) async fn postgres() -> Self {
        let server = Box::new(Server::start(&Setup { conf: CONF, ..Setup::default() }));
        let database = server.database().await;
        let address = ArchiveAddress::read(&database.address).unwrap().with_connections(1);
        let archive = Archive::from(Postgres::open(&address).await.unwrap());
        let (client, connection) =
            tokio_postgres::connect(&database.address, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        Self::empty(archive, Beside::Database { client, _database: database, _server: server })
    }

    fn empty(archive: Archive, beside: Beside) -> Self {
        let (shops, days, numbers) = (0, 0, BTreeMap::new());
        Self { archive, beside, chain: Chain::new(), shops, days, numbers }
    }

    /// Whether the archive is a file.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.beside, Beside::File(_))
    }

    /// What the server's processes have used of the processor so far, in nanoseconds; none where
    /// the archive is a file.
    pub(crate) async fn server_ns(&self) -> u64 {
        let Beside::Database { client, .. } = &self.beside else { return 0 };
        let sql = "select pid from pg_stat_activity where datname = current_database() \
                   and pid <> pg_backend_pid()";
        let used = |pid: i32| {
            let text =
                std::fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
            text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or_default()
        };
        client.query(sql, &[]).await.unwrap().iter().map(|row| used(row.get(0))).sum()
    }

    /// How many cells are in a table.
    pub(crate) async fn count(&self, of: &str) -> i64 {
        let sql = format!("select count(*) from {of}");
        match &self.beside {
            Beside::File(file) => file.query_row(&sql, [], |row| row.get(0)).unwrap(),
            Beside::Database { client, .. } => client.query_one(&sql, &[]).await.unwrap().get(0),
        }
    }

    /// Adds shops and days, which are not fewer than before. What the first shop has pressed in the
    /// first days is delivered, and everything else is only counted.
    pub(crate) async fn fill(&mut self, shops: u32, days: u32) {
        let (known_shops, known_days) = (self.shops, self.days);
        for number in known_shops..shops {
            assert!(self.archive.add_shop(chain::shop(number)).await.unwrap());
            for kiosk in number * KIOSKS_OF_SHOP..(number + 1) * KIOSKS_OF_SHOP {
                assert!(self.archive.add_kiosk(chain::kiosk(kiosk)).await.unwrap());
            }
        }
        let numbers = self.archive.kiosk_numbers().await.unwrap().into_iter();
        self.numbers = numbers.map(|(no, id)| (id, i32::try_from(no).unwrap())).collect();
        if known_shops == 0 {
            for kiosk in 0..shops * KIOSKS_OF_SHOP {
                self.deliver(kiosk, days).await;
            }
        } else {
            self.write(0..known_shops, known_days..days).await;
            self.write(known_shops..shops, 0..days).await;
        }
        (self.shops, self.days) = (shops, days);
        self.publish().await;
    }

    /// Delivers what was pressed at a kiosk day by day, and proves that it is tallied as the cells
    /// that are written for others.
    async fn deliver(&self, kiosk: u32, days: u32) {
        let id = chain::kiosk(kiosk).id;
        for day in 0..days {
            let (body, received_ms) = Chain::delivery(kiosk, day..day + 1);
            let body = serde_json::from_value(body).unwrap();
            let checked = intake::check(id.clone(), body, Way::Sent, received_ms).unwrap();
            assert_eq!(checked.1, []);
            self.archive.store(checked.0).await.unwrap();
        }
        let no = self.numbers[&id];
        let (hours, of_days) = chain::rows(no, &self.chain.cells(kiosk, 0..days, 1));
        assert_eq!(self.stored("tally", "hour", no).await, hours);
        assert_eq!(self.stored("tally_day", "day", no).await, of_days);
    }

    async fn stored(&self, table: &str, when: &str, no: i32) -> Vec<Row> {
        let names = Cell::NAMES.join(", ");
        let sql = format!(
            "select kiosk, {when}, line, {names} from {table} where kiosk = {no} order by {when}"
        );
        let row = |number: &dyn Fn(usize) -> i32| {
            let mut cell = Cell::default();
            let numbers = (3..).map(number).map(i64::from);
            cell.0.iter_mut().zip(numbers).for_each(|(own, number)| *own = number);
            ([number(0), number(1), number(2)], cell)
        };
        match &self.beside {
            Beside::File(file) => {
                let mut statement = file.prepare(&sql).unwrap();
                let rows = statement.query_map([], |found| Ok(row(&|at| found.get_unwrap(at))));
                rows.unwrap().map(Result::unwrap).collect()
            }
            Beside::Database { client, .. } => {
                let rows = client.query(&sql, &[]).await.unwrap();
                rows.iter().map(|found| row(&|at| found.get(at))).collect()
            }
        }
    }

    async fn write(&mut self, shops: Range<u32>, days: Range<u32>) {
        let kiosks = shops.start * KIOSKS_OF_SHOP..shops.end * KIOSKS_OF_SHOP;
        let mut first = days.start;
        while first < days.end && !kiosks.is_empty() {
            let next = (first + DAYS_AT_ONCE).min(days.end);
            let (mut hours, mut of_days) = (Vec::new(), Vec::new());
            for kiosk in kiosks.clone() {
                let no = self.numbers[&chain::kiosk(kiosk).id];
                let (more_hours, more_days) =
                    chain::rows(no, &self.chain.cells(kiosk, first..next, 1));
                hours.extend(more_hours);
                of_days.extend(more_days);
            }
            self.insert("tally", "hour", hours).await;
            self.insert("tally_day", "day", of_days).await;
            first = next;
        }
    }

    async fn insert(&mut self, table: &str, when: &str, mut rows: Vec<Row>) {
        // A file has them in the order of their keys, whenever they come.
        if !self.is_file() {
            rows.sort_unstable_by_key(|([kiosk, when, _], _)| (*when, *kiosk));
        }
        let mut names = format!("kiosk, {when}, line, {}", Cell::NAMES.join(", "));
        let revision = (when == "day").then_some(12_i64);
        if revision.is_some() {
            names.push_str(", revision");
        }
        let columns = names.split(", ").count();
        let numbers = |([kiosk, when, line], cell): &Row| {
            let key = [kiosk, when, line].map(|number| i64::from(*number)).into_iter();
            key.chain(cell.0).chain(revision).collect::<Vec<i64>>()
        };
        match &mut self.beside {
            Beside::File(file) => {
                let adding = file.transaction().unwrap();
                let places = vec!["?"; columns].join(", ");
                let sql = format!("insert into {table} ({names}) values ({places})");
                let mut statement = adding.prepare_cached(&sql).unwrap();
                for row in &rows {
                    statement.execute(rusqlite::params_from_iter(numbers(row))).unwrap();
                }
                drop(statement);
                adding.commit().unwrap();
            }
            Beside::Database { client, .. } => {
                let sql = format!("copy {table} ({names}) from stdin (format binary)");
                let sink = client.copy_in(&sql).await.unwrap();
                let mut writer = pin!(BinaryCopyInWriter::new(sink, &vec![Type::INT4; columns]));
                for row in &rows {
                    writer.as_mut().write_raw(numbers(row).into_iter().map(Int)).await.unwrap();
                }
                writer.finish().await.unwrap();
            }
        }
    }

    /// Has every kiosk ask what head office has published, and the server look at what there is,
    /// as it does by itself in time.
    async fn publish(&self) {
        let sql = "insert into survey (publication, published_ms, content) values (1, 0, '{}') \
                   on conflict do nothing;
                   insert into published (publication, question, version, scale) \
                   values (1, 'checkout', 1, 5) on conflict do nothing;
                   insert into given (kiosk, publication) select no, 1 from kiosk where true \
                   on conflict do nothing;";
        match &self.beside {
            Beside::File(file) => file.execute_batch(sql).unwrap(),
            Beside::Database { client, .. } => {
                client.batch_execute(sql).await.unwrap();
                client.batch_execute("vacuum (analyze)").await.unwrap();
                client.batch_execute("checkpoint").await.unwrap();
            }
        }
    }
}

/// A number of a column of four bytes.
#[derive(Debug)]
struct Int(i64);

impl ToSql for Int {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        i32::try_from(self.0)?.to_sql(wanted, out)
    }

    fn accepts(wanted: &Type) -> bool {
        <i32 as ToSql>::accepts(wanted)
    }

    tokio_postgres::types::to_sql_checked!();
}
