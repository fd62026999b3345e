//! The statements that read calls and notes: one query each for every shop that a page shows.

use rusqlite::{Connection, params};

use super::spans::{TABLE, at, json};
use crate::feedback::call::Called;
use crate::feedback::note::About;
use crate::hub::archive::calls_and_notes::{CallsAndNotes, Note, Step};
use crate::hub::archive::tallies::Span;

/// The calls and notes of each span, with no more than so many notes each.
pub(super) fn of_spans(
    connection: &Connection,
    spans: &[Span],
    notes_max: usize,
) -> rusqlite::Result<Vec<CallsAndNotes>> {
    let mut found = vec![CallsAndNotes::default(); spans.len()];
    calls(connection, spans, &mut found)?;
    if notes_max > 0 {
        notes(connection, spans, notes_max, &mut found)?;
    }
    Ok(found)
}

fn calls(
    connection: &Connection,
    spans: &[Span],
    found: &mut [CallsAndNotes],
) -> rusqlite::Result<()> {
    // A step that only a newer version knows has no word here, and says nothing of those that have
    // one.
    let sql = format!(
        "{TABLE} select at, step, touchpoint, utc_ms, row_number() over \
         (partition by at, stay.kiosk order by utc_ms desc, event.run desc, n desc) = 1 \
         as is_newest \
         from span cross join stay indexed by stay_by_shop on stay.shop = span.shop \
         and stay.from_ms < span.to_ms and stay.to_ms > span.from_ms \
         cross join event indexed by event_by_day on event.kiosk = stay.kiosk \
         and utc_ms >= max(span.from_ms, stay.from_ms) and utc_ms < min(span.to_ms, stay.to_ms) \
         where kind = 'called' and step is not null order by at, stay.kiosk"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([json(spans)])?;
    while let Some(row) = rows.next()? {
        let step: String = row.get("step")?;
        let known = found.get_mut(at(row)?).zip(Called::named(&step));
        let Some((span, called)) = known else {
            continue;
        };
        match called {
            Called::Asked => span.asked += 1,
            Called::Coming => span.coming += 1,
            Called::Missed => span.missed += 1,
        }
        if row.get("is_newest")? {
            let touchpoint = row.get("touchpoint")?;
            span.newest.push(Step { touchpoint, utc_ms: row.get("utc_ms")?, called });
        }
    }
    Ok(())
}

/// The newest words of a note that was mended; none once it was withdrawn.
const NEWEST: &str = "(select later.note from event as later indexed by event_by_mended \
     where later.kiosk = event.kiosk and later.mends_n = event.n \
     and later.mends_run = lower(hex(run.uuid)) \
     order by later.utc_ms desc, later.run desc, later.n desc limit 1)";

fn notes(
    connection: &Connection,
    spans: &[Span],
    notes_max: usize,
    found: &mut [CallsAndNotes],
) -> rusqlite::Result<()> {
    let sql = format!(
        "{TABLE} select at, touchpoint, utc_ms, about, note, notes from ( \
         select at, touchpoint, utc_ms, about, note, count(*) over (partition by at) as notes, \
         row_number() over (partition by at order by utc_ms desc, run desc, n desc) as place \
         from ( \
         select at, touchpoint, event.utc_ms, event.about, event.run, event.n, \
         coalesce({NEWEST}, event.note) as note \
         from span cross join stay indexed by stay_by_shop on stay.shop = span.shop \
         and stay.from_ms < span.to_ms and stay.to_ms > span.from_ms \
         cross join event indexed by event_by_day on event.kiosk = stay.kiosk \
         and event.utc_ms >= max(span.from_ms, stay.from_ms) \
         and event.utc_ms < min(span.to_ms, stay.to_ms) \
         join run on run.id = event.run \
         where event.kind = 'noted' and event.mends_n is null) where note <> '') \
         where place <= ? order by at, place desc"
    );
    let limit = i64::try_from(notes_max).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![json(spans), limit])?;
    while let Some(row) = rows.next()? {
        let Some(span) = found.get_mut(at(row)?) else {
            continue;
        };
        let about: String = row.get("about")?;
        if let Some(about) = About::named(&about) {
            let touchpoint = row.get("touchpoint")?;
            let (utc_ms, text) = (row.get("utc_ms")?, row.get("note")?);
            span.notes.push(Note { touchpoint, utc_ms, about, text });
        }
        let listed = u32::try_from(span.notes.len()).unwrap_or(u32::MAX);
        span.notes_before = row.get::<_, u32>("notes")?.saturating_sub(listed);
    }
    Ok(())
}
