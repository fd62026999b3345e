//! The archive in one SQLite file: enough for hundreds of shops on one machine.
//!
//! One connection writes and two read, each on a thread of its own, so that a page about last year
//! holds up no delivery. `synchronous = FULL`: a receipt promises what a power cut must not undo.
//!
//! The lock that every trait asks for is the file's: a transaction that writes begins with it, so
//! there is one at a time, and a read sees one state of the file.

mod accounts;
mod calls_and_notes;
mod carried;
mod credentials;
mod dating;
mod event_rows;
mod events;
mod ingest;
mod judging;
mod kiosks;
mod places;
mod spans;
mod surveys;
mod tallies;
mod upkeep;

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::error::Error;

/// The file's name in the data folder.
pub const FILE: &str = "hub.sqlite";

/// The schema that this program writes: one for each migration.
pub const SCHEMA_VERSION: i32 = 8;

const MIGRATIONS: [&str; 8] = [
    include_str!("sqlite/0001_first.sql"),
    include_str!("sqlite/0002_accounts.sql"),
    include_str!("sqlite/0003_surveys.sql"),
    include_str!("sqlite/0004_notes.sql"),
    include_str!("sqlite/0005_calls.sql"),
    include_str!("sqlite/0006_carried.sql"),
    include_str!("sqlite/0007_owners.sql"),
    include_str!("sqlite/0008_epochs.sql"),
];

/// The most errands that wait for a connection; who has a further one waits until there is room.
const ERRANDS_MAX: usize = 256;

/// How long a write waits for another process, such as `smilepost-hub kiosk add`.
const BUSY_MAX: Duration = Duration::from_secs(10);

type Errand = Box<dyn FnOnce(&mut Connection) + Send>;

/// An [`Archive`](super::Archive) in a file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    writer: SyncSender<Errand>,
    reader: SyncSender<Errand>,
    /// Looks up tokens only, so that no kiosk waits for a page of the dashboard.
    token_reader: SyncSender<Errand>,
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
                Ok(serve(reader, name)?)
            };
            Ok(Self {
                writer: serve(writer, "archive")?,
                reader: reader("archive-reader")?,
                token_reader: reader("archive-tokens")?,
            })
        };
        open().map_err(|source| Error::new("open the archive", source))
    }

    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        ask(&self.writer, action, move |connection| {
            // Immediate, so that a second writer waits at the beginning and not half way through.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = act(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        ask(&self.reader, action, move |connection| act(connection)).await
    }

    /// Reads without waiting for any other read.
    async fn read_token<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        ask(&self.token_reader, action, move |connection| act(connection)).await
    }
}

async fn ask<T: Send + 'static>(
    to: &SyncSender<Errand>,
    action: &'static str,
    act: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let (reply, answer) = oneshot::channel();
    let errand: Errand = Box::new(move |connection| {
        // A request that was cancelled wants no answer.
        let _ = reply.send(act(connection));
    });
    // The queue is short and each errand takes milliseconds; a full one makes the caller wait.
    let to = to.clone();
    let sent = tokio::task::spawn_blocking(move || to.send(errand).is_ok()).await;
    if !matches!(sent, Ok(true)) {
        return Err(Error::new(action, "the archive is closed"));
    }
    match answer.await {
        Ok(answer) => answer.map_err(|source| Error::new(action, source)),
        Err(_) => Err(Error::new(action, "the archive is closed")),
    }
}

/// Does errands on a thread of its own until nobody can send any more.
fn serve(mut connection: Connection, name: &str) -> std::io::Result<SyncSender<Errand>> {
    let (errands, inbox) = sync_channel::<Errand>(ERRANDS_MAX);
    let answer = move || {
        for errand in inbox {
            errand(&mut connection);
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(answer)?;
    Ok(errands)
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
