//! What the board holds, and for whom: asked before it is enrolled or reset, so that nothing that
//! was taken for one place goes to another, or is deleted unseen.

use super::desk::counts::error::Unanswerable;
use super::desk::tools::socket;
use super::desk::tools::verify::look_up;
use super::former::FormerPlace;
use super::journal::{self, FILE, Journal, JournalSource, Limits};
use super::office_survey::OfficeSurvey;
use super::pin;
use super::settings::{Enrolment, EnrolmentError, Leave, Owners, Settings};
use crate::wire::local::{Ask, Verified};

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
    /// The present one; none where there is none yet.
    pub present: Option<JournalSource>,
    /// Those of former places.
    pub former: Vec<FormerPlace>,
    /// Which is whose.
    pub owners: Owners,
}

impl Files {
    /// Opens the journals; nothing is made where nothing is.
    ///
    /// # Errors
    /// When a journal cannot be opened; [`journal::Error::InUse`] when another process has it open.
    pub fn open(settings: &Settings, enrolment: Option<&Enrolment>) -> Result<Self, Error> {
        let Settings { data_dir, journal_bytes_max, .. } = settings;
        let limits = Limits { bytes_max: *journal_bytes_max };
        let owners = Owners::read(data_dir, enrolment)?;
        let folder = owners.journal(data_dir);
        let present = match folder.join(FILE).exists() {
            true => Some(JournalSource::from(Journal::open(&folder, limits)?)),
            false => None,
        };
        let former = FormerPlace::open_all(data_dir, limits, &owners)?;
        Ok(Self { present, former, owners })
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
        let enrolment = match Enrolment::read(&settings.data_dir) {
            // What was taken under one that cannot be read any more is asked about.
            Err(error) if error.is_damage() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "it is taken for none");
                None
            }
            read => read?,
        };
        if let Some(answers) = socket::ask(&settings.runtime_dir, &Ask::Books)? {
            return Ok(Self { enrolment, books: answers.verified()?, is_running: true });
        }
        let files = Files::open(settings, enrolment.as_ref())?;
        let books = look_up(files.present.as_ref(), &files.former)?;
        Ok(Self { enrolment, books, is_running: false })
    }

    /// How many events were taken before any enrolment, if it is not enrolled yet.
    #[must_use]
    pub const fn unowned(&self) -> u64 {
        if self.enrolment.is_some() { 0 } else { self.books.total.taken }
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
        for former in self.books.former.iter().filter(|former| former.sums.waiting > 0) {
            let kiosk = former.kiosk.as_deref().unwrap_or("a place whose record cannot be read");
            said.push(wait(former.sums.waiting, kiosk, former.hub.as_deref().unwrap_or_default()));
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
    /// `before` decides about what was taken before any enrolment. It decides, too, whether a head
    /// office that was set up anew at the same address gets what was taken for the one before it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn enter(
        &self,
        settings: &Settings,
        new: &Enrolment,
        before: Option<Before>,
        gives_up: bool,
    ) -> Result<Vec<String>, Error> {
        let data_dir = &settings.data_dir;
        let is_successor = |known: &Enrolment| {
            let is_one = known.kiosk == new.kiosk && known.has_same_address(new);
            is_one && before == Some(Before::Keep)
        };
        let mut said = Vec::new();
        let leave = match &self.enrolment {
            Some(known) if known.is_same_place(new) || is_successor(known) => None,
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
                Owners::enter(data_dir, self.enrolment.as_ref(), new, leave)?;
            }
        }
        Ok(said)
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
