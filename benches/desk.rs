//! How soon a sheet of the shop manager's desk is written, with a journal of a million ratings over
//! a year; how much memory that takes; and whether a press waits for it.
//!
//! `cargo bench --bench desk [-- FOLDER [RATINGS]]`. The journal is filled first, which takes one
//! flush for each rating: a folder in memory such as `/dev/shm` makes that short.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use smilepost::clock;
use smilepost::feedback::answer::{Answer, Answered, FollowUp, Reply};
use smilepost::feedback::event::Event;
use smilepost::feedback::misuse::Verdict;
use smilepost::feedback::moment::{Anchor, Reading, Source};
use smilepost::feedback::rating::{BootId, Input, Rated, RunId, Scale, Wording};
use smilepost::kiosk::desk::sheets::sheet::Tab;
use smilepost::kiosk::desk::{ClerkThread, Shop};
use smilepost::kiosk::journal::{self, Home, Journal, JournalThread, Limits};
use smilepost::kiosk::settings::Settings;

const RATINGS: u64 = 1_000_000;
const ROUNDS: usize = 200;
/// Between two presses, so that the other side gets its turn.
const PAUSE: Duration = Duration::from_millis(1);
const YEAR_MS: u64 = 365 * 86_400_000;
const SIX_HOURS_MS: u64 = 6 * 3_600_000;

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn timed<T>(act: impl FnOnce() -> T) -> (T, f64) {
    let start = std::time::Instant::now();
    let done = act();
    (done, start.elapsed().as_secs_f64() * 1_000.0)
}

fn report(name: &str, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| ms[((ms.len() - 1) as f64 * share) as usize];
    let (median, p99, most) = (at(0.5), at(0.99), at(1.0));
    println!("{name:<34} median {median:8.3} ms   p99 {p99:8.3} ms   most {most:8.3} ms");
}

/// The memory that the process has now, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn question() -> Wording {
    Wording { id: "checkout".to_owned(), version: 1, language: "en".to_owned() }
}

fn rated(n: u64) -> Event {
    let value = u8::try_from(1 + n * 7 % 5).unwrap();
    Event::Rated(Rated {
        score: Scale::Five.score(value).unwrap(),
        input: Input::Button,
        question: question(),
        verdict: Verdict::now(None),
        replaces: None,
    })
}

/// A year of a board that was never off, which heard the time every six hours; every fifth shopper
/// says why.
fn fill(journal: &mut Journal, ratings: u64, began_ms: i64) {
    let reasons = ["waiting", "staff", "price", "stock", "quality", "payment"];
    let mut told_ms = 0;
    for n in 0..ratings {
        let boot_ms = YEAR_MS / ratings * n;
        while told_ms <= boot_ms {
            let utc_ms = began_ms + i64::try_from(told_ms).unwrap();
            let source = Source::Ntp;
            journal.add_anchor(Anchor { boot_ms: told_ms, utc_ms, error_ms: 10, source }).unwrap();
            told_ms += SIX_HOURS_MS;
        }
        let reading = Reading { boot_ms, wall_ms: 0 };
        let kept = journal.append(rated(n), reading).unwrap();
        if n % 5 == 0 {
            let reason = reasons[usize::try_from(n / 5 % 6).unwrap()].to_owned();
            let answer = Answer::new(FollowUp::Reasons, Reply::Reason(reason)).unwrap();
            let answered = Answered { to: Some(kept.id.n), answer, question: question() };
            journal.append(Event::Answered(answered), reading).unwrap();
        }
    }
}

