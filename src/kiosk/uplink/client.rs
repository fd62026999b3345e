//! What comes over the way to the hub: by which clock certificates are checked, and how answers are
//! read. They have a limit and are not unpacked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use serde::de::DeserializeOwned;

use crate::clock;
use crate::escape::sentence;
use crate::wire::{self, Refusal};

/// The time by which certificates are checked.
///
/// A board without a clock of its own starts in the past, where no certificate is valid yet; where
/// the network blocks time services, that would never change. So its clock is taken to stand at
/// least at a time that has certainly passed: when this program was built, or what the hub or a
/// time service has told. Certificates are checked all the same, always.
///
/// What was told can be wrong too. If a certificate is invalid by it, the next try uses the board's
/// own clock, as any other program would, but at least the time when this program was built.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    is_doubted: Arc<AtomicBool>,
    floor_ms: Arc<AtomicI64>,
    /// How far UTC is ahead of the boot's clock; unknown until the hub tells it in this boot.
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that never stands before this time, in milliseconds since 1970 UTC.
    pub(super) fn not_before(floor_ms: i64) -> Self {
        if clock::wall_ms() < floor_ms {
            tracing::warn!("the board's clock is behind; certificates are checked by a later time");
        }
        let unknown = AtomicI64::new(i64::MIN);
        let is_doubted = AtomicBool::new(false);
        let floor_ms = AtomicI64::new(floor_ms);
        Self {
            is_doubted: Arc::new(is_doubted),
            floor_ms: Arc::new(floor_ms),
            ahead_ms: Arc::new(unknown),
        }
    }

    /// Switches to the other clock for the next try, since a certificate was invalid by this one.
    pub(super) fn doubt(&self) {
        self.is_doubted.fetch_xor(true, Ordering::Relaxed);
    }

    /// Takes the hub's time, which came over a checked connection, at an instant of this boot.
    pub(super) fn learn(&self, utc_ms: i64, at_boot_ms: u64) {
        let at_boot_ms = i64::try_from(at_boot_ms).unwrap_or(0);
        self.is_doubted.store(false, Ordering::Relaxed);
        self.floor_ms.store(utc_ms, Ordering::Relaxed);
        self.ahead_ms.store(utc_ms.saturating_sub(at_boot_ms), Ordering::Relaxed);
    }

    fn now_ms(&self) -> i64 {
        if self.is_doubted.load(Ordering::Relaxed) {
            return clock::wall_ms().max(clock::built_ms());
        }
        let floor_ms = self.floor_ms.load(Ordering::Relaxed);
        let now_ms = match self.ahead_ms.load(Ordering::Relaxed) {
            i64::MIN => clock::wall_ms(),
            ahead_ms => {
                ahead_ms.saturating_add(i64::try_from(clock::boot_ms()).unwrap_or(i64::MAX))
            }
        };
        now_ms.max(floor_ms)
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let since_1970 = Duration::from_millis(u64::try_from(self.now_ms()).unwrap_or(0));
        Some(UnixTime::since_unix_epoch(since_1970))
    }
}

pub(super) fn is_json(answer: &Response) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_json = |kind: &str| kind.trim().eq_ignore_ascii_case("application/json");
    kind.and_then(|kind| kind.split(';').next()).is_some_and(is_json)
}

/// The seconds that an answer asks us to wait; a date would need a clock that can be trusted.
pub(super) fn retry_after_s(answer: &Response) -> Option<u32> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// Reads an answer; one that is larger than a hub's answers can be counts as empty.
pub(super) async fn read(mut answer: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > wire::ANSWER_BYTES_MAX {
            body.clear();
            break;
        }
    }
    Ok(body)
}

pub(super) fn parse<T: DeserializeOwned>(is_json: bool, body: &[u8]) -> Option<T> {
    if is_json { serde_json::from_slice(body).ok() } else { None }
}

/// What a hub says when it refuses, as it may be logged and shown.
pub(super) fn refusal(is_json: bool, body: &[u8]) -> Option<String> {
    parse::<Refusal>(is_json, body).map(|refusal| sentence(&refusal.refused))
}
