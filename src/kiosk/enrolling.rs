//! What the board holds, and for whom: asked before it is enrolled or reset, so that nothing that
//! was taken for one place goes to another, or is deleted unseen.

use std::path::Path;
use std::time::Duration;

use super::desk::counts::error::Unanswerable;
use super::desk::tools::socket::{self, Answers};
use super::desk::tools::verify::{look_up, verify_all};
use super::former::FormerPlace;
use super::journal::{self, JournalSource, Limits};
use super::office_survey::OfficeSurvey;
use super::pin;
use super::settings::{Enrolment, EnrolmentError, Former, Leave, Owners, Settings, hold};
use super::uplink::Entry;
use crate::clock;
use crate::escape::chain;
use crate::wire::local::{Ask, FormerSums, Verified};

/// What becomes of what was taken before any enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It belongs to the new enrolment, and is sent there.
    Keep,
    /// It was a trial: it is kept here and never sent.
    Trial,
}

/// Why nobody can tell what the board holds, or why it cannot be enrolled or reset.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The running kiosk does not say.
    #[error(transparent)]
    Asked(#[from] socket::Error),
    /// A journal cannot be read.
    #[error(transparent)]
    Unread(#[from] Unanswerable),
    /// A journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The enrolment cannot be read or written.
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
    /// Somebody else has enrolled the board meanwhile.
    #[error(
        "this board was enrolled by somebody else while the code was exchanged, and that enrolment \
         stays: `smilepost-kiosk verify` shows what waits for whom. The code is used up: if this \
         place is the right one, enrol again with another code (`smilepost-hub kiosk code`)"
    )]
    Overtaken,
    /// The board has left no kiosk of that name, hub and journal.
    #[error(
        "this board has left no kiosk {0:?} at such a place: `smilepost-kiosk verify` shows those \
         that it has left"
    )]
    NotLeft(String),
    /// It has left several, and nobody has said which is meant.
    #[error(
        "this board has left several kiosks {name}, and nothing was given up: {}. Say which with \
         `--hub URL`, or with `--journal N`", .places.join("; ")
    )]
    Several {
        /// The name of all of them.
        name: String,
        /// Each, with the number of its journal.
        places: Vec<String>,
    },
    /// What belonged to the former head office cannot be deleted.
    #[error("cannot delete what belonged to the former head office")]
    Forget(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nobody has said what becomes of what was taken before any enrolment.
    #[error(
        "this kiosk holds {0} ratings and other events that were taken before any enrolment: say \
         `--before keep` if they belong to this one, or `--before trial` if they were a trial, \
         which is kept here and never sent; the code was not used"
    )]
    Undecided(u64),
    /// A kiosk is running, and would go on taking ratings for what is given up.
    #[error(
        "smilepost-kiosk is running, and what it takes until its restart would be given up or \
         taken for a trial too: stop it first; the code was not used"
    )]
    Running,
}

/// The journals of the board, opened while no kiosk runs.
#[derive(Debug)]
pub struct Files {
    /// Where the board is enrolled.
    pub enrolment: Option<Enrolment>,
    /// The present one; none where there is none yet, or where it cannot be opened.
    pub present: Option<JournalSource>,
    /// Why the present one cannot be opened.
    unread: Option<journal::Error>,
    /// Those of former places.
    pub former: Vec<FormerPlace>,
    /// Which is whose.
    pub owners: Owners,
}

/// How long a kiosk that starts, or another command, is waited for, and how often it is looked for.
const PATIENCE_MS: u64 = 10_000;
const PAUSE: Duration = Duration::from_millis(50);

/// Who answers for the board.
#[derive(Debug)]
pub enum Reached {
    /// The kiosk that runs on it.
    Kiosk(Answers),
    /// Its journals: no kiosk runs.
    Files(Box<Files>),
}

