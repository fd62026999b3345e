//! The archive: everything that head office keeps for ever, cut into traits by noun.
//!
//! [`Archive`] is all of them, and what handlers are generic over; [`sqlite`] keeps it on one
//! machine. A backend reads, writes and locks; what is decided with what it reads is in
//! [`rules`](super::rules). Each trait's page says which isolation its methods need.
//!
//! Invariant: when a method returns, what it wrote is durable, whatever the backend.

pub mod accounts;
pub mod calls_and_notes;
pub mod carried;
pub mod credentials;
pub mod error;
pub mod events;
pub mod kiosks;
pub mod places;
pub mod sqlite;
pub mod surveys;
pub mod tallies;
pub mod upkeep;

use std::fmt;

pub use self::accounts::Accounts;
pub use self::calls_and_notes::{CallsAndNotes, Note, Step};
pub use self::carried::CarriedFiles;
pub use self::credentials::{Bearer, Credentials, Retired, Seal, Spending};
pub use self::error::Error;
pub use self::events::{Arrived, Cursor, Doubt, Events, Incoming, Shipment, Stored, Way};
pub use self::kiosks::{Apart, Kiosks, PinScope, Status};
pub use self::places::{Correction, Kiosk, KioskThen, Past, Places, Shop, ShopThen};
pub use self::surveys::{Publication, Scope, Surveys};
pub use self::tallies::{Day, Others, Span, Tallies};
pub use self::upkeep::Upkeep;

/// Everything that head office keeps; clones of a handle share one archive.
pub trait Archive:
    Accounts
    + CarriedFiles
    + Credentials
    + Events
    + Kiosks
    + Places
    + Surveys
    + Tallies
    + Upkeep
    + Clone
    + fmt::Debug
    + Send
    + Sync
    + 'static
{
}

impl<A> Archive for A where
    A: Accounts
        + CarriedFiles
        + Credentials
        + Events
        + Kiosks
        + Places
        + Surveys
        + Tallies
        + Upkeep
        + Clone
        + fmt::Debug
        + Send
        + Sync
        + 'static
{
}
