//! The handlers of the desk's page: the sheets with a session, the PIN's page without one.

mod draw;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::rejection::FormRejection;
use axum::extract::{
    DefaultBodyLimit, Extension, Form, FromRequest, FromRequestParts, Query,
    Request as HttpRequest, State,
};
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER, SET_COOKIE,
};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use maud::{Markup, html};
use tokio::sync::oneshot;

use super::entrance::Entrance;
use super::sessions::Entered;
use crate::feedback::note::{About, Noted};
use crate::kiosk::desk::counts::clerk::ClerkThread;
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::phone::talk::{Busy, ReplyTo, Request};
use crate::kiosk::desk::sheets::html;
use crate::kiosk::desk::sheets::sheet::{Sheet, Tab, Written};
use crate::kiosk::desk::sheets::translations::Translations;
use crate::kiosk::pin::Caller;
use crate::kiosk::settings::PhoneLimits;
use crate::web::guard::{is_from_here, protect, protect_scripted};
use crate::web::hosts::Hosts;
use crate::web::net::Net;
use crate::web::page;
use crate::web::session::{SessionCookie, form_token, is_own_form};

/// The one script of the pages, which they can do without.
const SCRIPT: &str = include_str!("pages/desk.js");

/// The most bytes of a form: a note, and the other fields.
const FORM_BYTES_MAX: usize = 4 * 1_024;

/// How many nets are remembered before those that have been quiet are forgotten.
const NETS_MAX: usize = 256;

/// The cookie that a session is known by.
const COOKIE: SessionCookie = SessionCookie("__Host-desk");

/// The cookie that a device is known by which was in before.
const DEVICE: SessionCookie = SessionCookie("__Host-desk-device");

/// How long a device is known after it came in, in seconds: as long as browsers keep a cookie.
const DEVICE_S: u32 = 400 * 24 * 60 * 60;

/// Passes a request on to the attendant.
type Ask = Box<dyn Fn(Request) -> Result<(), Busy> + Send + Sync>;

/// What every handler uses.
#[derive(Clone)]
struct Inside {
    clerk: ClerkThread,
    entrance: Entrance,
    ask: Arc<Ask>,
    words: Arc<Translations>,
    /// How often each net asks.
    rate: Arc<DefaultKeyedRateLimiter<Net>>,
}

impl Inside {
    fn now_ms(&self) -> u64 {
        self.clerk.clocks().boot_ms
    }
}

pub(super) fn routes(
    clerk: ClerkThread,
    entrance: Entrance,
    ask: Ask,
    limits: PhoneLimits,
    hosts: Hosts,
) -> Router {
    let words = Arc::new(Translations::of(clerk.language()));
    let rate = Arc::new(RateLimiter::hashmap(Quota::per_minute(limits.requests_per_minute)));
    let inside = Inside { clerk, entrance, ask: Arc::new(ask), words, rate };
    let routes = Router::new()
        .route("/", get(|session, inside| sheet(session, inside, Tab::Today)))
        .route("/days", get(|session, inside| sheet(session, inside, Tab::Days)))
        .route("/why", get(|session, inside| sheet(session, inside, Tab::Why)))
        .route("/notes", get(|session, inside| sheet(session, inside, Tab::Notes)).post(note))
        .route("/kiosk", get(|session, inside| sheet(session, inside, Tab::Health)))
        .route("/day", get(day))
        .route("/outcome", get(outcome))
        .route("/preview", post(preview))
        .route("/note", get(one_note).post(mend))
        .route("/withdraw", post(withdraw))
        .route("/waiting", get(waiting))
        .route("/desk.js", get(script))
        .route("/alert", post(take_on))
        .route("/coming", post(come))
        .route("/leave", post(leave))
        .route("/pin", get(ask_pin).post(enter))
        .fallback(|_: Session, inside| nothing_here(inside))
        .method_not_allowed_fallback(|_: Session, inside| nothing_here(inside))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(inside.clone());
    hosts.guard(routes).layer(from_fn_with_state(inside, fence))
}