/// Asks the running kiosk, or opens the journals where none runs; nothing is made where nothing is.
///
/// A kiosk that starts holds its journals before it can be asked, and another command lets go of
/// them soon: both are waited for, for 10 s.
///
/// # Errors
/// When a kiosk runs and cannot be asked, nobody can tell which journal is whose, or another
/// process keeps one open ([`journal::Error::InUse`]).
pub fn reach(settings: &Settings, ask: &Ask) -> Result<Reached, Error> {
    let until_ms = clock::boot_ms() + PATIENCE_MS;
    loop {
        if let Some(answers) = socket::ask(&settings.runtime_dir, ask)? {
            return Ok(Reached::Kiosk(answers));
        }
        match Files::open(settings) {
            Err(Error::Journal(journal::Error::InUse(_))) if clock::boot_ms() < until_ms => {
                std::thread::sleep(PAUSE);
            }
            looked => return looked.map(|files| Reached::Files(Box::new(files))),
        }
    }
}

impl Files {
    /// The same, if the present journal can be read.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn whole(mut self) -> Result<Self, Error> {
        self.unread.take().map_or(Ok(self), |error| Err(error.into()))
    }

    /// Opens the journals, and goes on without those that cannot be opened.
    ///
    /// # Errors
    /// [`journal::Error::InUse`] when another process has one open, and when nobody can tell which
    /// is whose.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        let Settings { data_dir, journal_bytes_max, .. } = settings;
        let limits = Limits { bytes_max: *journal_bytes_max };
        let enrolment = known(data_dir)?;
        let owners = Owners::read(data_dir, enrolment.as_ref())?;
        let folder = owners.journal(data_dir);
        let (present, unread) = match journal::open_there(&folder, limits) {
            Ok(journal) => (journal.map(JournalSource::from), None),
            Err(error @ journal::Error::InUse(_)) => return Err(error.into()),
            Err(error) => (None, Some(error)),
        };
        let former = FormerPlace::open_all(data_dir, limits, &owners)?;
        Ok(Self { enrolment, present, unread, former, owners })
    }

    /// Reads everything, and says in sentences what would be lost with it.
    ///
    /// # Errors
    /// When a journal that was opened cannot be read.
    pub fn would_be_lost(self) -> Result<Vec<String>, Error> {
        let unread = |error: &dyn std::error::Error| {
            format!("The journal of the present place cannot be read: {}.", chain(error))
        };
        let mut lost: Vec<String> = self.unread.iter().map(|error| unread(error)).collect();
        let verified = match verify_all(self.present.as_ref(), &self.former) {
            Ok(verified) => verified,
            Err(error) => {
                lost.push(unread(&error));
                verify_all(None, &self.former)?
            }
        };
        let holds = verified.holds;
        let standing = Standing { enrolment: self.enrolment, books: verified, is_running: false };
        lost.extend(standing.waiting());
        let former = standing.books.former.iter().map(|former| former.sums.set_aside);
        let set_aside = standing.books.total.set_aside + former.sum::<u64>();
        if set_aside > 0 {
            lost.push(format!(
                "Set aside, and kept here alone: {set_aside}; `smilepost-kiosk retry` sends them \
                 again."
            ));
        }
        if !holds {
            lost.push("The books do not balance: see `smilepost-kiosk verify`.".to_owned());
        }
        Ok(lost)
    }
}

/// Gives up what still waits for the one former place where the kiosk had this name, at this
/// address of a hub and in this journal where they are said; returns which place that is.
///
/// # Errors
/// [`Error::NotLeft`], [`Error::Several`], and when the folder cannot be written.
pub fn give_up(
    data_dir: &Path,
    kiosk: &str,
    hub: Option<&str>,
    journal: Option<u32>,
) -> Result<String, Error> {
    let owners = Owners::read(data_dir, known(data_dir)?.as_ref())?;
    let found = owners.of_name(kiosk, hub, journal);
    // What is given up already is not meant where something else still waits.
    let owed: Vec<_> = found.iter().copied().filter(|former| !former.is_given_up).collect();
    match (&owed[..], &found[..]) {
        ([former], _) => {
            former.give_up(data_dir)?;
            Ok(former.whose())
        }
        ([], [former, ..]) => Ok(former.whose()),
        ([], []) => Err(Error::NotLeft(kiosk.to_owned())),
        (several, _) => {
            let place =
                |former: &&Former| format!("{} (journal {})", former.whose(), former.number);
            let places = several.iter().map(place).collect();
            Err(Error::Several { name: kiosk.to_owned(), places })
        }
    }
}

