//! When the events of a kiosk came: a row in `delivery` for each time, in the order of the times.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};

/// The numbers of the deliveries of some kiosks, by kiosk and time.
pub(super) type Seqs = BTreeMap<(i64, i64), i64>;

/// One delivery while it is read together.
struct Delivery {
    kiosk: i64,
    received_ms: i64,
    added: i64,
    touched: Vec<[i64; 3]>,
}

/// Writes the deliveries that the events of a kiosk's runs came with, whoever has sent them.
pub(super) fn write(transaction: &Transaction<'_>, kiosk: i64) -> rusqlite::Result<()> {
    let sql = "select kiosk.no as kiosk, was.received_ms, was.run, min(was.n) as first, \
               max(was.n) as last, count(*) as added \
               from run cross join old_event as was on was.run = run.no \
               join kiosk on kiosk.id = was.kiosk where run.kiosk = ? \
               group by kiosk.no, was.received_ms, was.run \
               order by kiosk.no, was.received_ms, was.run";
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query([kiosk])?;
    let mut pos: i64 = transaction.query_row("select pos from feed", [], |row| row.get(0))?;
    let mut open: Option<Delivery> = None;
    while let Some(row) = rows.next()? {
        let (kiosk, received_ms) = (row.get("kiosk")?, row.get("received_ms")?);
        let range = [row.get("run")?, row.get("first")?, row.get("last")?];
        let added: i64 = row.get("added")?;
        match &mut open {
            Some(open) if (open.kiosk, open.received_ms) == (kiosk, received_ms) => {
                open.added += added;
                open.touched.push(range);
            }
            _ => {
                finish(transaction, open.take(), &mut pos)?;
                open = Some(Delivery { kiosk, received_ms, added, touched: vec![range] });
            }
        }
    }
    finish(transaction, open, &mut pos)?;
    transaction.execute("update feed set pos = ?", [pos]).map(drop)
}

fn finish(
    transaction: &Transaction<'_>,
    delivery: Option<Delivery>,
    pos: &mut i64,
) -> rusqlite::Result<()> {
    let Some(Delivery { kiosk, received_ms, added, touched }) = delivery else {
        return Ok(());
    };
    *pos += 1;
    let sql = "update book set seq = seq + 1 where kiosk = ? returning seq";
    let seq: i64 = transaction.prepare_cached(sql)?.query_row([kiosk], |row| row.get(0))?;
    let touched = serde_json::json!(touched).to_string();
    let sql = "insert into delivery (kiosk, seq, received_ms, added, touched, pos) \
               values (?, ?, ?, ?, ?, ?)";
    let values = params![kiosk, seq, received_ms, added, touched, *pos];
    transaction.prepare_cached(sql)?.execute(values).map(drop)
}

/// Adds the deliveries of a kiosk that are written.
pub(super) fn read(connection: &Connection, kiosk: i64, seqs: &mut Seqs) -> rusqlite::Result<()> {
    let sql = "select received_ms, seq from delivery where kiosk = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([kiosk])?;
    while let Some(row) = rows.next()? {
        seqs.insert((kiosk, row.get(0)?), row.get(1)?);
    }
    Ok(())
}
