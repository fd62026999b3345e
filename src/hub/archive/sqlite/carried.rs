//! The statements about files that were carried here and taken.

use rusqlite::{OptionalExtension as _, params};

use super::Sqlite;
use crate::hub::archive::carried::CarriedFiles;
use crate::hub::archive::error::Error;

impl CarriedFiles for Sqlite {
    async fn carried(&self, kiosk: String, nonce: String) -> Result<Option<(i64, String)>, Error> {
        self.read("look up a carried delivery", move |connection| {
            let sql = "select taken_ms, receipt from carried where kiosk = ? and nonce = ?";
            let file = connection.query_row(sql, [kiosk, nonce], |row| {
                Ok((row.get("taken_ms")?, row.get("receipt")?))
            });
            file.optional()
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
            let sql = "insert into carried (nonce, kiosk, taken_ms, receipt) values (?, ?, ?, ?) \
                       on conflict do nothing";
            transaction.execute(sql, params![nonce, kiosk, taken_ms, receipt]).map(drop)
        })
        .await
    }
}
