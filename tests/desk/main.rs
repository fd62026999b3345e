//! Tests of a shop manager at the screen of a whole kiosk: the long press on the brand, the PIN,
//! the tabs, the test of a button, and the shopper who interrupts.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/noon.rs"]
mod noon;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/screen.rs"]
#[expect(dead_code, reason = "the tests of calls use the rest of it")]
mod screen;
#[path = "../support/survey.rs"]
mod survey;
#[path = "../support/wait.rs"]
mod wait;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use i_slint_backend_testing::ElementHandle;
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition};
use smilepost::feedback::event::fields::Field;
use smilepost::kiosk::desk::sheets::sheet::Tap;
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::{Driver, Settings};

use self::rows::exported;
use self::screen::{SHORT_MS, Stage, nordmarkt, open, open_filmed};
use self::wait::wait_until;

const PIN: &str = "2580";

/// Where the shop's brand is.
const BRAND: LogicalPosition = LogicalPosition::new(40.0, 452.0);

/// A kiosk with a PIN, five buttons and no follow-up.
fn shop(folder: &Path) -> Settings {
    let fifo = folder.join("buttons");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut settings = nordmarkt(folder);
    settings.screen.is_touched = false;
    settings.pace.thanks_ms = SHORT_MS;
    settings.buttons.driver = Driver::Script;
    settings.buttons.script = Some(fifo);
    pin::set(&settings.data_dir, &pin::hash(PIN).unwrap()).unwrap();
    settings
}

/// The shop's buttons, which a running kiosk listens to.
struct Buttons(File);

impl Buttons {
    fn of(settings: &Settings) -> Self {
        let fifo = settings.buttons.script.as_ref().unwrap();
        Self(File::options().write(true).open(fifo).unwrap())
    }

    fn press(&mut self, value: u8) {
        self.0.write_all(format!("{value}\n").as_bytes()).unwrap();
    }
}

/// Opens the desk by the PIN, and waits for the tab Today.
fn enter(stage: &Stage<impl ComponentHandle + 'static>) {
    stage.doorbell.tap(Tap::LongPressed);
    stage.see("Enter the PIN");
    stage.enter(PIN);
    stage.see("Today");
}

fn is_checked(stage: &Stage<impl ComponentHandle + 'static>, label: &'static str) -> bool {
    stage.on(move |window| {
        let mut found = ElementHandle::find_by_accessible_label(window, label);
        found.next().and_then(|element| element.accessible_checked()) == Some(true)
    })
}

/// What each note is about, and what it says.
fn notes(settings: &Settings) -> Vec<(String, String)> {
    let notes = exported(settings).into_iter().filter(|row| row.kind == "noted");
    notes
        .map(|row| {
            let text = |field| row.fields.text(field).unwrap().to_owned();
            (text(Field::About), text(Field::Text))
        })
        .collect()
}

fn noted(about: &str, text: &str) -> (String, String) {
    (about.to_owned(), text.to_owned())
}

#[test]
fn a_long_press_on_the_brand_opens_the_pad_and_only_the_pin_the_tabs() {
    let folder = tempfile::tempdir().unwrap();
    let stage = open_filmed(&shop(folder.path()));
    stage.see_picture("ask");
    let (position, button) = (BRAND, PointerEventButton::Left);
    let dispatch = |event| stage.on(move |window| window.window().dispatch_event(event));
    dispatch(WindowEvent::PointerPressed { position, button });
    stage.see_picture("desk-pin");
    dispatch(WindowEvent::PointerReleased { position, button });
    stage.enter("1111");
    stage.see("Wrong PIN. Tries left: 4");
    stage.enter("9999");
    stage.see_picture("desk-wrong");
    assert!(!stage.has("Today"), "not without the PIN");
    stage.enter(PIN);
    stage.see("No ratings yet.");
}

#[test]
fn closing_the_desk_shows_the_question_and_opening_it_asks_for_the_pin() {
    let folder = tempfile::tempdir().unwrap();
    let stage = open(&shop(folder.path()));
    enter(&stage);
    stage.tap("Close");
    stage.see_question();
    stage.doorbell.tap(Tap::LongPressed);
    stage.see("Enter the PIN");
    assert!(!stage.has("Today"));
    stage.tap("Close");
    stage.see_question();
}

