//! The parts that a kiosk can go on without: each is opened, and where it is away that is said and,
//! where it can come later, tried again.

use std::path::PathBuf;
use std::sync::mpsc::SyncSender;

use super::attendant::Message;
use super::buttons::{self, Lamps};
use super::desk::ClerkThread;
use super::desk::phone::Phone;
use super::desk::phone::talk::{self, Busy};
use super::desk::tools::socket;
use super::journal::JournalThread;
use super::screen::{self, Screen};
use super::settings::{self, Settings};
use super::{retry, uplink};
use crate::clock;
use crate::escape::chain;
use crate::file::told;

/// Where the screen is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScreenTarget {
    /// On the display, if there is one.
    #[default]
    Display,
    /// On the platform that the caller has set in Slint, as tests do.
    GivenPlatform,
    /// Nowhere, even if there is a display.
    Nowhere,
}

/// Opens the desk's socket, for the shop manager's tools.
pub(super) fn socket(
    settings: &Settings,
    clerk: &ClerkThread,
    messages: &SyncSender<Message>,
) -> PathBuf {
    let (folder, clerk, to_ask) = (settings.runtime_dir.clone(), clerk.clone(), messages.clone());
    let ask = move |request| to_ask.try_send(Message::Phone(request)).map_err(|_| Busy);
    let listen = move || {
        let heard = socket::listen(&folder, clerk.clone(), ask.clone());
        heard.map_err(|error| format!("cannot listen in {}: {}", folder.display(), told(&error)))
    };
    if let Err(error) = listen() {
        tracing::error!(error, "summary, export and doctor cannot ask this kiosk yet");
        retry::until_open(messages, "socket", error, listen);
    }
    settings.runtime_dir.join(socket::FILE)
}

/// Opens the desk's page for phones, if it is configured.
pub(super) fn phone(
    settings: &Settings,
    floor_ms: i64,
    clerk: &ClerkThread,
    messages: &SyncSender<Message>,
) -> Option<Phone> {
    let listen = settings.phone.as_ref()?;
    let now_ms = clock::wall_ms().max(floor_ms);
    let (to_ask, to_tell) = (messages.clone(), messages.clone());
    let ask = move |request| to_ask.try_send(Message::Phone(request)).map_err(|_| Busy);
    let tell = move |why| retry::tell(&to_tell, "page", why);
    let phone = Phone::open(listen, &settings.data_dir, now_ms, clerk.clone(), ask, tell);
    let complain = |error: &talk::Error| {
        retry::tell(messages, "page", Some(chain(error)));
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "going on without the desk's page");
    };
    phone.inspect_err(complain).ok()
}

pub(super) fn uplink(
    office: Option<uplink::UplinkConfig>,
    journal: &JournalThread,
    beside: Vec<JournalThread>,
    has_letter: bool,
    messages: &SyncSender<Message>,
) -> Box<dyn Fn() + Send> {
    let Some(office) = office else {
        if has_letter {
            tracing::info!("ratings go to head office on a stick: no network to it is known");
            return Box::new(|| {});
        }
        tracing::warn!("not enrolled at a hub: ratings are kept here until `enrol` was run");
        return Box::new(|| {});
    };
    match uplink::start_beside(office, journal.clone(), beside) {
        Ok(uplink) => Box::new(move || uplink.nudge()),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "ratings are kept here and not sent");
            retry::tell(messages, "uplink", Some(chain(error)));
            Box::new(|| {})
        }
    }
}

/// Starts the buttons; returns their driver, as far as it is known, and whether it reads them.
pub(super) fn buttons(
    settings: &Settings,
    messages: &SyncSender<Message>,
) -> (settings::Driver, bool) {
    let (wired, scale) = (settings.buttons.clone(), settings.survey.question(None, "").scale);
    let pressed = messages.clone();
    let start = move || {
        let messages = pressed.clone();
        buttons::start(&wired, scale, move |notice| {
            // A kiosk that is ending has no use for presses.
            let _ = messages.send(Message::Buttons(notice));
        })
    };
    match start() {
        Ok(driver) => {
            tracing::info!(?driver, "buttons");
            (driver, driver != settings::Driver::None)
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "going on without buttons; they are tried again");
            let again = move || start().map(drop).map_err(|error| chain(&error));
            retry::until_open(messages, "buttons", chain(error), again);
            // The lamps need not wait for them.
            (settings.buttons.driver, false)
        }
    }
}

pub(super) fn lamps(
    settings: &Settings,
    driver: settings::Driver,
    messages: &SyncSender<Message>,
) -> (Lamps, Option<std::thread::JoinHandle<()>>) {
    buttons::start_lamps(&settings.buttons, driver).unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "going on without lamps and buzzer");
        retry::tell(messages, "lamps", Some(chain(error)));
        (Lamps::default(), None)
    })
}

pub(super) fn display(
    settings: &Settings,
    target: ScreenTarget,
    messages: &SyncSender<Message>,
) -> Option<Screen> {
    let to_tell = messages.clone();
    let tell = move |event| {
        // The attendant ends before the screen does.
        let _ = to_tell.try_send(event);
    };
    let screen = match target {
        ScreenTarget::Display => Screen::open(settings, tell),
        ScreenTarget::GivenPlatform => Screen::on_this_platform(settings, tell),
        ScreenTarget::Nowhere => {
            tracing::info!("no screen is wanted; going on without");
            return None;
        }
    };
    match screen {
        Ok(screen) => Some(screen),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "going on without a screen");
            let why = chain(error);
            let came = display_came(messages.clone(), why.clone());
            retry::until_open(messages, "screen", why, came);
            None
        }
    }
}

/// Looks for a display that was not there, or not connected, at the start. Only a new start can use
/// it, since a screen belongs to the main thread.
fn display_came(
    messages: SyncSender<Message>,
    why: String,
) -> impl FnMut() -> Result<(), String> + Send + 'static {
    let displays = || {
        let is_there = [screen::has_display(), screen::has_window_system()];
        (is_there, screen::panel::connected())
    };
    let mut before = displays();
    move || {
        let now = displays();
        let is_new = now.0.iter().zip(before.0).any(|(is_now, was)| *is_now && !was);
        let came = is_new || now.1 > before.1;
        before = now;
        if !came {
            return Err(why.clone());
        }
        // A kiosk that is ending starts again anyway.
        let _ = messages.send(Message::DisplayFound);
        Ok(())
    }
}
