//! A hub in a process of its own, on either engine, whose archive knows many kiosks.

#![allow(dead_code, reason = "not every bench needs everything of it")]

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use smilepost::clock;
use smilepost::hub::archive::postgres::ArchiveAddress;
use smilepost::hub::archive::sqlite::FILE;
use smilepost::hub::archive::{Archive, ArchiveSettings};
use smilepost::hub::secrets::Token;

use crate::deliveries;
use crate::postgres::port::free_address;
use crate::postgres::{Database, Server, Setup};
use crate::started::Started;

const HUB: &str = env!("CARGO_BIN_EXE_smilepost-hub");

/// So many kiosks are in a shop.
const OF_SHOP: usize = 3;

/// So many rows are written by one statement.
const ROWS_AT_ONCE: usize = 500;

/// Head office, which is gone with its files when this is dropped.
pub(crate) struct Office {
    /// Where kiosks deliver.
    pub(crate) address: SocketAddr,
    hub: Started,
    folder: tempfile::TempDir,
    database: Option<Database>,
}

/// A PostgreSQL server on the disk, as one is that keeps an archive.
pub(crate) fn server() -> Server {
    Server::start(&Setup {
        conf: "fsync = on\nsynchronous_commit = on\nshared_buffers = 512MB\nmax_wal_size = 4GB",
        is_on_disk: true,
        ..Setup::default()
    })
}

/// The token of a kiosk.
pub(crate) fn token(kiosk: usize) -> String {
    format!("{:064x}", kiosk + 1)
}

impl Office {
    /// Opens head office with so many kiosks; with a server its archive is there.
    pub(crate) async fn open(kiosks: usize, server: Option<&Server>) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let database = match server {
            Some(server) => Some(server.database().await),
            None => None,
        };
        let address = database.as_ref().map(|database| database.address.as_str());
        let postgres = address.map(|address| ArchiveAddress::read(address).unwrap());
        let archive = Archive::open(folder.path(), &ArchiveSettings { postgres, replica: None })
            .await
            .unwrap();
        archive.close().await;
        for sql in known(kiosks) {
            match &database {
                Some(database) => drop(database.ask(&sql.replace(" x'", " '\\x")).await),
                None => file(folder.path()).execute_batch(&sql).unwrap(),
            }
        }
        let (address, hub) = start(folder.path(), database.as_ref()).await;
        Self { address, hub, folder, database }
    }

    /// A line of what the system says of the hub's memory, in mebibytes: `VmRSS` is what it has now
    /// and `VmHWM` the most that it ever had.
    pub(crate) fn memory(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.hub.id())).unwrap();
        let found = status.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(':'));
        let kib: u64 = found.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
        kib / 1_024
    }

    /// How many ratings the tallies count.
    pub(crate) async fn counted(&self) -> u64 {
        let sql = "select cast(coalesce(sum(f1 + f2 + f3 + f4 + f5), 0) as bigint) from tally_day";
        match &self.database {
            Some(database) => database.value(sql).await.parse().unwrap(),
            None => {
                let file = file(self.folder.path());
                let counted = file.query_row(sql, [], |row| row.get::<_, i64>(0));
                u64::try_from(counted.unwrap()).unwrap()
            }
        }
    }
}

fn file(folder: &Path) -> rusqlite::Connection {
    let file = rusqlite::Connection::open(folder.join(FILE)).unwrap();
    file.busy_timeout(Duration::from_secs(60)).unwrap();
    file
}

/// The statements after which an archive knows so many kiosks, which are enrolled, and the run of
/// each.
fn known(kiosks: usize) -> Vec<String> {
    let now_ms = clock::wall_ms();
    let shops = kiosks.div_ceil(OF_SHOP);
    let shop = |no: usize| format!("({no}, 's{no}', 'S', 'Europe/Helsinki')");
    let then = |no: usize| format!("({no}, {}, 'S', 'Europe/Helsinki')", i64::MIN);
    let kiosk = |no: usize| format!("({no}, 'k{}', {}, 't')", no - 1, no.div_ceil(OF_SHOP));
    let stay =
        |no: usize| format!("({no}, {}, {}, {}, 't')", i64::MIN, i64::MAX, no.div_ceil(OF_SHOP));
    let of_token = |no: usize| {
        let Token { hash, key } = Token::of(&token(no - 1)).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("( x'{}', {no}, {now_ms}, x'{}')", hex(&hash), hex(&key))
    };
    let claim = |no: usize| format!("( x'{}', {no}, {no})", deliveries::run(no - 1));
    let rows = |into: &str, count: usize, row: &dyn Fn(usize) -> String| -> Vec<String> {
        let all: Vec<String> = (1..=count).map(row).collect();
        let some = all.chunks(ROWS_AT_ONCE);
        some.map(|some| format!("insert into {into} values {};\n", some.join(", "))).collect()
    };
    let statements = [
        rows("shop (no, id, name, zone)", shops, &shop),
        rows("shop_then (shop, from_ms, name, zone)", shops, &then),
        rows("kiosk (no, id, shop, touchpoint)", kiosks, &kiosk),
        rows("stay (kiosk, from_ms, to_ms, shop, touchpoint)", kiosks, &stay),
        rows("book (kiosk)", kiosks, &|no| format!("({no})")),
        rows("claim (run, no, kiosk)", kiosks, &claim),
        rows("token (hash, kiosk, made_ms, verify_key)", kiosks, &of_token),
    ];
    statements.concat()
}

/// Starts the hub of a folder, and waits until it listens.
async fn start(folder: &Path, database: Option<&Database>) -> (SocketAddr, Started) {
    let (address, dashboard) = (free_address(), free_address());
    let archive = database.map_or_else(String::new, |database| {
        format!("[archive]\nurl = \"{}?sslmode=disable\"\n", database.address)
    });
    let config = folder.join("hub.toml");
    let text = format!(
        "data_dir = {folder:?}\nlisten = \"{address}\"\n[dashboard]\nlisten = \"{dashboard}\"\n\
         {archive}"
    );
    std::fs::write(&config, text).unwrap();
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut command = Command::new(HUB);
    command.arg("serve").arg("--config").arg(&config);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut hub = Started::by(&mut command);
    while TcpStream::connect(address).is_err() {
        let log = std::fs::read_to_string(folder.join("log")).unwrap();
        assert!(hub.try_wait().unwrap().is_none(), "the hub does not start: {log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (address, hub)
}
