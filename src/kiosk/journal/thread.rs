//! The thread that owns the journal, and the handle by which the other threads use it.
//!
//! Readers wait for the reply; a press does not. All requests are small, so that a press never
//! waits behind more than one of them.

use std::path::PathBuf;
use std::sync::mpsc::{
    Receiver, RecvError, RecvTimeoutError, SyncSender, TryRecvError, sync_channel,
};
use std::time::Duration;

use tokio::sync::oneshot;

use super::append::Journal;
use super::batch::{Batch, Settlement};
use super::books::{Audit, Books};
use super::error::Error;
use super::folder::Limits;
use super::rescue::{own, repair};
use super::reserve;
use super::row::{Entry, Kept};
use crate::feedback::event::Event;
use crate::feedback::moment::{Anchor, Limit, Reading, Source, Timeline};
use crate::feedback::rating::{BootId, RunId};

/// How many requests can wait for the journal: one press, the uplink, and the desk's readers.
const REQUESTS_MAX: usize = 64;

/// How long chores rest after one found no space, in milliseconds.
const CHORES_REST_MS: u64 = 60_000;

/// How long nothing may happen before the journal looks whether its file is still its own.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// What the journal tells the attendant.
#[derive(Debug)]
pub enum Outcome {
    /// The event is durable on the card.
    Kept(Box<Entry>),
    /// The event could not be written, and the run was closed.
    NotKept(Error),
    /// The journal takes ratings again, in a new run.
    Recovered,
    /// The journal still takes no ratings.
    StillClosed(Error),
    /// The journal has learnt the time of this boot.
    Dated(Anchor),
}

/// The journal's thread has ended, as it does when the kiosk is shutting down.
#[derive(Debug, thiserror::Error)]
#[error("journal is closed")]
pub struct Gone;

type ReplyTo<T> = oneshot::Sender<T>;

enum Request {
    Keep(Box<Event>, Reading, Option<RunId>),
    Probe,
    Look,
    AddAnchor(Anchor),
    Batch { events_max: usize, reply: ReplyTo<Result<Batch, Error>> },
    Settle { settlement: Box<Settlement>, reply: ReplyTo<Result<Books, Error>> },
    Page { after: i64, rows_max: usize, reply: ReplyTo<Result<Vec<Kept>, Error>> },
    Books { reply: ReplyTo<(Books, Timeline)> },
    Retry { reply: ReplyTo<Result<u64, Error>> },
    HasChores { reply: ReplyTo<Result<bool, Error>> },
    Audit { reply: ReplyTo<Result<Audit, Error>> },
    Close,
    Prune { limit: Limit, reply: ReplyTo<Result<usize, Error>> },
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
    /// Starts the thread with an open journal, or with none that could be opened yet; the thread
    /// reopens it when it has to. `report` gets what becomes of each event.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(
        journal: Option<Journal>,
        home: Home,
        report: impl Fn(Outcome) + Send + 'static,
    ) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (requests, inbox) = sync_channel(REQUESTS_MAX);
        let books = journal.as_ref().map(|journal| (journal.books(), journal.timeline().clone()));
        let books = books.unwrap_or_default();
        let owner = Owner { home, journal, books, chores_at_ms: 0, trouble: None, report };
        let thread = std::thread::Builder::new().name("journal".to_owned());
        Ok((Self { requests }, thread.spawn(move || owner.run(&inbox))?))
    }

    /// Asks for an event to be written; the outcome goes to the closure given to
    /// [`JournalThread::start`].
    ///
    /// The event numbers in it belong to the run `of`; in any other run they are removed.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn keep(&self, event: Event, reading: Reading, of: Option<RunId>) -> Result<(), Gone> {
        self.send(Request::Keep(Box::new(event), reading, of))
    }

    /// Asks for a closed journal to be tried again; the outcome goes to the closure given to
    /// [`JournalThread::start`].
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn probe(&self) -> Result<(), Gone> {
        self.send(Request::Probe)
    }

    /// Closes the journal and ends its thread; later requests get [`Gone`].
    pub fn close(&self) {
        // If the thread has ended already, there is nothing to close.
        let _ = self.send(Request::Close);
    }

    /// Gives the journal an anchor of this boot's time.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn add_anchor(&self, anchor: Anchor) -> Result<(), Gone> {
        self.send(Request::AddAnchor(anchor))
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

    /// See [`Journal::has_chores`].
    pub async fn has_chores(&self) -> Result<Result<bool, Error>, Gone> {
        self.ask(|reply| Request::HasChores { reply }).await
    }

    /// See [`Journal::prune`].
    pub async fn prune(&self, limit: Limit) -> Result<Result<usize, Error>, Gone> {
        self.ask(|reply| Request::Prune { limit, reply }).await
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

    /// See [`Journal::audit`]; blocks until the journal answers.
    ///
    /// # Errors
    /// [`Gone`] when the thread has ended.
    pub fn audit(&self) -> Result<Result<Audit, Error>, Gone> {
        self.wait_for(|reply| Request::Audit { reply })
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

    fn wait_for<T>(&self, request: impl FnOnce(ReplyTo<T>) -> Request) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply))?;
        answer.blocking_recv().map_err(|_| Gone)
    }

    async fn ask<T>(&self, request: impl FnOnce(ReplyTo<T>) -> Request) -> Result<T, Gone> {
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
    /// This boot.
    pub boot: BootId,
    /// Makes the id of the run that follows a failure.
    pub new_run: Box<dyn Fn() -> RunId + Send>,
    /// Reads both clocks, to date the losses that the journal reports.
    pub read_clocks: fn() -> Reading,
}