/// What the journals of former places hold, and for whom, whether or not the present one can be
/// read.
///
/// # Errors
/// When a running kiosk does not answer, or nobody can tell which journal is whose.
pub fn of_former_places(settings: &Settings) -> Result<Vec<FormerSums>, Error> {
    match reach(settings, &Ask::Books)? {
        Reached::Kiosk(answers) => Ok(answers.verified()?.former),
        Reached::Files(files) => Ok(look_up(None, &files.former)?.former),
    }
}

/// What the board holds, as far as its books tell.
#[derive(Debug)]
pub struct Standing {
    /// Where it is enrolled.
    pub enrolment: Option<Enrolment>,
    /// The books of all its journals.
    pub books: Verified,
    /// Whether a kiosk is running on it.
    pub is_running: bool,
}

impl Standing {
    /// Asks the running kiosk, or reads the journals where none runs.
    ///
    /// # Errors
    /// When neither can be done.
    pub fn of(settings: &Settings) -> Result<Self, Error> {
        match reach(settings, &Ask::Books)? {
            Reached::Kiosk(answers) => {
                let enrolment = known(&settings.data_dir)?;
                Ok(Self { enrolment, books: answers.verified()?, is_running: true })
            }
            Reached::Files(files) => {
                let files = files.whole()?;
                let books = look_up(files.present.as_ref(), &files.former)?;
                Ok(Self { enrolment: files.enrolment, books, is_running: false })
            }
        }
    }

    /// How many events were taken before any enrolment, if it is not enrolled yet; at least one
    /// where a damaged journal may hold some.
    #[must_use]
    pub fn unowned(&self) -> u64 {
        let is_whole = self.books.complaints.is_empty();
        match &self.enrolment {
            Some(_) => 0,
            None => self.books.total.taken.max(u64::from(!is_whole)),
        }
    }

    /// What waits for whom, in sentences.
    #[must_use]
    pub fn waiting(&self) -> Vec<String> {
        let mut said = Vec::new();
        let waiting = self.books.total.waiting;
        match &self.enrolment {
            Some(Enrolment { kiosk, hub, .. }) if waiting > 0 => {
                said.push(wait(waiting, kiosk, hub))
            }
            None if waiting > 0 => said.push(format!(
                "{} taken before any enrolment and sent nowhere.",
                events(waiting, "was", "were")
            )),
            _ => {}
        }
        for former in &self.books.former {
            if former.sums.waiting > 0 {
                let kiosk =
                    former.kiosk.as_deref().unwrap_or("a place whose record cannot be read");
                let hub = former.hub.as_deref().unwrap_or_default();
                said.push(wait(former.sums.waiting, kiosk, hub));
            }
            said.extend(former.unread.as_deref().map(sentence));
        }
        said
    }

    /// Refuses what a running kiosk must not go on under: it takes ratings until its restart, and
    /// nobody would ever send them.
    ///
    /// # Errors
    /// [`Error::Running`].
    pub fn allows(&self, before: Option<Before>, gives_up: bool) -> Result<(), Error> {
        let is_trial = self.enrolment.is_none() && before == Some(Before::Trial);
        if self.is_running && (is_trial || gives_up) { Err(Error::Running) } else { Ok(()) }
    }

