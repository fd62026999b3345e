//! A shopper at the screen: a face is found by its label, pressed, and everything that follows is
//! seen, in pixels and in the journal.
//!
//! One test, since Slint's event loop can be made once in a process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use i_slint_backend_testing::{ElementHandle, TestingBackend, TestingBackendOptions};
use slint::{ComponentHandle as _, PhysicalSize};
use smilepost::kiosk::desk::socket;
use smilepost::kiosk::screen::bring_fonts;
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::{Kiosk, Options, Place};
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
fn a_face_pressed_by_its_label_becomes_a_row_a_thank_you_and_the_question_again() {
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
    let options = Options { screen: Place::GivenPlatform, ..Options::default() };
    let kiosk = Kiosk::open(settings.clone(), options).unwrap();
    let screen = kiosk.screen().unwrap();
    screen.window().set_size(PhysicalSize::new(800, 480));
    let component = screen.component().as_weak();
    let doorbell = kiosk.doorbell();

    let shopper = std::thread::spawn(move || {
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
        see!("ask");
        let found = on_screen!(|window: &_| press(window, "Good"));
        assert_eq!(found, 1, "faces labelled Good");
        see!("thanks");
        let rows = exported(&settings);
        see!("ask");
        // The chip brings the faces back, and the next one corrects the first.
        on_screen!(|window: &_| press(window, "Very good"));
        see!("thanks");
        assert_eq!(on_screen!(|window: &_| press(window, "Pressed the wrong one?")), 1);
        see!("ask");
        on_screen!(|window: &_| press(window, "Bad"));
        see!("thanks");
        let corrected = exported(&settings);
        // A key is as good as a finger.
        see!("ask");
        on_screen!(|window: &_| key(window, "5"));
        see!("thanks");
        let keyed = exported(&settings);
        doorbell.stop();
        (rows, corrected, keyed)
    });
    kiosk.run().unwrap();
    let (rows, corrected, keyed) = shopper.join().unwrap();

    let told = |row: &Exported| (row.n, row.score, row.input.clone(), row.replaces);
    let touch = || Some("touch".to_owned());
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), [(1, Some(4), touch(), None)]);
    // The second visit comes within the response interval or not, as fast as the machine is; the
    // correction is a correction all the same.
    let later: Vec<_> = corrected.iter().skip(1).map(told).collect();
    assert_eq!(later, [(2, Some(5), touch(), None), (3, Some(2), touch(), Some(2))]);
    let last = keyed.last().map(told);
    assert_eq!(last, Some((4, Some(5), Some("key".to_owned()), None)));
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
