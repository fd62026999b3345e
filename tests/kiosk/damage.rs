//! Tests of a journal that a bad card has damaged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use smilepost::feedback::event::{Event, Loss};
use smilepost::feedback::rating::{RatingId, RunId};
use smilepost::kiosk::journal::{Entry, Error, FILE, Journal, Limits};

use crate::folder::{copy, in_memory};
use crate::journal::{BOOT, do_chores, id, open, rated, reading, settled, waiting};

fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

fn wal(folder: &Path) -> PathBuf {
    folder.join(format!("{FILE}-wal"))
}

/// Runs 1 to 3 with this many ratings each, all waiting, as a power cut leaves them: with the WAL.
/// The copy is what the cut left; the original is closed properly.
fn cut_off(ratings: u32) -> tempfile::TempDir {
    let folder = in_memory();
    let after = in_memory();
    for run in 1..=3 {
        let mut journal = open(folder.path(), run);
        do_chores(&mut journal);
        for n in 0..ratings {
            journal.append(rated(u8::try_from(n % 5).unwrap() + 1), reading(n.into())).unwrap();
        }
        if run == 2 {
            // A checkpoint has moved some of it into the database.
            std::mem::drop(journal);
        } else {
            copy(folder.path(), after.path());
        }
    }
    after
}

/// What became of the events of runs 1 to 3 after the kiosk was started once more.
#[derive(Debug, Default)]
struct Aftermath {
    waiting: BTreeSet<RatingId>,
    lost: BTreeSet<RatingId>,
    unknown: u32,
    has_bad_file: bool,
}

/// Starts a run and presses, as the journal's thread does: a journal that proves damaged goes into
/// quarantine, and the press into a new one.
fn press(folder: &Path, run: u8) -> (Journal, Entry) {
    let mut started = try_press(folder, run);
    if let Err(error) = &started {
        put_aside(folder, error);
        started = try_press(folder, run + 100);
    }
    started.unwrap()
}

fn try_press(folder: &Path, run: u8) -> Result<(Journal, Entry), Error> {
    let mut journal = Journal::open(folder, Limits::default())?;
    journal.begin(RunId([run; 16]), BOOT)?;
    let entry = journal.append(rated(3), reading(1))?;
    Ok((journal, entry))
}

fn put_aside(folder: &Path, error: &Error) {
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    Journal::quarantine(folder, error).unwrap();
}

/// Starts a kiosk on a folder, lets it do its chores, and reads everything.
fn start(folder: &Path) -> Aftermath {
    // A shopper does not wait for a repair.
    let (mut journal, new) = press(folder, 9);
    while journal.has_chores() {
        if let Err(error) = journal.chore(reading(99)) {
            drop(journal);
            put_aside(folder, &error);
            journal = press(folder, 11).0;
        }
    }
    let mut aftermath = Aftermath {
        has_bad_file: !journal.audit().unwrap().bad_files.is_empty(),
        ..Aftermath::default()
    };
    let mut is_new_there = false;
    for run in journal.batch(1_000_000).unwrap().runs {
        for entry in run.entries {
            is_new_there |= entry == new;
            match entry.event {
                Event::Rated(_) if entry.id.run.0[0] < 9 => {
                    assert!(aftermath.waiting.insert(entry.id), "{:?} waits twice", entry.id);
                }
                Event::Lost(Loss::Range { run, first, last }) => {
                    assert!(run.0[0] < 9, "a press of today is lost: {run}");
                    for n in first..=last {
                        assert!(aftermath.lost.insert(RatingId { run, n }), "{n} is lost twice");
                    }
                }
                Event::Lost(Loss::Unknown) => aftermath.unknown += 1,
                Event::Rated(_) | Event::Answered(_) | Event::Noted(_) | Event::Called(_) => {}
            }
        }
    }
    assert!(is_new_there, "the rating of the shopper in front is gone");
    let books = journal.books();
    assert_eq!(books.taken, books.settled + books.waiting + books.set_aside + books.lost);
    assert_eq!(books.lost, aftermath.lost.len() as u64);
    let ledger = journal.audit().unwrap().runs;
    drop(journal);
    // The repair is complete: the next start finds nothing to repair.
    let mut again = Journal::open(folder, Limits::default()).unwrap();
    again.begin(RunId([10; 16]), BOOT).unwrap();
    do_chores(&mut again);
    let ledgers = (ledger, again.audit().unwrap().runs);
    assert_eq!(again.books(), books, "a second start changes nothing: {ledgers:#?}");
    aftermath
}

