//! Tests of what head office has deleted, and of which the kiosk lets go too.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};
use smilepost::feedback::answer::{Answer, Answered, FollowUp, Reply};
use smilepost::feedback::event::Event;
use smilepost::feedback::moment::Limit;
use smilepost::feedback::rating::{RatingId, RunId};
use smilepost::kiosk::desk::tools::verify::verify;
use smilepost::kiosk::exchange::{pack, settlement};
use smilepost::kiosk::journal::{
    Batch, Books, Error, FILE, Home, Journal, JournalSource, JournalThread, Limits, Settlement,
};
use smilepost::wire::delivery::Delivery;
use smilepost::wire::receipt::{GONE_RANGES_MAX, Receipt};

use crate::events;
use crate::folder::{copy, in_memory};
use crate::journal::{BOOT, UTC, anchor, do_chores, id, open, rated, reading, waiting};
use crate::wait::wait_until;

/// What a shopper has said, and wants nobody to read any more.
const WORDS: &str = "Herr Vogelsang an Kasse drei war grob zu mir";

/// What another one has said.
const OTHERS: &str = "Das Brot von gestern war das von vorgestern";

/// The kiosk's name at head office.
const KIOSK: &str = "kallio-checkout-1";

fn said(words: &str) -> Event {
    let answer = Answer::new(FollowUp::Comment, Reply::Comment(words.to_owned())).unwrap();
    Event::Answered(Answered { to: Some(1), answer, question: events::question(1) })
}

/// The files of a journal that have these words somewhere.
fn files_with(folder: &Path, words: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if bytes.windows(words.len()).any(|window| window == words.as_bytes()) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

/// The field of a receipt that names these numbers of runs as deleted.
fn gone(upto: u64, ranges: &[(u8, u32, u32)]) -> Value {
    let of_run = |&(run, first, last): &(u8, u32, u32)| {
        let run = RunId([run; 16]).to_string();
        json!({ "run": run, "ranges": [[first, last]] })
    };
    json!({ "gone": { "upto": upto, "events": ranges.iter().map(of_run).collect::<Vec<_>>() } })
}

fn delivery(batch: &Batch) -> Delivery {
    pack(batch, "5eed", "smilepost-kiosk 1.0.0", KIOSK)
}

/// What the kiosk makes of a receipt that settles the whole batch and has these fields besides.
fn heard(batch: &Batch, fields: &Value) -> Settlement {
    let all = |run: &_| json!({ "run": run, "ranges": [[1, u32::MAX]] });
    let settled: Vec<_> = delivery(batch).runs.iter().map(|run| all(&run.run)).collect();
    let mut receipt = json!({
        "nonce": "5eed", "settled": settled, "hub_time_ms": 1_795_000_000_000_i64, "hub_epoch": 7,
    });
    receipt.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let receipt: Receipt = serde_json::from_value(receipt).unwrap();
    // The time is told elsewhere.
    Settlement { anchor: None, ..settlement(batch, &receipt, KIOSK, (1_000, 1_002)) }
}

/// Delivers all that waits, and does what the receipt and its chores ask for.
fn deliver(journal: &mut Journal, fields: &Value) {
    let batch = journal.batch(5_000).unwrap();
    journal.settle(&heard(&batch, fields)).unwrap();
    do_chores(journal);
}

/// The number that the next delivery tells.
fn told(journal: &mut Journal) -> Option<u64> {
    delivery(&journal.batch(1).unwrap()).gone
}

/// The events that the journal shows.
fn shown(journal: &Journal) -> Vec<RatingId> {
    let page = journal.page(0, 10_000).unwrap();
    page.into_iter().map(|kept| kept.entry.map_or_else(|id| id, |entry| entry.id)).collect()
}

/// Whether the books hold, with every row looked at.
fn holds(journal: Journal) -> bool {
    let verified = verify(&JournalSource::from(journal)).unwrap();
    assert_eq!(verified.complaints, [""; 0]);
    verified.holds
}

/// A run with two comments among its ratings, all settled: numbers 2 and 4 of 1 to 5.
fn settled_comments(folder: &Path) -> Journal {
    let mut journal = open(folder, 1);
    for event in [rated(1), said(WORDS), rated(2), said(OTHERS), rated(3)] {
        journal.append(event, reading(1)).unwrap();
    }
    deliver(&mut journal, &json!({}));
    journal
}

#[test]
fn a_deleted_comment_is_in_no_file_of_the_running_kiosk_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let journal = settled_comments(folder.path());
    let home = Home {
        folder: folder.path().to_owned(),
        limits: Limits::default(),
        boot: BOOT,
        new_run: Box::new(|| RunId([2; 16])),
        read_clocks: || reading(99),
    };
    let (thread, handle) = JournalThread::start(Some(journal), home, |_| {}).unwrap();
    // The page that had it has been written again and again since.
    for _ in 0..40 {
        thread.keep(said(OTHERS), reading(2), None).unwrap();
    }
    let wal = format!("{FILE}-wal");
    assert!(files_with(folder.path(), WORDS).contains(&wal), "the WAL has it");

    let batch = thread.batch_now(500).unwrap().unwrap();
    assert_eq!((batch.len(), delivery(&batch).gone), (40, None));
    thread.settle_now(heard(&batch, &gone(3, &[(1, 2, 2)]))).unwrap().unwrap();
    wait_until("the words are gone", || files_with(folder.path(), WORDS).is_empty());
    let batch = thread.batch_now(500).unwrap().unwrap();
    assert_eq!((batch.len(), delivery(&batch).gone), (0, Some(3)), "the next delivery says so");
    assert!(!files_with(folder.path(), OTHERS).is_empty(), "the others are there");
    thread.close();
    handle.join().unwrap();
    assert_eq!(files_with(folder.path(), WORDS), [""; 0]);
}

