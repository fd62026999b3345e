//! The shapes of a delivery that is carried by hand, and of the receipt that goes back likewise.
//!
//! A file has lines of JSON: a header, a frame for each ordinary delivery, and an end, so that a
//! file that was cut short is noticed. `crate::carried::file` writes and reads it.

use serde::{Deserialize, Serialize};

use super::enrolment::Enrolled;
use super::receipt::{SetAside, Settled};

/// The type of a file with a carried delivery, which its header names.
pub const DELIVERY: &str = "carried delivery";

/// The type of a receipt for a carried delivery.
pub const RECEIPT: &str = "carried receipt";

/// The type of a letter.
pub const LETTER: &str = "enrolment letter";

/// The version of these shapes.
pub const VERSION: u32 = 1;

/// The first line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`DELIVERY`].
    pub smilepost: String,
    /// [`VERSION`].
    pub version: u32,
    /// The kiosk's name at the hub.
    pub kiosk: String,
    /// 128 random bits in hexadecimal: the name of this file, and the nonce of what is in it.
    pub nonce: String,
}

/// One delivery, packed by gzip, sealed to the hub and signed by the kiosk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Its number in the file, from 1.
    pub frame: u32,
    /// The sealed text in base64.
    pub sealed: String,
    /// The signature in hexadecimal.
    pub signature: String,
}

/// The last line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many frames there are.
    pub frames: u32,
    /// How many events are in them.
    pub events: u64,
    /// The signature in hexadecimal.
    pub signature: String,
}

/// A line after the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A delivery.
    Frame(Frame),
    /// The end.
    End(End),
}

/// What the hub has done with a carried delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// [`RECEIPT`].
    pub smilepost: String,
    /// [`VERSION`].
    pub version: u32,
    /// The kiosk's name at the hub.
    pub kiosk: String,
    /// The file's nonce.
    pub nonce: String,
    /// What is durably stored at the hub, now or before.
    pub settled: Vec<Settled>,
    /// What the hub will not count, each with its reason.
    #[serde(default)]
    pub set_aside: Vec<SetAside>,
    /// The hub's epoch; see [`super::receipt::Receipt::hub_epoch`].
    pub hub_epoch: u64,
}

/// A receipt with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// A [`Receipt`] as JSON, in the very bytes that were signed.
    pub body: String,
    /// The signature in hexadecimal.
    pub signature: String,
}

/// What enrols a kiosk that has no network; a secret, to be deleted once it was read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// [`LETTER`].
    pub smilepost: String,
    /// [`VERSION`].
    pub version: u32,
    /// What the hub tells the kiosk.
    pub enrolled: Enrolled,
}
