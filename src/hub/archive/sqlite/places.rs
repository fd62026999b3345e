//! The statements about shops and kiosks as they are set up.

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Sqlite, past, whereabouts};
use crate::feedback::moment::rfc3339;
use crate::hub::archive::error::Error;
use crate::hub::archive::places::{Correction, Kiosk, KioskThen, Past, Places, Shop, ShopThen};
use crate::hub::rules::history::EVER_MS;

impl Places for Sqlite {
    async fn add_shop(&self, shop: Shop) -> Result<bool, Error> {
        self.write("add a shop", move |transaction| {
            let sql = "insert into shop (id, name, zone, shop_group) values (?, ?, ?, ?) \
                       on conflict do nothing";
            let Shop { id, name, zone, group } = shop;
            if transaction.execute(sql, params![id, name, zone, group])? == 0 {
                return Ok(false);
            }
            let then = ShopThen { name, zone, group, hours: None };
            past::write_shop(transaction, &id, &[(EVER_MS, then)])?;
            Ok(true)
        })
        .await
    }

    async fn shops(&self) -> Result<Vec<Shop>, Error> {
        self.read_page("list the shops", |connection| {
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
            if transaction.execute(sql, params![id, shop, touchpoint])? == 0 {
                return Ok(false);
            }
            whereabouts::give_pin(transaction, &id, &shop)?;
            past::write_kiosk(transaction, &id, &[(EVER_MS, KioskThen { shop, touchpoint })])?;
            Ok(true)
        })
        .await
    }

    async fn past(&self) -> Result<Past, Error> {
        self.read_page("read the past", past::read).await
    }

    async fn correct_shop(
        &self,
        shop: String,
        from_ms: i64,
        said: Correction,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.write("correct a shop", move |transaction| {
            past::correct_shop(transaction, &shop, from_ms, &said, now_ms)
        })
        .await
    }

    async fn correct_kiosk(
        &self,
        kiosk: String,
        from_ms: i64,
        said: Correction,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.write("correct a kiosk", move |transaction| {
            past::correct_kiosk(transaction, &kiosk, from_ms, &said, now_ms)
        })
        .await
    }

    async fn close_shop(
        &self,
        shop: String,
        on: Option<String>,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.write("close a shop", move |transaction| {
            let sql = "update shop set closed_on = ? where id = ?";
            if transaction.execute(sql, params![on, shop])? == 0 {
                return Ok(false);
            }
            let what = on.map_or_else(|| "opened".to_owned(), |on| format!("closed on {on}"));
            past::note(transaction, now_ms, Some(&shop), None, &what)?;
            Ok(true)
        })
        .await
    }

    async fn retire_kiosk(
        &self,
        kiosk: String,
        at_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.write("retire a kiosk", move |transaction| {
            let sql = "select retired_ms from kiosk where id = ?";
            let before = transaction.query_row(sql, [&kiosk], |row| row.get(0)).optional()?;
            let Some(before_ms) = before else {
                return Ok(false);
            };
            let sql = "update kiosk set retired_ms = ? where id = ?";
            transaction.execute(sql, params![at_ms, kiosk])?;
            // Codes end with the kiosk's use, and one that is taken back needs a new one.
            let both: [Option<i64>; 2] = [before_ms, at_ms];
            if both.into_iter().flatten().any(|at_ms| at_ms <= now_ms) {
                let sql = "update code set spent_ms = ? where kiosk = ? and spent_ms is null";
                transaction.execute(sql, params![now_ms, kiosk])?;
            }
            let what = match at_ms {
                Some(at_ms) => format!("retired at {}", rfc3339(at_ms)),
                None => "taken back".to_owned(),
            };
            past::note(transaction, now_ms, None, Some(&kiosk), &what)?;
            Ok(true)
        })
        .await
    }
}

/// The shop in four columns from this one on.
pub(super) fn shop(row: &Row<'_>, at: usize) -> rusqlite::Result<Shop> {
    Ok(Shop {
        id: row.get(at)?,
        name: row.get(at + 1)?,
        zone: row.get(at + 2)?,
        group: row.get(at + 3)?,
    })
}

/// The kiosk in the first three columns.
pub(super) fn kiosk(row: &Row<'_>) -> rusqlite::Result<Kiosk> {
    Ok(Kiosk { id: row.get(0)?, shop: row.get(1)?, touchpoint: row.get(2)? })
}
