//! What head office exports: one event with where it was taken and when it came.

use serde::Serialize;

/// One event of an export. The CSV has these fields as columns, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reported {
    /// The short name of the shop.
    pub shop: String,
    /// The short name of the kiosk.
    pub kiosk: String,
    /// Where in the shop it stands.
    pub touchpoint: String,
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// Its number in the run.
    pub n: u32,
    /// The kind of event; `rated` is a rating.
    pub kind: String,
    /// The time as RFC 3339 in UTC, with milliseconds.
    pub utc: String,
    /// `exact` or `unknown`.
    pub quality: String,
    /// 1 is the worst.
    pub score: Option<u8>,
    /// How many faces there were.
    pub scale: Option<u8>,
    /// `button`, `touch` or `key`.
    pub input: Option<String>,
    /// The question's short name.
    pub question: Option<String>,
    /// The version of its wording.
    pub question_version: Option<u32>,
    /// The language it was asked in.
    pub language: Option<String>,
    /// Why it is not counted, if so.
    pub misuse: Option<String>,
    /// The number of the rating that it corrects.
    pub replaces: Option<u32>,
    /// When the hub received it, as RFC 3339 in UTC.
    pub received: String,
}
