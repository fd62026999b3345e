//! The overview: each shop's day, and how its kiosks are.
//!
//! Every score says what it is, how many ratings stand behind it, and what was left out.

mod calls_and_notes;
mod kiosks;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{self, Query};
use chrono::{Datelike as _, Days, NaiveDate};
use maud::{Markup, PreEscaped, html};

use super::errors::PageError;
use super::layout;
use super::sharing::Sharing;
use crate::digits;
use crate::feedback::moment::Reading;
use crate::feedback::survey;
use crate::hub::archive::{Archive, Others};
use crate::hub::figures::scores::{LeftOut, ScoreFigures};
use crate::hub::figures::{self, Overview, ShopDay};
use crate::hub::proof;
use crate::hub::readiness::{self, Readiness};
use crate::web::face;
use crate::web::page::Foreign;
use crate::zones::Zones;

/// How often the page asks for itself again, in seconds.
const REFRESH_S: u32 = 10;

/// The years that can be asked for.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2999;

/// What the page is made from.
#[derive(Clone)]
pub(super) struct State {
    pub(super) archive: Archive,
    pub(super) zones: Zones,
    pub(super) readiness: Readiness,
    pub(super) read_clocks: fn() -> Reading,
    pub(super) shared: Arc<Sharing<Option<NaiveDate>>>,
}

