//! The thread that owns the journal, and the way to ask it for something.
//!
//! Whoever wants to know something waits for the answer; whoever presses does not. Everything is
//! asked in small pieces, so that a press never waits behind more than one of them.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};

use tokio::sync::oneshot;

use super::append::Journal;
use super::batch::{Batch, Settlement};
use super::books::{Books, Ledger};
use super::error::Error;
use super::folder::Limits;
use super::rescue::repair;
use super::reserve;
use super::row::{Entry, Kept};
use crate::feedback::event::Event;
use crate::feedback::moment::{Anchor, Reading, Timeline};
use crate::feedback::rating::{BootId, RunId};

/// How many requests wait for the journal at most: one press, the uplink, and the desk's askers.
const REQUESTS_MAX: usize = 64;

/// How long chores are left alone after there was no room for one, in milliseconds.
const CHORES_REST_MS: u64 = 60_000;

/// What became of an event that was to be kept.
#[derive(Debug)]
pub enum Outcome {
    /// It is durable on the card.
    Kept(Box<Entry>),
    /// It could not be written, and the run was closed.
    NotKept(Error),
    /// The journal takes ratings again, in a new run.
    Recovered,
    /// It still takes none.
    StillClosed(Error),
    /// Somebody has said what time it is in this boot.
    Dated(Anchor),
}

/// The journal's thread has ended, as it does when the kiosk is shutting down.
#[derive(Debug, thiserror::Error)]
#[error("journal is closed")]
pub struct Gone;

type Reply<T> = oneshot::Sender<T>;

enum Request {
    Keep(Box<Event>, Reading, Option<RunId>),
    Probe,
    Tie(Anchor),
    Batch { events_max: usize, reply: Reply<Result<Batch, Error>> },
    Settle { settlement: Box<Settlement>, reply: Reply<Result<Books, Error>> },
    Page { after: i64, rows_max: usize, reply: Reply<Result<Vec<Kept>, Error>> },
    Books { reply: Reply<(Books, Timeline)> },
    Retry { reply: Reply<Result<u64, Error>> },
    Ledger { reply: Reply<Result<Ledger, Error>> },
    Close,
    Prune { before_utc_ms: i64, reply: Reply<Result<usize, Error>> },
}

/// A handle on the journal's thread; the thread ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct JournalThread {
    requests: SyncSender<Request>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request")
    }
}

impl JournalThread {
    /// Hands a journal to a thread of its own, which opens it anew when it has to; it may be none
    /// that can be opened yet. `answer` gets what becomes of each kept rating.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(
        journal: Option<Journal>,
        home: Home,
        answer: impl Fn(Outcome) + Send + 'static,
    ) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (requests, inbox) = sync_channel(REQUESTS_MAX);
        let books = journal.as_ref().map(|journal| (journal.books(), journal.timeline().clone()));
        let books = books.unwrap_or_default();
        let owner = Owner { home, journal, books, chores_at_ms: 0, trouble: None, answer };
        let thread = std::thread::Builder::new().name("journal".to_owned());
        Ok((Self { requests }, thread.spawn(move || owner.run(&inbox))?))
    }

    /// Has an event written; the answer comes by the way given to [`JournalThread::start`].
    ///
    /// The numbers that it names are those of the run `of`; in another run it names none.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn keep(&self, event: Event, reading: Reading, of: Option<RunId>) -> Result<(), Gone> {
        self.send(Request::Keep(Box::new(event), reading, of))
    }

    /// Has a closed journal tried again; the answer comes by the way given to [`JournalThread::start`].
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

    /// As [`JournalThread::batch`]; blocks until the journal answers.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn batch_now(&self, events_max: usize) -> Result<Result<Batch, Error>, Gone> {
        self.wait_for(|reply| Request::Batch { events_max, reply })
    }

    /// As [`JournalThread::settle`]; blocks until the journal answers.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn settle_now(&self, settlement: Settlement) -> Result<Result<Books, Error>, Gone> {
        let settlement = Box::new(settlement);
        self.wait_for(|reply| Request::Settle { settlement, reply })
    }

    /// See [`Journal::retry`]; blocks until the journal answers.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn retry(&self) -> Result<Result<u64, Error>, Gone> {
        self.wait_for(|reply| Request::Retry { reply })
    }

    /// See [`Journal::ledger`]; blocks until the journal answers.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn ledger(&self) -> Result<Result<Ledger, Error>, Gone> {
        self.wait_for(|reply| Request::Ledger { reply })
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

