//! Spans as a table that a query can join: so one query serves any number of shops.

use rusqlite::Row;

use crate::hub::archive::tallies::Span;

/// The spans as a table `span` with the columns `at` (their place, from 0), `shop`, `from_ms` and
/// `to_ms`, made of the JSON that [`json`] writes.
pub(super) const TABLE: &str = "with span as materialized (select key as at, \
     value ->> 0 as shop, value ->> 1 as from_ms, value ->> 2 as to_ms from json_each(?))";

/// Spans as the one parameter of [`TABLE`].
pub(super) fn json(spans: &[Span]) -> String {
    let rows = spans.iter().map(|span| serde_json::json!([span.shop, span.from_ms, span.to_ms]));
    serde_json::Value::from_iter(rows).to_string()
}

/// The place of the span that a row belongs to.
pub(super) fn at(row: &Row<'_>) -> rusqlite::Result<usize> {
    let at: u32 = row.get("at")?;
    Ok(usize::try_from(at).unwrap_or(usize::MAX))
}
