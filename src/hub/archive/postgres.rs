//! The archive in PostgreSQL: for a chain that has outgrown one machine, or runs several hubs.
//!
//! A transaction that writes is READ COMMITTED: what must not change until its end is locked by
//! the statement that reads it first, the row of `book` before all others of a kiosk. A read of
//! several statements is REPEATABLE READ, so that it sees one state.
//!
//! What was begun is done or given up whole, even when nobody waits for the answer any more. When
//! its time is over its connection is closed, which undoes it. A session is never asked to cancel
//! a statement: a commit that waits for a standby would succeed without it.

mod address;
mod flight;
pub(super) mod hold;
mod migrations;
mod pool;
mod replica;
#[cfg(test)]
mod tests;
mod tls;
mod tx;
mod wire;
mod words;

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

pub use self::address::{ArchiveAddress, CONNECTIONS};
pub use self::migrations::SCHEMA_VERSION;
use self::pool::Connections;
pub use self::replica::Behind;
use self::tx::Server;
use super::error::{Error, Failure};
use super::tx::{Job, Tx};

/// How long a step may take that nobody has given another limit.
const STEP_MAX: Duration = Duration::from_secs(30);

/// How long a commit may take at least, however late it is: it is nearly done.
const COMMIT_MIN: Duration = Duration::from_secs(5);

/// How long taking something back may take.
const ROLLBACK_MAX: Duration = Duration::from_secs(5);

/// How long opening may take, which waits while another hub makes the tables.
const OPEN_MAX: Duration = Duration::from_secs(10 * 60);

/// How long beyond its limit a transaction may live at the server. When this hub or its machine is
/// gone, nobody else would end what it has begun, with its locks.
const LEFT_MAX: Duration = Duration::from_secs(10);

const WRITE: &str = "begin isolation level read committed read write";
const READ: &str = "begin isolation level repeatable read read only";

/// The engine of an archive in PostgreSQL; clones share its connections.
#[derive(Clone, Debug)]
pub struct Postgres(Connections);

impl Postgres {
    /// Opens the archive in a database; makes its tables where they are missing.
    ///
    /// # Errors
    /// When the database cannot be reached, is not fit for an archive, or holds one of a newer
    /// program; then nothing in it was touched.
    pub async fn open(address: &ArchiveAddress) -> Result<Self, Error> {
        Self::opened(address, migrations::apply).await.map(|(opened, ())| opened)
    }

    /// Whether there is an archive in a database; nothing is made there.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn has_archive(address: &ArchiveAddress) -> Result<bool, Error> {
        let (opened, version) = Self::opened(address, migrations::version).await?;
        opened.close();
        Ok(version > 0)
    }

    /// Connects to a database, and acts there first.
    async fn opened<T>(
        address: &ArchiveAddress,
        act: impl AsyncFnOnce(&Server) -> Result<T, Failure>,
    ) -> Result<(Self, T), Error> {
        let connections = Connections::to(address).map_err(|what| failed(address, None, what))?;
        let done = timeout(OPEN_MAX, async {
            let tx = connections.begin(None).await?;
            let done = act(&tx).await?;
            tx.give_back();
            Ok(done)
        });
        let done = done.await.unwrap_or(Err(Failure::Late));
        match done {
            Ok(done) => Ok((Self(connections), done)),
            Err(failure) => Err(failed(address, words::why(&failure), words::told(&failure))),
        }
    }

    pub(super) fn close(&self) {
        self.0.close();
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        limit: Option<Duration>,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.to_the_end(action, limit, Some(WRITE), act).await
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        limit: Option<Duration>,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.to_the_end(action, limit, Some(READ), act).await
    }

    pub(super) async fn look<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.to_the_end(action, None, None, act).await
    }

    /// Acts in a task of its own, so that nothing is left half way when nobody waits any more.
    async fn to_the_end<T: Send + 'static>(
        &self,
        action: &'static str,
        limit: Option<Duration>,
        begin: Option<&'static str>,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        let connections = self.0.clone();
        let limit = limit.unwrap_or(STEP_MAX);
        let until = Instant::now() + limit;
        let acting = tokio::spawn(async move {
            let sql = begin.map(|begin| {
                let left_ms = (limit + LEFT_MAX).as_millis();
                format!(
                    "{begin}; set local statement_timeout = {left_ms}; \
                     set local idle_in_transaction_session_timeout = {left_ms}"
                )
            });
            let begun = timeout_at(until, connections.begin(sql.as_deref())).await;
            let mut tx = begun.unwrap_or(Err(Failure::Late))?;
            let done = timeout_at(until, act(&mut tx)).await;
            // Out of time, the connection is closed in the midst of what it does.
            let done = done.map_err(|_| Failure::Late)?;
            if begin.is_some() { end(tx, done, until).await } else { leave(tx, done).await }
        });
        match acting.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Err(failure.at(action)),
            Err(stopped) => Err(Error::new(action, stopped)),
        }
    }
}

/// Why a database cannot be opened.
fn failed(address: &ArchiveAddress, why: Option<&'static str>, what: String) -> Error {
    let source = format!("the database {}: {what}", address.shown());
    Error::new("open the archive", source).because(why)
}

/// Commits what was done, or takes it back.
async fn end<T>(mut tx: Server, done: Result<T, Failure>, until: Instant) -> Result<T, Failure> {
    // The server answers a commit of what has failed without an error, and keeps nothing.
    let done = done.and_then(|answer| {
        if tx.has_failed {
            return Err(Failure::Content("a statement of the transaction has failed".to_owned()));
        }
        Ok(answer)
    });
    match done {
        Ok(answer) => {
            let until = until.max(Instant::now() + COMMIT_MIN);
            timeout_at(until, tx.commit()).await.map_err(|_| Failure::Late)??;
            tx.give_back();
            Ok(answer)
        }
        Err(failure) => {
            if !words::ends_connection(&failure)
                && let Ok(Ok(())) = timeout(ROLLBACK_MAX, tx.batch("rollback")).await
            {
                tx.give_back();
            }
            Err(failure)
        }
    }
}

/// Ends a look, which has no transaction.
async fn leave<T>(mut tx: Server, done: Result<T, Failure>) -> Result<T, Failure> {
    let done = match done {
        Ok(answer) => tx.catch_up().await.map(|()| answer),
        failed => failed,
    };
    if done.as_ref().err().is_none_or(|failure| !words::ends_connection(failure)) {
        tx.give_back();
    }
    done
}
