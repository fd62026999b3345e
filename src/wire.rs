//! All JSON shapes: what crosses the network and the kiosk's own socket.
//!
//! Version 1 under `/v1`. Rules that both sides keep: unknown fields are ignored or kept, never
//! fatal; a field is never removed or given another meaning, only added; every shape that was ever
//! shipped stays readable, and samples of it stay in `tests/wire/`.

use serde::{Deserialize, Serialize};

pub mod carried;
pub mod days;
pub mod delivery;
pub mod enrolment;
mod export;
#[cfg(feature = "program")]
pub mod gzip;
pub mod identity;
pub mod local;
pub mod receipt;
pub mod report;
pub mod summons;
pub mod survey;
pub mod whereabouts;

pub use self::enrolment::{Enrolled, Enrolment, Renewed};

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

/// The hub read a request and refuses it.
///
/// Its marker tells the hub's own answer from that of a proxy or a captive portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A sentence for a person: what is wrong and where.
    pub refused: String,
}
