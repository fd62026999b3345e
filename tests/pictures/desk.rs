//! Golden pictures of the desk: every sheet as it is drawn, from a real journal.

use std::path::Path;
use std::sync::OnceLock;

use smilepost::feedback::alert::{Alert, Over};
use smilepost::feedback::answer::{Answer, Answered, FollowUp, Reply};
use smilepost::feedback::call::{Call, Called};
use smilepost::feedback::event::Event;
use smilepost::feedback::moment::{Anchor, Reading, Source as TimeSource};
use smilepost::feedback::note::{About, Noted};
use smilepost::feedback::rating::{BootId, Rated, RatingId, RunId};
use smilepost::feedback::zone::Zone;
use smilepost::finding::{note as worth_knowing, wrong};
use smilepost::kiosk::attendant::View;
use smilepost::kiosk::desk::sheets::sheet::Address;
use smilepost::kiosk::desk::sheets::sheet::{
    Alerts, Health, Notes, Office, Pad, Sheet, Stick, Written,
};
use smilepost::kiosk::desk::{self, Shop};
use smilepost::kiosk::journal::{Books, Journal, JournalSource, Limits};
use smilepost::kiosk::settings::{Look, Settings};
use smilepost::wire::local::{Carried, Screen, Summary};

use crate::{SIZES, draw, events, in_language, nordmarkt};

/// 2026-10-19 00:00:00 UTC, a Monday.
const MONDAY: i64 = 1_792_368_000_000;
const DAY_MS: u64 = 86_400_000;

/// What a manager sees on Friday 2026-11-20.
struct Found {
    today: Summary,
    first: Summary,
    days: Summary,
    why: Summary,
}

fn found() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        let settings = nordmarkt(Look::Light);
        let shop = Shop {
            zone: Zone::utc(),
            name: "Nordmarkt".to_owned(),
            kiosk: String::new(),
            touchpoint: "Checkout 1".to_owned(),
            stays: Vec::new(),
            survey: settings.survey,
            language: "en".to_owned(),
        };
        let source = JournalSource::from(journal);
        let of = |from, to| desk::summary(&source, &shop, Some(from), to, true, 0).unwrap();
        Found {
            today: of("2026-11-20", None),
            first: of("2026-10-19", None),
            days: Summary {
                beside: of("2026-11-20", None).beside,
                ..of("2026-10-19", Some("2026-11-19"))
            },
            why: of("2026-10-23", Some("2026-11-19")),
        }
    })
}

/// Five weeks of a shop: closed on Sundays, off for two days, another wording in November.
fn journal(folder: &Path) -> Journal {
    let mut journal = Journal::open(folder, Limits::default()).unwrap();
    journal.begin(RunId([1; 16]), BootId([1; 16])).unwrap();
    let anchor = Anchor { boot_ms: 0, utc_ms: MONDAY, error_ms: 10, source: TimeSource::Ntp };
    journal.add_anchor(anchor).unwrap();
    // Friday 20 November is the thirty-third day.
    for day in (0..=32_u64).filter(|day| day % 7 != 6 && ![15, 16].contains(day)) {
        let count = match day {
            0 => 3,
            32 => 187,
            _ => 16 + day % 5,
        };
        for n in 0..count {
            let version = if day < 14 { 1 } else { 2 };
            rate(&mut journal, day, n, count, version);
        }
    }
    journal
}

fn rate(journal: &mut Journal, day: u64, n: u64, count: u64, version: u32) {
    let hour = 8 + n * 11 / count;
    let into_hour = (n * 37) % 60 * 60_000;
    let boot_ms = day * DAY_MS + hour * 3_600_000 + into_hour;
    // The afternoon is a little worse.
    let value = match (n * 7 + day) % 10 {
        0 => 1,
        1 if hour >= 15 => 1,
        2 => 2,
        3 => 3,
        4..=6 => 4,
        _ => 5,
    };
    let question = events::question(version);
    let rated = Rated { question: question.clone(), ..events::rated(value) };
    let reading = Reading { boot_ms, wall_ms: 0 };
    let kept = journal.append(Event::Rated(rated), reading).unwrap();
    let reasons: &[&str] = match value {
        1 | 2 => &["waiting", "waiting", "staff", "stock", "waiting", "price"],
        4 | 5 => &["staff", "quality", "staff"],
        _ => return,
    };
    let reason = reasons[usize::try_from(n).unwrap() % reasons.len()];
    let answer = Answer::new(FollowUp::Reasons, Reply::Reason(reason.to_owned())).unwrap();
    let answered = Answered { to: Some(kept.id.n), answer, question };
    let reading = Reading { boot_ms: boot_ms + 4_000, wall_ms: 0 };
    journal.append(Event::Answered(answered), reading).unwrap();
}

fn post() -> Health {
    Health {
        away: std::collections::BTreeMap::default(),
        screen: Screen::Shown,
        findings: Vec::new(),
        books: Books { taken: 12_345, settled: 12_307, waiting: 38, ..Books::default() },
        silent: Vec::new(),
        is_recording: true,
        office: Some(Office { confirmed_ms: Some(0), ..Office::default() }),
        is_clock_known: true,
        is_zone_unknown: false,
        buttons: vec![(0, false), (1, true), (2, false), (3, false), (4, true)],
        phone: None,
        stick: Stick::None,
        wrong_tries: 0,
    }
}

