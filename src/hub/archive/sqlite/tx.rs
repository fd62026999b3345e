//! A transaction in the archive's file, on the thread of its connection.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Statement, ToSql};

use super::hold;
use super::words::why;
use crate::hub::archive::error::{Failure, HELD, Said};
use crate::hub::archive::tx::{Filled, Job, Sums, Tx};
use crate::hub::archive::value::{Numbers, Row, Type, Value};

/// The names of parameters, `$1` first.
const PARAMETERS: [&str; 48] = [
    "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15",
    "$16", "$17", "$18", "$19", "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28",
    "$29", "$30", "$31", "$32", "$33", "$34", "$35", "$36", "$37", "$38", "$39", "$40", "$41",
    "$42", "$43", "$44", "$45", "$46", "$47", "$48",
];

/// A connection, by what a statement needs of it.
#[derive(Debug)]
pub(super) struct Sqlite(pub(super) Connection);

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null(_) => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::Late,
            Some(ErrorCode::ConstraintViolation) if error.to_string().contains(HELD) => {
                Self::Engine(Said::new(error, Some(HELD)))
            }
            code => Self::Engine(Said::new(error, code.and_then(why))),
        }
    }
}

fn read(value: ValueRef<'_>) -> Result<Value, Failure> {
    Ok(match value {
        ValueRef::Null => Value::Null(Type::Number),
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(Failure::Content("a number is not whole".to_owned())),
    })
}

fn number(value: ValueRef<'_>) -> Result<i64, Failure> {
    match value {
        ValueRef::Integer(number) => Ok(number),
        other => Err(Failure::Content(format!("{:?} stands for a number", other.data_type()))),
    }
}

/// Gives a statement its values, whatever order its text names them in.
fn bind(statement: &mut Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    let places = places(statement, values.len())?;
    bind_at(statement, &places, values)
}

/// Where a statement has each of so many values, if it has it.
fn places(statement: &Statement<'_>, values: usize) -> rusqlite::Result<Vec<Option<usize>>> {
    PARAMETERS.iter().take(values).map(|name| statement.parameter_index(name)).collect()
}

fn bind_at(
    statement: &mut Statement<'_>,
    places: &[Option<usize>],
    values: &[Value],
) -> rusqlite::Result<()> {
    for (place, value) in places.iter().zip(values) {
        if let Some(place) = place {
            statement.raw_bind_parameter(*place, value)?;
        }
    }
    Ok(())
}

impl Tx for Sqlite {
    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, u64> {
        at_once(self.execute_now(sql, values))
    }

    fn execute_each<'a>(&'a mut self, sql: &'a str, rows: &'a [Vec<Value>]) -> Job<'a, u64> {
        at_once(self.execute_each_now(sql, rows))
    }

    fn rows<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Vec<Row>> {
        at_once(self.rows_now(sql, values))
    }

    fn numbers<'a>(&'a mut self, sql: &'a str) -> Job<'a, Numbers> {
        at_once(self.numbers_now(sql))
    }

    fn sums<'a>(&'a mut self, asked: &'a Sums) -> Job<'a, Numbers> {
        at_once(self.sums_now(asked))
    }

    fn insert<'a>(&'a mut self, into: &'a Filled, rows: Vec<Vec<Value>>) -> Job<'a, ()> {
        at_once(self.insert_now(into, &rows))
    }

    fn stamps_at_once(&self) -> bool {
        true
    }

    fn hold<'a>(&'a mut self, tables: &'a [&'a str]) -> Job<'a, ()> {
        at_once(self.execute_all(hold::hold(tables)))
    }

    fn release<'a>(&'a mut self, tables: &'a [&'a str]) -> Job<'a, ()> {
        at_once(self.execute_all(hold::release(tables)))
    }

    fn go_on<'a>(&'a mut self, _: &'a str, _: &'a str) -> Job<'a, ()> {
        at_once(Ok(()))
    }
}

/// An answer that is there already: nothing waits for a file of this machine.
fn at_once<'a, T: Send + 'a>(answer: Result<T, Failure>) -> Job<'a, T> {
    Box::pin(std::future::ready(answer))
}

impl Sqlite {
    fn execute_all(&mut self, statements: Vec<String>) -> Result<(), Failure> {
        statements.iter().try_for_each(|sql| self.execute_now(sql, &[]).map(drop))
    }

    fn execute_now(&mut self, sql: &str, values: &[Value]) -> Result<u64, Failure> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        Ok(count(statement.raw_execute()?))
    }

    fn execute_each_now(&mut self, sql: &str, each: &[Vec<Value>]) -> Result<u64, Failure> {
        if each.is_empty() {
            return Ok(0);
        }
        let mut statement = self.0.prepare_cached(sql)?;
        // All rows have the same width.
        let places = places(&statement, each.iter().map(Vec::len).max().unwrap_or(0))?;
        let mut changed = 0;
        for values in each {
            bind_at(&mut statement, &places, values)?;
            changed += count(statement.raw_execute()?);
        }
        Ok(changed)
    }

    pub(super) fn rows_now(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Failure> {
        let mut statement = self.0.prepare_cached(sql)?;
        let names: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..names.len()).map(|place| read(row.get_ref(place)?));
            found.push(Row::new(Arc::clone(&names), values.collect::<Result<_, Failure>>()?));
        }
        Ok(found)
    }

    fn numbers_now(&mut self, sql: &str) -> Result<Numbers, Failure> {
        let mut statement = self.0.prepare(sql)?;
        let width = statement.column_count();
        let mut numbers = Numbers::new(width);
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            for place in 0..width {
                numbers.push(number(row.get_ref(place)?)?);
            }
        }
        Ok(numbers)
    }

    /// SQLite would sort all rows before it sums them by anything. Here they are added up as they
    /// come.
    fn sums_now(&mut self, asked: &Sums) -> Result<Numbers, Failure> {
        let mut statement = self.0.prepare(&asked.apart())?;
        let (by, width) = (asked.by.len(), statement.column_count());
        let mut places = HashMap::<Vec<i64>, usize>::new();
        let mut sums: Vec<i64> = Vec::new();
        // Most rows are summed with the one before.
        let (mut key, mut last, mut begins) = (Vec::with_capacity(by), Vec::new(), 0);
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            key.clear();
            for place in 0..by {
                key.push(number(row.get_ref(place)?)?);
            }
            if key != last || sums.is_empty() {
                last.clone_from(&key);
                begins = *places.entry(key.clone()).or_insert(sums.len());
                sums.resize(sums.len().max(begins + width - by), 0);
            }
            for (sum, place) in sums.iter_mut().skip(begins).zip(by..width) {
                *sum = sum.saturating_add(number(row.get_ref(place)?)?);
            }
        }
        let mut numbers = Numbers::new(width);
        for (key, begins) in places {
            let of_key = sums.iter().skip(begins).take(width - by);
            key.iter().chain(of_key).for_each(|number| numbers.push(*number));
        }
        Ok(numbers)
    }

    fn insert_now(&mut self, into: &Filled, rows: &[Vec<Value>]) -> Result<(), Failure> {
        let names: Vec<&str> = into.columns.iter().map(|(name, _)| *name).collect();
        let places = vec!["?"; names.len()].join(", ");
        let sql = format!("insert into {} ({}) values ({places})", into.table, names.join(", "));
        let mut statement = self.0.prepare_cached(&sql)?;
        for values in rows {
            for (place, value) in (1..).zip(values) {
                statement.raw_bind_parameter(place, value)?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
