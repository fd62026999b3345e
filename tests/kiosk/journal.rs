//! Tests of the journal on a real file.

use std::path::Path;

use rusqlite::{Connection, params};
use smilepost::feedback::answer::{Answer, Answered, FollowUp, Reply};
use smilepost::feedback::call::Called;
use smilepost::feedback::event::Event;
use smilepost::feedback::misuse::{Reason, Verdict};
use smilepost::feedback::moment::{ANCHOR_INTERVAL_MS, Anchor, Limit, Reading, Source};
use smilepost::feedback::note::{About, Noted};
use smilepost::feedback::rating::{BootId, Rated, RatingId, RunId, Wording};
use smilepost::kiosk::journal::{
    ArchiveSeen, Books, Error, FILE, Journal, Limits, SCHEMA_VERSION, Settlement, State,
};

use crate::events;

pub(crate) const BOOT: BootId = BootId([9; 16]);
pub(crate) const UTC: i64 = 1_795_000_000_000;

pub(crate) fn rated(value: u8) -> Event {
    Event::Rated(events::rated(value))
}

pub(crate) fn reading(boot_ms: u64) -> Reading {
    Reading { boot_ms, wall_ms: 77 }
}

pub(crate) fn open(folder: &Path, run: u8) -> Journal {
    let mut journal = Journal::open(folder, Limits::default()).unwrap();
    journal.begin(RunId([run; 16]), BOOT).unwrap();
    journal
}

pub(crate) fn anchor(boot_ms: u64) -> Anchor {
    let utc_ms = UTC + i64::try_from(boot_ms).unwrap();
    Anchor { boot_ms, utc_ms, error_ms: 10, source: Source::Hub }
}

pub(crate) fn id(run: u8, n: u32) -> RatingId {
    RatingId { run: RunId([run; 16]), n }
}

pub(crate) fn settled(ids: impl IntoIterator<Item = RatingId>) -> Settlement {
    Settlement { settled: ids.into_iter().collect(), ..Settlement::default() }
}

pub(crate) fn waiting(journal: &mut Journal) -> Vec<RatingId> {
    let batch = journal.batch(500).unwrap();
    batch.runs.iter().flat_map(|run| run.entries.iter().map(|entry| entry.id)).collect()
}

fn books(journal: &Journal) -> (u64, u64, u64, u64) {
    let Books { taken, settled, set_aside, waiting, .. } = journal.books();
    (taken, settled, set_aside, waiting)
}

/// Damages these rows of a closed journal, as a bad card does.
pub(crate) fn damage(folder: &Path, numbers: &[u32]) {
    let file = Connection::open(folder.join(FILE)).unwrap();
    for n in numbers {
        let changed = file.execute("update event set score = score % 5 + 1 where n = ?", [n]);
        assert_eq!(changed.unwrap(), 1);
    }
}

#[test]
fn a_rating_outlives_the_process_that_took_it() {
    let folder = tempfile::tempdir().unwrap();
    let Event::Rated(plain) = rated(2) else { panic!("a rating") };
    let verdict = Verdict::now(Some(Reason::Repeat));
    let first = Event::Rated(Rated { verdict, replaces: Some(1), ..plain });
    let mut journal = open(folder.path(), 1);
    let kept = [
        journal.append(rated(5), reading(10)).unwrap(),
        journal.append(first, reading(20)).unwrap(),
    ];
    assert_eq!(kept.each_ref().map(|entry| entry.id), [id(1, 1), id(1, 2)]);
    drop(journal);

    let mut journal = open(folder.path(), 2);
    assert_eq!(books(&journal), (2, 0, 0, 2));
    let batch = journal.batch(500).unwrap();
    assert_eq!(batch.runs.len(), 1);
    assert_eq!((batch.runs[0].run, batch.runs[0].boot), (RunId([1; 16]), BOOT));
    assert_eq!((batch.runs[0].taken, &batch.runs[0].entries[..]), (2, &kept[..]));
}

#[test]
fn each_run_counts_from_one_and_runs_are_delivered_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    for run in 1..=3 {
        let mut journal = open(folder.path(), run);
        for value in 1..=run {
            journal.append(rated(value), reading(1)).unwrap();
        }
    }
    let mut journal = open(folder.path(), 4);
    let all = [id(1, 1), id(2, 1), id(2, 2), id(3, 1), id(3, 2), id(3, 3)];
    assert_eq!(waiting(&mut journal), all);
    assert_eq!(journal.batch(2).unwrap().len(), 2);
}

