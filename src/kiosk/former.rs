//! The journals that the board left when it was enrolled for another place, open again: what still
//! waits in them is delivered to whom it belongs, and everything in them can be read. One that
//! cannot be opened stays in the list, with the reason: what it holds is not nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::journal::{
    self, Error, Home, Journal, JournalSource, JournalThread, Limits, Unreadable,
};
use super::settings::{Former, Owners};
use crate::feedback::zone::Zone;

/// A former journal, and how to read it.
#[derive(Debug)]
pub struct FormerPlace {
    /// Whose it is.
    pub former: Former,
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds, or why it cannot be opened.
    source: Result<JournalSource, Arc<Error>>,
}

/// A former journal of a running kiosk, whose thread opens it as soon as it can be.
#[derive(Clone, Debug)]
pub struct FormerJournal {
    /// Whose it is.
    pub former: Former,
    /// Its folder.
    pub folder: PathBuf,
    /// Its thread.
    pub journal: JournalThread,
    /// The latest time that it knows, in milliseconds since 1970 UTC.
    pub newest_ms: Option<i64>,
    /// What its place is still owed, over the network.
    pub owed: Option<Owed>,
}

/// What a former place is still owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// What waits for it.
    Events,
    /// Word of what was given up.
    Word,
}

impl FormerPlace {
    /// Opens every former journal while no kiosk runs.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has one open.
    pub fn open_all(data_dir: &Path, limits: Limits, owners: &Owners) -> Result<Vec<Self>, Error> {
        let mut places = Vec::new();
        for former in &owners.former {
            let folder = former.folder(data_dir);
            let source = match journal::open_there(&folder, limits) {
                Ok(None) => continue,
                Ok(Some(journal)) => Ok(JournalSource::from(journal)),
                Err(error @ Error::InUse(_)) => return Err(error),
                Err(error) => Err(Arc::new(error)),
            };
            places.push(Self { former: former.clone(), folder, source });
        }
        Ok(places)
    }

    /// What it holds.
    ///
    /// # Errors
    /// When it could not be opened.
    pub fn source(&self) -> Result<&JournalSource, Unreadable> {
        self.source.as_ref().map_err(|error| Unreadable::Unopened(error.clone()))
    }

    /// Whether what waits in it is still to be brought to somebody: it is neither a trial nor given
    /// up, and somebody knows whose it is.
    #[must_use]
    pub fn is_owed(&self) -> bool {
        self.former.place().is_some() && !self.former.is_given_up
    }

    /// The time zone by which its place counts; this one where nobody knows it.
    #[must_use]
    pub fn zone_or(&self, zone: &Zone) -> Zone {
        let own = self.former.place().and_then(super::settings::Enrolment::known_zone);
        own.unwrap_or_else(|| zone.clone())
    }
}

impl FormerJournal {
    /// Opens every former journal of a running kiosk, each on a thread of its own; `home` says what
    /// each needs. One that cannot be opened is logged, and tried again whenever it is needed.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has one open.
    pub fn open_all(
        data_dir: &Path,
        owners: &Owners,
        home: impl Fn(PathBuf) -> Home,
    ) -> Result<Vec<(Self, JoinHandle<()>)>, Error> {
        let mut opened = Vec::new();
        for former in &owners.former {
            let folder = former.folder(data_dir);
            let home = home(folder.clone());
            let journal = match journal::open_there(&folder, home.limits) {
                Ok(None) => continue,
                Ok(Some(journal)) => Some(journal),
                Err(error @ Error::InUse(_)) => return Err(error),
                Err(error) => {
                    complain(&folder, &error);
                    None
                }
            };
            let owed = owed(former, journal.as_ref());
            let journal = journal.map(|journal| begun(journal, &home, owed));
            let newest_ms = journal.as_ref().and_then(|journal| journal.timeline().newest_ms());
            match JournalThread::start(journal, home, |_| {}) {
                Ok((journal, thread)) => {
                    let former = former.clone();
                    opened.push((Self { former, folder, journal, newest_ms, owed }, thread));
                }
                Err(error) => tracing::error!(%error, "going on without a former place's journal"),
            }
        }
        Ok(opened)
    }

    /// For a reader of all of it.
    #[must_use]
    pub fn place(&self) -> FormerPlace {
        let Self { former, folder, journal, .. } = self.clone();
        FormerPlace { former, folder, source: Ok(JournalSource::Running(journal)) }
    }
}

/// What a place is owed over the network; as much as it may be where the journal cannot be opened.
fn owed(former: &Former, journal: Option<&Journal>) -> Option<Owed> {
    let is_open = |journal: &Journal| {
        let books = journal.books();
        books.waiting + books.untold > 0 || journal.is_salvaging()
    };
    let has_network = former.place().is_some_and(|place| !place.hub.is_empty());
    let owed = match (former.is_given_up, former.is_told) {
        (false, _) => Some(Owed::Events),
        (true, false) => Some(Owed::Word),
        (true, true) => None,
    };
    owed.filter(|_| has_network && journal.is_none_or(is_open))
}

/// Begins a run where losses may be found, which are written down in one: while its events are
/// sent, and while a damaged journal is salvaged, whatever becomes of what is in it.
fn begun(mut journal: Journal, home: &Home, owed: Option<Owed>) -> Journal {
    if (owed == Some(Owed::Events) || journal.is_salvaging())
        && let Err(error) = journal.begin((home.new_run)(), home.boot)
    {
        complain(&home.folder, &error);
    }
    journal
}

fn complain(folder: &Path, error: &Error) {
    let error = error as &dyn std::error::Error;
    let folder = folder.display();
    tracing::error!(error, %folder, "what waits for a former place is kept and not sent now");
}
