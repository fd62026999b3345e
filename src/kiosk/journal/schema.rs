//! The journal's file as an SQLite database: its version, its modes and its migrations.

use std::path::Path;

use rusqlite::Connection;

use super::books_sql;
use super::error::Error;

/// The schema that this program writes: one for each migration.
pub const SCHEMA_VERSION: i32 = 2;

const MIGRATIONS: [&str; 2] = [include_str!("0001_first.sql"), include_str!("0002_losses.sql")];

/// The bytes of a page, fixed when the file is made.
pub(super) const PAGE_BYTES: u32 = 1024;

/// The header's field for an application's own number repeats the schema's version: only where both
/// agree is the journal taken for a newer one, and not for a damaged one.
const APPLICATION_ID: i32 = 0x534d_0000;

/// The schema's version in the file's header, read without opening the database: that of a newer
/// program, or 0.
///
/// SQLite documents the header: the version stands in four bytes at offset 60, big end first, and
/// the application's own number at 68.
pub(super) fn newer_in_header(file: &Path) -> std::io::Result<i32> {
    use std::io::Read as _;
    let mut header = [0; 72];
    match std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) => {}
        // Any other problem with the file is found later.
        Err(_) => return Ok(0),
    }
    let word = |at: usize| {
        let bytes = header.get(at..).and_then(|bytes| bytes.first_chunk().copied());
        bytes.map_or(0, i32::from_be_bytes)
    };
    Ok(newer(word(60), word(68)))
}

/// The version, if it is a newer program's and the application's own number confirms it; else 0.
fn newer(version: i32, application: i32) -> i32 {
    let is_confirmed = application == APPLICATION_ID | version;
    if version > SCHEMA_VERSION && is_confirmed { version } else { 0 }
}

pub(super) fn refuse_newer(folder: &Path, found: i32) -> Result<(), Error> {
    if found > SCHEMA_VERSION {
        return Err(Error::Newer { folder: folder.to_owned(), found, known: SCHEMA_VERSION });
    }
    Ok(())
}

/// The version of an open journal: that of a newer program is returned only if it is confirmed.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    let ask = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let version = ask("user_version")?;
    let application = ask("application_id")?;
    Ok((version, newer(version, application)))
}

pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // The page size counts only before the file exists; the lock before WAL is switched on, so
    // that no shared-memory file is ever made.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten: nobody finds a shopper's words in an unused part of the file.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    // Creating the file needs a rollback journal. If a power cut brought that back, it would take
    // away all that came after, so its deletion is flushed too, which only this level does.
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    assert_eq!(mode, "wal", "the journal needs SQLite's WAL mode");
    connection.pragma_update(None, "synchronous", "FULL")?;
    let level: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    assert_eq!(level, 2, "the journal needs synchronous = FULL");
    Ok(())
}

/// Does something whose loss in a power cut costs no rating, without a flush of its own: the next
/// rating's flush carries it along.
///
/// A receipt that is lost comes again: the events are sent again, and the hub confirms them again.
pub(super) fn unflushed<T>(
    connection: &mut Connection,
    act: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let done = act(connection);
    // Without this the next rating would be thanked for before it is on the card.
    connection.pragma_update(None, "synchronous", "FULL")?;
    done
}

/// Sets the most pages that the database may have.
pub(super) fn limit(connection: &Connection, bytes_max: u64) -> rusqlite::Result<()> {
    let pages = i64::try_from(bytes_max / u64::from(PAGE_BYTES)).unwrap_or(i64::MAX).max(1);
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
}

/// Whether the database has as many pages as it may.
pub(super) fn is_at_limit(connection: &Connection) -> rusqlite::Result<bool> {
    let ask = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    // The last free pages may be too few for a rating.
    Ok(ask("page_count")? - ask("freelist_count")? + 8 >= ask("max_page_count")?)
}

/// Brings an older schema up to date. A fresh journal writes down, in the same commit, which
/// damaged one it follows on (0 for none), since its keys begin beyond all of that one's.
pub(super) fn migrate(
    connection: &mut Connection,
    from: i32,
    after_bad: i64,
) -> rusqlite::Result<()> {
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version > from {
            let transaction = connection.transaction()?;
            transaction.execute_batch(sql)?;
            if version == 1 && after_bad > 0 {
                books_sql::set_meta(&transaction, "after_bad", after_bad)?;
            }
            if version == 2 {
                books_sql::fill_checksums(&transaction)?;
            }
            transaction.pragma_update(None, "user_version", version)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID | version)?;
            transaction.commit()?;
        }
    }
    Ok(())
}
