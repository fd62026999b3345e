//! A shopper at the screen: a face is found by its label, pressed, and everything that follows is
//! seen, in pixels and in the journal.
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

use slint::ComponentHandle as _;
use slint::platform::WindowEvent;
use smilepost::wire::desk::Exported;

use self::rows::exported;
use self::screen::{nordmarkt, open, stage};

#[test]
fn a_visit_by_labels_alone_becomes_rows_follow_ups_a_thank_you_and_the_question_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = nordmarkt(folder.path());
    let kiosk = open(&settings);
    let stage = stage(&kiosk);

    let shopper = std::thread::spawn(move || {
        // A visit with both its follow-ups.
        stage.see("ask");
        stage.tap("Bad");
        stage.see("reasons");
        let kept = exported(&settings).len();
        assert_eq!(kept, 1, "the rating is kept before anything else is asked");
        stage.tap("Waiting time");
        stage.see("nps");
        stage.tap("9");
        stage.see("thanks");
        let visit = exported(&settings);
        stage.see("ask");
        // The same in a language that the shopper chose, which is given back afterwards.
        stage.tap("العربية");
        stage.see("ask-ar");
        stage.tap("سيئة");
        stage.see("reasons-ar");
        stage.tap("تخطٍّ");
        stage.see("nps-ar");
        stage.tap("10");
        stage.see("thanks-ar");
        // The chip brings the faces back, and the next one corrects the first, without more ado. A
        // key is as good as a finger.
        stage.tap("هل ضغطت بالخطأ؟");
        let arabic = exported(&settings);
        stage.see("ask-ar");
        stage.on(|component| {
            let text = || "5".into();
            component.window().dispatch_event(WindowEvent::KeyPressed { text: text() });
            component.window().dispatch_event(WindowEvent::KeyReleased { text: text() });
        });
        stage.see("thanks-ar");
        let corrected = exported(&settings);
        stage.see("ask");
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