/// The page, for the day that the address names or for today.
pub(super) async fn overview(
    extract::State(state): extract::State<State>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Markup, PageError> {
    let asked = query.get("date").map(|text| date(text)).transpose()?;
    let make = async {
        let now_ms = (state.read_clocks)().wall_ms;
        let overview =
            figures::overview(&state.archive, asked, &state.zones.rules(), now_ms).await?;
        let refresh_s = overview.asked.is_none().then_some(REFRESH_S);
        let alarm = readiness::alarm(&state.readiness.ask_soon().await);
        let main = main(&overview, alarm.as_deref());
        Ok(layout::page(refresh_s, &nav(&overview), &main, &foot(&overview)))
    };
    state.shared.page(asked, state.read_clocks, make).await
}

/// Reads a date of the years that a shop can have ratings in.
fn date(text: &str) -> Result<NaiveDate, PageError> {
    let date = digits::plain(text.trim()).parse::<NaiveDate>().ok();
    date.filter(|date| YEARS.contains(&date.year())).ok_or_else(|| PageError::Date(text.to_owned()))
}

fn nav(overview: &Overview) -> Markup {
    let shown = overview.asked.unwrap_or(overview.today);
    let link = |date: Option<NaiveDate>, text: &str| {
        html! { @if let Some(date) = date { a href={ "?date=" (date) } { (text) } } }
    };
    html! {
        nav aria-label="Day" {
            (link(shown.checked_sub_days(Days::new(1)), "Day before"))
            strong { @if overview.asked.is_some() { (shown) } @else { "Today" } }
            @if overview.asked.is_some() {
                (link(shown.checked_add_days(Days::new(1)), "Day after"))
                a href="./" { "Today" }
            }
        }
    }
}

fn main(overview: &Overview, alarm: Option<&str>) -> Markup {
    let conflicts = overview.conflicts;
    html! {
        @if let Some(alarm) = alarm { p.alarm role="alert" { (alarm) } }
        @if conflicts > 0 {
            p.alarm role="alert" {
                (conflicts) " " (plural(conflicts, "event", "events"))
                " came twice with different content. Nothing was overwritten; the log names each "
                "of them."
            }
        }
        @if let Some(found_ms) = overview.differing_ms {
            p.alarm role="alert" { (proof::alarm(found_ms)) }
        }
        @if overview.shops.is_empty() { p.empty { (nobody(overview)) } }
        @for shop in &overview.shops { (card(shop)) }
    }
}

/// Why no shop is shown.
fn nobody(overview: &Overview) -> Markup {
    let day = if overview.asked.is_some() { "then" } else { "today" };
    html! {
        @match overview.over {
            0 => { "No shops yet. Add one with " code { "smilepost-hub shop add" } "." },
            1 => { "The only shop is closed, and nothing was rated there " (day) "." },
            many => { "All " (many) " shops are closed, and nothing was rated there " (day) "." },
        }
        @if overview.over > 0 {
            " " code { "smilepost-hub shop list" } " says since when, and "
            code { "shop close --undo" } " opens one again."
        }
    }
}

fn foot(overview: &Overview) -> Markup {
    html! { p.quiet { "Time zones: " (overview.rules) "." } }
}

fn card(shop: &ShopDay) -> Markup {
    let is_mixed = shop.scores.len() > 1;
    html! {
        section.shop aria-label=(shop.name) {
            h2 {
                (Foreign(&shop.name))
                @if let Some(now) = &shop.name_now { span.quiet { "now " (Foreign(now)) } }
                @if let Some(on) = &shop.closed_on { span.quiet { "closed since " (on) } }
                span.quiet { (shop.date.format("%A %-d %B %Y")) ", " (shop.zone) }
            }
            @if shop.is_zone_unknown {
                p.alarm role="alert" {
                    "The time zone " (Foreign(&shop.zone)) " is known neither to this program nor "
                    "to this system: days and times here are those of UTC. Update the system's \
                     package tzdata."
                }
            }
            (calls_and_notes::alarms(&shop.waiting))
            @if is_mixed {
                p.quiet {
                    "More than one question or wording was asked: their scores do not compare. "
                    "Of all: " (left_out(&shop.left_out)) "."
                }
            }
            @for scores in &shop.scores {
                @if is_mixed { h3 { (Foreign(&scores.question)) ", version " (scores.version) } }
                div.scores {
                    (score("Happy Index", scores.happy_index, "", &of_100(scores)))
                    (score("CSAT", scores.csat, " %", &interval(scores)))
                    div.score {
                        span.name { "Ratings" }
                        span.value { (scores.ratings) }
                        @if !is_mixed { span.quiet { (left_out(&shop.left_out)) } }
                    }
                }
                (bar(scores))
                (table_of_faces(scores))
            }
            (others(shop.others))
            (kiosks::alarms(&shop.kiosks))
            (calls_and_notes::of_day(&shop.calls_and_notes))
            (kiosks::table(&shop.kiosks))
        }
    }
}

/// What has no scores of its own, in a line.
fn others(others: Others) -> Markup {
    let Others { questions, ratings } = others;
    html! {
        @if ratings > 0 {
            p.quiet {
                (ratings) " " (plural(ratings.into(), "rating", "ratings")) " of "
                (questions) " other " (plural(questions.into(), "question", "questions"))
                " are counted here together: they were not published to their kiosk, or there is \
                 no room for more."
            }
        }
    }
}

fn score(name: &str, value: Option<f64>, unit: &str, beside: &str) -> Markup {
    html! {
        div.score {
            span.name { (name) }
            span.value {
                @match value {
                    Some(value) => { (format!("{value:.1}{unit}")) },
                    None => "–",
                }
            }
            span.quiet { (beside) }
        }
    }
}

fn of_100(scores: &ScoreFigures) -> String {
    match scores.happy_index_interval {
        Some((low, high)) => format!("of 100; 95 %: {low:.0} to {high:.0}"),
        None => "of 100".to_owned(),
    }
}

fn interval(scores: &ScoreFigures) -> String {
    match scores.csat_interval {
        Some((low, high)) => format!("happy; 95 %: {low:.0} to {high:.0} %"),
        None => "happy".to_owned(),
    }
}

fn left_out(left_out: &LeftOut) -> String {
    let parts = [
        (left_out.misuse, "not counted"),
        (left_out.corrected, "corrected"),
        (left_out.bounded, "of a time between two limits"),
        (left_out.unknown_time, "of unknown time"),
        (left_out.unread, "not understood yet"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if said.is_empty() { "all counted".to_owned() } else { said.join(", ") }
}

fn bar(scores: &ScoreFigures) -> Markup {
    let faces = survey::faces_of(scores.scale).iter().zip(&scores.faces);
    let mut left = 0.0;
    let parts: Vec<_> = faces
        .filter(|(_, count)| **count > 0)
        .map(|(&face, &count)| {
            let width = scores.share(count);
            left += width;
            (face, left - width, width)
        })
        .collect();
    html! {
        svg.bar aria-hidden="true" {
            @for (face, left, width) in parts {
                rect class={ "fill-" (face) } height="14"
                    x=(format!("{left:.3}%")) width=(format!("{width:.3}%")) {}
            }
        }
    }
}

fn table_of_faces(scores: &ScoreFigures) -> Markup {
    let faces = survey::faces_of(scores.scale);
    html! {
        table.faces {
            tr { @for &face in faces { th scope="col" { (sticker(face)) } } }
            tr.counts { @for count in &scores.faces { td { (count) } } }
            tr.quiet {
                @for &count in &scores.faces { td { (format!("{:.0} %", scores.share(count))) } }
            }
        }
    }
}

fn plural(count: u64, one: &'static str, more: &'static str) -> &'static str {
    if count == 1 { one } else { more }
}

/// A face as the kiosk shows it; 0 is the worst of five.
fn sticker(of: u8) -> Markup {
    let name = face::NAMES.get(usize::from(of)).copied().unwrap_or_default();
    html! { span role="img" aria-label=(name) { (PreEscaped(face::svg(of))) } }
}
