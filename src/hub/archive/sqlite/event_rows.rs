//! An event as a row: its columns are written and read back by name.
//!
//! A further field of an event needs a column in a migration, and a line here only where the column
//! has another name than the field.

use rusqlite::types::Value;
use rusqlite::{Row, ToSql, Transaction, params_from_iter};

use super::judging::newest_verdict;
use crate::feedback::event::Event;
use crate::feedback::event::fields::{self, Field, Fields};
use crate::feedback::moment::{Moment, Quality, rfc3339};
use crate::feedback::rating::RunId;
use crate::hub::archive::events::{Cursor, Incoming};
use crate::wire::report::Reported;

/// The column of a field, if it has one: what was lost has a table of its own.
const fn column(field: Field) -> Option<&'static str> {
    match field {
        Field::To => Some("rating_n"),
        Field::Text => Some("note"),
        Field::LostRun | Field::LostFirst | Field::LostLast => None,
        other => Some(other.name()),
    }
}

/// Each field that has a column, with it.
fn columns() -> impl Iterator<Item = (Field, &'static str)> {
    Field::ALL.into_iter().filter_map(|field| Some((field, column(field)?)))
}

/// Inserts an event; false when its run and number are taken.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    (run, kiosk, received_ms): (i64, &str, i64),
    moment: Moment,
    incoming: &Incoming,
) -> rusqlite::Result<bool> {
    let Incoming { event, digest, .. } = incoming;
    let extra = (!event.extra.is_empty())
        .then(|| serde_json::Value::Object(event.extra.clone()).to_string());
    let boot_ms = i64::try_from(event.reading.boot_ms).unwrap_or(i64::MAX);
    let is_exact = moment.quality == Quality::Exact;
    let (earliest_ms, latest_ms) = moment.quality.bounds().unzip();
    let frame: [(&str, &dyn ToSql); 13] = [
        ("run", &run),
        ("n", &event.n),
        ("kiosk", &kiosk),
        ("received_ms", &received_ms),
        ("digest", digest),
        ("kind", &event.kind),
        ("boot_ms", &boot_ms),
        ("wall_ms", &event.reading.wall_ms),
        ("utc_ms", &moment.utc_ms),
        ("is_exact", &is_exact),
        ("earliest_ms", &earliest_ms),
        ("latest_ms", &latest_ms),
        ("extra", &extra),
    ];
    let fields = event.said.as_ref().map(Event::fields).unwrap_or_default();
    let said: Vec<(&str, Value)> =
        columns().map(|(field, column)| (column, value(&fields, field))).collect();
    let said = said.iter().map(|(column, value)| (*column, value as &dyn ToSql));
    let (names, values): (Vec<&str>, Vec<&dyn ToSql>) = frame.into_iter().chain(said).unzip();
    // One statement, and the primary key decides: there is no moment between looking and writing.
    let sql = format!(
        "insert into event ({}) values ({}) on conflict do nothing",
        names.join(", "),
        vec!["?"; names.len()].join(", ")
    );
    Ok(transaction.prepare_cached(&sql)?.execute(params_from_iter(values))? == 1)
}

fn value(fields: &Fields, field: Field) -> Value {
    match fields.get(field) {
        Some(fields::Value::Number(number)) => Value::Integer((*number).into()),
        Some(fields::Value::Text(text)) => Value::Text(text.clone()),
        None => Value::Null,
    }
}

/// The columns that [`reported`] reads, of an event joined with its kiosk, shop and run.
pub(super) fn reported_columns() -> String {
    let verdict = newest_verdict("event");
    let said = columns().map(|(field, column)| match field {
        Field::Misuse => format!("{verdict} as {column}"),
        _ => format!("event.{column}"),
    });
    let said: Vec<String> = said.collect();
    format!(
        "event.run, event.n, coalesce(stay.shop, kiosk.shop) as shop, kiosk.id as kiosk, \
         coalesce(stay.touchpoint, kiosk.touchpoint) as touchpoint, \
         (select iif(exists (select 1 from shop_then as next where next.shop = past.shop \
         and next.from_ms > past.from_ms), past.zone, shop.zone) from shop_then as past \
         join shop on shop.id = past.shop where past.shop = coalesce(stay.shop, kiosk.shop) \
         and past.from_ms <= utc_ms order by past.from_ms desc limit 1) as zone, \
         run.uuid, kind, utc_ms, is_exact, earliest_ms, latest_ms, received_ms, {}",
        said.join(", ")
    )
}

/// An event for an export, with its cursor.
pub(super) fn reported(row: &Row<'_>) -> rusqlite::Result<(Cursor, Reported)> {
    let is_exact: bool = row.get("is_exact")?;
    let quality = match (is_exact, row.get("earliest_ms")?, row.get("latest_ms")?) {
        (true, ..) => Quality::Exact,
        (false, Some(earliest_ms), Some(latest_ms)) => Quality::Bounded { earliest_ms, latest_ms },
        (false, ..) => Quality::Unknown,
    };
    let bounds = quality.bounds();
    let n = row.get("n")?;
    let mut fields = Fields::default();
    for (field, column) in columns() {
        if field.is_number() {
            fields.set_number(field, row.get(column)?);
        } else {
            fields.set_text(field, row.get::<_, Option<String>>(column)?.as_deref());
        }
    }
    let reported = Reported {
        shop: row.get("shop")?,
        kiosk: row.get("kiosk")?,
        touchpoint: row.get("touchpoint")?,
        run: RunId(row.get("uuid")?).to_string(),
        n,
        kind: row.get("kind")?,
        utc: rfc3339(row.get("utc_ms")?),
        quality: quality.name().to_owned(),
        fields,
        received: rfc3339(row.get("received_ms")?),
        earliest: bounds.map(|(earliest, _)| rfc3339(earliest)),
        latest: bounds.map(|(_, latest)| rfc3339(latest)),
        local: String::new(),
        zone: row.get("zone")?,
    };
    Ok(((row.get("run")?, n), reported))
}
