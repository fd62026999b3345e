//! What the kiosk has to do with others: head office, and the shop manager's phone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::running::{Asker, Kiosk};
use crate::clock;
use crate::feedback::moment::ahead_text;
use crate::file::told;
use crate::finding::{Finding, fine, note, wrong};
use crate::kiosk::pin;
use crate::kiosk::settings::{Enrolment, Settings};
use crate::kiosk::uplink;
use crate::wire::delivery::ClocksApart;
use crate::wire::local::Office;

/// How long the desk's page may take to accept a connection.
const PAGE_MAX: Duration = Duration::from_secs(3);

/// Head office: what the kiosk last heard, and whether the way there works now.
pub(super) fn office(settings: &Settings, kiosk: &Kiosk, asker: Asker) -> Vec<Finding> {
    let enrolment = match Enrolment::read(&settings.data_dir) {
        Ok(Some(enrolment)) => enrolment,
        Ok(None) => {
            return vec![note(
                "head office: not enrolled; ratings stay here until you run `smilepost-kiosk \
                 enrol`",
            )];
        }
        Err(error) => {
            return vec![wrong(format!("head office: {error}; enrol this kiosk again"))];
        }
    };
    let Enrolment { hub, kiosk: name, .. } = &enrolment;
    if hub.is_empty() {
        return vec![note(format!(
            "head office: enrolled as {name} by a letter, so ratings go there on a stick"
        ))];
    }
    let mut findings = Vec::new();
    if let Some(standing) = kiosk.standing() {
        let lacking = kiosk.lacks("uplink");
        findings.push(match (&standing.trouble, standing.heard_s, lacking) {
            (_, _, Some(why)) => wrong(format!("head office: nothing is sent: {why}")),
            (Some(why), _, _) => wrong(format!(
                "head office: the kiosk's last delivery failed ({why}); `smilepost-kiosk doctor` \
                 tries the way there step by step"
            )),
            (None, Some(ago), _) => {
                fine(format!("head office: confirmed a delivery of the kiosk {}", since(ago)))
            }
            (None, None, _) => {
                note("head office: has not answered yet since the kiosk was started")
            }
        });
    }
    // A hub that wants to be left alone for a while is not asked more often for that.
    if asker == Asker::Itself {
        return findings;
    }
    let tried = uplink::probe(&settings.uplink, &enrolment, clock::built_ms());
    findings.push(match tried {
        Ok(worked) => fine(format!("head office: enrolled as {name} at {hub}: {worked}")),
        Err(why) => wrong(format!("head office: enrolled as {name}: {why}")),
    });
    findings
}

fn since(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds ago"),
        120..7_200 => format!("{} minutes ago", seconds / 60),
        _ => format!("{} hours ago", seconds / 3_600),
    }
}

/// Whether the running kiosk and head office disagree about the time, or about the way. Their zones
/// are compared without it.
#[must_use]
pub fn disagreements(heard: &Office) -> Vec<Finding> {
    let clock = heard.clocks_apart.as_ref().map(|ClocksApart { ahead_ms, is_by_ntp }| {
        let ahead = ahead_text(*ahead_ms);
        wrong(match is_by_ntp {
            true => format!(
                "clock: head office's is {ahead} of this kiosk's time service, which decides; have \
                 head office set its clock, or see which servers this kiosk's time service asks"
            ),
            false => format!(
                "clock: head office's is {ahead} of all that this kiosk knows of the time; type \
                 the time with `smilepost-kiosk clock set`, or have head office set its clock"
            ),
        })
    });
    let moving = heard.move_complaint.as_ref().map(|why| {
        wrong(format!(
            "head office: moves to another address, to which this kiosk cannot follow: {why}; it \
             stays at the old one and tries again"
        ))
    });
    clock.into_iter().chain(moving).collect()
}

/// The way by which the command line asks the running kiosk.
pub(super) fn socket(kiosk: &Kiosk) -> Option<Finding> {
    let why = kiosk.lacks("socket")?;
    Some(wrong(format!(
        "socket: {why}, so that the command line cannot ask the running kiosk; it is tried again: \
         make that folder, or change runtime_dir"
    )))
}

/// The shop manager's desk, and calls.
pub(super) fn desk(settings: &Settings, kiosk: &Kiosk) -> Vec<Finding> {
    let mut findings = Vec::new();
    let has_pin = pin::is_set(&settings.data_dir);
    if !has_pin {
        let text = "desk: has no PIN, so nobody can open it: `smilepost-kiosk pin set`";
        findings.push(if settings.phone.is_some() { wrong(text) } else { note(text) });
    }
    match &settings.phone {
        Some(place) => findings.push(page(place.address, kiosk)),
        None if has_pin => {
            findings.push(note("desk: on the screen only, behind its PIN (desk.listen is not set)"))
        }
        None => {}
    }
    if settings.call.is_some() && !settings.screen.is_touched {
        findings.push(wrong(
            "call: on, but screen.touch is false, so no shopper can call: set call.on = false",
        ));
    }
    findings
}

/// Whether the desk's page can be reached; of a kiosk that does not run, whether it could serve it.
fn page(listen: SocketAddr, kiosk: &Kiosk) -> Finding {
    if !cfg!(feature = "phone") {
        return wrong(
            "desk: this program was built without the page for phones: build it with the feature \
             `phone`, or delete desk.listen",
        );
    }
    let own: IpAddr = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    if let Some(why) = kiosk.lacks("page") {
        return wrong(format!(
            "desk: its page is not served yet: {why}; it is tried again: give this board the \
             address, or change desk.listen"
        ));
    }
    let Some(standing) = kiosk.standing() else {
        return match TcpListener::bind(listen) {
            Ok(_) => note(format!("desk: its page will be at {listen} once the kiosk runs")),
            Err(error) => wrong(format!(
                "desk: its page cannot be at {listen} ({}): give this board the address, end \
                 what uses the port, or change desk.listen",
                told(&error)
            )),
        };
    };
    let url = standing.page.clone().unwrap_or_else(|| listen.to_string());
    match TcpStream::connect_timeout(&SocketAddr::new(own, listen.port()), PAGE_MAX) {
        Ok(_) => fine(format!("desk: its page at {url} takes connections")),
        Err(error) => wrong(format!(
            "desk: its page at {url} takes no connection ({}): `sudo systemctl restart \
             smilepost-kiosk`",
            told(&error)
        )),
    }
}
