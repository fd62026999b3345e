//! A shop manager at the screen of a whole kiosk: knocks, shows the PIN, turns the sheets, tries a
//! button, and makes way for a shopper.
//!
//! One test, since Slint's event loop can be made once in a process.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/noon.rs"]
mod noon;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/screen.rs"]
mod screen;
#[path = "../support/survey.rs"]
mod survey;
#[path = "../support/wait.rs"]
mod wait;

use std::io::Write as _;
use std::process::Command;

use i_slint_backend_testing::ElementHandle;
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition};
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::Driver;

use self::rows::exported;
use self::screen::{Stage, nordmarkt, open, stage};
use self::wait::wait_until;

const PIN: &str = "2580";

/// Where the shop's mark is.
const MARK: LogicalPosition = LogicalPosition::new(40.0, 452.0);

/// Rests a finger on the shop's mark until the desk asks for the PIN.
fn rest_on_mark(stage: &Stage<impl ComponentHandle + 'static>) {
    let position = MARK;
    let button = PointerEventButton::Left;
    let dispatch = |event| stage.on(move |component| component.window().dispatch_event(event));
    dispatch(WindowEvent::PointerPressed { position, button });
    stage.see("desk-pin");
    dispatch(WindowEvent::PointerReleased { position, button });
}

fn type_in(stage: &Stage<impl ComponentHandle + 'static>, pin: &str) {
    for digit in pin.chars() {
        stage.tap(&digit.to_string());
    }
    stage.tap("OK");
}

fn is_checked(stage: &Stage<impl ComponentHandle + 'static>, label: &'static str) -> bool {
    stage.on(move |window| {
        let mut found = ElementHandle::find_by_accessible_label(window, label);
        found.next().and_then(|element| element.accessible_checked()) == Some(true)
    })
}

#[test]
fn a_manager_gets_to_the_sheets_by_the_pin_alone_and_makes_way_for_shoppers() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("buttons");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut settings = nordmarkt(folder.path());
    settings.screen.is_touched = false;
    settings.buttons.driver = Driver::Script;
    settings.buttons.script = Some(fifo.clone());
    pin::set(&settings.data_dir, &pin::hash(PIN).unwrap()).unwrap();
    let kiosk = open(&settings);
    let stage = stage(&kiosk);

    let manager = std::thread::spawn(move || {
        let mut buttons = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
        stage.see("ask");
        rest_on_mark(&stage);
        type_in(&stage, "1111");
        stage.wait_for("That was not it. Tries left: 4");
        type_in(&stage, "9999");
        stage.see("desk-wrong");
        assert!(!stage.has("Today"), "not without the PIN");
        type_in(&stage, PIN);
        stage.wait_for("No ratings yet.");
        for tab in ["Days", "Why", "Post"] {
            stage.tap(tab);
        }
        stage.wait_for("Head office: not enrolled. Ratings are kept here.");
        // A button that is tried is shown and not counted.
        buttons.write_all(b"4\n").unwrap();
        wait_until("the button has a tick", || is_checked(&stage, "4"));
        assert!(!is_checked(&stage, "5"));
        assert_eq!(exported(&settings).len(), 0);
        // On any other sheet a shopper goes first.
        stage.tap("Today");
        stage.wait_for("No ratings yet.");
        buttons.write_all(b"4\n").unwrap();
        stage.see("thanks");
        assert_eq!(exported(&settings).len(), 1);
        stage.see("ask");
        assert!(!stage.has("Today"));
        // Three unhappy shoppers of four raise an alert, which is a dot beside the mark.
        for seen in 2..=4 {
            buttons.write_all(b"1\n").unwrap();
            stage.see_any(&["thanks", "thanks-alert"]);
            assert_eq!(exported(&settings).len(), seen);
            // A press while the thank-you is shown would correct this one.
            stage.see_any(&["ask", "ask-alert"]);
        }
        stage.see("ask-alert");
        rest_on_mark(&stage);
        type_in(&stage, PIN);
        stage.wait_for("Just now several shoppers were unhappy.");
        stage.wait_for("Fewer than 5 ratings so far. They are shown once there are more.");
        stage.tap("I have it");
        // Whoever has it may say what was done, and has it already if not.
        stage.wait_for("What was done?");
        for label in ["o", "k", "Save"] {
            stage.tap(label);
        }
        stage.wait_for("Just now several shoppers were unhappy. Somebody has it.");
        stage.tap("Notes");
        stage.wait_for("Ok");
        for label in ["Write a note", "b", "u", "n", "Save"] {
            stage.tap(label);
        }
        stage.wait_for("Bun");
        let notes = exported(&settings).into_iter().filter(|row| row.kind == "noted");
        let notes: Vec<_> = notes.map(|row| (row.about.unwrap(), row.note.unwrap())).collect();
        let noted = |about: &str, text: &str| (about.to_owned(), text.to_owned());
        assert_eq!(notes, [noted("alert", ""), noted("alert", "Ok"), noted("day", "Bun")]);
        stage.tap("Close");
        stage.see("ask-alert");
        // Whoever comes next is asked for the PIN again, and may leave.
        rest_on_mark(&stage);
        stage.tap("Close");
        stage.see("ask-alert");
    });
    kiosk.run().unwrap();
    manager.join().unwrap();
}