#[test]
fn only_what_a_receipt_names_stops_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for value in 1..=5 {
        journal.append(rated(value), reading(1)).unwrap();
    }
    journal.settle(&settled([id(1, 1), id(1, 2)])).unwrap();
    assert_eq!(waiting(&mut journal), [id(1, 3), id(1, 4), id(1, 5)]);
    assert_eq!(books(&journal), (5, 2, 0, 3));

    let aside = vec![(id(1, 3), "the hub said so".to_owned())];
    let settlement = Settlement { set_aside: aside, ..settled([id(1, 4)]) };
    journal.settle(&settlement).unwrap();
    assert_eq!(waiting(&mut journal), [id(1, 5)]);
    assert_eq!(books(&journal), (5, 3, 1, 1));
    drop(journal);

    let mut journal = open(folder.path(), 2);
    assert_eq!(waiting(&mut journal), [id(1, 5)]);
    assert_eq!(books(&journal), (5, 3, 1, 1));
    let states: Vec<State> = journal.page(0, 9).unwrap().iter().map(|kept| kept.state).collect();
    let expected =
        [State::Settled, State::Settled, State::SetAside, State::Settled, State::Waiting];
    assert_eq!(states, expected);
}

#[test]
fn a_receipt_with_a_gap_settles_up_to_it_and_the_rest_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for value in 1..=4 {
        journal.append(rated(value), reading(1)).unwrap();
    }
    journal.settle(&settled([id(1, 1), id(1, 3), id(1, 4)])).unwrap();
    assert_eq!(waiting(&mut journal), [id(1, 2), id(1, 3), id(1, 4)]);
    journal.settle(&settled([id(7, 1)])).unwrap();
    assert_eq!(books(&journal), (4, 1, 0, 3), "a run that is not ours changes nothing");
}

fn by_both(ms: i64) -> Limit {
    Limit { utc_ms: ms, wall_ms: ms, boot_ms: u64::MAX }
}

#[test]
fn a_year_that_only_one_clock_has_seen_prunes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for value in 1..=4 {
        journal.append(rated(value), reading(u64::from(value) * 1_000)).unwrap();
    }
    journal.settle(&settled((1..=4).map(|n| id(1, n)))).unwrap();
    journal.add_anchor(anchor(0)).unwrap();
    for (utc_ms, wall_ms) in [(i64::MAX, 77), (UTC, i64::MAX), (i64::MAX, i64::MIN)] {
        assert_eq!(
            journal.prune(Limit { utc_ms, wall_ms, boot_ms: u64::MAX }).unwrap(),
            0,
            "{utc_ms} {wall_ms}"
        );
    }
    assert_eq!(journal.prune(by_both(i64::MAX)).unwrap(), 3);
}

#[test]
fn only_settled_events_are_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for value in 1..=4 {
        journal.append(rated(value), reading(u64::from(value) * 1_000)).unwrap();
    }
    journal.settle(&settled([id(1, 1), id(1, 2)])).unwrap();
    assert_eq!(journal.prune(by_both(i64::MAX)).unwrap(), 0, "nothing of unknown age is deleted");
    journal.add_anchor(anchor(0)).unwrap();
    assert_eq!(journal.prune(by_both(UTC + 1_500)).unwrap(), 1);
    assert_eq!(journal.prune(by_both(i64::MAX)).unwrap(), 1);
    assert_eq!(journal.prune(by_both(i64::MAX)).unwrap(), 0);
    assert_eq!(waiting(&mut journal), [id(1, 3), id(1, 4)]);
    journal.settle(&settled([id(1, 3), id(1, 4)])).unwrap();
    assert_eq!(journal.prune(by_both(i64::MAX)).unwrap(), 1);
    assert_eq!(journal.prune(by_both(i64::MAX)).unwrap(), 0, "the newest row stays");
    assert_eq!(books(&journal), (4, 4, 0, 0));
    drop(journal);
    let mut journal = open(folder.path(), 2);
    assert_eq!(books(&journal), (4, 4, 0, 0), "the books outlive the rows");
    journal.append(rated(1), reading(1)).unwrap();
    assert_eq!(waiting(&mut journal), [id(2, 1)], "and what is new is still seen to wait");
}

