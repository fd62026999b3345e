//! What kiosks may ask of the hub: to be let in, and to have their events stored.
//!
//! A delivery is answered only after everything that its receipt names is durable. Events are read
//! one by one: what one of them has wrong is said of that one and holds up no other. The receipt
//! says of each event either that it is settled or why it is set aside.

pub mod refusal;

use std::io::Read as _;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use self::refusal::Refusal;
use super::archive::{
    self, Archive, Arrived, Bearer, Incoming, Kiosk, Shipment, Shop, Stored, Token, Way,
};
use super::secrets::{self, Door, Limits};
use crate::carried::file::write_keys;
use crate::carried::seal::HubPublic;
use crate::clock;
use crate::feedback::outbox::EVENTS_MAX;
use crate::feedback::rating::{RatingId, RunId};
use crate::wire::delivery::{self, Delivery, Run, Unusable};
use crate::wire::receipt::{Receipt, SetAside, Settled};
use crate::wire::survey::{self, Published};
use crate::wire::{self, BODY_BYTES_MAX, Enrolled, Enrolment, Renewed};

/// The most anchors of one delivery.
const ANCHORS_MAX: usize = 1_000;

/// The most characters that are kept of what a kiosk says against its survey.
const COMPLAINT_CHARS_MAX: usize = 1_000;

/// What every handler shares.
type Inside<A> = (A, Arc<Door>, HubPublic);

/// Under which those are counted who have no name yet: no kiosk has an empty one.
const STRANGERS: &str = "";

/// The routes of the API.
pub fn routes<A: Archive>(archive: A, limits: Limits, keys: HubPublic) -> Router {
    let door = Arc::new(Door::new(limits));
    Router::new()
        .route(wire::ENROLMENTS, post(enrol::<A>))
        .route(wire::DELIVERIES, post(deliver::<A>))
        .route(wire::TOKENS, post(renew::<A>))
        .route(survey::SURVEY, get(hand_out::<A>))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready::<A>))
        .fallback(|| async { Refusal::NotFound })
        .method_not_allowed_fallback(|| async { Refusal::NotFound })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state((archive, door, keys))
}

/// Whether deliveries can be stored; unlike `/healthz`, which says only that the process lives.
async fn ready<A: Archive>(
    State((archive, door, _)): State<Inside<A>>,
) -> Result<impl IntoResponse, Refusal> {
    door.knock(STRANGERS, clock::boot_ms())?;
    archive.touch().await?;
    Ok((StatusCode::OK, "ready\n"))
}

/// What a kiosk gets to know that was let in.
#[must_use]
pub fn enrolled(kiosk: Kiosk, shop: Shop, token: String, keys: &HubPublic) -> Enrolled {
    let hub_keys = Some(write_keys(keys));
    let (touchpoint, zone) = (kiosk.touchpoint, shop.zone);
    Enrolled { kiosk: kiosk.id, token, shop: shop.name, zone, touchpoint, hub_keys }
}