/// Limits how often an address may ask, and protects every answer with the headers of
/// [`protect_scripted`].
async fn fence(
    State(inside): State<Inside>,
    Extension(net): Extension<Net>,
    request: HttpRequest,
    next: Next,
) -> Response {
    if inside.rate.len() > NETS_MAX {
        inside.rate.retain_recent();
    }
    let is_for_people = page::is_for_people(request.headers());
    let is_too_often = inside.rate.check_key(&net).is_err();
    let mut response = if is_too_often {
        let wait = [(RETRY_AFTER, "60")];
        (StatusCode::TOO_MANY_REQUESTS, wait, "Too many requests: wait a minute.\n").into_response()
    } else {
        next.run(request).await
    };
    if is_for_people && is_text(&response) {
        return as_page(response).await;
    }
    protect_scripted(response.headers_mut(), html::STYLE);
    response
}

/// Whether an answer is a bare sentence.
fn is_text(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    !response.status().is_success() && kind.is_some_and(|kind| kind.starts_with("text/plain"))
}

/// The same sentence as a page, with a way back.
async fn as_page(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let said = to_bytes(body, FORM_BYTES_MAX).await.unwrap_or_default();
    let more = html! { p { a href="/" { "Smilepost" } } };
    let page = page::sentence(&String::from_utf8_lossy(&said), &more);
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    let mut response = (parts.status, parts.headers, page).into_response();
    protect(response.headers_mut(), page::SENTENCE_STYLE);
    response
}

/// A request that is not served.
enum Refused {
    /// There is no session with this cookie: the PIN is asked for.
    Out,
    /// The form did not come from this page.
    Foreign,
    /// The form cannot be read.
    Form(FormRejection),
    /// The date or the range is invalid.
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

impl From<Busy> for Refused {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Out => go("/pin"),
            Self::Foreign => {
                let sentence = "This form was not sent by the desk's own page: open it again.\n";
                (StatusCode::FORBIDDEN, sentence).into_response()
            }
            Self::Form(rejection) => {
                let sentence = match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => "This is too long: shorten the text.\n",
                    _ => "This form came in pieces: go back, and send it once more.\n",
                };
                (rejection.status(), sentence).into_response()
            }
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

/// Sends the browser to another page.
fn go(to: &'static str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// A session, by its cookie.
struct Session {
    token: String,
}

impl FromRequestParts<Inside> for Session {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, inside: &Inside) -> Result<Self, Refused> {
        let token = COOKIE.read(&parts.headers).ok_or(Refused::Out)?;
        let tried = token.clone();
        let now_ms = inside.now_ms();
        let is_in = inside.entrance.ask(move |sessions| sessions.use_session(&tried, now_ms));
        if is_in.await? { Ok(Self { token }) } else { Err(Refused::Out) }
    }
}

type Fields = BTreeMap<String, String>;

/// A form that was sent within a session, from our own page.
struct Sent {
    session: Session,
    fields: Fields,
}

impl FromRequest<Inside> for Sent {
    type Rejection = Refused;

    async fn from_request(request: HttpRequest, inside: &Inside) -> Result<Self, Refused> {
        let (mut parts, body) = request.into_parts();
        let session = Session::from_request_parts(&mut parts, inside).await?;
        let is_from_here = is_from_here(&parts.headers);
        let form = Form::from_request(HttpRequest::from_parts(parts, body), inside).await;
        let Form(fields): Form<Fields> = form.map_err(Refused::Form)?;
        let given = fields.get("form").map(String::as_str).unwrap_or_default();
        if is_from_here && is_own_form(&session.token, given) {
            Ok(Self { session, fields })
        } else {
            Err(Refused::Foreign)
        }
    }
}

/// Asks the attendant.
async fn ask_attendant<T>(
    inside: &Inside,
    request: impl FnOnce(ReplyTo<T>) -> Request,
) -> Result<T, Refused> {
    let (reply, answer) = oneshot::channel();
    (inside.ask)(request(reply))?;
    answer.await.map_err(|_| Refused::Busy)
}

fn frame<'a>(inside: &'a Inside, form: &'a str) -> draw::Frame<'a> {
    draw::Frame { words: &inside.words, shop: inside.clerk.shop_name(), form }
}

/// What was written into a field of a form; nothing where it has none of this name.
fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(String::as_str).unwrap_or_default()
}

