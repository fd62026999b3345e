//! The thread that owns the journal, and the way to ask it for something.
//!
//! Whoever wants to know something waits for the answer; whoever presses does not. Everything is
//! asked in small pieces, so that a press never waits behind more than one of them.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::sync::oneshot;

use super::{Batch, Books, Entry, Error, Journal, Kept, Settlement};
use crate::feedback::moment::{Anchor, Reading, Timeline};
use crate::feedback::rating::{BootId, Rated, RunId};

/// How many requests wait for the journal at most: one press, the uplink, and the desk's askers.
const REQUESTS_MAX: usize = 64;

/// What became of a rating that was to be kept.
#[derive(Debug)]
pub enum Answer {
    /// It is durable on the card.
    Kept(Box<Entry>),
    /// It could not be written, and the run was closed.
    NotKept(Error),
    /// The journal takes ratings again, in a new run.
    Recovered,
    /// It still takes none.
    StillClosed(Error),
}

/// The journal's thread has ended, as it does when the kiosk is shutting down.
#[derive(Debug, thiserror::Error)]
#[error("journal is closed")]
pub struct Gone;

type Reply<T> = oneshot::Sender<T>;

enum Request {
    Keep(Box<Rated>, Reading),
    Probe,
    Tie(Anchor),
    Batch { events_max: usize, reply: Reply<Result<Batch, Error>> },
    Settle { settlement: Box<Settlement>, reply: Reply<Result<Books, Error>> },
    Page { after: i64, rows_max: usize, reply: Reply<Result<Vec<Kept>, Error>> },
    Books { reply: Reply<(Books, Timeline)> },
    Close,
    Prune { before_utc_ms: i64, reply: Reply<Result<usize, Error>> },
}

/// A handle on the journal's thread; the thread ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Keeper {
    requests: SyncSender<Request>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request")
    }
}

impl Keeper {
    /// Hands a journal to a thread of its own; `answer` gets what becomes of each kept rating, and
    /// `new_run` makes the id of the run that follows a failure.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(
        journal: Journal,
        boot: BootId,
        new_run: impl Fn() -> RunId + Send + 'static,
        answer: impl Fn(Answer) + Send + 'static,
    ) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (requests, inbox) = sync_channel(REQUESTS_MAX);
        let folder = journal.folder.clone();
        let books = (journal.books(), journal.timeline().clone());
        let owner = Owner { folder, boot, journal: Some(journal), books, new_run, answer };
        let thread = std::thread::Builder::new().name("journal".to_owned());
        Ok((Self { requests }, thread.spawn(move || owner.run(&inbox))?))
    }

    /// Has a rating written; the answer comes by the way given to [`Keeper::start`].
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn keep(&self, rated: Rated, reading: Reading) -> Result<(), Gone> {
        self.send(Request::Keep(Box::new(rated), reading))
    }

    /// Has a closed journal tried again; the answer comes by the way given to [`Keeper::start`].
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn probe(&self) -> Result<(), Gone> {
        self.send(Request::Probe)
    }

    /// Has the journal closed and its thread ended; whoever asks afterwards finds it gone.
    pub fn close(&self) {
        // When the thread has ended already there is nothing to close.
        let _ = self.send(Request::Close);
    }

    /// Tells the journal what is known of the time.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn tie(&self, anchor: Anchor) -> Result<(), Gone> {
        self.send(Request::Tie(anchor))
    }

    /// See [`Journal::batch`].
    pub async fn batch(&self, events_max: usize) -> Result<Result<Batch, Error>, Gone> {
        self.ask(|reply| Request::Batch { events_max, reply }).await
    }

    /// See [`Journal::settle`]; returns how the books stand afterwards.
    pub async fn settle(&self, settlement: Settlement) -> Result<Result<Books, Error>, Gone> {
        let settlement = Box::new(settlement);
        self.ask(|reply| Request::Settle { settlement, reply }).await
    }

    /// See [`Journal::prune`].
    pub async fn prune(&self, before_utc_ms: i64) -> Result<Result<usize, Error>, Gone> {
        self.ask(|reply| Request::Prune { before_utc_ms, reply }).await
    }

    /// How the books stand, and what is known of the time; blocks until the journal answers.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn books(&self) -> Result<(Books, Timeline), Gone> {
        self.wait_for(|reply| Request::Books { reply })
    }

    /// See [`Journal::page`]; blocks until the journal answers.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn page(&self, after: i64, rows_max: usize) -> Result<Result<Vec<Kept>, Error>, Gone> {
        self.wait_for(|reply| Request::Page { after, rows_max, reply })
    }

    fn send(&self, request: Request) -> Result<(), Gone> {
        self.requests.send(request).map_err(|_| Gone)
    }

    fn wait_for<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply))?;
        answer.blocking_recv().map_err(|_| Gone)
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply))?;
        answer.await.map_err(|_| Gone)
    }
}

