//! The archive in one SQLite file: enough for hundreds of shops on one machine.
//!
//! One connection writes and two read, each on a thread of its own, so that a page about last year
//! holds up no delivery. `synchronous = FULL`: a receipt promises what a power cut must not undo.
//!
//! The lock that statements ask for is the file's: a transaction that writes begins with it, so
//! there is one at a time, and a read sees one state of the file.

pub mod backup;
#[cfg(test)]
mod counting;
mod errands;
pub(super) mod hold;
pub mod look;
#[cfg(test)]
mod migrations;
pub mod part;
mod place;
mod tx;
mod upgrade;
mod words;

use std::io;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, Waker};

use rusqlite::{Connection, TransactionBehavior};

#[cfg(test)]
pub(super) use self::counting::Counting;
use self::errands::{Errands, TimeLimit};
use self::place::BUSY_MAX;
pub use self::place::FILE;
use self::tx::Sqlite as SqliteTx;
use super::error::{Error, Failure};
use super::tx::{Job, Tx};
use crate::file;
use crate::hub::rules::room::Room;

/// The schema that this program writes: one for each migration.
pub const SCHEMA_VERSION: i32 = 23;

const MIGRATIONS: [&str; 23] = [
    include_str!("sqlite/0001_first.sql"),
    include_str!("sqlite/0002_accounts.sql"),
    include_str!("sqlite/0003_surveys.sql"),
    include_str!("sqlite/0004_notes.sql"),
    include_str!("sqlite/0005_calls.sql"),
    include_str!("sqlite/0006_carried.sql"),
    include_str!("sqlite/0007_owners.sql"),
    include_str!("sqlite/0008_epochs.sql"),
    include_str!("sqlite/0009_lines.sql"),
    include_str!("sqlite/0010_dating.sql"),
    include_str!("sqlite/0011_budget.sql"),
    include_str!("sqlite/0012_clocks.sql"),
    include_str!("sqlite/0013_guesses.sql"),
    include_str!("sqlite/0014_given_up.sql"),
    include_str!("sqlite/0015_rehearsal.sql"),
    include_str!("sqlite/0016_past.sql"),
    include_str!("sqlite/0017_mended.sql"),
    include_str!("sqlite/0018_superseded.sql"),
    include_str!("sqlite/0019_moving.sql"),
    include_str!("sqlite/0020_places.sql"),
    include_str!("sqlite/0021_tokens.sql"),
    include_str!("sqlite/0022_findings.sql"),
    include_str!("sqlite/0023_numbers.sql"),
];

/// The most statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 256;

/// The engine of an archive in a file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    folder: PathBuf,
    writer: Errands,
    reader: Errands,
    /// Looks up tokens only, so that no kiosk waits for a page of the dashboard.
    token_reader: Errands,
}

