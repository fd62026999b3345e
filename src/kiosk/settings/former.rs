//! The journals that the board left, each with its record: whose it is, and what became of what
//! waits in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::enrolment::{DAMAGED, Enrolment, EnrolmentError};
use crate::file;

/// The folder of the records, in the data folder.
pub const FORMER_DIR: &str = "former";

/// The folder of the journals beyond the first, in the data folder.
pub const JOURNALS_DIR: &str = "journals";

/// A journal that was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Its number.
    pub number: u32,
    /// Whose it is.
    pub holder: Holder,
    /// Whether somebody gave up what still waits in it.
    pub is_given_up: bool,
    /// Whether its head office knows that.
    pub is_told: bool,
}

/// Whose the ratings of a journal that was left are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody's: they were taken before any enrolment, as a trial, and are never sent.
    Trial,
    /// A place's, with the credentials to deliver them there.
    Place(Box<Enrolment>),
    /// The record cannot be read; this is why.
    Unknown(String),
}

/// A record as it stands in its file. All but the place's enrolment is always there, so that what
/// is left of a damaged one is not taken for another.
#[derive(Serialize, Deserialize)]
struct Record {
    /// Whether the ratings were a trial; older records of one say so by naming no place.
    #[serde(default)]
    trial: Option<bool>,
    given_up: bool,
    told: bool,
    enrolment: Option<Enrolment>,
}

/// Keeps others from changing whose journals are whose, until it is dropped; waits for them first.
///
/// # Errors
/// When the data folder cannot be opened.
pub fn hold(data_dir: &Path) -> Result<File, EnrolmentError> {
    let held = File::open(data_dir).and_then(|folder| folder.lock().map(|()| folder));
    let file = data_dir.to_owned();
    held.map_err(|source| EnrolmentError { action: "lock", file, source })
}

impl Former {
    /// The place to which what waits is delivered, if there is one.
    #[must_use]
    pub fn place(&self) -> Option<&Enrolment> {
        match &self.holder {
            Holder::Place(place) => Some(place),
            Holder::Trial | Holder::Unknown(_) => None,
        }
    }

    /// Whose it is, as a person can be told: `kallio-exit at https://hub.example.com`.
    #[must_use]
    pub fn whose(&self) -> String {
        match &self.holder {
            Holder::Trial => "a trial".to_owned(),
            Holder::Place(place) => place.title(),
            Holder::Unknown(_) => {
                format!("a place whose record is damaged, number {}", self.number)
            }
        }
    }

    /// The folder of its journal.
    #[must_use]
    pub fn folder(&self, data_dir: &Path) -> PathBuf {
        journal_folder(data_dir, self.number)
    }

    /// Gives up what still waits for it, if its record is the same still: somebody may have given
    /// it up already, or the board have come back.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn give_up(&self, data_dir: &Path) -> Result<(), EnrolmentError> {
        let _held = hold(data_dir)?;
        match records(data_dir)?.contains(self) {
            true => Self { is_given_up: true, is_told: false, ..self.clone() }.write(data_dir),
            false => Err(changed(record(data_dir, self.number))),
        }
    }

    /// Notes that its head office knows that what waited was given up, if its record is the same
    /// still.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn note_told(self, data_dir: &Path) -> Result<(), EnrolmentError> {
        let _held = hold(data_dir)?;
        let is_known = records(data_dir)?.contains(&self);
        if is_known { Self { is_told: true, ..self }.write(data_dir) } else { Ok(()) }
    }

    pub(super) fn write(&self, data_dir: &Path) -> Result<(), EnrolmentError> {
        let file = record(data_dir, self.number);
        let (given_up, told) = (self.is_given_up, self.is_told);
        let trial = Some(self.holder == Holder::Trial);
        let kept = Record { trial, given_up, told, enrolment: self.place().cloned() };
        let text = toml::to_string(&kept).map_err(std::io::Error::other);
        let written = text.and_then(|text| file::write(&file, text.as_bytes()));
        written.map_err(|source| EnrolmentError { action: "write", file, source })
    }
}

fn changed(file: PathBuf) -> EnrolmentError {
    let source = std::io::Error::other("it was changed meanwhile; look at `verify` and try again");
    EnrolmentError { action: "change", file, source }
}

/// The folder of a journal, by its number.
#[must_use]
pub fn journal_folder(data_dir: &Path, number: u32) -> PathBuf {
    match number {
        0 => data_dir.to_owned(),
        beyond => data_dir.join(JOURNALS_DIR).join(beyond.to_string()),
    }
}

pub(super) fn record(data_dir: &Path, number: u32) -> PathBuf {
    data_dir.join(FORMER_DIR).join(format!("{number}.toml"))
}

pub(super) fn delete(data_dir: &Path, number: u32) -> Result<(), EnrolmentError> {
    let file = record(data_dir, number);
    let deleted = std::fs::remove_file(&file)
        .and_then(|()| File::open(data_dir.join(FORMER_DIR))?.sync_all());
    deleted.map_err(|source| EnrolmentError { action: "delete", file, source })
}

/// Every record, by its journal's number.
pub(super) fn records(data_dir: &Path) -> Result<Vec<Former>, EnrolmentError> {
    let folder = data_dir.join(FORMER_DIR);
    let failed = |source| EnrolmentError { action: "read", file: folder.clone(), source };
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let is_record = path.extension().is_some_and(|ending| ending == "toml");
        let stem = path.file_stem().filter(|_| is_record).and_then(|stem| stem.to_str());
        if let Some(number) = stem.and_then(|stem| stem.parse().ok()) {
            found.push(read(number, &path));
        }
    }
    found.sort_by_key(|former| former.number);
    Ok(found)
}

fn read(number: u32, file: &Path) -> Former {
    let read = std::fs::read_to_string(file).map_err(|error| file::told(&error));
    let kept = read.and_then(|text| {
        let Record { trial, given_up, told, enrolment } =
            toml::from_str(&text).map_err(|_| DAMAGED.to_owned())?;
        let checked = enrolment.map(Enrolment::checked).transpose();
        let holder = match (checked.map_err(|error| error.to_string())?, trial) {
            (Some(place), None | Some(false)) => Holder::Place(place.into()),
            (None, None | Some(true)) => Holder::Trial,
            (Some(_), Some(true)) | (None, Some(false)) => return Err(DAMAGED.to_owned()),
        };
        Ok((holder, given_up, told))
    });
    let (holder, is_given_up, is_told) = kept.unwrap_or_else(|why| {
        (Holder::Unknown(format!("{}: {why}", file.display())), false, false)
    });
    Former { number, holder, is_given_up, is_told }
}
