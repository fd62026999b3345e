//! What a test needs to play a whole kiosk with a screen, on Slint's own event loop.

use std::path::Path;
use std::time::Duration;

use i_slint_backend_testing::{ElementHandle, TestingBackend, TestingBackendOptions};
use smilepost::feedback::rating::Scale;
use smilepost::kiosk::Doorbell;
use smilepost::kiosk::desk::socket;
use smilepost::kiosk::screen::bring_fonts;
use smilepost::kiosk::settings::Settings;
use smilepost::wire::desk::{Ask, Exported};

/// How long a page may take to appear.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A platform without a display, whose event loop is real.
pub(crate) fn set_platform() {
    bring_fonts(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let options = TestingBackendOptions {
        mock_time: false,
        threading: true,
        renderer_name: Some("software".into()),
    };
    slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
}

/// A kiosk of the shop that the golden pictures show, with everything asked and short thanks.
pub(crate) fn nordmarkt(folder: &Path) -> Settings {
    let mut settings = Settings::plain(folder);
    settings.brand = "Nordmarkt".to_owned();
    settings.pace.thanks_ms = 500;
    settings.pace.interval_ms = 0;
    settings.survey = crate::survey::everything(Scale::Five);
    settings
}

/// The pixels of a golden picture that `tests/pictures` keeps.
pub(crate) fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/golden");
    let file = std::fs::File::open(folder.join(format!("{name}-800x480.png"))).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut rgba).unwrap();
    rgba
}

pub(crate) fn exported(settings: &Settings) -> Vec<Exported> {
    let ask = Ask::Export { from: None, to: None };
    let mut answers = socket::ask(&settings.runtime_dir, &ask).unwrap().unwrap();
    std::iter::from_fn(|| answers.event().unwrap()).collect()
}

/// Asks the thread of the window for something and waits for the answer.
macro_rules! on_screen {
    ($component:expr, $act:expr) => {{
        let (reply, answer) = std::sync::mpsc::channel();
        $component
            .upgrade_in_event_loop(move |window| {
                let _ = reply.send($act(&window));
            })
            .unwrap();
        answer.recv().unwrap()
    }};
}

/// Waits until the screen shows a golden picture, pixel for pixel.
macro_rules! see {
    ($component:expr, $name:literal) => {{
        let expected = crate::screen::golden($name);
        let is_seen = (0..2_000).any(|_| {
            std::thread::park_timeout(crate::screen::PATIENCE / 2_000);
            let pixels = on_screen!($component, |window: &_| crate::screen::snapshot(window));
            pixels == expected
        });
        assert!(is_seen, "the screen never showed {}", $name);
    }};
}

pub(crate) use {on_screen, see};

/// Ends the kiosk, also where the shopper has failed.
pub(crate) struct Stop(pub(crate) Doorbell);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

pub(crate) fn snapshot(window: &impl slint::ComponentHandle) -> Vec<u8> {
    window.window().take_snapshot().unwrap().as_bytes().to_vec()
}

/// Presses whatever has this label, and tells how many such things there are.
pub(crate) fn press(window: &(impl slint::ComponentHandle + 'static), label: &str) -> usize {
    let found: Vec<_> = ElementHandle::find_by_accessible_label(window, label).collect();
    if let Some(element) = found.first() {
        element.invoke_accessible_default_action();
    }
    found.len()
}

pub(crate) fn key(window: &impl slint::ComponentHandle, text: &str) {
    let pressed = slint::platform::WindowEvent::KeyPressed { text: text.into() };
    window.window().dispatch_event(pressed);
    let released = slint::platform::WindowEvent::KeyReleased { text: text.into() };
    window.window().dispatch_event(released);
}
