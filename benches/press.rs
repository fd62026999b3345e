//! From a press to its thank-you, beside what the disk itself takes for one small durable write.
//!
//! `cargo bench --bench press -- [FOLDER]`: the folder decides which disk is measured. Bare writes
//! and presses take turns, so that a machine whose speed drifts slows both; quote the ratio.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use smilepost::feedback::rating::{Input, Scale};
use smilepost::feedback::visit::{Pace, Press};
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::{Kiosk, Options, ScreenTarget};

const ROUNDS: usize = 2_000;

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn timed(act: impl FnOnce()) -> f64 {
    let start = std::time::Instant::now();
    act();
    start.elapsed().as_secs_f64() * 1_000.0
}

fn report(name: &str, mut ms: Vec<f64>) -> f64 {
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| ms[((ms.len() - 1) as f64 * share) as usize];
    let (median, p99) = (at(0.5), at(0.99));
    println!("{name:<40} median {median:7.3} ms   p99 {p99:7.3} ms   most {:7.3} ms", at(1.0));
    median
}

fn main() {
    let place = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let base = place.unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").to_owned());
    let folder = Path::new(&base).join(format!("press-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();

    let mut settings = Settings::plain(&folder);
    settings.pace = Pace { thanks_ms: 0, correction_ms: 0, interval_ms: 0, ..settings.pace };
    let witness = folder.join("witness");
    assert!(std::process::Command::new("mkfifo").arg(&witness).status().unwrap().success());
    let mut thanks = {
        let options = std::fs::OpenOptions::new().read(true).write(true).open(&witness).unwrap();
        BufReader::new(options).lines()
    };
    let options =
        Options { screen: ScreenTarget::Nowhere, witness: Some(witness), app: String::new() };
    let kiosk = Kiosk::open(settings, options).unwrap();
    let doorbell = kiosk.doorbell();
    let score = Scale::Five.score(5).unwrap();

    let mut file = std::fs::File::create(folder.join("bare")).unwrap();
    let block = [7_u8; 4_096];
    let measure = std::thread::spawn(move || {
        let (mut bare, mut presses) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS + 100 {
            let write = timed(|| {
                file.write_all(&block).unwrap();
                file.sync_data().unwrap();
            });
            let press = timed(|| {
                assert!(doorbell.press(Press { score, input: Input::Button }));
                thanks.next().unwrap().unwrap();
            });
            // The first rounds make files and fill caches.
            if round >= 100 {
                bare.push(write);
                presses.push(press);
            }
        }
        doorbell.stop();
        (bare, presses)
    });
    kiosk.run().unwrap();
    let (bare, presses) = measure.join().unwrap();
    let bare = report("bare 4 KiB write and fdatasync", bare);
    let press = report("press to thanked, whole kiosk", presses);
    println!("ratio of the medians {:.2}", press / bare);
    std::fs::remove_dir_all(&folder).unwrap();
}
