//! Where kiosks stood, for the hours of their events, and whose runs they have sent of.

use rusqlite::{Connection, Transaction};

use crate::feedback::zone::Zone;
use crate::hub::rules::history::{EVER_MS, History};
use crate::hub::rules::hours;
use crate::zones::Rules;

/// By which clocks a kiosk counted when.
pub(super) struct Place(History<Zone>);

impl Place {
    /// Reads the zones of the shops that a kiosk stood in: of each as it was then, and for its last
    /// time as it stands in its own row.
    pub(super) fn read(
        connection: &Connection,
        kiosk: i64,
        rules: &Rules,
    ) -> rusqlite::Result<Self> {
        let sql = "with past as (select shop, from_ms, zone, lead (from_ms) over \
             (partition by shop order by from_ms) as to_ms from shop_then) \
             select max(stay.from_ms, past.from_ms) as from_ms, \
             case when past.to_ms is null then shop.zone else past.zone end as zone \
             from stay join past on past.shop = stay.shop join shop on shop.no = stay.shop \
             where stay.kiosk = ? and past.from_ms < stay.to_ms \
             and (past.to_ms is null or past.to_ms > stay.from_ms) order by 1";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([kiosk])?;
        let mut zones = History::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get("zone")?;
            zones.push((row.get("from_ms")?, rules.zone(&name).unwrap_or_else(Zone::utc)));
        }
        if zones.is_empty() {
            zones.push((EVER_MS, Zone::utc()));
        }
        Ok(Self(zones))
    }

    /// The hour of the shop's clocks at a time, counted from 1970.
    pub(super) fn hour(&self, utc_ms: i64) -> i32 {
        hours::hour(utc_ms, &self.0)
    }
}

/// Lends a kiosk the run of another, of which it has sent events before each run had an owner:
/// they stay the events of the kiosk that has sent them.
pub(super) fn lend_run(
    transaction: &Transaction<'_>,
    run: i64,
    kiosk: i64,
) -> rusqlite::Result<()> {
    let sql = "select 1 from run where kiosk = ? and no = ?";
    if transaction.prepare_cached(sql)?.exists([kiosk, run])? {
        return Ok(());
    }
    let sql = "insert into boot (kiosk, no, uuid) select ?1, boot.no, boot.uuid \
               from run join boot on boot.kiosk = run.kiosk and boot.no = run.boot \
               where run.no = ?2 and run.kiosk <> ?1 on conflict do nothing";
    transaction.execute(sql, [kiosk, run])?;
    let sql = "insert into run (kiosk, no, uuid, boot, taken) select ?1, run.no, run.uuid, \
               own.no, (select max(n) from old_event join kiosk on kiosk.id = old_event.kiosk \
               where run = ?2 and kiosk.no = ?1) \
               from claim join run on run.kiosk = claim.kiosk and run.no = claim.no \
               join boot on boot.kiosk = run.kiosk and boot.no = run.boot \
               join boot as own on own.kiosk = ?1 and own.uuid = boot.uuid where claim.no = ?2";
    transaction.execute(sql, [kiosk, run]).map(drop)
}
