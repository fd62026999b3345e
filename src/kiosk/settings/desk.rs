//! The table `desk`: when the desk closes, and where phones reach it.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::config::Complaints;
use crate::digits;
use crate::web::limits::Limits;

/// Ports below this one need rights that a kiosk does not have.
const PORT_LEAST: u16 = 1_024;

/// Where the page for phones is, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneListen {
    /// The address to listen on.
    pub address: SocketAddr,
    /// A name that the kiosk has on the shop's network, for the address that is shown.
    pub host: Option<String>,
    /// The limits of the page.
    pub limits: PhoneLimits,
}

/// The limits of the page for phones, since anybody on the shop's network can connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneLimits {
    /// How many requests one address may make in a minute.
    pub requests_per_minute: NonZeroU32,
    /// What is borne of connections.
    pub connections: Limits,
}

impl Default for PhoneLimits {
    fn default() -> Self {
        Self {
            requests_per_minute: NonZeroU32::MIN.saturating_add(119),
            connections: Limits {
                connections_max: 32,
                connections_of_one_max: 8,
                requests_max: 1,
                handshake: Duration::from_secs(10),
                headers: Duration::from_secs(10),
                body: Duration::from_secs(10),
                answer: Duration::from_secs(30),
                write: Duration::from_secs(10),
                life: Duration::from_secs(30),
                linger: Duration::from_secs(2),
            },
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DeskPart {
    listen: Option<String>,
    host: Option<String>,
    pub(super) sticks: Option<PathBuf>,
    close_s: Option<u16>,
}

impl DeskPart {
    /// How long the desk stays open while nobody touches it, in milliseconds.
    pub(super) fn stay_ms(&self, complaints: &mut Complaints) -> u64 {
        let close_s = self.close_s.unwrap_or(60);
        let is_sane = (20..=600).contains(&close_s);
        complaints.unless(is_sane, "desk.close_s", "is not 20 to 600 seconds");
        u64::from(close_s) * 1_000
    }

    /// Where the page for phones is; none unless it is configured.
    pub(super) fn check(self, complaints: &mut Complaints) -> Option<PhoneListen> {
        let is_name = |host: &String| {
            let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            (1..=253).contains(&host.len()) && host.chars().all(is_letter)
        };
        let is_fine = self.host.as_ref().is_none_or(is_name);
        complaints.unless(is_fine, "desk.host", "is not a host name such as kiosk-1.local");
        let text = self.listen?;
        let listen: SocketAddr = match digits::plain(text.trim()).parse() {
            Ok(listen) => listen,
            Err(_) => {
                let what = format!("{text:?} is not an address such as 0.0.0.0:8443");
                complaints.add("desk.listen", what);
                return None;
            }
        };
        let is_free = listen.port() >= PORT_LEAST;
        let what = "has a port below 1024, which needs rights that the kiosk does not have";
        complaints.unless(is_free, "desk.listen", what);
        Some(PhoneListen { address: listen, host: self.host, limits: PhoneLimits::default() })
    }
}
