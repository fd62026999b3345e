//! Tests of the desk's numbers, from a real journal.

use smilepost::escape::Dialect;
use smilepost::feedback::answer::{Answer, Answered, FollowUp, Reply};
use smilepost::feedback::event::Event;
use smilepost::feedback::event::fields::Field;
use smilepost::feedback::misuse::Verdict;
use smilepost::feedback::moment::{Anchor, Reading};
use smilepost::feedback::rating::{Input, Rated, RunId, Scale, Wording};
use smilepost::feedback::zone::Zone;
use smilepost::foreign::Folder;
use smilepost::kiosk::desk::sheets::sheet::{Sheet, Tab};
use smilepost::kiosk::desk::{self, Clerk, ClerkThread, Shop, Unanswerable};
use smilepost::kiosk::journal::{Home, Journal, JournalSource, JournalThread, Limits};
use smilepost::kiosk::settings::Settings;
use smilepost::wire::local::{Beside, Place, Summary};
use smilepost::zones::Zones;

use crate::journal::{anchor, damage, do_chores, open, rated, reading};

/// Midnight after 2026-11-18 in UTC, in milliseconds since the boot of these journals, which began
/// at 1,795,000,000,000 ms.
const MIDNIGHT: u64 = 46_400_000;
/// Noon of 2026-11-20, by both clocks.
fn noon() -> Reading {
    let boot_ms = MIDNIGHT + 36 * 3_600_000;
    Reading { boot_ms, wall_ms: 1_795_000_000_000 + i64::try_from(boot_ms).unwrap() }
}

/// The paths of a desk with this data folder.
fn at(folder: &std::path::Path) -> smilepost::kiosk::desk::DeskPaths {
    smilepost::kiosk::desk::DeskPaths { data_dir: folder.to_owned(), ..Default::default() }
}

fn shop(folder: &tempfile::TempDir) -> Shop {
    let Settings { survey, language, .. } = Settings::plain(folder.path());
    Shop {
        zone: Zone::utc(),
        name: "Nordmarkt".to_owned(),
        kiosk: "nordmarkt-till-1".to_owned(),
        touchpoint: "=Till 1".to_owned(),
        stays: Vec::new(),
        survey,
        language,
    }
}

fn press(value: u8, replaces: Option<u32>) -> Event {
    let Event::Rated(plain) = rated(value) else { panic!("a rating") };
    Event::Rated(Rated { replaces, ..plain })
}

fn summary(folder: &tempfile::TempDir, journal: Journal, day: &str) -> Summary {
    let source = JournalSource::from(journal);
    desk::summary(&source, &shop(folder), Some(day), None, true, 0).unwrap()
}

#[test]
fn a_press_before_midnight_can_be_corrected_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = || {
        let mut journal = open(folder.path(), 1);
        journal.add_anchor(anchor(MIDNIGHT)).unwrap();
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
    journal.add_anchor(anchor(MIDNIGHT)).unwrap();
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

/// A journal of a shop in UTC with these scores on each day, a minute apart, dated by an anchor.
fn journal_of(folder: &tempfile::TempDir, days: &[(u64, &[u8])]) -> Journal {
    const DAY: u64 = 86_400_000;
    let mut journal = open(folder.path(), 1);
    journal.add_anchor(anchor(0)).unwrap();
    for (day, values) in days {
        for (n, value) in (0..).zip(*values) {
            journal
                .append(press(*value, None), reading(MIDNIGHT + day * DAY + n * 60_000))
                .unwrap();
        }
    }
    journal
}

#[test]
fn an_hour_with_fewer_than_five_ratings_tells_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal_of(&folder, &[(0, &[5, 5, 4, 1, 2])]);
    for n in 0..4 {
        journal.append(press(1, None), reading(MIDNIGHT + 3_600_000 + n * 60_000)).unwrap();
    }
    let day = summary(&folder, journal, "2026-11-19");
    let hours: Vec<_> = day.hours.iter().map(|hour| (hour.hour, hour.n, hour.happy)).collect();
    assert_eq!(hours, [(0, Some(5), Some(3)), (1, None, None)]);
    let text = desk::render(&day);
    assert!(text.contains("01-02 fewer than 5\n"), "{text}");
}

