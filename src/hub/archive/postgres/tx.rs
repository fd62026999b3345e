//! A transaction in PostgreSQL, on a connection of the pool.
//!
//! Statements are prepared once for each connection. Where a pooler gives each transaction another
//! connection there is nothing to keep, so each goes with its values, which the server then reads
//! as text of whatever type it finds that they have.

use std::pin::pin;

use deadpool_postgres::Object;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type as Oid;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::flight::{Kept, Link};
use super::hold;
use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::{Filled, Job, Stored, Sums, Tx};
use crate::hub::archive::value::{Numbers, Row, Value};

/// Up to so many rows one statement for each costs less than writing them in bulk.
const ROWS_APART_MAX: usize = 8;

/// The lock of transactions that take turns: any number that no other program is likely to use.
const TURN: i64 = 0x536d_696c_6546_6565;

/// A connection, by what a statement needs of it. Unless it is given back, it is closed, and the
/// server takes back what was not committed.
#[derive(Debug)]
pub(super) struct Server {
    link: Link,
    /// A statement has failed, and the server would take the others for naught.
    pub(super) has_failed: bool,
}

const fn oid(stored: Stored) -> Oid {
    match stored {
        Stored::Small => Oid::INT2,
        Stored::Int => Oid::INT4,
        Stored::Big => Oid::INT8,
        Stored::Text => Oid::TEXT,
        Stored::Bytes => Oid::BYTEA,
    }
}

impl Tx for Server {
    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, u64> {
        Box::pin(async move {
            let done = self.link.execute_all(sql, &[values]).await;
            self.noted(done)
        })
    }

    fn execute_each<'a>(&'a mut self, sql: &'a str, rows: &'a [Vec<Value>]) -> Job<'a, u64> {
        Box::pin(async move {
            let each: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
            let done = self.link.execute_all(sql, &each).await;
            self.noted(done)
        })
    }

    fn rows<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Vec<Row>> {
        Box::pin(async move {
            let done = self.link.ask(sql, values, Kept::Prepared).await;
            self.noted(done)
        })
    }

    fn rows_once<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Vec<Row>> {
        Box::pin(async move {
            let done = self.link.ask(sql, values, Kept::Not).await;
            self.noted(done)
        })
    }

    fn numbers<'a>(&'a mut self, sql: &'a str) -> Job<'a, Numbers> {
        Box::pin(async move {
            let done = self.link.numbers(sql).await;
            self.noted(done)
        })
    }

    fn sums<'a>(&'a mut self, asked: &'a Sums) -> Job<'a, Numbers> {
        Box::pin(async move { self.numbers(&asked.summed()).await })
    }

    fn lock<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Option<Row>> {
        // What only refers to the row goes on.
        Box::pin(self.locked(sql, "for no key update", values))
    }

    fn lock_free<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Option<Row>> {
        Box::pin(self.locked(sql, "for no key update skip locked", values))
    }

    fn take_turn(&mut self) -> Job<'_, ()> {
        Box::pin(async move {
            let sql = format!("select pg_advisory_xact_lock({TURN})");
            self.execute(&sql, &[]).await.map(drop)
        })
    }

    fn insert<'a>(&'a mut self, into: &'a Filled, rows: Vec<Vec<Value>>) -> Job<'a, ()> {
        Box::pin(async move {
            let done = self.insert_rows(into, &rows).await;
            self.noted(done)
        })
    }

    fn ask_ahead(&mut self, sql: &str, values: Vec<Value>) {
        self.link.ask_ahead(sql, values);
    }

    fn execute_later<'a>(&'a mut self, sql: &'a str, rows: Vec<Vec<Value>>) -> Job<'a, ()> {
        Box::pin(async move {
            let done = self.link.execute_soon(sql, rows).await;
            self.noted(done)
        })
    }

    fn takes_many_rows(&self) -> bool {
        true
    }

    fn stamps_at_once(&self) -> bool {
        false
    }

    fn hold<'a>(&'a mut self, tables: &'a [&'a str]) -> Job<'a, ()> {
        Box::pin(self.execute_in_turn(hold::hold(tables)))
    }

    fn release<'a>(&'a mut self, tables: &'a [&'a str]) -> Job<'a, ()> {
        Box::pin(self.execute_in_turn(hold::release(tables)))
    }

    fn go_on<'a>(&'a mut self, table: &'a str, column: &'a str) -> Job<'a, ()> {
        Box::pin(async move { self.rows_once(&hold::go_on(table, column), &[]).await.map(drop) })
    }
}

