//! Power cuts at any moment: every thanked rating is in the journal, and no other is made up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::{Connection, OpenFlags};
use smilepost::feedback::event::Event;
use smilepost::feedback::moment::{Anchor, Limit, Source};
use smilepost::feedback::rating::RatingId;
use smilepost::kiosk::journal::{ArchiveSeen, Error, FILE, Journal, Limits, Settlement, State};

use crate::chance::{Chance, seeds};
use crate::disk::Disk;
use crate::folder::{copy, in_memory};
use crate::scene::{BOOT, rated, reading, run, start};
use crate::vfs::{Card, Note};

/// How many cuts are tried for each seed.
const CUTS: usize = 480;

/// What is known outside of the card.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    /// A shopper was thanked.
    Thanked(RatingId, u8),
    /// The hub has confirmed this; from now on the kiosk may delete it.
    Confirmed(RatingId),
    /// The content of the high-water mark, which is flushed by itself.
    Mark(Vec<u8>),
}

/// A kiosk on a card that notes every operation.
struct Kiosk<'a> {
    folder: &'a Path,
    card: &'a Card,
    notes: Vec<Note<Said>>,
    mark: Vec<u8>,
}

impl Kiosk<'_> {
    fn hear(&mut self) {
        let notes = self.card.notes().into_iter().map(|note| match note {
            Note::Write { file, at, bytes } => Note::Write { file, at, bytes },
            Note::Truncate { file, length } => Note::Truncate { file, length },
            Note::Flush { file } => Note::Flush { file },
            Note::Delete { file, is_flushed } => Note::Delete { file, is_flushed },
            Note::Said(()) => unreachable!("the card says nothing"),
        });
        self.notes.extend(notes);
        let mark = std::fs::read(self.folder.join("journal.mark")).unwrap_or_default();
        if mark != self.mark {
            self.notes.push(Note::Said(Said::Mark(mark.clone())));
            self.mark = mark;
        }
    }

    fn say(&mut self, said: Said) {
        self.hear();
        self.notes.push(Note::Said(said));
    }
}

/// Some days of a kiosk: ratings, receipts, anchors, pruning, restarts.
fn live(kiosk: &mut Kiosk<'_>, chance: &mut Chance, steps: usize, first_run: usize) {
    let mut number = first_run;
    let open = |number| -> Result<Journal, Error> {
        let mut journal = Journal::open(kiosk.folder, Limits::default())?;
        journal.begin(run(number), BOOT)?;
        Ok(journal)
    };
    let mut journal = open(number).unwrap();
    kiosk.hear();
    for step in 0..steps {
        match chance.below(40) {
            0 => {
                // A restart, with the journal closed or not.
                if chance.one_in(2) {
                    journal.close()
                } else {
                    drop(journal)
                }
                kiosk.hear();
                number += 1;
                let mut next = Journal::open(kiosk.folder, Limits::default()).unwrap();
                next.begin(run(number), BOOT).unwrap();
                journal = next;
            }
            1..=3 => {
                let count = 1 + chance.below(20);
                let batch = journal.batch(count).unwrap();
                let ids: Vec<RatingId> =
                    batch.runs.iter().flat_map(|r| r.entries.iter().map(|e| e.id)).collect();
                ids.iter().for_each(|id| kiosk.say(Said::Confirmed(*id)));
                let told = batch.anchors.iter().map(|(key, ..)| *key).collect();
                let stored = u64::try_from(step).unwrap();
                let archive =
                    Some(ArchiveSeen { kiosk: 1, epoch: 7, stored: Some((stored, stored)) });
                let anchor = Some(anchor(step));
                let settlement =
                    Settlement { settled: ids, told, archive, anchor, ..Settlement::default() };
                journal.settle(&settlement).unwrap();
            }
            4 => drop(
                journal
                    .prune(Limit { utc_ms: i64::MAX, wall_ms: i64::MAX, boot_ms: u64::MAX })
                    .unwrap(),
            ),
            5 => journal.add_anchor(anchor(step)).unwrap(),
            6 if journal.has_chores() => journal.chore(reading(step)).unwrap(),
            _ => {
                let rated = rated(chance.below(5), 2);
                let score = rated.score.value();
                let entry = journal.append(Event::Rated(rated), reading(step)).unwrap();
                kiosk.say(Said::Thanked(entry.id, score));
            }
        }
        kiosk.hear();
    }
    while journal.has_chores() {
        journal.chore(reading(steps)).unwrap();
        kiosk.hear();
    }
    drop(journal);
    kiosk.hear();
}

fn anchor(step: usize) -> Anchor {
    let boot_ms = u64::try_from(step).unwrap();
    let utc_ms = 1_795_000_000_000 + i64::try_from(boot_ms).unwrap();
    Anchor { boot_ms, utc_ms, error_ms: 10, source: Source::Hub }
}