#[test]
fn the_books_hold_without_it_and_nobody_is_shown_it() {
    let folder = in_memory();
    let mut journal = settled_comments(folder.path());
    let before = journal.books();
    deliver(&mut journal, &gone(1, &[(1, 2, 2)]));
    assert_eq!((journal.books(), told(&mut journal)), (before, Some(1)));
    assert_eq!(shown(&journal), [1, 3, 4, 5].map(|n| id(1, n)));
    drop(journal);
    let mut journal = open(folder.path(), 2);
    do_chores(&mut journal);
    assert_eq!((journal.books(), told(&mut journal)), (before, Some(1)));
    journal.append(rated(5), reading(2)).unwrap();
    assert_eq!(waiting(&mut journal), [id(2, 1)]);
    assert!(holds(journal));
}

#[test]
fn the_newest_event_can_be_let_go_of_and_its_number_is_not_given_out_again() {
    let folder = in_memory();
    let mut journal = open(folder.path(), 1);
    for _ in 1..=100 {
        journal.append(said(WORDS), reading(1)).unwrap();
    }
    deliver(&mut journal, &gone(1, &[(1, 20, 100)]));
    assert_eq!(journal.next_id(), Some(id(1, 101)));
    let books = journal.books();
    // The power is cut: the run was never closed.
    let after = in_memory();
    copy(folder.path(), after.path());
    let mut journal = open(after.path(), 2);
    do_chores(&mut journal);
    assert_eq!(journal.books(), books);
    assert!(journal.audit().unwrap().bad_files.is_empty(), "no damage is seen");
    assert_eq!(journal.append(rated(1), reading(2)).unwrap().id, id(2, 1));
    assert_eq!(shown(&journal).len(), 20);
    assert!(holds(journal));
}

