//! Draws the desk's pages: what the sheets of [`html`] have around them on a phone.

use maud::{Markup, html};

use crate::feedback::call::Called;
use crate::feedback::note::{About, NOTE_CHARS_MAX, Noted};
use crate::kiosk::desk::phone::talk::Standing;
use crate::kiosk::desk::sheets::html;
use crate::kiosk::desk::sheets::sheet::{Alerts, Health, Notes, Sheet, Tab, Written};
use crate::kiosk::desk::sheets::translations::Translations;
use crate::kiosk::pin::Denied;
use crate::web::page::{self, Head};
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
    pub(super) shop: String,
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
    let Frame { words, form, .. } = *around;
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
    frame(around, shown, Some(&standing.alerts), &body)
}

/// After how many seconds a browser without scripts asks for the first page again. No form on it
/// has a field, so nothing that somebody writes is lost.
const REFRESH_S: u32 = 20;

/// What the script compares: it changes with each call and each alert, and is empty while nobody is
/// needed.
pub(super) fn waiting(alerts: &Alerts) -> String {
    let call = alerts.call.filter(|call| call.called != Called::Coming);
    let call = call.map(|call| format!("call-{}-{}", call.since_ms, call.called.name()));
    let unhappy = alerts.unhappy.filter(|alert| !alert.is_acknowledged);
    let unhappy = unhappy.map(|alert| format!("unhappy-{}", alert.since_ms));
    let quiet = alerts.quiet_h.map(|_| "quiet".to_owned());
    call.into_iter().chain(unhappy).chain(quiet).collect::<Vec<_>>().join(" ")
}

/// The page that asks what came of a call, or of an alert.
pub(super) fn outcome(around: &Frame<'_>, about: About) -> Markup {
    let Frame { words, form, .. } = *around;
    let body = html! {
        form method="post" action=(format!("/alert?about={}", about.name())) {
            input type="hidden" name="form" value=(form);
            label { (words.tr("What came of it?")) input type="text" name="text"
                maxlength=(NOTE_CHARS_MAX) autocomplete="off"; }
            button.filled { (words.tr("Save")) }
        }
    };
    frame(around, Tab::Notes, None, &body)
}

/// On the other pages, a link to the first one while it has an alert.
fn pointer(words: &Translations, standing: &Standing) -> Markup {
    let call = standing.alerts.call.filter(|call| call.called == Called::Asked);
    let is_new = standing.alerts.unhappy.is_some_and(|alert| !alert.is_acknowledged);
    html! {
        @if let Some(call) = call {
            p.alarm { a href="/" { (html::call_sentence(words, call.called, &standing.alerts)) } }
        } @else if is_new {
            p.alarm { a href="/" { (words.tr("Just now several shoppers were unhappy.")) } }
        }
    }
}

/// The alerts at the top of the first page, with the forms to answer them.
fn urgent(words: &Translations, standing: &Standing, form: &str) -> Markup {
    let alerts = &standing.alerts;
    let button = |to: &str, text: &str| {
        html! {
            form method="post" action=(to) {
                input type="hidden" name="form" value=(form);
                button.filled { (words.tr(text)) }
            }
        }
    };
    let ask = |about: About| {
        let to = format!("/outcome?about={}", about.name());
        html! { p { a.button href=(to) { (words.tr("What came of it?")) } } }
    };
    let is_open = alerts.unhappy.is_some_and(|alert| !alert.is_acknowledged);
    html! {
        @if let Some(call) = alerts.call {
            section.alarm {
                p { strong { (html::call_sentence(words, call.called, alerts)) } }
                @match call.called {
                    Called::Asked => (button("/coming", "On my way")),
                    Called::Coming | Called::Missed => (ask(About::Call)),
                }
            }
        }
        @if let Some(sentences) = html::alerts(words, alerts) {
            section.alarm {
                (sentences)
                @if is_open { (button("/alert", "I have it")) }
            }
        }
        @if alerts.over.is_some() {
            section.alarm {
                p { strong { (words.tr("The alert is over.")) } }
                (ask(About::Alert))
            }
        }
    }
}

