//! What is on its way to the server together, so that its answers are waited for once.
//!
//! Statements whose answers nobody needs go before the next one that somebody waits for; questions
//! that are asked ahead go after it. The server does them in this order, each on what the ones
//! before it have left. Every answer is looked at: the server answers a commit of what has failed
//! without an error.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use deadpool_postgres::Object;
use futures_util::future::{MaybeDone, join_all, maybe_done};
use tokio_postgres::{Client, Error, Row as ServerRow, Statement};

use super::wire::{numbers_of, prepared, rows_of, untyped};
use crate::hub::archive::error::Failure;
use crate::hub::archive::value::{Numbers, Row, Value};

/// How many statements are on their way at once.
const AT_ONCE_MAX: usize = 256;

/// The most statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 256;

/// A connection of the pool, with what waits to go over it. Unless it is given back, it is closed.
#[derive(Debug)]
pub(super) struct Link {
    connection: Option<Object>,
    pub(super) is_pooled: bool,
    waiting: Waiting,
}

/// What goes with the next statement that somebody waits for.
#[derive(Debug, Default)]
struct Waiting {
    /// Statements to go before it, each with its rows of values.
    later: Vec<(String, Vec<Vec<Value>>)>,
    /// Questions to go after it.
    ahead: Vec<Question>,
    /// Answers that nobody has asked for yet.
    answers: Vec<(Question, Vec<Row>)>,
}

type Question = (String, Vec<Value>);

/// The last statement of a flight, which somebody waits for.
#[derive(Clone, Copy)]
pub(super) enum Last<'a> {
    /// A question; one that is not to be kept prepared goes with its values.
    Ask(&'a str, &'a [Value], Kept),
    /// A statement with each of these values.
    Execute(&'a str, &'a [&'a [Value]]),
    Commit,
    /// None: what waits is to be done before something of another kind.
    Nothing,
}

/// Whether a statement is prepared once for each connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Prepared,
    Not,
}

/// How a statement is sent.
#[derive(Clone)]
enum Sent {
    Prepared(Statement),
    Typed(String),
}

/// What comes of a statement.
enum Came {
    Changed(u64),
    Rows(Vec<ServerRow>),
}

type Coming<'a> = Pin<Box<dyn Future<Output = Result<Came, Error>> + Send + 'a>>;

impl Waiting {
    /// The answer to a question that was asked ahead.
    fn answer(&mut self, sql: &str, values: &[Value]) -> Option<Vec<Row>> {
        let is_it = |question: &Question| question.0 == sql && question.1 == values;
        // Whoever comes before its answer asks for itself.
        self.ahead.retain(|question| !is_it(question));
        let at = self.answers.iter().position(|(question, _)| is_it(question))?;
        Some(self.answers.swap_remove(at).1)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Taken out of the pool, it is closed.
        drop(self.connection.take().map(Object::take));
    }
}

impl Link {
    pub(super) fn over(connection: Object, is_pooled: bool) -> Self {
        Self { connection: Some(connection), is_pooled, waiting: Waiting::default() }
    }

    pub(super) fn connection(&self) -> Result<&Object, Failure> {
        let gone = || Failure::Content("the connection was given back".to_owned());
        self.connection.as_ref().ok_or_else(gone)
    }

