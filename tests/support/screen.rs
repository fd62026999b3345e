//! A whole kiosk with a screen, on Slint's own event loop, seen and touched from another thread.
//!
//! Slint's event loop can be made once in a process, so each test program that uses this has one
//! test.

use std::path::Path;

use i_slint_backend_testing::{ElementHandle, TestingBackend, TestingBackendOptions};
use slint::{ComponentHandle, PhysicalSize};
use smilepost::feedback::rating::Scale;
use smilepost::kiosk::screen::bring_fonts;
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::{Doorbell, Kiosk, Options, ScreenTarget};

use crate::noon;
use crate::wait::wait_until;

/// How long the thank-you is shown: long enough to be seen by a test on a busy machine.
const THANKS_MS: u32 = 4_000;

/// Long enough never to run out in a test.
const NEVER_MS: u32 = 600_000;

/// A kiosk of the shop that the golden pictures show, with everything asked.
pub(crate) fn nordmarkt(folder: &Path) -> Settings {
    let mut settings = Settings::plain(folder);
    settings.brand = "Nordmarkt".to_owned();
    settings.zone = Some(noon::zone());
    settings.pace.thanks_ms = THANKS_MS;
    settings.pace.correction_ms = NEVER_MS;
    settings.pace.interval_ms = 0;
    settings.pace.follow_up_ms = NEVER_MS;
    settings.pace.language_ms = NEVER_MS;
    settings.survey = crate::survey::everything(Scale::Five);
    settings
}

/// Opens a kiosk on a screen of 800 by 480 pixels that no display shows.
pub(crate) fn open(settings: &Settings) -> Kiosk {
    bring_fonts(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let options = TestingBackendOptions {
        mock_time: false,
        threading: true,
        renderer_name: Some("software".into()),
    };
    slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
    let options = Options { screen: ScreenTarget::GivenPlatform, ..Options::default() };
    let kiosk = Kiosk::open(settings.clone(), options).unwrap();
    kiosk.screen().unwrap().window().set_size(PhysicalSize::new(800, 480));
    kiosk
}

/// The screen of a running kiosk. The kiosk ends when this is dropped, also by a test that fails.
pub(crate) struct Stage<C: ComponentHandle + 'static> {
    component: slint::Weak<C>,
    pub(crate) doorbell: Doorbell,
}

/// The screen of a kiosk that is still to be run.
pub(crate) fn stage(kiosk: &Kiosk) -> Stage<impl ComponentHandle + 'static + use<>> {
    let component = kiosk.screen().unwrap().component().as_weak();
    Stage { component, doorbell: kiosk.doorbell() }
}

impl<C: ComponentHandle + 'static> Stage<C> {
    /// Has the thread of the window do something, and waits for what it returns.
    pub(crate) fn on<T: Send + 'static>(&self, act: impl FnOnce(&C) -> T + Send + 'static) -> T {
        let (reply, answer) = std::sync::mpsc::channel();
        self.component
            .upgrade_in_event_loop(move |window| {
                let _ = reply.send(act(&window));
            })
            .unwrap();
        answer.recv().unwrap()
    }

    /// Waits until the screen shows a golden picture, pixel for pixel.
    pub(crate) fn see(&self, name: &str) {
        self.see_any(&[name]);
    }

    /// Waits until the screen shows one of these golden pictures, pixel for pixel.
    pub(crate) fn see_any(&self, names: &[&str]) {
        let expected: Vec<Vec<u8>> = names.iter().map(|name| golden(name)).collect();
        let snapshot = |window: &C| window.window().take_snapshot().unwrap().as_bytes().to_vec();
        wait_until(&format!("the screen shows {}", names.join(" or ")), || {
            expected.contains(&self.on(snapshot))
        });
    }

    /// Whether anything on the screen has this label.
    pub(crate) fn has(&self, label: &str) -> bool {
        let label = label.to_owned();
        self.on(move |window| {
            ElementHandle::find_by_accessible_label(window, &label).next().is_some()
        })
    }

    /// Waits until something on the screen has this label.
    pub(crate) fn wait_for(&self, label: &str) {
        wait_until(&format!("the screen says {label:?}"), || self.has(label));
    }

    /// Waits for the one thing that has this label, and does what it is for.
    pub(crate) fn tap(&self, label: &str) {
        self.wait_for(label);
        let text = label.to_owned();
        let count = self.on(move |window| {
            let found: Vec<_> = ElementHandle::find_by_accessible_label(window, &text).collect();
            if let [only] = &found[..] {
                only.invoke_accessible_default_action();
            }
            found.len()
        });
        assert_eq!(count, 1, "things that are labelled {label:?}");
    }
}

impl<C: ComponentHandle + 'static> Drop for Stage<C> {
    fn drop(&mut self) {
        self.doorbell.stop();
    }
}

/// The pixels of a golden picture that `tests/pictures` keeps.
fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/golden");
    let file = std::fs::File::open(folder.join(format!("{name}-800x480.png"))).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut rgba).unwrap();
    rgba
}