/// The state of the thread: the journal, while it is open.
struct Owner<A> {
    home: Home,
    journal: Option<Journal>,
    /// The last known state, for readers while the journal is closed.
    books: (Books, Timeline),
    /// No chore is tried before this, in milliseconds since boot.
    chores_at_ms: u64,
    /// The last error in the log, so that a full card is one line there.
    trouble: Option<String>,
    report: A,
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

    /// The next request; none when no request waits and a chore is due.
    fn next(&self, inbox: &Receiver<Request>) -> Result<Option<Request>, RecvError> {
        let is_due = |journal: &Journal| {
            journal.run().is_some()
                && journal.has_chores()
                && (self.home.read_clocks)().boot_ms >= self.chores_at_ms
        };
        if !self.journal.as_ref().is_some_and(is_due) {
            return match inbox.recv_timeout(LOOK_INTERVAL) {
                Ok(request) => Ok(Some(request)),
                Err(RecvTimeoutError::Timeout) => Ok(Some(Request::Look)),
                Err(RecvTimeoutError::Disconnected) => Err(RecvError),
            };
        }
        match inbox.try_recv() {
            Ok(request) => Ok(Some(request)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(RecvError),
        }
    }

    fn serve(&mut self, request: Request) {
        // A reader that has ended needs no reply.
        match request {
            Request::Keep(event, reading, of) => self.keep(*event, reading, of),
            Request::Probe => self.probe(),
            Request::Look => self.look(),
            Request::AddAnchor(anchor) => {
                if let Err(error) = self.with(|journal| journal.add_anchor(anchor)) {
                    tracing::warn!(%error, "cannot keep the time in the journal");
                }
                self.report_time(anchor);
            }
            Request::Batch { events_max, reply } => {
                let _ = reply.send(self.with(|journal| journal.batch(events_max)));
            }
            Request::Settle { settlement, reply } => {
                let settle =
                    |journal: &mut Journal| journal.settle(&settlement).map(|()| journal.books());
                let _ = reply.send(self.with(settle));
                if let Some(anchor) = settlement.anchor {
                    self.report_time(anchor);
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
            Request::Prune { limit, reply } => {
                let _ = reply.send(self.with(|journal| journal.prune(limit)));
            }
            Request::Retry { reply } => {
                let _ = reply.send(self.with(Journal::retry));
            }
            Request::HasChores { reply } => {
                let _ = reply.send(self.with(|journal| Ok(journal.has_chores())));
            }
            Request::Audit { reply } => {
                let _ = reply.send(self.with(|journal| journal.audit()));
            }
            // The loop ends before this request gets here.
            Request::Close => {}
        }
    }

    /// Reports what dates this boot, after an anchor was heard: one that is trusted more may be
    /// kept. A closed journal keeps none, and then head office's word goes no further: it may be
    /// the one that a time service has contradicted.
    fn report_time(&self, heard: Anchor) {
        let journal = self.journal.as_ref();
        let boot_ms = heard.boot_ms;
        let dates = journal.and_then(|it| it.timeline().anchor_at(self.home.boot, boot_ms));
        let alone = Some(&heard).filter(|heard| heard.source != Source::Hub);
        if let Some(anchor) = dates.or(alone) {
            (self.report)(Outcome::Dated(*anchor));
        }
    }

    fn chore(&mut self) {
        let reading = (self.home.read_clocks)();
        match self.with(|journal| journal.chore(reading)) {
            Ok(()) => {}
            // There may still be room for single ratings where a chore finds none.
            Err(error @ Error::Full(_)) => {
                tracing::warn!(%error, "the repair of the journal waits for free space");
                self.chores_at_ms = reading.boot_ms + CHORES_REST_MS;
            }
            // The chore starts again when the journal is open again.
            Err(error) => self.close(&error),
        }
    }

    fn keep(&mut self, event: Event, reading: Reading, of: Option<RunId>) {
        let answer = match self.append(event, reading, of) {
            Ok(entry) => Outcome::Kept(Box::new(entry)),
            Err(error) => Outcome::NotKept(error),
        };
        (self.report)(answer);
    }

    /// Appends an event; on a full card it makes room and tries once more.
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
        // It is not known whether the rating is on the card; only a new run, in a reopened file,
        // is sure not to hand out its number again.
        self.close(&error);
        if !self.make_room(&error) {
            return Err(error);
        }
        let journal = self.open_run()?;
        // The event may have been written whole before the room ran out.
        if let Some(id) = next
            && let Some(entry) = journal.newest_of(id)?
        {
            return Ok(entry);
        }
        let again = append(journal, event);
        again.inspect_err(|error| self.close(error))
    }

    /// Makes room where there is none; returns whether another try makes sense.
    fn make_room(&mut self, error: &Error) -> bool {
        match error {
            Error::Full(folder) => {
                let has_room = reserve::give_up(folder);
                if has_room {
                    tracing::error!(
                        "the card is full: the journal gives up its reserve file to go on"
                    );
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
        (self.report)(match opened {
            Ok(()) => Outcome::Recovered,
            Err(error) => Outcome::StillClosed(error),
        });
    }

    /// Does something with the open journal; a damaged one is closed, and quarantined at once.
    fn with<T>(&mut self, act: impl FnOnce(&mut Journal) -> Result<T, Error>) -> Result<T, Error> {
        let done = self.open().and_then(act);
        if let Err(error @ Error::Damaged { .. }) = &done {
            self.close(error);
        }
        done
    }

    /// Closes the journal after an error, and quarantines a damaged file.
    fn close(&mut self, error: &Error) {
        if let Error::Replaced { .. } = error {
            return;
        }
        let Some(journal) = self.journal.take() else {
            return;
        };
        self.books = (journal.books(), journal.timeline().clone());
        drop(journal);
        if let Error::Damaged { .. } = error {
            // If the file cannot be renamed, the next opening says why.
            let _ = Journal::quarantine(&self.home.folder, error);
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

    /// Looks whether the journal's file is still its own, while nothing else happens.
    fn look(&mut self) {
        if self.journal.is_some()
            && let Err(error) = self.with(|_| Ok(()))
        {
            self.complain(&error);
        }
    }

    /// Saves what the journal holds, whose name leads to another file or to none.
    fn save(&mut self, journal: Journal) -> Result<Journal, Error> {
        let saved = journal.save();
        self.books = (journal.books(), journal.timeline().clone());
        match saved {
            Ok(()) => {}
            Err(error @ Error::Damaged { .. }) => {
                drop(journal);
                Journal::quarantine(&self.home.folder, &error)?;
                return self.open_anew();
            }
            Err(error) => {
                // Its ratings are nowhere else, so it stays open until they can be copied.
                self.journal = Some(journal);
                return Err(error);
            }
        }
        drop(journal);
        let folder = &self.home.folder;
        let foreign = own::put_in_place(folder).map_err(|source| Error::Replaced {
            folder: folder.clone(),
            source: Box::new(source),
        })?;
        let foreign = foreign.display();
        tracing::error!(%foreign, "somebody replaced the journal's file; all it held is saved");
        self.open_anew()
    }

    /// The journal. On a full card it can only be read and settled, which makes room again.
    fn open(&mut self) -> Result<&mut Journal, Error> {
        let journal = match self.journal.take() {
            Some(journal) if journal.is_in_place() => journal,
            Some(journal) => self.save(journal)?,
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

    /// Logs what is wrong when it changes.
    fn complain(&mut self, error: &Error) {
        let why = error.to_string();
        if self.trouble.as_ref() != Some(&why) {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "the journal takes no ratings");
        }
        self.trouble = Some(why);
    }
}
