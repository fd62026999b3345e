//! A shopper who asks for somebody, and the shop manager who answers: at a whole kiosk with its
//! screen and its page for phones. And what else is done at the desk beside its sheets: the stick,
//! and leaving it open.
//!
//! One test, since Slint's event loop can be made once in a process.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../support/kiosk.rs"]
#[expect(dead_code, reason = "the desk's own tests use the rest of it")]
mod kiosk;
#[path = "../support/screen.rs"]
#[expect(dead_code, reason = "this test sees fewer pictures than the other")]
mod screen;
#[path = "../support/survey.rs"]
mod survey;

use i_slint_backend_testing::ElementHandle;
use slint::{ComponentHandle as _, PhysicalSize};
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::kiosk::desk::phone::Place as Where;
use smilepost::kiosk::desk::sheet::{Page, Tap};
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::{Kiosk, Options, Place};

use self::kiosk::{PIN, Phone};
use self::screen::{PATIENCE, Stop, exported, nordmarkt, on_screen, press, see, set_platform};

/// Long enough for a manager in a test, and short enough for a shopper in one.
const WAIT_MS: u64 = 6_000;

fn has(window: &(impl slint::ComponentHandle + 'static), label: &str) -> bool {
    ElementHandle::find_by_accessible_label(window, label).next().is_some()
}

/// The shop of the golden pictures, which asks nothing after the press, and where somebody can come.
fn shop(folder: &std::path::Path) -> Settings {
    let mut settings = nordmarkt(folder);
    let mut parts = survey::everything(Scale::Five).parts().clone();
    let question = &mut parts.questions[0];
    (question.unhappy, question.happy) = (Vec::new(), Vec::new());
    (question.nps_one_in, question.takes_comments) = (0, false);
    settings.survey = Survey::check(parts).unwrap();
    settings.alert = None;
    settings.call_wait_ms = Some(WAIT_MS);
    settings.phone = Some(Where { listen: ([127, 0, 0, 1], 0).into(), host: None });
    settings.sticks = folder.join("media");
    pin::set(&settings.data_dir, &pin::hash(PIN).unwrap()).unwrap();
    settings
}

/// What was kept of calls and notes, and of no shopper.
fn told(settings: &Settings) -> Vec<String> {
    let rows = exported(settings).into_iter().filter(|row| row.kind != "rated");
    let told = rows.map(|row| {
        assert_eq!((row.to, row.score, row.question.as_deref()), (None, None, None), "{row:?}");
        let step = row.step.unwrap_or_default();
        let (about, note) = (row.about.unwrap_or_default(), row.note.unwrap_or_default());
        format!("{}{step}{about} {note}", row.kind.chars().next().unwrap()).trim().to_owned()
    });
    told.collect()
}

#[test]
fn a_shopper_who_asks_for_somebody_hears_who_comes_and_nothing_is_kept_of_them() {
    set_platform();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    settings.desk_stay_ms = 4_000;
    let stick = settings.sticks.join("STICK/smilepost-export");
    std::fs::create_dir_all(&stick).unwrap();
    let options = Options { screen: Place::GivenPlatform, ..Options::default() };
    let kiosk = Kiosk::open(settings.clone(), options).unwrap();
    let url = kiosk.phone().unwrap().url;
    let screen = kiosk.screen().unwrap();
    screen.window().set_size(PhysicalSize::new(800, 480));
    let component = screen.component().as_weak();
    let (stop, doorbell) = (kiosk.doorbell(), kiosk.doorbell());

    let everybody = std::thread::spawn(move || {
        let _stop = Stop(stop);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        macro_rules! wait_for {
            ($label:expr) => {{
                let is_there = (0..4_000).any(|_| {
                    std::thread::park_timeout(PATIENCE / 2_000);
                    on_screen!(component, move |window: &_| has(window, $label))
                });
                assert!(is_there, "it never came: {}", $label);
            }};
        }
        macro_rules! tap {
            ($label:expr) => {
                assert_eq!(on_screen!(component, |window: &_| press(window, $label)), 1, $label)
            };
        }
        macro_rules! call {
            () => {
                wait_for!("Very bad");
                tap!("Very bad");
                wait_for!("May someone come to you?");
                tap!("May someone come to you?");
                wait_for!("Somebody was asked to come. Please wait here for a moment.");
            };
        }
        let mut manager = Phone { url, client: kiosk::client(), cookie: None };
        let form = runtime.block_on(async {
            let cookie = manager.post("pin", &[("pin", PIN)]).await.cookie.unwrap();
            manager.cookie = Some(cookie.split(';').next().unwrap().to_owned());
            manager.form().await
        });
        // Whoever is happy is not asked whether somebody may come.
        see!(component, "ask");
        tap!("Very good");
        see!(component, "thanks");
        // The manager answers on the phone; the shopper sees it.
        call!();
        assert_eq!(told(&settings), ["casked"], "it is on disk before it is promised");
        let asked = "A shopper has asked for somebody.";
        runtime.block_on(async {
            let page = manager.get("").await.text;
            assert!(page.contains(asked), "{page}");
            assert!(manager.get("days").await.text.contains(asked));
            let to = manager.post("coming", &[("form", &form)]).await.to;
            assert_eq!(to.as_deref(), Some("/"));
        });
        wait_for!("Somebody is on the way to you.");
        runtime.block_on(async {
            assert!(manager.get("").await.text.contains("Somebody is on the way to the shopper."));
            let fields = [("form", form.as_str()), ("text", "Carried the crate")];
            manager.post("alert?about=call", &fields).await;
            assert!(!manager.get("").await.text.contains("on the way to the shopper"));
        });
        assert_eq!(told(&settings), ["casked", "ccoming", "ncall Carried the crate"]);
        tap!("Close");
        // And on the screen, between two looks at it.
        call!();
        doorbell.tap(Tap::Knocked);
        see!(component, "desk-pin");
        // Before the PIN nothing at the desk is to be had.
        doorbell.tap(Tap::Turned(Page::Today));
        doorbell.tap(Tap::Coming);
        doorbell.tap(Tap::Carried);
        tap!("1");
        assert!(!on_screen!(component, |window: &_| has(window, "Today")));
        tap!("Close");
        wait_for!("Somebody was asked to come. Please wait here for a moment.");
        assert_eq!(told(&settings).len(), 4, "nobody has come");
        doorbell.tap(Tap::Knocked);
        see!(component, "desk-pin");
        for digit in PIN.chars().map(|digit| digit.to_string()).chain(["OK".to_owned()]) {
            assert_eq!(on_screen!(component, move |window: &_| press(window, &digit)), 1);
        }
        wait_for!(asked);
        tap!("On my way");
        wait_for!("Somebody is on the way to the shopper.");
        tap!("What came of it?");
        wait_for!("Save");
        tap!("Cancel");
        // A stick is written from the sheet Post.
        tap!("Post");
        wait_for!("A stick is there.");
        tap!("Write to the stick");
        let is_written = (0..4_000).any(|_| {
            std::thread::park_timeout(PATIENCE / 2_000);
            std::fs::read_dir(&stick).unwrap().count() == 3
        });
        assert!(is_written, "{:?}", std::fs::read_dir(&stick).unwrap().collect::<Vec<_>>());
        let day = std::fs::read_dir(&stick).unwrap().map(|entry| entry.unwrap().path());
        let days = day.filter(|path| path.extension().is_some_and(|of| of == "html"));
        for page in days.map(|path| std::fs::read_to_string(path).unwrap()) {
            assert!(page.contains("<h1>Nordmarkt") && !page.contains("<form"), "{page}");
        }
        tap!("Close");
        wait_for!("Somebody is on the way to you.");
        tap!("Close");
        // Nobody answers: the shopper is told, and so is whoever looks later.
        call!();
        wait_for!("We are sorry: nobody can come just now.");
        assert_eq!(told(&settings)[3..], ["casked", "ccoming", "casked", "cmissed"]);
        runtime.block_on(async {
            let page = manager.get("").await.text;
            assert!(page.contains("A shopper asked for somebody, and nobody came."), "{page}");
            manager.post("alert?about=call", &[("form", &form)]).await;
            assert!(!manager.get("").await.text.contains("nobody came"));
        });
        tap!("Close");
        see!(component, "ask");
        // A desk that is left open is closed by itself.
        doorbell.tap(Tap::Knocked);
        see!(component, "desk-pin");
        see!(component, "ask");
    });
    kiosk.run().unwrap();
    everybody.join().unwrap();
}