#[test]
fn a_day_is_held_against_the_day_before_the_same_weekday_and_its_week_against_the_last() {
    let folder = tempfile::tempdir().unwrap();
    // A Thursday, and Tuesday to Thursday of the week after.
    let days = [(0, &[5; 10][..]), (5, &[3; 2]), (6, &[1; 6]), (7, &[5; 5])];
    let source = JournalSource::from(journal_of(&folder, &days));
    let beside = |day: &str, is_exact: bool| -> Vec<(String, Option<u32>, Option<f64>)> {
        let summary = desk::summary(&source, &shop(&folder), Some(day), None, is_exact, 0).unwrap();
        let rounded = |index: f64| index.round();
        let row = |it: Beside| (it.which, it.n, it.happy_index.map(rounded));
        summary.beside.into_iter().map(row).collect()
    };
    let row = |which: &str, n, index| (which.to_owned(), n, index);
    let thursday = [
        row("day before", Some(6), Some(0.0)),
        row("week before", Some(10), Some(100.0)),
        row("this week", Some(13), Some(46.0)),
        row("last week", Some(10), Some(100.0)),
    ];
    assert_eq!(beside("2026-11-26", true), thursday);
    assert_eq!(beside("2026-11-26", false), thursday, "it is long over");
    let wednesday = [
        row("day before", None, None),
        row("week before", Some(0), None),
        row("this week", Some(8), Some(13.0)),
        row("last week", Some(0), None),
    ];
    assert_eq!(beside("2026-11-25", true), wednesday, "two ratings are too few to be shown");
}

#[test]
fn the_terminal_hides_what_every_sheet_hides_unless_it_is_the_owners() {
    let folder = tempfile::tempdir().unwrap();
    let source = JournalSource::from(journal_of(&folder, &[(0, &[5, 5, 4, 1]), (1, &[5; 5])]));
    let of = |from, to, is_exact| {
        desk::summary(&source, &shop(&folder), Some(from), to, is_exact, 0).unwrap()
    };
    let day = of("2026-11-19", None, false);
    assert_eq!((day.n, day.happy_index, day.lines.len(), day.hidden), (0, None, 0, true));
    assert!(desk::render(&day).contains("fewer than 5"), "{}", desk::render(&day));
    let exact = of("2026-11-19", None, true);
    assert_eq!(
        (exact.n, exact.lines[0].counts.as_slice(), exact.hidden),
        (4, &[1, 0, 0, 1, 2][..], false)
    );
    let range = of("2026-11-19", Some("2026-11-20"), false);
    let days: Vec<_> = range.days.iter().map(|day| (day.n, day.hidden)).collect();
    assert_eq!(days, [(0, true), (5, false)]);
    assert!(range.days.iter().flat_map(|day| &day.lines).all(|line| line.n >= 5));
}

#[test]
fn a_day_is_compared_with_earlier_weeks_unless_the_ratings_are_too_few() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = ([5; 30], [1; 30]);
    let weeks = [(0, &good[..]), (1, &bad), (7, &good), (14, &good), (21, &bad), (28, &bad[..1])];
    let journal = journal_of(&folder, &weeks);
    let source = JournalSource::from(journal);
    let compared = |day: &str| {
        let summary = desk::summary(&source, &shop(&folder), Some(day), None, true, 0).unwrap();
        summary.compared.map(|compared| (compared.days, compared.n, compared.verdict))
    };
    let days = |days: &[&str]| days.iter().map(|day| (*day).to_owned()).collect::<Vec<_>>();
    assert_eq!(compared("2026-11-19"), None, "there is nothing before the first day");
    assert_eq!(
        compared("2026-12-10"),
        Some((days(&["2026-12-03", "2026-11-26", "2026-11-19"]), 90, "worse".to_owned()))
    );
    let (_, n, verdict) = compared("2026-12-17").unwrap();
    assert_eq!((n, verdict.as_str()), (120, "too few to tell"), "of one rating");
}

#[test]
fn a_range_has_each_day_and_all_of_them_and_a_day_without_ratings_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let source = JournalSource::from(journal_of(&folder, &[(0, &[5, 4]), (2, &[1])]));
    let of = |from, to| desk::summary(&source, &shop(&folder), Some(from), Some(to), true, 0);
    let range = of("2026-11-19", "2026-11-21").unwrap();
    let days: Vec<_> = range.days.iter().map(|day| (day.date.as_str(), day.n)).collect();
    assert_eq!(days, [("2026-11-19", 2), ("2026-11-20", 0), ("2026-11-21", 1)]);
    assert_eq!((range.n, range.lines[0].counts.clone()), (3, vec![1, 0, 0, 1, 1]));
    let shop = shop(&folder);
    let rows: Vec<_> = desk::rows(&range, &shop, Dialect::PLAIN)
        .map(|row| (row.date, row.n, row.face_5))
        .collect();
    assert_eq!(rows, [("2026-11-19", 2, Some(1)), ("2026-11-21", 1, Some(0))]);
    assert!(of("2026-11-21", "2026-11-19").is_err(), "the wrong way round");
    assert!(of("2000-01-01", "2026-11-19").is_err(), "more than ten years");
}

