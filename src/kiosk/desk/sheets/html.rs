//! The sheets of the desk as HTML: for a phone in the shop, for paper, and for a file on a stick.
//!
//! Plain documents that need no script and load nothing from elsewhere, in the words of the
//! screen's sheets. What may be on a sheet is decided in [`super::shown`], as for the screen.
//! Drawings have no style attributes, so that a page can forbid them.

use std::fmt::Display;

use maud::{Markup, PreEscaped, html};

use super::sheet::{Alerts, Health};
use super::shown;
use super::translations::Translations;
use crate::feedback::call::Called;
use crate::feedback::rating::Scale;
use crate::feedback::survey::faces_of;
use crate::feedback::tally::HIDDEN_BELOW;
use crate::finding::State;
use crate::web::face;
use crate::web::page::{self, Foreign, Head};
use crate::wire::local::{Beside, Day, Hour, Line, Said, Summary};

/// The style of every page, which is part of the page itself.
pub const STYLE: &str = include_str!("html/style.css");

/// A whole document.
#[must_use]
pub fn document(words: &Translations, title: &str, body: &Markup) -> Markup {
    page::document(head(words, title), body)
}

/// The head of a document.
#[must_use]
pub fn head<'a>(words: &'a Translations, title: &'a str) -> Head<'a> {
    let (language, direction) = (words.language(), words.direction());
    Head { language, direction, title, style: STYLE, ..Head::PLAIN }
}

/// A day on one sheet of A4, to be printed or kept as a file: its numbers, its hours, what shoppers
/// said, and its notes.
#[must_use]
pub fn sheet_of_day(words: &Translations, shop: &str, day: &Summary, notes: &[String]) -> Markup {
    html! {
        main {
            h1 {
                (Foreign(shop))
                @if !day.touchpoint.is_empty() { ", " (Foreign(&day.touchpoint)) }
                span.quiet { (dated(words, &day.date)) ", " (day.zone) }
            }
            @for text in day.lines.iter().filter_map(|line| line.text.as_ref()) {
                p.question { (Foreign(text)) }
            }
            (self::day(words, day))
            (written(words, notes))
        }
    }
}

/// What became of a shopper's call, in words for the manager.
#[must_use]
pub const fn call_text(called: Called) -> &'static str {
    match called {
        Called::Asked => "A shopper has asked for somebody.",
        Called::Coming => "Somebody is on the way to the shopper.",
        Called::Missed => "A shopper asked for somebody, and nobody came.",
    }
}

/// The same of the call that stands, with since when the shopper waits.
#[must_use]
pub fn call_sentence(words: &Translations, called: Called, alerts: &Alerts) -> String {
    let said = words.tr(call_text(called));
    match (called, alerts.called_at().as_str()) {
        (Called::Asked, at) if !at.is_empty() => {
            format!("{said} {}", words.fill("Waiting since {}.", &[&at]))
        }
        _ => said.to_owned(),
    }
}

/// The content of a day's sheet.
#[must_use]
pub fn day(words: &Translations, day: &Summary) -> Markup {
    let line = shown::main_line(&day.lines).filter(|line| line.n > 0);
    let often = shown::often(day);
    html! {
        (sentences(words, day, &often))
        @if let Some(line) = line {
            (scores(words, line, day))
            (faces(words, line))
            (beside(words, &day.beside))
            (hours(words, &day.hours))
            @if !often.is_empty() { (reasons(words, &often)) }
        }
        (left_out(words, day))
    }
}

