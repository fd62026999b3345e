//! A shopper at the screen: a face is found by its label, pressed, and everything that follows is
//! seen, in pixels and in the journal.
//!
//! One test, since Slint's event loop can be made once in a process.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/screen.rs"]
mod screen;
#[path = "../support/survey.rs"]
mod survey;

use slint::{ComponentHandle as _, PhysicalSize};
use smilepost::kiosk::{Kiosk, Options, Place};
use smilepost::wire::desk::Exported;

use self::screen::{Stop, exported, key, nordmarkt, on_screen, press, see, set_platform};

#[test]
fn a_visit_by_labels_alone_becomes_rows_follow_ups_a_thank_you_and_the_question_again() {
    set_platform();
    let folder = tempfile::tempdir().unwrap();
    let settings = nordmarkt(folder.path());
    let options = Options { screen: Place::GivenPlatform, ..Options::default() };
    let kiosk = Kiosk::open(settings.clone(), options).unwrap();
    let screen = kiosk.screen().unwrap();
    screen.window().set_size(PhysicalSize::new(800, 480));
    let component = screen.component().as_weak();
    let doorbell = kiosk.doorbell();

    let shopper = std::thread::spawn(move || {
        let doorbell = Stop(doorbell);
        // A visit with both its follow-ups.
        see!(component, "ask");
        assert_eq!(
            on_screen!(component, |window: &_| press(window, "Bad")),
            1,
            "faces labelled Bad"
        );
        see!(component, "reasons");
        assert_eq!(
            exported(&settings).len(),
            1,
            "the rating is kept before anything else is asked"
        );
        on_screen!(component, |window: &_| press(window, "Waiting time"));
        see!(component, "nps");
        on_screen!(component, |window: &_| press(window, "9"));
        see!(component, "thanks");
        let visit = exported(&settings);
        see!(component, "ask");
        // The same in a language that the shopper chose, which is given back afterwards.
        on_screen!(component, |window: &_| press(window, "العربية"));
        see!(component, "ask-ar");
        on_screen!(component, |window: &_| press(window, "سيئة"));
        see!(component, "reasons-ar");
        on_screen!(component, |window: &_| press(window, "تخطٍّ"));
        see!(component, "nps-ar");
        on_screen!(component, |window: &_| press(window, "10"));
        see!(component, "thanks-ar");
        let arabic = exported(&settings);
        // The chip brings the faces back, and the next one corrects the first, without more ado. A
        // key is as good as a finger.
        assert_eq!(on_screen!(component, |window: &_| press(window, "هل ضغطت بالخطأ؟")), 1);
        see!(component, "ask-ar");
        on_screen!(component, |window: &_| key(window, "5"));
        see!(component, "thanks-ar");
        let corrected = exported(&settings);
        see!(component, "ask");
        drop(doorbell);
        (visit, arabic, corrected)
    });
    kiosk.run().unwrap();
    let (visit, arabic, corrected) = shopper.join().unwrap();

    let told = |row: &Exported| {
        let answer = row.outcome.clone().map(|outcome| (outcome, row.answer.clone()));
        (row.n, row.score, row.language.clone().unwrap(), row.replaces, row.to, answer)
    };
    let (en, ar) = (|| "en".to_owned(), || "ar".to_owned());
    let answered = |text: &str| Some(("answered".to_owned(), Some(text.to_owned())));
    let expected = [
        (1, Some(2), en(), None, None, None),
        (2, None, en(), None, Some(1), answered("waiting")),
        (3, None, en(), None, Some(1), answered("9")),
    ];
    assert_eq!(visit.iter().map(told).collect::<Vec<_>>(), expected);
    // The second visit comes after the response interval, which is none here.
    let later: Vec<_> = arabic.iter().skip(3).map(told).collect();
    let expected = [
        (4, Some(2), ar(), None, None, None),
        (5, None, ar(), None, Some(4), Some(("skipped".to_owned(), None))),
        (6, None, ar(), None, Some(4), answered("10")),
    ];
    assert_eq!(later, expected);
    let last = corrected.last().map(|row| (row.n, row.score, row.input.clone(), row.replaces));
    assert_eq!(last, Some((7, Some(5), Some("key".to_owned()), Some(4))));
}
