//! Whose ratings lie in which journal, so that no place gets another's.
//!
//! A journal belongs to one place: a kiosk at a head office. When the board is enrolled for
//! another one, its journal stays behind with the credentials of the former place, and the new
//! place gets a journal of its own. So nothing that was taken for one can be counted, sent or
//! confirmed for another.
//!
//! The first journal lies in the data folder, the others in numbered folders beneath it. A record
//! says whose a journal is that was left; the present place's is the lowest number without one. A
//! record that names the present place was left by a power cut while the board came back to it, and
//! counts as deleted.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::enrolment::{Enrolment, EnrolmentError};
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

/// A record as it stands in its file.
#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(default)]
    given_up: bool,
    #[serde(default)]
    told: bool,
    /// None where the ratings were a trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment: Option<Enrolment>,
}

/// What becomes of the journal in use when the board is enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It holds nothing.
    Nothing,
    /// It goes on, and what was taken before any enrolment belongs to the new one.
    Keep,
    /// It stays behind for whom it was taken.
    Journal {
        /// Whether what waits in it is given up.
        is_given_up: bool,
    },
}

/// Which journal is whose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The number of the journal in use.
    pub present: u32,
    /// Those that were left, the oldest first.
    pub former: Vec<Former>,
}

impl Owners {
    /// Whose journals there are, where this is the present enrolment.
    ///
    /// # Errors
    /// When the folder of the records cannot be read.
    pub fn read(data_dir: &Path, enrolment: Option<&Enrolment>) -> Result<Self, EnrolmentError> {
        let mut former = records(data_dir)?;
        let is_present = |former: &Former| match &former.holder {
            Holder::Place(place) => enrolment.is_some_and(|present| present.is_same_place(place)),
            Holder::Trial | Holder::Unknown(_) => false,
        };
        let present = match former.iter().position(is_present) {
            Some(at) => former.remove(at).number,
            None => {
                let is_free = |number: &u32| former.iter().all(|former| former.number != *number);
                (0..).find(is_free).unwrap_or(u32::MAX)
            }
        };
        Ok(Self { present, former })
    }

    /// The folder of the journal in use.
    #[must_use]
    pub fn journal(&self, data_dir: &Path) -> PathBuf {
        journal_folder(data_dir, self.present)
    }

    /// The enrolment to which a journal belongs now, whether it is in use or was left.
    ///
    /// # Errors
    /// When the enrolment or the records cannot be read.
    pub fn holder(data_dir: &Path, number: u32) -> Result<Option<Enrolment>, EnrolmentError> {
        let present = Enrolment::read(data_dir)?;
        let owners = Self::read(data_dir, present.as_ref())?;
        if owners.present == number {
            return Ok(present);
        }
        let holder = owners.former.into_iter().find(|former| former.number == number);
        Ok(holder.and_then(|former| former.place().cloned()))
    }

    /// Makes an enrolment the present one, instead of the one before. A place that the board comes
    /// back to has its own journal again.
    ///
    /// Each step leaves every journal to whom it belongs, should the power be cut after it.
    ///
    /// # Errors
    /// When the folder cannot be written, or two journals would be of one place.
    pub fn enter(
        data_dir: &Path,
        before: Option<&Enrolment>,
        new: &Enrolment,
        leave: Leave,
    ) -> Result<(), EnrolmentError> {
        let owners = Self::read(data_dir, before)?;
        let is_its = |former: &&Former| former.place().is_some_and(|it| it.is_same_place(new));
        let own = owners.former.iter().find(is_its);
        match leave {
            Leave::Journal { is_given_up } => {
                let holder = before.cloned().map_or(Holder::Trial, |it| Holder::Place(it.into()));
                Former { number: owners.present, holder, is_given_up, is_told: false }
                    .write(data_dir)?;
            }
            Leave::Keep if own.is_some() => {
                let file = record(data_dir, owners.present);
                let source = std::io::Error::other(
                    "the board was at this place before and has a journal of it: enrol with \
                     `--before trial`",
                );
                return Err(EnrolmentError {
                    action: "keep two journals for one place in",
                    file,
                    source,
                });
            }
            Leave::Nothing | Leave::Keep => {}
        }
        new.write(data_dir)?;
        if let Some(own) = own {
            delete(data_dir, own.number)?;
        }
        Ok(())
    }

