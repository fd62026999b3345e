//! A PostgreSQL server for the tests: one for all tests of a process, and a database for each.
//!
//! `SMILEPOST_TEST_POSTGRES` may name the server by the address of a superuser. Without it one is
//! made in a folder of its own and started, which takes about two seconds.

#![allow(dead_code, reason = "not every test needs everything of it")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{NoTls, SimpleQueryMessage};

use self::port::free_address;

#[path = "port.rs"]
pub(crate) mod port;

/// Runs in a shell, which ends what it has started when its input ends: that is when the test's
/// process has ended, in whatever way. A static value would not be dropped.
const PREPARE: &str = r#"
set -eu
# Whoever waits for a word may be gone already.
trap '' PIPE
say() { echo "$1" 2>/dev/null || true; }
trap 'stop >/dev/null 2>&1 || true; cd /; rm -rf "$folder"' EXIT
if [ "$(id -u)" = 0 ]; then
  user=postgres; id -u $user >/dev/null 2>&1 || user=nobody
  as() { setpriv --reuid=$user --regid="$(id -g $user)" --clear-groups "$@"; }
  chown -R $user "$folder"
else
  as() { "$@"; }
fi
cd "$folder"
"#;

const SERVE: &str = r#"
if found=$(command -v initdb); then
  bin=$(dirname "$(readlink -f "$found")")
else
  bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
fi
[ -x "$bin/initdb" ] || { echo "there is no initdb: install the package postgresql"; exit 1; }
control() { as "$bin/pg_ctl" -D "$folder/data" -l "$folder/server.log" -m immediate -w "$@"; }
stop() { control stop; }
as "$bin/initdb" -D data -A trust -U postgres --no-sync -E UTF8 --locale=C.UTF-8 >log 2>&1 ||
  { cat log; exit 1; }
cat more.conf >>data/postgresql.conf
cat more.hba data/pg_hba.conf >hba; cat hba >data/pg_hba.conf
control start >>log 2>&1 || { cat log server.log; exit 1; }
say ready
while read -r what; do
  control "$what" >>log 2>&1 || true
  say ready
done
"#;

const POOL: &str = r#"
command -v pgbouncer >/dev/null ||
  { echo "there is no pgbouncer: install the package pgbouncer"; exit 1; }
as pgbouncer -q pool.ini >log 2>&1 &
pooler=$!
stop() { kill -9 $pooler; }
for try in $(seq 100); do
  grep -q 'process up' log && break
  kill -0 $pooler || { cat log; exit 1; }
  sleep 0.05
done
say ready
while read -r what; do :; done
"#;

/// What a shell has started, and ends when this is dropped or the process has ended.
struct Kept {
    shell: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Kept {
    fn start(script: &str, folder: &Path) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", &format!("{PREPARE}{script}")])
            .env("folder", folder)
            // Whoever stops the tests at the terminal does not stop who cleans up after them.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(shell.stdout.take().unwrap());
        let mut kept = Self { shell, said };
        kept.wait();
        kept
    }

    fn tell(&mut self, what: &str) {
        writeln!(self.shell.stdin.as_mut().unwrap(), "{what}").unwrap();
        self.wait();
    }

    fn wait(&mut self) {
        let (mut said, mut all) = (String::new(), String::new());
        while said != "ready\n" {
            said.clear();
            let read = self.said.read_line(&mut said).unwrap();
            all.push_str(&said);
            assert!(read > 0, "no PostgreSQL for the tests: {all}");
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// What a server has beside what every server has.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// Lines of `postgresql.conf`.
    pub(crate) conf: &'a str,
    /// Lines at the beginning of `pg_hba.conf`.
    pub(crate) hba: &'a str,
    /// Files in its folder.
    pub(crate) files: &'a [(&'a str, &'a str)],
    /// Whether it keeps its files on the disk, where writing takes its time.
    pub(crate) is_on_disk: bool,
}

/// A server of a test's own.
pub(crate) struct Server {
    kept: Option<Kept>,
    /// The address of a superuser, without a database.
    address: String,
    query: String,
    /// The port at 127.0.0.1.
    pub(crate) port: u16,
}

impl Server {
    /// The server that all tests of this process share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("SMILEPOST_TEST_POSTGRES") {
            Ok(address) => Self::at(&address),
            Err(_) => Self::start(&Setup::default()),
        })
    }

    /// The server at the address of a superuser.
    pub(crate) fn at(address: &str) -> Self {
        let (place, query) = address.split_once('?').unwrap_or((address, ""));
        let place = place.split_once("://").map_or(place, |(_, place)| place);
        let place = place.split('/').next().unwrap();
        let config: tokio_postgres::Config = address.parse().unwrap();
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Self { kept: None, address: format!("postgres://{place}"), query, port }
    }

    /// Starts a server.
    pub(crate) fn start(setup: &Setup<'_>) -> Self {
        let (folder, port) = (folder(setup.is_on_disk), free_address().port());
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        let conf = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n\
             fsync = off\nmax_connections = 200\nmax_wal_size = 128MB\n{}\n",
            folder.display(),
            setup.conf
        );
        write("more.conf", &conf);
        write("more.hba", &format!("host all locked all scram-sha-256\n{}\n", setup.hba));
        for (name, text) in setup.files {
            write(name, text);
        }
        let kept = Kept::start(SERVE, &folder);
        let address = format!("postgres://postgres@127.0.0.1:{port}");
        Self { kept: Some(kept), address, query: String::new(), port }
    }

    /// Stops it as a power cut does, starts it again, or both: `stop`, `start` or `restart`.
    pub(crate) fn tell(&mut self, what: &str) {
        self.kept.as_mut().unwrap().tell(what);
    }

    /// The address of a database for a superuser.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("{}/{database}{}", self.address, self.query)
    }

    /// Makes an empty database.
    pub(crate) async fn database(&self) -> Database {
        self.database_like("").await
    }

    /// Makes a copy of a database to which nobody is connected.
    pub(crate) async fn copy(&self, of: &Database) -> Database {
        self.database_like(&format!("template {}", of.name)).await
    }

    /// Makes an empty database with more to say about it, as in `create database`.
    pub(crate) async fn database_like(&self, like: &str) -> Database {
        let name = new_name();
        ask(&self.address("postgres"), &format!("create database {name} {like}")).await.unwrap();
        Database::on(self, &[], name)
    }
}