fn everything(ratings: u32) -> BTreeSet<RatingId> {
    (1..=3).flat_map(|run| (1..=ratings).map(move |n| id(run, n))).collect()
}

/// Every event is there or reported; none is both, and none is made up.
fn account(name: &str, ratings: u32, after: &Aftermath) {
    let both: Vec<_> = after.waiting.intersection(&after.lost).collect();
    assert!(both.is_empty(), "{name}: here and lost: {both:?}");
    let all: BTreeSet<RatingId> = after.waiting.union(&after.lost).copied().collect();
    let expected = everything(ratings);
    let unsaid: Vec<_> = expected.difference(&all).collect();
    let made_up: Vec<_> = all.difference(&expected).collect();
    let few = |ids: &[&RatingId]| format!("{} {:?}", ids.len(), &ids[..ids.len().min(4)]);
    let is_complete = unsaid.is_empty() && made_up.is_empty();
    assert!(is_complete, "{name}: unsaid {}, made up {}", few(&unsaid), few(&made_up));
}

#[test]
fn a_journal_that_is_whole_is_left_alone() {
    let folder = cut_off(50);
    let after = start(folder.path());
    account("whole", 50, &after);
    assert!(after.lost.is_empty() && !after.has_bad_file && after.unknown == 0);
}

#[test]
fn a_flipped_bit_in_the_wal_hides_nothing() {
    let folder = cut_off(50);
    let bytes = std::fs::read(wal(folder.path())).unwrap();
    let (mut flips, mut salvaged, mut lost) = (0, 0, 0);
    for at in (40..bytes.len()).step_by(997) {
        let damaged = in_memory();
        copy(folder.path(), damaged.path());
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        std::fs::write(wal(damaged.path()), flipped).unwrap();
        let after = start(damaged.path());
        account(&format!("byte {at}"), 50, &after);
        flips += 1;
        salvaged += u32::from(after.has_bad_file);
        lost += after.lost.len();
    }
    println!("{flips} bits flipped: {salvaged} salvages, {lost} events lost and reported");
    assert!(salvaged > flips / 2, "{salvaged} of {flips}");
}

#[test]
fn a_flipped_bit_in_the_database_hides_nothing() {
    let folder = cut_off(120);
    // Closing the journal moves everything into the one file.
    drop(Journal::open(folder.path(), Limits::default()).unwrap());
    let bytes = std::fs::read(file(folder.path())).unwrap();
    let (mut flips, mut lost) = (0, 0);
    for at in (0..bytes.len()).step_by(61) {
        let damaged = in_memory();
        copy(folder.path(), damaged.path());
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(file(damaged.path()), flipped).unwrap();
        let after = start(damaged.path());
        account(&format!("byte {at}"), 120, &after);
        flips += 1;
        lost += after.lost.len();
    }
    println!("{flips} bits flipped: {lost} events lost and reported");
}

