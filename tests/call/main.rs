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

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use slint::ComponentHandle;
use smilepost::feedback::alert::Rule;
use smilepost::feedback::event::fields::Field;
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::feedback::visit::Offer;
use smilepost::kiosk::desk::sheets::sheet::{Tab, Tap};
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::{Call, Format, Notify, PhoneLimits, PhoneListen, Settings};

use smilepost::wire::summons::Summoned;

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
    settings.call = Some(calls(NEVER_MS));
    settings.phone = Some(PhoneListen {
        address: ([127, 0, 0, 1], 0).into(),
        host: None,
        limits: PhoneLimits::default(),
    });
    pin::set(&settings.data_dir, &pin::hash(PIN).unwrap()).unwrap();
    settings
}

fn calls(wait_ms: u32) -> Call {
    Call { offer: Offer::Everybody, wait_ms: wait_ms.into(), notify: None }
}

#[test]
fn what_the_kiosk_finds_of_itself_is_on_the_sheet_and_on_the_phone_the_worst_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    settings.screen.logo = Some(folder.path().join("logo.png"));
    let stage = open(&settings);
    stage.doorbell.tap(Tap::LongPressed);
    stage.see("Enter the PIN");
    stage.enter(PIN);
    stage.see("Today");
    stage.doorbell.tap(Tap::Turned(Tab::Health));
    let found = stage.see_that_begins("logo: ");
    assert!(found.contains("logo.png is missing") && found.contains("\npanel: "), "{found}");
    assert!(!found.contains("screen: "), "what is fine is not said: {found}");
    // Its own sentences are in the manager's language, and are not said twice.
    assert!(!found.contains("head office") && !found.contains("clock"), "{found}");
    assert!(stage.has("Head office: not enrolled. Ratings are kept here."));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let page = runtime.block_on(async {
        let phone = Phone::knowing(&stage.url, PIN).await;
        phone.get("kiosk").await.text
    });
    let (first, rest) = page.split_once("<strong><bdi>logo: ").unwrap();
    assert!(!first.contains("panel: ") && rest.contains("<p><bdi>panel: "), "{page}");
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
        settings.call = Some(Call { offer, ..calls(NEVER_MS) });
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
        // Without a script the browser asks again; with one, the script does.
        let again = r#"<noscript><meta http-equiv="refresh" content="20"></noscript>"#;
        assert!(page.contains(again) && page.contains(r#"<script src="/desk.js" defer>"#));
        assert!(page.contains("<title>A shopper has asked for somebody."), "{page}");
        assert!(manager.get("days").await.text.contains(ASKED));
        let waiting = manager.get("waiting").await.text;
        assert!(waiting.starts_with("call-") && page.contains(&waiting), "{waiting}");
        assert_eq!(Phone::new(&stage.url).get("waiting").await.to.as_deref(), Some("/pin"));
        let to = manager.post("coming", &[("form", &form)]).await.to;
        assert_eq!(to.as_deref(), Some("/"));
        stage.see("Somebody is on the way to you.");
        let page = manager.get("").await.text;
        assert!(page.contains("Somebody is on the way to the shopper."));
        // A page that is loaded again every few seconds has nothing that somebody could be writing.
        assert!(!page.contains(r#"type="text""#) && page.contains("/outcome?about=call"));
        assert!(manager.get("outcome?about=call").await.text.contains("What came of it?"));
        assert_eq!(manager.get("waiting").await.text, "", "nobody else is needed");
        let fields = [("form", form.as_str()), ("text", "Carried the crate")];
        manager.post("alert?about=call", &fields).await;
        assert!(!manager.get("").await.text.contains("on the way to the shopper"));
    });
    assert_eq!(told(&settings), ["casked", "ccoming", "ncall Carried the crate"]);
}

/// Answers requests one after another with these status lines; returns its address, and each
/// request as it came.
fn gateway(answers: &'static [&'static str]) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/pager/s3cret", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for status in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
            let is_whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request).to_ascii_lowercase();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
                let length = head.split("content-length: ").nth(1).unwrap();
                body.len() >= length.lines().next().unwrap().parse::<usize>().unwrap()
            };
            while !is_whole(&request) {
                let read = stream.read(&mut bytes).unwrap();
                request.extend_from_slice(&bytes[..read]);
            }
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
            tell.send(String::from_utf8(request).unwrap()).unwrap();
        }
    });
    (url, told)
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn a_call_reaches_an_address_in_the_shop_which_may_be_busy_at_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    let (url, told) = gateway(&["503 Busy", "200 OK", "200 OK"]);
    let notify = Some(Notify { url, format: Format::Text });
    settings.touchpoint = Some("Checkout 1".to_owned());
    settings.language = "de".to_owned();
    settings.call = Some(Call { notify, ..calls(SHORT_MS) });
    let stage = open(&settings);
    stage.tap("Sehr schlecht");
    stage.tap("Darf jemand zu Ihnen kommen?");
    let first = told.recv().unwrap();
    assert!(first.starts_with("POST /pager/s3cret HTTP/1.1\r\n"), "{first}");
    assert_eq!(body(&first), body(&told.recv().unwrap()), "it is tried again");
    assert!(body(&first).ends_with("(Nordmarkt, Checkout 1)"), "{first}");
    // The shopper waited in vain, and staff hear of that too.
    let missed = told.recv().unwrap();
    assert_ne!(body(&first), body(&missed));
    assert!(body(&missed).ends_with("(Nordmarkt, Checkout 1)"), "{missed}");
}

#[test]
fn a_child_at_the_button_rings_the_pager_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    let (url, told_staff) = gateway(&["200 OK"; 20]);
    let notify = Some(Notify { url, format: Format::Text });
    settings.call = Some(Call { notify, ..calls(NEVER_MS) });
    settings.pace.thanks_ms = SHORT_MS;
    let stage = open(&settings);
    for n in 1..=20 {
        call(&stage);
        stage.tap("Close");
        assert_eq!(told(&settings).len(), n, "each is kept");
    }
    assert!(body(&told_staff.recv().unwrap()).starts_with("A shopper has asked"));
    assert!(told_staff.try_recv().is_err(), "the others wait, and are told by their number");
}

#[test]
fn an_alert_reaches_an_address_as_an_object_that_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    let (url, told) = gateway(&["204 No Content"]);
    settings.alert = Some(Rule { ratings_least: 1, ..Rule::default() });
    settings.alert_notify = Some(Notify { url, format: Format::Json });
    let stage = open(&settings);
    stage.see_question();
    stage.tap("Very bad");
    let request = told.recv().unwrap();
    assert!(request.to_ascii_lowercase().contains("content-type: application/json"), "{request}");
    let summoned: Summoned = serde_json::from_str(body(&request)).unwrap();
    assert_eq!((summoned.event.as_str(), summoned.shop.as_str()), ("unhappy", "Nordmarkt"));
    let fields: serde_json::Value = serde_json::from_str(body(&request)).unwrap();
    let names: Vec<_> = fields.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["event", "shop", "text", "touchpoint"]);
}

#[test]
fn an_address_that_never_answers_keeps_no_shopper_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = shop(folder.path());
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let notify = Some(Notify { url, format: Format::Text });
    settings.call = Some(Call { notify, ..calls(NEVER_MS) });
    settings.pace.thanks_ms = SHORT_MS;
    let stage = open(&settings);
    for n in 1..=12 {
        call(&stage);
        stage.tap("Close");
        assert_eq!(told(&settings).len(), n);
    }
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
    settings.call = Some(calls(SHORT_MS));
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