/// What can be said of a day, before its numbers.
fn sentences(words: &Translations, day: &Summary, often: &[Said]) -> Markup {
    let compared = shown::compared(day);
    let most = shown::of_kind(often, false).next();
    html! {
        @if day.n == 0 { p { (words.tr("No ratings yet.")) } }
        @if shown::is_hidden(day) {
            p { (words.tr("Fewer than 5 ratings so far. They are shown once there are more.")) }
        }
        @if let Some(compared) = compared {
            @let usual = compared.csat.unwrap_or_default().round();
            @let csat = shown::main_line(&day.lines).and_then(|line| line.csat);
            p {
                @match compared.verdict.as_str() {
                    "better" => (words.fill(
                        "Better than the same weekday of the last weeks, when {} % were happy.",
                        &[&usual],
                    )),
                    "worse" => (words.fill(
                        "Worse than the same weekday of the last weeks, when {} % were happy.",
                        &[&usual],
                    )),
                    "about as usual" => (words.fill(
                        "About as usual: {} % were happy, and {} % on the same weekday of the \
                         last weeks.",
                        &[&csat.unwrap_or_default().round(), &usual],
                    )),
                    _ => (words.tr("Too few to tell how it compares with the same weekday of the \
                                    last weeks.")),
                }
            }
        }
        @if let Some(said) = most {
            @let most = words.reason(said);
            p { (fill_foreign(words, "Shoppers who were not happy said most: {}", most)) }
        }
        @if let (Some(nps), true) = (day.nps, day.nps_n >= HIDDEN_BELOW) {
            p { (words.fill("NPS {} of {} answers", &[&nps.round(), &day.nps_n])) }
        }
        @if day.lines.len() > 1 {
            p.quiet {
                (words.tr("More than one question was asked. The scores are those of the one with \
                           the most ratings."))
            }
        }
    }
}

fn scores(words: &Translations, line: &Line, day: &Summary) -> Markup {
    let interval = |interval: Option<(f64, f64)>| {
        let (low, high) = interval.unwrap_or_default();
        words.fill("95 %: {} to {}", &[&low.round(), &high.round()])
    };
    let rounded = |score: Option<f64>| score.unwrap_or_default().round();
    let not_counted = shown::not_counted(day);
    let beside = match not_counted {
        0 => words.tr("All counted").to_owned(),
        count => words.fill("Not counted: {}", &[&count]),
    };
    let card = |name: &str, value: &dyn Display, beside: &str| {
        html! { div.score { dt { (name) } dd { strong { (value) } span.quiet { (beside) } } } }
    };
    html! {
        dl.scores {
            (card("Happy Index", &rounded(line.happy_index), &interval(line.happy_index_interval)))
            (card("CSAT", &format!("{} %", rounded(line.csat)), &interval(line.csat_interval)))
            (card(words.tr("Ratings"), &line.n, &beside))
        }
    }
}

fn faces(words: &Translations, line: &Line) -> Markup {
    let pictures = Scale::with_faces(line.scale).map_or(&[][..], faces_of);
    let english = |face: u8| face::NAMES.get(usize::from(face)).copied().unwrap_or_default();
    let word = |at: usize, face: u8| line.words.get(at).map_or(english(face), String::as_str);
    html! {
        ul.faces aria-label=(words.tr("Ratings")) {
            @for (at, (&face, count)) in pictures.iter().zip(&line.counts).enumerate() {
                li {
                    (PreEscaped(face::svg(face)))
                    span.hidden { (word(at, face)) ": " }
                    strong { (count) }
                }
            }
        }
    }
}

/// Other days and weeks, to hold the day against.
fn beside(words: &Translations, beside: &[Beside]) -> Markup {
    if beside.is_empty() {
        return html! {};
    }
    html! {
        table.beside {
            thead {
                tr {
                    td {}
                    th scope="col" { (words.tr("Ratings")) }
                    th scope="col" { "Happy Index" }
                }
            }
            tbody {
                @for beside in beside {
                    tr {
                        th scope="row" { (words.tr(shown::beside_name(beside))) }
                        @match (beside.n, beside.happy_index) {
                            (Some(n), Some(index)) => { td { (n) } td { (index.round()) } },
                            (None, _) => { td.quiet { (words.tr("fewer than 5")) } td {} },
                            _ => { td { "–" } td {} },
                        }
                    }
                }
            }
        }
    }
}

