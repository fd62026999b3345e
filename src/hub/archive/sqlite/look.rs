//! Looks at the archive's file for `doctor`, without changing it.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{FILE, SCHEMA_VERSION, upgrade};

/// What was seen of an archive's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// There is none yet.
    Missing,
    /// All of it was read and is sound; its bytes.
    Sound(u64),
    /// It is sound as far as it was read in time; its bytes.
    Long(u64),
    /// All of it was read and is sound, and some of it has an older form: the hub takes it over
    /// when it starts; its bytes.
    Older(u64),
    /// It cannot be used; why, and what to do.
    Unusable(String),
}

/// Reads the archive in a folder for as long as `goes_on` says so.
pub fn look(folder: &Path, goes_on: impl Fn() -> bool + Send + 'static) -> Look {
    let file = folder.join(FILE);
    let bytes = match std::fs::metadata(&file) {
        Ok(data) => data.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Look::Missing,
        Err(error) => return Look::Unusable(format!("{}: {error}", file.display())),
    };
    match read(&file, goes_on) {
        Ok((version, _)) if version > SCHEMA_VERSION => Look::Unusable(format!(
            "{} has schema {version}, and this program knows up to {SCHEMA_VERSION}: install the \
             newer smilepost-hub again",
            file.display()
        )),
        Ok((_, verdict)) if verdict == "ok" && is_older(folder) => Look::Older(bytes),
        Ok((_, verdict)) if verdict == "ok" => Look::Sound(bytes),
        Ok((_, verdict)) => Look::Unusable(damaged(&file, &verdict)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Look::Long(bytes)
        }
        Err(error) => Look::Unusable(damaged(&file, &error.to_string())),
    }
}

/// Whether there is an archive in a folder that has to be taken over before it can be asked. What
/// cannot be read is of no form.
#[must_use]
pub fn is_older(folder: &Path) -> bool {
    let look = || -> rusqlite::Result<bool> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(folder.join(FILE), flags)?;
        connection.busy_timeout(super::BUSY_MAX)?;
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((1..SCHEMA_VERSION).contains(&version) || upgrade::is_under_way(&connection)?)
    };
    look().unwrap_or(false)
}

/// Whether there is nothing in an older archive, as in one whose making was cut short. Of what
/// cannot be read, nobody knows.
#[must_use]
pub fn is_empty(folder: &Path) -> bool {
    const FILLED: [&str; 6] =
        ["shop", "old_shop", "old_kiosk", "survey", "old_survey", "old_event"];
    let look = || -> rusqlite::Result<bool> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(folder.join(FILE), flags)?;
        connection.busy_timeout(super::BUSY_MAX)?;
        for table in FILLED {
            let sql = "select 1 from sqlite_schema where type = 'table' and name = ?";
            let is_there = connection.prepare(sql)?.exists([table])?;
            if is_there && connection.prepare(&format!("select 1 from {table}"))?.exists([])? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    look().unwrap_or(false)
}

fn damaged(file: &Path, why: &str) -> String {
    format!(
        "{} cannot be read whole ({why}): stop the hub, and restore the last backup with \
         `smilepost-hub restore`",
        file.display()
    )
}

fn read(
    file: &Path,
    goes_on: impl Fn() -> bool + Send + 'static,
) -> rusqlite::Result<(i32, String)> {
    /// How many steps SQLite takes between two looks at the time.
    const STEPS: i32 = 10_000;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(super::BUSY_MAX)?;
    connection.pragma_update(None, "query_only", true)?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.progress_handler(STEPS, Some(move || !goes_on()))?;
    let verdict = connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    Ok((version, verdict))
}