#[test]
fn an_event_that_was_let_go_of_is_not_offered_to_a_restored_head_office() {
    let folder = in_memory();
    let mut journal = settled_comments(folder.path());
    deliver(&mut journal, &gone(1, &[(1, 2, 2)]));
    deliver(&mut journal, &json!({ "hub_epoch": 8 }));
    let held = [1, 3, 4, 5].map(|n| id(1, n));
    assert_eq!(waiting(&mut journal), held);
    let Books { settled, waiting, lost, .. } = journal.books();
    assert_eq!((settled, waiting, lost), (1, 4, 0));
    assert_eq!(told(&mut journal), None, "the restored one counts its deletions anew");

    // It says the same again, with another number, and deletes what is only offered again.
    let nothing = json!({ "hub_epoch": 8, "settled": [] });
    let mut fields = nothing.as_object().unwrap().clone();
    fields.extend(gone(1, &[(1, 1, 2)]).as_object().unwrap().clone());
    deliver(&mut journal, &fields.into());
    assert_eq!(journal.books().waiting, 3, "number 1 was settled before the hole");
    assert_eq!((shown(&journal), told(&mut journal)), (held[1..].to_vec(), Some(1)));
    deliver(&mut journal, &json!({ "hub_epoch": 8 }));
    assert_eq!(journal.books().settled, 5);
    assert!(holds(journal));
}

#[test]
fn only_what_is_settled_is_let_go_of_whatever_is_asked_for() {
    let folder = in_memory();
    let mut journal = open(folder.path(), 1);
    for _ in 1..=6 {
        journal.append(said(WORDS), reading(1)).unwrap();
    }
    let all = gone(9, &[(1, 0, u32::MAX)]);
    let run = RunId([1; 16]).to_string();
    let mut fields = json!({
        "settled": [{ "run": run, "ranges": [[1, 2]] }],
        "set_aside": [{ "run": run, "n": 3, "reason": "no" }],
    });
    fields.as_object_mut().unwrap().extend(all.as_object().unwrap().clone());
    deliver(&mut journal, &fields);
    assert_eq!(waiting(&mut journal), [4, 5, 6].map(|n| id(1, n)));
    assert_eq!(shown(&journal), [3, 4, 5, 6].map(|n| id(1, n)));
    assert_eq!(told(&mut journal), None, "so it is named again");
    deliver(&mut journal, &all);
    assert_eq!((shown(&journal), told(&mut journal)), (vec![id(1, 3)], Some(9)));
    assert_eq!(journal.retry().unwrap(), 1, "what was never taken can still be sent");
    assert_eq!(waiting(&mut journal), [id(1, 3)]);
    deliver(&mut journal, &gone(10, &[(1, 3, 3)]));
    deliver(&mut journal, &gone(10, &[(1, 3, 3)]));
    assert_eq!((shown(&journal), told(&mut journal)), (vec![], Some(10)));
    assert_eq!(files_with(folder.path(), WORDS), [""; 0]);
    assert!(holds(journal));
}

#[test]
fn what_head_office_names_wrongly_changes_nothing() {
    let folder = in_memory();
    let mut journal = settled_comments(folder.path());
    let run = RunId([1; 16]).to_string();
    let of = |run: &str, ranges: &[(u32, u32)]| json!({ "run": run, "ranges": ranges });
    let many: Vec<(u32, u32)> = (1..=10_000).map(|n| (n, n)).collect();
    let foreign = RunId([7; 16]).to_string();
    let hostile = [
        ("backwards", json!([of(&run, &[(5, 1), (u32::MAX, 0)])])),
        ("a run of nobody", json!([of("../../etc", &[(1, 9)]), of("", &[(1, 9)])])),
        ("a run of another kiosk", json!([of(&foreign, &[(1, u32::MAX)])])),
        ("numbers never taken", json!([of(&run, &[(0, 0), (6, u32::MAX)])])),
        ("no numbers", json!([of(&run, &[])])),
        ("very many ranges", json!([of(&run, &many)])),
        ("too many runs", json!(vec![of(&run, &[(1, 5)]); GONE_RANGES_MAX + 1])),
    ];
    for (name, events) in hostile {
        for upto in [0, 1, u64::MAX] {
            deliver(&mut journal, &json!({ "gone": { "upto": upto, "events": events } }));
            assert_eq!(shown(&journal).len(), 5, "{name}");
        }
    }
    deliver(&mut journal, &json!({ "gone": { "upto": 4 } }));
    assert_eq!((shown(&journal).len(), told(&mut journal)), (5, Some(4)));
    // As many as there may be are heard.
    let most = json!([of(&run, &many[1..=GONE_RANGES_MAX])]);
    deliver(&mut journal, &json!({ "gone": { "upto": 5, "events": most } }));
    assert_eq!((shown(&journal), told(&mut journal)), (vec![id(1, 1)], Some(5)));
    assert!(holds(journal));
}

