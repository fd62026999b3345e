//! The archive in one SQLite file: enough for hundreds of shops on one machine.
//!
//! One connection writes and one reads, each on a thread of its own, so that a page about last year
//! holds up no delivery. `synchronous = FULL`: a receipt promises what a power cut must not undo.

mod accounts;
mod calls_and_notes;
mod carried;
mod dating;
mod ingest;
mod surveys;
mod tallies;

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use tokio::sync::oneshot;

use super::{
    Archive, Bearer, CallsAndNotes, Cursor, Day, Error, Hash, Kiosk, PinScope, Publication,
    RETURNS_OF_A_CLONE, Scope, Seal, Shipment, Shop, Span, Status, Stored, Token,
};
use crate::feedback::misuse::RULE_VERSION;
use crate::wire::report::{Reconciled, Reported};

/// The file's name in the data folder.
pub const FILE: &str = "hub.sqlite";

/// The schema that this program writes: one for each migration.
pub const SCHEMA_VERSION: i32 = 6;

const MIGRATIONS: [&str; 6] = [
    include_str!("sqlite/0001_first.sql"),
    include_str!("sqlite/0002_accounts.sql"),
    include_str!("sqlite/0003_surveys.sql"),
    include_str!("sqlite/0004_notes.sql"),
    include_str!("sqlite/0005_calls.sql"),
    include_str!("sqlite/0006_carried.sql"),
];

/// How many errands wait for a connection at most; beyond that, whoever has one waits too.
const ERRANDS_MAX: usize = 256;

/// How long a write waits for another process, such as `smilepost-hub kiosk add`.
const BUSY_MAX: Duration = Duration::from_secs(10);

type Errand = Box<dyn FnOnce(&mut Connection) + Send>;

/// An [`Archive`] in a file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    writer: SyncSender<Errand>,
    reader: SyncSender<Errand>,
    /// Looks up tokens only, so that no kiosk waits at the door for a page of the dashboard.
    door: SyncSender<Errand>,
}