async fn enrol<A: Archive>(
    State((archive, door, keys)): State<Inside<A>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Enrolled>, Refusal> {
    door.knock(STRANGERS, clock::boot_ms())?;
    let Enrolment { code, app } = read(&headers, body)?;
    let token = secrets::new_token();
    let (code, made) = (secrets::code_hash(&code), Token::of(&token)?);
    let spent = archive.spend_code(code, made, clock::wall_ms()).await?;
    let (kiosk, shop) = spent.ok_or(Refusal::BadCode)?;
    tracing::info!(kiosk = kiosk.id, app, "a kiosk was enrolled");
    Ok(Json(enrolled(kiosk, shop, token, &keys)))
}

async fn deliver<A: Archive>(
    State((archive, door, _)): State<Inside<A>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Receipt>, Refusal> {
    // Who it is comes first, so that a stranger costs us no unpacking.
    let Bearer { kiosk, is_old, .. } = bearer(&archive, &headers).await?;
    let _inside = door.enter(&kiosk, clock::boot_ms())?;
    let delivery: Delivery = read(&headers, body)?;
    let Delivery { nonce, .. } = &delivery;
    let nonce = nonce.clone();
    let (shipment, mut set_aside) = check(kiosk, delivery, Way::Sent)?;
    let kiosk = shipment.kiosk.clone();
    let Stored {
        settled,
        conflicts,
        stored,
        added,
        epoch,
        publication,
        pin,
        is_clone,
        is_restored,
    } = archive.store(shipment).await?;
    if is_restored {
        tracing::error!(kiosk, "the archive was restored from a backup: kiosks offer all again");
    }
    if is_clone {
        tracing::error!(kiosk, "two devices use this token: revoke it and enrol the right one");
    }
    set_aside.extend(conflicts.into_iter().map(|id| {
        let (run, n) = (id.run.to_string(), id.n);
        tracing::error!(kiosk, run, n, "conflict: an event came again with other content");
        in_conflict(id)
    }));
    for SetAside { run, n, reason } in &set_aside {
        tracing::warn!(kiosk, run, n, reason, "an event was set aside");
    }
    let hub_time_ms = clock::wall_ms();
    Ok(Json(Receipt {
        nonce,
        settled: by_run(settled),
        set_aside,
        hub_time_ms,
        hub_epoch: epoch,
        publication: Some(publication),
        stored: Some(stored),
        added: Some(added),
        pin,
        is_token_old: is_old,
    }))
}

/// What is said of an event that stands for another one here.
pub(in crate::hub) fn in_conflict(id: RatingId) -> SetAside {
    let reason = "this run and number already stand for another event".to_owned();
    SetAside { run: id.run.to_string(), n: id.n, reason }
}

/// Hands out the survey that is meant for a kiosk; nothing, when it is the one that it has.
async fn hand_out<A: Archive>(
    State((archive, door, _)): State<Inside<A>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Bearer { kiosk, .. } = bearer(&archive, &headers).await?;
    let _inside = door.enter(&kiosk, clock::boot_ms())?;
    let found = archive.survey(kiosk.clone()).await?;
    let publication = found.as_ref().map_or(0, |found| found.number);
    let epoch = archive.epoch().await?;
    let tag = [(ETAG, survey::etag(epoch, publication))];
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    if known.is_some_and(|known| known == tag[0].1) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    let content = found.and_then(|found| found.content);
    // It was checked before it was published, and what is newer than this program reads its way.
    let survey = content.map(|content| serde_json::from_str(&content)).transpose();
    let survey = survey.map_err(|error| archive::Error::new("read a survey", error))?;
    tracing::info!(kiosk, publication, "a survey was handed out");
    Ok((tag, Json(Published { epoch, publication, survey })).into_response())
}

/// Gives a kiosk a token that is to follow the one it came in by; that one is good until the new
/// one is used.
async fn renew<A: Archive>(
    State((archive, door, _)): State<Inside<A>>,
    headers: HeaderMap,
) -> Result<Json<Renewed>, Refusal> {
    let Bearer { kiosk, .. } = bearer(&archive, &headers).await?;
    let _inside = door.enter(&kiosk, clock::boot_ms())?;
    let (present, token) = (secrets::token_hash(token_in(&headers)?), secrets::new_token());
    tracing::info!(kiosk, "a new token was given out");
    let next = Token::of(&token)?;
    archive.add_next_token(kiosk, present, next, clock::wall_ms()).await?;
    Ok(Json(Renewed { token }))
}

fn token_in(headers: &HeaderMap) -> Result<&str, Refusal> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    token.map(str::trim).ok_or(Refusal::Unauthorised)
}

/// Whom the request's token lets in. One that was to follow another takes its place now.
async fn bearer<A: Archive>(archive: &A, headers: &HeaderMap) -> Result<Bearer, Refusal> {
    let token = token_in(headers)?;
    let (hash, now_ms) = (secrets::token_hash(token), clock::wall_ms());
    let bearer = archive.bearer(hash, now_ms - secrets::TOKEN_LIFE_MS).await?;
    let bearer = bearer.ok_or(Refusal::Unauthorised)?;
    if !bearer.has_key {
        // A token of before deliveries were carried: it may sign one from now on.
        archive.note_key(Token::of(token)?).await?;
    }
    if bearer.is_next {
        archive.confirm_token(hash, now_ms).await?;
        tracing::info!(kiosk = bearer.kiosk, "the new token is in use, and the old one is not");
        return Ok(Bearer { is_next: false, is_old: false, ..bearer });
    }
    Ok(bearer)
}

/// Unpacks and parses a body, up to the limit before and after unpacking.
fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Refusal> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge(BODY_BYTES_MAX),
        _ => Refusal::Incomplete,
    })?;
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map_or("identity", |value| value.to_str().unwrap_or("unreadable"));
    let json = match encoding {
        "identity" => body.to_vec(),
        "gzip" => gunzip(&body)?,
        other => return Err(Refusal::Encoding(other.to_owned())),
    };
    serde_json::from_slice(&json)
        .map_err(|error| Refusal::Malformed(format!("the body cannot be read: {error}")))
}

