//! Tests of calls, asked by a shopper and answered by the shop manager, at a whole kiosk with its
//! screen and its page for phones; also of writing a stick, and of a desk that is left open.

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
#[expect(dead_code, reason = "the desk's tests use the rest of it")]
mod screen;
#[path = "../support/survey.rs"]
mod survey;
#[path = "../support/wait.rs"]
mod wait;

use std::path::{Path, PathBuf};

use slint::ComponentHandle;
use smilepost::feedback::event::fields::Field;
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::feedback::visit::Offer;
use smilepost::kiosk::desk::sheets::sheet::{Tab, Tap};
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::{Call, PhoneLimits, PhoneListen, Settings};

use self::phone::Phone;
use self::rows::exported;
use self::screen::{NEVER_MS, SHORT_MS, Stage, nordmarkt, open};
use self::wait::wait_until;

const PIN: &str = "2580";

/// The desk's sentence for a call that nobody has answered.
const ASKED: &str = "A shopper has asked for somebody.";

/// What a shopper reads after a call.
const PLEASE_WAIT: &str = "Somebody was asked to come. Please wait here for a moment.";

/// The shop of the golden pictures, without follow-ups and with calls.
fn shop(folder: &Path) -> Settings {
    let mut settings = nordmarkt(folder);
    let mut parts = survey::everything(Scale::Five).parts().clone();
    let question = &mut parts.questions[0];
    question.reasons = Vec::new();
    question.nps_one_in = 0;
    question.takes_comments = false;
    settings.survey = Survey::check(parts).unwrap();
    settings.alert = None;
    settings.call = Some(Call { offer: Offer::Everybody, wait_ms: NEVER_MS.into() });
    settings.phone = Some(PhoneListen {
        address: ([127, 0, 0, 1], 0).into(),
        host: None,
        limits: PhoneLimits::default(),
    });
    pin::set(&settings.data_dir, &pin::hash(PIN).unwrap()).unwrap();
    settings
}

/// The calls and notes that were kept; checks that none has fields of a shopper.
fn told(settings: &Settings) -> Vec<String> {
    let rows = exported(settings).into_iter().filter(|row| row.kind != "rated");
    let told = rows.map(|row| {
        for field in [Field::To, Field::Score, Field::Question] {
            assert_eq!(row.fields.get(field), None, "{row:?}");
        }
        let text = |field| row.fields.text(field).unwrap_or_default().to_owned();
        let step = text(Field::Step);
        let about = text(Field::About);
        let note = text(Field::Text);
        format!("{}{step}{about} {note}", row.kind.chars().next().unwrap()).trim().to_owned()
    });
    told.collect()
}

/// A shopper is unhappy and asks for somebody.
fn call(stage: &Stage<impl ComponentHandle + 'static>) {
    stage.see_question();
    stage.tap("Very bad");
    stage.tap("May someone come to you?");
    stage.see(PLEASE_WAIT);
}

/// Opens the desk by the PIN.
fn enter(stage: &Stage<impl ComponentHandle + 'static>) {
    stage.doorbell.tap(Tap::LongPressed);
    stage.see("Enter the PIN");
    stage.enter(PIN);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn nobody_can_tell_from_the_offer_which_face_was_pressed_unless_the_shop_wants_it() {
    let faces = ["Very bad", "Bad", "Okay", "Good", "Very good"];
    let offered = |offer| {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = shop(folder.path());
        settings.call = Some(Call { offer, wait_ms: NEVER_MS.into() });
        faces.map(|face| {
            let stage = open(&settings);
            stage.see_question();
            stage.tap(face);
            stage.see("Thank you");
            stage.has("May someone come to you?")
        })
    };
    assert_eq!(offered(Offer::Everybody), [true; 5]);
    assert_eq!(offered(Offer::Unhappy), [true, true, false, false, false]);
}

#[test]
fn a_manager_answers_on_the_phone_and_nothing_is_kept_of_the_shopper() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stage = open(&settings);
    call(&stage);
    assert_eq!(told(&settings), ["casked"], "it is on disk before it is promised");
    runtime().block_on(async {
        let manager = Phone::knowing(&stage.url, PIN).await;
        let form = manager.form().await;
        let page = manager.get("").await.text;
        assert!(page.contains(ASKED), "{page}");
        assert!(manager.get("days").await.text.contains(ASKED));
        let to = manager.post("coming", &[("form", &form)]).await.to;
        assert_eq!(to.as_deref(), Some("/"));
        stage.see("Somebody is on the way to you.");
        assert!(manager.get("").await.text.contains("Somebody is on the way to the shopper."));
        let fields = [("form", form.as_str()), ("text", "Carried the crate")];
        manager.post("alert?about=call", &fields).await;
        assert!(!manager.get("").await.text.contains("on the way to the shopper"));
    });
    assert_eq!(told(&settings), ["casked", "ccoming", "ncall Carried the crate"]);
}

