//! The statements that read calls and notes: a few for all shops that a page shows.

use std::collections::BTreeMap;

use crate::feedback::call::Called;
use crate::feedback::note::About;
use crate::feedback::rating::RunId;
use crate::hub::archive::calls_and_notes::{CallsAndNotes, Note, Step};
use crate::hub::archive::error::Failure;
use crate::hub::archive::tallies::Span;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::Row;
use crate::hub::rules::notes::{self, Mend};

/// How many stretches one statement names at most.
const STRETCHES_MAX: usize = 1_000;

/// The time within a span in which a kiosk stood at one place of its shop.
struct Stretch {
    /// The place of the span, from 0.
    at: usize,
    kiosk: i64,
    touchpoint: String,
    from_ms: i64,
    to_ms: i64,
}

/// The calls and notes of each span, with no more than so many notes each.
pub(super) async fn of_spans(
    tx: &mut dyn Tx,
    spans: &[Span],
    notes_max: usize,
) -> Result<Vec<CallsAndNotes>, Failure> {
    let mut found = vec![CallsAndNotes::default(); spans.len()];
    let stretches = stretches(tx, spans).await?;
    let mut words = vec![Vec::new(); spans.len()];
    let mut last = Last::new();
    for part in stretches.chunks(STRETCHES_MAX) {
        let table = table(part);
        calls(tx, &table, part, &mut found, &mut last).await?;
        if notes_max > 0 {
            noted(tx, &table, part, &mut words).await?;
        }
    }
    for ((at, _), step) in last {
        if let Some(span) = found.get_mut(at) {
            span.newest.extend(step);
        }
    }
    for (span, mut words) in found.iter_mut().zip(words) {
        words.sort_by_key(|(at, _)| *at);
        let before = words.len().saturating_sub(notes_max);
        // What one is about may be something that only a newer program knows.
        span.notes = words.iter().skip(before).filter_map(|(_, note)| note.clone()).collect();
        span.notes_before = count(words.len() - span.notes.len());
    }
    Ok(found)
}

/// Where the kiosks of these spans' shops stood in them, by kiosk.
async fn stretches(tx: &mut dyn Tx, spans: &[Span]) -> Result<Vec<Stretch>, Failure> {
    let mut of_shop: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, span) in spans.iter().enumerate() {
        of_shop.entry(&span.shop).or_default().push(at);
    }
    let sql = "select shop.id, stay.kiosk, stay.touchpoint, stay.from_ms, stay.to_ms \
               from stay join shop on shop.no = stay.shop order by stay.kiosk, stay.from_ms";
    let mut stretches = Vec::new();
    for row in tx.rows(sql, &[]).await? {
        let shop: String = row.get("id")?;
        for &at in of_shop.get(shop.as_str()).into_iter().flatten() {
            let Some(span) = spans.get(at) else {
                continue;
            };
            let (from_ms, to_ms): (i64, i64) = (row.get("from_ms")?, row.get("to_ms")?);
            let (from_ms, to_ms) = (from_ms.max(span.from_ms), to_ms.min(span.to_ms));
            if from_ms < to_ms {
                let (kiosk, touchpoint) = (row.get("kiosk")?, row.get("touchpoint")?);
                stretches.push(Stretch { at, kiosk, touchpoint, from_ms, to_ms });
            }
        }
    }
    Ok(stretches)
}

/// Stretches as a table that a statement joins, each with its place among them from 0. They are
/// numbers of ours, so that they stand in the text: there may be more than parameters.
fn table(stretches: &[Stretch]) -> String {
    let row = |(place, stretch): (usize, &Stretch)| {
        let Stretch { kiosk, from_ms, to_ms, .. } = stretch;
        // PostgreSQL reads the lowest number of all as one that is too large.
        let from_ms = from_ms.max(&-i64::MAX);
        format!("({place}, {kiosk}, {from_ms}, {to_ms})")
    };
    let rows: Vec<String> = stretches.iter().enumerate().map(row).collect();
    let rows = rows.join(", ");
    format!("with stretch (place, kiosk, from_ms, to_ms) as (values {rows}) ")
}

/// The stretch of this table's that a row names.
fn stretch<'a>(row: &Row, stretches: &'a [Stretch]) -> Result<&'a Stretch, Failure> {
    let place: usize = row.get("place")?;
    let found = stretches.get(place);
    found.ok_or_else(|| Failure::Content(format!("there is no stretch {place}")))
}

/// The last step of each kiosk in each span; none where only a newer program knows it: it says
/// nothing of those that have a word here.
type Last = BTreeMap<(usize, i64), Option<Step>>;

