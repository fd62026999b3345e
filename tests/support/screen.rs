//! A kiosk with a screen, on Slint's own event loop, watched and touched from a test's thread.
//!
//! Slint's event loop can be made once in a process, and all windows live on its thread, so that
//! thread runs the kiosks of all tests of a program, one after another. A test gets every page
//! that was shown, however briefly, so it passes on a busy machine too.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use i_slint_backend_testing::{ElementHandle, ElementQuery, TestingBackend, TestingBackendOptions};
use slint::{ComponentHandle, PhysicalSize};
use smilepost::feedback::rating::Scale;
use smilepost::kiosk::screen::bring_fonts;
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::{Doorbell, Kiosk, Options, ScreenTarget};

use crate::noon;
use crate::wait::wait_until;

/// Long enough never to run out in a test.
pub(crate) const NEVER_MS: u32 = 3_600_000;

/// Short, but every page is seen.
pub(crate) const SHORT_MS: u32 = 10;

/// How long a page may take to come; it matters only to a test that fails.
const PATIENCE: Duration = Duration::from_secs(120);

type Job = Box<dyn FnOnce() + Send>;

/// What the thread of the event loop is to do.
static WINDOWS: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (send, jobs) = channel::<Job>();
    std::thread::spawn(move || {
        bring_fonts(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
        let options = TestingBackendOptions {
            mock_time: false,
            threading: true,
            renderer_name: Some("software".into()),
        };
        slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
        for job in jobs {
            empty_event_loop();
            job();
        }
    });
    send
});

/// Empties the event loop: a window that was closed leaves a request to quit there.
fn empty_event_loop() {
    let is_empty = Arc::new(AtomicBool::new(false));
    let seen = is_empty.clone();
    slint::invoke_from_event_loop(move || seen.store(true, Ordering::Relaxed)).unwrap();
    slint::quit_event_loop().unwrap();
    while !is_empty.load(Ordering::Relaxed) {
        slint::run_event_loop().unwrap();
    }
}

/// A kiosk of the shop in the golden pictures, which asks everything and waits long enough.
pub(crate) fn nordmarkt(folder: &Path) -> Settings {
    let mut settings = Settings::plain(folder);
    settings.zone = Some(noon::zone());
    settings.brand = "Nordmarkt".to_owned();
    settings.screen.is_still = true;
    // A test presses faster than shoppers do, and its presses must count.
    settings.is_judged = false;
    settings.pace.thanks_ms = NEVER_MS;
    settings.pace.correction_ms = NEVER_MS;
    settings.pace.interval_ms = 0;
    settings.pace.follow_up_ms = NEVER_MS;
    settings.pace.language_ms = NEVER_MS;
    settings.desk_stay_ms = NEVER_MS.into();
    settings.survey = crate::survey::everything(Scale::Five);
    settings
}

/// A page that was shown.
struct Shown {
    labels: Vec<String>,
    /// Its pixels, if the test wants them.
    picture: Option<Vec<u8>>,
}

impl Shown {
    fn now(window: &(impl ComponentHandle + 'static), is_filmed: bool) -> Self {
        // Changes of the view take effect only after this.
        slint::platform::update_timers_and_animations();
        let picture =
            is_filmed.then(|| window.window().take_snapshot().unwrap().as_bytes().to_vec());
        let all = ElementQuery::from_root(window).match_descendants().find_all();
        let labels = all.iter().filter_map(ElementHandle::accessible_label);
        Self { labels: labels.map(Into::into).collect(), picture }
    }

    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|known| known == label)
    }
}

/// A running kiosk and its screen. The kiosk ends when this is dropped, also if the test fails.
pub(crate) struct Stage<C: ComponentHandle + 'static> {
    component: slint::Weak<C>,
    shown: Receiver<Shown>,
    ended: Receiver<()>,
    pub(crate) doorbell: Doorbell,
    /// The address of the page for phones; empty where there is none.
    pub(crate) url: String,
}

/// Runs a kiosk on a screen of 800 by 480 pixels that no display shows.
pub(crate) fn open(settings: &Settings) -> Stage<impl ComponentHandle + 'static> {
    run(settings, false)
}

/// As [`open`], and keeps the pixels of every page to compare with pictures.
pub(crate) fn open_filmed(settings: &Settings) -> Stage<impl ComponentHandle + 'static> {
    run(settings, true)
}