#[test]
fn pruning_takes_events_of_unknown_age_and_leaves_those_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), Limits::default()).unwrap();
    journal.begin(RunId([1; 16]), BootId([1; 16])).unwrap();
    for value in 1..=3 {
        journal.append(rated(value), reading(1)).unwrap();
    }
    let aside = vec![(id(1, 2), "the hub said so".to_owned())];
    let ids = settled([id(1, 1), id(1, 3)]);
    journal.settle(&Settlement { set_aside: aside, ..ids }).unwrap();
    drop(journal);
    let mut journal = open(folder.path(), 2);
    journal.add_anchor(anchor(0)).unwrap();
    journal.append(rated(4), reading(1)).unwrap();
    journal.append(rated(5), reading(2)).unwrap();
    journal.settle(&settled([id(2, 1), id(2, 2)])).unwrap();
    assert_eq!(journal.prune(by_both(i64::MAX)).unwrap(), 3);
    let left = journal.page(0, 9).unwrap();
    let left: Vec<_> = left.into_iter().map(|kept| kept.entry.unwrap().id).collect();
    assert_eq!(left, [id(1, 2), id(2, 2)]);
}

#[test]
fn the_time_of_a_boot_is_kept_once_and_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.append(rated(1), reading(500)).unwrap();
    journal.settle(&Settlement { anchor: Some(anchor(1_000)), ..Settlement::default() }).unwrap();
    journal.add_anchor(anchor(2_000)).unwrap();
    let batch = journal.batch(500).unwrap();
    let anchors: Vec<_> = batch.anchors.iter().map(|(_, boot, anchor)| (*boot, *anchor)).collect();
    assert_eq!(anchors, [(BOOT, anchor(1_000))], "the second one tells nothing new");
    let told = batch.anchors.iter().map(|(key, ..)| *key).collect();
    journal.settle(&Settlement { told, ..Settlement::default() }).unwrap();
    assert_eq!(journal.batch(500).unwrap().anchors, []);
    journal.add_anchor(anchor(1_000 + ANCHOR_INTERVAL_MS)).unwrap();
    assert_eq!(journal.batch(500).unwrap().anchors.len(), 1);
    drop(journal);
    let journal = open(folder.path(), 2);
    assert_eq!(journal.timeline().date(BOOT, reading(500)).utc_ms, UTC + 500);
}

#[test]
fn a_newer_journal_is_refused_and_left_untouched() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), 1));
    let file = folder.path().join(FILE);
    let card = Connection::open(&file).unwrap();
    card.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    // A newer program writes its version in two places, so that one flipped bit cannot mean it.
    card.pragma_update(None, "application_id", 0x534d_0000 | (SCHEMA_VERSION + 1)).unwrap();
    card.close().unwrap();
    let before = std::fs::read(&file).unwrap();
    let beside = std::fs::read_dir(folder.path()).unwrap().count();
    let refused = Journal::open(folder.path(), Limits::default()).unwrap_err();
    assert!(matches!(refused, Error::Newer { found, .. } if found == SCHEMA_VERSION + 1));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), beside, "no file beside it");
}

#[test]
fn a_second_kiosk_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path(), 1);
    first.append(rated(1), reading(1)).unwrap();
    assert!(matches!(Journal::open(folder.path(), Limits::default()), Err(Error::InUse(_))));
    first.append(rated(2), reading(2)).unwrap();
}

#[test]
fn a_data_folder_that_is_a_file_or_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for bad in [file.as_path(), Path::new("/proc/smilepost")] {
        let error = Journal::open(bad, Limits::default()).unwrap_err();
        assert!(matches!(error, Error::Folder { .. }), "{error:?}");
        assert!(error.to_string().contains(&bad.display().to_string()));
    }
}

/// `Journal::open` asserts by itself that every commit is flushed: only it can ask its connection.
#[test]
fn the_journal_is_in_wal_mode_with_small_pages() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), 1));
    let card = Connection::open(folder.path().join(FILE)).unwrap();
    let ask = |pragma: &str| card.pragma_query_value(None, pragma, |row| row.get::<_, String>(0));
    assert_eq!(ask("journal_mode").unwrap(), "wal");
    let page: u32 = card.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    assert_eq!(page, 1024);
}