#[test]
fn a_button_that_is_tried_at_the_desk_is_ticked_and_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stage = open(&settings);
    let mut buttons = Buttons::of(&settings);
    enter(&stage);
    for tab in ["Days", "Why", "Kiosk"] {
        stage.tap(tab);
    }
    stage.see("Head office: not enrolled. Ratings are kept here.");
    buttons.press(4);
    wait_until("the button has a tick", || is_checked(&stage, "4"));
    assert!(!is_checked(&stage, "5"));
    assert_eq!(exported(&settings).len(), 0);
}

#[test]
fn a_shopper_goes_before_whoever_reads_at_the_desk() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stage = open(&settings);
    let mut buttons = Buttons::of(&settings);
    enter(&stage);
    buttons.press(4);
    stage.see("Thank you");
    assert_eq!(exported(&settings).len(), 1);
    stage.see_question();
    assert!(!stage.has("Today"));
}

#[test]
fn an_alert_is_a_dot_and_a_sentence_at_the_desk_until_somebody_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stage = open_filmed(&settings);
    let mut buttons = Buttons::of(&settings);
    // Three unhappy shoppers of four.
    for (value, count) in [(4, 1), (1, 2), (1, 3), (1, 4)] {
        buttons.press(value);
        stage.see("Thank you");
        assert_eq!(exported(&settings).len(), count);
        // A press while the thank-you is shown would correct this one.
        if count < 4 {
            stage.see_question();
        }
    }
    stage.see_picture("ask-alert");
    enter(&stage);
    stage.wait_for("Just now several shoppers were unhappy.");
    stage.wait_for("Fewer than 5 ratings so far. They are shown once there are more.");
    // One tap, and nothing is asked while there is something to do in the shop.
    stage.tap("I have it");
    stage.wait_for("Just now several shoppers were unhappy. Somebody has it.");
    assert!(!stage.has("What came of it?"));
    assert_eq!(notes(&settings), [noted("alert", "")]);
    // Three of eight are too few for an alert.
    for count in 5..9 {
        buttons.press(4);
        stage.see("Thank you");
        assert_eq!(exported(&settings).iter().filter(|row| row.kind == "rated").count(), count);
        stage.see_question();
    }
    enter(&stage);
    stage.wait_for("The alert is over.");
    stage.tap("What came of it?");
    for label in ["o", "k", "Save"] {
        stage.tap(label);
    }
    stage.see("Today");
    wait_until("the question is answered", || !stage.has("The alert is over."));
    stage.tap("Notes");
    stage.see("Ok");
    assert_eq!(notes(&settings), [noted("alert", ""), noted("alert", "Ok")]);
}

#[test]
fn a_note_is_written_on_the_screen_and_read_there() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stage = open(&settings);
    enter(&stage);
    stage.tap("Notes");
    for label in ["Write a note", "b", "u", "n", "Save"] {
        stage.tap(label);
    }
    stage.see("Bun");
    assert_eq!(notes(&settings), [noted("day", "Bun")]);
    // It is mended, and the first one stays what it was.
    for label in ["Bun", "Mend", "s", "Save"] {
        stage.tap(label);
    }
    stage.wait_for("Buns");
    assert!(!stage.has("Bun"));
    for label in ["Buns", "Withdraw"] {
        stage.tap(label);
    }
    stage.wait_for("Nothing was written down yet.");
    let kept = [noted("day", "Bun"), noted("day", "Buns"), noted("withdrawn", "")];
    assert_eq!(notes(&settings), kept);
    let mended: Vec<_> =
        exported(&settings).into_iter().map(|row| row.fields.number(Field::MendsN)).collect();
    assert_eq!(mended, [None, Some(1), Some(1)]);
}

#[test]
fn what_shoppers_said_and_what_was_done_are_seen_as_a_shopper_sees_them_before_they_go_out() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shop(folder.path());
    let stage = open(&settings);
    enter(&stage);
    stage.tap("Notes");
    for label in ["Tell shoppers", "b", "u", "n", "Next", "j", "a", "Next"] {
        stage.tap(label);
    }
    stage.wait_for("Shoppers will see this:");
    for said in ["You said: Bun", "We did: Ja"] {
        assert!(stage.has(said), "{said}");
    }
    assert_eq!(notes(&settings), [], "nothing has gone out");
    stage.tap("Show it");
    stage.wait_for("Shown to shoppers: Ja");
    assert_eq!(notes(&settings), [noted("notice", "Ja")]);
    let said =
        exported(&settings).into_iter().map(|row| row.fields.text(Field::Said).map(str::to_owned));
    assert_eq!(said.collect::<Vec<_>>(), [Some("Bun".to_owned())]);
}
