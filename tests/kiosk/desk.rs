//! What the shop manager is told, from a real journal.

use smilepost::feedback::event::Event;
use smilepost::feedback::misuse::Verdict;
use smilepost::feedback::rating::{Input, Rated, Scale, Wording};
use smilepost::kiosk::desk::{self, Shop, Source};
use smilepost::kiosk::journal::Journal;
use smilepost::kiosk::settings::Settings;
use smilepost::wire::desk::Summary;

use crate::journal::{anchor, damage, do_chores, open, rated, reading};

/// Midnight after 2026-11-18 in UTC, when the boot of these journals was so many milliseconds old:
/// it began at 1,795,000,000,000 ms.
const MIDNIGHT: u64 = 46_400_000;

fn shop(folder: &tempfile::TempDir) -> Shop {
    let Settings { survey, language, .. } = Settings::plain(folder.path());
    Shop { zone: chrono_tz::UTC, survey, language }
}

fn press(value: u8, replaces: Option<u32>) -> Event {
    let Event::Rated(plain) = rated(value) else { panic!("a rating") };
    Event::Rated(Rated { replaces, ..plain })
}

fn summary(folder: &tempfile::TempDir, journal: Journal, day: &str) -> Summary {
    let source = Source::File(Box::new(journal));
    desk::summary(&source, &shop(folder), Some(day)).unwrap()
}

#[test]
fn a_press_before_midnight_can_be_corrected_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = || {
        let mut journal = open(folder.path(), 1);
        journal.tie(anchor(MIDNIGHT)).unwrap();
        journal
    };
    let mut first = journal();
    first.append(press(1, None), reading(MIDNIGHT - 2_000)).unwrap();
    first.append(press(5, Some(1)), reading(MIDNIGHT + 1_000)).unwrap();
    let before = summary(&folder, first, "2026-11-18");
    assert_eq!((before.n, before.replaced), (0, 1), "{before:?}");
    let again = Journal::open(folder.path(), smilepost::kiosk::journal::Limits::default());
    let after = summary(&folder, again.unwrap(), "2026-11-19");
    assert_eq!((after.n, after.replaced), (1, 0), "{after:?}");
}

#[test]
fn another_wording_is_a_line_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.tie(anchor(MIDNIGHT)).unwrap();
    let reworded = |value| {
        let Event::Rated(rated) = press(value, None) else { panic!("a rating") };
        let version = rated.question.version + 1;
        Event::Rated(Rated { question: Wording { version, ..rated.question.clone() }, ..rated })
    };
    let events = [press(5, None), press(4, None), reworded(1)];
    for (n, event) in (1..).zip(events) {
        journal.append(event, reading(MIDNIGHT + n * 60_000)).unwrap();
    }
    let day = summary(&folder, journal, "2026-11-19");
    let lines: Vec<_> = day.lines.iter().map(|line| (line.version, line.happy_index)).collect();
    assert_eq!(lines, [(1, Some(87.5)), (2, Some(0.0))]);
    assert_eq!((day.n, day.happy_index, day.csat), (3, None, None), "there is no score of both");
    let text = desk::render(&day);
    assert!(text.contains("their scores do not compare"), "{text}");
    assert!(text.contains("checkout, version 2: no longer asked so"), "{text}");
}

#[test]
fn a_button_that_fell_silent_is_a_notice_and_so_is_a_card_that_lost_something() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    do_chores(&mut journal);
    for n in 0..500_u64 {
        // One face is never pressed.
        let value = [5, 4, 3, 1][usize::try_from(n % 4).unwrap()];
        journal.append(press(value, None), reading(n * 60_000)).unwrap();
    }
    drop(journal);
    damage(folder.path(), &[8]);
    let mut journal = open(folder.path(), 2);
    do_chores(&mut journal);
    let summary = summary(&folder, journal, "2026-11-18");
    let [silent, lost] = &summary.notices[..] else { panic!("{:?}", summary.notices) };
    assert!(silent.starts_with("button 2 (") && silent.contains("check its wire"), "{silent}");
    assert!(lost.contains("lost 1 rating") && lost.contains("verify"), "{lost}");
}

#[test]
fn an_export_says_of_a_press_what_the_summary_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.tie(anchor(MIDNIGHT)).unwrap();
    // Older rules knew nothing of contacts that bounce.
    for boot_ms in [MIDNIGHT + 1_000, MIDNIGHT + 1_030] {
        let Event::Rated(plain) = rated(5) else { panic!("a rating") };
        let verdict = Verdict { misuse: None, rule: 1 };
        let (score, input) = (Scale::Five.score(5).unwrap(), Input::Button);
        let event = Event::Rated(Rated { verdict, score, input, ..plain });
        journal.append(event, reading(boot_ms)).unwrap();
    }
    let source = Source::File(Box::new(journal));
    let mut exported = Vec::new();
    desk::export(&source, chrono_tz::UTC, (None, None), |event| {
        exported.push(event.misuse);
        Ok(())
    })
    .unwrap();
    assert_eq!(exported, [None, Some("bounce".to_owned())]);
    let summary = desk::summary(&source, &shop(&folder), Some("2026-11-19")).unwrap();
    assert_eq!((summary.n, summary.misuse), (1, [("bounce".to_owned(), 1)].into()));
}
