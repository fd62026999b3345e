//! The archive in one SQLite file: enough for hundreds of shops on one machine.
//!
//! One connection writes and one reads, each on a thread of its own, so that a page about last year
//! holds up no delivery. `synchronous = FULL`: a receipt promises what a power cut must not undo.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use tokio::sync::oneshot;

use super::{Archive, Cursor, Day, Error, Hash, Incoming, Kiosk, Shipment, Shop, Status, Stored};
use crate::feedback::moment::{self, Anchor, Quality, Reading, Source};
use crate::feedback::rating::{BootId, RatingId, RunId, Scale};
use crate::wire::report::Reported;

/// The file's name in the data folder.
pub const FILE: &str = "hub.sqlite";

/// The schema that this program writes: one for each migration.
pub const SCHEMA_VERSION: i32 = 1;

const MIGRATIONS: [&str; 1] = [include_str!("0001_first.sql")];

/// How many questions wait for a connection at most; beyond that, whoever has one waits too.
const QUESTIONS_MAX: usize = 256;

/// How long a write waits for another process, such as `smilepost-hub kiosk add`.
const BUSY_MAX: Duration = Duration::from_secs(10);

type Question = Box<dyn FnOnce(&mut Connection) + Send>;

/// An [`Archive`] in a file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    writer: SyncSender<Question>,
    reader: SyncSender<Question>,
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
            let reader = connect(&file)?;
            reader.pragma_update(None, "query_only", true)?;
            Ok(Self { writer: serve(writer, "archive")?, reader: serve(reader, "archive-reader")? })
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
    to: &SyncSender<Question>,
    action: &'static str,
    act: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let (reply, answer) = oneshot::channel();
    let question: Question = Box::new(move |connection| {
        // An asker that has gone away wants no answer.
        let _ = reply.send(act(connection));
    });
    // The queue is short and each question takes milliseconds; a full one holds the asker back.
    let to = to.clone();
    let sent = tokio::task::spawn_blocking(move || to.send(question).is_ok()).await;
    if !matches!(sent, Ok(true)) {
        return Err(Error::new(action, "the archive is closed"));
    }
    match answer.await {
        Ok(answer) => answer.map_err(|source| Error::new(action, source)),
        Err(_) => Err(Error::new(action, "the archive is closed")),
    }
}