impl Sqlite {
    /// Opens the archive in a folder, making both if need be.
    ///
    /// # Errors
    /// When the folder cannot be written, or the file is of a newer program or no archive.
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
            let (reader, door) = (reader("archive-reader")?, reader("archive-door")?);
            Ok(Self { writer: serve(writer, "archive")?, reader, door })
        };
        open().map_err(|source| Error::new("open the archive", source))
    }

    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        ask(&self.writer, action, move |connection| {
            // Immediate, so that a second writer waits at the door and not half way through.
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
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
}

async fn ask<T: Send + 'static>(
    to: &SyncSender<Errand>,
    action: &'static str,
    act: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let (reply, answer) = oneshot::channel();
    let errand: Errand = Box::new(move |connection| {
        // An asker that has gone away wants no answer.
        let _ = reply.send(act(connection));
    });
    // The queue is short and each question takes milliseconds; a full one holds the asker back.
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
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version > from {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
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

/// Whoever has been let in anew, or shut out, is no clone any more.
fn forget_clones(transaction: &Transaction<'_>, kiosk: &str) -> rusqlite::Result<()> {
    transaction.execute("delete from past_run where kiosk = ?", [kiosk])?;
    let sql = "update kiosk set returns = 0, live_run = null where id = ?";
    transaction.execute(sql, [kiosk]).map(drop)
}

impl Archive for Sqlite {
    async fn touch(&self) -> Result<(), Error> {
        self.write("write to the archive", |transaction| {
            let sql = "update meta set value = value where key = 'epoch'";
            transaction.execute(sql, []).map(drop)
        })
        .await
    }

    async fn epoch(&self) -> Result<u64, Error> {
        self.read("read the epoch", ingest::epoch).await
    }

    async fn add_shop(&self, shop: Shop) -> Result<bool, Error> {
        self.write("add a shop", move |transaction| {
            let sql = "insert into shop (id, name, zone, shop_group) values (?, ?, ?, ?) \
                       on conflict do nothing";
            let Shop { id, name, zone, group } = shop;
            Ok(transaction.execute(sql, params![id, name, zone, group])? == 1)
        })
        .await
    }

    async fn shops(&self) -> Result<Vec<Shop>, Error> {
        self.read("list the shops", |connection| {
            let sql = "select id, name, zone, shop_group from shop order by name, id";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([], |row| shop(row, 0))?.collect()
        })
        .await
    }

    async fn add_kiosk(&self, kiosk: Kiosk) -> Result<bool, Error> {
        self.write("add a kiosk", move |transaction| {
            let sql =
                "insert into kiosk (id, shop, touchpoint) values (?, ?, ?) on conflict do nothing";
            let Kiosk { id, shop, touchpoint } = kiosk;
            Ok(transaction.execute(sql, params![id, shop, touchpoint])? == 1)
        })
        .await
    }

    async fn kiosks(&self) -> Result<Vec<Status>, Error> {
        self.read("list the kiosks", |connection| {
            let sql = "select id, shop, touchpoint, last_contact_ms, app, waiting, set_aside, \
                       exists (select 1 from token where token.kiosk = kiosk.id \
                       and revoked_ms is null), lost, returns, publication, survey_complaint \
                       from kiosk order by id";
            let mut statement = connection.prepare_cached(sql)?;
            let status = |row: &Row<'_>| {
                Ok(Status {
                    kiosk: kiosk(row)?,
                    last_contact_ms: row.get(3)?,
                    app: row.get(4)?,
                    waiting: row.get::<_, i64>(5)?.cast_unsigned(),
                    set_aside: row.get::<_, i64>(6)?.cast_unsigned(),
                    is_enrolled: row.get(7)?,
                    lost: row.get::<_, i64>(8)?.cast_unsigned(),
                    is_cloned: row.get::<_, i64>(9)? >= RETURNS_OF_A_CLONE,
                    publication: row.get::<_, Option<i64>>(10)?.map(i64::cast_unsigned),
                    survey_complaint: row.get(11)?,
                })
            };
            statement.query_map([], status)?.collect()
        })
        .await
    }

    async fn add_code(&self, kiosk: String, code: Hash, expires_ms: i64) -> Result<bool, Error> {
        self.write("add a code", move |transaction| {
            let sql = "insert into code (hash, kiosk, expires_ms) \
                       select ?, id, ? from kiosk where id = ?";
            Ok(transaction.execute(sql, params![code, expires_ms, kiosk])? == 1)
        })
        .await
    }

    async fn spend_code(
        &self,
        code: Hash,
        token: Token,
        now_ms: i64,
    ) -> Result<Option<(Kiosk, Shop)>, Error> {
        self.write("spend a code", move |transaction| {
            let sql = "update code set spent_ms = ?2 \
                       where hash = ?1 and spent_ms is null and expires_ms > ?2 returning kiosk";
            let spent = transaction.query_row(sql, params![code, now_ms], |row| row.get(0));
            let Some(id): Option<String> = spent.optional()? else {
                return Ok(None);
            };
            carried::give(transaction, &id, &token, now_ms)
        })
        .await
    }

    async fn give_token(
        &self,
        kiosk: String,
        token: Token,
        now_ms: i64,
    ) -> Result<Option<(Kiosk, Shop)>, Error> {
        self.write("give a token to a kiosk", move |transaction| {
            carried::give(transaction, &kiosk, &token, now_ms)
        })
        .await
    }

    async fn set_pin(&self, place: PinScope, hash: Option<String>) -> Result<usize, Error> {
        self.write("set a PIN", move |transaction| {
            let (column, name) = match &place {
                PinScope::Kiosk(kiosk) => ("id", kiosk),
                PinScope::Shop(shop) => ("shop", shop),
            };
            let sql = format!(
                "update kiosk set pin_hash = ?, pin_number = pin_number + 1 where {column} = ?"
            );
            transaction.execute(&sql, params![hash, name])
        })
        .await
    }

    async fn note_key(&self, token: Token) -> Result<(), Error> {
        self.write("note a key", move |transaction| carried::note_key(transaction, &token)).await
    }

    async fn seals(&self, kiosk: String) -> Result<Vec<Seal>, Error> {
        self.read("look up keys", move |connection| carried::seals(connection, &kiosk)).await
    }

    async fn carried(&self, kiosk: String, nonce: String) -> Result<Option<(i64, String)>, Error> {
        self.read("look up a carried delivery", move |connection| {
            carried::receipt(connection, &kiosk, &nonce)
        })
        .await
    }

    async fn note_carried(
        &self,
        nonce: String,
        kiosk: String,
        taken_ms: i64,
        receipt: String,
    ) -> Result<(), Error> {
        self.write("note a carried delivery", move |transaction| {
            carried::note_file(transaction, &nonce, &kiosk, taken_ms, &receipt)
        })
        .await
    }

    async fn bearer(&self, token: Hash, old_ms: i64) -> Result<Option<Bearer>, Error> {
        ask(&self.door, "look up a token", move |connection| {
            let sql = "select kiosk, is_next, made_ms < ? or wants_token, \
                       verify_key is not null from token join kiosk on kiosk.id = token.kiosk \
                       where hash = ? and revoked_ms is null";
            let mut statement = connection.prepare_cached(sql)?;
            let bearer = |row: &Row<'_>| {
                Ok(Bearer {
                    kiosk: row.get(0)?,
                    is_next: row.get(1)?,
                    is_old: row.get(2)?,
                    has_key: row.get(3)?,
                })
            };
            statement.query_row(params![old_ms, token], bearer).optional()
        })
        .await
    }

    async fn renew_epoch(&self) -> Result<(), Error> {
        self.write("draw a new epoch", ingest::draw_epoch).await
    }

    async fn add_next_token(
        &self,
        kiosk: String,
        present: Hash,
        token: Token,
        now_ms: i64,
    ) -> Result<(), Error> {
        self.write("add a token", move |transaction| {
            let sql = "delete from token where is_next = 1 and follows = ?";
            transaction.execute(sql, [present])?;
            let sql = "insert into token (hash, kiosk, made_ms, is_next, follows, verify_key) \
                       values (?, ?, ?, 1, ?, ?)";
            transaction
                .execute(sql, params![token.hash, kiosk, now_ms, present, token.key])
                .map(drop)
        })
        .await
    }

    async fn confirm_token(&self, token: Hash, now_ms: i64) -> Result<(), Error> {
        self.write("confirm a token", move |transaction| {
            let sql = "update token set revoked_ms = ?1 from token as used \
                       where used.hash = ?2 and token.kiosk = used.kiosk \
                       and token.hash <> used.hash and token.revoked_ms is null \
                       and (used.follows is null or token.hash = used.follows)";
            transaction.execute(sql, params![now_ms, token])?;
            transaction.execute("update token set is_next = 0 where hash = ?", [token])?;
            let sql = "update kiosk set wants_token = 0 \
                       where id = (select kiosk from token where hash = ?)";
            transaction.execute(sql, [token]).map(drop)
        })
        .await
    }

    async fn want_token(&self, kiosk: String) -> Result<bool, Error> {
        self.write("have a token renewed", move |transaction| {
            let sql = "update kiosk set wants_token = 1 where id = ?";
            Ok(transaction.execute(sql, [kiosk])? == 1)
        })
        .await
    }

    async fn judge_again(&self) -> Result<(), Error> {
        let asked = self.read("look up the rules", |connection| {
            let sql = "select value from meta where key = 'rule'";
            let rule: Option<u16> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
            let mut statement = connection.prepare("select id from run order by id")?;
            let runs = statement.query_map([], |row| row.get(0))?;
            let runs: Vec<i64> = runs.collect::<rusqlite::Result<_>>()?;
            Ok((rule, runs))
        });
        let (rule, runs) = asked.await?;
        if rule == Some(RULE_VERSION) {
            return Ok(());
        }
        // One by one, so that no delivery waits for long.
        for run in runs {
            let judge = move |transaction: &Transaction<'_>| ingest::judge_again(transaction, run);
            self.write("judge a run again", judge).await?;
        }
        self.write("write down the rules", |transaction| {
            let sql = "insert into meta (key, value) values ('rule', ?) \
                       on conflict do update set value = excluded.value";
            transaction.execute(sql, [RULE_VERSION]).map(drop)
        })
        .await
    }

    async fn reconcile(&self, kiosk: String) -> Result<Reconciled, Error> {
        self.read("reconcile a kiosk", move |connection| accounts::reconcile(connection, &kiosk))
            .await
    }

    async fn revoke(&self, kiosk: String, now_ms: i64) -> Result<usize, Error> {
        self.write("revoke a kiosk's tokens", move |transaction| {
            let sql = "update code set spent_ms = ? where kiosk = ? and spent_ms is null";
            transaction.execute(sql, params![now_ms, kiosk])?;
            forget_clones(transaction, &kiosk)?;
            let sql = "update token set revoked_ms = ? where kiosk = ? and revoked_ms is null";
            transaction.execute(sql, params![now_ms, kiosk])
        })
        .await
    }

    async fn store(&self, shipment: Shipment) -> Result<Stored, Error> {
        self.write("store a delivery", move |transaction| ingest::store(transaction, &shipment))
            .await
    }

    async fn day(&self, shop: String, from_ms: i64, to_ms: i64) -> Result<Day, Error> {
        let days = self.days(vec![Span { shop, from_ms, to_ms }]).await?;
        Ok(days.into_iter().next().unwrap_or_default())
    }

    async fn aside(
        &self,
        shop: String,
        from_ms: i64,
        to_ms: i64,
        notes_max: usize,
    ) -> Result<CallsAndNotes, Error> {
        let all = self.calls_and_notes(vec![Span { shop, from_ms, to_ms }], notes_max).await?;
        Ok(all.into_iter().next().unwrap_or_default())
    }

    async fn days(&self, spans: Vec<Span>) -> Result<Vec<Day>, Error> {
        self.read("count days", move |connection| tallies::days(connection, &spans)).await
    }

    async fn calls_and_notes(
        &self,
        spans: Vec<Span>,
        notes_max: usize,
    ) -> Result<Vec<CallsAndNotes>, Error> {
        self.read("read calls and notes", move |connection| {
            calls_and_notes::of_spans(connection, &spans, notes_max)
        })
        .await
    }

    async fn page(
        &self,
        after: Cursor,
        events_max: usize,
    ) -> Result<Vec<(Cursor, Reported)>, Error> {
        self.read("read events", move |connection| {
            let columns = ingest::REPORTED;
            let sql = format!(
                "select {columns} from event join kiosk on kiosk.id = event.kiosk \
                 join run on run.id = event.run \
                 where (event.run, event.n) > (?, ?) order by event.run, event.n limit ?"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(events_max).unwrap_or(i64::MAX);
            statement.query_map(params![after.0, after.1, limit], ingest::reported)?.collect()
        })
        .await
    }

    async fn group_shop(&self, shop: String, group: Option<String>) -> Result<bool, Error> {
        self.write("put a shop into a group", move |transaction| {
            let sql = "update shop set shop_group = ? where id = ?";
            Ok(transaction.execute(sql, params![group, shop])? == 1)
        })
        .await
    }

    async fn publish(
        &self,
        scope: Scope,
        content: Option<String>,
        now_ms: i64,
    ) -> Result<Option<u64>, Error> {
        self.write("publish a survey", move |transaction| {
            surveys::publish(transaction, &scope, content.as_deref(), now_ms)
        })
        .await
    }

    async fn survey(&self, kiosk: String) -> Result<Option<Publication>, Error> {
        self.read("look up a survey", move |connection| surveys::of_kiosk(connection, &kiosk)).await
    }

    async fn surveys(&self) -> Result<Vec<Publication>, Error> {
        self.read("list the surveys", surveys::all).await
    }

    async fn conflicts(&self) -> Result<u64, Error> {
        self.read("count conflicts", |connection| {
            let sql = "select count(*) from conflict";
            connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
        })
        .await
    }
}

fn shop(row: &Row<'_>, at: usize) -> rusqlite::Result<Shop> {
    let (id, name) = (row.get(at)?, row.get(at + 1)?);
    Ok(Shop { id, name, zone: row.get(at + 2)?, group: row.get(at + 3)? })
}

fn kiosk(row: &Row<'_>) -> rusqlite::Result<Kiosk> {
    Ok(Kiosk { id: row.get(0)?, shop: row.get(1)?, touchpoint: row.get(2)? })
}
