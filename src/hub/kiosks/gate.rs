//! The gate for kiosks: how often each may ask, and how many requests are served at once.
//!
//! After an outage all kiosks return, and a hub that answers some of them is better than one that
//! answers none. Whoever is turned away is told how long to wait. The counts are in memory, so
//! several hubs would each allow the whole limit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::hub::settings::Limits;
use crate::web::net::Net;

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

/// How many requests one kiosk may send the bodies of at once.
const SENDING_OF_ONE_MAX: usize = 4;

/// How many networks are remembered before those whose minute is over are forgotten.
const NETS_MAX: usize = 1_024;

/// What somebody wants who has no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// To be enrolled.
    Enrols,
    /// To know whether the hub is ready.
    Probes,
}

/// Lets kiosks in, up to every limit. Kiosks, enrolments and probes are counted apart, so that none
/// of them keeps the others out.
#[derive(Debug)]
pub struct Gate {
    rate: RateLimit<String>,
    enrolments: RateLimit<Net>,
    probes: RateLimit<Net>,
    sending: Mutex<BTreeMap<String, Arc<Semaphore>>>,
    places: Arc<Semaphore>,
}

impl Gate {
    /// A gate with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let places = usize::try_from(limits.deliveries_at_once).unwrap_or(usize::MAX);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let per_minute = limits.requests_per_minute;
        let (rate, sending) = (RateLimit::new(per_minute), Mutex::default());
        let (enrolments, probes) = (RateLimit::new(per_minute), RateLimit::new(per_minute));
        Self { rate, enrolments, probes, sending, places }
    }

    /// Counts a request of a kiosk at this time of the boot's clock, and lets it send its body for
    /// as long as it holds what is returned.
    ///
    /// # Errors
    /// When it asks too often, or sends too many bodies at once.
    pub fn send(&self, kiosk: &str, now_ms: u64) -> Result<OwnedSemaphorePermit, Wait> {
        self.rate.count(kiosk.to_owned(), now_ms, usize::MAX)?;
        let mut sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = || Arc::new(Semaphore::new(SENDING_OF_ONE_MAX));
        let of_one = Arc::clone(sending.entry(kiosk.to_owned()).or_insert_with(of_one));
        busy(of_one.try_acquire_owned())
    }

    /// Lets a request in whose body is here, for as long as it holds what is returned.
    ///
    /// # Errors
    /// When too many requests are being served.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, Wait> {
        busy(Arc::clone(&self.places).try_acquire_owned())
    }

    /// Counts a request of somebody without a token at this time of the boot's clock.
    ///
    /// # Errors
    /// When whoever makes it asks too often.
    pub fn count_stranger(&self, kind: Stranger, net: Net, now_ms: u64) -> Result<(), Wait> {
        match kind {
            Stranger::Enrols => self.enrolments.count(net, now_ms, NETS_MAX),
            Stranger::Probes => self.probes.count(net, now_ms, NETS_MAX),
        }
    }
}

/// Kiosks that are turned away get different waits, so that they do not return together.
fn busy(
    place: Result<OwnedSemaphorePermit, TryAcquireError>,
) -> Result<OwnedSemaphorePermit, Wait> {
    place.map_err(|_| Wait::Busy(rand::random_range(1..=BUSY_MAX_S)))
}

/// How often each of many asks: so many requests in a minute that begins with the first of them.
#[derive(Debug)]
struct RateLimit<Who> {
    per_minute: u32,
    /// Of each, when its present minute began, and how many requests it has made in it.
    counts: Mutex<BTreeMap<Who, (u64, u32)>>,
}

impl<Who: Ord> RateLimit<Who> {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, counts: Mutex::default() }
    }

    /// Counts a request. When more are remembered than `known_max`, those are forgotten whose
    /// minute is over; whoever still finds no room is told to wait.
    fn count(&self, who: Who, now_ms: u64, known_max: usize) -> Result<(), Wait> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= known_max && !counts.contains_key(&who) {
            counts.retain(|_, minute| now_ms.saturating_sub(minute.0) < MINUTE_MS);
            if counts.len() >= known_max {
                return Err(Wait::TooOften(60));
            }
        }
        let minute = counts.entry(who).or_insert((now_ms, 0));
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
        let ask = |who: &str, now_ms: u64| gate.send(who, now_ms).map(|_| ());
        assert_eq!([ask("a", 0), ask("a", 10_000)], [Ok(()), Ok(())]);
        assert_eq!(ask("a", 15_000), Err(Wait::TooOften(46)));
        assert_eq!(ask("b", 15_000), Ok(()));
        assert_eq!(ask("a", 60_000), Ok(()));
    }

    #[test]
    fn a_full_gate_turns_kiosks_away_until_one_has_left() {
        let gate = Gate::new(Limits { deliveries_at_once: 1, ..Limits::default() });
        let inside = gate.enter().unwrap();
        assert!(matches!(gate.enter(), Err(Wait::Busy(1..=BUSY_MAX_S))));
        drop(inside);
        assert!(gate.enter().is_ok());
    }

    #[test]
    fn a_kiosk_sends_so_many_bodies_at_once_and_no_more_and_others_are_not_counted_with_it() {
        let gate = Gate::new(Limits::default());
        let mut sending: Vec<_> =
            (0..SENDING_OF_ONE_MAX).map(|_| gate.send("a", 0).unwrap()).collect();
        assert!(matches!(gate.send("a", 0), Err(Wait::Busy(1..=BUSY_MAX_S))));
        assert!(gate.send("b", 0).is_ok());
        sending.pop();
        assert!(gate.send("a", 0).is_ok());
    }

    #[test]
    fn enrolments_probes_and_kiosks_are_counted_apart_and_by_their_nets() {
        let gate = Gate::new(Limits { requests_per_minute: 1, ..Limits::default() });
        let net = |last: u8| Net::from(std::net::IpAddr::from([192, 0, 2, last]));
        let ask = |kind, last| gate.count_stranger(kind, net(last), 0);
        assert_eq!(ask(Stranger::Enrols, 1), Ok(()));
        assert_eq!(ask(Stranger::Enrols, 1), Err(Wait::TooOften(61)));
        assert_eq!((ask(Stranger::Enrols, 2), ask(Stranger::Probes, 1)), (Ok(()), Ok(())));
        assert!(gate.send("a", 0).is_ok());
    }
}
