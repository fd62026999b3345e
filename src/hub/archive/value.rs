//! Values and rows as both engines know them.
//!
//! There are whole numbers, texts and bytes. A truth is 0 or 1. Columns are read by name or by
//! their place, from 0.

use std::sync::Arc;

use super::error::Failure;

/// What stands in a column, or for a parameter `$1`, `$2` ….
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing, in a column of this type.
    Null(Type),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Number,
    Text,
    Bytes,
}

/// What can be written into a column.
pub(crate) trait Written: Sized {
    /// The type of its column.
    const TYPE: Type;

    fn value(self) -> Value;
}

/// What can be read from a column.
pub(crate) trait Read: Sized {
    /// None where the value is of another type or out of range.
    fn read(value: &Value) -> Option<Self>;
}

/// The parameters of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        [$($crate::hub::archive::value::Written::value($value)),*]
    };
}
pub(crate) use values;

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Written for $number {
            const TYPE: Type = Type::Number;

            fn value(self) -> Value {
                Value::Number(i64::try_from(self).unwrap_or(i64::MAX))
            }
        }

        impl Read for $number {
            fn read(value: &Value) -> Option<Self> {
                match value {
                    Value::Number(number) => Self::try_from(*number).ok(),
                    _ => None,
                }
            }
        }
    )*};
}

numbers!(i64, i32, i16, u64, u32, u16, u8, usize);

impl Written for bool {
    const TYPE: Type = Type::Number;

    fn value(self) -> Value {
        Value::Number(self.into())
    }
}

impl Read for bool {
    fn read(value: &Value) -> Option<Self> {
        i64::read(value).map(|number| number != 0)
    }
}

impl Written for String {
    const TYPE: Type = Type::Text;

    fn value(self) -> Value {
        Value::Text(self)
    }
}

impl Written for &str {
    const TYPE: Type = Type::Text;

    fn value(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl Written for &String {
    const TYPE: Type = Type::Text;

    fn value(self) -> Value {
        Value::Text(self.clone())
    }
}

impl Read for String {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl Written for Vec<u8> {
    const TYPE: Type = Type::Bytes;

    fn value(self) -> Value {
        Value::Bytes(self)
    }
}

impl Read for Vec<u8> {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl<const N: usize> Written for [u8; N] {
    const TYPE: Type = Type::Bytes;

    fn value(self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl<const N: usize> Read for [u8; N] {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }
}

impl<T: Written> Written for Option<T> {
    const TYPE: Type = T::TYPE;

    fn value(self) -> Value {
        self.map_or(Value::Null(T::TYPE), T::value)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null(_) => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

/// One row of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    names: Arc<[String]>,
    values: Vec<Value>,
}

/// A column of a row: its name, or its place from 0.
pub(crate) trait Column {
    fn place(&self, names: &[String]) -> Option<usize>;
    fn title(&self) -> String;
}

impl Column for usize {
    fn place(&self, _: &[String]) -> Option<usize> {
        Some(*self)
    }

    fn title(&self) -> String {
        format!("number {self}")
    }
}

impl Column for &str {
    fn place(&self, names: &[String]) -> Option<usize> {
        names.iter().position(|name| name == self)
    }

    fn title(&self) -> String {
        (*self).to_owned()
    }
}

impl Row {
    pub(super) fn new(names: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { names, values }
    }

    /// What stands in all columns, in their order.
    pub(super) fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// What stands in a column.
    ///
    /// # Errors
    /// When there is no such column, or something else stands in it.
    pub(crate) fn get<T: Read>(&self, column: impl Column) -> Result<T, Failure> {
        let value = column.place(&self.names).and_then(|place| self.values.get(place));
        value.and_then(T::read).ok_or_else(|| {
            Failure::Content(format!("{value:?} stands in the column {}", column.title()))
        })
    }
}

/// Rows of whole numbers, so many in each.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    width: usize,
    all: Vec<i64>,
}

impl Numbers {
    /// No rows yet, of so many columns.
    pub(super) const fn new(width: usize) -> Self {
        Self { width, all: Vec::new() }
    }

    /// Puts the next number of the last row, or the first one of the next.
    pub(super) fn push(&mut self, number: i64) {
        self.all.push(number);
    }

    /// The rows, each with its columns in their order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[i64]> {
        self.all.chunks_exact(self.width.max(1))
    }
}