    /// Makes an enrolment the present one. What was taken for another place stays with that place,
    /// unless it is given up; returns what became of it, in sentences.
    ///
    /// It is the same place where its head office proves that it is the one before, also at another
    /// address. `before` decides about what was taken before any enrolment. It decides, too,
    /// whether a head office that was set up anew at the same address gets what was taken for the
    /// one before it.
    ///
    /// # Errors
    /// [`Error::Overtaken`] when the board was enrolled for another place since it was asked, and
    /// when the folder cannot be written.
    pub fn enter(
        &self,
        settings: &Settings,
        entry: &Entry,
        before: Option<Before>,
        gives_up: bool,
    ) -> Result<Vec<String>, Error> {
        let new = &entry.enrolment;
        let data_dir = &settings.data_dir;
        let _held = hold(data_dir)?;
        let enrolment = self.confirmed(data_dir)?;
        let is_successor = |known: &Enrolment| {
            let is_one = known.kiosk == new.kiosk && known.has_same_address(new);
            is_one && before == Some(Before::Keep)
        };
        let mut said = Vec::new();
        let leave = match &enrolment {
            Some(known) if known.is_same_place(new) || entry.knows(known) => None,
            Some(known) if is_successor(known) => None,
            Some(known) => {
                said.extend(self.left(known, gives_up));
                Some(Leave::Journal { is_given_up: gives_up })
            }
            None if self.unowned() == 0 => Some(Leave::Nothing),
            None if before == Some(Before::Trial) => {
                let held = events(self.unowned(), "is", "are");
                said.push(format!("{held} kept as a trial and never sent."));
                Some(Leave::Journal { is_given_up: false })
            }
            None => Some(Leave::Keep),
        };
        // Before the enrolment, so that a power cut between them leaves nothing of another place.
        OfficeSurvey::forget(data_dir).map_err(|error| Error::Forget(error.into()))?;
        match leave {
            None => {
                new.write(data_dir)?;
                if gives_up {
                    said.push("Nothing is given up: it is the same kiosk as before.".to_owned());
                }
            }
            Some(leave) => {
                pin::forget_given(data_dir).map_err(|error| Error::Forget(error.into()))?;
                Owners::recognise(data_dir, new, |known| entry.knows(known))?;
                Owners::enter(data_dir, enrolment.as_ref(), new, leave)?;
            }
        }
        Ok(said)
    }

    /// The enrolment as it is now, with a token that was renewed meanwhile, if it is still that of
    /// the place that was asked about.
    fn confirmed(&self, data_dir: &Path) -> Result<Option<Enrolment>, Error> {
        let now = known(data_dir)?;
        let is_still = match (&self.enrolment, &now) {
            (Some(asked), Some(now)) => now == asked || now.is_same_place(asked),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_still { Ok(now) } else { Err(Error::Overtaken) }
    }

    /// What becomes of a place that is left.
    fn left(&self, place: &Enrolment, gives_up: bool) -> Vec<String> {
        let Enrolment { kiosk, hub, .. } = place;
        let waiting = self.books.total.waiting;
        let mut said = Vec::new();
        if waiting > 0 && gives_up {
            let held = events(waiting, "is", "are");
            said.push(format!("{held} given up that waited for {kiosk}."));
        } else if waiting > 0 {
            let way = match hub.is_empty() {
                true => "carried there on a stick (`smilepost-kiosk carry`)".to_owned(),
                false => format!("delivered to {hub} by its own token, or carried on a stick"),
            };
            let held = events(waiting, "stays", "stay");
            said.push(format!("{held} with {kiosk}, to be {way}."));
        }
        if self.is_running {
            said.push(format!("Until the restart, everything still belongs to {kiosk}."));
        }
        said
    }
}

/// The present enrolment. What was taken under one that cannot be read any more is asked about.
fn known(data_dir: &Path) -> Result<Option<Enrolment>, EnrolmentError> {
    match Enrolment::read(data_dir) {
        Err(error) if error.is_damage() => {
            tracing::warn!(error = &error as &dyn std::error::Error, "it is taken for none");
            Ok(None)
        }
        read => read,
    }
}

/// Words as a sentence of their own.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

fn wait(count: u64, kiosk: &str, hub: &str) -> String {
    let at = if hub.is_empty() { String::new() } else { format!(" at {hub}") };
    format!("{} for {kiosk}{at}.", events(count, "waits", "wait"))
}

/// A number of events with its verb.
fn events(count: u64, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 rating or other event {one}"),
        _ => format!("{count} ratings and other events {several}"),
    }
}
