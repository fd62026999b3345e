//! The statements about the archive itself, and the numbers that it keeps in `meta`.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Sqlite, rehearsal};
use crate::file;
use crate::hub::archive::error::Error;
use crate::hub::archive::upkeep::Upkeep;

impl Upkeep for Sqlite {
    async fn rehearse(&self) -> Result<u64, Error> {
        const ACTION: &str = "rehearse a delivery";
        self.write_delivery(ACTION, rehearsal::store).await?;
        self.write_delivery(ACTION, rehearsal::clear).await?;
        file::free_bytes(&self.folder).map_err(|source| Error::new(ACTION, source))
    }

    async fn renew_epoch(&self) -> Result<(), Error> {
        self.write("draw a new epoch", draw_epoch).await
    }
}

/// The archive's own epoch, a part of what each kiosk is told.
pub(super) fn epoch(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "select value from meta where key = 'epoch'";
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}

pub(super) fn draw_epoch(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let sql = "update meta set value = ? where key = 'epoch'";
    transaction.execute(sql, [i64::from(rand::random::<u32>())]).map(drop)
}

/// A number that was noted under this key, if it was.
pub(super) fn noted(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "select value from meta where key = ?";
    connection.query_row(sql, [key], |row| row.get(0)).optional()
}

/// Notes a number under a key.
pub(super) fn note(transaction: &Transaction<'_>, key: &str, value: i64) -> rusqlite::Result<()> {
    let sql = "insert into meta (key, value) values (?, ?) \
               on conflict do update set value = excluded.value";
    transaction.execute(sql, params![key, value]).map(drop)
}
