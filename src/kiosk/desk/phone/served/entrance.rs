//! The task that owns the sessions, so that nothing is shared behind a lock.
//!
//! A PIN takes long to check, on purpose, and is checked on a separate thread: a try makes other
//! requests for the sessions wait, but no other work of the server.

use tokio::sync::{mpsc, oneshot};

use super::sessions::Sessions;
use crate::kiosk::desk::phone::talk::Busy;

/// How many orders wait at most; beyond that, their senders wait too.
const ORDERS_MAX: usize = 32;

type Order = Box<dyn FnOnce(&mut Sessions) + Send>;

/// A handle on the task.
#[derive(Clone)]
pub(super) struct Entrance {
    orders: mpsc::Sender<Order>,
}

impl Entrance {
    /// Starts the task on the present runtime; it ends when the last handle is dropped.
    pub(super) fn open(mut sessions: Sessions) -> Self {
        let (orders, mut inbox) = mpsc::channel::<Order>(ORDERS_MAX);
        tokio::spawn(async move {
            while let Some(order) = inbox.recv().await {
                let done = tokio::task::spawn_blocking(move || {
                    order(&mut sessions);
                    sessions
                });
                match done.await {
                    Ok(back) => sessions = back,
                    // An order that panicked took the sessions along: nobody can log in any more.
                    Err(error) => {
                        let what = "the desk's page is closed until the kiosk restarts";
                        tracing::error!(%error, "{what}");
                        return;
                    }
                }
            }
        });
        Self { orders }
    }

    /// Has the task do something, and waits for the result.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        order: impl FnOnce(&mut Sessions) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        // An asker that has gone away needs no answer.
        let order: Order = Box::new(move |sessions| drop(reply.send(order(sessions))));
        self.orders.send(order).await.map_err(|_| Busy)?;
        answer.await.map_err(|_| Busy)
    }
}
