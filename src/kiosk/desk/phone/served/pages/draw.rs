//! Draws the desk's pages: what the sheets of [`html`] have around them on a phone.

use maud::{Markup, html};

use crate::feedback::call::Called;
use crate::feedback::note::NOTE_CHARS_MAX;
use crate::kiosk::desk::phone::talk::Standing;
use crate::kiosk::desk::sheets::html;
use crate::kiosk::desk::sheets::sheet::{Health, Notes, Sheet, Tab};
use crate::kiosk::desk::sheets::translations::Translations;
use crate::kiosk::pin::Denied;
use crate::wire::local::Summary;

const PAGES: [(Tab, &str, &str); 5] = [
    (Tab::Today, "/", "Today"),
    (Tab::Days, "/days", "Days"),
    (Tab::Why, "/why", "Why"),
    (Tab::Notes, "/notes", "Notes"),
    (Tab::Health, "/kiosk", "Kiosk"),
];

/// The printed sheet of a day.
pub(super) fn day(words: &Translations, shop: &str, day: &Summary, notes: &[String]) -> Markup {
    let back = html! {
        nav.screen {
            ul {
                li { a href="/" { (words.tr("Today")) } }
                li { a href="/days" { (words.tr("Days")) } }
            }
        }
    };
    let title = format!("{shop}, {}", words.day(&day.date));
    html::document(
        words,
        &title,
        &html! { header { (back) } (html::sheet_of_day(words, shop, day, notes)) },
    )
}

/// What every page of a session needs around its sheet.
pub(super) struct Frame<'a> {
    pub(super) words: &'a Translations,
    /// The shop's name.
    pub(super) shop: &'a str,
    /// The token that each form must hold.
    pub(super) form: &'a str,
}

/// A sheet as a page.
pub(super) fn sheet(
    around: &Frame<'_>,
    tab: Tab,
    sheet: &Sheet,
    standing: &Standing,
    now: u64,
) -> Markup {
    let Frame { words, shop, form } = *around;
    let body = match sheet {
        Sheet::Today(day, _) => html! {
            h2.quiet { (html::dated(words, &day.date)) }
            (html::day(words, day))
            p { a href="/day" { (words.tr("Print this day")) } }
        },
        Sheet::Days(range) => html::days(words, range, |date| format!("/day?date={date}")),
        Sheet::Why(range) => html! {
            p { (words.tr("What shoppers said in the last four weeks, to yesterday")) }
            (html::reasons(words, &range.reasons))
        },
        Sheet::Notes(sheet) => notes(words, sheet, form),
        Sheet::Health(health) => {
            let Health { books, silent, wrong_tries, .. } = (**health).clone();
            let whole = Health { books, silent, wrong_tries, ..standing.health.clone() };
            let office = whole.office.as_ref();
            let confirmed = office.and_then(|office| office.confirmed_ms);
            let confirmed_min = confirmed.map(|at| now.saturating_sub(at) / 60_000);
            html::health(words, &whole, confirmed_min)
        }
        // Never here: a sheet is drawn only after the PIN and after the first count.
        Sheet::Pad(_) | Sheet::Counting => html! {},
    };
    let shown = match sheet {
        Sheet::Health(_) => Tab::Health,
        _ => tab,
    };
    let first = match shown {
        Tab::Today => urgent(words, standing, form),
        _ => pointer(words, standing),
    };
    let body = html! { (first) (body) };
    frame(words, shop, shown, form, &body)
}

/// On the other pages, a link to the first one while it has an alert.
fn pointer(words: &Translations, standing: &Standing) -> Markup {
    let call = standing.alerts.call.filter(|call| call.called == Called::Asked);
    let is_new = standing.alerts.unhappy.is_some_and(|alert| !alert.is_acknowledged);
    html! {
        @if let Some(call) = call {
            p.alarm { a href="/" { (words.tr(html::call_text(call.called))) } }
        } @else if is_new {
            p.alarm { a href="/" { (words.tr("Just now several shoppers were unhappy.")) } }
        }
    }
}