async fn calls(
    tx: &mut dyn Tx,
    table: &str,
    stretches: &[Stretch],
    found: &mut [CallsAndNotes],
    last: &mut Last,
) -> Result<(), Failure> {
    let sql = format!(
        "{table} select stretch.place, event.utc_ms, event.step from stretch \
         cross join event where event.kiosk = stretch.kiosk \
         and event.utc_ms >= stretch.from_ms and event.utc_ms < stretch.to_ms \
         and event.step is not null and event.kind <> 0 order by event.utc_ms, event.run, event.n"
    );
    // A kiosk's stretches follow one another, so that what comes later is later.
    for row in tx.rows_once(&sql, &[]).await? {
        let Stretch { at, kiosk, touchpoint, .. } = stretch(&row, stretches)?;
        let (step, utc_ms): (String, i64) = (row.get("step")?, row.get("utc_ms")?);
        let called = Called::named(&step);
        if let Some((span, called)) = found.get_mut(*at).zip(called) {
            match called {
                Called::Asked => span.asked += 1,
                Called::Coming => span.coming += 1,
                Called::Missed => span.missed += 1,
            }
        }
        let step = called.map(|called| Step { touchpoint: touchpoint.clone(), utc_ms, called });
        last.insert((*at, *kiosk), step);
    }
    Ok(())
}

/// Notes that have words, each with what it is ordered by.
type Words = Vec<((i64, i64, u32), Option<Note>)>;

