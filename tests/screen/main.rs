//! Tests of a shopper at the screen: a face is found by its label and pressed, and what follows is
//! checked in pixels and in the journal.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/noon.rs"]
mod noon;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/screen.rs"]
#[expect(dead_code, reason = "the desk's tests use the rest of it")]
mod screen;
#[path = "../support/survey.rs"]
mod survey;
#[path = "../support/wait.rs"]
mod wait;

use slint::ComponentHandle as _;
use slint::platform::WindowEvent;
use smilepost::feedback::event::fields::Field;
use smilepost::kiosk::settings::Settings;
use smilepost::wire::local::Exported;

use self::rows::exported;
use self::screen::{SHORT_MS, nordmarkt, open_filmed};

/// A row as far as a shopper makes it: its number, score and language, what it replaces or belongs
/// to, and the answer.
type Row = (u32, Option<u32>, String, Option<u32>, Option<u32>, Option<(String, Option<String>)>);

fn rows(settings: &Settings) -> Vec<Row> {
    let row = |row: Exported| {
        let text = |field| row.fields.text(field).map(str::to_owned);
        let number = |field| row.fields.number(field);
        let answer = text(Field::Outcome).map(|outcome| (outcome, text(Field::Answer)));
        let language = text(Field::Language).unwrap();
        let replaces = number(Field::Replaces);
        (row.n, number(Field::Score), language, replaces, number(Field::To), answer)
    };
    exported(settings).into_iter().map(row).collect()
}

fn answered(text: &str) -> Option<(String, Option<String>)> {
    Some(("answered".to_owned(), Some(text.to_owned())))
}

fn type_on(window: &slint::Window, key: &str) {
    let text = slint::SharedString::from(key);
    window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
    window.dispatch_event(WindowEvent::KeyReleased { text });
}

#[test]
fn a_keyboard_or_a_scanner_that_nobody_wants_reaches_nothing_on_any_page() {
    let folder = tempfile::tempdir().unwrap();
    let settings = nordmarkt(folder.path());
    let stage = open_filmed(&settings);
    let scan = || {
        stage.on(|component| {
            // A barcode, and the keys that move and choose elsewhere.
            let keys = "4012345678901\n\t \u{1b}\u{8}\u{f700}\u{f701}\u{f702}\u{f703}\u{f72c}";
            keys.chars().for_each(|key| type_on(component.window(), &key.to_string()));
        });
    };
    stage.see_picture("ask");
    scan();
    stage.tap("Bad");
    stage.see_picture("reasons");
    scan();
    stage.tap("Skip");
    stage.see_picture("nps");
    scan();
    stage.tap("Skip");
    stage.see_picture("thanks");
    scan();
    let kept = rows(&settings).into_iter().map(|(_, score, .., answer)| (score, answer));
    let skipped = || Some(("skipped".to_owned(), None));
    assert_eq!(kept.collect::<Vec<_>>(), [(Some(2), None), (None, skipped()), (None, skipped())]);
}

#[test]
fn a_visit_by_labels_alone_shows_every_page_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = nordmarkt(folder.path());
    settings.pace.thanks_ms = SHORT_MS;
    let stage = open_filmed(&settings);
    stage.see_picture("ask");
    stage.tap("Bad");
    stage.see_picture("reasons");
    assert_eq!(rows(&settings).len(), 1, "the rating is kept before anything else is asked");
    stage.tap("Waiting time");
    stage.see_picture("nps");
    stage.tap("9");
    stage.see_picture("thanks");
    stage.see_picture("ask");
    let en = || "en".to_owned();
    let expected = [
        (1, Some(2), en(), None, None, None),
        (2, None, en(), None, Some(1), answered("waiting")),
        (3, None, en(), None, Some(1), answered("9")),
    ];
    assert_eq!(rows(&settings), expected);
}

#[test]
fn a_language_that_a_shopper_chose_lasts_for_one_visit() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = nordmarkt(folder.path());
    settings.pace.thanks_ms = SHORT_MS;
    let stage = open_filmed(&settings);
    stage.see_picture("ask");
    stage.tap("العربية");
    stage.see_picture("ask-ar");
    stage.tap("سيئة");
    stage.see_picture("reasons-ar");
    stage.tap("تخطٍّ");
    stage.see_picture("nps-ar");
    stage.tap("10");
    stage.see_picture("thanks-ar");
    stage.see_picture("ask");
    let ar = || "ar".to_owned();
    let expected = [
        (1, Some(2), ar(), None, None, None),
        (2, None, ar(), None, Some(1), Some(("skipped".to_owned(), None))),
        (3, None, ar(), None, Some(1), answered("10")),
    ];
    assert_eq!(rows(&settings), expected);
}

#[test]
fn the_thank_you_leads_back_to_the_faces_and_a_key_corrects_the_press() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = nordmarkt(folder.path());
    settings.screen.takes_keys = Some(true);
    let stage = open_filmed(&settings);
    stage.see_picture("ask");
    stage.tap("Bad");
    stage.see_picture("reasons");
    stage.tap("Skip");
    stage.see_picture("nps");
    stage.tap("Skip");
    stage.see_picture("thanks");
    stage.tap("Pressed the wrong one?");
    stage.see_picture("ask");
    // A key counts like a touch.
    stage.on(|component| type_on(component.window(), "5"));
    stage.see_picture("thanks");
    let rows = exported(&settings);
    let last = rows.last().map(|row| {
        let number = |field| row.fields.number(field);
        (row.n, number(Field::Score), row.fields.text(Field::Input), number(Field::Replaces))
    });
    assert_eq!(last, Some((4, Some(5), Some("key"), Some(1))));
}
