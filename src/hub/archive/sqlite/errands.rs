//! Errands: what a connection is asked to do, one after the other, on a thread of its own.
//!
//! Each errand costs every other one its time. So it ends when nobody waits for it any more, and
//! when the time is up that its asker gives it; what it has written by then is taken back. SQLite
//! asks every few thousand steps whether to go on.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::tx::Sqlite;
use crate::hub::archive::error::{Error, Failure};

/// The most errands that wait for a connection; who has a further one waits until there is room.
const ERRANDS_MAX: usize = 256;

/// After so many steps of SQLite's machine an errand is asked whether anybody wants it: well under
/// a millisecond.
const STEPS: c_int = 4_000;

/// How long an errand may take from its beginning; none is for ever.
pub(super) type TimeLimit = Option<Duration>;

/// What a connection is asked to do.
enum Errand {
    /// Something, unless nobody wants it any more.
    Do { act: Box<dyn FnOnce(&mut Sqlite) + Send>, is_unwanted: Arc<AtomicBool> },
    /// To close, and to say so.
    Close { closed: oneshot::Sender<()> },
}

/// A connection, by what it can be asked to do.
#[derive(Clone, Debug)]
pub(super) struct Errands(SyncSender<Errand>);

/// Held by whoever waits for an errand.
struct Asker(Arc<AtomicBool>);

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Errands {
    /// Does errands on a thread of its own until nobody can send any more.
    pub(super) fn serve(connection: Connection, name: &str) -> std::io::Result<Self> {
        let (errands, inbox) = sync_channel::<Errand>(ERRANDS_MAX);
        let mut tx = Sqlite(connection);
        let answer = move || {
            for errand in inbox {
                let (act, is_unwanted) = match errand {
                    Errand::Do { is_unwanted, .. } if is_unwanted.load(Ordering::Relaxed) => {
                        continue;
                    }
                    Errand::Do { act, is_unwanted } => (act, is_unwanted),
                    Errand::Close { closed } => {
                        drop(tx);
                        let _ = closed.send(());
                        return;
                    }
                };
                let is_over = move || is_unwanted.load(Ordering::Relaxed);
                // Without it an errand would go on to its end, and no other harm is done.
                let _ = tx.0.progress_handler(STEPS, Some(is_over));
                act(&mut tx);
            }
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(answer)?;
        Ok(Self(errands))
    }

    /// Closes the connection after the errands before this one.
    pub(super) async fn close(&self) {
        let (closed, is_closed) = oneshot::channel();
        let to = self.0.clone();
        let sent = tokio::task::spawn_blocking(move || to.send(Errand::Close { closed })).await;
        // Whoever has closed it before has done it.
        if matches!(sent, Ok(Ok(()))) {
            let _ = is_closed.await;
        }
    }

    /// Asks for an errand and waits for its answer.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        action: &'static str,
        limit: TimeLimit,
        act: impl FnOnce(&mut Sqlite) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let closed = || Error::new(action, "the archive is closed");
        let asker = Asker(Arc::default());
        let (begin, begun) = oneshot::channel();
        let (reply, answer) = oneshot::channel();
        let act = Box::new(move |tx: &mut Sqlite| {
            // Whoever has gone wants no answer.
            let _ = begin.send(());
            let _ = reply.send(act(tx));
        });
        let errand = Errand::Do { act, is_unwanted: Arc::clone(&asker.0) };
        let to = self.0.clone();
        let sent = tokio::task::spawn_blocking(move || to.send(errand).is_ok()).await;
        if !matches!(sent, Ok(true)) || begun.await.is_err() {
            return Err(closed());
        }
        let answer = match limit {
            None => answer.await,
            Some(limit) => {
                tokio::time::timeout(limit, answer).await.map_err(|_| Error::late(action))?
            }
        };
        answer.map_err(|_| closed())?.map_err(|failure| failure.at(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts for ever.
    fn count(tx: &mut Sqlite) -> Result<i64, Failure> {
        let sql = "with recursive n(i) as (select 1 union all select i + 1 from n) \
                   select count(*) from n";
        tx.rows_now(sql, &[])?[0].get(0)
    }

    fn errands() -> Errands {
        Errands::serve(Connection::open_in_memory().unwrap(), "errands").unwrap()
    }

    /// Whether the next errand is done at all.
    async fn is_served(errands: &Errands) -> bool {
        const NEVER: Duration = Duration::from_secs(60);
        let next = errands.ask("count to one", None, |_| Ok(1));
        tokio::time::timeout(NEVER, next).await.is_ok_and(|answer| answer.is_ok())
    }

    #[tokio::test]
    async fn an_errand_ends_when_its_time_is_up() {
        let errands = errands();
        let limit = Some(Duration::from_millis(1));
        let error = errands.ask("count", limit, count).await.unwrap_err();
        assert!(error.is_late(), "{error:?}");
        assert!(is_served(&errands).await, "the next one has its turn");
    }

    #[tokio::test]
    async fn an_errand_ends_when_its_asker_has_gone() {
        let errands = errands();
        let (tell, told) = oneshot::channel();
        let asking = errands.ask("count", None, |tx| {
            tell.send(()).unwrap();
            count(tx)
        });
        tokio::select! {
            _ = asking => panic!("it counts for ever"),
            _ = told => {}
        }
        assert!(is_served(&errands).await, "the next one has its turn");
    }

    #[tokio::test]
    async fn an_errand_whose_asker_has_gone_is_not_begun() {
        let errands = errands();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let first = errands.ask("wait", None, move |_| Ok(held.recv().is_ok()));
        let second =
            errands.ask("never", None, |_| -> Result<(), Failure> { panic!("nobody wants it") });
        tokio::pin!(first);
        let mut second = Box::pin(second);
        for _ in 0..20 {
            tokio::select! {
                biased;
                _ = &mut first => panic!("it was not let go"),
                _ = &mut second => panic!("it has to wait"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop(second);
        hold.send(()).unwrap();
        assert!(first.await.unwrap());
        assert!(is_served(&errands).await);
    }
}
