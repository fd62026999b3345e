//! The statements about shops and kiosks as they are set up.

use rusqlite::{Row, params};

use super::Sqlite;
use crate::hub::archive::error::Error;
use crate::hub::archive::places::{Kiosk, Places, Shop};

impl Places for Sqlite {
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
        self.read_page("list the shops", |connection| {
            let sql = "select id, name, zone, shop_group from shop order by name, id";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([], |row| shop(row, 0))?.collect()
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

    async fn add_kiosk(&self, kiosk: Kiosk) -> Result<bool, Error> {
        self.write("add a kiosk", move |transaction| {
            let sql =
                "insert into kiosk (id, shop, touchpoint) values (?, ?, ?) on conflict do nothing";
            let Kiosk { id, shop, touchpoint } = kiosk;
            Ok(transaction.execute(sql, params![id, shop, touchpoint])? == 1)
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
