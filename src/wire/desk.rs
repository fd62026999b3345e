//! What the shop manager's tools ask the running kiosk over its socket, and what it answers.
//!
//! One JSON line there; for a summary one line back, for an export one line for each event and an
//! empty line at its end.

use serde::{Deserialize, Serialize};

/// A question to the running kiosk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// The shop's day.
    Summary {
        /// `YYYY-MM-DD`; today by the shop's time zone when missing.
        date: Option<String>,
    },
    /// Every event.
    Export {
        /// The first day, `YYYY-MM-DD`.
        from: Option<String>,
        /// The last day, `YYYY-MM-DD`.
        to: Option<String>,
    },
}

/// A question could not be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// Why, as a sentence.
    pub error: String,
}

/// A shop's day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// The shop's IANA time zone.
    pub zone: String,
    /// How many ratings count.
    pub n: u32,
    /// 0 to 100, or nothing when n is 0.
    pub happy_index: Option<f64>,
    /// The share of happy faces in percent, or nothing when n is 0.
    pub csat: Option<f64>,
    /// The 95 % interval of the CSAT, in percent.
    pub csat_interval: Option<(f64, f64)>,
    /// The counted ratings per face, for each scale that was asked.
    pub faces: Vec<Faces>,
    /// Counted and happy ratings for each hour that has any.
    pub hours: Vec<Hour>,
    /// Presses that the shopper took back by pressing another face.
    pub replaced: u32,
    /// Presses kept but not counted, by reason.
    pub misuse: std::collections::BTreeMap<String, u32>,
    /// Ratings of the day whose time is only the wall clock's word.
    pub uncertain: u32,
    /// Events of any day still to be sent to head office.
    pub waiting: u64,
    /// Events of any day that the hub or the kiosk could not use.
    pub set_aside: u64,
}

/// The counted ratings per face of one scale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faces {
    /// How many faces the scale has.
    pub scale: u8,
    /// The counts, worst face first.
    pub counts: Vec<u32>,
    /// The words of the faces, worst first, where the present survey has that scale.
    #[serde(default)]
    pub words: Vec<String>,
}

/// One hour of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// By the shop's clocks, 0 to 23.
    pub hour: u8,
    /// How many ratings count.
    pub n: u32,
    /// How many of them are happy.
    pub happy: u32,
}

/// One event in an export. The CSV has these fields as columns, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
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
    pub score: u8,
    /// How many faces there were.
    pub scale: u8,
    /// `button`, `touch` or `key`.
    pub input: String,
    /// The question's short name.
    pub question: String,
    /// The version of its wording.
    pub question_version: u32,
    /// The language it was asked in.
    pub language: String,
    /// Why it is not counted, if so.
    pub misuse: Option<String>,
    /// The number of the rating that it corrects.
    pub replaces: Option<u32>,
    /// `settled`, `waiting` or `set aside`.
    pub state: String,
}