#[test]
fn a_power_cut_at_any_step_leaves_a_journal_that_lets_go_when_it_is_told_again() {
    let folder = in_memory();
    let mut journal = open(folder.path(), 1);
    for n in 1..=2_500 {
        let event = if n % 1_000 == 7 { said(WORDS) } else { rated(3) };
        journal.append(event, reading(1)).unwrap();
    }
    deliver(&mut journal, &json!({}));
    let books = journal.books();
    let asked = gone(4, &[(1, 7, 7), (1, 1_007, 1_007), (1, 2_007, 2_007)]);
    let batch = journal.batch(1).unwrap();
    journal.settle(&heard(&batch, &asked)).unwrap();
    let mut steps = 0;
    while journal.has_chores() {
        journal.chore(reading(99)).unwrap();
        steps += 1;
        let after = in_memory();
        copy(folder.path(), after.path());
        let mut journal = open(after.path(), 2);
        do_chores(&mut journal);
        let left = shown(&journal).len();
        let number = told(&mut journal);
        assert_eq!(number.is_some(), left == 2_497, "step {steps}: the number tells the truth");
        deliver(&mut journal, &asked);
        assert_eq!((told(&mut journal), journal.books()), (Some(4), books), "step {steps}");
        assert_eq!(files_with(after.path(), WORDS), [""; 0], "step {steps}");
        assert!(holds(journal), "step {steps}");
    }
    assert!(steps >= 4, "three pieces of rows, and the WAL");
}

#[test]
fn what_is_deleted_is_asked_for_anew_where_it_went_to_another_head_office_or_kiosk() {
    let folder = in_memory();
    let mut journal = settled_comments(folder.path());
    deliver(&mut journal, &gone(6, &[(1, 2, 2)]));
    let batch = journal.batch(1).unwrap();
    assert_eq!(pack(&batch, "5eed", "", "another-kiosk").gone, None);
    // What a restored one names by the number that it was told is not all that it has deleted.
    let mut fields = gone(8, &[(1, 4, 4)]);
    fields["hub_epoch"] = 8.into();
    deliver(&mut journal, &fields);
    assert_eq!((shown(&journal).len(), told(&mut journal)), (4, None));
    deliver(&mut journal, &fields);
    assert_eq!((shown(&journal).len(), told(&mut journal)), (3, Some(8)));
    // A lower number is what it is, whoever knew a higher one.
    let mut fields = gone(2, &[(1, 5, 5)]);
    fields["hub_epoch"] = 8.into();
    deliver(&mut journal, &fields);
    assert_eq!((shown(&journal).len(), told(&mut journal)), (2, Some(2)));
}

