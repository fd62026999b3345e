//! The archive's tables as they are, beside the hub that has them open.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use smilepost::hub::archive::sqlite::FILE;

use crate::engine;

/// The tables of an archive, whatever its engine: in a file, or in the database of a folder.
pub(crate) enum Raw {
    File(Connection),
    Database(PathBuf),
}

/// The tables of the archive in a folder.
pub(crate) fn raw(folder: &Path) -> Raw {
    if engine::is_file() {
        Raw::File(Connection::open(folder.join(FILE)).unwrap())
    } else {
        Raw::Database(folder.to_owned())
    }
}

impl Raw {
    /// Executes statements; bytes are written ` x'…'`, as SQLite reads them.
    pub(crate) fn execute(&self, sql: &str) {
        match self {
            Self::File(file) => file.execute_batch(sql).unwrap(),
            Self::Database(folder) => drop(engine::ask(folder, &sql.replace(" x'", " '\\x"))),
        }
    }

    /// The rows of a question, each column as text: bytes as hexadecimal digits, nothing as `null`.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match self {
            Self::File(file) => of_file(file, sql),
            Self::Database(folder) => {
                let text = |column: Option<String>| match column {
                    Some(text) => text.strip_prefix("\\x").map(str::to_owned).unwrap_or(text),
                    None => "null".to_owned(),
                };
                let rows = engine::ask(folder, sql);
                rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect()
            }
        }
    }

    /// All rows of all tables as text.
    pub(crate) fn everything(&self) -> String {
        let tables = match self {
            Self::File(_) => "select name from sqlite_schema where type = 'table'",
            Self::Database(_) => "select tablename from pg_tables where schemaname = 'public'",
        };
        let tables = self.rows(tables).into_iter().flatten();
        let rows = tables.flat_map(|table| self.rows(&format!("select * from {table}")));
        rows.map(|row| row.join(" ") + "\n").collect()
    }

    /// The one number that answers a question.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.rows(sql)[0][0].parse().unwrap()
    }
}

fn of_file(file: &Connection, sql: &str) -> Vec<Vec<String>> {
    let mut statement = file.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |value: ValueRef<'_>| match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let read = |row: &rusqlite::Row<'_>| {
        (0..columns).map(|at| row.get_ref(at).map(text)).collect::<rusqlite::Result<_>>()
    };
    statement.query_map([], read).unwrap().map(Result::unwrap).collect()
}
