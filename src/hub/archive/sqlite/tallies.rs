//! The statement that counts days: one query for every shop and day that a page shows.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::judging::newest_verdict;
use super::{Sqlite, calls_and_notes, spans};
use crate::feedback::rating::Scale;
use crate::feedback::tally::Line;
use crate::hub::archive::calls_and_notes::CallsAndNotes;
use crate::hub::archive::error::Error;
use crate::hub::archive::tallies::{Day, Others, Span, Tallies};
use crate::hub::rules::counting::{CountsAs, Kept};
use crate::hub::rules::lines::{Asked, Rest, Sheet};

impl Tallies for Sqlite {
    async fn days(&self, spans: Vec<Span>) -> Result<Vec<Day>, Error> {
        self.read_page("count days", move |connection| days(connection, &spans)).await
    }

    async fn calls_and_notes(
        &self,
        spans: Vec<Span>,
        notes_max: usize,
    ) -> Result<Vec<CallsAndNotes>, Error> {
        self.read_page("read calls and notes", move |connection| {
            calls_and_notes::of_spans(connection, &spans, notes_max)
        })
        .await
    }
}

/// The query of the days: every event of each span, those that are alike together. What they count
/// as is the rule's to say.
fn sql() -> String {
    // The order of the joins is fixed: stays of kiosks by shop, then each one's events by the index
    // of its days. So is the index of corrections: without statistics SQLite would rather read the
    // whole run for each event.
    let table = spans::TABLE;
    let (verdict, later) = (newest_verdict("event"), newest_verdict("later"));
    format!(
        "{table} select at, stay.kiosk as kiosk, kind, scale, score, \
         {verdict} as misuse_now, (select group_concat(coalesce({later}, '')) \
         from event as later indexed by event_by_correction \
         where later.run = event.run and later.replaces = event.n) as later_misuse, \
         count(*) as events, sum(1 - is_exact) as uncertain, \
         sum(is_exact = 0 and earliest_ms is not null) as bounded, \
         coalesce(question, '') as asked, coalesce(question_version, 0) as version \
         from span cross join stay indexed by stay_by_shop on stay.shop = span.shop \
         and stay.from_ms < span.to_ms and stay.to_ms > span.from_ms \
         cross join event indexed by event_by_day on event.kiosk = stay.kiosk \
         and utc_ms >= max(span.from_ms, stay.from_ms) and utc_ms < min(span.to_ms, stay.to_ms) \
         group by at, stay.kiosk, asked, version, scale, score, kind, misuse_now, later_misuse \
         order by at, min(utc_ms)"
    )
}

/// The lines that were published to each kiosk of the spans' shops; a kiosk that was never given a
/// survey is not named.
fn published(
    connection: &Connection,
    spans: &[Span],
) -> rusqlite::Result<BTreeMap<String, BTreeSet<Line>>> {
    let table = spans::TABLE;
    let sql = format!(
        "{table} select distinct stay.kiosk as kiosk, question, version, scale \
         from span cross join stay indexed by stay_by_shop on stay.shop = span.shop \
         cross join given on given.kiosk = stay.kiosk \
         left join published on published.publication = given.publication"
    );
    let mut published = BTreeMap::<String, BTreeSet<Line>>::new();
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([spans::json(spans)])?;
    while let Some(row) = rows.next()? {
        let of_kiosk = published.entry(row.get("kiosk")?).or_default();
        let question: Option<String> = row.get("question")?;
        let scale: Option<u8> = row.get("scale")?;
        if let Some((question, scale)) = question.zip(scale.and_then(Scale::with_faces)) {
            of_kiosk.insert(Line { question, version: row.get("version")?, scale });
        }
    }
    Ok(published)
}

/// Counts the ratings of each span.
pub(super) fn days(connection: &Connection, spans: &[Span]) -> rusqlite::Result<Vec<Day>> {
    // One look at one state: deliveries go on arriving meanwhile.
    let connection = &*connection.unchecked_transaction()?;
    let published = published(connection, spans)?;
    let mut days = vec![(Day::default(), Sheet::default()); spans.len()];
    let mut statement = connection.prepare_cached(&sql())?;
    let mut rows = statement.query([spans::json(spans)])?;
    while let Some(row) = rows.next()? {
        let Some((day, sheet)) = days.get_mut(spans::at(row)?) else {
            continue;
        };
        let kind: String = row.get("kind")?;
        let misuse: Option<String> = row.get("misuse_now")?;
        let later: Option<String> = row.get("later_misuse")?;
        let later: Vec<Option<&str>> = later
            .iter()
            .flat_map(|words| words.split(','))
            .map(|word| Some(word).filter(|word| !word.is_empty()))
            .collect();
        let kept = Kept {
            kind: &kind,
            scale: row.get("scale")?,
            score: row.get("score")?,
            misuse: misuse.as_deref(),
            later: &later,
        };
        let count: u32 = row.get("events")?;
        match CountsAs::of(&kept) {
            CountsAs::Nothing => continue,
            CountsAs::Unread => {
                day.unread += count;
                continue;
            }
            CountsAs::Misuse => day.misuse += count,
            CountsAs::TakenBack => day.replaced += count,
            CountsAs::Rating(score) => {
                let (question, version) = (row.get("asked")?, row.get("version")?);
                let line = Line { question, version, scale: score.scale() };
                let kiosk: String = row.get("kiosk")?;
                let asked = Asked::of(&line, published.get(&kiosk));
                sheet.add(asked, line, score, count);
            }
        }
        day.uncertain += row.get::<_, u32>("uncertain")?;
        day.bounded += row.get::<_, u32>("bounded")?;
    }
    let finished = days.into_iter().map(|(day, sheet)| {
        let (lines, Rest { questions, ratings }) = sheet.finish();
        let others = Others { questions, ratings };
        Day { lines, others, ..day }
    });
    Ok(finished.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::archive::sqlite::{FILE, connect};

    #[test]
    fn an_archive_without_statistics_counts_days_by_its_indices() {
        let folder = tempfile::tempdir().unwrap();
        drop(Sqlite::open(folder.path()).unwrap());
        let archive = connect(&folder.path().join(FILE)).unwrap();
        let mut statement = archive.prepare(&format!("explain query plan {}", sql())).unwrap();
        let plan = statement.query_map([""], |row| row.get::<_, String>("detail")).unwrap();
        let plan: Vec<String> = plan.collect::<rusqlite::Result<_>>().unwrap();
        for part in [
            "SEARCH stay USING COVERING INDEX stay_by_shop (shop=?)",
            "SEARCH event USING INDEX event_by_day (kiosk=? AND utc_ms>? AND utc_ms<?)",
            "SEARCH later USING INDEX event_by_correction (run=? AND replaces=?)",
        ] {
            assert!(plan.iter().any(|step| step == part), "{part} is not in {plan:#?}");
        }
    }
}
