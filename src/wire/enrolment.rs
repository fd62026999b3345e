//! The shapes of enrolment: a one-time code for a token, and a token for a newer one.

use serde::{Deserialize, Serialize};

/// A kiosk asks to be enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The one-time code, as the hub printed it.
    pub code: String,
    /// What the kiosk runs.
    pub app: String,
}

/// The hub has enrolled a kiosk.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The kiosk's name at the hub.
    pub kiosk: String,
    /// 256 random bits as 64 hexadecimal digits; they do not expire.
    pub token: String,
    /// The shop that the kiosk stands in.
    pub shop: String,
    /// The shop's IANA time zone.
    pub zone: String,
    /// Where in the shop the kiosk stands.
    #[serde(default)]
    pub touchpoint: String,
    /// The hub's keys, for deliveries that are carried by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub_keys: Option<Keys>,
    /// The keys that verify what this kiosk has signed so far, each of 64 hexadecimal digits: by
    /// them a board knows the head office that it was enrolled at before there were `hub_keys`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed_by: Vec<String>,
}

impl std::fmt::Debug for Enrolled {
    /// Leaves out the token, so that no log holds one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolled").field("kiosk", &self.kiosk).finish_non_exhaustive()
    }
}

/// The hub gives an enrolled kiosk a new token. The old one is good until the new one was used.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// 256 random bits as 64 hexadecimal digits.
    pub token: String,
}

impl std::fmt::Debug for Renewed {
    /// Leaves out the token, so that no log holds one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Renewed")
    }
}

/// The hub's keys, as a kiosk gets them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The key to seal to, 64 hexadecimal digits.
    pub seal: String,
    /// The key that verifies receipts, 64 hexadecimal digits.
    pub verify: String,
}