impl Server {
    pub(super) fn new(connection: Object, is_pooled: bool) -> Self {
        Self { link: Link::over(connection, is_pooled), has_failed: false }
    }

    /// Gives the connection back to the pool.
    pub(super) fn give_back(self) {
        self.link.give_back();
    }

    /// Does what waits.
    pub(super) async fn catch_up(&mut self) -> Result<(), Failure> {
        self.link.catch_up().await
    }

    /// Does what waits, and commits.
    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        self.link.commit().await
    }

    /// Executes statements without values.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.link.connection()?.batch_execute(sql).await?)
    }

    /// The rows of a question without values, as text.
    pub(super) async fn texts(&self, sql: &str) -> Result<Vec<SimpleQueryRow>, Failure> {
        let answer = self.link.connection()?.simple_query(sql).await?;
        Ok(answer
            .into_iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            .collect())
    }

    /// Notes a failure, after which the server takes no statement of this transaction any more.
    fn noted<T>(&mut self, done: Result<T, Failure>) -> Result<T, Failure> {
        self.has_failed |= done.is_err();
        done
    }

    async fn execute_in_turn(&mut self, statements: Vec<String>) -> Result<(), Failure> {
        for sql in &statements {
            self.execute(sql, &[]).await?;
        }
        Ok(())
    }

    async fn insert_rows(&mut self, into: &Filled, rows: &[Vec<Value>]) -> Result<(), Failure> {
        let names: Vec<&str> = into.columns.iter().map(|(name, _)| *name).collect();
        let (table, names) = (into.table, names.join(", "));
        let written = if rows.len() > ROWS_APART_MAX {
            self.link.catch_up().await?;
            self.link.forget();
            self.copy(&format!("copy {table} ({names}) from stdin (format binary)"), into, rows)
                .await?
        } else {
            let places: Vec<String> =
                (1..=into.columns.len()).map(|place| format!("${place}")).collect();
            let sql = format!("insert into {table} ({names}) values ({})", places.join(", "));
            let each: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
            self.link.execute_all(&sql, &each).await?
        };
        match u64::try_from(rows.len()) {
            Ok(given) if given == written => Ok(()),
            _ => Err(Failure::Content(format!("{written} rows of {} are written", rows.len()))),
        }
    }

    /// The first row, locked as this says.
    async fn locked(
        &mut self,
        sql: &str,
        how: &str,
        values: &[Value],
    ) -> Result<Option<Row>, Failure> {
        let done = self.link.ask(&format!("{sql} {how}"), values, Kept::Prepared).await;
        Ok(self.noted(done)?.into_iter().next())
    }

    async fn copy(&self, sql: &str, into: &Filled, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        let types: Vec<Oid> = into.columns.iter().map(|(_, stored)| oid(*stored)).collect();
        if let Some(row) = rows.iter().find(|row| row.len() != types.len()) {
            let (given, wanted) = (row.len(), types.len());
            return Err(Failure::Content(format!("{given} values stand for {wanted} columns")));
        }
        let connection = self.link.connection()?;
        let sink = if self.link.is_pooled {
            connection.copy_in(sql).await?
        } else {
            let statement = connection.prepare_cached(sql).await?;
            connection.copy_in(&statement).await?
        };
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in rows {
            writer.as_mut().write_raw(row).await?;
        }
        Ok(writer.finish().await?)
    }
}