/// Everything that was noted in one life of a kiosk, and the card's content before it.
struct Life {
    before: Disk,
    /// Who had been thanked before it.
    thanked: BTreeMap<RatingId, u8>,
    /// What the hub had confirmed before it.
    confirmed: BTreeSet<RatingId>,
    notes: Vec<Note<Said>>,
}

fn record(before: &Path, thanked: BTreeMap<RatingId, u8>, seed: u64, steps: usize) -> Life {
    let card = Card::insert(before);
    let disk = Disk::holding(before);
    let mark = std::fs::read(before.join("journal.mark")).unwrap_or_default();
    let mut kiosk = Kiosk { folder: before, card: &card, notes: Vec::new(), mark };
    live(&mut kiosk, &mut Chance::seeded(seed), steps, 1_000);
    let (confirmed, notes) = (BTreeSet::new(), kiosk.notes);
    Life { before: disk, thanked, confirmed, notes }
}

/// Cuts the power at moments spread over a life, and opens what is left each time; returns how
/// often.
fn cut(name: &str, seed: u64, life: &Life, cuts: usize) -> usize {
    let mut chance = Chance::seeded(seed ^ 0xc0de);
    let mut disk = life.before.clone();
    let (mut thanked, mut confirmed) = (life.thanked.clone(), life.confirmed.clone());
    let mut tried = 0;
    for (at, note) in life.notes.iter().enumerate() {
        disk.take(note);
        match note {
            Note::Said(Said::Thanked(id, score)) => drop(thanked.insert(*id, *score)),
            Note::Said(Said::Confirmed(id)) => drop(confirmed.insert(*id)),
            Note::Said(Said::Mark(bytes)) => disk.put("journal.mark", bytes.clone()),
            _ => {}
        }
        if chance.below(life.notes.len()) >= cuts {
            continue;
        }
        let left = in_memory();
        disk.cut(&mut chance, left.path());
        let place =
            format!("{name}, SMILEPOST_SEED={seed}, after note {at} of {}", life.notes.len());
        check(&place, left.path(), &thanked, &confirmed);
        tried += 1;
    }
    tried
}

fn check(
    place: &str,
    folder: &Path,
    thanked: &BTreeMap<RatingId, u8>,
    confirmed: &BTreeSet<RatingId>,
) {
    let contents = start(folder, 9_999).unwrap_or_else(|why| panic!("{place}: {why}"));
    for (id, score) in thanked {
        match contents.ratings.get(id) {
            Some((kept, State::Waiting)) => assert_eq!(kept, score, "{place}: {id:?}"),
            Some((kept, _)) => {
                assert_eq!(kept, score, "{place}: {id:?}");
                assert!(confirmed.contains(id), "{place}: {id:?} is settled, and no hub has it");
            }
            None => assert!(confirmed.contains(id), "{place}: {id:?} was thanked for and is gone"),
        }
    }
    // In each run, at most the one press under way can be there without its thank-you.
    let mut unthanked = BTreeMap::<_, u32>::new();
    for id in contents.ratings.keys().filter(|id| !thanked.contains_key(id)) {
        *unthanked.entry(id.run).or_default() += 1;
    }
    assert!(unthanked.values().all(|count| *count == 1), "{place}: {unthanked:?}");
    assert!(contents.lost.is_empty(), "{place}: {:?} reported, and nothing is lost", contents.lost);
    assert_eq!(contents.damaged, 0, "{place}");
    let bad = contents.bad_files.iter().filter(|name| !name.ends_with(".bad-1")).count();
    assert_eq!(bad, 0, "{place}: {:?}: a sound journal was set aside", contents.bad_files);
}

/// Tries the cuts of many lives on both cores; returns how many.
fn cut_all(name: &str, lives: Vec<(u64, Life)>, cuts: usize) -> usize {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tried = 0;
        while let Some((seed, life)) = lives.get(next.fetch_add(1, Ordering::Relaxed)) {
            tried += cut(name, *seed, life, cuts);
        }
        tried
    };
    let tried = std::thread::scope(|scope| {
        let others = [scope.spawn(work), scope.spawn(work)];
        others.into_iter().map(|other| other.join().unwrap()).sum()
    });
    println!("{name}: {tried} power cuts over {} lives", lives.len());
    tried
}

#[test]
fn whoever_was_thanked_is_in_the_journal_after_any_power_cut() {
    let lives = seeds(16).into_iter().map(|seed| {
        let folder = in_memory();
        (seed, record(folder.path(), BTreeMap::new(), seed, 200))
    });
    let tried = cut_all("a life from the first start", lives.collect(), CUTS);
    assert!(tried >= 300);
}

