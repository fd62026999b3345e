//! Reads one page of SQLite's file format by itself: the content of its cells, whatever is wrong
//! with the rest of the file.
//!
//! The format is documented at <https://sqlite.org/fileformat2.html>: a leaf of a table begins with
//! 13, its cells' offsets follow its header, and a cell is its payload's length, its row number and
//! a record. Our rows are far shorter than a page, so none spills over.

use crate::kiosk::journal::schema::PAGE_BYTES;

/// The bytes of a page.
pub(super) const PAGE: usize = PAGE_BYTES as usize;

/// The first byte of a leaf of a table, and of one that has no row numbers.
pub(super) const TABLE_LEAF: u8 = 13;
const INDEX_LEAF: u8 = 10;

/// A value of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Whole(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    pub(super) const fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

/// The rows of a page that is, or looks like, a leaf of a table: each row number and its record.
pub(super) fn records(page: &[u8; PAGE]) -> Vec<(i64, Vec<Value>)> {
    cells(page, TABLE_LEAF).filter_map(record).collect()
}

/// The records of a page that is, or looks like, a leaf of a table without row numbers.
pub(super) fn index_records(page: &[u8; PAGE]) -> Vec<Vec<Value>> {
    let record = |cell| {
        let (length, cell) = varint(cell)?;
        values(cell.get(..usize::try_from(length).ok()?)?)
    };
    cells(page, INDEX_LEAF).filter_map(record).collect()
}

/// The cells of a leaf of a kind, each up to the end of the page.
fn cells(page: &[u8; PAGE], kind: u8) -> impl Iterator<Item = &[u8]> {
    // The first page of a database begins with the header of the whole file.
    let header = if page.starts_with(b"SQLite format 3\0") { 100 } else { 0 };
    let is_leaf = page.get(header) == Some(&kind);
    let offsets = page.get(header + 8..).unwrap_or_default();
    let count = page.get(header + 3..).and_then(|bytes| bytes.first_chunk().copied());
    let count = usize::from(count.filter(|_| is_leaf).map_or(0, u16::from_be_bytes));
    let cell = |offset: &[u8]| {
        let at = offset.first_chunk().copied().map(u16::from_be_bytes)?;
        page.get(usize::from(at)..)
    };
    offsets.chunks_exact(2).take(count.min(PAGE / 2)).filter_map(cell)
}

/// A cell's row number and record.
fn record(cell: &[u8]) -> Option<(i64, Vec<Value>)> {
    let (length, cell) = varint(cell)?;
    let (row, cell) = varint(cell)?;
    Some((row, values(cell.get(..usize::try_from(length).ok()?)?)?))
}

/// The values of a record.
fn values(payload: &[u8]) -> Option<Vec<Value>> {
    let (header_length, _) = varint(payload)?;
    let header_length = usize::try_from(header_length).ok()?;
    let (_, mut types) = varint(payload.get(..header_length)?)?;
    let mut body = payload.get(header_length..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        let (kind, rest) = varint(types)?;
        let (value, left) = value(kind, body)?;
        values.push(value);
        (types, body) = (rest, left);
    }
    Some(values)
}

fn value(kind: i64, body: &[u8]) -> Option<(Value, &[u8])> {
    let length = match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind,
        5 => 6,
        6 | 7 => 8,
        12.. => (kind - 12) / 2,
        _ => return None,
    };
    let (bytes, rest) = body.split_at_checked(usize::try_from(length).ok()?)?;
    let value = match kind {
        0 => Value::Null,
        8 | 9 => Value::Whole(kind - 8),
        1..=6 => Value::Whole(integer(bytes)),
        7 => return None,
        even if even % 2 == 0 => Value::Blob(bytes.to_vec()),
        _ => Value::Text(std::str::from_utf8(bytes).ok()?.to_owned()),
    };
    Some((value, rest))
}

/// A whole number of 1 to 8 bytes, big end first, with its sign.
fn integer(bytes: &[u8]) -> i64 {
    let is_negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let start = if is_negative { -1 } else { 0 };
    bytes.iter().fold(start, |value: i64, &byte| value << 8 | i64::from(byte))
}

/// SQLite's whole number of one to nine bytes: seven bits in each, all eight in the ninth.
fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut value: u64 = 0;
    for (at, &byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Some(((value << 8 | u64::from(byte)).cast_signed(), bytes.get(9..)?));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value.cast_signed(), bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_sqlite_writes_them() {
        assert_eq!(varint(&[0x7f, 9]), Some((127, &[9][..])));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, &[][..])));
        assert_eq!(varint(&[0xff; 9]), Some((-1, &[][..])));
        assert_eq!(varint(&[0xff; 8]), None);
        assert_eq!(integer(&[0xff, 0xfe]), -2);
        assert_eq!(integer(&[0x01, 0x00]), 256);
    }
}
