//! The statement that counts days: one query for every shop and day that a page shows.

use rusqlite::Connection;

use super::judging::newest_verdict;
use super::{Sqlite, calls_and_notes, spans};
use crate::hub::archive::calls_and_notes::CallsAndNotes;
use crate::hub::archive::error::Error;
use crate::hub::archive::tallies::{Day, Span, Tallies};
use crate::hub::rules::counting::{CountsAs, Kept};

impl Tallies for Sqlite {
    async fn days(&self, spans: Vec<Span>) -> Result<Vec<Day>, Error> {
        self.read("count days", move |connection| days(connection, &spans)).await
    }

    async fn calls_and_notes(
        &self,
        spans: Vec<Span>,
        notes_max: usize,
    ) -> Result<Vec<CallsAndNotes>, Error> {
        self.read("read calls and notes", move |connection| {
            calls_and_notes::of_spans(connection, &spans, notes_max)
        })
        .await
    }
}

/// Counts the ratings of each span.
fn days(connection: &Connection, spans: &[Span]) -> rusqlite::Result<Vec<Day>> {
    // The database counts events that are alike; what they count as is the rule's to say. The
    // order of the joins is fixed: kiosks by shop, then each one's events by the index of its days.
    let table = spans::TABLE;
    let (verdict, later) = (newest_verdict("event"), newest_verdict("later"));
    let sql = format!(
        "{table} select at, kind, scale, score, \
         {verdict} as misuse_now, (select group_concat(coalesce({later}, '')) \
         from event as later \
         where later.run = event.run and later.replaces = event.n) as later_misuse, \
         count(*) as events, sum(1 - is_exact) as uncertain, \
         sum(is_exact = 0 and earliest_ms is not null) as bounded, \
         coalesce(question, '') as asked, coalesce(question_version, 0) as version \
         from span cross join kiosk on kiosk.shop = span.shop \
         cross join event on event.kiosk = kiosk.id and utc_ms >= from_ms and utc_ms < to_ms \
         group by at, asked, version, scale, score, kind, misuse_now, later_misuse \
         order by at, min(utc_ms)"
    );
    let mut days = vec![Day::default(); spans.len()];
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([spans::json(spans)])?;
    while let Some(row) = rows.next()? {
        let Some(day) = days.get_mut(spans::at(row)?) else {
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
                let question: String = row.get("asked")?;
                day.lines.add(&question, row.get("version")?, score, count);
            }
        }
        day.uncertain += row.get::<_, u32>("uncertain")?;
        day.bounded += row.get::<_, u32>("bounded")?;
    }
    Ok(days)
}