#[test]
fn a_checkpoint_that_is_cut_off_takes_nothing_back() {
    // Long enough for a checkpoint, after which the WAL begins anew, while it runs.
    let lives = seeds(2).into_iter().map(|seed| {
        let folder = in_memory();
        let mut life = record(folder.path(), BTreeMap::new(), seed + 1_000, 3_000);
        // Only the notes around a checkpoint: a few before the database is written.
        let is_fold = |note: &Note<Said>| matches!(note, Note::Write { file, .. } if file == FILE);
        let first = life.notes.iter().skip(3_000).position(is_fold).unwrap() + 2_900;
        for note in life.notes.drain(..first) {
            life.before.take(&note);
            match note {
                Note::Said(Said::Thanked(id, score)) => drop(life.thanked.insert(id, score)),
                Note::Said(Said::Mark(bytes)) => life.before.put("journal.mark", bytes),
                Note::Said(Said::Confirmed(id)) => drop(life.confirmed.insert(id)),
                _ => {}
            }
        }
        life.notes.truncate(4_000);
        (seed + 1_000, life)
    });
    let tried = cut_all("around checkpoints", lives.collect(), 700);
    assert!(tried >= 300);
}

/// A journal as the first release made it, with ratings in it.
fn first_schema(folder: &Path) -> BTreeMap<RatingId, u8> {
    let newer = in_memory();
    let mut journal = Journal::open(newer.path(), Limits::default()).unwrap();
    journal.begin(run(1), BOOT).unwrap();
    let mut thanked = BTreeMap::new();
    for n in 0..60 {
        // The first schema's checksum is that of a rating judged by the first rules.
        let rated = rated(n, 1);
        let score = rated.score.value();
        let entry = journal.append(Event::Rated(rated), reading(n)).unwrap();
        thanked.insert(entry.id, score);
    }
    drop(journal);
    // The imagined card has no shared memory, which an attached database would need.
    let flags = OpenFlags::default();
    let old = Connection::open_with_flags_and_vfs(folder.join(FILE), flags, c"unix").unwrap();
    old.pragma_update(None, "page_size", 1_024).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    old.execute_batch(include_str!("../../src/kiosk/journal/0001_first.sql")).unwrap();
    old.execute("attach ? as newer", [newer.path().join(FILE).to_str().unwrap()]).unwrap();
    old.execute_batch(
        "insert into boot select id, uuid from newer.boot;
         insert into run select id, uuid, boot, taken, settled_n from newer.run;
         insert into question select * from newer.question;
         insert into event select row, run, n, boot_ms, wall_ms, score, scale, input, question,
             misuse, null, replaces, crc from newer.event;
         pragma user_version = 1;",
    )
    .unwrap();
    thanked
}

#[test]
fn a_migration_that_is_cut_off_keeps_every_rating() {
    let lives = seeds(4).into_iter().map(|seed| {
        let folder = in_memory();
        let thanked = first_schema(folder.path());
        (seed, record(folder.path(), thanked, seed, 12))
    });
    let tried = cut_all("a migration", lives.collect(), 400);
    assert!(tried >= 200);
}

/// A journal without its header, in quarantine and still to be salvaged.
fn damaged(folder: &Path) -> BTreeMap<RatingId, u8> {
    let mut journal = Journal::open(folder, Limits::default()).unwrap();
    journal.begin(run(1), BOOT).unwrap();
    let mut thanked = BTreeMap::new();
    for n in 0..900 {
        let rated = rated(n, 2);
        let score = rated.score.value();
        let entry = journal.append(Event::Rated(rated), reading(n)).unwrap();
        thanked.insert(entry.id, score);
    }
    drop(journal);
    let file = folder.join(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[..100].fill(0);
    std::fs::write(&file, bytes).unwrap();
    let what = "is damaged for a test".to_owned();
    Journal::quarantine(folder, &Error::Damaged { folder: folder.to_owned(), what }).unwrap();
    thanked
}

#[test]
fn a_salvage_that_is_cut_off_at_any_moment_brings_everything_home() {
    let lives = seeds(4).into_iter().map(|seed| {
        let folder = in_memory();
        let thanked = damaged(folder.path());
        (seed, record(folder.path(), thanked, seed, 25))
    });
    let tried = cut_all("a salvage", lives.collect(), 250);
    assert!(tried >= 150);
}

#[test]
fn a_setting_aside_that_is_cut_off_is_ended_at_the_next_start() {
    let original = in_memory();
    let mut journal = Journal::open(original.path(), Limits::default()).unwrap();
    journal.begin(run(1), BOOT).unwrap();
    for n in 0..64 {
        journal.append(Event::Rated(rated(n, 2)), reading(n)).unwrap();
    }
    let wal = format!("{FILE}-wal");
    let names = [FILE, wal.as_str(), "journal.mark"];
    for renamed in 0..=names.len() {
        let left = in_memory();
        copy(original.path(), left.path());
        for name in &names[..renamed] {
            let to = left.path().join(format!("{name}.bad-1"));
            std::fs::rename(left.path().join(name), to).unwrap();
        }
        let contents = start(left.path(), 9_999).unwrap();
        assert_eq!(contents.ratings.len(), 64, "after {renamed} of the files");
        assert!(contents.lost.is_empty(), "after {renamed} of the files: {:?}", contents.lost);
    }
}