    /// Gives up what still waits for former places where the kiosk had this name; returns how many
    /// places that were.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn give_up(&self, data_dir: &Path, kiosk: &str) -> Result<usize, EnrolmentError> {
        let of_name = |former: &&Former| former.place().is_some_and(|place| place.kiosk == kiosk);
        let mut given_up = 0;
        for former in self.former.iter().filter(of_name) {
            Former { is_given_up: true, is_told: false, ..former.clone() }.write(data_dir)?;
            given_up += 1;
        }
        Ok(given_up)
    }
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

    /// The folder of its journal.
    #[must_use]
    pub fn folder(&self, data_dir: &Path) -> PathBuf {
        journal_folder(data_dir, self.number)
    }

    /// Notes that its head office knows that what waited was given up, if its record is the same
    /// still.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn note_told(self, data_dir: &Path) -> Result<(), EnrolmentError> {
        let is_known = records(data_dir)?.contains(&self);
        if is_known { Self { is_told: true, ..self }.write(data_dir) } else { Ok(()) }
    }

    fn write(&self, data_dir: &Path) -> Result<(), EnrolmentError> {
        let file = record(data_dir, self.number);
        let (given_up, told) = (self.is_given_up, self.is_told);
        let kept = Record { given_up, told, enrolment: self.place().cloned() };
        let text = toml::to_string(&kept).map_err(std::io::Error::other);
        let written = text.and_then(|text| file::write(&file, text.as_bytes()));
        written.map_err(|source| EnrolmentError { action: "write", file, source })
    }
}

/// Writes the credentials of a place anew, wherever they are kept: another token, or another
/// address of its hub. Where they were replaced meanwhile, nothing is changed.
///
/// # Errors
/// When they were replaced, or the folder cannot be written.
pub fn renew(data_dir: &Path, known: &Enrolment, new: &Enrolment) -> Result<(), EnrolmentError> {
    let present = Enrolment::read(data_dir).ok().flatten();
    if present.as_ref() == Some(known) {
        return new.write(data_dir);
    }
    let former = records(data_dir)?.into_iter().find(|former| former.place() == Some(known));
    if let Some(former) = former {
        return Former { holder: Holder::Place(new.clone().into()), ..former }.write(data_dir);
    }
    let file = data_dir.join(super::ENROLMENT_FILE);
    let source = std::io::Error::other("the kiosk was enrolled again meanwhile; restart it");
    Err(EnrolmentError { action: "renew the token in", file, source })
}

/// The folder of a journal, by its number.
#[must_use]
pub fn journal_folder(data_dir: &Path, number: u32) -> PathBuf {
    match number {
        0 => data_dir.to_owned(),
        beyond => data_dir.join(JOURNALS_DIR).join(beyond.to_string()),
    }
}

fn record(data_dir: &Path, number: u32) -> PathBuf {
    data_dir.join(FORMER_DIR).join(format!("{number}.toml"))
}

fn delete(data_dir: &Path, number: u32) -> Result<(), EnrolmentError> {
    let file = record(data_dir, number);
    let deleted = std::fs::remove_file(&file)
        .and_then(|()| std::fs::File::open(data_dir.join(FORMER_DIR))?.sync_all());
    deleted.map_err(|source| EnrolmentError { action: "delete", file, source })
}

