//! The gate for kiosks: how often each may ask, and how many requests are served at once.
//!
//! After an outage all kiosks return, and a hub that answers some of them is better than one that
//! answers none. Whoever is turned away is told how long to wait. The counts are in memory, so
//! several hubs would each allow the whole limit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::hub::settings::Limits;

/// Why a kiosk has to wait, and for how many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wait {
    /// It asks more often than it may.
    #[error("this kiosk asks too often; wait {0} seconds")]
    TooOften(u32),
    /// The hub serves as many kiosks as it can.
    #[error("the hub is busy; wait {0} seconds")]
    Busy(u32),
}

/// The longest wait, in seconds, that a busy hub asks for; each kiosk is told another one.
const BUSY_MAX_S: u32 = 30;

const MINUTE_MS: u64 = 60_000;

/// Lets kiosks in, up to both limits.
#[derive(Debug)]
pub struct Gate {
    rate: RateLimit,
    places: Arc<Semaphore>,
}

impl Gate {
    /// A gate with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let places = usize::try_from(limits.deliveries_at_once).unwrap_or(usize::MAX);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let rate = RateLimit { per_minute: limits.requests_per_minute, counts: Mutex::default() };
        Self { rate, places }
    }

    /// Lets a kiosk in at this time of the boot's clock, for as long as it holds what is returned.
    ///
    /// # Errors
    /// When it asks too often, or too many requests are being served.
    pub fn enter(&self, kiosk: &str, now_ms: u64) -> Result<OwnedSemaphorePermit, Wait> {
        self.count(kiosk, now_ms)?;
        let place = Arc::clone(&self.places).try_acquire_owned();
        // Kiosks that are turned away get different waits, so that they do not return together.
        place.map_err(|_| Wait::Busy(rand::random_range(1..=BUSY_MAX_S)))
    }

    /// Counts a request at this time of the boot's clock.
    ///
    /// # Errors
    /// When whoever makes it asks too often.
    pub fn count(&self, who: &str, now_ms: u64) -> Result<(), Wait> {
        self.rate.count(who, now_ms)
    }
}

/// How often each kiosk asks: so many requests in a minute that begins with the first of them.
#[derive(Debug)]
struct RateLimit {
    per_minute: u32,
    /// Of each kiosk, when its present minute began, and how many requests it has made in it.
    counts: Mutex<BTreeMap<String, (u64, u32)>>,
}

impl RateLimit {
    fn count(&self, who: &str, now_ms: u64) -> Result<(), Wait> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = counts.entry(who.to_owned()).or_insert((now_ms, 0));
        if now_ms.saturating_sub(minute.0) >= MINUTE_MS {
            *minute = (now_ms, 0);
        }
        minute.1 += 1;
        if minute.1 <= self.per_minute {
            return Ok(());
        }
        let left_ms = MINUTE_MS.saturating_sub(now_ms.saturating_sub(minute.0));
        Err(Wait::TooOften(u32::try_from(left_ms / 1_000 + 1).unwrap_or(60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kiosk_may_ask_again_when_its_minute_is_over_and_others_are_not_counted_with_it() {
        let gate = Gate::new(Limits { requests_per_minute: 2, ..Limits::default() });
        let ask = |who: &str, now_ms: u64| gate.enter(who, now_ms).map(|_| ());
        assert_eq!([ask("a", 0), ask("a", 10_000)], [Ok(()), Ok(())]);
        assert_eq!(ask("a", 15_000), Err(Wait::TooOften(46)));
        assert_eq!(ask("b", 15_000), Ok(()));
        assert_eq!(ask("a", 60_000), Ok(()));
    }

    #[test]
    fn a_full_gate_turns_kiosks_away_until_one_has_left() {
        let gate = Gate::new(Limits { deliveries_at_once: 1, ..Limits::default() });
        let inside = gate.enter("a", 0).unwrap();
        assert!(matches!(gate.enter("b", 0), Err(Wait::Busy(1..=BUSY_MAX_S))));
        drop(inside);
        assert!(gate.enter("b", 0).is_ok());
    }
}
