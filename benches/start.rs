//! How soon a kiosk takes its first press, with a journal of a million events that all wait to be
//! sent: whole, and damaged in several places; and how long a shopper waits at most meanwhile.
//!
//! `cargo bench --bench start [-- FOLDER [EVENTS]]`, FOLDER on the disk to be measured.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use smilepost::feedback::event::Event;
use smilepost::feedback::misuse::Verdict;
use smilepost::feedback::moment::Reading;
use smilepost::feedback::rating::{BootId, Input, Rated, RunId, Scale, Wording};
use smilepost::kiosk::journal::{Error, FILE, Journal, Limits};

const EVENTS: u32 = 1_000_000;

const READING: Reading = Reading { boot_ms: 1, wall_ms: 2 };

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn rated() -> Event {
    Event::Rated(Rated {
        score: Scale::Five.score(5).unwrap(),
        input: Input::Button,
        question: Wording { id: "checkout".to_owned(), version: 1, language: "en".to_owned() },
        verdict: Verdict::now(None),
        replaces: None,
    })
}

fn press(folder: &Path) -> Result<Journal, Error> {
    let mut journal = Journal::open(folder, Limits::default())?;
    journal.begin(RunId(rand::random()), BootId([1; 16]))?;
    journal.append(rated(), READING)?;
    Ok(journal)
}

/// Starts as the journal's thread does, setting aside what proves damaged.
fn start(folder: &Path) -> Journal {
    press(folder).unwrap_or_else(|error| {
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        Journal::quarantine(folder, &error).unwrap();
        press(folder).unwrap()
    })
}

fn measure(what: &str, whole: &Path, damage: impl Fn(&Path)) {
    let folder = tempfile::tempdir_in(whole.parent().unwrap()).unwrap();
    for entry in std::fs::read_dir(whole).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    }
    damage(&folder.path().join(FILE));
    let begun = now();
    let mut journal = start(folder.path());
    let first_ms = begun.elapsed().as_secs_f64() * 1e3;
    let mut waits = Vec::new();
    while journal.has_chores() {
        let begun_chore = now();
        if let Err(error) = journal.chore(READING) {
            assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
            drop(journal);
            Journal::quarantine(folder.path(), &error).unwrap();
            journal = press(folder.path()).unwrap();
        }
        waits.push(begun_chore.elapsed().as_secs_f64() * 1e3);
    }
    let whole_s = begun.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    let (waiting, lost) = (journal.books().waiting, journal.books().lost);
    let most_ms = waits.last().copied().unwrap_or(0.0);
    println!(
        "{what:<34} first press kept after {first_ms:6.0} ms; {} chores, {most_ms:.0} ms at most; \
         done after {whole_s:5.1} s: {waiting} wait, {lost} lost",
        waits.len(),
    );
}

/// Writes zeros over a page, so many hundredths into the file.
fn zero(file: &Path, hundredths: u64) {
    let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    let at = file.metadata().unwrap().len() * hundredths / 100 / 1_024 * 1_024;
    file.write_all_at(&[0; 1_024], at).unwrap();
}

fn flip(file: &Path, at: u64) {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|s| !s.starts_with('-')).collect();
    let base = given.first().map_or(env!("CARGO_TARGET_TMPDIR"), String::as_str);
    let events = given.get(1).map_or(EVENTS, |number| number.parse().unwrap());
    let place = tempfile::tempdir_in(base).unwrap();
    let whole = place.path().join("whole");
    let mut journal = Journal::open(&whole, Limits { bytes_max: u64::MAX }).unwrap();
    journal.begin(RunId(rand::random()), BootId([1; 16])).unwrap();
    for _ in 0..events {
        journal.append(rated(), READING).unwrap();
    }
    journal.close();
    let bytes = std::fs::metadata(whole.join(FILE)).unwrap().len();
    println!("{events} events, {bytes} bytes, {} a rating", bytes / u64::from(events));
    measure("whole", &whole, |_| {});
    measure("a bit of an event flipped", &whole, |file| {
        flip(file, std::fs::metadata(file).unwrap().len() / 2);
    });
    measure("a page in the middle zeroed", &whole, |file| zero(file, 50));
    measure("the header zeroed", &whole, |file| zero(file, 0));
    measure("cut in half", &whole, |file| {
        let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2 + 77).unwrap();
    });
    measure("gone", &whole, |file| std::fs::remove_file(file).unwrap());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    println!("memory at its highest: {}", peak.trim_start_matches("VmHWM:").trim());
}
