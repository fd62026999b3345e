//! What the desk's page answers: the sheets for whoever is in, the way in for anybody else.

mod draw;

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{
    DefaultBodyLimit, Extension, Form, FromRequest, FromRequestParts, Query,
    Request as HttpRequest, State,
};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, ORIGIN, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::Markup;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::guests::{form_token, is_own_form};
use super::server::IsTooOften;
use super::{Reply, Request};
use crate::clock;
use crate::feedback::note::{About, Noted};
use crate::kiosk::attendant::Event;
use crate::kiosk::desk::counts::clerk::{Clerk, Desk};
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::sheets::html;
use crate::kiosk::desk::sheets::sheet::Page;

/// The most bytes of a form: a note, and what else is in it.
const FORM_BYTES_MAX: usize = 4 * 1_024;

/// The cookie that a guest is known by. Browsers keep the prefix's promise: it was set over TLS, by
/// this host, for all of its pages.
const COOKIE_NAME: &str = "__Host-desk";

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
    request: HttpRequest,
    next: Next,
) -> Response {
    let mut response = if is_too_often {
        let wait = [(RETRY_AFTER, "60")];
        (StatusCode::TOO_MANY_REQUESTS, wait, "Too many requests: wait a minute.\n").into_response()
    } else {
        next.run(request).await
    };
    let style = base64(&Sha256::digest(html::STYLE));
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

/// A form that somebody who is in has sent, from a page of ours.
struct Sent {
    guest: Guest,
    fields: Fields,
}

impl FromRequest<Inside> for Sent {
    type Rejection = Refused;

    async fn from_request(request: HttpRequest, inside: &Inside) -> Result<Self, Refused> {
        let (mut parts, body) = request.into_parts();
        let guest = Guest::from_request_parts(&mut parts, inside).await?;
        let is_from_here = is_from_here(&parts.headers);
        let form = Form::from_request(HttpRequest::from_parts(parts, body), inside).await;
        let Form(fields): Form<Fields> = form.map_err(Refused::Form)?;
        let given = fields.get("form").map(String::as_str).unwrap_or_default();
        match is_from_here && is_own_form(&guest.token, given) {
            true => Ok(Self { guest, fields }),
            false => Err(Refused::Foreign),
        }
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
    let draw = move |clerk: &mut Clerk| draw::sheet(clerk, page, &standing, &form);
    Ok(inside.desk.wait_for(draw).await?)
}

/// One day on a sheet of its own, to be printed.
async fn day(
    _: Guest,
    State(inside): State<Inside>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Markup, Refused> {
    let date = asked.get("date").cloned();
    let drawn = inside.desk.wait_for(move |clerk| draw::day(clerk, date.as_deref())).await?;
    Ok(drawn?)
}

async fn note(
    State(inside): State<Inside>,
    Sent { fields, .. }: Sent,
) -> Result<Response, Refused> {
    // Without words, what is shown is taken down.
    let about = if fields.contains_key("shown") { About::Notice } else { About::Day };
    keep(&inside, about, &fields).await?;
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
    let text = fields.get("text").map(String::as_str).unwrap_or_default();
    // A browser sends what is in the field; a line break can only be somebody's own doing.
    if Noted::new(about, text).is_ok() {
        let text = text.to_owned();
        ask_attendant(inside, |reply| Request::Note(about, text, reply)).await?;
    }
    Ok(())
}

async fn come(State(inside): State<Inside>, _: Sent) -> Result<Response, Refused> {
    ask_attendant(&inside, Request::Coming).await?;
    Ok(go("/"))
}

async fn leave(
    State(inside): State<Inside>,
    Sent { guest, .. }: Sent,
) -> Result<Response, Refused> {
    inside.desk.wait_for(move |clerk| clerk.guests().leave(&guest.token)).await?;
    let gone = format!("{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok(([(SET_COOKIE, gone)], go("/pin")).into_response())
}

async fn ask(State(inside): State<Inside>) -> Result<Markup, Refused> {
    let now = clock::boot_ms();
    let pad = move |clerk: &mut Clerk| {
        let denied = clerk.guests().look(now).err();
        draw::pad(clerk.words(), denied)
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
        clerk
            .guests()
            .enter(pin.trim(), now)
            .map_err(|denied| draw::pad(clerk.words(), Some(denied)))
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

/// What whoever is in gets to see of a page that there is not.
async fn nothing_here(State(inside): State<Inside>) -> Result<Response, Refused> {
    let drawn = inside.desk.wait_for(|clerk| draw::lost(clerk.words()));
    Ok((StatusCode::NOT_FOUND, drawn.await?).into_response())
}