#[test]
fn pages_and_files_that_are_gone_are_reported_and_the_rest_is_salvaged() {
    type Deed = fn(&Path);
    let deeds: [(&str, Deed); 9] = [
        ("header zeroed", |folder| overwrite(&file(folder), 0, &[0; 100])),
        ("first page zeroed", |folder| overwrite(&file(folder), 0, &[0; 1_024])),
        ("a stretch zeroed", |folder| overwrite(&file(folder), 8_192, &[0; 6_000])),
        ("a stretch of noise", |folder| overwrite(&file(folder), 9_000, &[0xa7; 5_000])),
        ("database cut short", |folder| truncate(&file(folder), 10_000)),
        ("database emptied", |folder| truncate(&file(folder), 0)),
        ("database deleted", |folder| std::fs::remove_file(file(folder)).unwrap()),
        ("no database at all", |folder| {
            std::fs::write(file(folder), "a shopping list\n".repeat(99)).unwrap()
        }),
        ("WAL emptied", |folder| truncate(&wal(folder), 0)),
    ];
    for (name, deed) in deeds {
        let folder = cut_off(100);
        deed(folder.path());
        let after = start(folder.path());
        // If only the high-water mark is left, it may not know the last few events of a run.
        let known: BTreeSet<RatingId> = after.waiting.union(&after.lost).copied().collect();
        let unaccounted: Vec<_> = everything(100).difference(&known).copied().collect();
        assert!(unaccounted.iter().all(|id| id.n > 96), "{name}: {unaccounted:?}");
        println!("{name}: {} salvaged, {} lost", after.waiting.len(), after.lost.len());
        assert!(after.has_bad_file || after.lost.is_empty(), "{name}: nothing is thrown away");
    }
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

fn truncate(file: &Path, length: u64) {
    std::fs::File::options().write(true).open(file).unwrap().set_len(length).unwrap();
}

#[test]
fn an_older_wal_under_a_newer_database_loses_nothing_unsaid() {
    let old = cut_off(40);
    let folder = in_memory();
    copy(old.path(), folder.path());
    let mut journal = open(folder.path(), 4);
    do_chores(&mut journal);
    for n in 0..64 {
        journal.append(rated(5), reading(n)).unwrap();
    }
    journal.close();
    std::fs::copy(wal(old.path()), wal(folder.path())).unwrap();
    let after = start(folder.path());
    let expected: BTreeSet<_> =
        everything(40).into_iter().chain((1..=64).map(|n| id(4, n))).collect();
    let known: BTreeSet<RatingId> = after.waiting.union(&after.lost).copied().collect();
    assert_eq!(known, expected);
}

#[test]
fn a_changed_row_is_reported_and_never_sent() {
    let folder = in_memory();
    let mut journal = open(folder.path(), 1);
    for value in 1..=3 {
        journal.append(rated(value), reading(1)).unwrap();
    }
    drop(journal);
    let card = Connection::open(file(folder.path())).unwrap();
    card.execute("update event set score = 5 where n = 2", []).unwrap();
    card.close().unwrap();
    let mut journal = open(folder.path(), 2);
    assert_eq!(waiting(&mut journal), [id(1, 1), id(1, 3)]);
    do_chores(&mut journal);
    let batch = journal.batch(9).unwrap();
    let lost = Event::Lost(Loss::Range { run: RunId([1; 16]), first: 2, last: 2 });
    assert_eq!(batch.runs[1].entries[0].event, lost);
    assert_eq!((journal.books().lost, journal.books().waiting), (1, 3));
    journal.settle(&settled([id(1, 1), id(1, 3), id(2, 1)])).unwrap();
    let books = journal.books();
    assert_eq!((books.taken, books.settled, books.lost, books.waiting), (4, 3, 1, 0));
    assert!(journal.audit().unwrap().bad_files.is_empty(), "one bad row condemns no file");
}

#[test]
fn a_mark_that_was_changed_settles_nothing() {
    let folder = in_memory();
    let mut journal = open(folder.path(), 1);
    for value in 1..=4 {
        journal.append(rated(value), reading(1)).unwrap();
    }
    journal.settle(&settled([id(1, 1)])).unwrap();
    drop(journal);
    let card = Connection::open(file(folder.path())).unwrap();
    card.execute("update run set settled_n = settled_n + 2", []).unwrap();
    card.execute("update meta set value = value + 2 where key = 'unsent_row'", []).unwrap();
    card.close().unwrap();
    let mut journal = open(folder.path(), 2);
    do_chores(&mut journal);
    let waiting = waiting(&mut journal);
    assert!((2..=4).all(|n| waiting.contains(&id(1, n))), "{waiting:?}");
    assert_eq!(journal.books().lost, 0);
}

#[test]
fn a_salvage_that_is_cut_off_goes_on_at_the_next_start() {
    let folder = cut_off(1_500);
    overwrite(&file(folder.path()), 0, &[0; 100]);
    let mut run = 20;
    // Each start repairs a few pieces at most, and is then cut off.
    for _ in 0..6 {
        run += 1;
        let mut journal = open(folder.path(), run);
        for _ in 0..3 {
            journal.chore(reading(1)).unwrap();
        }
        let left = in_memory();
        copy(folder.path(), left.path());
        drop(journal);
        copy(left.path(), folder.path());
    }
    let after = start(folder.path());
    account("cut off", 1_500, &after);
    assert_eq!(after.lost.len(), 0);
}
