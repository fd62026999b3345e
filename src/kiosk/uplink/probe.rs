//! Tries the way to head office step by step, for `doctor`: the name, the connection, the
//! certificate by the kiosk's own time, the hub behind it, and the kiosk's token.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Response, StatusCode};
use tokio::time::timeout;

use super::client::{Clock, is_json, read};
use super::connector::Connector;
use super::why::is_certificate;
use crate::escape::chain;
use crate::kiosk::settings::{self, Enrolment};
use crate::wire::survey::SURVEY;

/// How long each step may take.
const STEP_MAX: Duration = Duration::from_secs(8);

/// The way that a hub says that it lives.
const ALIVE: &str = "/healthz";

/// Takes the steps; `floor_ms` is a time that has certainly passed, in milliseconds since 1970 UTC.
/// Returns what worked, in words.
///
/// # Errors
/// The first step that failed, as a sentence that names what cures it.
pub(super) async fn steps(
    settings: &settings::Uplink,
    enrolment: &Enrolment,
    floor_ms: i64,
) -> Result<String, String> {
    let clock = Clock::not_before(floor_ms);
    let mut way = Connector::to(settings, &enrolment.hub, clock).map_err(|error| chain(&error))?;
    way.client().map_err(|error| chain(&error))?;
    let (host, port, proxy) = way.ends();
    let over = match proxy {
        // Behind a proxy, names and connections are the proxy's.
        Some(proxy) => format!("the proxy {proxy}"),
        None => {
            let address = connect(host, &find(host, port).await?).await?;
            format!("the name {host}, a connection to {address}")
        }
    };
    greet(&mut way).await?;
    show_token(&mut way, enrolment).await?;
    let safely = if way.hub().starts_with("https") { "its certificate, " } else { "" };
    Ok(format!("{over}, {safely}the hub and the token work"))
}

async fn find(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let cure = "check the network's cable or Wi-Fi and its name server, and the address that was \
                given to `smilepost-kiosk enrol`";
    match timeout(STEP_MAX, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(error)) => Err(format!("the name {host} is not found ({error}): {cure}")),
        Err(_) => Err(format!("no name server has answered for {host}: {cure}")),
    }
}

async fn connect(host: &str, addresses: &[SocketAddr]) -> Result<SocketAddr, String> {
    let mut last = "it has no address".to_owned();
    for address in addresses {
        match timeout(STEP_MAX, tokio::net::TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(*address),
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => last = format!("{address} does not answer"),
        }
    }
    Err(format!(
        "there is no connection to {host} ({last}): is the hub running, and does the shop's \
         firewall let this port through?"
    ))
}

/// Asks whether a hub lives there; a certificate is checked by both clocks, as the uplink does it.
async fn greet(way: &mut Connector) -> Result<(), String> {
    let mut asked = ask(way, ALIVE, None).await;
    if matches!(&asked, Ok(Err(error)) if is_certificate(error)) {
        way.doubt();
        asked = ask(way, ALIVE, None).await;
    }
    let hub = way.hub();
    let answer = match asked {
        Err(why) => return Err(why),
        Ok(Err(error)) => return Err(way.why(&error)),
        Ok(Ok(answer)) => answer,
    };
    let status = answer.status();
    let body = timeout(STEP_MAX, read(answer)).await;
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    match status.is_success() && body.starts_with(b"alive") {
        true => Ok(()),
        false => Err(format!(
            "{hub} answered {status}, but not as a hub does: is it the hub's address, or does a \
             sign-in page of the network stand before it?"
        )),
    }
}

/// Asks for a page of the hub, in time.
async fn ask(
    way: &mut Connector,
    path: &str,
    token: Option<&str>,
) -> Result<reqwest::Result<Response>, String> {
    let client = way.client().map_err(|error| chain(&error))?;
    let hub = way.hub();
    let request = client.get(format!("{hub}{path}"));
    let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
    let late = |_| format!("{hub} takes connections and does not answer: restart the hub");
    timeout(STEP_MAX, request.send()).await.map_err(late)
}

/// Asks for the survey, which only a kiosk that is known gets.
async fn show_token(way: &mut Connector, enrolment: &Enrolment) -> Result<(), String> {
    for token in enrolment.tokens() {
        let answer = ask(way, SURVEY, Some(token)).await?.map_err(|error| way.why(&error))?;
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {}
            status if status.is_success() && is_json(&answer) => return Ok(()),
            status => {
                return Err(format!(
                    "{} answered {status} to the kiosk's token: see the hub's log",
                    way.hub()
                ));
            }
        }
    }
    Err(format!(
        "{} does not know this kiosk's token: have `smilepost-hub kiosk code {}` print a new code, \
         and type it with `smilepost-kiosk enrol` here",
        way.hub(),
        enrolment.kiosk
    ))
}
