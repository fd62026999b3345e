//! The journal's file as SQLite knows it: its version, its modes, its migrations.

use std::path::Path;

use rusqlite::Connection;

use super::Error;

/// The schema that this program writes: one for each migration.
pub const SCHEMA_VERSION: i32 = 1;

const MIGRATIONS: [&str; 1] = [include_str!("0001_first.sql")];

/// The bytes of a page, fixed when the file is made.
const PAGE_BYTES: u32 = 1024;

/// Reads the schema's version from the file's header, without opening it as a database.
///
/// SQLite documents the header: the version stands in four bytes at offset 60, big end first.
pub(super) fn version_in_header(file: &Path) -> std::io::Result<i32> {
    use std::io::Read as _;
    let mut header = [0; 64];
    match std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) => Ok(header.last_chunk().map_or(0, |bytes| i32::from_be_bytes(*bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

pub(super) fn refuse_newer(folder: &Path, found: i32) -> Result<(), Error> {
    if found > SCHEMA_VERSION {
        return Err(Error::Newer { folder: folder.to_owned(), found });
    }
    Ok(())
}

pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // The page size counts only before the file exists; the lock before WAL is switched on, so
    // that no shared-memory file is ever made.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    assert_eq!(mode, "wal", "the journal promises nothing outside of WAL mode");
    connection.pragma_update(None, "synchronous", "FULL")?;
    let level: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    assert_eq!(level, 2, "a commit that is not flushed is no promise");
    Ok(())
}

pub(super) fn user_version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

pub(super) fn migrate(connection: &mut Connection, from: i32) -> rusqlite::Result<()> {
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version > from {
            let transaction = connection.transaction()?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()?;
        }
    }
    Ok(())
}