/// Where the journal is, and what it needs to be opened anew.
pub struct Home {
    /// The data folder.
    pub folder: PathBuf,
    /// How large the journal may become.
    pub limits: Limits,
    /// The boot that is lived.
    pub boot: BootId,
    /// Makes the id of the run that follows a failure.
    pub new_run: Box<dyn Fn() -> RunId + Send>,
    /// Reads both clocks, for what the journal has to report of itself.
    pub read_clocks: fn() -> Reading,
}

/// The thread's own side: the journal, while it is open.
struct Owner<A> {
    home: Home,
    journal: Option<Journal>,
    /// What was last known, for askers while the journal is closed.
    books: (Books, Timeline),
    /// No chore is tried before this, in milliseconds since boot.
    chores_at_ms: u64,
    /// What was last complained about, so that a full card is one line in the log.
    trouble: Option<String>,
    answer: A,
}

impl<A: Fn(Outcome)> Owner<A> {
    fn run(mut self, inbox: &Receiver<Request>) {
        while let Ok(request) = self.next(inbox) {
            match request {
                Some(Request::Close) => break,
                Some(request) => self.serve(request),
                None => self.chore(),
            }
        }
        if let Some(journal) = self.journal.take() {
            journal.close();
        }
    }

    /// The next request; none when nobody asks and there is something else to do.
    fn next(&self, inbox: &Receiver<Request>) -> Result<Option<Request>, RecvError> {
        let is_due = |journal: &Journal| {
            journal.run().is_some()
                && journal.has_chores()
                && (self.home.read_clocks)().boot_ms >= self.chores_at_ms
        };
        if !self.journal.as_ref().is_some_and(is_due) {
            return inbox.recv().map(Some);
        }
        match inbox.try_recv() {
            Ok(request) => Ok(Some(request)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(RecvError),
        }
    }

    fn serve(&mut self, request: Request) {
        // An asker that has gone away wants no answer.
        match request {
            Request::Keep(event, reading, of) => self.keep(*event, reading, of),
            Request::Probe => self.probe(),
            Request::Tie(anchor) => {
                if let Err(error) = self.with(|journal| journal.tie(anchor)) {
                    tracing::warn!(%error, "the time could not be noted");
                }
                (self.answer)(Outcome::Dated(anchor));
            }
            Request::Batch { events_max, reply } => {
                let _ = reply.send(self.with(|journal| journal.batch(events_max)));
            }
            Request::Settle { settlement, reply } => {
                let settle =
                    |journal: &mut Journal| journal.settle(&settlement).map(|()| journal.books());
                let _ = reply.send(self.with(settle));
                if let Some(anchor) = settlement.anchor {
                    (self.answer)(Outcome::Dated(anchor));
                }
            }
            Request::Page { after, rows_max, reply } => {
                let _ = reply.send(self.with(|journal| journal.page(after, rows_max)));
            }
            Request::Books { reply } => {
                if let Some(journal) = &self.journal {
                    self.books = (journal.books(), journal.timeline().clone());
                }
                let _ = reply.send(self.books.clone());
            }
            Request::Prune { before_utc_ms, reply } => {
                let _ = reply.send(self.with(|journal| journal.prune(before_utc_ms)));
            }
            Request::Retry { reply } => {
                let _ = reply.send(self.with(Journal::retry));
            }
            Request::Ledger { reply } => {
                let _ = reply.send(self.with(|journal| journal.ledger()));
            }
            // The loop has ended already when this comes.
            Request::Close => {}
        }
    }

    fn chore(&mut self) {
        let reading = (self.home.read_clocks)();
        match self.with(|journal| journal.chore(reading)) {
            Ok(()) => {}
            // Ratings may still find room where more than one at a time does not.
            Err(error @ Error::Full(_)) => {
                tracing::warn!(%error, "a repair waits for room");
                self.chores_at_ms = reading.boot_ms + CHORES_REST_MS;
            }
            // What was begun is begun anew when the journal is open again.
            Err(error) => self.close(&error),
        }
    }

    fn keep(&mut self, event: Event, reading: Reading, of: Option<RunId>) {
        let answer = match self.append(event, reading, of) {
            Ok(entry) => Outcome::Kept(Box::new(entry)),
            Err(error) => Outcome::NotKept(error),
        };
        (self.answer)(answer);
    }

    /// Appends an event; where there is no room, room is made and it is tried once more.
    fn append(
        &mut self,
        event: Event,
        reading: Reading,
        of: Option<RunId>,
    ) -> Result<Entry, Error> {
        let append = |journal: &mut Journal, event: Event| {
            let is_same_run = journal.run().map(|(run, _)| run) == of;
            journal.append(if is_same_run { event } else { event.elsewhere() }, reading)
        };
        let next = self.journal.as_ref().and_then(Journal::next_id);
        let error = match self.open_run().and_then(|journal| append(journal, event.clone())) {
            Ok(entry) => return Ok(entry),
            Err(error) => error,
        };
        // Whether the rating is on the card is not known; only a new run, in a file opened anew,
        // can be sure not to hand out its number again.
        self.close(&error);
        if !self.make_room(&error) {
            return Err(error);
        }
        let journal = self.open_run()?;
        // What was written before the room ran out may have been whole after all.
        if let Some(id) = next
            && let Some(entry) = journal.newest_of(id)?
        {
            return Ok(entry);
        }
        let again = append(journal, event);
        again.inspect_err(|error| self.close(error))
    }

    /// Makes room where there is none; whether it makes sense to try again.
    fn make_room(&mut self, error: &Error) -> bool {
        match error {
            Error::Full(folder) => {
                let has_room = reserve::give_up(folder);
                if has_room {
                    tracing::error!("the card is full: the reserve is given up, ratings go on");
                }
                has_room
            }
            Error::AtLimit(_) => matches!(self.open().and_then(Journal::make_room), Ok(1..)),
            // A damaged file was replaced by a fresh one.
            Error::Damaged { .. } => true,
            _ => false,
        }
    }

    fn probe(&mut self) {
        let mut opened = self.open_run().map(drop);
        if let Err(error @ (Error::Full(_) | Error::AtLimit(_))) = &opened
            && self.make_room(error)
        {
            opened = self.open_run().map(drop);
        }
        (self.answer)(match opened {
            Ok(()) => Outcome::Recovered,
            Err(error) => Outcome::StillClosed(error),
        });
    }

    /// Does something with the open journal; one that proves damaged is closed, and set aside when
    /// it is opened again.
    fn with<T>(&mut self, act: impl FnOnce(&mut Journal) -> Result<T, Error>) -> Result<T, Error> {
        let done = self.open().and_then(act);
        if let Err(error @ Error::Damaged { .. }) = &done {
            self.close(error);
        }
        done
    }

    /// Closes the journal after an error, and sees to it that a damaged file is not trusted again.
    fn close(&mut self, error: &Error) {
        let Some(journal) = self.journal.take() else {
            return;
        };
        self.books = (journal.books(), journal.timeline().clone());
        drop(journal);
        if let Error::Damaged { .. } = error {
            // When it cannot be set aside, opening it will say why.
            let _ = Journal::set_aside(&self.home.folder, error);
        } else {
            repair::forget_cache(&self.home.folder);
        }
    }

    /// The journal, with a run that ratings can be appended to.
    fn open_run(&mut self) -> Result<&mut Journal, Error> {
        let (boot, run) = (self.home.boot, (self.home.new_run)());
        let journal = self.open()?;
        if journal.run().is_none() {
            journal.begin(run, boot)?;
            tracing::info!(%run, "the journal takes ratings again, in a new run");
        }
        Ok(journal)
    }

    /// The journal; on a full card only to be read, and to have settled what was delivered, which
    /// is what makes room again.
    fn open(&mut self) -> Result<&mut Journal, Error> {
        let journal = match self.journal.take() {
            Some(journal) => journal,
            None => self.open_anew().inspect_err(|error| self.complain(error))?,
        };
        Ok(self.journal.insert(journal))
    }

    fn open_anew(&mut self) -> Result<Journal, Error> {
        let Home { folder, limits, boot, new_run, .. } = &self.home;
        let mut journal = Journal::open(folder, *limits)?;
        let run = new_run();
        match journal.begin(run, *boot) {
            Ok(()) => {
                self.trouble = None;
                tracing::info!(%run, "the journal is open again, in a new run");
            }
            Err(error @ (Error::Full(_) | Error::AtLimit(_))) => self.complain(&error),
            Err(error) => return Err(error),
        }
        Ok(journal)
    }

    /// Says what is wrong when it changes.
    fn complain(&mut self, error: &Error) {
        let why = error.to_string();
        if self.trouble.as_ref() != Some(&why) {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, cause = error.source(), "the journal takes no ratings");
        }
        self.trouble = Some(why);
    }
}
