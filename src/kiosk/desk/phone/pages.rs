//! What the desk's page answers: the sheets for whoever is in, the way in for anybody else.

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Extension, Form, FromRequestParts, Query, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, ORIGIN, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::guests::{form_token, is_own_form};
use super::server::IsTooOften;
use super::{Reply, Request, Standing};
use crate::clock;
use crate::feedback::call::Called;
use crate::feedback::note::{About, NOTE_CHARS_MAX, Noted};
use crate::kiosk::attendant::Event;
use crate::kiosk::desk::pin::Denied;
use crate::kiosk::desk::sheet::{Notes, Page, Sheet};
use crate::kiosk::desk::words::Words;
use crate::kiosk::desk::{Clerk, Desk, Unanswerable, paper};

/// The most bytes of a form: a note, and what else is in it.
const FORM_BYTES_MAX: usize = 4 * 1_024;

/// The cookie that a guest is known by. Browsers keep the prefix's promise: it was set over TLS, by
/// this host, for all of its pages.
const COOKIE_NAME: &str = "__Host-desk";

const PAGES: [(Page, &str, &str); 5] = [
    (Page::Today, "/", "Today"),
    (Page::Days, "/days", "Days"),
    (Page::Why, "/why", "Why"),
    (Page::Notes, "/notes", "Notes"),
    (Page::Post, "/post", "Post"),
];

/// What every handler knows.
#[derive(Clone)]
struct Inside {
    desk: Desk,
    events: SyncSender<Event>,
}

pub(super) fn routes(desk: Desk, events: SyncSender<Event>) -> Router {
    Router::new()
        .route("/", get(|guest, inside| sheet(guest, inside, Page::Today)))
        .route("/days", get(|guest, inside| sheet(guest, inside, Page::Days)))
        .route("/why", get(|guest, inside| sheet(guest, inside, Page::Why)))
        .route("/notes", get(|guest, inside| sheet(guest, inside, Page::Notes)).post(note))
        .route("/post", get(|guest, inside| sheet(guest, inside, Page::Post)))
        .route("/day", get(day))
        .route("/alert", post(take_on))
        .route("/coming", post(come))
        .route("/leave", post(leave))
        .route("/pin", get(ask).post(enter))
        .fallback(|_: Guest, inside| nothing_here(inside))
        .method_not_allowed_fallback(|_: Guest, inside| nothing_here(inside))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn(fence))
        .with_state(Inside { desk, events })
}