#[test]
fn a_damaged_journal_gives_nothing_back_and_misses_nothing() {
    let folder = in_memory();
    let mut journal = settled_comments(folder.path());
    deliver(&mut journal, &gone(6, &[(1, 2, 2)]));
    for _ in 0..3 {
        journal.append(rated(4), reading(3)).unwrap();
    }
    journal.close();
    let what = "is damaged by this test".to_owned();
    let error = Error::Damaged { folder: folder.path().to_owned(), what };
    Journal::quarantine(folder.path(), &error).unwrap();
    let mut journal = open(folder.path(), 2);
    do_chores(&mut journal);
    let Books { taken, waiting, lost, .. } = journal.books();
    assert_eq!((taken, waiting, lost), (8, 3, 0));
    assert_eq!(shown(&journal), [1, 3, 4, 5, 6, 7, 8].map(|n| id(1, n)));
    assert_eq!(told(&mut journal), None, "a fresh journal is told everything again");
    assert_eq!(files_with(folder.path(), WORDS), [""; 0]);
    assert!(holds(journal));
}

/// Such a program compares the checksum of kind and content, and keeps what it does not know.
#[test]
fn an_older_program_takes_it_for_an_event_of_a_newer_one() {
    let folder = in_memory();
    let mut journal = settled_comments(folder.path());
    deliver(&mut journal, &gone(6, &[(1, 2, 2)]));
    drop(journal);
    let file = Connection::open(folder.path().join(FILE)).unwrap();
    let sql = "select boot_ms, wall_ms, kind, content, crc from event where n = 2";
    let row = |row: &rusqlite::Row<'_>| {
        let content: Option<String> = row.get(3)?;
        assert_eq!(content, None);
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(4)?))
    };
    let (boot_ms, wall_ms, kind, crc): (i64, i64, String, u32) =
        file.query_row(sql, [], row).unwrap();
    let mut bytes = [1; 16].to_vec();
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend([boot_ms.to_le_bytes(), wall_ms.to_le_bytes()].concat());
    for text in [kind.as_str(), ""] {
        bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    assert_eq!((kind.as_str(), crc), ("gone", crc32c::crc32c(&bytes)));
    let version: i32 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 2, "nor is the schema a newer one");
}

/// The numbers that say something somewhere in the files: what follows `n=`, in four digits.
fn speakers(folder: &Path) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for name in [FILE.to_owned(), format!("{FILE}-wal")] {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        let digits = bytes.windows(6).filter_map(|six| six.strip_prefix(b"n="));
        let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u32>().ok();
        found.extend(digits.filter_map(number));
    }
    found
}

/// Pages are written anew when rows beside theirs are deleted, and what is in them moves.
#[test]
fn no_move_of_rows_leaves_a_copy_behind() {
    let folder = in_memory();
    let mut journal = open(folder.path(), 1);
    journal.add_anchor(anchor(0)).unwrap();
    for n in 1..=900_u32 {
        let words = format!("n={n:04} ").repeat(1 + n as usize % 15);
        let event = if n % 3 == 0 { said(words.trim()) } else { rated(3) };
        journal.append(event, reading(u64::from(n) * 1_000)).unwrap();
    }
    deliver(&mut journal, &json!({}));
    assert_eq!(speakers(folder.path()).len(), 300);
    for round in 1..=30_u32 {
        let ms = UTC + i64::from(round) * 29_000;
        journal.prune(Limit { utc_ms: ms, wall_ms: ms, boot_ms: u64::MAX }).unwrap();
        let oldest = shown(&journal)[0].n;
        deliver(&mut journal, &gone(round.into(), &[(1, oldest, oldest + 11)]));
        let held: BTreeSet<u32> = shown(&journal).iter().map(|id| id.n).collect();
        let copies: Vec<_> =
            speakers(folder.path()).into_iter().filter(|n| !held.contains(n)).collect();
        assert_eq!(copies, [0; 0], "round {round}, from {oldest} on");
    }
}

#[test]
fn what_grows_too_old_is_overwritten_too() {
    let folder = in_memory();
    let mut journal = settled_comments(folder.path());
    journal.add_anchor(anchor(0)).unwrap();
    let limit = Limit { utc_ms: i64::MAX, wall_ms: i64::MAX, boot_ms: u64::MAX };
    assert_eq!(journal.prune(limit).unwrap(), 4);
    journal.close();
    assert_eq!(files_with(folder.path(), WORDS), [""; 0]);
}