/// The hours that have ratings, each as a bar: happy ones first, unhappy ones last, those that are
/// neither between them.
fn hours(words: &Translations, hours: &[Hour]) -> Markup {
    let most = hours.iter().filter_map(|hour| hour.n).max().unwrap_or(0);
    html! {
        (legend(words))
        table.hours {
            thead {
                tr {
                    th scope="col" { (words.tr("Hour")) }
                    th scope="col" { (words.tr("Ratings")) }
                    th scope="col" { (words.tr("Happy shoppers")) }
                }
            }
            tbody {
                @for hour in hours {
                    tr {
                        th scope="row" { (ltr(&format!("{:02}–{:02}", hour.hour, hour.hour + 1))) }
                        @match (hour.n, hour.happy) {
                            (Some(n), Some(happy)) => {
                                td { (hour_bar(hour, most)) span.count { (n) } }
                                td { (percent(happy, n)) }
                            },
                            _ => { td.quiet { (words.tr("fewer than 5")) } td {} },
                        }
                    }
                }
            }
        }
    }
}

/// The faces whose colours stand for the three tones, as on the screen.
const UNHAPPY: u8 = 0;
const NEUTRAL: u8 = 2;
const HAPPY: u8 = 4;

/// What the three tones stand for.
fn legend(words: &Translations) -> Markup {
    let tones = [(HAPPY, "happy"), (NEUTRAL, "neither"), (UNHAPPY, "unhappy")];
    html! {
        p.legend {
            strong { (words.tr("Ratings by the hour")) }
            @for (tone, name) in tones {
                span {
                    svg viewBox="0 0 10 10" aria-hidden="true" focusable="false" {
                        rect width="10" height="10" fill=(face::fill(tone)) {}
                    }
                    (words.tr(name))
                }
            }
        }
    }
}

fn percent(part: u32, whole: u32) -> String {
    format!("{:.0} %", f64::from(part) * 100.0 / f64::from(whole.max(1)))
}

fn hour_bar(hour: &Hour, most: u32) -> Markup {
    let length =
        |count: Option<u32>| f64::from(count.unwrap_or_default()) * 100.0 / f64::from(most.max(1));
    let (all, happy, unhappy) = (length(hour.n), length(hour.happy), length(hour.unhappy));
    let neither = (all - happy - unhappy).max(0.0);
    html! {
        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"
            focusable="false" {
            rect width=(format!("{all:.1}")) height="10" fill=(face::fill(UNHAPPY)) {}
            rect width=(format!("{:.1}", happy + neither)) height="10" fill=(face::fill(NEUTRAL)) {}
            rect width=(format!("{happy:.1}")) height="10" fill=(face::fill(HAPPY)) {}
        }
    }
}

/// What shoppers said, unhappy ones first.
#[must_use]
pub fn reasons(words: &Translations, said: &[Said]) -> Markup {
    let kinds = [(false, "Shoppers who were not happy"), (true, "Happy shoppers")];
    html! {
        @if said.is_empty() { p { (words.tr("Nobody has said why.")) } }
        div.said { @for (is_happy, heading) in kinds {
            @if shown::of_kind(said, is_happy).next().is_some() {
                table.reasons {
                    caption { (words.tr(heading)) }
                    tbody {
                        @for said in shown::of_kind(said, is_happy) {
                            tr {
                                th scope="row" {
                                    (Foreign(words.reason(said)))
                                    @if let Some(hour) = said.peak_hour {
                                        span.quiet {
                                            (words.fill("most at {}–{}", &[&hour, &(hour + 1)]))
                                        }
                                    }
                                }
                                td { (said.n) }
                                td { (format!("{:.0} %", said.share)) }
                            }
                        }
                    }
                }
            }
        } }
    }
}

/// Notes about ratings whose time is not certain, and about a day that was revised.
fn left_out(words: &Translations, day: &Summary) -> Markup {
    html! {
        @if day.uncertain > 0 {
            p.quiet {
                (words.fill("Ratings whose time is not certain: {}", &[&day.uncertain]))
            }
        }
        @if day.late > 0 {
            p.quiet {
                (words.tr("This day was revised: ratings were dated only after it was over."))
            }
        }
    }
}

