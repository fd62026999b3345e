//! Head office's first page: each shop's day, and how its kiosks are.
//!
//! Written on the server as plain HTML that needs no script. Every score says what it is, how many
//! ratings stand behind it, and what was left out.

mod calls_and_notes;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::routing::get;
use chrono::{Datelike as _, Days, NaiveDate};
use chrono_tz::Tz;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::clock;
use crate::feedback::moment;
use crate::feedback::rating::Scale;
use crate::feedback::survey;
use crate::feedback::tally::{Counts, Line};
use crate::hub::archive::{Archive, CallsAndNotes, Day, Shop, Status};
use crate::hub::kiosks::refusal::Refusal;
use crate::web::face;

/// How often the page asks for itself again, in seconds.
const REFRESH_S: u32 = 10;

/// The years that can be asked for.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2999;

const STYLE: &str = include_str!("style.css");

/// The routes of the dashboard.
pub fn routes<A: Archive>(archive: A) -> Router {
    let no_store = SetResponseHeaderLayer::if_not_present(
        CACHE_CONTROL,
        axum::http::HeaderValue::from_static("no-store"),
    );
    let nothing_from_elsewhere = SetResponseHeaderLayer::if_not_present(
        CONTENT_SECURITY_POLICY,
        axum::http::HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    Router::new()
        .route("/", get(overview::<A>))
        .fallback(|| async { Refusal::NotFound })
        .layer(no_store)
        .layer(nothing_from_elsewhere)
        .with_state(archive)
}

async fn overview<A: Archive>(
    State(archive): State<A>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Markup, Refusal> {
    let now = clock::wall_ms();
    let asked = match asked.get("date") {
        None => None,
        Some(text) => Some(date(text)?),
    };
    let kiosks = archive.kiosks().await?;
    let mut cards = Vec::new();
    for shop in archive.shops().await? {
        let zone = shop.zone.parse().unwrap_or(Tz::UTC);
        let date = asked.unwrap_or_else(|| moment::local(now, zone).0);
        let (from, to) = moment::day_bounds(date, zone);
        let day = archive.day(shop.id.clone(), from, to).await?;
        let told = archive.aside(shop.id.clone(), from, to, calls_and_notes::NOTES_MAX).await?;
        let lately = if date == moment::local(now, zone).0 {
            archive.aside(shop.id.clone(), now - calls_and_notes::WAIT_MAX_MS + 1, to, 0).await?
        } else {
            CallsAndNotes::default()
        };
        let beside = (calls_and_notes::alarms(&lately, zone), calls_and_notes::of_day(&told, zone));
        let kiosks: Vec<&Status> =
            kiosks.iter().filter(|status| status.kiosk.shop == shop.id).collect();
        cards.push(card(&shop, date, &day, beside, &kiosks, now));
    }
    let conflicts = archive.conflicts().await?;
    let today = moment::local(now, Tz::UTC).0;
    Ok(page(asked, today, conflicts, &cards))
}

/// Reads a date of the years that a shop can have ratings in.
fn date(text: &str) -> Result<NaiveDate, Refusal> {
    let date = text.parse::<NaiveDate>().ok();
    date.filter(|date| YEARS.contains(&date.year()))
        .ok_or_else(|| Refusal::Malformed(format!("{text:?} is not a date such as 2026-11-20")))
}

fn page(asked: Option<NaiveDate>, today: NaiveDate, conflicts: u64, cards: &[Markup]) -> Markup {
    let shown = asked.unwrap_or(today);
    let link = |date: Option<NaiveDate>, text: &str| {
        html! { @if let Some(date) = date { a href={ "?date=" (date) } { (text) } } }
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if asked.is_none() {
                    meta http-equiv="refresh" content=(REFRESH_S);
                }
                title { "Smilepost" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Smilepost" }
                    nav aria-label="Day" {
                        (link(shown.checked_sub_days(Days::new(1)), "Day before"))
                        strong { @if asked.is_some() { (shown) } @else { "Today" } }
                        @if asked.is_some() {
                            (link(shown.checked_add_days(Days::new(1)), "Day after"))
                            a href="/" { "Today" }
                        }
                    }
                }
                main {
                    @if conflicts > 0 {
                        p.alarm role="alert" {
                            (conflicts) " " (plural(conflicts, "event", "events"))
                            " came twice with different content. Nothing was overwritten; the log "
                            "names each of them."
                        }
                    }
                    @if cards.is_empty() {
                        p.empty {
                            "No shops yet. Add one with " code { "smilepost-hub shop add" } "."
                        }
                    }
                    @for card in cards { (card) }
                }
            }
        }
    }
}

