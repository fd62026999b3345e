//! A transaction on either engine: all that statements are written against.
//!
//! Statements are written once, in the SQL that both engines take: parameters `$1`, `$2` …, whole
//! numbers, texts and bytes, 0 and 1 for no and yes; no `iif`, scalar `max`, `json_each`, arrays or
//! sequences. What must not change until the end is read by [`Tx::lock`] first.

use std::pin::Pin;

use super::error::Failure;
use super::value::{Numbers, Row, Value};

/// A table and those of its columns that [`Tx::insert`] fills, with their types.
#[derive(Debug)]
pub(crate) struct Filled {
    /// Its name.
    pub(crate) table: &'static str,
    /// The columns, with the type that PostgreSQL gives each.
    pub(crate) columns: &'static [(&'static str, Stored)],
}

/// How a column is stored in PostgreSQL; SQLite knows numbers, texts and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// `smallint`
    Small,
    /// `integer`
    Int,
    /// `bigint`
    Big,
    /// `text`
    Text,
    /// `bytea`
    Bytes,
}

/// A question for the sums of columns of whole numbers.
#[derive(Debug)]
pub(crate) struct Sums {
    /// By what they are summed: columns, or what is worked out of them.
    pub(crate) by: Vec<String>,
    /// The columns that are summed.
    pub(crate) of: Vec<String>,
    /// The table, and which of its rows: what follows `from`.
    pub(crate) from: String,
}

impl Sums {
    /// The statement that has the engine sum them.
    pub(super) fn summed(&self) -> String {
        let sums: Vec<String> =
            self.of.iter().map(|column| format!("cast(sum({column}) as bigint)")).collect();
        let places: Vec<String> = (1..=self.by.len()).map(|place| place.to_string()).collect();
        let (by, sums, places) = (self.by.join(", "), sums.join(", "), places.join(", "));
        format!("select {by}, {sums} from {} group by {places}", self.from)
    }

    /// The statement for the rows that are summed.
    pub(super) fn apart(&self) -> String {
        format!("select {}, {} from {}", self.by.join(", "), self.of.join(", "), self.from)
    }
}

/// What comes of a statement, or of a whole job.
pub(crate) type Job<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// A transaction, or a look at one statement's answer.
pub(crate) trait Tx: Send {
    /// Executes a statement; returns how many rows it has changed.
    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, u64>;

    /// Executes one statement for each of these rows of values, all on their way at once; returns
    /// how many rows were changed in all.
    fn execute_each<'a>(&'a mut self, sql: &'a str, rows: &'a [Vec<Value>]) -> Job<'a, u64>;

    /// The rows of a question.
    fn rows<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Vec<Row>>;

    /// The rows of a question whose text differs each time: it is not kept prepared.
    fn rows_once<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Vec<Row>> {
        self.rows(sql, values)
    }

    /// Asks a question with the next statement of this transaction: who asks the same later, word
    /// for word, has the answer then, and it is the one of that time. So nothing may change it in
    /// between; [`Tx::execute`], [`Tx::execute_each`] and [`Tx::insert`] have all such answers
    /// forgotten. Where there is no way to go, nothing is won by it.
    fn ask_ahead(&mut self, _: &str, _: Vec<Value>) {}

    /// Executes a statement for each of these rows of values with the next one that is waited for,
    /// or with the commit, for whoever does not need to know what it has changed. It fails when
    /// that one does.
    fn execute_later<'a>(&'a mut self, sql: &'a str, rows: Vec<Vec<Value>>) -> Job<'a, ()> {
        Box::pin(async move { self.execute_each(sql, &rows).await.map(drop) })
    }

    /// Whether one statement for many rows costs less than one for each.
    fn takes_many_rows(&self) -> bool {
        false
    }

    /// The rows of a question that asks for whole numbers only, and for many of them. Its text may
    /// differ each time: it is not kept prepared.
    fn numbers<'a>(&'a mut self, sql: &'a str) -> Job<'a, Numbers>;

    /// The sums that are asked for, in any order: in each row by what, and then the sums.
    fn sums<'a>(&'a mut self, asked: &'a Sums) -> Job<'a, Numbers>;

    /// The first row of a question, if there is one.
    fn row<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Option<Row>> {
        let rows = self.rows(sql, values);
        Box::pin(async move { Ok(rows.await?.into_iter().next()) })
    }

    /// The first row, locked until the end of the transaction. SQLite's transaction that writes
    /// has locked everything from its beginning.
    fn lock<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Option<Row>> {
        self.row(sql, values)
    }

    /// The first row that nobody else has locked, locked until the end of the transaction.
    fn lock_free<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Job<'a, Option<Row>> {
        self.row(sql, values)
    }

    /// Waits until no other transaction that has asked for its turn is under way. Where rows of
    /// many kiosks are changed, the lock of a row is not enough in a distributed database: it may
    /// be free before the change is seen on every server. SQLite's transactions take turns anyway.
    fn take_turn(&mut self) -> Job<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Inserts rows of which none is there yet: many at once are written in bulk.
    fn insert<'a>(&'a mut self, into: &'a Filled, rows: Vec<Vec<Value>>) -> Job<'a, ()>;

    /// Whether every change gets its place in the feed in its own transaction, since transactions
    /// come one after the other. Elsewhere places are given after the commit.
    fn stamps_at_once(&self) -> bool;

    /// Holds tables still: from the commit on nothing can be written into them, not even by a hub
    /// that has them open.
    fn hold<'a>(&'a mut self, tables: &'a [&'a str]) -> Job<'a, ()>;

    /// Lets these tables be written again.
    fn release<'a>(&'a mut self, tables: &'a [&'a str]) -> Job<'a, ()>;

    /// Has the numbers that are given out for a column go on after the highest one, which they do
    /// in SQLite by themselves.
    fn go_on<'a>(&'a mut self, table: &'a str, column: &'a str) -> Job<'a, ()>;
}
