//! The days of a summary as a table for people.

use serde::Serialize;

use super::shop::Shop;
use crate::escape::Dialect;
use crate::wire::local::{Line, Summary};

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

impl<'a> Row<'a> {
    fn of((date, line): (&'a str, &'a Line), zone: &'a str, shop: &'a Shop, like: Dialect) -> Self {
        let face = |at: usize| line.counts.get(at).copied();
        let number = |number: Option<f64>| number.map(|number| like.one_decimal(number));
        let (low, high) = (|(low, _)| low, |(_, high)| high);
        Self {
            date,
            question: &line.question,
            version: line.version,
            scale: line.scale,
            n: line.n,
            face_1: face(0),
            face_2: face(1),
            face_3: face(2),
            face_4: face(3),
            face_5: face(4),
            happy_index: number(line.happy_index),
            happy_index_low: number(line.happy_index_interval.map(low)),
            happy_index_high: number(line.happy_index_interval.map(high)),
            csat: number(line.csat),
            csat_low: number(line.csat_interval.map(low)),
            csat_high: number(line.csat_interval.map(high)),
            shop: &shop.name,
            kiosk: &shop.kiosk,
            touchpoint: &shop.touchpoint,
            zone,
        }
    }
}

/// A row for each line of each day, with numbers as this dialect writes them.
pub fn rows<'a>(
    summary: &'a Summary,
    shop: &'a Shop,
    like: Dialect,
) -> impl Iterator<Item = Row<'a>> {
    let one = summary.days.is_empty().then_some((summary.date.as_str(), &summary.lines[..]));
    let each = summary.days.iter().map(|day| (day.date.as_str(), &day.lines[..]));
    let days = one.into_iter().chain(each);
    let lines = days.flat_map(|(date, lines)| lines.iter().map(move |line| (date, line)));
    lines.map(move |line| Row::of(line, &summary.zone, shop, like))
}