#[test]
fn before_the_pin_nothing_at_the_desk_can_be_done() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stage = open(&settings);
    call(&stage);
    stage.doorbell.tap(Tap::LongPressed);
    stage.see("Enter the PIN");
    stage.doorbell.tap(Tap::Turned(Tab::Today));
    stage.doorbell.tap(Tap::Coming);
    stage.doorbell.tap(Tap::Carried);
    stage.tap("1");
    assert!(!stage.has("Today"));
    stage.tap("Close");
    stage.see(PLEASE_WAIT);
    assert_eq!(told(&settings), ["casked"], "nobody has come");
}

#[test]
fn a_manager_answers_on_the_screen_and_the_shopper_reads_it_there() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stage = open(&settings);
    call(&stage);
    enter(&stage);
    stage.see(ASKED);
    stage.tap("On my way");
    stage.see("Somebody is on the way to the shopper.");
    stage.tap("Close");
    stage.see("Somebody is on the way to you.");
    assert_eq!(told(&settings), ["casked", "ccoming"]);
    // Noting the outcome is optional.
    enter(&stage);
    stage.tap("What came of it?");
    stage.wait_for("Save");
    stage.tap("Cancel");
    stage.wait_for("Somebody is on the way to the shopper.");
}

#[test]
fn a_shopper_whom_nobody_answers_is_told_and_so_is_whoever_looks_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    settings.call = Some(Call { offer: Offer::Everybody, wait_ms: SHORT_MS.into() });
    let stage = open(&settings);
    call(&stage);
    stage.see("We are sorry: nobody can come just now.");
    assert_eq!(told(&settings), ["casked", "cmissed"]);
    runtime().block_on(async {
        let manager = Phone::knowing(&stage.url, PIN).await;
        let form = manager.form().await;
        let page = manager.get("").await.text;
        assert!(page.contains("A shopper asked for somebody, and nobody came."), "{page}");
        manager.post("alert?about=call", &[("form", &form)]).await;
        assert!(!manager.get("").await.text.contains("nobody came"));
    });
}

#[test]
fn a_shopper_who_waits_no_longer_closes_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let stage = open(&shop(folder.path()));
    call(&stage);
    stage.tap("Close");
    stage.see_question();
}

#[test]
fn a_stick_is_written_at_the_desk() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    settings.sticks = folder.path().join("media");
    let stick = settings.sticks.join("STICK/smilepost-export");
    std::fs::create_dir_all(&stick).unwrap();
    let stage = open(&settings);
    enter(&stage);
    stage.tap("Kiosk");
    stage.see("A stick is there.");
    stage.tap("Write to the stick");
    let within = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    // The kiosk's own folder, with its mark, a table and two pages.
    let files = || within(&stick).into_iter().flat_map(|folder| within(&folder));
    wait_until("the files are on the stick", || files().count() == 4);
    let days = files().filter(|path| path.extension().is_some_and(|ending| ending == "html"));
    for page in days.map(|path| std::fs::read_to_string(path).unwrap()) {
        assert!(page.contains("<h1><bdi>Nordmarkt") && !page.contains("<form"), "{page}");
    }
}

#[test]
fn a_desk_that_is_left_open_is_closed_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    settings.desk_stay_ms = SHORT_MS.into();
    let stage = open(&settings);
    stage.doorbell.tap(Tap::LongPressed);
    stage.see("Enter the PIN");
    stage.see_question();
}