fn notes(words: &Translations, sheet: &Notes, form: &str) -> Markup {
    html! {
        @if let Some(notice) = &sheet.notice {
            section.alarm {
                p { (html::fill_foreign(words, "Shown to shoppers: {}", notice.text())) }
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
            button.filled { (words.tr("Save")) }
        }
        h2 { (words.tr("Tell shoppers")) }
        (notice_form(words, form, None))
        @if sheet.written.is_empty() { p.quiet { (words.tr("Nothing was written down yet.")) } }
        @for written in &sheet.written {
            p {
                span.quiet { bdi { (words.when(&written.when)) } } " "
                a href=(format!("/note?note={}", written.name())) { (words.tr("Mend")) }
                br; (written.noted.text())
            }
        }
    }
}

/// What shoppers said and what was done, each for itself; of a note that is mended, as it stands.
fn notice_form(words: &Translations, form: &str, mended: Option<&Written>) -> Markup {
    let (said, did) = mended.map_or(("", ""), |note| (note.noted.said(), note.noted.text()));
    let field = |name: &str, asks: &str, text: &str, is_needed: bool| {
        html! {
            label {
                (words.tr(asks))
                input type="text" name=(name) value=(text) required[is_needed]
                    maxlength=(NOTE_CHARS_MAX) autocomplete="off";
            }
        }
    };
    html! {
        form method="post" action="/preview" {
            input type="hidden" name="form" value=(form);
            @if let Some(note) = mended { input type="hidden" name="note" value=(note.name()); }
            (field("said", "What did shoppers say?", said, false))
            (field("text", "What was done, for shoppers to read?", did, true))
            button.filled { (words.tr("Next")) }
        }
    }
}

/// What shoppers will see, before it goes out; `note` is the name of the one that it mends.
pub(super) fn preview(around: &Frame<'_>, notice: &Noted, note: &str) -> Markup {
    let Frame { words, form, .. } = *around;
    let to = if note.is_empty() { "/notes" } else { "/note" };
    let body = html! {
        p { (words.tr("Shoppers will see this:")) }
        section.notice {
            @if !notice.said().is_empty() {
                p.quiet { (html::fill_foreign(words, "You said: {}", notice.said())) }
            }
            p { strong { (html::fill_foreign(words, "We did: {}", notice.text())) } }
        }
        form method="post" action=(to) {
            input type="hidden" name="form" value=(form);
            input type="hidden" name="note" value=(note);
            input type="hidden" name="shown" value="yes";
            input type="hidden" name="said" value=(notice.said());
            input type="hidden" name="text" value=(notice.text());
            button.filled { (words.tr("Show it")) }
        }
        p { a.button href="/notes" { (words.tr("Cancel")) } }
    };
    frame(around, Tab::Notes, None, &body)
}

/// One note, to be mended or withdrawn. Both are kept as further notes.
pub(super) fn one_note(around: &Frame<'_>, note: &Written) -> Markup {
    let Frame { words, form, .. } = *around;
    let body = html! {
        p.quiet { bdi { (words.when(&note.when)) } }
        @if note.noted.about() == About::Notice {
            (notice_form(words, form, Some(note)))
        } @else {
            form method="post" action="/note" {
                input type="hidden" name="form" value=(form);
                input type="hidden" name="note" value=(note.name());
                label {
                    (words.tr("What was done?"))
                    input type="text" name="text" value=(note.noted.text()) required
                        maxlength=(NOTE_CHARS_MAX) autocomplete="off";
                }
                button.filled { (words.tr("Save")) }
            }
        }
        form method="post" action="/withdraw" {
            input type="hidden" name="form" value=(form);
            input type="hidden" name="note" value=(note.name());
            button { (words.tr("Withdraw")) }
        }
    };
    frame(around, Tab::Notes, None, &body)
}

/// A page of the desk: its name, the links to the others, and the form to leave.
fn frame(around: &Frame<'_>, tab: Tab, alerts: Option<&Alerts>, body: &Markup) -> Markup {
    let Frame { words, ref shop, form } = *around;
    let waiting = alerts.map(waiting);
    let name = PAGES.iter().find(|(of, ..)| *of == tab).map_or("", |(_, _, name)| name);
    let title = match alerts.and_then(|alerts| Some((alerts.call?, alerts))) {
        // It is what a browser shows of a page that lies behind others.
        Some((call, alerts)) => html::call_sentence(words, call.called, alerts),
        None => format!("{}, {shop}", words.tr(name)),
    };
    let is_first = tab == Tab::Today;
    let head = Head {
        refresh_s: is_first.then_some(REFRESH_S),
        script: alerts.map(|_| "/desk.js"),
        waiting: waiting.as_deref(),
        ..html::head(words, &title)
    };
    page::document(
        head,
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
                    input #pin type="password" name="pin" inputmode="numeric" maxlength="20"
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
