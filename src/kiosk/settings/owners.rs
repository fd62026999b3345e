//! Whose ratings lie in which journal, so that no place gets another's.
//!
//! A journal belongs to one place: a kiosk at a head office. When the board is enrolled for
//! another one, its journal stays behind with the credentials of the former place, and the new
//! place gets a journal of its own. So nothing that was taken for one can be counted, sent or
//! confirmed for another.
//!
//! The first journal lies in the data folder, the others in numbered folders beneath it. A record
//! says whose a journal is that was left ([`super::former`]); the present place's is the lowest
//! number without one. A record that names the present place was left by a power cut while the
//! board came back to it, and counts as deleted.

use std::path::{Path, PathBuf};

use super::enrolment::{ENROLMENT_FILE, Enrolment, EnrolmentError};
use super::former::{Former, Holder, delete, hold, journal_folder, record, records};

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

    /// The place to which what waits in a journal is to be brought, with the credentials that it
    /// has now, whether the journal is in use or was left; none where it was a trial or given up.
    ///
    /// # Errors
    /// When the enrolment or the records cannot be read.
    pub fn receiver(data_dir: &Path, number: u32) -> Result<Option<Enrolment>, EnrolmentError> {
        let present = Enrolment::read(data_dir)?;
        let owners = Self::read(data_dir, present.as_ref())?;
        if owners.present == number {
            return Ok(present);
        }
        let left = owners.former.into_iter().find(|former| former.number == number);
        let owed = left.filter(|former| !former.is_given_up);
        Ok(owed.and_then(|former| former.place().cloned()))
    }

    /// Notes of a place that the board comes back to by which keys its head office is known now,
    /// and at which address, where `knows` says that it is the same one.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn recognise(
        data_dir: &Path,
        new: &Enrolment,
        knows: impl Fn(&Enrolment) -> bool,
    ) -> Result<(), EnrolmentError> {
        for former in records(data_dir)? {
            let place = former.place().filter(|place| !place.is_same_place(new) && knows(place));
            if let Some(place) = place.cloned() {
                let (hub, hub_keys) = (new.hub.clone(), new.hub_keys.clone());
                let holder = Holder::Place(Enrolment { hub, hub_keys, ..place }.into());
                Former { holder, ..former }.write(data_dir)?;
            }
        }
        Ok(())
    }

    /// Makes an enrolment the present one, instead of the one before. A place that the board comes
    /// back to has its own journal again.
    ///
    /// Each step leaves every journal to whom it belongs, should the power be cut after it. The
    /// caller [`hold`]s the folder.
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

    /// The former places where the kiosk had this name, at this address of a hub and with this
    /// number of a journal, where they are said.
    #[must_use]
    pub fn of_name(&self, kiosk: &str, hub: Option<&str>, journal: Option<u32>) -> Vec<&Former> {
        let is_it = |former: &&Former| {
            former.place().is_some_and(|place| {
                place.kiosk == kiosk
                    && hub.is_none_or(|hub| place.has_address(hub))
                    && journal.is_none_or(|number| former.number == number)
            })
        };
        self.former.iter().filter(is_it).collect()
    }
}

/// Writes the credentials of a place anew, wherever they are kept: another token, or another
/// address of its hub. Where they were replaced meanwhile, nothing is changed.
///
/// # Errors
/// When they were replaced, or the folder cannot be written.
pub fn renew(data_dir: &Path, known: &Enrolment, new: &Enrolment) -> Result<(), EnrolmentError> {
    let _held = hold(data_dir)?;
    let present = Enrolment::read(data_dir).ok().flatten();
    if present.as_ref() == Some(known) {
        return new.write(data_dir);
    }
    let former = records(data_dir)?.into_iter().find(|former| former.place() == Some(known));
    if let Some(former) = former {
        return Former { holder: Holder::Place(new.clone().into()), ..former }.write(data_dir);
    }
    let file = data_dir.join(ENROLMENT_FILE);
    let source = std::io::Error::other("the kiosk was enrolled again meanwhile; restart it");
    Err(EnrolmentError { action: "renew the token in", file, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::enrolment::{Enrolled, Keys};

    fn place(hub: char, kiosk: &str) -> Enrolment {
        let keys = Keys { seal: "ab".repeat(32), verify: hub.to_string().repeat(64) };
        let enrolled = Enrolled {
            kiosk: kiosk.to_owned(),
            token: "cd".repeat(32),
            shop: "Kallio".to_owned(),
            zone: "Europe/Helsinki".to_owned(),
            touchpoint: String::new(),
            hub_keys: Some(keys),
            signed_by: Vec::new(),
        };
        Enrolment::new(format!("https://{hub}.example.com"), enrolled)
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
        let owner = |number| Owners::receiver(folder.path(), number).unwrap().unwrap();
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
        let token = |number| Owners::receiver(folder.path(), number).unwrap().unwrap().token;
        assert_eq!([token(0), token(1)], ["ef".repeat(32), "ef".repeat(32)]);
    }
}