/// The notes of a day.
fn written(words: &Translations, notes: &[String]) -> Markup {
    html! {
        @if !notes.is_empty() {
            h2 { (words.tr("Notes")) }
            ul.notes { @for note in notes { li { (note) } } }
        }
    }
}

/// A date in the language's own form, with the day of the week as the screen calls it.
#[must_use]
pub fn dated(words: &Translations, date: &str) -> Markup {
    html! { bdi { (words.day(date)) } }
}

/// Figures that are read from the left in whatever text they stand: a date, or from one hour to
/// another.
#[must_use]
pub fn ltr(figures: &str) -> Markup {
    html! { bdi dir="ltr" { (figures) } }
}

/// As [`Translations::fill`], with a gap for what somebody else may have written.
#[must_use]
pub fn fill_foreign(words: &Translations, english: &str, foreign: &str) -> Markup {
    let text = words.tr(english);
    let (before, after) = text.split_once("{}").unwrap_or((text, ""));
    html! { (before) (Foreign(foreign)) (after) }
}

/// The last weeks: their line, and each day with a link to its sheet, the newest first.
#[must_use]
pub fn days(words: &Translations, range: &Summary, link: impl Fn(&str) -> String) -> Markup {
    html! {
        (beside(words, &range.beside))
        p { (words.tr("Happy Index of the last five weeks, to yesterday")) }
        (trend(&range.days))
        table.days {
            thead {
                tr {
                    th scope="col" { (words.tr("Days")) }
                    th scope="col" { (words.tr("Ratings")) }
                    th scope="col" { "Happy Index" }
                }
            }
            tbody { @for day in range.days.iter().rev() { (row_of_day(words, day, &link)) } }
        }
        @if range.days.iter().any(|day| day.late > 0) {
            p.quiet { (words.tr("* Days that changed afterwards, once their time was known")) }
        }
    }
}

fn row_of_day(words: &Translations, day: &Day, link: &impl Fn(&str) -> String) -> Markup {
    let index = shown::of_day(day).map(|(_, index)| index);
    html! {
        tr {
            th scope="row" {
                a href=(link(&day.date)) { (dated(words, &day.date)) }
                @if day.late > 0 { " *" }
                @for note in &day.notes { span.quiet { (note) } }
            }
            @match (day.n, index) {
                (0, _) => { td { "–" } td {} },
                (n, Some(index)) => { td { (n) } td { (index.round()) } },
                (_, None) => { td.quiet { (words.tr("fewer than 5")) } td {} },
            }
        }
    }
}

/// The line through the days; what it shows stands in the table after it.
fn trend(days: &[Day]) -> Markup {
    let x = |share: f32| format!("{:.1}", 2.0 + share * 296.0);
    let y = |share: f32| format!("{:.1}", 4.0 + share * 72.0);
    html! {
        svg.trend viewBox="0 0 300 80" aria-hidden="true" focusable="false" fill="none"
            stroke="#1d2126" stroke-width="2" stroke-linecap="round" {
            @for level in [0.0, 0.5, 1.0] {
                line x1="2" x2="298" y1=(y(level)) y2=(y(level)) stroke="#ddd6ca"
                    stroke-width="1" {}
            }
            @for piece in shown::trend(days) {
                @if piece.from == piece.to {
                    circle cx=(x(piece.from.0)) cy=(y(piece.from.1)) r="2.5" {}
                } @else {
                    line x1=(x(piece.from.0)) y1=(y(piece.from.1)) x2=(x(piece.to.0))
                        y2=(y(piece.to.1)) {}
                }
            }
        }
    }
}

