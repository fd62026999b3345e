//! Failing cards: the k-th operation fails, for every k, once or from then on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use smilepost::feedback::event::Event;
use smilepost::feedback::rating::RatingId;
use smilepost::kiosk::journal::{Home, Journal, JournalThread, Limits, Outcome, Settlement};

use crate::folder::in_memory;
use crate::scene::{BOOT, rated, reading, run, start};
use crate::vfs::{Card, Failure, Kind};

const PRESSES: usize = 40;

/// The journal's thread as the kiosk runs it, and what it answers.
struct Post {
    journal: JournalThread,
    thread: std::thread::JoinHandle<()>,
    answers: Receiver<Outcome>,
}

impl Post {
    fn open(folder: &Path) -> Self {
        let journal = Journal::open(folder, Limits::default()).and_then(|mut journal| {
            journal.begin(run(1), BOOT)?;
            Ok(journal)
        });
        let next = std::cell::Cell::new(1);
        let ground = Home {
            folder: folder.to_owned(),
            limits: Limits::default(),
            boot: BOOT,
            new_run: Box::new(move || {
                next.set(next.get() + 1);
                run(next.get())
            }),
            read_clocks: || reading(1),
        };
        let (say, answers) = channel();
        let answer = move |answer| say.send(answer).unwrap();
        let (journal, thread) = JournalThread::start(journal.ok(), ground, answer).unwrap();
        Self { journal, thread, answers }
    }

    /// Presses a face; returns the rating's identity if its shopper is thanked.
    fn press(&self, value: usize) -> Option<(RatingId, u8)> {
        let rated = rated(value, 2);
        let score = rated.score.value();
        self.journal.keep(Event::Rated(rated), reading(value), None).unwrap();
        match self.answers.recv().unwrap() {
            Outcome::Kept(entry) => Some((entry.id, score)),
            Outcome::NotKept(_) => None,
            other => panic!("{other:?}"),
        }
    }

    fn settle(&self, settled: Vec<RatingId>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let settlement = Settlement { settled, ..Settlement::default() };
        // The hub's next receipt repeats a settlement that the card cannot take.
        drop(runtime.block_on(self.journal.settle(settlement)).unwrap());
    }

    fn close(self) {
        self.journal.close();
        self.thread.join().unwrap();
    }
}

/// Presses with the failure set; returns whether it happened.
fn press_through(failure: Failure) -> bool {
    let folder = in_memory();
    let card = Card::insert(folder.path());
    card.fail(failure);
    let post = Post::open(folder.path());
    let mut thanked = BTreeMap::new();
    for value in 0..PRESSES {
        thanked.extend(post.press(value));
        if value == PRESSES / 2 {
            post.settle(thanked.keys().take(2).copied().collect());
        }
    }
    let has_failed = card.heal();
    // Without a restart, the next shopper is thanked.
    let next = post.press(4);
    assert!(next.is_some(), "{failure:?}: it did not recover by itself");
    thanked.extend(next);
    post.close();
    drop(card);
    let contents = start(folder.path(), 9_999).unwrap_or_else(|why| panic!("{failure:?}: {why}"));
    for (id, score) in &thanked {
        let kept = contents.ratings.get(id).map(|(kept, _)| kept);
        assert_eq!(kept, Some(score), "{failure:?}: {id:?} was thanked for");
    }
    assert!(contents.lost.is_empty(), "{failure:?}: {:?}", contents.lost);
    assert!(contents.bad_files.is_empty(), "{failure:?}: a sound file was set aside");
    // After a failure, a press may be on the card although its shopper was told that it was not
    // recorded, but never twice: only the last press shares its time with another.
    for boot_ms in 0..u64::try_from(PRESSES).unwrap() {
        let times = contents.taken_at.iter().filter(|at| **at == boot_ms).count();
        assert!(times <= 1 + usize::from(boot_ms == 4), "{failure:?}: press {boot_ms}: {times}");
    }
    has_failed
}

fn every_operation(kind: Kind) {
    for is_for_good in [false, true] {
        let mut at = 1;
        while press_through(Failure { at, is_for_good, kind }) {
            at += 1;
        }
        println!("{kind:?}, {}: failed at each of {} operations", is_for_good, at - 1);
        assert!(at > 10);
    }
}

#[test]
fn a_card_that_fails_to_write_at_any_operation_costs_no_thanked_rating() {
    every_operation(Kind::Broken);
}

#[test]
fn a_card_that_fails_to_flush_at_any_moment_costs_no_thanked_rating() {
    every_operation(Kind::Flush);
}

#[test]
fn a_card_that_is_full_at_any_operation_costs_no_thanked_rating() {
    every_operation(Kind::Full);
}