fn press(keeper: &JournalThread, answers: &Receiver<()>, rounds: usize) -> Vec<f64> {
    let one = |n: usize| {
        std::thread::park_timeout(PAUSE);
        let (_, ms) = timed(|| {
            let (event, now) = (rated(n as u64), clock::reading());
            keeper.keep(event, now, None).unwrap();
            answers.recv().unwrap();
        });
        ms
    };
    (0..rounds).map(one).collect()
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|s| !s.starts_with('-')).collect();
    let base = given.first().map_or(env!("CARGO_TARGET_TMPDIR"), String::as_str);
    let ratings = given.get(1).map_or(RATINGS, |number| number.parse().unwrap());
    let place = tempfile::tempdir_in(base).unwrap();
    let limits = Limits { bytes_max: u64::MAX };
    let boot = BootId([1; 16]);
    let mut journal = Journal::open(place.path(), limits).unwrap();
    journal.begin(RunId([1; 16]), boot).unwrap();
    let began_ms = clock::wall_ms() - i64::try_from(YEAR_MS).unwrap();
    let ((), ms) = timed(|| fill(&mut journal, ratings, began_ms));
    let bytes = std::fs::metadata(place.path().join(journal::FILE)).unwrap().len();
    println!("{ratings} ratings, {} MB, written in {:.0} s", bytes / 1_000_000, ms / 1_000.0);

    let (told, answers) = channel();
    let home = Home {
        folder: place.path().to_owned(),
        limits,
        boot,
        new_run: Box::new(|| RunId([2; 16])),
        read_clocks: clock::reading,
    };
    let tell = move |_| {
        // Nobody listens any more at the end.
        let _ = told.send(());
    };
    let (keeper, _thread) = JournalThread::start(Some(journal), home, tell).unwrap();
    let alone = press(&keeper, &answers, 2_000);

    let before = resident();
    let Settings { survey, language, .. } = Settings::plain(place.path());
    let name = "Nordmarkt".to_owned();
    let zone = smilepost::zones::Zones::of_system().zone("Europe/Helsinki").unwrap();
    let (kiosk, touchpoint, stays) = (String::new(), String::new(), Vec::new());
    let shop = Shop { zone, name, kiosk, touchpoint, stays, survey, language };
    let desk = ClerkThread::open(keeper.clone(), shop, at(place.path()), smilepost::clock::reading)
        .unwrap();
    let while_counting = press(&keeper, &answers, 500);
    let (_, ms) = timed(|| desk.ask(|clerk| clerk.sheet(Tab::Today)).unwrap());
    println!("counted for the first time after   {ms:.0} ms more");
    println!("memory for it                      {} KiB", resident().saturating_sub(before));
    for (name, page) in
        [("Today", Tab::Today), ("Days", Tab::Days), ("Why", Tab::Why), ("Post", Tab::Health)]
    {
        let write = |_| timed(|| desk.ask(move |clerk| clerk.sheet(page)).unwrap()).1;
        report(name, (0..ROUNDS).map(write).collect());
    }
    let year = |_| {
        let range = || desk.ask(|clerk| clerk.days_before(365)).flatten().unwrap();
        timed(range).1
    };
    report("all days of the year", (0..20).map(year).collect());

    let is_over = Arc::new(AtomicBool::new(false));
    let (reader, ends) = (desk.clone(), is_over.clone());
    let readers = std::thread::spawn(move || {
        let mut sheets = 0_u32;
        while !ends.load(Ordering::Relaxed) {
            reader.ask(|clerk| clerk.sheet(Tab::Today)).unwrap();
            sheets += 1;
        }
        sheets
    });
    let beside = press(&keeper, &answers, 2_000);
    is_over.store(true, Ordering::Relaxed);
    report("a press, nobody at the desk", alone);
    report("a press while the year is counted", while_counting);
    report("a press while sheets are written", beside);
    println!("sheets written meanwhile           {}", readers.join().unwrap());
    println!(
        "counted from the beginning         {} times",
        desk.ask(|clerk| clerk.counts()).unwrap()
    );
    keeper.close();
}

/// A desk with this data folder.
fn at(folder: &std::path::Path) -> smilepost::kiosk::desk::DeskPaths {
    smilepost::kiosk::desk::DeskPaths { data_dir: folder.to_owned(), ..Default::default() }
}
