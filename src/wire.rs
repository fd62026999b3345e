//! What crosses the network and the kiosk's own socket: the only place where JSON shapes live.
//!
//! Version 1 under `/v1`. Rules that both sides keep: unknown fields are ignored or kept, never
//! fatal; a field is never removed or given another meaning, only added; every shape that was ever
//! shipped stays readable, and samples of it stay in `tests/wire/`.

use serde::{Deserialize, Serialize};

pub mod carried;
pub mod delivery;
pub mod desk;
mod export;
pub mod receipt;
pub mod report;
pub mod survey;

/// The path that takes deliveries.
pub const DELIVERIES: &str = "/v1/deliveries";

/// The path that exchanges a one-time code for a token.
pub const ENROLMENTS: &str = "/v1/enrolments";

/// The path that gives an enrolled kiosk a new token.
pub const TOKENS: &str = "/v1/tokens";

/// The most bytes of a request body that the hub reads, before and after decompression: what a
/// delivery's events may have, and as much again for its frame.
pub const BODY_BYTES_MAX: usize = 2 * crate::feedback::outbox::BYTES_MAX;

/// The most bytes of an answer that a kiosk reads.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A kiosk asks to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The one-time code, as the hub printed it.
    pub code: String,
    /// What the kiosk runs.
    pub app: String,
}

/// The hub lets a kiosk in.
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
    pub hub_keys: Option<carried::Keys>,
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

/// The hub read a request and will not have it.
///
/// Its marker tells the hub's own word from that of a proxy or a captive portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A sentence for a person: what is wrong and where.
    pub refused: String,
}