/// What goes around every answer: not too many of them, and nothing that a browser could be led to
/// do with them.
async fn fence(
    Extension(IsTooOften(is_too_often)): Extension<IsTooOften>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    let mut response = if is_too_often {
        let wait = [(RETRY_AFTER, "60")];
        (StatusCode::TOO_MANY_REQUESTS, wait, "Too many requests: wait a minute.\n").into_response()
    } else {
        next.run(request).await
    };
    let style = base64(&Sha256::digest(paper::STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let fixed: [(HeaderName, &str); 5] = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A request that is not served.
enum Refused {
    /// Nobody is in by this cookie: the PIN is asked for.
    Out,
    /// The form is not one that this page gave out.
    Foreign,
    /// The form cannot be read.
    Form(FormRejection),
    /// There is no such day.
    Asked(Unanswerable),
    /// The journal cannot be read now.
    Closed(Unanswerable),
    /// The kiosk is ending, or has too much to do.
    Busy,
}

impl From<Unanswerable> for Refused {
    fn from(error: Unanswerable) -> Self {
        match error {
            Unanswerable::Busy | Unanswerable::Gone(_) => Self::Busy,
            error @ (Unanswerable::Date(_)
            | Unanswerable::Range { .. }
            | Unanswerable::ToCome(_)) => Self::Asked(error),
            error => Self::Closed(error),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Out => go("/pin"),
            Self::Foreign => {
                let sentence = "This form was not sent by the desk's own page: open it anew.\n";
                (StatusCode::FORBIDDEN, sentence).into_response()
            }
            Self::Form(rejection) => rejection.into_response(),
            Self::Asked(error) => (StatusCode::BAD_REQUEST, format!("{error}.\n")).into_response(),
            Self::Closed(error) => {
                tracing::warn!(%error, "a page of the desk cannot be written");
                (StatusCode::SERVICE_UNAVAILABLE, format!("{error}.\n")).into_response()
            }
            Self::Busy => {
                let wait = [(RETRY_AFTER, "5")];
                let sentence = "The kiosk is busy: try again in a moment.\n";
                (StatusCode::SERVICE_UNAVAILABLE, wait, sentence).into_response()
            }
        }
    }
}

/// Has a browser ask for another page.
fn go(to: &'static str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// Somebody who is in, by the cookie.
struct Guest {
    token: String,
}

impl FromRequestParts<Inside> for Guest {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, inside: &Inside) -> Result<Self, Refused> {
        let token = cookie(&parts.headers).ok_or(Refused::Out)?;
        let tried = token.clone();
        let now = clock::boot_ms();
        let is_in = move |clerk: &mut Clerk| clerk.guests().is_in(&tried, now);
        match inside.desk.wait_for(is_in).await? {
            true => Ok(Self { token }),
            false => Err(Refused::Out),
        }
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE_NAME).then(|| value.to_owned())
    })
}

/// Whether a form was sent by a page of this host, as far as the browser tells.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let own = format!("https://{}", text(HOST).unwrap_or_default());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    text(ORIGIN).is_none_or(|origin| origin == own)
        && site.is_none_or(|site| site == "same-origin" || site == "none")
}

type Fields = BTreeMap<String, String>;

