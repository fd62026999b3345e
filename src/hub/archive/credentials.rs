//! Credentials: one-time codes for enrolment, and the tokens of kiosks.
//!
//! Isolation: each method is one transaction. [`Archive::spend_code`] spends a code in the
//! statement that checks it, so that of two devices with one code one gets a token.
//! [`Archive::bearer`] must not wait for a delivery or a page: every request begins with it.
//!
//! [`Archive::spend_code`]: super::Archive::spend_code
//! [`Archive::bearer`]: super::Archive::bearer

use super::places::{Kiosk, Shop};
use crate::carried::seal::PublicKey;
use crate::hub::rules::budget::Spent;
use crate::hub::secrets::Hash;

/// A token that may have signed a carried delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The token's hash.
    pub token: Hash,
    /// The key that verifies its signatures.
    pub key: PublicKey,
    /// Whether it is to follow another token and was not used yet.
    pub is_next: bool,
    /// Whether another token has taken its place, as on the board of a spare: it lets nobody in any
    /// more, and what it signed is the kiosk's all the same.
    pub is_superseded: bool,
}

/// The kiosk that a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The kiosk's short name.
    pub kiosk: String,
    /// Whether the token is to follow another one and is used for the first time.
    pub is_next: bool,
    /// Whether it is to be renewed, because of its age or on request.
    pub is_old: bool,
    /// Whether the key that verifies its signatures is known.
    pub has_key: bool,
    /// What the kiosk has spent of its budget.
    pub spent: Spent,
    /// When it was retired, or will be.
    pub retired: Option<Retired>,
}

/// When a kiosk was retired, or will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// In milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The IANA time zone of its shop, whose day it is.
    pub zone: String,
}

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spending {
    /// It let this kiosk in.
    Good(Kiosk, Shop),
    /// It is unknown, spent or expired.
    Wrong,
    /// It is of a kiosk that was retired; it is spent.
    Retired(Retired),
    /// It is wrong, and too many wrong ones came from that network to count another for so many
    /// seconds.
    Wait(u32),
}
