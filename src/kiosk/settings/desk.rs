//! The table `desk`: when the desk closes, and where phones reach it.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::config::Complaints;
use crate::kiosk::desk::phone::Place;

/// Ports below this one need rights that a kiosk does not have.
const PORT_LEAST: u16 = 1_024;

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

    /// Where the page for phones is; none where none is wanted.
    pub(super) fn check(self, complaints: &mut Complaints) -> Option<Place> {
        let is_name = |host: &String| {
            let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            (1..=253).contains(&host.len()) && host.chars().all(is_letter)
        };
        let is_fine = self.host.as_ref().is_none_or(is_name);
        complaints.unless(is_fine, "desk.host", "is not a host name such as kiosk-1.local");
        let text = self.listen?;
        let listen: SocketAddr = match text.parse() {
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
        Some(Place { listen, host: self.host })
    }
}