/// The thread's own side: the journal, while it is open.
struct Owner<R, A> {
    folder: PathBuf,
    boot: BootId,
    journal: Option<Journal>,
    /// What was last known, for askers while the journal is closed.
    books: (Books, Timeline),
    new_run: R,
    answer: A,
}

impl<R: Fn() -> RunId, A: Fn(Answer)> Owner<R, A> {
    fn run(mut self, inbox: &Receiver<Request>) {
        while let Ok(request) = inbox.recv() {
            // An asker that has gone away wants no answer.
            match request {
                Request::Keep(rated, reading) => self.keep(*rated, reading),
                Request::Probe => self.probe(),
                Request::Close => return,
                Request::Tie(anchor) => {
                    if let Err(error) = self.open().and_then(|journal| journal.tie(anchor)) {
                        tracing::warn!(%error, "the time could not be noted");
                    }
                }
                Request::Batch { events_max, reply } => {
                    let _ = reply.send(self.open().and_then(|journal| journal.batch(events_max)));
                }
                Request::Settle { settlement, reply } => {
                    let settle = |journal: &mut Journal| {
                        journal.settle(&settlement).map(|()| journal.books())
                    };
                    let _ = reply.send(self.open().and_then(settle));
                }
                Request::Page { after, rows_max, reply } => {
                    let page = |journal: &mut Journal| journal.page(after, rows_max, false);
                    let _ = reply.send(self.open().and_then(page));
                }
                Request::Books { reply } => {
                    if let Some(journal) = &self.journal {
                        self.books = (journal.books(), journal.timeline().clone());
                    }
                    let _ = reply.send(self.books.clone());
                }
                Request::Prune { before_utc_ms, reply } => {
                    let prune = |journal: &mut Journal| journal.prune(before_utc_ms);
                    let _ = reply.send(self.open().and_then(prune));
                }
            }
        }
    }

    fn keep(&mut self, rated: Rated, reading: Reading) {
        let append = |journal: &mut Journal| {
            journal.append(rated, reading).map(|e| Answer::Kept(Box::new(e)))
        };
        let answer = self.open().and_then(append).unwrap_or_else(|error| {
            // Whether the rating is on the card is not known; only a new run, in a file opened
            // anew, can be sure not to hand out its number again.
            self.close();
            Answer::NotKept(error)
        });
        (self.answer)(answer);
    }

    fn probe(&mut self) {
        let answer = match self.open() {
            Ok(_) => Answer::Recovered,
            Err(error) => Answer::StillClosed(error),
        };
        (self.answer)(answer);
    }

    fn close(&mut self) {
        if let Some(journal) = self.journal.take() {
            self.books = (journal.books(), journal.timeline().clone());
        }
    }

    fn open(&mut self) -> Result<&mut Journal, Error> {
        let journal = match self.journal.take() {
            Some(journal) => journal,
            None => {
                let (mut journal, run) = (Journal::open(&self.folder)?, (self.new_run)());
                journal.begin(run, self.boot)?;
                tracing::info!(%run, "the journal is open again, in a new run");
                journal
            }
        };
        Ok(self.journal.insert(journal))
    }
}