/// The alerts at the top of the first page, with the forms to answer them.
fn urgent(words: &Translations, standing: &Standing, form: &str) -> Markup {
    let alerts = &standing.alerts;
    let button = |to: &str, text: &str, asks: Option<&str>| {
        html! {
            form method="post" action=(to) {
                input type="hidden" name="form" value=(form);
                @if let Some(asks) = asks {
                    label { (words.tr(asks)) input type="text" name="text"
                        maxlength=(NOTE_CHARS_MAX) autocomplete="off"; }
                }
                button.filled { (words.tr(text)) }
            }
        }
    };
    let is_open = alerts.unhappy.is_some_and(|alert| !alert.is_acknowledged);
    html! {
        @if let Some(call) = alerts.call {
            section.alarm {
                p { strong { (words.tr(html::call_text(call.called))) } }
                @match call.called {
                    Called::Asked => (button("/coming", "On my way", None)),
                    Called::Coming | Called::Missed => {
                        (button("/alert?about=call", "Save", Some("What came of it?")))
                    },
                }
            }
        }
        @if let Some(sentences) = html::alerts(words, alerts) {
            section.alarm {
                (sentences)
                @if is_open { (button("/alert", "I have it", None)) }
            }
        }
        @if alerts.over.is_some() {
            section.alarm {
                p { strong { (words.tr("The alert is over.")) } }
                (button("/alert", "Save", Some("What came of it?")))
            }
        }
    }
}

fn notes(words: &Translations, sheet: &Notes, form: &str) -> Markup {
    html! {
        @if let Some(notice) = &sheet.notice {
            section.alarm {
                p { (html::fill_foreign(words, "Shown to shoppers: {}", notice)) }
                form method="post" action="/notes" {
                    input type="hidden" name="form" value=(form);
                    input type="hidden" name="shown" value="no";
                    button { (words.tr("Take it down")) }
                }
            }
        }
        form method="post" action="/notes" {
            input type="hidden" name="form" value=(form);
            label {
                (words.tr("What was done?"))
                input type="text" name="text" required maxlength=(NOTE_CHARS_MAX)
                    autocomplete="off";
            }
            label {
                input type="checkbox" name="shown" value="yes";
                (words.tr("Show it to shoppers as what was done"))
            }
            button.filled { (words.tr("Save")) }
        }
        @if sheet.written.is_empty() { p.quiet { (words.tr("Nothing was written down yet.")) } }
        @for (when, text) in &sheet.written {
            p { span.quiet { bdi { (words.when(when)) } } br; (text) }
        }
    }
}

/// A page of the desk: its name, the links to the others, and the form to leave.
fn frame(words: &Translations, shop: &str, tab: Tab, form: &str, body: &Markup) -> Markup {
    let name = PAGES.iter().find(|(of, ..)| *of == tab).map_or("", |(_, _, name)| name);
    let title = format!("{}, {shop}", words.tr(name));
    html::document(
        words,
        &title,
        &html! {
            header {
                h1 { (shop) }
                nav aria-label=(words.tr("The shop manager's desk")) {
                    ul {
                        @for (of, path, name) in PAGES {
                            li {
                                a href=(path) aria-current=[(of == tab).then_some("page")] {
                                    (words.tr(name))
                                }
                            }
                        }
                    }
                }
            }
            main { (body) }
            footer {
                form method="post" action="/leave" {
                    input type="hidden" name="form" value=(form);
                    button { (words.tr("Close")) }
                }
            }
        },
    )
}

/// The page that asks for the PIN, which tells nothing about the shop.
pub(super) fn pad(words: &Translations, denied: Option<Denied>) -> Markup {
    let said = denied.map(|denied| match denied {
        Denied::Unset => words.tr("No PIN is set on this kiosk.").to_owned(),
        Denied::Wrong { left } => words.fill("Wrong PIN. Tries left: {}", &[&left]),
        Denied::Wait { ms } if ms > 120_000 => {
            words.fill("Too many wrong tries. Minutes to wait: {}", &[&ms.div_ceil(60_000)])
        }
        Denied::Wait { ms } => {
            words.fill("Too many wrong tries. Seconds to wait: {}", &[&ms.div_ceil(1_000)])
        }
    });
    html::document(
        words,
        "Smilepost",
        &html! {
            main {
                h1 { (words.tr("The shop manager's desk")) }
                @if let Some(said) = said { p role="alert" { strong { (said) } } }
                form method="post" action="/pin" {
                    label for="pin" { (words.tr("Enter the PIN")) }
                    input #pin type="password" name="pin" inputmode="numeric" maxlength="10"
                        autocomplete="current-password" required;
                    button.filled { "OK" }
                }
            }
        },
    )
}

/// The page for an unknown address.
pub(super) fn lost(words: &Translations) -> Markup {
    let body = html! { main { p { a href="/" { (words.tr("Today")) } } } };
    html::document(words, "Smilepost", &body)
}
