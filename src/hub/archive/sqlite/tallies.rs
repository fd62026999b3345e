//! The statement that counts days: one query for every shop and day that a page shows.

use rusqlite::{Connection, Row};

use super::super::{Day, Span};
use crate::hub::rules::counting::{CountsAs, Kept};

/// The spans as a table `span` with the columns `at` (their place, from 0), `shop`, `from_ms` and
/// `to_ms`, made of the JSON that [`json`] writes.
pub(super) const SPANS: &str = "with span as materialized (select key as at, \
     value ->> 0 as shop, value ->> 1 as from_ms, value ->> 2 as to_ms from json_each(?))";

/// Spans as the one parameter of [`SPANS`].
pub(super) fn json(spans: &[Span]) -> String {
    let rows = spans.iter().map(|span| serde_json::json!([span.shop, span.from_ms, span.to_ms]));
    serde_json::Value::from_iter(rows).to_string()
}

/// The place of the span that a row belongs to.
pub(super) fn at(row: &Row<'_>) -> rusqlite::Result<usize> {
    let at: u32 = row.get("at")?;
    Ok(usize::try_from(at).unwrap_or(usize::MAX))
}

/// Counts the ratings of each span.
pub(super) fn days(connection: &Connection, spans: &[Span]) -> rusqlite::Result<Vec<Day>> {
    // The database counts events that are alike; what they count as is the rule's to say. The
    // order of the joins is fixed: kiosks by shop, then each one's events by the index of its days.
    let sql = format!(
        "{SPANS} select at, kind, scale, score, \
         case when judged_rule is null then misuse else judged end as misuse_now, \
         (select group_concat(coalesce(case when later.judged_rule is null then later.misuse \
         else later.judged end, '')) from event as later \
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
    let mut rows = statement.query([json(spans)])?;
    while let Some(row) = rows.next()? {
        let Some(day) = days.get_mut(at(row)?) else {
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