/// Every sheet, with its name.
pub(crate) fn sheets() -> Vec<(&'static str, Sheet)> {
    let found = found();
    let boxed = |summary: &Summary| Box::new(summary.clone());
    vec![
        ("desk-pin", Sheet::Pad(Pad::Asked)),
        ("desk-wrong", Sheet::Pad(Pad::Wrong(3))),
        ("desk-wait", Sheet::Pad(Pad::Wait(30))),
        ("desk-unset", Sheet::Pad(Pad::Unset)),
        ("desk-counting", Sheet::Counting),
        ("desk-today", Sheet::Today(boxed(&found.today), Alerts::default())),
        ("desk-few", Sheet::Today(boxed(&found.first), Alerts::default())),
        ("desk-alert", Sheet::Today(boxed(&found.today), unhappy())),
        ("desk-over", Sheet::Today(boxed(&found.today), over())),
        ("desk-quiet", Sheet::Today(boxed(&found.today), quiet())),
        ("desk-called", Sheet::Today(boxed(&found.today), called(Called::Asked))),
        ("desk-missed", Sheet::Today(boxed(&found.today), called(Called::Missed))),
        ("desk-notes", Sheet::Notes(notes())),
        ("desk-notice", Sheet::Notes(with_notice())),
        ("desk-days", Sheet::Days(boxed(&found.days))),
        ("desk-why", Sheet::Why(boxed(&found.why))),
        ("desk-post", Sheet::Health(Box::new(troubled()))),
        ("desk-found", Sheet::Health(Box::new(examined()))),
        ("desk-phone", Sheet::Health(Box::new(with_phone()))),
        ("desk-stick", Sheet::Health(Box::new(with_stick(Stick::Found)))),
        ("desk-carried", Sheet::Health(Box::new(with_stick(carried())))),
    ]
}

fn unhappy() -> Alerts {
    let alert = Alert { since_ms: 0, unhappy: 4, ratings: 7, is_acknowledged: false };
    Alerts { unhappy: Some(alert), ..Alerts::default() }
}

fn over() -> Alerts {
    Alerts { over: Some(Over { since_ms: 0, until_ms: 1 }), ..Alerts::default() }
}

fn quiet() -> Alerts {
    Alerts { quiet_h: Some(4), ..Alerts::default() }
}

fn called(called: Called) -> Alerts {
    Alerts { call: Some(Call { since_ms: 0, called }), ..Alerts::default() }
}

fn with_phone() -> Health {
    let fingerprint = ["A1:07"; 16].join(":");
    let url = "https://192.168.1.20:8443/".to_owned();
    // The time since head office last answered would change with each minute.
    Health { phone: Some(Address { url, fingerprint }), office: None, ..post() }
}

fn examined() -> Health {
    let findings = vec![
        wrong(
            "buttons: the kiosk cannot read line 13 of gpiochip0, because another program has it; \
             stop that one, or name another line in `buttons.lines`",
        ),
        worth_knowing("screen: dpi is not known, so letters may be too small: set `screen.dpi`"),
    ];
    Health { findings, ..with_phone() }
}

fn with_stick(stick: Stick) -> Health {
    Health { stick, ..with_phone() }
}

fn carried() -> Stick {
    let files = ["days-2026-11-20-1705.csv", "day-2026-11-20.html"].map(str::to_owned);
    Stick::Written(Carried { files: files.into(), events: 38, confirmed: 0 })
}

fn note(n: u32, when: &str, noted: Noted) -> Written {
    Written { id: RatingId { run: RunId([1; 16]), n }, when: when.to_owned(), noted }
}

fn notes() -> Notes {
    let day = |text: &str| Noted::new(About::Day, text).unwrap();
    let written = vec![
        note(1, "2026-11-20 17:05", day("Opened the second till")),
        note(
            2,
            "2026-11-18 09:30",
            day("The bread comes half an hour earlier now, every day but Monday"),
        ),
    ];
    Notes { written, notice: None }
}

fn with_notice() -> Notes {
    let notice = Noted::notice("", "The bread comes half an hour earlier now").unwrap();
    Notes { notice: Some(notice), ..notes() }
}

fn troubled() -> Health {
    let trouble = Some("https://hub.example.com: connection refused".to_owned());
    let books = Books { lost: 3, set_aside: 1, ..post().books };
    let office = Some(Office { trouble, ..Office::default() });
    Health { silent: vec![(2, 512)], office, books, is_clock_known: false, ..post() }
}

pub(crate) fn views(settings: &Settings, sheet: &Sheet) -> Vec<View> {
    vec![View::Ask(crate::words(settings)), View::Desk(Box::new(sheet.clone()))]
}

#[test]
fn every_sheet_at_every_size_and_in_high_contrast() {
    for (name, look) in [("", Look::Light), ("-high-contrast", Look::HighContrast)] {
        let settings = nordmarkt(look);
        for (sheet, content) in sheets() {
            for size in SIZES {
                draw(&format!("{sheet}{name}"), &settings, size, &views(&settings, &content));
            }
        }
    }
}

#[test]
fn every_sheet_in_every_language() {
    crate::in_every_language(|language| {
        let settings = in_language(language);
        let is_english = language == "en";
        for (sheet, content) in sheets() {
            if !is_english && !matches!(sheet, "desk-wrong" | "desk-unset" | "desk-counting") {
                let views = views(&settings, &content);
                draw(&format!("{sheet}-{language}"), &settings, SIZES[0], &views);
            }
        }
    });
}
