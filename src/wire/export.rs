//! The columns of an exported event, in the order that every CSV has had until now.
//!
//! Both exports read an event's [`Fields`] and add columns of their own around them (which shop,
//! which time, which state). A new field goes to the end, so that a program that reads an export by
//! position still works.

use serde::ser::SerializeStruct;
use serde_json::Value;

use crate::feedback::event::fields::{self, Field, Fields};

/// The fields that stand before the columns of an export's own.
pub(super) const FIRST: [Field; 8] = [
    Field::Score,
    Field::Scale,
    Field::Input,
    Field::Question,
    Field::QuestionVersion,
    Field::Language,
    Field::Misuse,
    Field::Replaces,
];

/// The fields that stand after them: all others except the version of the rules, which no export
/// has.
pub(super) fn rest() -> impl Iterator<Item = Field> {
    let is_rest = |field: &Field| !FIRST.contains(field) && *field != Field::MisuseRule;
    Field::ALL.into_iter().filter(is_rest)
}

/// Writes these fields as columns, empty ones too.
pub(super) fn write<S: SerializeStruct>(
    out: &mut S,
    fields: &Fields,
    columns: impl IntoIterator<Item = Field>,
) -> Result<(), S::Error> {
    for field in columns {
        match fields.get(field) {
            Some(fields::Value::Number(number)) => out.serialize_field(field.column(), number)?,
            Some(fields::Value::Text(text)) => out.serialize_field(field.column(), text)?,
            None => out.serialize_field(field.column(), &None::<u32>)?,
        }
    }
    Ok(())
}

/// Reads the fields back from an object with such columns; invalid values are left out.
pub(super) fn read(object: &serde_json::Map<String, Value>) -> Fields {
    let mut fields = Fields::default();
    for field in Field::ALL {
        let value = match object.get(field.column()) {
            Some(Value::String(text)) => Some(fields::Value::Text(text.clone())),
            Some(value) => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                number.map(fields::Value::Number)
            }
            None => None,
        };
        fields.set(field, value);
    }
    fields
}