#[test]
fn a_day_that_was_dated_only_afterwards_says_that_it_was_revised() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    for n in 0..3 {
        journal.append(press(4, None), reading(MIDNIGHT + n * 1_000)).unwrap();
    }
    // The network came back a day later.
    journal.add_anchor(anchor(MIDNIGHT + 90_000_000)).unwrap();
    journal.append(press(4, None), reading(MIDNIGHT + 90_001_000)).unwrap();
    let source = JournalSource::from(journal);
    let late = |day| desk::summary(&source, &shop(&folder), Some(day), None, true, 0).unwrap().late;
    assert_eq!((late("2026-11-19"), late("2026-11-20")), (3, 0));
    let range =
        desk::summary(&source, &shop(&folder), Some("2026-11-19"), Some("2026-11-20"), true, 0);
    let text = desk::render(&range.unwrap());
    assert!(text.contains("(revised)"), "{text}");
}

#[test]
fn reasons_are_counted_with_their_shares_of_happy_and_unhappy_shoppers() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.add_anchor(anchor(0)).unwrap();
    let said = [(1, "waiting"), (2, "waiting"), (1, "staff"), (5, "staff")];
    for (n, (value, reason)) in (0..).zip(said) {
        let kept = journal.append(press(value, None), reading(MIDNIGHT + n * 60_000)).unwrap();
        let Event::Rated(rated) = press(value, None) else { panic!("a rating") };
        let answer = Answer::new(FollowUp::Reasons, Reply::Reason(reason.to_owned())).unwrap();
        let answered = Answered { to: Some(kept.id.n), answer, question: rated.question };
        journal.append(Event::Answered(answered), reading(MIDNIGHT + n * 60_000 + 5_000)).unwrap();
    }
    let day = summary(&folder, journal, "2026-11-19");
    let said: Vec<_> = day
        .reasons
        .iter()
        .map(|said| (said.reason.as_str(), said.is_happy, said.n, said.share.round()))
        .collect();
    assert_eq!(
        said,
        [("waiting", false, 2, 67.0), ("staff", false, 1, 33.0), ("staff", true, 1, 100.0)]
    );
}

#[test]
fn a_journal_that_opens_late_is_counted_by_the_times_that_are_known_then() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.add_anchor(anchor(0)).unwrap();
    journal.append(press(5, None), reading(MIDNIGHT)).unwrap();
    let (_thread, desk) = desk_in(&folder, None, Zone::utc());
    let today = desk.ask(|clerk| clerk.sheet(Tab::Today)).unwrap();
    assert!(matches!(today, Sheet::Health(_)), "the post's own sheet says that it is closed");
    // Only one can have the file open, so the clerk opens it now, when somebody asks.
    drop(journal);
    let days = desk.ask(|clerk| clerk.days_before(36_500)).flatten().unwrap().days;
    let rated: Vec<_> = days.iter().filter(|day| day.n > 0).map(|day| day.date.as_str()).collect();
    assert_eq!(rated, ["2026-11-19"]);
}

#[test]
fn a_shop_whose_zone_gets_other_rules_is_counted_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.add_anchor(anchor(0)).unwrap();
    journal.append(press(5, None), reading(MIDNIGHT + 1_800_000)).unwrap();
    let (_thread, desk) = desk_of(&folder, journal);
    let rated = || {
        let days = desk.ask(|clerk| clerk.days_before(36_500)).flatten().unwrap().days;
        let rated = days.into_iter().filter(|day| day.n > 0).map(|day| day.date);
        rated.collect::<Vec<_>>()
    };
    assert_eq!(rated(), ["2026-11-19"]);
    let counts = desk.ask(|clerk| clerk.counts()).unwrap();
    let west = Zones::of_system().zone("Etc/GMT+1").unwrap();
    desk.ask(move |clerk| clerk.move_to(west)).unwrap();
    assert_eq!(rated(), ["2026-11-18"]);
    assert!(desk.ask(|clerk| clerk.counts()).unwrap() > counts);
}

/// The thread of a kiosk's journal, and the clerk that counts it.
fn desk_of(folder: &tempfile::TempDir, journal: Journal) -> (JournalThread, ClerkThread) {
    desk_in(folder, Some(journal), Zone::utc())
}

