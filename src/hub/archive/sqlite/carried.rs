//! The statements about deliveries that were carried by hand.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::super::{Kiosk, Seal, Shop, Token};

/// The good tokens of a kiosk that a signature can be verified for.
pub(super) fn seals(connection: &Connection, kiosk: &str) -> rusqlite::Result<Vec<Seal>> {
    let sql = "select hash, verify_key, is_next from token \
               where kiosk = ? and revoked_ms is null and verify_key is not null";
    let mut statement = connection.prepare_cached(sql)?;
    let seal = |row: &rusqlite::Row<'_>| {
        Ok(Seal { token: row.get(0)?, key: row.get(1)?, is_next: row.get(2)? })
    };
    statement.query_map([kiosk], seal)?.collect()
}

/// Notes what verifies signatures made with a token, where that is not known yet.
pub(super) fn note_key(transaction: &Transaction<'_>, token: &Token) -> rusqlite::Result<()> {
    let sql = "update token set verify_key = ? where hash = ? and verify_key is null";
    transaction.execute(sql, params![token.key, token.hash]).map(drop)
}

/// Lets a kiosk in by a token as an enrolment does; none when there is no such kiosk.
pub(super) fn give(
    transaction: &Transaction<'_>,
    id: &str,
    token: &Token,
    now_ms: i64,
) -> rusqlite::Result<Option<(Kiosk, Shop)>> {
    let sql = "select kiosk.id, kiosk.shop, kiosk.touchpoint, shop.id, shop.name, \
               shop.zone, shop.shop_group from kiosk \
               join shop on shop.id = kiosk.shop where kiosk.id = ?";
    let found = transaction
        .query_row(sql, [id], |row| Ok((super::kiosk(row)?, super::shop(row, 3)?)))
        .optional()?;
    if found.is_some() {
        // The tokens before it are good until it is used, since its way to the kiosk is long.
        let sql = "insert into token (hash, kiosk, made_ms, is_next, verify_key) \
                   values (?, ?, ?, 1, ?)";
        transaction.execute(sql, params![token.hash, id, now_ms, token.key])?;
        super::forget_clones(transaction, id)?;
    }
    Ok(found)
}

/// When a file was taken, and the receipt that was given for it.
pub(super) fn receipt(
    connection: &Connection,
    kiosk: &str,
    nonce: &str,
) -> rusqlite::Result<Option<(i64, String)>> {
    let sql = "select taken_ms, receipt from carried where kiosk = ? and nonce = ?";
    connection.query_row(sql, [kiosk, nonce], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Writes down that a file was taken.
pub(super) fn note_file(
    transaction: &Transaction<'_>,
    nonce: &str,
    kiosk: &str,
    taken_ms: i64,
    receipt: &str,
) -> rusqlite::Result<()> {
    let sql = "insert into carried (nonce, kiosk, taken_ms, receipt) values (?, ?, ?, ?) \
               on conflict do nothing";
    transaction.execute(sql, params![nonce, kiosk, taken_ms, receipt]).map(drop)
}
