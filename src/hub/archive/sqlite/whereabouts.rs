//! The statements about where a kiosk stood, and about the PIN of its desk when it is moved.

use rusqlite::{Connection, Transaction, params};

use crate::hub::rules::history::History;
use crate::hub::rules::whereabouts::{self, PinThere, Stay};

/// Where a kiosk stood, and under which names.
pub(super) fn read(connection: &Connection, kiosk: &str) -> rusqlite::Result<Vec<Stay>> {
    let sql = "select from_ms, shop, touchpoint from stay where kiosk = ? order by from_ms";
    let mut statement = connection.prepare_cached(sql)?;
    let stood =
        statement.query_map([kiosk], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let stood: History<(String, String)> = stood.collect::<rusqlite::Result<_>>()?;
    let mut names = std::collections::BTreeMap::new();
    for (_, (shop, _)) in &stood {
        if !names.contains_key(shop) {
            names.insert(shop.clone(), named(connection, shop)?);
        }
    }
    Ok(whereabouts::stays(&stood, |shop| names.get(shop).cloned().unwrap_or_default()))
}

fn named(connection: &Connection, shop: &str) -> rusqlite::Result<History<String>> {
    let sql = "select from_ms, name from shop_then where shop = ? order by from_ms";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([shop], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Gives the desk of a new kiosk the PIN that was set for its shop, if there is one.
pub(super) fn give_pin(
    transaction: &Transaction<'_>,
    kiosk: &str,
    shop: &str,
) -> rusqlite::Result<()> {
    let sql = "update kiosk set pin_hash = desk_pin, pin_number = pin_number + 1 from shop \
               where kiosk.id = ? and shop.id = ? and desk_pin is not null";
    transaction.execute(sql, [kiosk, shop]).map(drop)
}

/// Gives the desk of a kiosk that was moved between these shops the PIN that opens it there.
pub(super) fn move_pin(
    transaction: &Transaction<'_>,
    kiosk: &str,
    from: &str,
    to: &str,
) -> rusqlite::Result<()> {
    let one = |sql: &str, id: &str| -> rusqlite::Result<Option<String>> {
        transaction.query_row(sql, [id], |row| row.get(0))
    };
    let own = one("select pin_hash from kiosk where id = ?", kiosk)?;
    let of_shop = "select desk_pin from shop where id = ?";
    let (old, new) = (one(of_shop, from)?, one(of_shop, to)?);
    match whereabouts::pin(own.as_deref(), old.as_deref(), new.as_deref()) {
        PinThere::Stays => Ok(()),
        PinThere::Becomes(hash) => {
            let sql = "update kiosk set pin_hash = ?, pin_number = pin_number + 1 where id = ?";
            transaction.execute(sql, params![hash, kiosk]).map(drop)
        }
    }
}
