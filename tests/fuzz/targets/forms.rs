//! Fuzzes the desk's forms: whatever a browser, or somebody who pretends to be one, may send to the
//! page for phones of a running kiosk.
//!
//! The first byte says which form and in which way, the others are its body.
#![no_main]

#[path = "../../support/phone.rs"]
mod phone;

use std::cell::RefCell;
use std::num::NonZeroU32;

use libfuzzer_sys::fuzz_target;
use phone::Phone;
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::{PhoneLimits, PhoneListen, Settings};
use smilepost::kiosk::{Kiosk, Options, ScreenTarget};
use tokio::runtime::Runtime;

const PIN: &str = "2580";

/// Each form, with what its address may ask for.
const FORMS: [&str; 8] =
    ["pin", "notes", "alert", "alert?about=call", "coming", "leave", "day?date=", "nothing"];

struct Desk {
    runtime: Runtime,
    manager: Phone,
    stranger: Phone,
    form: String,
}

/// A kiosk that runs as long as the process, and a phone that knows its PIN.
fn desk() -> Desk {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
        let mut settings = Settings::plain(folder.path());
        let usual = PhoneLimits::default();
        let limits = PhoneLimits { requests_per_minute: NonZeroU32::MAX, ..usual };
        let address = ([127, 0, 0, 1], 0).into();
        settings.phone = Some(PhoneListen { address, host: None, limits });
        pin::set(folder.path(), &pin::hash(PIN).expect("a hash")).expect("a PIN");
        let options = Options { screen: ScreenTarget::Nowhere, ..Options::default() };
        let kiosk = Kiosk::open(settings, options).expect("a kiosk");
        tell.send(kiosk.phone().expect("a page").url).expect("somebody waits");
        kiosk.run().expect("it runs for ever");
    });
    let url = told.recv().expect("a page");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (manager, form) = runtime.block_on(async {
        let manager = Phone::knowing(&url, PIN).await;
        let form = manager.form().await;
        (manager, form)
    });
    let stranger = Phone::new(&url);
    Desk { runtime, manager, stranger, form }
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(desk());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&how, body)) = bytes.split_first() else { return };
    DESK.with_borrow_mut(|desk| {
        let Desk { runtime, manager, stranger, form } = desk;
        let to = FORMS[usize::from(how & 7)];
        let (knows_the_form, is_in, says_what_it_is) = (how & 8 != 0, how & 16 != 0, how & 32 != 0);
        let mut whole = body.to_vec();
        if knows_the_form {
            whole.splice(..0, format!("form={form}&").into_bytes());
        }
        let url = match to {
            "day?date=" => {
                let date: String = body.iter().map(|byte| format!("%{byte:02x}")).collect();
                format!("{}{to}{date}", manager.url)
            }
            _ => format!("{}{to}", manager.url),
        };
        let client = &manager.client;
        let request = match to {
            "day?date=" => client.get(url),
            _ => client.post(url).body(whole),
        };
        let request = match says_what_it_is {
            true => request.header("content-type", "application/x-www-form-urlencoded"),
            false => request,
        };
        let sender = if is_in { &*manager } else { &*stranger };
        let answer = runtime.block_on(sender.send(request));
        let expected = [200, 303, 400, 403, 404, 405, 413, 415, 422, 503];
        assert!(expected.contains(&answer.status), "{answer:?}");
        assert!(is_in || answer.status != 200, "a page without the PIN: {answer:?}");
        // Whoever left comes in again.
        if is_in && to == "leave" && answer.status == 303 {
            (*manager, *form) = runtime.block_on(async {
                let manager = Phone::knowing(&manager.url, PIN).await;
                let form = manager.form().await;
                (manager, form)
            });
        }
    });
});