/// A name that no database has.
pub(crate) fn new_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("smilepost_test_{}_{number}", std::process::id())
}

/// A database of a test's own, which is gone when this is dropped.
pub(crate) struct Database {
    /// Its address for a superuser.
    pub(crate) address: String,
    pub(crate) name: String,
    /// A database that goes on, of each server that it is on.
    of: Vec<String>,
}

impl Database {
    /// A database at the server that all tests share.
    pub(crate) async fn new() -> Self {
        Server::shared().database().await
    }

    /// One of this name that is on this server, which is asked, and on others.
    pub(crate) fn on(server: &Server, others: &[Server], name: String) -> Self {
        let all = std::iter::once(server).chain(others);
        let of = all.map(|server| server.address("postgres")).collect();
        Self { address: server.address(&name), name, of }
    }

    /// What statements answer: the columns of each row, empty where there is nothing.
    pub(crate) async fn ask(&self, sql: &str) -> Vec<Vec<String>> {
        ask(&self.address, sql).await.unwrap()
    }

    /// The first column of the first row.
    pub(crate) async fn value(&self, sql: &str) -> String {
        self.ask(sql).await.swap_remove(0).swap_remove(0)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let servers = std::mem::take(&mut self.of);
        let sql = format!("drop database if exists {} with (force)", self.name);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap();
            for server in servers {
                let _ = runtime.block_on(ask(&server, &sql));
            }
        });
        let _ = dropping.join();
    }
}

/// What statements answer at an address, empty where there is nothing.
pub(crate) async fn ask(
    address: &str,
    sql: &str,
) -> Result<Vec<Vec<String>>, tokio_postgres::Error> {
    let rows = ask_all(address, sql).await?;
    let row = |row: Vec<Option<String>>| row.into_iter().map(Option::unwrap_or_default).collect();
    Ok(rows.into_iter().map(row).collect())
}

/// What statements answer at an address.
pub(crate) async fn ask_all(
    address: &str,
    sql: &str,
) -> Result<Vec<Vec<Option<String>>>, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    let connection = tokio::spawn(connection);
    let answer = client.simple_query(sql).await;
    drop(client);
    let _ = connection.await;
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|place| row.get(place).map(str::to_owned)).collect())
        }
        _ => None,
    };
    Ok(answer?.into_iter().filter_map(row).collect())
}

/// PgBouncer in transaction mode before a server: each transaction may be on another connection.
pub(crate) struct Pooler {
    _kept: Kept,
    port: u16,
}

impl Pooler {
    /// The pooler before the server that all tests of this process share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Pooler> = OnceLock::new();
        SHARED.get_or_init(|| Self::before(Server::shared()))
    }

    pub(crate) fn before(server: &Server) -> Self {
        let (folder, port) = (folder(false), free_address().port());
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n\
             max_client_conn = 1000\n",
            server.port
        );
        std::fs::write(folder.join("pool.ini"), settings).unwrap();
        // `-q` says nothing on the console, so the log is a file.
        std::fs::write(folder.join("log"), "").unwrap();
        Self { _kept: Kept::start(POOL, &folder), port }
    }

    /// The address of a database through it.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

/// A folder whose name is short enough for a socket in it; the shell deletes it. It is in memory
/// where there is plenty, unless it is to be on the disk: a new database is some hundred files.
fn folder(is_on_disk: bool) -> std::path::PathBuf {
    const PLENTY: u64 = 2 << 30;
    let memory = rustix::fs::statvfs("/dev/shm");
    let is_plenty = memory.is_ok_and(|memory| memory.f_bavail * memory.f_frsize > PLENTY);
    let place = if is_plenty && !is_on_disk { "/dev/shm" } else { "/tmp" };
    let made = tempfile::Builder::new().prefix("smilepost-pg-").tempdir_in(place).unwrap();
    made.keep()
}