fn card(
    shop: &Shop,
    date: NaiveDate,
    day: &Day,
    (alarms, told): (Markup, Markup),
    kiosks: &[&Status],
    now: i64,
) -> Markup {
    let lines = lines(day);
    html! {
        section.shop aria-label=(shop.name) {
            h2 { (shop.name) span.quiet { (date.format("%A %-d %B %Y")) ", " (shop.zone) } }
            (alarms)
            @if lines.len() > 1 {
                p.quiet {
                    "More than one question or wording was asked: their scores do not compare. "
                    "Of all: " (left_out(day)) "."
                }
            }
            @for (line, counts) in &lines {
                @if lines.len() > 1 { h3 { (line.question) ", version " (line.version) } }
                div.scores {
                    (score("Happy Index", counts.happy_index(), "", "of 100"))
                    (score("CSAT", counts.csat(), " %", &interval(counts)))
                    div.score {
                        span.name { "Ratings" }
                        span.value { (counts.total()) }
                        @if lines.len() == 1 { span.quiet { (left_out(day)) } }
                    }
                }
                (bar(line.scale, counts.faces()))
                (table_of_faces(line.scale, counts.faces()))
            }
            @for status in kiosks {
                @if status.is_cloned {
                    p.alarm role="alert" {
                        "Two devices use the token of " (status.kiosk.id)
                        ". Both are counted; revoke it, and enrol the right one again."
                    }
                }
                @if status.lost > 0 {
                    p.alarm role="alert" {
                        "The card of " (status.kiosk.id) " lost " (status.lost) " "
                        (plural(status.lost, "rating", "ratings")) ": replace it."
                    }
                }
            }
            (told)
            (table_of_kiosks(kiosks, now))
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

fn interval(counts: &Counts) -> String {
    match counts.csat_interval() {
        Some((low, high)) => format!("happy; 95 %: {low:.0} to {high:.0} %"),
        None => "happy".to_owned(),
    }
}

fn left_out(day: &Day) -> String {
    let parts = [
        (day.misuse, "not counted"),
        (day.replaced, "corrected"),
        (day.bounded, "of a time between two limits"),
        (day.uncertain - day.bounded, "of unknown time"),
        (day.unread, "not understood yet"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if said.is_empty() { "all counted".to_owned() } else { said.join(", ") }
}

/// The lines of the day; five empty faces when there was none.
fn lines(day: &Day) -> Vec<(Line, Counts)> {
    let mut lines: Vec<_> =
        day.lines.each().map(|(line, counts)| (line.clone(), *counts)).collect();
    if lines.is_empty() {
        let scale = Scale::Five;
        let line = Line { question: String::new(), version: 0, scale };
        lines.push((line, Counts::none(scale)));
    }
    lines
}

fn bar(scale: Scale, counts: &[u32]) -> Markup {
    let total: u32 = counts.iter().sum();
    html! {
        div.bar aria-hidden="true" {
            @for (&face, &count) in survey::faces_of(scale).iter().zip(counts) {
                @if count > 0 {
                    div class={ "fill-" (face) }
                        style=(format!("width:{:.3}%", share(count, total))) {}
                }
            }
        }
    }
}

fn table_of_faces(scale: Scale, counts: &[u32]) -> Markup {
    let total: u32 = counts.iter().sum();
    html! {
        table.faces {
            tr { @for &face in survey::faces_of(scale) { th scope="col" { (sticker(face)) } } }
            tr.counts { @for count in counts { td { (count) } } }
            tr.quiet { @for &count in counts { td { (format!("{:.0} %", share(count, total))) } } }
        }
    }
}

fn share(count: u32, total: u32) -> f64 {
    f64::from(count) * 100.0 / f64::from(total.max(1))
}

fn table_of_kiosks(kiosks: &[&Status], now: i64) -> Markup {
    html! {
        table.kiosks {
            thead {
                tr {
                    th scope="col" { "Kiosk" }
                    th scope="col" { "Touchpoint" }
                    th scope="col" { "Last contact" }
                    th scope="col" { "Still holds" }
                    th scope="col" { "Set aside" }
                    th scope="col" { "Lost" }
                }
            }
            tbody {
                @for status in kiosks {
                    tr {
                        td { (status.kiosk.id) }
                        td { (status.kiosk.touchpoint) }
                        td { (last_contact(status, now)) }
                        td { (status.waiting) }
                        td { (status.set_aside) }
                        td { (status.lost) }
                    }
                }
                @if kiosks.is_empty() {
                    tr { td colspan="6" { "No kiosks yet." } }
                }
            }
        }
    }
}

fn last_contact(status: &Status, now: i64) -> String {
    match status.last_contact_ms {
        None if status.is_enrolled => "enrolled, not heard of yet".to_owned(),
        None => "not enrolled yet".to_owned(),
        Some(at) => {
            let seconds = (now - at).max(0) / 1_000;
            let ago = match seconds {
                0..120 => format!("{seconds} s ago"),
                120..7_200 => format!("{} min ago", seconds / 60),
                7_200..172_800 => format!("{} h ago", seconds / 3_600),
                _ => format!("{} days ago", seconds / 86_400),
            };
            if status.is_enrolled { ago } else { format!("{ago}; its token was revoked") }
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