async fn sheet(
    session: Session,
    State(inside): State<Inside>,
    page: Tab,
) -> Result<Markup, Refused> {
    let standing = ask_attendant(&inside, Request::Look).await?;
    let form = form_token(&session.token);
    let sheet = inside.clerk.wait_for(move |clerk| clerk.sheet(page)).await?;
    let frame = frame(&inside, &form);
    Ok(draw::sheet(&frame, page, &sheet, &standing, inside.now_ms()))
}

/// Whether somebody is needed: nothing, or a word that changes with each call and alert.
async fn waiting(_: Session, State(inside): State<Inside>) -> Result<String, Refused> {
    let standing = ask_attendant(&inside, Request::Look).await?;
    Ok(draw::waiting(&standing.alerts))
}

async fn script(_: Session) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], SCRIPT)
}

/// Asks what came of a call, or of an alert.
async fn outcome(
    session: Session,
    State(inside): State<Inside>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Markup {
    let is_call = asked.get("about").is_some_and(|about| about == About::Call.name());
    let about = if is_call { About::Call } else { About::Alert };
    let form = form_token(&session.token);
    let frame = frame(&inside, &form);
    draw::outcome(&frame, about)
}

/// One day on a sheet of its own, to be printed.
async fn day(
    _: Session,
    State(inside): State<Inside>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Markup, Refused> {
    let date = asked.get("date").cloned();
    let day = inside.clerk.wait_for(move |clerk| clerk.day_for_paper(date.as_deref()));
    let (day, notes) = day.await??;
    Ok(draw::day(&inside.words, &day.shop, &day, &notes))
}

async fn note(
    State(inside): State<Inside>,
    Sent { fields, .. }: Sent,
) -> Result<Response, Refused> {
    // An empty text takes down what shoppers are shown.
    let about = if fields.contains_key("shown") { About::Notice } else { About::Day };
    keep(&inside, about, &fields).await?;
    Ok(go("/notes"))
}

/// Shows what shoppers will see, before they do.
async fn preview(
    State(inside): State<Inside>,
    Sent { session, fields }: Sent,
) -> Result<Response, Refused> {
    let form = form_token(&session.token);
    let frame = frame(&inside, &form);
    match Noted::notice(field(&fields, "said"), field(&fields, "text")) {
        Ok(notice) if !notice.text().is_empty() => {
            Ok(draw::preview(&frame, &notice, field(&fields, "note")).into_response())
        }
        _ => Ok(go("/notes")),
    }
}

/// A note as it stands now; none where it is too old, or withdrawn.
async fn find_note(inside: &Inside, name: &str) -> Result<Option<Written>, Refused> {
    let sheet = inside.clerk.wait_for(|clerk| clerk.sheet(Tab::Notes)).await?;
    let written = match sheet {
        Sheet::Notes(notes) => notes.written,
        _ => Vec::new(),
    };
    Ok(written.into_iter().find(|written| written.name() == name))
}

/// One note, to be mended or withdrawn.
async fn one_note(
    session: Session,
    State(inside): State<Inside>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Response, Refused> {
    let name = asked.get("note").cloned().unwrap_or_default();
    let form = form_token(&session.token);
    let frame = frame(&inside, &form);
    Ok(match find_note(&inside, &name).await? {
        Some(written) => draw::one_note(&frame, &written).into_response(),
        None => go("/notes"),
    })
}

async fn mend(
    State(inside): State<Inside>,
    Sent { fields, .. }: Sent,
) -> Result<Response, Refused> {
    if let Some(Written { id, noted, .. }) = find_note(&inside, field(&fields, "note")).await? {
        let mended = Noted::new(noted.about(), field(&fields, "text"));
        let mended = mended.and_then(|mended| mended.saying(field(&fields, "said")));
        if let Ok(mended) = mended.map(|mended| mended.mending(id)) {
            ask_attendant(&inside, |reply| Request::Note(mended, reply)).await?;
        }
    }
    Ok(go("/notes"))
}

async fn withdraw(
    State(inside): State<Inside>,
    Sent { fields, .. }: Sent,
) -> Result<Response, Refused> {
    let name = field(&fields, "note");
    if let Some(Written { id, .. }) = find_note(&inside, name).await? {
        ask_attendant(&inside, |reply| Request::Note(Noted::withdrawing(id), reply)).await?;
    }
    Ok(go("/notes"))
}

/// Takes the alert on, or says what came of a call.
async fn take_on(
    State(inside): State<Inside>,
    Query(asked): Query<BTreeMap<String, String>>,
    Sent { fields, .. }: Sent,
) -> Result<Response, Refused> {
    let is_call = asked.get("about").is_some_and(|about| about == About::Call.name());
    let about = if is_call { About::Call } else { About::Alert };
    keep(&inside, about, &fields).await?;
    Ok(go("/"))
}

async fn keep(inside: &Inside, about: About, fields: &Fields) -> Result<(), Refused> {
    // A browser's field has one line; only a forged form has a line break.
    let noted = Noted::new(about, field(fields, "text"))
        .and_then(|noted| noted.saying(field(fields, "said")));
    if let Ok(noted) = noted {
        ask_attendant(inside, |reply| Request::Note(noted, reply)).await?;
    }
    Ok(())
}

async fn come(State(inside): State<Inside>, _: Sent) -> Result<Response, Refused> {
    ask_attendant(&inside, Request::Coming).await?;
    Ok(go("/"))
}

async fn leave(
    State(inside): State<Inside>,
    Sent { session, .. }: Sent,
) -> Result<Response, Refused> {
    inside.entrance.ask(move |sessions| sessions.leave(&session.token)).await?;
    Ok(([(SET_COOKIE, COOKIE.forget())], go("/pin")).into_response())
}

/// Asks for the PIN.
async fn ask_pin(
    State(inside): State<Inside>,
    Extension(net): Extension<Net>,
    headers: HeaderMap,
) -> Result<Markup, Refused> {
    let (caller, now_ms) = (caller(net, &headers), inside.now_ms());
    let denied = inside.entrance.ask(move |sessions| sessions.look(&caller, now_ms).err());
    let denied = denied.await?;
    Ok(draw::pad(&inside.words, denied))
}

/// Whose tries are counted.
fn caller(net: Net, headers: &HeaderMap) -> Caller {
    Caller { address: net.to_string(), device: DEVICE.read(headers) }
}

async fn enter(
    State(inside): State<Inside>,
    Extension(net): Extension<Net>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Refused> {
    if !is_from_here(&headers) {
        return Err(Refused::Foreign);
    }
    let Form(fields) = form.map_err(Refused::Form)?;
    let pin = fields.get("pin").cloned().unwrap_or_default();
    let (caller, now_ms) = (caller(net, &headers), inside.now_ms());
    let entered = inside.entrance.ask(move |sessions| sessions.enter(pin.trim(), &caller, now_ms));
    match entered.await? {
        Ok(Entered { token, device }) => {
            let cookies = [COOKIE.keep(&token), DEVICE.keep_for(&device, DEVICE_S)];
            let cookies = AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie)));
            Ok((cookies, go("/")).into_response())
        }
        Err(denied) => {
            let pad = draw::pad(&inside.words, Some(denied));
            Ok((StatusCode::FORBIDDEN, pad).into_response())
        }
    }
}

/// The answer to an unknown page, for somebody who is logged in.
async fn nothing_here(State(inside): State<Inside>) -> Result<Response, Refused> {
    Ok((StatusCode::NOT_FOUND, draw::lost(&inside.words)).into_response())
}