#[test]
fn a_receipt_that_brings_nothing_new_costs_the_card_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.append(rated(1), reading(1)).unwrap();
    journal.settle(&Settlement { anchor: Some(anchor(1)), ..settled([id(1, 1)]) }).unwrap();
    let wal = folder.path().join(format!("{FILE}-wal"));
    let before = std::fs::read(&wal).unwrap();
    journal.settle(&Settlement { anchor: Some(anchor(2_000)), ..Settlement::default() }).unwrap();
    assert_eq!(std::fs::read(&wal).unwrap(), before);
}

#[test]
fn what_is_set_aside_is_sent_again_when_asked_for_and_then_settled() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for value in 1..=3 {
        journal.append(rated(value), reading(1)).unwrap();
    }
    let aside = vec![(id(1, 2), "the hub said so".to_owned())];
    journal.settle(&Settlement { set_aside: aside, ..settled([id(1, 1), id(1, 3)]) }).unwrap();
    assert_eq!(books(&journal), (3, 2, 1, 0));
    assert_eq!(journal.retry().unwrap(), 1);
    assert_eq!(books(&journal), (3, 2, 0, 1));
    drop(journal);
    let mut journal = open(folder.path(), 2);
    assert_eq!((books(&journal), waiting(&mut journal)), ((3, 2, 0, 1), vec![id(1, 2)]));
    let aside = vec![(id(1, 2), "still".to_owned())];
    journal.settle(&Settlement { set_aside: aside, ..Settlement::default() }).unwrap();
    assert_eq!((books(&journal), waiting(&mut journal)), ((3, 2, 1, 0), vec![]));
    journal.retry().unwrap();
    journal.settle(&settled([id(1, 2)])).unwrap();
    assert_eq!((books(&journal), waiting(&mut journal)), ((3, 3, 0, 0), vec![]));
}

#[test]
fn a_hub_that_went_back_in_time_is_offered_everything_that_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for value in 1..=4 {
        journal.append(rated(value), reading(1)).unwrap();
    }
    let archive =
        |epoch, stored| Some(ArchiveSeen { kiosk: 1, epoch, stored: Some((stored, stored)) });
    let all = settled((1..=4).map(|n| id(1, n)));
    journal.settle(&Settlement { archive: archive(7, 4), ..all.clone() }).unwrap();
    journal.settle(&Settlement { archive: archive(7, 4), ..Settlement::default() }).unwrap();
    do_chores(&mut journal);
    assert_eq!(waiting(&mut journal), []);
    for (epoch, stored) in [(7, 2), (8, 2)] {
        journal
            .settle(&Settlement { archive: archive(epoch, stored), ..Settlement::default() })
            .unwrap();
        do_chores(&mut journal);
        assert_eq!(waiting(&mut journal).len(), 4, "epoch {epoch}, {stored} stored");
        journal.settle(&Settlement { archive: archive(epoch, 4), ..all.clone() }).unwrap();
        do_chores(&mut journal);
        assert_eq!(books(&journal), (4, 4, 0, 0));
    }
}

#[test]
fn what_is_held_before_a_hole_is_offered_again_too() {
    let folder = tempfile::tempdir().unwrap();
    let archive = |epoch| Some(ArchiveSeen { kiosk: 1, epoch, stored: None });
    let mut journal = open(folder.path(), 1);
    for _ in 1..=9 {
        journal.append(rated(3), reading(1)).unwrap();
    }
    let all = settled((1..=9).map(|n| id(1, n)));
    journal.settle(&Settlement { archive: archive(7), ..all.clone() }).unwrap();
    drop(journal);
    damage(folder.path(), &[5]);
    let mut journal = open(folder.path(), 2);
    let settlement = Settlement { archive: archive(8), ..Settlement::default() };
    journal.settle(&settlement).unwrap();
    do_chores(&mut journal);
    let held: Vec<_> = [1, 2, 3, 4, 6, 7, 8, 9].map(|n| id(1, n)).into();
    assert_eq!(waiting(&mut journal), held);
    assert_eq!(books(&journal), (9, 1, 0, 8));
    journal.settle(&Settlement { archive: archive(8), ..settled(held) }).unwrap();
    assert_eq!((books(&journal), journal.has_chores()), ((9, 9, 0, 0), false));
}