/// Every record, by its journal's number.
fn records(data_dir: &Path) -> Result<Vec<Former>, EnrolmentError> {
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
    let read = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let kept = read.and_then(|text| {
        let kept = toml::from_str::<Record>(&text).map_err(|error| error.to_string())?;
        let checked = kept.enrolment.map(Enrolment::checked).transpose();
        Ok((kept.given_up, kept.told, checked.map_err(|error| error.to_string())?))
    });
    let (holder, is_given_up, is_told) = match kept {
        Ok((given_up, told, Some(place))) => (Holder::Place(place.into()), given_up, told),
        Ok((given_up, told, None)) => (Holder::Trial, given_up, told),
        Err(why) => (Holder::Unknown(format!("{}: {why}", file.display())), false, false),
    };
    Former { number, holder, is_given_up, is_told }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::enrolment::Keys;

    fn place(hub: char, kiosk: &str) -> Enrolment {
        let keys = Keys { seal: "ab".repeat(32), verify: hub.to_string().repeat(64) };
        Enrolment {
            hub: format!("https://{hub}.example.com"),
            kiosk: kiosk.to_owned(),
            token: "cd".repeat(32),
            next_token: None,
            former_token: None,
            shop: "Kallio".to_owned(),
            zone: "Europe/Helsinki".to_owned(),
            touchpoint: String::new(),
            hub_keys: Some(keys),
        }
    }

    const BEHIND: Leave = Leave::Journal { is_given_up: false };

    #[test]
    fn a_board_that_comes_back_finds_the_journal_that_it_left() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b, c) = (place('a', "exit"), place('b', "exit"), place('a', "checkout"));
        let mut before: Option<&Enrolment> = None;
        let mut journals = Vec::new();
        for (new, leave) in
            [(&a, Leave::Nothing), (&b, BEHIND), (&c, BEHIND), (&a, BEHIND), (&b, BEHIND)]
        {
            Owners::enter(folder.path(), before, new, leave).unwrap();
            let owners = Owners::read(folder.path(), Some(new)).unwrap();
            journals.push(owners.present);
            assert!(owners.former.iter().all(|former| former.number != owners.present));
            before = Some(new);
        }
        assert_eq!(journals, [0, 1, 2, 0, 1]);
        let owner = |number| Owners::holder(folder.path(), number).unwrap().unwrap();
        assert_eq!([owner(0), owner(1), owner(2)], [a, b, c]);
    }

    #[test]
    fn a_power_cut_between_any_two_steps_leaves_each_journal_to_its_place() {
        let (a, b) = (place('a', "exit"), place('b', "exit"));
        let folder = tempfile::tempdir().unwrap();
        Owners::enter(folder.path(), None, &a, Leave::Nothing).unwrap();
        // The record is written, and the enrolment not yet.
        let left = Former {
            number: 0,
            holder: Holder::Place(a.clone().into()),
            is_given_up: false,
            is_told: false,
        };
        left.write(folder.path()).unwrap();
        let owners = Owners::read(folder.path(), Some(&a)).unwrap();
        assert_eq!(owners, Owners::default());
        Owners::enter(folder.path(), Some(&a), &b, BEHIND).unwrap();
        Owners::enter(folder.path(), Some(&b), &a, BEHIND).unwrap();
        // Back again, and the record of the place is not deleted yet.
        left.write(folder.path()).unwrap();
        let owners = Owners::read(folder.path(), Some(&a)).unwrap();
        assert_eq!((owners.present, owners.former.len()), (0, 1));
    }

    #[test]
    fn a_trial_and_a_record_that_cannot_be_read_stay_apart() {
        let folder = tempfile::tempdir().unwrap();
        Owners::enter(folder.path(), None, &place('a', "exit"), BEHIND).unwrap();
        std::fs::write(folder.path().join("former/1.toml"), "[enrolment]\nhub = 7").unwrap();
        let owners = Owners::read(folder.path(), Some(&place('a', "exit"))).unwrap();
        assert_eq!(owners.present, 2);
        assert!(matches!(owners.former[0].holder, Holder::Trial));
        assert!(matches!(&owners.former[1].holder, Holder::Unknown(why) if why.contains("1.toml")));
    }

    #[test]
    fn a_hub_is_known_by_its_keys_and_by_its_address_where_it_has_none() {
        let (a, mut moved) = (place('a', "exit"), place('a', "exit"));
        moved.hub = "https://new.example.com".to_owned();
        assert!(a.is_same_place(&moved));
        moved.hub_keys = None;
        assert!(!a.is_same_place(&moved));
        moved.hub = "HTTPS://a.example.com/".to_owned();
        assert!(a.is_same_place(&moved));
        let anew = Enrolment { hub_keys: place('b', "exit").hub_keys, ..a.clone() };
        assert!(!a.is_same_place(&anew), "another head office at the same address");
        let letter = Enrolment { hub: String::new(), hub_keys: None, ..a.clone() };
        assert!(!letter.is_same_place(&letter.clone()), "nothing says which");
    }

    #[test]
    fn a_renewed_token_goes_to_the_place_that_it_opens() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (place('a', "exit"), place('b', "exit"));
        Owners::enter(folder.path(), None, &a, Leave::Nothing).unwrap();
        Owners::enter(folder.path(), Some(&a), &b, BEHIND).unwrap();
        for known in [&a, &b] {
            let new = Enrolment { token: "ef".repeat(32), ..known.clone() };
            renew(folder.path(), known, &new).unwrap();
            assert!(renew(folder.path(), known, &new).is_err(), "it was replaced meanwhile");
        }
        let token = |number| Owners::holder(folder.path(), number).unwrap().unwrap().token;
        assert_eq!([token(0), token(1)], ["ef".repeat(32), "ef".repeat(32)]);
    }
}
