//! A shopper at the screen: a face is found by its label, pressed, and everything that follows is
//! seen, in pixels and in the journal.
//!
//! One test, since Slint's event loop can be made once in a process.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../pictures/survey.rs"]
mod survey;

use std::path::Path;
use std::time::Duration;

use i_slint_backend_testing::{ElementHandle, TestingBackend, TestingBackendOptions};
use slint::{ComponentHandle as _, PhysicalSize};
use smilepost::feedback::rating::Scale;
use smilepost::kiosk::desk::socket;
use smilepost::kiosk::screen::bring_fonts;
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::{Doorbell, Kiosk, Options, Place};
use smilepost::wire::desk::{Ask, Exported};

/// How long a page may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pixels of a golden picture that `tests/pictures` keeps.
fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/golden");
    let file = std::fs::File::open(folder.join(format!("{name}-800x480.png"))).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut rgba).unwrap();
    rgba
}

fn exported(settings: &Settings) -> Vec<Exported> {
    let ask = Ask::Export { from: None, to: None };
    let mut answers = socket::ask(&settings.runtime_dir, &ask).unwrap().unwrap();
    std::iter::from_fn(|| answers.event().unwrap()).collect()
}

#[test]
fn a_visit_by_labels_alone_becomes_rows_follow_ups_a_thank_you_and_the_question_again() {
    bring_fonts(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let options = TestingBackendOptions {
        mock_time: false,
        threading: true,
        renderer_name: Some("software".into()),
    };
    slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::plain(folder.path());
    settings.brand = "Nordmarkt".to_owned();
    settings.pace.thanks_ms = 500;
    settings.pace.interval_ms = 0;
    settings.survey = survey::everything(Scale::Five);
    let options = Options { screen: Place::GivenPlatform, ..Options::default() };
    let kiosk = Kiosk::open(settings.clone(), options).unwrap();
    let screen = kiosk.screen().unwrap();
    screen.window().set_size(PhysicalSize::new(800, 480));
    let component = screen.component().as_weak();
    let doorbell = kiosk.doorbell();

    let shopper = std::thread::spawn(move || {
        let doorbell = Stop(doorbell);
        // Asks the thread of the window for something and waits for the answer.
        macro_rules! on_screen {
            ($act:expr) => {{
                let (reply, answer) = std::sync::mpsc::channel();
                component
                    .upgrade_in_event_loop(move |window| {
                        let _ = reply.send($act(&window));
                    })
                    .unwrap();
                answer.recv().unwrap()
            }};
        }
        // Waits until the screen shows a golden picture, pixel for pixel.
        macro_rules! see {
            ($name:literal) => {{
                let expected = golden($name);
                let is_seen = (0..2_000).any(|_| {
                    std::thread::park_timeout(PATIENCE / 2_000);
                    let pixels = on_screen!(|window: &_| snapshot(window));
                    pixels == expected
                });
                assert!(is_seen, "the screen never showed {}", $name);
            }};
        }
        // A visit with both its follow-ups.
        see!("ask");
        assert_eq!(on_screen!(|window: &_| press(window, "Bad")), 1, "faces labelled Bad");
        see!("reasons");
        assert_eq!(
            exported(&settings).len(),
            1,
            "the rating is kept before anything else is asked"
        );
        on_screen!(|window: &_| press(window, "Waiting time"));
        see!("nps");
        on_screen!(|window: &_| press(window, "9"));
        see!("thanks");
        let visit = exported(&settings);
        see!("ask");
        // The same in a language that the shopper chose, which is given back afterwards.
        on_screen!(|window: &_| press(window, "العربية"));
        see!("ask-ar");
        on_screen!(|window: &_| press(window, "سيئة"));
        see!("reasons-ar");
        on_screen!(|window: &_| press(window, "تخطٍّ"));
        see!("nps-ar");
        on_screen!(|window: &_| press(window, "10"));
        see!("thanks-ar");
        let arabic = exported(&settings);
        // The chip brings the faces back, and the next one corrects the first, without more ado. A
        // key is as good as a finger.
        assert_eq!(on_screen!(|window: &_| press(window, "هل ضغطت بالخطأ؟")), 1);
        see!("ask-ar");
        on_screen!(|window: &_| key(window, "5"));
        see!("thanks-ar");
        let corrected = exported(&settings);
        see!("ask");
        drop(doorbell);
        (visit, arabic, corrected)
    });
    kiosk.run().unwrap();
    let (visit, arabic, corrected) = shopper.join().unwrap();

    let told = |row: &Exported| {
        let answer = row.outcome.clone().map(|outcome| (outcome, row.answer.clone()));
        (row.n, row.score, row.language.clone().unwrap(), row.replaces, row.to, answer)
    };
    let (en, ar) = (|| "en".to_owned(), || "ar".to_owned());
    let answered = |text: &str| Some(("answered".to_owned(), Some(text.to_owned())));
    let expected = [
        (1, Some(2), en(), None, None, None),
        (2, None, en(), None, Some(1), answered("waiting")),
        (3, None, en(), None, Some(1), answered("9")),
    ];
    assert_eq!(visit.iter().map(told).collect::<Vec<_>>(), expected);
    // The second visit comes after the response interval, which is none here.
    let later: Vec<_> = arabic.iter().skip(3).map(told).collect();
    let expected = [
        (4, Some(2), ar(), None, None, None),
        (5, None, ar(), None, Some(4), Some(("skipped".to_owned(), None))),
        (6, None, ar(), None, Some(4), answered("10")),
    ];
    assert_eq!(later, expected);
    let last = corrected.last().map(|row| (row.n, row.score, row.input.clone(), row.replaces));
    assert_eq!(last, Some((7, Some(5), Some("key".to_owned()), Some(4))));
}

/// Ends the kiosk, also where the shopper has failed.
struct Stop(Doorbell);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn snapshot(window: &impl slint::ComponentHandle) -> Vec<u8> {
    window.window().take_snapshot().unwrap().as_bytes().to_vec()
}

/// Presses whatever has this label, and tells how many such things there are.
fn press(window: &(impl slint::ComponentHandle + 'static), label: &str) -> usize {
    let found: Vec<_> = ElementHandle::find_by_accessible_label(window, label).collect();
    if let Some(element) = found.first() {
        element.invoke_accessible_default_action();
    }
    found.len()
}

fn key(window: &impl slint::ComponentHandle, text: &str) {
    let pressed = slint::platform::WindowEvent::KeyPressed { text: text.into() };
    window.window().dispatch_event(pressed);
    let released = slint::platform::WindowEvent::KeyReleased { text: text.into() };
    window.window().dispatch_event(released);
}