/// The fields of a form that a guest sent from a page of ours.
fn own_fields(
    guest: &Guest,
    headers: &HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Fields, Refused> {
    let Form(fields) = form.map_err(Refused::Form)?;
    let given = fields.get("form").map(String::as_str).unwrap_or_default();
    match is_from_here(headers) && is_own_form(&guest.token, given) {
        true => Ok(fields),
        false => Err(Refused::Foreign),
    }
}

/// Asks the attendant.
async fn ask_attendant<T>(
    inside: &Inside,
    request: impl FnOnce(Reply<T>) -> Request,
) -> Result<T, Refused> {
    let (reply, answer) = oneshot::channel();
    let event = Event::Phone(request(reply));
    inside.events.try_send(event).map_err(|_| Refused::Busy)?;
    answer.await.map_err(|_| Refused::Busy)
}

async fn sheet(guest: Guest, State(inside): State<Inside>, page: Page) -> Result<Markup, Refused> {
    let standing = ask_attendant(&inside, Request::Look).await?;
    let form = form_token(&guest.token);
    let draw = move |clerk: &mut Clerk| draw(clerk, page, &standing, &form);
    Ok(inside.desk.wait_for(draw).await?)
}

/// One day on a sheet of its own, to be printed.
async fn day(
    _: Guest,
    State(inside): State<Inside>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Markup, Refused> {
    let date = asked.get("date").cloned();
    let drawn = inside.desk.wait_for(move |clerk| draw_day(clerk, date.as_deref())).await?;
    Ok(drawn?)
}

/// The sheet of a day for paper; of the present one where none is named.
fn draw_day(clerk: &mut Clerk, date: Option<&str>) -> Result<Markup, Unanswerable> {
    let (day, notes) = clerk.day_for_paper(date)?;
    let (words, shop) = (clerk.words(), clerk.shop());
    let back = html! {
        nav.screen {
            ul {
                li { a href="/" { (words.tr("Today")) } }
                li { a href="/days" { (words.tr("Days")) } }
            }
        }
    };
    let title = format!("{}, {}", shop.name, day.date);
    Ok(paper::document(
        words,
        &title,
        &html! { header { (back) } (paper::sheet_of_day(words, &shop.name, &day, &notes)) },
    ))
}

fn draw(clerk: &mut Clerk, page: Page, standing: &Standing, form: &str) -> Markup {
    let sheet = clerk.sheet(page);
    let (words, now) = (clerk.words(), clock::boot_ms());
    let body = match &sheet {
        Sheet::Today(day, _) => html! {
            h2.quiet { (paper::dated(words, &day.date)) }
            (paper::day(words, day))
            p { a href="/day" { (words.tr("Print this day")) } }
        },
        Sheet::Days(range) => paper::days(words, range, |date| format!("/day?date={date}")),
        Sheet::Why(range) => html! {
            p { (words.tr("What shoppers said in the last four weeks, to yesterday")) }
            (paper::reasons(words, &range.reasons))
        },
        Sheet::Notes(sheet) => notes(words, sheet, form),
        Sheet::Post(post) => {
            let known = &standing.post;
            let confirmed = known.office.as_ref().and_then(|office| office.confirmed_ms);
            let confirmed_min = confirmed.map(|at| now.saturating_sub(at) / 60_000);
            let mut whole = post.as_ref().clone();
            whole.is_recording = known.is_recording;
            whole.office.clone_from(&known.office);
            whole.is_clock_known = known.is_clock_known;
            paper::post(words, &whole, confirmed_min)
        }
        // The first count is awaited before a sheet is drawn, and the PIN was asked for.
        Sheet::Pad(_) | Sheet::Counting => html! {},
    };
    let shown = match sheet {
        Sheet::Post(_) => Page::Post,
        _ => page,
    };
    let first = match shown {
        Page::Today => urgent(words, standing, form),
        _ => pointer(words, standing),
    };
    let body = html! { (first) (body) };
    frame(words, &clerk.shop().name, shown, form, &body)
}

/// On the other pages, that there is something to look at on the first.
fn pointer(words: &Words, standing: &Standing) -> Markup {
    let call = standing.alerts.call.filter(|call| call.called == Called::Asked);
    let is_new = standing.alerts.unhappy.is_some_and(|alert| !alert.is_acknowledged);
    html! {
        @if let Some(call) = call {
            p.alarm { a href="/" { (words.tr(paper::call_text(call.called))) } }
        } @else if is_new {
            p.alarm { a href="/" { (words.tr("Just now several shoppers were unhappy.")) } }
        }
    }
}

/// What goes before everything else on the first page, with the way to answer it.
fn urgent(words: &Words, standing: &Standing, form: &str) -> Markup {
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
                p { strong { (words.tr(paper::call_text(call.called))) } }
                @match call.called {
                    Called::Asked => (button("/coming", "On my way", None)),
                    Called::Coming | Called::Missed => {
                        (button("/alert?about=call", "Save", Some("What came of it?")))
                    },
                }
            }
        }
        @if let Some(sentences) = paper::alerts(words, alerts) {
            section.alarm {
                (sentences)
                @if is_open { (button("/alert", "I have it", Some("What was done?"))) }
            }
        }
    }
}

