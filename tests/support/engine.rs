//! The engine of the archive that the tests of a target run on. The target's name says which, here
//! and nowhere else: `…_postgres` is PostgreSQL, `…_pooled` is PostgreSQL behind a pooler that
//! gives each transaction another connection, and every other is SQLite.

#![allow(dead_code, reason = "not every target needs everything of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use smilepost::hub::archive::postgres::ArchiveAddress;
use smilepost::hub::archive::{Archive, ArchiveSettings};

pub(crate) use self::citus::new_database;
use self::server::{Database, Pooler, Server};

#[path = "citus.rs"]
mod citus;
#[path = "postgres.rs"]
pub(crate) mod server;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
    Pooled,
}

fn engine() -> Engine {
    match env!("CARGO_CRATE_NAME").rsplit_once('_') {
        Some((_, "postgres")) => Engine::Postgres,
        Some((_, "pooled")) => Engine::Pooled,
        _ => Engine::Sqlite,
    }
}

/// Whether an archive is a file in its folder.
pub(crate) fn is_file() -> bool {
    engine() == Engine::Sqlite
}

/// Where the archive of a folder is, if it is in PostgreSQL.
#[derive(Clone)]
struct Addresses {
    /// For the hub.
    hub: String,
    /// For whoever looks at the tables beside it.
    beside: String,
}

static ADDRESSES: Mutex<BTreeMap<PathBuf, Addresses>> = Mutex::new(BTreeMap::new());

/// A data folder of a test's own, or what is around one; with a database of its own where the
/// engine has such. Both go when it is dropped.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    database: Option<Database>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::around(tempfile::tempdir().unwrap())
    }

    /// A place whose folder a test has made for itself.
    pub(crate) fn around(folder: tempfile::TempDir) -> Self {
        Self::with(folder, (!is_file()).then(|| waited(new_database())))
    }

    /// A place around a folder, with a copy of this one's database, which nobody may have open.
    pub(crate) fn copied_around(&self, folder: tempfile::TempDir) -> Self {
        let copied = self.database.as_ref().map(|of| waited(Server::shared().copy(of)));
        Self::with(folder, copied)
    }

    fn with(folder: tempfile::TempDir, database: Option<Database>) -> Self {
        if let Some(database) = &database {
            let beside = database.address.clone();
            let hub = match engine() {
                Engine::Pooled => Pooler::shared().address(&database.name),
                _ => beside.clone(),
            };
            let addresses = Addresses { hub, beside };
            known().insert(folder.path().to_owned(), addresses);
        }
        Self { folder, database }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        known().remove(self.folder.path());
    }
}

fn known() -> std::sync::MutexGuard<'static, BTreeMap<PathBuf, Addresses>> {
    ADDRESSES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn addresses(folder: &Path) -> Option<Addresses> {
    if is_file() {
        return None;
    }
    let known = known();
    let found = folder.ancestors().find_map(|folder| known.get(folder));
    // Whoever has no place of its own for the folder has to make one.
    Some(found.unwrap().clone())
}

/// The settings of the archive whose data folder is in a [`Place`].
pub(crate) fn settings(folder: &Path) -> ArchiveSettings {
    let postgres = addresses(folder).map(|addresses| {
        let address = ArchiveAddress::read(&addresses.hub).unwrap();
        address.pooled(engine() == Engine::Pooled)
    });
    ArchiveSettings { postgres, replica: None }
}

/// The same as lines of `hub.toml`, which come before its tables.
pub(crate) fn lines(folder: &Path) -> String {
    addresses(folder).map_or_else(String::new, |Addresses { hub, .. }| {
        format!("archive.url = {hub:?}\narchive.pooled = {}\n", engine() == Engine::Pooled)
    })
}

/// Opens the archive whose data folder is in a [`Place`]. Opened again, it is the same archive, as
/// another process opens it.
pub(crate) async fn archive(folder: &Path) -> Archive {
    Archive::open(folder, &settings(folder)).await.unwrap()
}

/// What statements answer at the database of a folder in a [`Place`], each column as text.
pub(crate) fn ask(folder: &Path, sql: &str) -> Vec<Vec<Option<String>>> {
    let addresses = addresses(folder).unwrap();
    waited(server::ask_all(&addresses.beside, sql)).unwrap()
}

/// Waits, whether or not the thread is one that must not be blocked.
fn waited<T: Send>(doing: impl Future<Output = T> + Send) -> T {
    let wait = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(doing)
    };
    std::thread::scope(|scope| scope.spawn(wait).join().unwrap())
}
