//! What a shop has to tell beside its ratings: shoppers who asked for somebody, and notes.

use rusqlite::{Connection, params};

use super::super::{CallsAndNotes, Note, Step};
use crate::feedback::call::Called;
use crate::feedback::note::About;

pub(super) fn of_shop(
    connection: &Connection,
    shop: &str,
    from_ms: i64,
    to_ms: i64,
    notes_max: usize,
) -> rusqlite::Result<CallsAndNotes> {
    let mut aside = CallsAndNotes::default();
    steps(connection, shop, (from_ms, to_ms), &mut aside)?;
    notes(connection, shop, (from_ms, to_ms), notes_max, &mut aside)?;
    Ok(aside)
}

fn steps(
    connection: &Connection,
    shop: &str,
    (from_ms, to_ms): (i64, i64),
    aside: &mut CallsAndNotes,
) -> rusqlite::Result<()> {
    // A step of the future has no word here, and says nothing of those that have one.
    let sql = "select step, touchpoint, utc_ms, row_number() over \
               (partition by kiosk.id order by utc_ms desc, event.run desc, n desc) = 1 \
               from event join kiosk on kiosk.id = event.kiosk \
               where shop = ? and kind = 'called' and step is not null \
               and utc_ms >= ? and utc_ms < ? order by kiosk.id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![shop, from_ms, to_ms])?;
    while let Some(row) = rows.next()? {
        let Some(called) = Called::named(&row.get::<_, String>(0)?) else {
            continue;
        };
        match called {
            Called::Asked => aside.asked += 1,
            Called::Coming => aside.coming += 1,
            Called::Missed => aside.missed += 1,
        }
        if row.get(3)? {
            let (touchpoint, utc_ms) = (row.get(1)?, row.get(2)?);
            aside.newest.push(Step { touchpoint, utc_ms, called });
        }
    }
    Ok(())
}

fn notes(
    connection: &Connection,
    shop: &str,
    (from_ms, to_ms): (i64, i64),
    notes_max: usize,
    aside: &mut CallsAndNotes,
) -> rusqlite::Result<()> {
    let sql = "select touchpoint, utc_ms, about, note, count(*) over () \
               from event join kiosk on kiosk.id = event.kiosk \
               where shop = ? and kind = 'noted' and note <> '' \
               and utc_ms >= ? and utc_ms < ? \
               order by utc_ms desc, event.run desc, n desc limit ?";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(notes_max).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![shop, from_ms, to_ms, limit])?;
    let mut all: u32 = 0;
    while let Some(row) = rows.next()? {
        all = row.get(4)?;
        if let Some(about) = About::named(&row.get::<_, String>(2)?) {
            let (touchpoint, utc_ms, text) = (row.get(0)?, row.get(1)?, row.get(3)?);
            aside.notes.push(Note { touchpoint, utc_ms, about, text });
        }
    }
    aside.notes.reverse();
    aside.notes_before = all.saturating_sub(u32::try_from(aside.notes.len()).unwrap_or(u32::MAX));
    Ok(())
}
