//! The statements about kiosks: how each one is, and the PIN of its desk.

use std::ops::RangeInclusive;

use rusqlite::{Connection, Row, Transaction, params};

use super::dating::whole;
use super::{Sqlite, places, upkeep};
use crate::hub::archive::error::Error;
use crate::hub::archive::kiosks::{Apart, Kiosks, PinScope, Status};
use crate::hub::rules::budget::Spent;
use crate::hub::rules::{clones, restored};
use crate::wire::delivery::Finding;

impl Kiosks for Sqlite {
    async fn epoch(&self, kiosk: String) -> Result<u64, Error> {
        self.read("read a kiosk's epoch", move |connection| {
            epoch(&*connection.unchecked_transaction()?, &kiosk)
        })
        .await
    }

    async fn kiosks(&self) -> Result<Vec<Status>, Error> {
        self.read_page("list the kiosks", all).await
    }

    async fn set_pin(&self, scope: PinScope, hash: Option<String>) -> Result<usize, Error> {
        self.write("set a PIN", move |transaction| {
            let (column, name) = match &scope {
                PinScope::Kiosk(kiosk) => ("id", kiosk),
                PinScope::Shop(shop) => ("shop", shop),
            };
            let sql = format!(
                "update kiosk set pin_hash = ?, pin_number = pin_number + 1 where {column} = ?"
            );
            let kiosks = transaction.execute(&sql, params![hash, name])?;
            if let PinScope::Shop(shop) = &scope
                && kiosks > 0
            {
                let sql = "update shop set desk_pin = ? where id = ?";
                transaction.execute(sql, params![hash, shop])?;
            }
            Ok(kiosks)
        })
        .await
    }
}

/// Every kiosk, by short name.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Status>> {
    let sql = "select id, shop, touchpoint, last_contact_ms, app, waiting, set_aside, lost, \
               returns, publication, survey_complaint, spent_day, spent_bytes, zone, zone_rules, \
               ahead_ms, is_ahead_by_ntp, name, retired_ms, address, move_complaint, \
               hours, findings, \
               exists (select 1 from token where token.kiosk = kiosk.id and revoked_ms is null) \
               as is_enrolled from kiosk order by id";
    connection.prepare_cached(sql)?.query_map([], status)?.collect()
}

fn status(row: &Row<'_>) -> rusqlite::Result<Status> {
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(Status {
        kiosk: places::kiosk(row)?,
        last_contact_ms: row.get("last_contact_ms")?,
        app: row.get("app")?,
        waiting: count("waiting")?,
        set_aside: count("set_aside")?,
        lost: count("lost")?,
        is_cloned: clones::is_clone(row.get("returns")?),
        is_enrolled: row.get("is_enrolled")?,
        publication: row.get::<_, Option<i64>>("publication")?.map(i64::cast_unsigned),
        survey_complaint: row.get("survey_complaint")?,
        spent: spent(row)?,
        zone: row.get("zone")?,
        zone_rules: row.get("zone_rules")?,
        clocks_apart: clocks_apart(row)?,
        hours: row.get("hours")?,
        address: row.get("address")?,
        move_complaint: row.get("move_complaint")?,
        findings: findings(row.get("findings")?),
        name: row.get("name")?,
        retired_ms: row.get("retired_ms")?,
    })
}

/// Findings as their column keeps them.
pub(super) fn as_text(findings: &Vec<Finding>) -> String {
    serde_json::to_string(findings).unwrap_or_default()
}

fn findings(text: Option<String>) -> Vec<Finding> {
    // What cannot be read is told anew by the next kiosk that starts.
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn clocks_apart(row: &Row<'_>) -> rusqlite::Result<Option<Apart>> {
    let ahead_ms: Option<i64> = row.get("ahead_ms")?;
    let is_by_ntp = row.get::<_, Option<bool>>("is_ahead_by_ntp")?.unwrap_or(false);
    Ok(ahead_ms.map(|ahead_ms| Apart { ahead_ms, is_by_ntp }))
}

/// The epoch that a kiosk is told.
pub(super) fn epoch(connection: &Connection, kiosk: &str) -> rusqlite::Result<u64> {
    let sql = "select epoch from kiosk where id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let own: i64 = statement.query_row([kiosk], |row| row.get(0))?;
    Ok(restored::told(upkeep::epoch(connection)?, own.cast_unsigned()))
}

/// Draws a new epoch for a kiosk at this time, in milliseconds since 1970 UTC.
pub(super) fn draw_epoch(
    transaction: &Transaction<'_>,
    kiosk: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let sql = "update kiosk set epoch = ?, epoch_drawn_ms = ? where id = ?";
    let epoch = i64::from(rand::random::<u32>());
    transaction.execute(sql, params![epoch, now_ms, kiosk]).map(drop)
}

/// Of how many shops kiosks had an epoch drawn within this time, in milliseconds since 1970 UTC.
pub(super) fn shops_in_doubt(
    transaction: &Transaction<'_>,
    within: RangeInclusive<i64>,
) -> rusqlite::Result<u32> {
    let sql = "select count(distinct shop) from kiosk indexed by kiosk_by_doubt \
               where epoch_drawn_ms between ? and ?";
    transaction.query_row(sql, params![within.start(), within.end()], |row| row.get(0))
}

/// What a kiosk's row says that it has spent of its budget.
pub(super) fn spent(row: &Row<'_>) -> rusqlite::Result<Spent> {
    let bytes: i64 = row.get("spent_bytes")?;
    Ok(Spent { day: row.get("spent_day")?, bytes: bytes.cast_unsigned() })
}

/// Adds bytes to what a kiosk has spent at this time, in milliseconds since 1970 UTC; returns what
/// it has spent then.
pub(super) fn spend(
    transaction: &Transaction<'_>,
    kiosk: &str,
    before: Spent,
    bytes: u64,
    now_ms: i64,
) -> rusqlite::Result<Spent> {
    let spent = before.and(bytes, now_ms);
    let sql = "update kiosk set spent_day = ?, spent_bytes = ? where id = ?";
    let mut update = transaction.prepare_cached(sql)?;
    update.execute(params![spent.day, whole(spent.bytes), kiosk])?;
    Ok(spent)
}

/// Forgets which runs a kiosk has had: one that was enrolled anew, or shut out, is no clone.
pub(super) fn forget_runs(transaction: &Transaction<'_>, kiosk: &str) -> rusqlite::Result<()> {
    transaction.execute("delete from past_run where kiosk = ?", [kiosk])?;
    let sql = "update kiosk set returns = 0, live_run = null where id = ?";
    transaction.execute(sql, [kiosk]).map(drop)
}
