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

#[path = "../support/noon.rs"]
mod noon;
#[path = "../support/phone.rs"]
mod phone;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/screen.rs"]
mod screen;
#[path = "../support/survey.rs"]
mod survey;
#[path = "../support/wait.rs"]
mod wait;

use slint::ComponentHandle;
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::kiosk::desk::phone::Place as Where;
use smilepost::kiosk::desk::sheets::sheet::{Page, Tap};
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::Settings;

use self::phone::Phone;
use self::rows::exported;
use self::screen::{Stage, nordmarkt, open, stage};
use self::wait::wait_until;

const PIN: &str = "2580";

/// How long a shopper waits for somebody. The test waits it out once, and a manager on a busy machine
/// answers within it.
const WAIT_MS: u64 = 20_000;

/// After how long without a touch a desk that is left open is closed. The test waits it out once too.
const STAY_MS: u64 = 10_000;

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
    settings.desk_stay_ms = STAY_MS;
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

/// A shopper is unhappy and asks for somebody.
fn call(stage: &Stage<impl ComponentHandle + 'static>) {
    stage.tap("Very bad");
    stage.tap("May someone come to you?");
    stage.wait_for("Somebody was asked to come. Please wait here for a moment.");
}

#[test]
fn a_shopper_who_asks_for_somebody_hears_who_comes_and_nothing_is_kept_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stick = settings.sticks.join("STICK/smilepost-export");
    std::fs::create_dir_all(&stick).unwrap();
    let kiosk = open(&settings);
    let stage = stage(&kiosk);
    let url = kiosk.phone().unwrap().url;

    let everybody = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let manager = runtime.block_on(Phone::knowing(&url, PIN));
        let form = runtime.block_on(manager.form());
        // Whoever is happy is not asked whether somebody may come.
        stage.see("ask");
        stage.tap("Very good");
        stage.see("thanks");
        // The manager answers on the phone; the shopper sees it.
        call(&stage);
        assert_eq!(told(&settings), ["casked"], "it is on disk before it is promised");
        let asked = "A shopper has asked for somebody.";
        runtime.block_on(async {
            let page = manager.get("").await.text;
            assert!(page.contains(asked), "{page}");
            assert!(manager.get("days").await.text.contains(asked));
            let to = manager.post("coming", &[("form", &form)]).await.to;
            assert_eq!(to.as_deref(), Some("/"));
        });
        stage.wait_for("Somebody is on the way to you.");
        runtime.block_on(async {
            assert!(manager.get("").await.text.contains("Somebody is on the way to the shopper."));
            let fields = [("form", form.as_str()), ("text", "Carried the crate")];
            manager.post("alert?about=call", &fields).await;
            assert!(!manager.get("").await.text.contains("on the way to the shopper"));
        });
        assert_eq!(told(&settings), ["casked", "ccoming", "ncall Carried the crate"]);
        stage.tap("Close");
        // And on the screen, between two looks at it.
        call(&stage);
        stage.doorbell.tap(Tap::Knocked);
        stage.see("desk-pin");
        // Before the PIN nothing at the desk is to be had.
        stage.doorbell.tap(Tap::Turned(Page::Today));
        stage.doorbell.tap(Tap::Coming);
        stage.doorbell.tap(Tap::Carried);
        stage.tap("1");
        assert!(!stage.has("Today"));
        stage.tap("Close");
        stage.wait_for("Somebody was asked to come. Please wait here for a moment.");
        assert_eq!(told(&settings).len(), 4, "nobody has come");
        stage.doorbell.tap(Tap::Knocked);
        stage.see("desk-pin");
        for digit in PIN.chars() {
            stage.tap(&digit.to_string());
        }
        stage.tap("OK");
        stage.wait_for(asked);
        stage.tap("On my way");
        stage.wait_for("Somebody is on the way to the shopper.");
        stage.tap("What came of it?");
        stage.wait_for("Save");
        stage.tap("Cancel");
        // A stick is written from the sheet Post.
        stage.tap("Post");
        stage.wait_for("A stick is there.");
        stage.tap("Write to the stick");
        wait_until("three files are on the stick", || {
            std::fs::read_dir(&stick).unwrap().count() == 3
        });
        let day = std::fs::read_dir(&stick).unwrap().map(|entry| entry.unwrap().path());
        let days = day.filter(|path| path.extension().is_some_and(|of| of == "html"));
        for page in days.map(|path| std::fs::read_to_string(path).unwrap()) {
            assert!(page.contains("<h1>Nordmarkt") && !page.contains("<form"), "{page}");
        }
        stage.tap("Close");
        stage.wait_for("Somebody is on the way to you.");
        stage.tap("Close");
        // Nobody answers: the shopper is told, and so is whoever looks later.
        call(&stage);
        stage.wait_for("We are sorry: nobody can come just now.");
        assert_eq!(told(&settings)[3..], ["casked", "ccoming", "casked", "cmissed"]);
        runtime.block_on(async {
            let page = manager.get("").await.text;
            assert!(page.contains("A shopper asked for somebody, and nobody came."), "{page}");
            manager.post("alert?about=call", &[("form", &form)]).await;
            assert!(!manager.get("").await.text.contains("nobody came"));
        });
        stage.tap("Close");
        stage.see("ask");
        // A desk that is left open is closed by itself.
        stage.doorbell.tap(Tap::Knocked);
        stage.see("desk-pin");
        stage.see("ask");
    });
    kiosk.run().unwrap();
    everybody.join().unwrap();
}
