//! The journals that the board left when it was enrolled for another place, open again: what still
//! waits in them is delivered to whom it belongs, and everything in them can be read.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::journal::{Error, FILE, Home, Journal, JournalSource, JournalThread, Limits};
use super::settings::{Enrolment, Former, Owners};

/// A former journal, and how to read it.
#[derive(Debug)]
pub struct FormerPlace {
    /// Whose it is.
    pub former: Former,
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds.
    pub source: JournalSource,
}

/// A former journal that a running kiosk has open.
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
    /// Opens every former journal while no kiosk runs. One that cannot be opened is logged and left
    /// out.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has one open.
    pub fn open_all(data_dir: &Path, limits: Limits, owners: &Owners) -> Result<Vec<Self>, Error> {
        let mut places = Vec::new();
        for former in &owners.former {
            let folder = former.folder(data_dir);
            if let Some(journal) = open(&folder, limits)? {
                let (former, source) = (former.clone(), JournalSource::from(journal));
                places.push(Self { former, folder, source });
            }
        }
        Ok(places)
    }

    /// The place to which what waits can still be brought; none where it is a trial or given up.
    #[must_use]
    pub fn receiver(&self) -> Option<&Enrolment> {
        self.former.place().filter(|_| !self.former.is_given_up)
    }
}

impl FormerJournal {
    /// Opens every former journal of a running kiosk, each on a thread of its own; `home` says what
    /// each needs. One that cannot be opened is logged and left out.
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
            let Some(mut journal) = open(&folder, home.limits)? else {
                continue;
            };
            let is_open = journal.books().waiting > 0 || journal.is_salvaging();
            let has_network = former.place().is_some_and(|place| !place.hub.is_empty());
            let mut owed = match (former.is_given_up, former.is_told) {
                (false, _) => Some(Owed::Events),
                (true, false) => Some(Owed::Word),
                (true, true) => None,
            }
            .filter(|_| is_open && has_network);
            // Losses that are found while it is sent are written down in a run of this process.
            if owed == Some(Owed::Events)
                && let Err(error) = journal.begin((home.new_run)(), home.boot)
            {
                complain(&folder, &error);
                owed = None;
            }
            let newest_ms = journal.timeline().newest_ms();
            match JournalThread::start(Some(journal), home, |_| {}) {
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
        FormerPlace { former, folder, source: JournalSource::Running(journal) }
    }
}

/// Opens a journal that is there; none when it is not, or cannot be opened now.
fn open(folder: &Path, limits: Limits) -> Result<Option<Journal>, Error> {
    if !folder.join(FILE).exists() {
        return Ok(None);
    }
    match Journal::open(folder, limits) {
        Ok(journal) => Ok(Some(journal)),
        Err(error @ Error::InUse(_)) => Err(error),
        Err(error) => {
            complain(folder, &error);
            Ok(None)
        }
    }
}

fn complain(folder: &Path, error: &Error) {
    let error = error as &dyn std::error::Error;
    let folder = folder.display();
    tracing::error!(error, %folder, "what waits for a former place is kept and not sent now");
}
