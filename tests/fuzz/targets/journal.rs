//! Fuzzes a damaged journal: with any database, WAL and high-water mark, the kiosk takes the next
//! rating, and its books hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smilepost::feedback::event::Event;
use smilepost::feedback::misuse::Verdict;
use smilepost::feedback::moment::Reading;
use smilepost::feedback::rating::{BootId, Input, Wording, Rated, RunId, Scale};
use smilepost::kiosk::journal::{Entry, Error, FILE, Journal, Limits};

const READING: Reading = Reading { boot_ms: 1, wall_ms: 2 };

fn press(folder: &std::path::Path, run: u8) -> Result<(Journal, Entry), Error> {
    let mut journal = Journal::open(folder, Limits::default())?;
    journal.begin(RunId([run; 16]), BootId([1; 16]))?;
    let question = Wording { id: "q".to_owned(), version: 1, language: "en".to_owned() };
    let (score, input) = (Scale::Five.score(5).expect("a face"), Input::Button);
    let (verdict, replaces) = (Verdict::now(None), None);
    let rated = Rated { score, input, question, verdict, replaces };
    let entry = journal.append(Event::Rated(rated), READING)?;
    Ok((journal, entry))
}

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    // A byte says where one file ends and the next begins, in kilobytes.
    let Some((&cut, rest)) = bytes.split_first() else { return };
    let (database, wal) = rest.split_at(rest.len().min(usize::from(cut) * 1_024));
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
    };
    write(FILE, database);
    write(&format!("{FILE}-wal"), wal);
    for run in 1..=3 {
        // As the journal's thread does: a damaged file goes into quarantine, and a new one is used.
        match press(folder.path(), run) {
            Ok((mut journal, entry)) => {
                let mut rounds = 0;
                while journal.has_chores() {
                    rounds += 1;
                    assert!(rounds < 100_000, "the chores never end");
                    match journal.chore(READING) {
                        Ok(()) => {}
                        Err(error @ Error::Damaged { .. }) => {
                            drop(journal);
                            Journal::quarantine(folder.path(), &error).expect("set aside");
                            break_off(folder.path());
                            return;
                        }
                        Err(error) => panic!("{error:?}"),
                    }
                }
                assert!(journal.newest_of(entry.id).expect("rows").is_some());
                return;
            }
            Err(error @ Error::Damaged { .. }) => {
                Journal::quarantine(folder.path(), &error).expect("set aside");
            }
            Err(Error::Newer { .. }) => return,
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("no fresh journal could be made");
});

/// A journal that proves damaged late is replaced by a new one, which takes ratings.
fn break_off(folder: &std::path::Path) {
    let (mut journal, entry) = press(folder, 9).expect("a fresh journal");
    while journal.has_chores() {
        journal.chore(READING).expect("a sound journal");
    }
    assert!(journal.newest_of(entry.id).expect("rows").is_some());
}
