//! The shape of a table of days, for people: a row for each line of each day.

use serde::Serialize;

/// One line of one day, as a row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row<'a> {
    /// `YYYY-MM-DD`, by the shop's clocks.
    pub date: &'a str,
    /// The question's short name.
    pub question: &'a str,
    /// The version of its wording.
    pub version: u32,
    /// How many faces the scale has.
    pub scale: u8,
    /// How many ratings count.
    pub n: u32,
    /// The count of the worst face.
    pub face_1: Option<u32>,
    /// The count of the face after it, and so on; nothing beyond the faces of the scale.
    pub face_2: Option<u32>,
    /// See `face_2`.
    pub face_3: Option<u32>,
    /// See `face_2`.
    pub face_4: Option<u32>,
    /// See `face_2`.
    pub face_5: Option<u32>,
    /// 0 to 100, with one decimal, as all numbers below.
    pub happy_index: Option<String>,
    /// The lower end of its 95 % interval.
    pub happy_index_low: Option<String>,
    /// The upper end of its 95 % interval.
    pub happy_index_high: Option<String>,
    /// The share of happy faces in percent.
    pub csat: Option<String>,
    /// The lower end of its 95 % interval.
    pub csat_low: Option<String>,
    /// The upper end of its 95 % interval.
    pub csat_high: Option<String>,
    /// The shop's name.
    pub shop: &'a str,
    /// The kiosk's short name at head office; empty where it is not enrolled.
    pub kiosk: &'a str,
    /// Where in the shop it stands.
    pub touchpoint: &'a str,
    /// The time zone by which days begin.
    pub zone: &'a str,
}