/// Answers questions on a thread of its own until nobody can ask any more.
fn serve(mut connection: Connection, name: &str) -> std::io::Result<SyncSender<Question>> {
    let (questions, inbox) = sync_channel::<Question>(QUESTIONS_MAX);
    let answer = move || {
        for question in inbox {
            question(&mut connection);
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(answer)?;
    Ok(questions)
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

impl Archive for Sqlite {
    async fn touch(&self) -> Result<(), Error> {
        self.write("write to the archive", |transaction| {
            let sql = "update meta set value = value where key = 'epoch'";
            transaction.execute(sql, []).map(drop)
        })
        .await
    }

    async fn epoch(&self) -> Result<u64, Error> {
        self.read("read the epoch", |connection| {
            let sql = "select value from meta where key = 'epoch'";
            connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
        })
        .await
    }

    async fn add_shop(&self, shop: Shop) -> Result<bool, Error> {
        self.write("add a shop", move |transaction| {
            let sql = "insert into shop (id, name, zone) values (?, ?, ?) on conflict do nothing";
            Ok(transaction.execute(sql, params![shop.id, shop.name, shop.zone])? == 1)
        })
        .await
    }

    async fn shops(&self) -> Result<Vec<Shop>, Error> {
        self.read("list the shops", |connection| {
            let mut statement =
                connection.prepare_cached("select id, name, zone from shop order by name, id")?;
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
                       and revoked_ms is null) from kiosk order by id";
            let mut statement = connection.prepare_cached(sql)?;
            let status = |row: &Row<'_>| {
                Ok(Status {
                    kiosk: kiosk(row)?,
                    last_contact_ms: row.get(3)?,
                    app: row.get(4)?,
                    waiting: row.get::<_, i64>(5)?.cast_unsigned(),
                    set_aside: row.get::<_, i64>(6)?.cast_unsigned(),
                    is_enrolled: row.get(7)?,
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
        token: Hash,
        now_ms: i64,
    ) -> Result<Option<(Kiosk, Shop)>, Error> {
        self.write("spend a code", move |transaction| {
            let sql = "update code set spent_ms = ?2 \
                       where hash = ?1 and spent_ms is null and expires_ms > ?2 returning kiosk";
            let spent = transaction.query_row(sql, params![code, now_ms], |row| row.get(0));
            let Some(id): Option<String> = spent.optional()? else {
                return Ok(None);
            };
            let sql = "insert into token (hash, kiosk, made_ms) values (?, ?, ?)";
            transaction.execute(sql, params![token, id, now_ms])?;
            let sql = "select kiosk.id, kiosk.shop, kiosk.touchpoint, shop.id, shop.name, \
                       shop.zone from kiosk join shop on shop.id = kiosk.shop where kiosk.id = ?";
            transaction.query_row(sql, [id], |row| Ok((kiosk(row)?, shop(row, 3)?))).map(Some)
        })
        .await
    }

    async fn bearer(&self, token: Hash) -> Result<Option<String>, Error> {
        self.read("look up a token", move |connection| {
            let sql = "select kiosk from token where hash = ? and revoked_ms is null";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([token], |row| row.get(0)).optional()
        })
        .await
    }

    async fn revoke(&self, kiosk: String, now_ms: i64) -> Result<usize, Error> {
        self.write("revoke a kiosk's tokens", move |transaction| {
            let sql = "update code set spent_ms = ? where kiosk = ? and spent_ms is null";
            transaction.execute(sql, params![now_ms, kiosk])?;
            let sql = "update token set revoked_ms = ? where kiosk = ? and revoked_ms is null";
            transaction.execute(sql, params![now_ms, kiosk])
        })
        .await
    }

    async fn store(&self, shipment: Shipment) -> Result<Stored, Error> {
        self.write("store a delivery", move |transaction| store(transaction, &shipment)).await
    }

    async fn day(&self, shop: String, from_ms: i64, to_ms: i64) -> Result<Day, Error> {
        self.read("count a day", move |connection| day(connection, &shop, from_ms, to_ms)).await
    }

    async fn page(
        &self,
        after: Cursor,
        events_max: usize,
    ) -> Result<Vec<(Cursor, Reported)>, Error> {
        self.read("read events", move |connection| {
            let sql = "select event.run, event.n, kiosk.shop, kiosk.id, kiosk.touchpoint, \
                       run.uuid, kind, utc_ms, is_exact, score, scale, input, question, \
                       question_version, language, misuse, replaces, received_ms \
                       from event join kiosk on kiosk.id = event.kiosk \
                       join run on run.id = event.run \
                       where (event.run, event.n) > (?, ?) order by event.run, event.n limit ?";
            let mut statement = connection.prepare_cached(sql)?;
            let limit = i64::try_from(events_max).unwrap_or(i64::MAX);
            statement.query_map(params![after.0, after.1, limit], reported)?.collect()
        })
        .await
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
    Ok(Shop { id: row.get(at)?, name: row.get(at + 1)?, zone: row.get(at + 2)? })
}

fn kiosk(row: &Row<'_>) -> rusqlite::Result<Kiosk> {
    Ok(Kiosk { id: row.get(0)?, shop: row.get(1)?, touchpoint: row.get(2)? })
}

fn reported(row: &Row<'_>) -> rusqlite::Result<(Cursor, Reported)> {
    let is_exact: bool = row.get(8)?;
    let quality = if is_exact { Quality::Exact } else { Quality::Unknown };
    let (run, n) = (RunId(row.get(5)?), row.get(1)?);
    let reported = Reported {
        shop: row.get(2)?,
        kiosk: row.get(3)?,
        touchpoint: row.get(4)?,
        run: run.to_string(),
        n,
        kind: row.get(6)?,
        utc: rfc3339(row.get(7)?),
        quality: quality.name().to_owned(),
        score: row.get(9)?,
        scale: row.get(10)?,
        input: row.get(11)?,
        question: row.get(12)?,
        question_version: row.get(13)?,
        language: row.get(14)?,
        misuse: row.get(15)?,
        replaces: row.get(16)?,
        received: rfc3339(row.get(17)?),
    };
    Ok(((row.get(0)?, n), reported))
}

fn rfc3339(utc_ms: i64) -> String {
    let utc = DateTime::from_timestamp_millis(utc_ms).unwrap_or_default();
    utc.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn store(transaction: &Transaction<'_>, shipment: &Shipment) -> rusqlite::Result<Stored> {
    for (boot, anchor) in &shipment.anchors {
        let boot = boot_key(transaction, *boot)?;
        if add_anchor(transaction, boot, anchor)? {
            date_again(transaction, boot, anchor)?;
        }
    }
    let mut stored = Stored::default();
    for (run, boot, events) in &shipment.runs {
        let boot = boot_key(transaction, *boot)?;
        let key = run_key(transaction, *run, boot)?;
        let anchors = anchors(transaction, boot)?;
        for incoming in events {
            let id = RatingId { run: *run, n: incoming.event.n };
            if add_event(transaction, shipment, key, &anchors, incoming)? {
                stored.settled.push(id);
            } else {
                stored.conflicts.push(id);
            }
        }
    }
    let counters = &shipment.counters;
    let named = u64::try_from(stored.settled.len() + stored.conflicts.len()).unwrap_or(0);
    let conflicts = u64::try_from(stored.conflicts.len()).unwrap_or(0);
    let left = counters.waiting.saturating_sub(named + shipment.refused);
    let aside = counters.set_aside + conflicts + shipment.refused;
    let sql = "update kiosk set last_contact_ms = ?, app = ?, taken = ?, waiting = ?, \
               set_aside = ? where id = ?";
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let (at, app, id) = (shipment.received_ms, &shipment.app, &shipment.kiosk);
    let counts = (whole(counters.taken), whole(left), whole(aside));
    transaction.execute(sql, params![at, app, counts.0, counts.1, counts.2, id])?;
    Ok(stored)
}

/// Adds an event unless it is there already; false when another stands in its place.
fn add_event(
    transaction: &Transaction<'_>,
    shipment: &Shipment,
    run: i64,
    anchors: &[Anchor],
    incoming: &Incoming,
) -> rusqlite::Result<bool> {
    let Incoming { event, digest, content } = incoming;
    let moment = moment::date(event.reading, anchors);
    let rated = event.rated.as_ref();
    let extra = (!event.extra.is_empty())
        .then(|| serde_json::Value::Object(event.extra.clone()).to_string());
    // One statement, and the primary key decides: there is no moment between looking and writing.
    let sql = "insert into event (run, n, kiosk, received_ms, digest, kind, boot_ms, wall_ms, \
               utc_ms, is_exact, score, scale, input, question, question_version, language, \
               misuse, misuse_rule, replaces, extra) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
               on conflict do nothing";
    let added = transaction.prepare_cached(sql)?.execute(params![
        run,
        event.n,
        shipment.kiosk,
        shipment.received_ms,
        digest,
        event.kind,
        i64::try_from(event.reading.boot_ms).unwrap_or(i64::MAX),
        event.reading.wall_ms,
        moment.utc_ms,
        moment.quality == Quality::Exact,
        rated.map(|rated| rated.score.value()),
        rated.map(|rated| rated.score.scale().faces()),
        rated.map(|rated| rated.input.name()),
        rated.map(|rated| &rated.question.id),
        rated.map(|rated| rated.question.version),
        rated.map(|rated| &rated.question.language),
        rated.and_then(|rated| rated.misuse).map(|misuse| misuse.reason.name()),
        rated.and_then(|rated| rated.misuse).map(|misuse| misuse.rule),
        rated.and_then(|rated| rated.replaces),
        extra,
    ])?;
    if added == 1 {
        return Ok(true);
    }
    let sql = "select digest from event where run = ? and n = ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let known: [u8; 16] = statement.query_row(params![run, event.n], |row| row.get(0))?;
    if known == *digest {
        return Ok(true);
    }
    let sql = "insert into conflict (run, n, digest, kiosk, received_ms, content) \
               values (?, ?, ?, ?, ?, ?) on conflict do nothing";
    let (kiosk, at) = (&shipment.kiosk, shipment.received_ms);
    transaction.execute(sql, params![run, event.n, digest, kiosk, at, content])?;
    Ok(false)
}

fn boot_key(transaction: &Transaction<'_>, boot: BootId) -> rusqlite::Result<i64> {
    let sql = "insert into boot (uuid) values (?) on conflict do nothing";
    transaction.execute(sql, [boot.0])?;
    transaction.query_row("select id from boot where uuid = ?", [boot.0], |row| row.get(0))
}

fn run_key(transaction: &Transaction<'_>, run: RunId, boot: i64) -> rusqlite::Result<i64> {
    let sql = "insert into run (uuid, boot) values (?, ?) on conflict do nothing";
    transaction.execute(sql, params![run.0, boot])?;
    transaction.query_row("select id from run where uuid = ?", [run.0], |row| row.get(0))
}

fn add_anchor(transaction: &Transaction<'_>, boot: i64, anchor: &Anchor) -> rusqlite::Result<bool> {
    let sql = "insert into anchor (boot, boot_ms, utc_ms, error_ms, source) \
               values (?, ?, ?, ?, ?) on conflict do nothing";
    let boot_ms = i64::try_from(anchor.boot_ms).unwrap_or(i64::MAX);
    let (utc_ms, error_ms, source) = (anchor.utc_ms, anchor.error_ms, anchor.source.name());
    Ok(transaction.execute(sql, params![boot, boot_ms, utc_ms, error_ms, source])? == 1)
}

fn anchors(transaction: &Transaction<'_>, boot: i64) -> rusqlite::Result<Vec<Anchor>> {
    let sql =
        "select boot_ms, utc_ms, error_ms, source from anchor where boot = ? order by boot_ms";
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query([boot])?;
    let mut anchors = Vec::new();
    while let Some(row) = rows.next()? {
        let (boot_ms, source): (i64, String) = (row.get(0)?, row.get(3)?);
        if let Some(source) = Source::named(&source) {
            let (utc_ms, error_ms) = (row.get(1)?, row.get(2)?);
            anchors.push(Anchor { boot_ms: boot_ms.cast_unsigned(), utc_ms, error_ms, source });
        }
    }
    Ok(anchors)
}

/// Dates the events again that a new anchor is the nearest to, and leaves all others alone.
fn date_again(transaction: &Transaction<'_>, boot: i64, new: &Anchor) -> rusqlite::Result<()> {
    let anchors = anchors(transaction, boot)?;
    let middle = |other: &Anchor| other.boot_ms.midpoint(new.boot_ms);
    let before = anchors.iter().rfind(|other| other.boot_ms < new.boot_ms);
    let after = anchors.iter().find(|other| other.boot_ms > new.boot_ms);
    let whole = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let (from, to) = (before.map_or(0, middle), after.map_or(u64::MAX, |other| middle(other) + 1));
    let sql = "select event.run, n, boot_ms, wall_ms from event join run on run.id = event.run \
               where run.boot = ? and boot_ms between ? and ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let reading = |row: &Row<'_>| {
        let reading =
            Reading { boot_ms: row.get::<_, i64>(2)?.cast_unsigned(), wall_ms: row.get(3)? };
        Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, reading))
    };
    let events: Vec<(i64, u32, Reading)> = statement
        .query_map(params![boot, whole(from), whole(to)], reading)?
        .collect::<rusqlite::Result<_>>()?;
    let sql = "update event set utc_ms = ?, is_exact = ? where run = ? and n = ?";
    let mut update = transaction.prepare_cached(sql)?;
    for (run, n, reading) in events {
        let moment = moment::date(reading, &anchors);
        let is_exact = moment.quality == Quality::Exact;
        update.execute(params![moment.utc_ms, is_exact, run, n])?;
    }
    Ok(())
}

fn day(connection: &Connection, shop: &str, from_ms: i64, to_ms: i64) -> rusqlite::Result<Day> {
    let sql = "select scale, score, misuse is not null, \
               exists (select 1 from event as later where later.run = event.run \
               and later.replaces = event.n and later.misuse is null), \
               count(*), sum(1 - is_exact) \
               from event where kiosk in (select id from kiosk where shop = ?) \
               and utc_ms >= ? and utc_ms < ? group by 1, 2, 3, 4";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![shop, from_ms, to_ms])?;
    let mut day = Day::default();
    while let Some(row) = rows.next()? {
        let (scale, value): (Option<u8>, Option<u8>) = (row.get(0)?, row.get(1)?);
        let (is_misuse, is_replaced): (bool, bool) = (row.get(2)?, row.get(3)?);
        let (count, uncertain): (u32, u32) = (row.get(4)?, row.get(5)?);
        let score = scale.and_then(Scale::with_faces).zip(value);
        match score.and_then(|(scale, value)| scale.score(value).ok()) {
            None => {
                day.unread += count;
                continue;
            }
            Some(_) if is_misuse => day.misuse += count,
            Some(_) if is_replaced => day.replaced += count,
            Some(score) => day.counts.add(score, count),
        }
        day.uncertain += uncertain;
    }
    Ok(day)
}
