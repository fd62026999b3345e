//! The archive in one SQLite file: enough for hundreds of shops on one machine.
//!
//! One connection writes and two read, each on a thread of its own, so that a page about last year
//! holds up no delivery. `synchronous = FULL`: a receipt promises what a power cut must not undo.
//!
//! The lock that every trait asks for is the file's: a transaction that writes begins with it, so
//! there is one at a time, and a read sees one state of the file.

mod accounts;
pub mod backup;
mod calls_and_notes;
mod carried;
#[cfg(test)]
mod cost;
mod credentials;
mod dating;
mod errands;
mod event_rows;
mod events;
mod ingest;
mod judging;
mod kiosks;
pub mod look;
#[cfg(test)]
mod migrations;
mod past;
mod places;
mod rehearsal;
mod spans;
mod surveys;
mod tallies;
mod upkeep;
mod whereabouts;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::errands::Errands;
use super::error::Error;
use crate::file;
use crate::hub::rules::room::Room;

/// The file's name in the data folder.
pub const FILE: &str = "hub.sqlite";

/// The schema that this program writes: one for each migration.
pub const SCHEMA_VERSION: i32 = 22;

const MIGRATIONS: [&str; 22] = [
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
];

/// How long a write waits for another process, such as `smilepost-hub kiosk add`.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// How long a delivery may keep the writer from others.
const DELIVERY_MAX: Duration = Duration::from_secs(10);

/// How long one question of a page may keep the reader from others.
const PAGE_MAX: Duration = Duration::from_secs(10);

/// An [`Archive`](super::Archive) in a file.
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
    /// When the folder cannot be written, or the file is not an archive or of a newer program.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let open = || -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
            std::fs::create_dir_all(folder)?;
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
            let free = file::free_bytes(folder);
            let is_full = free.is_ok_and(|bytes| Room::of(bytes) == Room::None);
            let source = if is_full { "its disk is full: make room on it".into() } else { source };
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

    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.writer.ask(action, None, in_transaction(act)).await
    }

    /// Writes what a kiosk has sent.
    async fn write_delivery<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.writer.ask(action, Some(DELIVERY_MAX), in_transaction(act)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.reader.ask(action, None, move |connection| act(connection)).await
    }

    /// Reads for a page, which somebody waits for.
    async fn read_page<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.reader.ask(action, Some(PAGE_MAX), move |connection| act(connection)).await
    }

    /// Reads without waiting for any other read.
    async fn read_token<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.token_reader.ask(action, None, move |connection| act(connection)).await
    }
}

/// Acts in a transaction that begins with the lock, so that a second writer waits at the beginning
/// and not half way through.
fn in_transaction<T>(
    act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> impl FnOnce(&mut Connection) -> rusqlite::Result<T> {
    move |connection| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = act(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    assert_eq!(mode, "wal", "the archive is read while it is written");
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn migrate(connection: &mut Connection, from: i32) -> rusqlite::Result<()> {
    // A table that others refer to can be made anew only while nobody looks at references.
    connection.pragma_update(None, "foreign_keys", false)?;
    migrate_unchecked(connection, from)?;
    connection.pragma_update(None, "foreign_keys", true)
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
