//! An event as a row: its columns are written and read back by name.
//!
//! A further field of an event needs a column in a migration, one in [`EVENT`], and a line here
//! only where the column has another name than the field. What every event has comes as numbers:
//! the kind, what was pressed, and what was asked.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{clocks, facts};
use crate::feedback::event::fields::{self, Field, Fields};
use crate::feedback::moment::{Moment, Quality, rfc3339};
use crate::feedback::rating::RunId;
use crate::hub::archive::error::Failure;
use crate::hub::archive::events::{Cursor, Incoming};
use crate::hub::archive::tx::{Filled, Stored, Tx};
use crate::hub::archive::value::{Row, Value, Written as _};
use crate::hub::rules::codes::{self, Code};
use crate::hub::rules::history::{self, History};
use crate::wire::report::Reported;

/// The columns that an event has when it arrives.
pub(super) const EVENT: Filled = Filled {
    table: "event",
    columns: &[
        ("kiosk", Stored::Int),
        ("run", Stored::Int),
        ("n", Stored::Int),
        ("seq", Stored::Int),
        ("boot_ms", Stored::Big),
        ("wall_ms", Stored::Big),
        ("utc_ms", Stored::Big),
        ("hour", Stored::Int),
        ("line", Stored::Int),
        ("replaces", Stored::Big),
        ("rating_n", Stored::Big),
        ("kind", Stored::Small),
        ("score", Stored::Small),
        ("input", Stored::Small),
        ("rule", Stored::Int),
        ("is_exact", Stored::Small),
        ("digest", Stored::Bytes),
        ("other_kind", Stored::Text),
        ("other_input", Stored::Text),
        ("language", Stored::Text),
        ("misuse", Stored::Text),
        ("earliest_ms", Stored::Big),
        ("latest_ms", Stored::Big),
        ("follow_up", Stored::Text),
        ("outcome", Stored::Text),
        ("answer", Stored::Text),
        ("about", Stored::Text),
        ("note", Stored::Text),
        ("said", Stored::Text),
        ("step", Stored::Text),
        ("mends_run", Stored::Text),
        ("mends_n", Stored::Big),
        ("extra", Stored::Text),
    ],
};

/// Where an event is stored: its kiosk, its run, the delivery that brought it, and the hour and
/// the question under which it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) kiosk: i64,
    pub(super) run: i64,
    pub(super) seq: i64,
    pub(super) hour: i32,
    pub(super) line: Option<i64>,
}

/// The column that a field has of its own, if it has one: what was asked and pressed are numbers,
/// and what was lost has a table of its own.
const fn column(field: Field) -> Option<&'static str> {
    match field {
        Field::To => Some("rating_n"),
        Field::Text => Some("note"),
        Field::MisuseRule => Some("rule"),
        Field::Question
        | Field::QuestionVersion
        | Field::Scale
        | Field::Input
        | Field::LostRun
        | Field::LostFirst
        | Field::LostLast => None,
        other => Some(other.name()),
    }
}

/// Each field that has a column of its own, with it.
fn columns() -> impl Iterator<Item = (Field, &'static str)> {
    Field::ALL.into_iter().filter_map(|field| Some((field, column(field)?)))
}

/// The field that each column of [`EVENT`] is of its own for, if it is for one.
static FIELDS: LazyLock<Vec<Option<Field>>> = LazyLock::new(|| {
    let field = |name: &str| columns().find(|(_, column)| *column == name).map(|(field, _)| field);
    EVENT.columns.iter().map(|(name, _)| field(name)).collect()
});

/// An event with these fields as a row of [`EVENT`].
pub(super) fn row(
    place: &Place,
    moment: Moment,
    (incoming, fields): (&Incoming, &Fields),
) -> Vec<Value> {
    let Incoming { event, digest, .. } = incoming;
    let extra = (!event.extra.is_empty())
        .then(|| serde_json::Value::Object(event.extra.clone()).to_string());
    let kind = codes::kind(&event.kind);
    let input = fields.text(Field::Input).map(codes::input);
    let (earliest_ms, latest_ms) = moment.quality.bounds().unzip();
    let value = |name: &str, field: Option<Field>| match name {
        "kiosk" => place.kiosk.value(),
        "run" => place.run.value(),
        "n" => event.n.value(),
        "seq" => place.seq.value(),
        "hour" => place.hour.value(),
        "line" => place.line.value(),
        "boot_ms" => event.reading.boot_ms.value(),
        "wall_ms" => event.reading.wall_ms.value(),
        "utc_ms" => moment.utc_ms.value(),
        "is_exact" => (moment.quality == Quality::Exact).value(),
        "earliest_ms" => earliest_ms.value(),
        "latest_ms" => latest_ms.value(),
        "kind" => kind.number.value(),
        "other_kind" => kind.other.clone().value(),
        "input" => input.as_ref().map(|input| input.number).value(),
        "other_input" => input.as_ref().and_then(|input| input.other.clone()).value(),
        "digest" => digest.value(),
        "extra" => extra.clone().value(),
        _ => said(fields, field),
    };
    EVENT.columns.iter().zip(FIELDS.iter()).map(|((name, _), field)| value(name, *field)).collect()
}

