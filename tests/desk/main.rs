//! A shop manager at the screen of a whole kiosk: knocks, shows the PIN, turns the sheets, tries a
//! button, and makes way for a shopper.
//!
//! One test, since Slint's event loop can be made once in a process.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/screen.rs"]
#[expect(dead_code, reason = "this test sees fewer pictures than the other")]
mod screen;
#[path = "../support/survey.rs"]
mod survey;

use std::io::Write as _;
use std::process::Command;

use i_slint_backend_testing::ElementHandle;
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle as _, LogicalPosition, PhysicalSize};
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::Driver;
use smilepost::kiosk::{Kiosk, Options, Place};

use self::screen::{PATIENCE, Stop, exported, nordmarkt, on_screen, press, see, set_platform};

/// A finger on the shop's mark, or off it again.
fn touch(window: &impl slint::ComponentHandle, is_down: bool) {
    let (position, button) = (LogicalPosition::new(40.0, 452.0), PointerEventButton::Left);
    window.window().dispatch_event(match is_down {
        true => WindowEvent::PointerPressed { position, button },
        false => WindowEvent::PointerReleased { position, button },
    });
}

fn has(window: &(impl slint::ComponentHandle + 'static), label: &str) -> bool {
    ElementHandle::find_by_accessible_label(window, label).next().is_some()
}

fn is_checked(window: &(impl slint::ComponentHandle + 'static), label: &str) -> bool {
    let mut found = ElementHandle::find_by_accessible_label(window, label);
    found.next().and_then(|element| element.accessible_checked()) == Some(true)
}

#[test]
fn a_manager_gets_to_the_sheets_by_the_pin_alone_and_makes_way_for_shoppers() {
    set_platform();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("buttons");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut settings = nordmarkt(folder.path());
    settings.screen.is_touched = false;
    settings.buttons.driver = Driver::Script;
    settings.buttons.script = Some(fifo.clone());
    pin::set(&settings.data_dir, &pin::hash("2580").unwrap()).unwrap();
    let options = Options { screen: Place::GivenPlatform, ..Options::default() };
    let kiosk = Kiosk::open(settings.clone(), options).unwrap();
    let screen = kiosk.screen().unwrap();
    screen.window().set_size(PhysicalSize::new(800, 480));
    let component = screen.component().as_weak();
    let doorbell = kiosk.doorbell();

    let manager = std::thread::spawn(move || {
        let _doorbell = Stop(doorbell);
        macro_rules! wait_for {
            ($what:literal, $is:expr) => {{
                let is_so = (0..2_000).any(|_| {
                    std::thread::park_timeout(PATIENCE / 2_000);
                    on_screen!(component, $is)
                });
                assert!(is_so, "it never came: {}", $what);
            }};
        }
        macro_rules! see_either {
            ($one:literal, $other:literal) => {
                wait_for!($one, |window: &_| {
                    let pixels = screen::snapshot(window);
                    pixels == screen::golden($one) || pixels == screen::golden($other)
                });
            };
        }
        macro_rules! type_in {
            ($pin:literal) => {
                for digit in $pin.chars().map(|digit| digit.to_string()).chain(["OK".to_owned()]) {
                    let found = on_screen!(component, move |window: &_| press(window, &digit));
                    assert_eq!(found, 1);
                }
            };
        }
        let mut buttons = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
        see!(component, "ask");
        on_screen!(component, |window: &_| touch(window, true));
        see!(component, "desk-pin");
        on_screen!(component, |window: &_| touch(window, false));
        type_in!("1111");
        wait_for!("the first wrong try", |window: &_| has(
            window,
            "That was not it. Tries left: 4"
        ));
        type_in!("9999");
        see!(component, "desk-wrong");
        assert!(!on_screen!(component, |window: &_| has(window, "Today")), "not without the PIN");
        type_in!("2580");
        wait_for!("today", |window: &_| has(window, "No ratings yet."));
        for tab in ["Days", "Why", "Post"] {
            assert_eq!(on_screen!(component, move |window: &_| press(window, tab)), 1);
        }
        let not_enrolled = "Head office: not enrolled. Ratings are kept here.";
        wait_for!("the post", move |window: &_| has(window, not_enrolled));
        // A button that is tried is shown and not counted.
        buttons.write_all(b"4\n").unwrap();
        wait_for!("the tick", |window: &_| is_checked(window, "4"));
        assert!(!on_screen!(component, |window: &_| is_checked(window, "5")));
        assert_eq!(exported(&settings).len(), 0);
        // On any other sheet a shopper goes first.
        on_screen!(component, |window: &_| press(window, "Today"));
        wait_for!("today again", |window: &_| has(window, "No ratings yet."));
        buttons.write_all(b"4\n").unwrap();
        see!(component, "thanks");
        assert_eq!(exported(&settings).len(), 1);
        see!(component, "ask");
        assert!(!on_screen!(component, |window: &_| has(window, "Today")));
        // Three unhappy shoppers of four raise an alert, which is a dot beside the mark.
        for seen in 2..=4 {
            buttons.write_all(b"1\n").unwrap();
            see_either!("thanks", "thanks-alert");
            assert_eq!(exported(&settings).len(), seen);
            // A press while the thank-you is shown would correct this one.
            see_either!("ask", "ask-alert");
        }
        see!(component, "ask-alert");
        on_screen!(component, |window: &_| touch(window, true));
        see!(component, "desk-pin");
        on_screen!(component, |window: &_| touch(window, false));
        type_in!("2580");
        let unhappy = "Just now several shoppers were unhappy.";
        wait_for!("the alert", move |window: &_| has(window, unhappy));
        wait_for!("too few to tell more", |window: &_| has(
            window,
            "Fewer than 5 ratings so far. They are shown once there are more."
        ));
        on_screen!(component, |window: &_| press(window, "I have it"));
        // Whoever has it may say what was done, and has it already if not.
        wait_for!("the keyboard", |window: &_| has(window, "What was done?"));
        for label in ["o", "k", "Save"] {
            assert_eq!(on_screen!(component, move |window: &_| press(window, label)), 1, "{label}");
        }
        wait_for!("the word of it", |window: &_| has(
            window,
            "Just now several shoppers were unhappy. Somebody has it."
        ));
        on_screen!(component, |window: &_| press(window, "Notes"));
        wait_for!("what was done", |window: &_| has(window, "Ok"));
        for label in ["Write a note", "b", "u", "n", "Save"] {
            assert_eq!(on_screen!(component, move |window: &_| press(window, label)), 1, "{label}");
        }
        wait_for!("the note", |window: &_| has(window, "Bun"));
        let notes = exported(&settings).into_iter().filter(|row| row.kind == "noted");
        let notes: Vec<_> = notes.map(|row| (row.about.unwrap(), row.note.unwrap())).collect();
        let noted = |about: &str, text: &str| (about.to_owned(), text.to_owned());
        assert_eq!(notes, [noted("alert", ""), noted("alert", "Ok"), noted("day", "Bun")]);
        on_screen!(component, |window: &_| press(window, "Close"));
        see!(component, "ask-alert");
        // Whoever comes next is asked for the PIN again, and may leave.
        on_screen!(component, |window: &_| touch(window, true));
        see!(component, "desk-pin");
        on_screen!(component, |window: &_| touch(window, false));
        on_screen!(component, |window: &_| press(window, "Close"));
        see!(component, "ask-alert");
    });
    kiosk.run().unwrap();
    manager.join().unwrap();
}