fn notes(words: &Words, sheet: &Notes, form: &str) -> Markup {
    html! {
        @if let Some(notice) = &sheet.notice {
            section.alarm {
                p { (words.fill("Shown to shoppers: {}", &[notice])) }
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
            p { span.quiet { (paper::ltr(when)) } br; (text) }
        }
    }
}

/// A page of the desk: its name, the way to the others, and the way out.
fn frame(words: &Words, shop: &str, page: Page, form: &str, body: &Markup) -> Markup {
    let name = PAGES.iter().find(|(of, ..)| *of == page).map_or("", |(_, _, name)| name);
    let title = format!("{}, {shop}", words.tr(name));
    paper::document(
        words,
        &title,
        &html! {
            header {
                h1 { (shop) }
                nav aria-label=(words.tr("The shop manager's desk")) {
                    ul {
                        @for (of, path, name) in PAGES {
                            li {
                                a href=(path) aria-current=[(of == page).then_some("page")] {
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

async fn note(
    guest: Guest,
    State(inside): State<Inside>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refused> {
    let fields = own_fields(&guest, &headers, form)?;
    // Without words, what is shown is taken down.
    let about = if fields.contains_key("shown") { About::Notice } else { About::Day };
    keep(&inside, about, &fields).await?;
    Ok(go("/notes"))
}

/// Takes the alert on, or says what came of a call.
async fn take_on(
    guest: Guest,
    State(inside): State<Inside>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refused> {
    let fields = own_fields(&guest, &headers, form)?;
    let is_call = asked.get("about").is_some_and(|about| about == About::Call.name());
    let about = if is_call { About::Call } else { About::Alert };
    keep(&inside, about, &fields).await?;
    Ok(go("/"))
}

async fn keep(inside: &Inside, about: About, fields: &Fields) -> Result<(), Refused> {
    let text = fields.get("text").map(String::as_str).unwrap_or_default();
    // A browser sends what is in the field; a line break can only be somebody's own doing.
    if Noted::new(about, text).is_ok() {
        let text = text.to_owned();
        ask_attendant(inside, |reply| Request::Note(about, text, reply)).await?;
    }
    Ok(())
}

async fn come(
    guest: Guest,
    State(inside): State<Inside>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refused> {
    own_fields(&guest, &headers, form)?;
    ask_attendant(&inside, Request::Coming).await?;
    Ok(go("/"))
}

async fn leave(
    guest: Guest,
    State(inside): State<Inside>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refused> {
    own_fields(&guest, &headers, form)?;
    inside.desk.wait_for(move |clerk| clerk.guests().leave(&guest.token)).await?;
    let gone = format!("{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok(([(SET_COOKIE, gone)], go("/pin")).into_response())
}

async fn ask(State(inside): State<Inside>) -> Result<Markup, Refused> {
    let now = clock::boot_ms();
    let pad = move |clerk: &mut Clerk| {
        let denied = clerk.guests().look(now).err();
        pad(clerk, denied)
    };
    Ok(inside.desk.wait_for(pad).await?)
}

async fn enter(
    State(inside): State<Inside>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refused> {
    if !is_from_here(&headers) {
        return Err(Refused::Foreign);
    }
    let Form(fields) = form.map_err(Refused::Form)?;
    let pin = fields.get("pin").cloned().unwrap_or_default();
    let now = clock::boot_ms();
    let enter = move |clerk: &mut Clerk| {
        clerk.guests().enter(pin.trim(), now).map_err(|denied| pad(clerk, Some(denied)))
    };
    match inside.desk.wait_for(enter).await? {
        Ok(token) => {
            let cookie =
                format!("{COOKIE_NAME}={token}; Path=/; Secure; HttpOnly; SameSite=Strict");
            Ok(([(SET_COOKIE, cookie)], go("/")).into_response())
        }
        Err(pad) => Ok((StatusCode::FORBIDDEN, pad).into_response()),
    }
}

/// The page that asks for the PIN, which says nothing of the shop but that there is a desk.
fn pad(clerk: &mut Clerk, denied: Option<Denied>) -> Markup {
    let words = clerk.words();
    let said = denied.map(|denied| match denied {
        Denied::Unset => words.tr("No PIN is set on this kiosk.").to_owned(),
        Denied::Wrong { left } => words.fill("That was not it. Tries left: {}", &[&left]),
        Denied::Wait { ms } if ms > 120_000 => {
            words.fill("Too many wrong tries. Minutes to wait: {}", &[&ms.div_ceil(60_000)])
        }
        Denied::Wait { ms } => {
            words.fill("Too many wrong tries. Seconds to wait: {}", &[&ms.div_ceil(1_000)])
        }
    });
    paper::document(
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

/// What whoever is in gets to see of a page that there is not.
async fn nothing_here(State(inside): State<Inside>) -> Result<Response, Refused> {
    let drawn = inside.desk.wait_for(move |clerk| {
        let words = clerk.words();
        paper::document(
            words,
            "Smilepost",
            &html! { main { p { a href="/" { (words.tr("Today")) } } } },
        )
    });
    Ok((StatusCode::NOT_FOUND, drawn.await?).into_response())
}
