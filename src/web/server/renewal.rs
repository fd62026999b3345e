//! Files that may be replaced while the program runs: it is noticed when they change, and at a
//! SIGHUP they are taken to have changed.

use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use crate::file::look;

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Calls `renew` whenever one of the files has changed, and at each SIGHUP; never ends.
pub async fn at_change(files: &[PathBuf], mut renew: impl FnMut()) {
    let looks = || files.iter().map(|file| look(file)).collect::<Vec<_>>();
    let mut seen = looks();
    let mut interval = tokio::time::interval(LOOK_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => Some(hangup),
        Err(error) => {
            tracing::error!(%error, "SIGHUP is not heard; changed files are noticed all the same");
            None
        }
    };
    loop {
        let told = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        let is_told = tokio::select! {
            _ = told => true,
            _ = interval.tick() => false,
        };
        let now = looks();
        if is_told || now != seen {
            seen = now;
            renew();
        }
    }
}
