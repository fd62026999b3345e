//! The statements about the past of shops and kiosks, and those that correct it.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::whereabouts;
use crate::hub::archive::places::{Correction, KioskThen, Past, ShopThen};
use crate::hub::rules::history::{self, History};

/// The past of all shops and kiosks.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Past> {
    let connection = &*connection.unchecked_transaction()?;
    let mut past = Past::default();
    let sql = "select shop, from_ms, name, zone, shop_group, hours from shop_then \
               order by shop, from_ms";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        past.shops.entry(row.get(0)?).or_default().push(shop_then(row)?);
    }
    let sql = "select kiosk, from_ms, shop, touchpoint from stay order by kiosk, from_ms";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        past.kiosks.entry(row.get(0)?).or_default().push(kiosk_then(row)?);
    }
    // What a shop is now stands in its own row.
    let sql = "select id, 0, name, zone, shop_group, hours from shop";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        if let Some(last) = past.shops.get_mut(&id).and_then(|thens| thens.last_mut()) {
            last.1 = shop_then(row)?.1;
        }
    }
    let sql = "select id, closed_on from shop where closed_on is not null";
    let mut statement = connection.prepare_cached(sql)?;
    let closed = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    past.closed = closed.collect::<rusqlite::Result<_>>()?;
    Ok(past)
}

fn shop_then(row: &Row<'_>) -> rusqlite::Result<(i64, ShopThen)> {
    let then =
        ShopThen { name: row.get(2)?, zone: row.get(3)?, group: row.get(4)?, hours: row.get(5)? };
    Ok((row.get(1)?, then))
}

fn kiosk_then(row: &Row<'_>) -> rusqlite::Result<(i64, KioskThen)> {
    Ok((row.get(1)?, KioskThen { shop: row.get(2)?, touchpoint: row.get(3)? }))
}

/// Puts what was said, if anything was, in the place of what stands there.
fn set<T: Clone>(stands: &mut T, said: Option<&T>) {
    if let Some(said) = said {
        stands.clone_from(said);
    }
}

/// Corrects a shop from this time on; false when it is unknown.
pub(super) fn correct_shop(
    transaction: &Transaction<'_>,
    shop: &str,
    from_ms: i64,
    said: &Correction,
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let sql = "select shop, from_ms, name, zone, shop_group, hours from shop_then \
               where shop = ? order by from_ms";
    let mut statement = transaction.prepare_cached(sql)?;
    let before: History<ShopThen> =
        statement.query_map([shop], shop_then)?.collect::<rusqlite::Result<_>>()?;
    let after = history::corrected(&before, from_ms, |then| {
        set(&mut then.name, said.name.as_ref());
        set(&mut then.zone, said.zone.as_ref());
        set(&mut then.group, said.group.as_ref());
        set(&mut then.hours, said.hours.as_ref());
    });
    let Some((_, ShopThen { name, zone, group, hours })) = after.last() else {
        return Ok(false);
    };
    let sql = "update shop set name = ?, zone = ?, shop_group = ?, hours = ? where id = ?";
    transaction.execute(sql, params![name, zone, group, hours, shop])?;
    write_shop(transaction, shop, &after)?;
    note(transaction, now_ms, Some(shop), None, &told(said, from_ms))?;
    Ok(true)
}

/// Corrects a kiosk from this time on; false when it or its new shop is unknown.
pub(super) fn correct_kiosk(
    transaction: &Transaction<'_>,
    kiosk: &str,
    from_ms: i64,
    said: &Correction,
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let sql = "select 1 from shop where id = ?";
    if let Some(shop) = &said.shop
        && transaction.query_row(sql, [shop], |_| Ok(())).optional()?.is_none()
    {
        return Ok(false);
    }
    let sql = "select kiosk, from_ms, shop, touchpoint from stay where kiosk = ? order by from_ms";
    let mut statement = transaction.prepare_cached(sql)?;
    let before: History<KioskThen> =
        statement.query_map([kiosk], kiosk_then)?.collect::<rusqlite::Result<_>>()?;
    let after = history::corrected(&before, from_ms, |then| {
        set(&mut then.shop, said.shop.as_ref());
        set(&mut then.touchpoint, said.touchpoint.as_ref());
    });
    let Some((_, KioskThen { shop, touchpoint })) = after.last() else {
        return Ok(false);
    };
    if let Some((_, KioskThen { shop: left, .. })) = before.last().filter(|it| it.1.shop != *shop) {
        whereabouts::move_pin(transaction, kiosk, left, shop)?;
    }
    let sql = "update kiosk set shop = ?, touchpoint = ?, name = coalesce(?, name) where id = ?";
    transaction.execute(sql, params![shop, touchpoint, said.name, kiosk])?;
    write_kiosk(transaction, kiosk, &after)?;
    note(transaction, now_ms, None, Some(kiosk), &told(said, from_ms))?;
    Ok(true)
}

/// Writes the whole history of a shop.
pub(super) fn write_shop(
    transaction: &Transaction<'_>,
    shop: &str,
    history: &[(i64, ShopThen)],
) -> rusqlite::Result<()> {
    transaction.execute("delete from shop_then where shop = ?", [shop])?;
    let sql = "insert into shop_then (shop, from_ms, name, zone, shop_group, hours) \
               values (?, ?, ?, ?, ?, ?)";
    for (from_ms, ShopThen { name, zone, group, hours }) in history {
        transaction.execute(sql, params![shop, from_ms, name, zone, group, hours])?;
    }
    Ok(())
}

/// Writes the whole history of a kiosk.
pub(super) fn write_kiosk(
    transaction: &Transaction<'_>,
    kiosk: &str,
    history: &[(i64, KioskThen)],
) -> rusqlite::Result<()> {
    transaction.execute("delete from stay where kiosk = ?", [kiosk])?;
    let sql = "insert into stay (kiosk, from_ms, to_ms, shop, touchpoint) values (?, ?, ?, ?, ?)";
    let ends = history.iter().skip(1).map(|(from_ms, _)| *from_ms).chain([i64::MAX]);
    for ((from_ms, KioskThen { shop, touchpoint }), to_ms) in history.iter().zip(ends) {
        transaction.execute(sql, params![kiosk, from_ms, to_ms, shop, touchpoint])?;
    }
    Ok(())
}

/// Keeps a correction as it was said.
pub(super) fn note(
    transaction: &Transaction<'_>,
    now_ms: i64,
    shop: Option<&str>,
    kiosk: Option<&str>,
    what: &str,
) -> rusqlite::Result<()> {
    let sql = "insert into correction (said_ms, shop, kiosk, what) values (?, ?, ?, ?)";
    transaction.execute(sql, params![now_ms, shop, kiosk, what]).map(drop)
}

/// A correction in words.
fn told(said: &Correction, from_ms: i64) -> String {
    let Correction { name, zone, group, hours, shop, touchpoint } = said;
    let hours = hours.as_ref().map(|hours| hours.clone().unwrap_or_default());
    let group = group.as_ref().map(|group| group.clone().unwrap_or_default());
    let fields = [
        ("name", name),
        ("zone", zone),
        ("group", &group),
        ("hours", &hours),
        ("shop", shop),
        ("touchpoint", touchpoint),
    ];
    let fields = fields.iter().filter_map(|(what, is)| Some((what, is.as_ref()?)));
    let fields: Vec<String> = fields.map(|(what, is)| format!("{what} is {is:?}")).collect();
    format!("from {from_ms}: {}", fields.join(", "))
}
