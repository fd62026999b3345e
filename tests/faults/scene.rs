//! What all fault tests need: ratings, runs, and the content of a journal after a fault.

use std::collections::BTreeMap;

use smilepost::feedback::event::{Event, Loss};
use smilepost::feedback::misuse::Verdict;
use smilepost::feedback::moment::Reading;
use smilepost::feedback::rating::{BootId, Rated, RatingId, RunId};
use smilepost::kiosk::journal::{Journal, Kept, Limits, State};

use crate::events;

pub(crate) const BOOT: BootId = BootId([9; 16]);

pub(crate) fn rated(value: usize, rule: u16) -> Rated {
    let value = 1 + u8::try_from(value % 5).unwrap();
    Rated { verdict: Verdict { misuse: None, rule }, ..events::rated(value) }
}

pub(crate) fn reading(boot_ms: usize) -> Reading {
    Reading { boot_ms: u64::try_from(boot_ms).unwrap(), wall_ms: 77 }
}

pub(crate) fn run(number: usize) -> RunId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
    RunId(bytes)
}

/// Everything in a journal, once its chores are done.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) ratings: BTreeMap<RatingId, (u8, State)>,
    pub(crate) taken_at: Vec<u64>,
    pub(crate) lost: Vec<Loss>,
    pub(crate) damaged: usize,
    pub(crate) bad_files: Vec<String>,
}

/// Opens what a cut has left, begins a run as a kiosk would, and reads everything.
pub(crate) fn start(folder: &std::path::Path, number: usize) -> Result<Contents, String> {
    let failed = |error| format!("{error:?}");
    let mut journal = Journal::open(folder, Limits::default()).map_err(failed)?;
    journal.begin(run(number), BOOT).map_err(failed)?;
    while journal.has_chores() {
        journal.chore(reading(1)).map_err(failed)?;
    }
    let mut contents =
        Contents { bad_files: journal.audit().map_err(failed)?.bad_files, ..Contents::default() };
    let rows: Vec<Kept> = journal.page(-1, 1_000_000).map_err(failed)?;
    for kept in rows {
        let state = kept.state;
        match kept.entry {
            Err(_) => contents.damaged += 1,
            Ok(entry) => match entry.event {
                Event::Answered(_) | Event::Noted(_) | Event::Called(_) => {}
                Event::Lost(loss) => contents.lost.push(loss),
                Event::Rated(rated) => {
                    contents.taken_at.push(entry.reading.boot_ms);
                    let again = contents.ratings.insert(entry.id, (rated.score.value(), state));
                    if again.is_some() {
                        return Err(format!("{:?} is there twice", entry.id));
                    }
                }
            },
        }
    }
    let books = journal.books();
    let terms = books.settled + books.waiting + books.set_aside + books.lost;
    if books.taken != terms {
        return Err(format!("the books do not hold: {books:?}"));
    }
    let waiting = contents.ratings.values().filter(|(_, state)| *state == State::Waiting).count();
    let waiting = u64::try_from(waiting + contents.lost.len()).unwrap();
    if waiting != books.waiting {
        return Err(format!("{waiting} rows wait, and the books say {books:?}"));
    }
    // As many events wait as would be sent.
    let sent: usize = journal.batch(1_000_000).map_err(failed)?.len();
    if u64::try_from(sent).unwrap() != books.waiting {
        return Err(format!("{sent} events would be sent, and the books say {books:?}"));
    }
    journal.append(Event::Rated(rated(1, 2)), reading(2)).map_err(failed)?;
    Ok(contents)
}
