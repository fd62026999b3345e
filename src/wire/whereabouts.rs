//! Where a kiosk stands and stood, as head office knows it: told to one that knows it otherwise.

use serde::{Deserialize, Serialize};

/// Where a kiosk stands and stood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts {
    /// Stands for all of it, whatever it means to the hub: a kiosk that names it knows the rest.
    pub tag: String,
    /// Every place, the oldest first; the last one is where it stands.
    pub stays: Vec<Stay>,
    /// When the shop is open now, such as `mon-fri 08:00-20:00, sat 09:00-18:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
}

/// A place, and since when a kiosk has stood there under this name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// In milliseconds since 1970 UTC; none where nothing was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// The shop's name.
    pub shop: String,
    /// Where in the shop.
    #[serde(default)]
    pub touchpoint: String,
}

/// The place of this time, in milliseconds since 1970 UTC, if any is known.
#[must_use]
pub fn at(stays: &[Stay], utc_ms: i64) -> Option<&Stay> {
    stays.iter().rev().find(|stay| stay.since_ms.is_none_or(|since_ms| since_ms <= utc_ms))
}