/// The same in another zone.
fn desk_in(
    folder: &tempfile::TempDir,
    journal: Option<Journal>,
    zone: Zone,
) -> (JournalThread, ClerkThread) {
    desk_of_shop(folder, journal, Shop { zone, ..shop(folder) })
}

/// The same in another shop.
fn desk_of_shop(
    folder: &tempfile::TempDir,
    journal: Option<Journal>,
    shop: Shop,
) -> (JournalThread, ClerkThread) {
    let home = Home {
        folder: folder.path().to_owned(),
        limits: Limits::default(),
        boot: crate::journal::BOOT,
        new_run: Box::new(|| RunId([9; 16])),
        read_clocks: smilepost::clock::reading,
    };
    let (thread, _) = JournalThread::start(journal, home, |_| {}).unwrap();
    let desk = ClerkThread::open(thread.clone(), shop, at(folder.path()), noon).unwrap();
    (thread, desk)
}

#[test]
fn the_clerk_counts_new_events_and_dates_all_again_by_a_new_anchor() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.append(press(5, None), reading(MIDNIGHT)).unwrap();
    let (thread, desk) = desk_of(&folder, journal);
    let day = |day: &'static str| desk.ask(move |clerk| clerk.summary(Some(day), None, true));
    let n = |date| day(date).flatten().unwrap().n;
    let wrong = "1970-01-01";
    assert_eq!(n(wrong), 1, "the wall clock's word is all there is");
    thread.keep(press(4, None), reading(MIDNIGHT + 1_000), None).unwrap();
    assert_eq!(n(wrong), 2);
    thread.add_anchor(anchor(MIDNIGHT + 5_000)).unwrap();
    assert_eq!((n(wrong), n("2026-11-19")), (0, 2), "both were on the day that is known now");
    thread.close();
    assert!(matches!(day("2026-11-19").flatten(), Err(Unanswerable::Gone(_))));
}

#[test]
fn presses_that_come_while_the_clerk_reads_are_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), 1);
    journal.add_anchor(anchor(0)).unwrap();
    let (thread, desk) = desk_of(&folder, journal);
    let presses = 400;
    let presser = std::thread::spawn({
        let thread = thread.clone();
        move || {
            for n in 0..presses {
                thread.keep(press(4, None), reading(MIDNIGHT + n * 60_000), None).unwrap();
            }
        }
    });
    let mut last = 0;
    while last < u32::try_from(presses).unwrap() {
        let range = desk.ask(|clerk| clerk.summary(Some("2026-11-19"), Some("2026-11-20"), true));
        let n = range.flatten().unwrap().n;
        assert!(n >= last, "{n} after {last}");
        last = n;
    }
    presser.join().unwrap();
    assert_eq!(thread.books().unwrap().0.taken, presses);
    let counts = desk.ask(|clerk| clerk.counts()).unwrap();
    assert!(counts <= 2, "the journal was counted {counts} times");
}

#[test]
fn a_quiet_post_is_unusual_where_most_weeks_had_presses_at_that_time() {
    const HOUR: u64 = 3_600_000;
    let now_ms = noon().wall_ms;
    let is_usual = |hours_before_noon: [u64; 4]| {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = open(folder.path(), 1);
        let (span, utc_ms) = (30 * 24 * HOUR, now_ms - 30 * 24 * 3_600_000);
        journal.add_anchor(Anchor { utc_ms, ..anchor(0) }).unwrap();
        for (week, before) in (1..=4).rev().zip(hours_before_noon) {
            let at = span - week * 7 * 24 * HOUR - before * HOUR;
            journal.append(press(5, None), reading(at)).unwrap();
        }
        let (_thread, desk) = desk_in(&folder, Some(journal), Zone::utc());
        desk.ask(|clerk| clerk.look_up_usual_use(3)).flatten().unwrap()
    };
    assert!(is_usual([2, 2, 2, 2]));
    assert!(is_usual([2, 8, 2, 2]), "three weeks of four");
    assert!(!is_usual([2, 8, 8, 2]), "two of four");
    assert!(!is_usual([8, 8, 8, 8]), "never at this time");
}