#[test]
fn an_event_damaged_while_it_waits_to_be_sent_again_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for _ in 1..=4 {
        journal.append(rated(3), reading(1)).unwrap();
    }
    let set_aside = vec![(id(1, 2), "no".to_owned()), (id(1, 4), "no".to_owned())];
    let settlement = Settlement { set_aside, ..settled([id(1, 1)]) };
    journal.settle(&settlement).unwrap();
    assert_eq!(journal.retry().unwrap(), 2);
    drop(journal);
    damage(folder.path(), &[2, 4]);
    let mut journal = open(folder.path(), 2);
    do_chores(&mut journal);
    let told: Vec<RatingId> = waiting(&mut journal);
    assert_eq!(told, [id(1, 3), id(2, 1), id(2, 2)], "what is whole, and two reports");
    let Books { taken, settled, waiting, lost, .. } = journal.books();
    assert_eq!((taken, settled, waiting, lost), (6, 1, 3, 2));
}

#[test]
fn a_reason_is_kept_as_long_as_it_fits() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.append(rated(3), reading(1)).unwrap();
    let set_aside = vec![(id(1, 1), "ä".repeat(4_000))];
    journal.settle(&Settlement { set_aside, ..Settlement::default() }).unwrap();
    let runs = journal.audit().unwrap().runs;
    assert_eq!(runs[0].set_aside, [(1, "ä".repeat(120))]);
}

#[test]
fn what_is_set_aside_does_not_stand_before_what_can_be_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for _ in 1..=5_010 {
        journal.append(rated(3), reading(1)).unwrap();
    }
    let set_aside = (1..=5_000).map(|n| (id(1, n), "no".to_owned())).collect();
    let rest = settled((5_001..=5_010).map(|n| id(1, n)));
    journal.settle(&Settlement { set_aside, ..rest }).unwrap();
    assert_eq!(journal.make_room().unwrap(), 9, "all that is settled but the newest row");
}

/// Lets the journal do what it does when nobody presses.
pub(crate) fn do_chores(journal: &mut Journal) {
    while journal.has_chores() {
        journal.chore(reading(99)).unwrap();
    }
}

#[test]
fn a_journal_at_its_limit_says_so_and_makes_room_of_what_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { bytes_max: 128 * 1024 };
    let mut journal = Journal::open(folder.path(), limits).unwrap();
    journal.begin(RunId([1; 16]), BOOT).unwrap();
    let error = loop {
        if let Err(error) = journal.append(rated(5), reading(1)) {
            break error;
        }
    };
    assert!(matches!(error, Error::AtLimit(_)), "{error:?}");
    drop(journal);
    let mut journal = Journal::open(folder.path(), limits).unwrap();
    let taken = u32::try_from(journal.books().taken).unwrap();
    assert!(taken > 500, "{taken}");
    assert_eq!(journal.make_room().unwrap(), 0, "nothing unsent is let go");
    journal.settle(&settled((1..=taken).map(|n| id(1, n)))).unwrap();
    assert!(journal.make_room().unwrap() > 500);
    journal.begin(RunId([2; 16]), BOOT).unwrap();
    journal.append(rated(5), reading(1)).unwrap();
}

