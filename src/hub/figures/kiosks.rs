//! How a shop's kiosks are: when each was last heard of, what it holds, and what is wrong.

use crate::hub::archive::Status;

/// A kiosk and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KioskFigures {
    /// Its short name.
    pub id: String,
    /// Where in the shop it stands.
    pub touchpoint: String,
    /// When it was last heard of.
    pub contact: Contact,
    /// How many events it still held then.
    pub waiting: u64,
    /// How many events it has set aside.
    pub set_aside: u64,
    /// How many events its card has lost, as far as is known.
    pub lost: u64,
    /// Whether two devices use its token.
    pub is_cloned: bool,
}

/// When a kiosk was last heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// It was never enrolled.
    NotEnrolled,
    /// It is enrolled and has never delivered.
    Never,
    /// It has delivered.
    Ago {
        /// How long ago, in seconds.
        seconds: i64,
        /// Whether its token was revoked since.
        is_revoked: bool,
    },
}

impl KioskFigures {
    /// How a kiosk is at this time, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn of(status: &Status, now_ms: i64) -> Self {
        let contact = match status.last_contact_ms {
            None if status.is_enrolled => Contact::Never,
            None => Contact::NotEnrolled,
            Some(at_ms) => Contact::Ago {
                seconds: (now_ms - at_ms).max(0) / 1_000,
                is_revoked: !status.is_enrolled,
            },
        };
        Self {
            id: status.kiosk.id.clone(),
            touchpoint: status.kiosk.touchpoint.clone(),
            contact,
            waiting: status.waiting,
            set_aside: status.set_aside,
            lost: status.lost,
            is_cloned: status.is_cloned,
        }
    }
}
