//! Values as they go to the server and come from it.

use std::error::Error as StdError;
use std::sync::Arc;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type as Oid, to_sql_checked};

use crate::hub::archive::error::Failure;
use crate::hub::archive::value::{Numbers, Row, Type, Value};

impl ToSql for Value {
    fn to_sql(
        &self,
        wanted: &Oid,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        if *wanted == Oid::UNKNOWN {
            return Ok(self.as_text(out));
        }
        match (self, wanted) {
            (Self::Null(_), _) => return Ok(IsNull::Yes),
            (Self::Number(number), &Oid::INT8) => out.put_i64(*number),
            (Self::Number(number), &Oid::INT4) => out.put_i32((*number).try_into()?),
            (Self::Number(number), &Oid::INT2) => out.put_i16((*number).try_into()?),
            (Self::Number(number), &Oid::BOOL) => out.put_u8(u8::from(*number != 0)),
            (Self::Text(text), &Oid::TEXT | &Oid::VARCHAR | &Oid::NAME) => put_text(text, out),
            (Self::Bytes(bytes), &Oid::BYTEA) => out.put_slice(bytes),
            (value, wanted) => {
                return Err(format!("{} is given for a {wanted}", value.kind()).into());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Oid) -> bool {
        true
    }

    fn encode_format(&self, wanted: &Oid) -> Format {
        if *wanted == Oid::UNKNOWN { Format::Text } else { Format::Binary }
    }

    to_sql_checked!();
}

impl Value {
    /// Writes what the server reads as any type that it wants.
    fn as_text(&self, out: &mut BytesMut) -> IsNull {
        match self {
            Self::Null(_) => return IsNull::Yes,
            Self::Number(number) => out.put_slice(number.to_string().as_bytes()),
            Self::Text(text) => put_text(text, out),
            Self::Bytes(bytes) => {
                out.put_slice(b"\\x");
                for byte in bytes {
                    out.put_slice(format!("{byte:02x}").as_bytes());
                }
            }
        }
        IsNull::No
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Null(_) => "nothing",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
        }
    }
}

/// The server has no text with a zero in it, which only a text that nobody typed has: it is
/// replaced, since a kiosk whose delivery fails would send the same one for ever.
fn put_text(text: &str, out: &mut BytesMut) {
    for (place, part) in text.split('\0').enumerate() {
        if place > 0 {
            out.put_slice("\u{FFFD}".as_bytes());
        }
        out.put_slice(part.as_bytes());
    }
}

/// What a column of an answer holds, as the server wrote it.
struct Written<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Written<'a> {
    fn from_sql(_: &Oid, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Oid) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Oid) -> bool {
        true
    }
}

/// How a column of this type is read.
fn column_type(oid: &Oid) -> Option<Type> {
    Some(match *oid {
        Oid::INT2 | Oid::INT4 | Oid::INT8 | Oid::BOOL => Type::Number,
        Oid::TEXT | Oid::VARCHAR | Oid::NAME | Oid::UNKNOWN => Type::Text,
        Oid::BYTEA => Type::Bytes,
        _ => return None,
    })
}

fn read(as_type: Type, raw: Option<&[u8]>) -> Option<Value> {
    let Some(raw) = raw else { return Some(Value::Null(as_type)) };
    Some(match as_type {
        Type::Number => Value::Number(match raw.len() {
            1 => i64::from(*raw.first()?),
            2 => i16::from_be_bytes(raw.try_into().ok()?).into(),
            4 => i32::from_be_bytes(raw.try_into().ok()?).into(),
            _ => i64::from_be_bytes(raw.try_into().ok()?),
        }),
        Type::Text => Value::Text(String::from_utf8_lossy(raw).into_owned()),
        Type::Bytes => Value::Bytes(raw.to_vec()),
    })
}

pub(super) fn rows_of(answer: &[tokio_postgres::Row]) -> Result<Vec<Row>, Failure> {
    let Some(first) = answer.first() else { return Ok(Vec::new()) };
    let names: Arc<[String]> = first.columns().iter().map(|one| one.name().to_owned()).collect();
    let types = first.columns().iter().map(|column| {
        column_type(column.type_()).ok_or_else(|| {
            let (name, oid) = (column.name(), column.type_());
            Failure::Content(format!("the column {name} is a {oid}, which is not read here"))
        })
    });
    let types: Vec<Type> = types.collect::<Result<_, _>>()?;
    let row = |row: &tokio_postgres::Row| -> Result<Row, Failure> {
        let values = types.iter().enumerate().map(|(place, as_type)| {
            let Written(raw) = row.try_get(place)?;
            read(*as_type, raw)
                .ok_or_else(|| Failure::Content("a number has a strange size".to_owned()))
        });
        Ok(Row::new(Arc::clone(&names), values.collect::<Result<_, Failure>>()?))
    };
    answer.iter().map(row).collect()
}

pub(super) fn numbers_of(answer: &[tokio_postgres::Row]) -> Result<Numbers, Failure> {
    let width = answer.first().map_or(0, tokio_postgres::Row::len);
    let mut numbers = Numbers::new(width);
    for row in answer {
        for (place, column) in row.columns().iter().enumerate() {
            let Written(raw) = row.try_get(place)?;
            let value = column_type(column.type_()).and_then(|as_type| read(as_type, raw));
            let Some(Value::Number(number)) = value else {
                let (name, oid) = (column.name(), column.type_());
                return Err(Failure::Content(format!("the column {name}, a {oid}, is no number")));
            };
            numbers.push(number);
        }
    }
    Ok(numbers)
}

pub(super) fn prepared(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

pub(super) fn untyped(values: &[Value]) -> Vec<(&(dyn ToSql + Sync), Oid)> {
    values.iter().map(|value| (value as &(dyn ToSql + Sync), Oid::UNKNOWN)).collect()
}