#[test]
fn an_answer_is_read_back_word_for_word_and_a_changed_one_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let question = Wording { language: "fi".to_owned(), ..events::question(1) };
    let replies = [
        (FollowUp::Reasons, Reply::Reason("waiting".to_owned())),
        (FollowUp::Nps, Reply::Nps(10)),
        (FollowUp::Comment, Reply::Comment("Ei  koskaan leipää, kello 18 jälkeen".to_owned())),
        (FollowUp::Comment, Reply::Skipped),
        (FollowUp::Reasons, Reply::TimedOut),
    ];
    let answers = replies.map(|(follow_up, reply)| {
        let answer = Answer::new(follow_up, reply).unwrap();
        Event::Answered(Answered { to: Some(1), answer, question: question.clone() })
    });
    let noted = [(About::Day, "Toinen kassa auki  klo 17"), (About::Alert, "")];
    let noted = noted.map(|(about, text)| Event::Noted(Noted::new(about, text).unwrap()));
    let earlier = RatingId { run: RunId([1; 16]), n: 7 };
    let mended = [
        Noted::notice("Jonot ovat pitkiä", "Neljäs kassa").unwrap(),
        Noted::new(About::Day, "Kolmas kassa auki").unwrap().mending(earlier),
        Noted::notice("Jonot  ovat", "Neljäs kassa auki").unwrap().mending(earlier),
        Noted::withdrawing(earlier),
    ];
    let noted = noted.into_iter().chain(mended.map(Event::Noted));
    let called = Called::ALL.map(Event::Called);
    let answers: Vec<Event> = answers.into_iter().chain(noted).chain(called).collect();
    let mut journal = open(folder.path(), 1);
    journal.append(rated(2), reading(1)).unwrap();
    for answer in &answers {
        journal.append(answer.clone(), reading(2)).unwrap();
    }
    drop(journal);
    let file = Connection::open(folder.path().join(FILE)).unwrap();
    let sql = "update event set content = '1 reasons answered staff' where n = 2";
    assert_eq!(file.execute(sql, []).unwrap(), 1);
    drop(file);
    let journal = open(folder.path(), 2);
    let entries = journal.page(-1, 100).unwrap().into_iter().map(|kept| kept.entry);
    let told: Vec<Option<Event>> = entries.map(|entry| entry.ok().map(|e| e.event)).collect();
    let mut expected: Vec<Option<Event>> = answers.into_iter().map(Some).collect();
    expected[0] = None;
    assert_eq!(told[1..15], expected);
}

#[test]
fn an_event_that_only_a_newer_program_knows_is_kept_and_waits_for_that_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for _ in 0..3 {
        journal.append(rated(5), reading(1)).unwrap();
    }
    let called = Event::Called(Called::ALL[0]);
    journal.append(called.clone(), reading(2)).unwrap();
    journal.append(rated(4), reading(3)).unwrap();
    drop(journal);
    // As a program to come would write it: another kind, with the checksum of its texts.
    let become_kind = |kind: &str, content: &str| {
        let file = Connection::open(folder.path().join(FILE)).unwrap();
        let mut bytes = [1; 16].to_vec();
        bytes.extend(4_u32.to_le_bytes());
        let clocks = "select boot_ms, wall_ms from event where n = 4";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (boot_ms, wall_ms): (i64, i64) = file.query_row(clocks, [], read).unwrap();
        bytes.extend([boot_ms.to_le_bytes(), wall_ms.to_le_bytes()].concat());
        for text in [kind, content] {
            bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        let sql = "update event set kind = ?, content = ?, crc = ? where n = 4";
        let crc = crc32c::crc32c(&bytes);
        assert_eq!(file.execute(sql, params![kind, content, crc]).unwrap(), 1);
    };
    let content: String = {
        let file = Connection::open(folder.path().join(FILE)).unwrap();
        file.query_row("select content from event where n = 4", [], |row| row.get(0)).unwrap()
    };
    become_kind("weighed", "17 g");

    let mut journal = open(folder.path(), 2);
    do_chores(&mut journal);
    assert_eq!(waiting(&mut journal), [1, 2, 3, 5].map(|n| id(1, n)), "it holds up no other");
    journal.settle(&settled([1, 2, 3, 5].map(|n| id(1, n)))).unwrap();
    do_chores(&mut journal);
    let counted = journal.books();
    assert_eq!((counted.taken, counted.settled, counted.set_aside, counted.lost), (5, 4, 1, 0));
    assert_eq!(waiting(&mut journal), []);
    drop(journal);

    // The program that knows it is installed.
    become_kind("called", &content);
    let mut journal = open(folder.path(), 3);
    let batch = journal.batch(100).unwrap();
    assert_eq!(batch.len(), 1);
    assert_eq!(batch.runs[0].entries[0].event, called);
    journal.settle(&settled([id(1, 4)])).unwrap();
    let counted = journal.books();
    assert_eq!((counted.settled, counted.set_aside, counted.waiting), (5, 0, 0));
    drop(journal);

    // With another checksum it is damaged, whatever its kind.
    become_kind("weighed", "17 g");
    let file = Connection::open(folder.path().join(FILE)).unwrap();
    file.execute("update event set content = '18 g' where n = 4", []).unwrap();
    drop(file);
    let kept = open(folder.path(), 4).page(-1, 100).unwrap();
    assert!(kept.iter().all(|kept| !kept.is_newer) && kept[3].entry.is_err());
}
