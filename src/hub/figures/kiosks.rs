//! The state of a shop's kiosks: the last contact, the events that each holds, and what is wrong.

use crate::hub::archive::{Apart, Shop, Status};

/// The state of a kiosk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KioskFigures {
    /// Its short name.
    pub id: String,
    /// How people call it, if not by its short name.
    pub name: Option<String>,
    /// Where in the shop it stands, or stood on that day.
    pub touchpoint: String,
    /// Whether it is in use in this shop now: only then somebody there can do anything about it.
    pub is_here: bool,
    /// The last contact with it.
    pub contact: Contact,
    /// How many events it still held then.
    pub waiting: u64,
    /// How many events it has set aside.
    pub set_aside: u64,
    /// How many events its card has lost, as far as is known.
    pub lost: u64,
    /// Whether two devices use its token.
    pub is_cloned: bool,
    /// What contradicts the clock of head office there.
    pub clocks_apart: Option<Apart>,
    /// The time zone by which it counts, if it is not its shop's.
    pub other_zone: Option<String>,
    /// The release of the time-zone rules that count there, if it has said.
    pub zone_rules: Option<String>,
    /// What does not work there, by its own word, in sentences.
    pub wrong: Vec<String>,
    /// What is worth knowing there, by its own word, in sentences.
    pub noted: Vec<String>,
}

/// The last contact with a kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// It was retired.
    Retired {
        /// How long ago, in seconds.
        seconds: i64,
    },
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
    /// The state of a kiosk that stands, or stood on a day, at this touchpoint of a shop, at this
    /// time in milliseconds since 1970 UTC.
    #[must_use]
    pub fn of(status: &Status, touchpoint: &str, shop: &Shop, now_ms: i64) -> Self {
        let retired_ms = status.retired_ms.filter(|at_ms| *at_ms <= now_ms);
        let contact = match (retired_ms, status.last_contact_ms) {
            (Some(at_ms), _) => Contact::Retired { seconds: (now_ms - at_ms) / 1_000 },
            (None, None) if status.is_enrolled => Contact::Never,
            (None, None) => Contact::NotEnrolled,
            (None, Some(at_ms)) => Contact::Ago {
                seconds: (now_ms - at_ms).max(0) / 1_000,
                is_revoked: !status.is_enrolled,
            },
        };
        let other_zone = status.zone.clone().filter(|own| *own != shop.zone);
        let found = |is_wrong: bool| {
            let is_said = |text: &str| other_zone.is_some() && text.starts_with("time zone:");
            let findings = status.findings.iter().filter(|_| retired_ms.is_none());
            let texts = findings.filter(|it| it.is_wrong == is_wrong).map(|it| it.text.clone());
            texts.filter(|text| !is_said(text)).collect()
        };
        Self {
            wrong: found(true),
            noted: found(false),
            id: status.kiosk.id.clone(),
            name: status.name.clone(),
            touchpoint: touchpoint.to_owned(),
            is_here: retired_ms.is_none() && status.kiosk.shop == shop.id,
            contact,
            waiting: status.waiting,
            set_aside: status.set_aside,
            lost: status.lost,
            is_cloned: status.is_cloned,
            clocks_apart: status.clocks_apart,
            other_zone,
            zone_rules: status.zone_rules.clone(),
        }
    }
}