fn run(settings: &Settings, is_filmed: bool) -> Stage<impl ComponentHandle + 'static> {
    let settings = settings.clone();
    let (tell, told) = channel();
    let (end, ended) = channel();
    let job = move || {
        let options = Options { screen: ScreenTarget::GivenPlatform, ..Options::default() };
        let kiosk = Kiosk::open(settings, options).unwrap();
        let screen = kiosk.screen().unwrap();
        screen.window().set_size(PhysicalSize::new(800, 480));
        let component = screen.component().as_weak();
        let (send, shown) = channel();
        let watched = component.clone();
        let watch = move || {
            let window = watched.upgrade().unwrap();
            // A test that is over no longer receives.
            let _ = send.send(Shown::now(&window, is_filmed));
        };
        watch();
        screen.on_shown(watch);
        let url = kiosk.phone().map(|address| address.url).unwrap_or_default();
        tell.send((component, shown, kiosk.doorbell(), url)).unwrap();
        kiosk.run().unwrap();
        let _ = end.send(());
    };
    WINDOWS.send(Box::new(job)).unwrap();
    let (component, shown, doorbell, url) = told.recv().unwrap();
    Stage { component, shown, ended, doorbell, url }
}

impl<C: ComponentHandle + 'static> Stage<C> {
    /// Runs something on the window's thread, and returns its result.
    pub(crate) fn on<T: Send + 'static>(&self, act: impl FnOnce(&C) -> T + Send + 'static) -> T {
        let (reply, answer) = channel();
        self.component
            .upgrade_in_event_loop(move |window| {
                let _ = reply.send(act(&window));
            })
            .unwrap();
        answer.recv().unwrap()
    }

    /// Waits for a page that meets a condition, after all pages that the test has seen before.
    fn see_page(&self, what: &str, is_so: impl Fn(&Shown) -> bool) {
        loop {
            match self.shown.recv_timeout(PATIENCE) {
                Ok(shown) if is_so(&shown) => return,
                Ok(_) => {}
                Err(error) => panic!("the screen never showed {what}: {error}"),
            }
        }
    }

    /// Waits until a page is shown that has something with this label.
    pub(crate) fn see(&self, label: &str) {
        self.see_page(label, |shown| shown.has(label));
    }

    /// Waits until something on the screen has a label that begins so; returns the label.
    #[allow(dead_code, reason = "only the tests of calls look for it")]
    pub(crate) fn see_that_begins(&self, start: &str) -> String {
        let found = std::cell::RefCell::new(String::new());
        self.see_page(start, |shown| {
            let label = shown.labels.iter().find(|label| label.starts_with(start));
            label.is_some_and(|label| {
                found.replace(label.clone());
                true
            })
        });
        found.into_inner()
    }

    /// Waits until the question is shown, with no thank-you laid over it.
    pub(crate) fn see_question(&self) {
        let is_question = |shown: &Shown| shown.has("Press a face") && !shown.has("Thank you");
        self.see_page("the question", is_question);
    }

    /// Waits until a golden picture is shown, pixel for pixel.
    pub(crate) fn see_picture(&self, name: &str) {
        let golden = Some(golden(name));
        self.see_page(name, |shown| shown.picture == golden);
    }

    /// Whether anything on the screen has this label now.
    pub(crate) fn has(&self, label: &str) -> bool {
        let label = label.to_owned();
        self.on(move |window| {
            ElementHandle::find_by_accessible_label(window, &label).next().is_some()
        })
    }

    /// Waits until something on the screen has this label, and stays there.
    pub(crate) fn wait_for(&self, label: &str) {
        wait_until(&format!("the screen says {label:?}"), || self.has(label));
    }

    /// Waits for the one element with this label, and taps it.
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

    /// Enters a PIN on the pad.
    pub(crate) fn enter(&self, pin: &str) {
        for digit in pin.chars() {
            self.tap(&digit.to_string());
        }
        self.tap("OK");
    }
}

impl<C: ComponentHandle + 'static> Drop for Stage<C> {
    fn drop(&mut self) {
        self.doorbell.stop();
        // The kiosk needs its folder until it has ended.
        let _ = self.ended.recv();
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