    /// Gives the connection back to the pool.
    pub(super) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            // Lists of numbers stand in the texts of some statements, so there is no end of them.
            if connection.statement_cache.size() > STATEMENTS_MAX {
                connection.statement_cache.clear();
            }
        }
    }

    /// Asks a question after the next statement.
    pub(super) fn ask_ahead(&mut self, sql: &str, values: Vec<Value>) {
        self.waiting.ahead.push((sql.to_owned(), values));
    }

    /// Forgets answers that nobody has asked for: what is written may change them.
    pub(super) fn forget(&mut self) {
        self.waiting.answers.clear();
    }

    /// Has a statement go with the next one, as far as there is room.
    pub(super) async fn execute_soon(
        &mut self,
        sql: &str,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        let waiting: usize = self.waiting.later.iter().map(|(_, rows)| rows.len()).sum();
        if waiting + rows.len() > AT_ONCE_MAX {
            let each: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
            return self.execute_all(sql, &each).await.map(drop);
        }
        self.waiting.later.push((sql.to_owned(), rows));
        Ok(())
    }

    /// The rows of a question.
    pub(super) async fn ask(
        &mut self,
        sql: &str,
        values: &[Value],
        kept: Kept,
    ) -> Result<Vec<Row>, Failure> {
        if let Some(answer) = self.waiting.answer(sql, values) {
            return Ok(answer);
        }
        match self.fly(Last::Ask(sql, values, kept)).await? {
            Came::Rows(rows) => rows_of(&rows),
            Came::Changed(_) => Ok(Vec::new()),
        }
    }

    /// The rows of a question for whole numbers, whose text is not kept prepared.
    pub(super) async fn numbers(&mut self, sql: &str) -> Result<Numbers, Failure> {
        self.catch_up().await?;
        numbers_of(&self.connection()?.query_typed(sql, &[]).await?)
    }

    /// Executes a statement with each of these values, without waiting for one before the next is
    /// sent; returns how many rows were changed.
    pub(super) async fn execute_all(
        &mut self,
        sql: &str,
        each: &[&[Value]],
    ) -> Result<u64, Failure> {
        self.forget();
        let mut changed = 0;
        for some in each.chunks(AT_ONCE_MAX) {
            if let Came::Changed(rows) = self.fly(Last::Execute(sql, some)).await? {
                changed += rows;
            }
        }
        Ok(changed)
    }

    /// Does what waits.
    pub(super) async fn catch_up(&mut self) -> Result<(), Failure> {
        if self.waiting.later.is_empty() {
            return Ok(());
        }
        let ahead = std::mem::take(&mut self.waiting.ahead);
        let done = self.fly(Last::Nothing).await;
        self.waiting.ahead = ahead;
        done.map(drop)
    }

    /// Does what waits, and commits.
    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        self.waiting.ahead.clear();
        self.fly(Last::Commit).await.map(drop)
    }

    /// Sends what waits with this statement; returns what comes of that.
    async fn fly(&mut self, last: Last<'_>) -> Result<Came, Failure> {
        let later = std::mem::take(&mut self.waiting.later);
        let ahead = std::mem::take(&mut self.waiting.ahead);
        let mut ways = Vec::new();
        let questions = ahead.iter().map(|(sql, _)| sql);
        for sql in later.iter().map(|(sql, _)| sql).chain(questions) {
            ways.push(self.way(sql, Kept::Prepared).await?);
        }
        let last_way = match last {
            Last::Ask(sql, _, kept) => Some(self.way(sql, kept).await?),
            Last::Execute(sql, _) => Some(self.way(sql, Kept::Prepared).await?),
            Last::Commit | Last::Nothing => None,
        };
        let client: &Client = self.connection()?;
        let (before, after) = ways.split_at(later.len().min(ways.len()));
        let mut coming: Vec<Coming<'_>> = Vec::new();
        for (way, (_, rows)) in before.iter().zip(&later) {
            coming.extend(rows.iter().map(|values| execute(client, way, values)));
        }
        let first = coming.len();
        match (last, &last_way) {
            (Last::Ask(_, values, _), Some(way)) => coming.push(ask(client, way, values)),
            (Last::Execute(_, each), Some(way)) => {
                coming.extend(each.iter().map(|values| execute(client, way, values)));
            }
            _ => {}
        }
        let of_last = coming.len() - first;
        coming.extend(after.iter().zip(&ahead).map(|(way, (_, values))| ask(client, way, values)));
        let mut coming: Vec<_> = coming.into_iter().map(maybe_done).collect();
        // A value that does not fit fails before it is sent, and the server would commit the rest.
        if send(&mut coming).await && matches!(last, Last::Commit) {
            coming.push(maybe_done(commit(client)));
        }
        join_all(&mut coming).await;
        let mut came = coming.iter_mut().filter_map(|done| Pin::new(done).take_output());
        for done in came.by_ref().take(first) {
            done?;
        }
        let mut answer = Came::Changed(0);
        for done in came.by_ref().take(of_last) {
            answer = match (answer, done?) {
                (Came::Changed(before), Came::Changed(more)) => Came::Changed(before + more),
                (_, rows) => rows,
            };
        }
        let mut answers = Vec::new();
        for done in came {
            if let Came::Rows(rows) = done? {
                answers.push(rows_of(&rows)?);
            }
        }
        drop(coming);
        self.waiting.answers.extend(ahead.into_iter().zip(answers));
        Ok(answer)
    }

    async fn way(&self, sql: &str, kept: Kept) -> Result<Sent, Failure> {
        if self.is_pooled || kept == Kept::Not {
            return Ok(Sent::Typed(sql.to_owned()));
        }
        Ok(Sent::Prepared(self.connection()?.prepare_cached(sql).await?))
    }
}

/// Sends statements in the order in which they stand here; returns whether all are under way.
async fn send(coming: &mut [MaybeDone<Coming<'_>>]) -> bool {
    poll_fn(|context| {
        for one in &mut *coming {
            let _ = Pin::new(one).poll(context);
        }
        Poll::Ready(())
    })
    .await;
    !coming.iter_mut().any(|one| matches!(Pin::new(one).output_mut(), Some(Err(_))))
}

fn commit(client: &Client) -> Coming<'_> {
    Box::pin(async move { client.batch_execute("commit").await.map(|()| Came::Changed(0)) })
}

fn execute<'a>(client: &'a Client, way: &'a Sent, values: &'a [Value]) -> Coming<'a> {
    Box::pin(async move {
        let changed = match way {
            Sent::Prepared(statement) => client.execute(statement, &prepared(values)).await?,
            Sent::Typed(sql) => client.execute_typed(sql, &untyped(values)).await?,
        };
        Ok(Came::Changed(changed))
    })
}

fn ask<'a>(client: &'a Client, way: &'a Sent, values: &'a [Value]) -> Coming<'a> {
    Box::pin(async move {
        let rows = match way {
            Sent::Prepared(statement) => client.query(statement, &prepared(values)).await?,
            Sent::Typed(sql) => client.query_typed(sql, &untyped(values)).await?,
        };
        Ok(Came::Rows(rows))
    })
}
