//! The days of a summary as a table for people.

use crate::escape::Dialect;
use crate::kiosk::desk::counts::shop::Shop;
use crate::wire::days::Row;
use crate::wire::local::{Line, Summary};

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
    lines.map(move |line| row(line, &summary.zone, shop, like))
}

fn row<'a>(
    (date, line): (&'a str, &'a Line),
    zone: &'a str,
    shop: &'a Shop,
    like: Dialect,
) -> Row<'a> {
    let face = |at: usize| line.counts.get(at).copied();
    // A day on which the kiosk was moved, or got another name, is that of the place where it ended.
    let place = date.parse().ok().map(|day| shop.on(day));
    let (shop_name, touchpoint) = place.unwrap_or((&shop.name, &shop.touchpoint));
    let number = |number: Option<f64>| number.map(|number| like.one_decimal(number));
    let (low, high) = (|(low, _)| low, |(_, high)| high);
    Row {
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
        shop: shop_name,
        kiosk: &shop.kiosk,
        touchpoint,
        zone,
    }
}