/// What stands in a column that a field has of its own.
fn said(fields: &Fields, field: Option<Field>) -> Value {
    match field.and_then(|field| fields.get(field)) {
        Some(fields::Value::Number(number)) => number.value(),
        Some(fields::Value::Text(text)) => text.value(),
        None if field.is_some_and(Field::is_number) => None::<i64>.value(),
        None => None::<String>.value(),
    }
}

/// The columns that [`reported`] reads, of [`REPORTED`].
pub(super) fn reported_columns() -> String {
    let said = columns().map(|(field, column)| match field {
        Field::Misuse => "case when event.judged_rule is null then event.misuse \
                          else event.judged end as misuse"
            .to_owned(),
        _ => format!("event.{column}"),
    });
    let said: Vec<String> = said.collect();
    format!(
        "event.kiosk as kiosk_no, event.run, event.n, shop.id as shop, kiosk.id as kiosk, \
         coalesce(stay.touchpoint, kiosk.touchpoint) as touchpoint, \
         shop.no as shop_no, run.uuid, event.kind, event.other_kind, event.input, \
         event.other_input, \
         line.question, line.version, line.scale, event.utc_ms, event.is_exact, \
         event.earliest_ms, event.latest_ms, delivery.received_ms, {}",
        said.join(", ")
    )
}

/// Every event with its kiosk, its run, the delivery that brought it, and the place of its time.
pub(super) const REPORTED: &str = "event join kiosk on kiosk.no = event.kiosk \
     join run on run.kiosk = event.kiosk and run.no = event.run \
     join delivery on delivery.kiosk = event.kiosk and delivery.seq = event.seq \
     left join line on line.no = event.line \
     left join stay on stay.kiosk = event.kiosk and event.utc_ms >= stay.from_ms \
     and event.utc_ms < stay.to_ms \
     join shop on shop.no = coalesce(stay.shop, kiosk.shop)";

/// The events of these rows for an export, each with its cursor.
pub(super) async fn reported(
    tx: &mut dyn Tx,
    rows: &[Row],
) -> Result<Vec<(Cursor, Reported)>, Failure> {
    let shops = rows.iter().map(|row| row.get("shop_no")).collect::<Result<_, _>>()?;
    let zones = clocks::zone_names(tx, &shops).await?;
    rows.iter().map(|row| of_row(row, &zones)).collect()
}

/// An event, by the names of the zones that its shop had.
fn of_row(
    row: &Row,
    zones: &BTreeMap<i64, History<String>>,
) -> Result<(Cursor, Reported), Failure> {
    let Moment { utc_ms, quality } = facts::moment(row)?;
    let bounds = quality.bounds();
    let n = row.get("n")?;
    let zones = zones.get(&row.get("shop_no")?).map(Vec::as_slice).unwrap_or_default();
    let reported = Reported {
        shop: row.get("shop")?,
        kiosk: row.get("kiosk")?,
        touchpoint: row.get("touchpoint")?,
        run: RunId(row.get("uuid")?).to_string(),
        n,
        kind: facts::kind(row)?,
        utc: rfc3339(utc_ms),
        quality: quality.name().to_owned(),
        fields: fields_of(row)?,
        received: rfc3339(row.get("received_ms")?),
        earliest: bounds.map(|(earliest, _)| rfc3339(earliest)),
        latest: bounds.map(|(_, latest)| rfc3339(latest)),
        local: String::new(),
        zone: history::at(zones, utc_ms).cloned().unwrap_or_default(),
    };
    Ok(((row.get("kiosk_no")?, row.get("run")?, n), reported))
}

fn fields_of(row: &Row) -> Result<Fields, Failure> {
    let mut fields = Fields::default();
    for (field, column) in columns() {
        if field.is_number() {
            fields.set_number(field, row.get(column)?);
        } else {
            fields.set_text(field, row.get::<Option<String>>(column)?.as_deref());
        }
    }
    let question: Option<String> = row.get("question")?;
    fields.set_text(Field::Question, question.as_deref());
    fields.set_number(Field::QuestionVersion, row.get("version")?);
    fields.set_number(Field::Scale, facts::scale(row)?.map(u32::from));
    let input: Option<i16> = row.get("input")?;
    let other = row.get("other_input")?;
    let input = input.map(|number| codes::input_word(Code { number, other }));
    fields.set_text(Field::Input, input.as_deref());
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_column_that_is_filled() {
        let is_filled = |name: &str| EVENT.columns.iter().any(|(column, _)| *column == name);
        for (field, name) in columns() {
            assert!(is_filled(name), "{field:?}");
        }
    }
}