/// The alerts that somebody should look at now, or nothing.
#[must_use]
pub fn alerts(words: &Translations, alerts: &Alerts) -> Option<Markup> {
    let unhappy = alerts.unhappy.map(|alert| {
        let said = match alert.ratings {
            ratings if ratings < HIDDEN_BELOW => {
                words.tr("Just now several shoppers were unhappy.").to_owned()
            }
            ratings => {
                words.fill("Just now {} of {} shoppers were unhappy.", &[&alert.unhappy, &ratings])
            }
        };
        match alert.is_acknowledged {
            true => format!("{said} {}", words.tr("Somebody has it.")),
            false => said,
        }
    });
    let quiet = alerts.quiet_h.map(|hours| {
        words.fill("Nobody has pressed for {} h, which is unusual. Does the kiosk work?", &[&hours])
    });
    let said: Vec<String> = unhappy.into_iter().chain(quiet).collect();
    (!said.is_empty()).then(|| html! { @for sentence in said { p { strong { (sentence) } } } })
}

/// The health of the kiosk.
#[must_use]
pub fn health(words: &Translations, health: &Health, confirmed_min: Option<u64>) -> Markup {
    let office = match (&health.office, confirmed_min) {
        (None, _) => html! { (words.tr("Head office: not enrolled. Ratings are kept here.")) },
        (Some(office), confirmed) => match (&office.trouble, confirmed) {
            (Some(trouble), _) => fill_foreign(words, "Head office cannot be reached: {}", trouble),
            (None, Some(min)) => {
                html! { (words.fill("Head office: last confirmed {} min ago.", &[&min])) }
            }
            (None, None) => {
                html! { (words.tr("Head office: nothing was confirmed since the start.")) }
            }
        },
    };
    let is_apart = health.office.as_ref().is_some_and(|office| office.is_clock_apart);
    let clock = match health.is_clock_known {
        _ if is_apart => {
            "Clock: head office and this kiosk contradict each other. One of the two is wrong."
        }
        true => "Clock: right.",
        false => "Clock: nobody has told the time. Ratings are dated once somebody does.",
    };
    let other_zone = health.office.as_ref().and_then(|office| office.other_zone.as_ref());
    let card = match health.is_recording {
        true => words.fill("Card: takes ratings. Kept so far: {}", &[&health.books.taken]),
        false => words.tr("Card: takes no ratings. Replace it, or make room on it.").to_owned(),
    };
    let counted = [
        (health.books.lost, "The card lost ratings: {}. Replace it."),
        (health.books.set_aside, "Refused by head office and set aside: {}"),
        (health.wrong_tries, "Wrong tries at the PIN since it was set: {}"),
    ];
    html! {
        p { (waiting(words, health.is_recording, health.books.waiting)) }
        p { (office) }
        p { (words.tr(clock)) }
        @if health.is_zone_unknown {
            p { strong { (words.tr("Time zone: unknown, so days are those of UTC.")) } }
        } @else if let Some(zone) = other_zone {
            p {
                strong {
                    (fill_foreign(
                        words,
                        "Time zone: head office has another one for this shop: {}",
                        zone,
                    ))
                }
            }
        }
        p { (card) }
        @for (count, said) in counted {
            @if count > 0 { p { strong { (words.fill(said, &[&count])) } } }
        }
        @for finding in health.to_do() {
            p {
                @if finding.state == State::Wrong {
                    strong { (Foreign(&finding.text)) }
                } @else {
                    (Foreign(&finding.text))
                }
            }
        }
        @for (button, others) in &health.silent {
            p {
                (words.fill(
                    "Button {} was not pressed while the others were {} times. Check its wire.",
                    &[button, others],
                ))
            }
        }
    }
}

/// The health of the kiosk in a few words.
#[must_use]
pub fn waiting(words: &Translations, is_recording: bool, waiting: u64) -> String {
    match waiting {
        _ if !is_recording => words.tr("Not recording").to_owned(),
        0 => words.tr("All sent").to_owned(),
        waiting => words.fill("Waiting to be sent: {}", &[&waiting]),
    }
}
