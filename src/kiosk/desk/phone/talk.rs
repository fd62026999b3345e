//! The messages between the page for phones and the rest of the kiosk.

use tokio::sync::oneshot;

use crate::feedback::note::Noted;
use crate::kiosk::desk::sheets::sheet::{Alerts, Health};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This build has no web server.
    #[error(
        "this build has no page for phones: build with the feature `phone`, or delete desk.listen"
    )]
    NotBuilt,
    /// There is no certificate, and none could be made.
    #[error("cannot make a certificate for the desk's page")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system has no thread to give.
    #[error("cannot start the desk's page")]
    Thread(#[source] std::io::Error),
}

/// A request of the page to the attendant, with the way back.
#[derive(Debug)]
pub enum Request {
    /// How is the kiosk?
    Look(ReplyTo<Standing>),
    /// Keep a note; about an alert or a call, that takes it on.
    Note(Noted, ReplyTo<bool>),
    /// Somebody is on the way to the shopper who asked.
    Coming(ReplyTo<bool>),
}

/// The way back to whoever asks.
pub type ReplyTo<T> = oneshot::Sender<T>;

/// The attendant has too much to do, or is ending.
#[derive(Clone, Copy, Debug)]
pub struct Busy;

/// The state of the kiosk, as far as the attendant knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// What somebody should look at now.
    pub alerts: Alerts,
    /// What the attendant knows of the kiosk; the books are the clerk's.
    pub health: Health,
}