fn gunzip(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut json = Vec::new();
    let limit = u64::try_from(BODY_BYTES_MAX + 1).unwrap_or(u64::MAX);
    let read = flate2::read::MultiGzDecoder::new(packed).take(limit).read_to_end(&mut json);
    match read {
        Ok(_) if json.len() > BODY_BYTES_MAX => Err(Refusal::TooLarge(BODY_BYTES_MAX)),
        Ok(_) => Ok(json),
        Err(error) => Err(Refusal::Malformed(format!("the body is not whole gzip: {error}"))),
    }
}

/// Reads everything in a delivery, and says of each event that cannot be used why not.
pub(in crate::hub) fn check(
    kiosk: String,
    delivery: Delivery,
    way: Way,
) -> Result<(Shipment, Vec<SetAside>), Refusal> {
    let events: usize = delivery.runs.iter().map(|run| run.events.len()).sum();
    if events > EVENTS_MAX {
        let sentence = format!("a delivery has {events} events; at most {EVENTS_MAX} are taken");
        return Err(Refusal::Unacceptable(sentence));
    }
    if delivery.nonce.is_empty() || delivery.nonce.len() > 64 || delivery.app.len() > 100 {
        return Err(Refusal::Unacceptable("nonce or app is empty or too long".to_owned()));
    }
    let mut anchors = Vec::new();
    for boot in &delivery.boots {
        let id = boot.id().map_err(Refusal::Unacceptable)?;
        // A source that this version does not know tells it nothing.
        anchors.extend(boot.anchors.iter().filter_map(|tie| Some((id, tie.anchor()?))));
    }
    if anchors.len() > ANCHORS_MAX {
        return Err(Refusal::Unacceptable(format!("more than {ANCHORS_MAX} anchors")));
    }
    let live = delivery.live.as_deref().map(str::parse).transpose();
    let live: Option<RunId> =
        live.map_err(|error| Refusal::Unacceptable(format!("live: {error}")))?;
    let (mut runs, mut set_aside, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for run in &delivery.runs {
        let arrived = check_run(run, &mut set_aside)?;
        let new = set_aside.get(refused.len()..).unwrap_or_default().iter();
        let id = |aside: &SetAside| RatingId { run: arrived.run, n: aside.n };
        refused.extend(new.map(|aside| (id(aside), aside.reason.clone())).collect::<Vec<_>>());
        runs.push(arrived);
    }
    let shipment = Shipment {
        kiosk,
        way,
        received_ms: clock::wall_ms(),
        app: delivery.app,
        anchors,
        live,
        known: delivery.known,
        publication: delivery.publication,
        pin: delivery.pin,
        survey_complaint: delivery
            .survey_complaint
            .map(|complaint| complaint.chars().take(COMPLAINT_CHARS_MAX).collect()),
        runs,
        counters: delivery.counters,
        refused,
    };
    Ok((shipment, set_aside))
}

fn check_run(run: &Run, set_aside: &mut Vec<SetAside>) -> Result<Arrived, Refusal> {
    let id = run.id().map_err(Refusal::Unacceptable)?;
    let boot = run.boot_id().map_err(Refusal::Unacceptable)?;
    let mut events = Vec::with_capacity(run.events.len());
    for event in &run.events {
        match delivery::read(event) {
            Ok(read) => {
                let content = delivery::canonical(event);
                events.push(Incoming { event: read, digest: digest(&content), content });
            }
            Err(nameless @ Unusable::Nameless) => {
                return Err(Refusal::Unacceptable(format!("run {id}: {nameless}")));
            }
            Err(Unusable::Malformed { n, why }) => {
                set_aside.push(SetAside { run: run.run.clone(), n, reason: why });
            }
        }
    }
    Ok(Arrived { run: id, boot, taken: run.taken, events })
}

/// The first half of a SHA-256: enough that no two contents share it by chance.
fn digest(content: &str) -> [u8; 16] {
    let whole: [u8; 32] = Sha256::digest(content).into();
    whole.first_chunk().copied().unwrap_or_default()
}

pub(in crate::hub) fn by_run(ids: Vec<RatingId>) -> Vec<Settled> {
    let mut runs = std::collections::BTreeMap::<RunId, Vec<u32>>::new();
    for id in ids {
        runs.entry(id.run).or_default().push(id.n);
    }
    runs.into_iter().map(|(run, numbers)| Settled::of(run.to_string(), numbers)).collect()
}
