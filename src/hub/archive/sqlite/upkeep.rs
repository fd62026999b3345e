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

    async fn moves_to(&self) -> Result<Option<String>, Error> {
        self.read("read where kiosks move to", |connection| {
            let sql = "select address from moving";
            connection.query_row(sql, [], |row| row.get(0)).optional()
        })
        .await
    }

    async fn move_to(&self, address: Option<String>) -> Result<(), Error> {
        self.write("have kiosks move", move |transaction| {
            transaction.execute("delete from moving", [])?;
            let sql = "insert into moving (one, address) values (1, ?)";
            address.map_or(Ok(0), |address| transaction.execute(sql, [address])).map(drop)
        })
        .await
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