async fn noted(
    tx: &mut dyn Tx,
    table: &str,
    stretches: &[Stretch],
    words: &mut [Words],
) -> Result<(), Failure> {
    /// The notes of the stretches, and what is written about an earlier one of them.
    const NOTES: &str = "from stretch cross join event as noted where noted.kiosk = stretch.kiosk \
         and noted.utc_ms >= stretch.from_ms and noted.utc_ms < stretch.to_ms \
         and noted.note is not null and noted.kind <> 0 and noted.mends_n is null";
    // By the narrow index first, which holds nothing but what `found` is asked for: by the key of
    // events alone, everything of a kiosk would be read.
    let sql = format!(
        "{table}, original as (select distinct noted.kiosk, noted.n {NOTES}) \
         select mended.kiosk, mended.mends_run, mended.mends_n, mended.utc_ms, mended.run, \
         mended.n, mended.note from original cross join event as found \
         cross join event as mended \
         where found.kiosk = original.kiosk and found.mends_n = original.n \
         and mended.kiosk = found.kiosk and mended.run = found.run and mended.n = found.n"
    );
    let mut mends: BTreeMap<(i64, String, u32), Vec<Mend>> = BTreeMap::new();
    for row in tx.rows_once(&sql, &[]).await? {
        let run: Option<String> = row.get("mends_run")?;
        let of = (row.get("kiosk")?, run.unwrap_or_default(), row.get("mends_n")?);
        let words: Option<String> = row.get("note")?;
        let at = (row.get("utc_ms")?, row.get("run")?, row.get("n")?);
        mends.entry(of).or_default().push(Mend { at, words: words.unwrap_or_default() });
    }
    let sql = format!(
        "{table}, original as (select stretch.place, noted.kiosk, noted.run, noted.n, \
         noted.utc_ms, noted.about, noted.note {NOTES}) \
         select original.place, original.kiosk, original.run, original.n, original.utc_ms, \
         original.about, original.note, run.uuid from original \
         join run on run.kiosk = original.kiosk and run.no = original.run"
    );
    for row in tx.rows_once(&sql, &[]).await? {
        let Stretch { at, touchpoint, .. } = stretch(&row, stretches)?;
        let (run, n, utc_ms) = (row.get("run")?, row.get("n")?, row.get("utc_ms")?);
        let uuid = RunId(row.get("uuid")?).to_string();
        let mends = mends.get(&(row.get("kiosk")?, uuid, n)).cloned().unwrap_or_default();
        let about: Option<String> = row.get("about")?;
        let about = about.and_then(|about| About::named(&about));
        if let Some((words, text)) = words.get_mut(*at).zip(notes::words(row.get("note")?, mends)) {
            let touchpoint = touchpoint.clone();
            let note = about.map(|about| Note { touchpoint, utc_ms, about, text });
            words.push(((utc_ms, run, n), note));
        }
    }
    Ok(())
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::small_chain::SmallChain;
    use super::*;

    const ASKED: &str = "4, 'asked'";
    const COMING: &str = "4, 'coming'";

    fn span(shop: &str, from_ms: i64, to_ms: i64) -> Span {
        Span { shop: shop.to_owned(), from_ms, to_ms }
    }

    async fn read(chain: &SmallChain, spans: &[Span], notes_max: usize) -> Vec<CallsAndNotes> {
        let spans = spans.to_vec();
        let read = chain.archive.read("read calls and notes", move |tx| {
            Box::pin(async move { of_spans(tx, &spans, notes_max).await })
        });
        read.await.unwrap()
    }

    fn texts(found: &CallsAndNotes) -> Vec<&str> {
        found.notes.iter().map(|note| note.text.as_str()).collect()
    }

    #[tokio::test]
    async fn steps_are_counted_where_their_kiosk_stood_and_the_last_of_each_kiosk_is_named() {
        let chain = SmallChain::new().await;
        chain.write("delete from stay where kiosk = 2").await;
        chain
            .write(&format!(
                "insert into stay (kiosk, from_ms, to_ms, shop, touchpoint) values \
                 (2, {}, 150, 1, 'till'), (2, 150, 180, 1, 'door'), (2, 180, {}, 2, 'desk')",
                i64::MIN,
                i64::MAX
            ))
            .await;
        for (key, step) in [
            ([1, 1, 1, 100], ASKED),
            ([1, 1, 2, 110], COMING),
            ([1, 1, 3, 99], ASKED),
            ([2, 2, 1, 140], ASKED),
            ([2, 2, 2, 160], ASKED),
            ([2, 2, 3, 190], ASKED),
            ([3, 3, 1, 120], ASKED),
            ([3, 3, 2, 121], "4, 'sent a robot'"),
            ([3, 3, 3, 122], "0, 'asked'"),
        ] {
            chain.event(key, "kind, step", step).await;
        }
        let spans = [span("s", 100, 200), span("t", i64::MIN, i64::MAX), span("nobody", 0, 9)];
        let found = read(&chain, &spans, 9).await;
        let (s, t) = (&found[0], &found[1]);
        assert_eq!((s.asked, s.coming, s.missed), (3, 1, 0));
        let step = |touchpoint: &str, utc_ms, called| Step {
            touchpoint: touchpoint.to_owned(),
            utc_ms,
            called,
        };
        let newest = [step("exit", 110, Called::Coming), step("door", 160, Called::Asked)];
        assert_eq!(s.newest, newest);
        assert_eq!((t.asked, t.newest.as_slice()), (2, &[step("desk", 190, Called::Asked)][..]));
        assert_eq!(found[2], CallsAndNotes::default());
        assert_eq!(read(&chain, &[], 9).await, []);
    }

    #[tokio::test]
    async fn the_newest_notes_are_shown_with_their_newest_words() {
        let chain = SmallChain::new().await;
        let run = |byte: u8| RunId([byte; 16]);
        chain
            .write(&format!(
                "insert into run (kiosk, no, uuid, boot) values (1, 1, x'{}', 1), \
                 (1, 2, x'{}', 1), (2, 3, x'{}', 1)",
                run(0xA1),
                run(0xA2),
                run(0xA3)
            ))
            .await;
        let columns = "kind, about, note";
        chain.event([1, 1, 1, 100], columns, "3, 'day', 'rain'").await;
        chain.event([1, 2, 1, 101], columns, "3, 'day', 'sale'").await;
        chain.event([2, 3, 1, 102], columns, "3, 'day', 'queue'").await;
        chain.event([1, 1, 2, 103], columns, "3, 'day', 'oops'").await;
        chain.event([1, 1, 3, 104], columns, "3, 'tomorrow', 'unknown'").await;
        let columns = "kind, about, note, mends_run, mends_n";
        let mend = |run: RunId, n: u32, words: &str| format!("3, 'day', '{words}', '{run}', {n}");
        chain.event([1, 2, 7, 900], columns, &mend(run(0xA1), 1, "snow")).await;
        chain.event([1, 2, 8, 800], columns, &mend(run(0xA1), 1, "hail")).await;
        chain.event([1, 2, 9, 901], columns, &mend(run(0xA1), 2, "")).await;
        let day = span("s", 100, 200);
        let found = &read(&chain, &[day.clone(), day.clone()], 9).await[1];
        assert_eq!(texts(found), ["snow", "sale", "queue"]);
        assert_eq!(found.notes_before, 1, "what a newer program calls what it is about");
        let note = Note {
            touchpoint: "till".to_owned(),
            utc_ms: 102,
            about: About::Day,
            text: "queue".to_owned(),
        };
        assert_eq!(found.notes[2], note);
        let found = &read(&chain, std::slice::from_ref(&day), 3).await[0];
        assert_eq!((texts(found), found.notes_before), (vec!["sale", "queue"], 2));
        let found = &read(&chain, &[day], 0).await[0];
        assert_eq!((texts(found), found.notes_before), (vec![], 0));
    }
}