#[test]
fn the_day_that_is_not_over_moves_on_by_no_fewer_than_five_ratings() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), 1);
    let (thread, desk) = desk_of(&folder, journal);
    // Without an anchor the wall clock dates them, so they are of the same day.
    let rate = |n: u32, value| {
        let Reading { boot_ms, wall_ms } = noon();
        let at = Reading {
            boot_ms: boot_ms + 10_000 * u64::from(n),
            wall_ms: wall_ms + 10_000 * i64::from(n),
        };
        thread.keep(press(value, None), at, None).unwrap();
    };
    // Fewer than five ratings are not shown at all.
    let shown = |n| if n < 5 { 0 } else { n };
    let today = || shown(desk.ask(Clerk::today).flatten().unwrap().n);
    let mut seen = Vec::new();
    for n in 0..12 {
        rate(n, if n % 2 == 0 { 5 } else { 1 });
        seen.push(today());
    }
    let steps = seen.windows(2).map(|pair| pair[1].abs_diff(pair[0]));
    assert!(steps.clone().all(|step| step == 0 || step >= 5), "{seen:?}");
    assert_eq!(steps.sum::<u32>(), 10, "{seen:?}");
    // After a restart the clerk shows what was shown before.
    let shop = Shop { zone: Zone::utc(), ..shop(&folder) };
    let again = ClerkThread::open(thread.clone(), shop, at(folder.path()), noon).unwrap();
    let after = shown(again.ask(Clerk::today).flatten().unwrap().n);
    assert_eq!(after, *seen.last().unwrap());
}

#[test]
fn a_silent_button_and_a_lost_rating_each_give_a_notice() {
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
    journal.add_anchor(anchor(MIDNIGHT)).unwrap();
    // Older rules did not find bouncing contacts.
    for boot_ms in [MIDNIGHT + 1_000, MIDNIGHT + 1_030] {
        let Event::Rated(plain) = rated(5) else { panic!("a rating") };
        let verdict = Verdict { misuse: None, rule: 1 };
        let (score, input) = (Scale::Five.score(5).unwrap(), Input::Button);
        let event = Event::Rated(Rated { verdict, score, input, ..plain });
        journal.append(event, reading(boot_ms)).unwrap();
    }
    let source = JournalSource::from(journal);
    let mut exported = Vec::new();
    desk::export(&source, &shop(&folder), (None, None), |event| {
        exported.push(event.fields.text(Field::Misuse).map(str::to_owned));
        Ok(())
    })
    .unwrap();
    assert_eq!(exported, [None, Some("bounce".to_owned())]);
    let summary =
        desk::summary(&source, &shop(&folder), Some("2026-11-19"), None, true, 0).unwrap();
    assert_eq!((summary.n, summary.misuse), (1, [("bounce".to_owned(), 1)].into()));
}

#[test]
fn the_table_on_a_stick_opens_in_the_spreadsheet_of_the_shops_language() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_of(&folder, &[(0, &[1, 3, 4, 5, 5])]);
    let shop = Shop { language: "de".to_owned(), ..shop(&folder) };
    let (_thread, desk) = desk_of_shop(&folder, Some(journal), shop);
    let stick = tempfile::tempdir().unwrap();
    let written = desk.write_stick(&Folder::open(stick.path()).unwrap()).unwrap();
    let table = written.files.iter().find(|file| file.ends_with(".csv")).unwrap();
    let table = std::fs::read_to_string(stick.path().join(table)).unwrap();
    let mut lines = table.lines();
    let heading = lines.next().unwrap();
    assert!(heading.starts_with("\u{feff}date;question;"), "{heading}");
    assert!(heading.ends_with(";csat_high;shop;kiosk;touchpoint;zone;defused"), "{heading}");
    let day = lines.next().unwrap();
    assert!(day.starts_with("2026-11-19;"), "{day}");
    assert!(day.contains(";5;1;0;1;1;2;65,0;"), "{day}");
    assert!(day.ends_with(";Nordmarkt;nordmarkt-till-1;'=Till 1;UTC;touchpoint"), "{day}");
    assert_eq!(lines.next(), None, "{table}");
}

#[test]
fn an_export_says_where_and_by_which_clocks_an_event_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let source = JournalSource::from(journal_of(&folder, &[(0, &[5])]));
    let zone = Zones::of_system().zone("America/St_Johns").unwrap();
    let shop = Shop { zone, ..shop(&folder) };
    let mut places = Vec::new();
    desk::export(&source, &shop, (None, None), |event| {
        places.push((event.utc, event.place));
        Ok(())
    })
    .unwrap();
    let place = Place {
        local: "2026-11-18 20:30:00".to_owned(),
        zone: "America/St_Johns".to_owned(),
        shop: "Nordmarkt".to_owned(),
        kiosk: "nordmarkt-till-1".to_owned(),
        touchpoint: "=Till 1".to_owned(),
    };
    assert_eq!(places, [("2026-11-19T00:00:00.000Z".to_owned(), place)]);
}