impl Sqlite {
    /// Opens the archive in a folder; makes both where they are missing.
    ///
    /// # Errors
    /// When the folder cannot be written, or the file is not an archive or of a newer program; and
    /// when there is no room to take an archive of an older one over, which is not touched then.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_where(folder, file::free_bytes)
    }

    /// Opens the archive on a disk that has so many free bytes.
    fn open_where(
        folder: &Path,
        free_bytes: impl Fn(&Path) -> io::Result<u64>,
    ) -> Result<Self, Error> {
        let open = || -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
            std::fs::create_dir_all(folder)?;
            upgrade::check(folder, &free_bytes)?;
            let file = folder.join(FILE);
            let mut writer = connect(&file)?;
            let version: i32 = writer.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version > SCHEMA_VERSION {
                let known = SCHEMA_VERSION;
                return Err(format!(
                    "{} has schema {version}, and this program knows up to {known}: it was left \
                     untouched; install the newer smilepost-hub again",
                    file.display()
                )
                .into());
            }
            migrate(&mut writer, version)?;
            let reader = |name| -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
                let reader = connect(&file)?;
                reader.pragma_update(None, "query_only", true)?;
                Ok(Errands::serve(reader, name)?)
            };
            Ok(Self {
                folder: folder.to_owned(),
                writer: Errands::serve(writer, "archive")?,
                reader: reader("archive-reader")?,
                token_reader: reader("archive-tokens")?,
            })
        };
        open().map_err(|source| {
            // SQLite says only that the disk fails where there is no room for its own files.
            let is_full = free_bytes(folder).is_ok_and(|bytes| Room::of(bytes) == Room::None);
            let source = if is_full && !source.is::<upgrade::Refused>() {
                "its disk is full: make room on it".into()
            } else {
                source
            };
            Error::new("open the archive", source)
        })
    }

    /// Closes the archive when what was asked for is done; the last of the file's connections
    /// writes everything into it, so that the file alone is the archive. Nothing can be asked any
    /// more.
    pub async fn close(&self) {
        for errands in [&self.token_reader, &self.reader, &self.writer] {
            errands.close().await;
        }
    }

    /// How much room its disk has, in bytes.
    pub(super) fn free_bytes(&self) -> std::io::Result<u64> {
        file::free_bytes(&self.folder)
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        limit: TimeLimit,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        // The lock comes first, so that a second writer waits at the beginning and not half way
        // through.
        self.writer.ask(action, limit, move |tx| in_transaction(tx, "begin immediate", act)).await
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        limit: TimeLimit,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.reader.ask(action, limit, move |tx| in_transaction(tx, "begin", act)).await
    }

    pub(super) async fn look<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.token_reader.ask(action, None, move |tx| now(act(tx))).await
    }
}

fn in_transaction<T>(
    tx: &mut SqliteTx,
    begin: &str,
    act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T>,
) -> Result<T, Failure> {
    batch(tx, begin)?;
    let done = now(act(tx)).and_then(|answer| batch(tx, "commit").map(|()| answer));
    if done.is_err() {
        // Where SQLite has taken it back by itself, there is nothing left to take back.
        let _ = batch(tx, "rollback");
    }
    done
}

fn batch(tx: &SqliteTx, sql: &str) -> Result<(), Failure> {
    Ok(tx.0.execute_batch(sql)?)
}

/// What comes of a job whose statements are all SQLite's: they never wait, so neither does it.
fn now<T>(mut job: Job<'_, T>) -> Result<T, Failure> {
    match job.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(Failure::Content("a statement waits for another engine".to_owned())),
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "foreign_keys", true)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    assert_eq!(mode, "wal", "the archive is read while it is written");
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is deleted is overwritten, so that nobody reads it in the file.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

/// Draws a new epoch.
fn draw_epoch(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "update meta set value = ? where key = 'epoch'";
    connection.execute(sql, [i64::from(rand::random::<u32>())]).map(drop)
}

fn migrate(connection: &mut Connection, from: i32) -> rusqlite::Result<()> {
    if from == SCHEMA_VERSION && !upgrade::is_under_way(connection)? {
        return Ok(());
    }
    connection.busy_timeout(upgrade::BUSY_MAX)?;
    // A table that others refer to can be made anew only while nobody looks at references.
    connection.pragma_update(None, "foreign_keys", false)?;
    migrate_unchecked(connection, from)?;
    upgrade::take_over(connection)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.busy_timeout(BUSY_MAX)
}

fn migrate_unchecked(connection: &mut Connection, from: i32) -> rusqlite::Result<()> {
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version > from {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have been faster.
            let now: i32 =
                transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if now < version {
                transaction.execute_batch(sql)?;
                let sql =
                    "insert into meta (key, value) values ('epoch', ?) on conflict do nothing";
                transaction.execute(sql, [i64::from(rand::random::<u32>())])?;
                transaction.pragma_update(None, "user_version", version)?;
            }
            transaction.commit()?;
        }
    }
    Ok(())
}
