//! The gate for kiosks: how often each may ask, and how many requests are served at once.
//!
//! After an outage all kiosks return, and a hub that answers some of them is better than one that
//! answers none. Whoever is turned away is told how long to wait. The counts are in memory, so
//! several hubs would each allow the whole limit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::hub::settings::Limits;
use crate::web::net::Net;

/// Why a kiosk has to wait, and for how many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wait {
    /// It asks more often than it may.
    #[error("this kiosk asks too often; wait {0} seconds")]
    TooOften(u32),
    /// The hub serves as many kiosks as it can, or this kiosk as often as it may at once.
    #[error("the hub is busy; wait {0} seconds")]
    Busy(u32),
    /// What it sent last took longer than a delivery may.
    #[error("this kiosk's last delivery took too long; wait {0} seconds")]
    Slow(u32),
    /// It has had as much kept as it may on one day.
    #[error("this kiosk has sent more today than head office keeps of one kiosk; wait {0} seconds")]
    Spent(u32),
    /// The code is wrong, like too many from its network before.
    #[error(
        "this code is unknown, was used already or has expired, and too many such codes came from \
         this network: none of them is looked into for {0} seconds; a right one still lets the \
         kiosk in: ask for a new one, or enrol with a letter (`smilepost-hub kiosk letter`)"
    )]
    Guessed(u32),
}

impl Wait {
    /// For how many seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        let (Self::TooOften(seconds)
        | Self::Busy(seconds)
        | Self::Slow(seconds)
        | Self::Spent(seconds)
        | Self::Guessed(seconds)) = self;
        seconds
    }
}

/// The longest wait, in seconds, that a busy hub asks for; each kiosk is told another one.
const BUSY_MAX_S: u32 = 30;

const MINUTE_MS: u64 = 60_000;

/// How many requests one kiosk may have open at once: one is served, and one waits for its turn.
const REQUESTS_OF_ONE_MAX: usize = 2;

/// For how long a kiosk is not served whose delivery took too long, in milliseconds.
const SLOW_MS: u64 = MINUTE_MS;

/// How many networks are remembered before those whose minute is over are forgotten, and then the
/// one that came first. Whoever has more of them, such as 65,536 with one /48 of IPv6, is not kept
/// out by this limit, and keeps nobody else out: what he can cost is bounded by the connections
/// that a listener has, and by the one enrolment that is tried at a time.
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
    kiosks: Mutex<BTreeMap<String, OfOne>>,
    places: Arc<Semaphore>,
}

/// What is remembered of a kiosk that ever asked.
#[derive(Debug)]
struct OfOne {
    requests: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    /// Until this time of the boot's clock it is not served.
    waits_until_ms: u64,
}

impl Default for OfOne {
    fn default() -> Self {
        let requests = Arc::new(Semaphore::new(REQUESTS_OF_ONE_MAX));
        Self { requests, turn: Arc::new(Semaphore::new(1)), waits_until_ms: 0 }
    }
}

/// A request that was let in. It is over when this is dropped.
#[derive(Debug)]
pub struct Request {
    _open: OwnedSemaphorePermit,
    turn: Arc<Semaphore>,
}

/// A place inside: the one that its kiosk has.
#[derive(Debug)]
pub struct Place {
    _request: Request,
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Gate {
    /// A gate with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let places = usize::try_from(limits.deliveries_at_once).unwrap_or(usize::MAX);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let per_minute = limits.requests_per_minute;
        let (rate, kiosks) = (RateLimit::new(per_minute), Mutex::default());
        let (enrolments, probes) = (RateLimit::new(per_minute), RateLimit::new(per_minute));
        Self { rate, enrolments, probes, kiosks, places }
    }

    /// Counts a request of a kiosk at this time of the boot's clock, and lets it send its body.
    ///
    /// # Errors
    /// When it asks too often, has too many requests open, or has to wait.
    pub fn admit(&self, kiosk: &str, now_ms: u64) -> Result<Request, Wait> {
        self.rate.count(kiosk.to_owned(), now_ms, usize::MAX)?;
        let mut kiosks = self.kiosks();
        let of_one = kiosks.entry(kiosk.to_owned()).or_default();
        if let Some(left_ms) = of_one.waits_until_ms.checked_sub(now_ms).filter(|left| *left > 0) {
            return Err(Wait::Slow(u32::try_from(left_ms.div_ceil(1_000)).unwrap_or(60)));
        }
        let open = busy(Arc::clone(&of_one.requests).try_acquire_owned())?;
        Ok(Request { _open: open, turn: Arc::clone(&of_one.turn) })
    }

    /// Lets a request in whose body is here, when its kiosk's other request has been served.
    ///
    /// # Errors
    /// When too many requests are being served.
    pub async fn enter(&self, request: Request) -> Result<Place, Wait> {
        let turn = Arc::clone(&request.turn).acquire_owned().await;
        // Nobody closes the semaphore.
        let turn = turn.map_err(|_| Wait::Busy(BUSY_MAX_S))?;
        let place = busy(Arc::clone(&self.places).try_acquire_owned())?;
        Ok(Place { _request: request, _turn: turn, _place: place })
    }

    /// Has a kiosk wait whose delivery took too long, from this time of the boot's clock on;
    /// returns how long.
    pub fn put_off(&self, kiosk: &str, now_ms: u64) -> Wait {
        self.kiosks().entry(kiosk.to_owned()).or_default().waits_until_ms = now_ms + SLOW_MS;
        Wait::Slow(u32::try_from(SLOW_MS / 1_000).unwrap_or(60))
    }

    fn kiosks(&self) -> MutexGuard<'_, BTreeMap<String, OfOne>> {
        self.kiosks.lock().unwrap_or_else(PoisonError::into_inner)
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

fn busy(
    place: Result<OwnedSemaphorePermit, TryAcquireError>,
) -> Result<OwnedSemaphorePermit, Wait> {
    place.map_err(|_| Wait::Busy(busy_s()))
}

/// A wait, in seconds. Kiosks that are turned away get different ones, so that they do not return
/// together.
pub(super) fn busy_s() -> u32 {
    rand::random_range(1..=BUSY_MAX_S)
}

/// How often each of many asks: so many requests in a minute that begins with the first of them.
#[derive(Debug)]
struct RateLimit<Who> {
    per_minute: u32,
    /// Of each, when its present minute began, and how many requests it has made in it.
    counts: Mutex<BTreeMap<Who, (u64, u32)>>,
}

impl<Who: Ord + Clone> RateLimit<Who> {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, counts: Mutex::default() }
    }

    /// Counts a request. When more are remembered than `known_max`, those are forgotten whose
    /// minute is over, or else the one whose minute began first: a stranger is never told to wait
    /// because of what others have asked.
    fn count(&self, who: Who, now_ms: u64, known_max: usize) -> Result<(), Wait> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= known_max && !counts.contains_key(&who) {
            counts.retain(|_, minute| now_ms.saturating_sub(minute.0) < MINUTE_MS);
            let first = counts.iter().min_by_key(|(_, minute)| minute.0);
            let first = first.map(|(who, _)| who.clone()).filter(|_| counts.len() >= known_max);
            first.map(|first| counts.remove(&first));
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
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn a_kiosk_may_ask_again_when_its_minute_is_over_and_others_are_not_counted_with_it() {
        let gate = Gate::new(Limits { requests_per_minute: 2, ..Limits::default() });
        let ask = |who: &str, now_ms: u64| gate.admit(who, now_ms).map(drop);
        assert_eq!([ask("a", 0), ask("a", 10_000)], [Ok(()), Ok(())]);
        assert_eq!(ask("a", 15_000), Err(Wait::TooOften(46)));
        assert_eq!(ask("b", 15_000), Ok(()));
        assert_eq!(ask("a", 60_000), Ok(()));
    }

    #[tokio::test]
    async fn a_full_gate_turns_kiosks_away_until_one_has_left() {
        let gate = Gate::new(Limits { deliveries_at_once: 1, ..Limits::default() });
        let inside = gate.enter(gate.admit("a", 0).unwrap()).await.unwrap();
        let other = gate.enter(gate.admit("b", 0).unwrap()).await;
        assert!(matches!(other, Err(Wait::Busy(1..=BUSY_MAX_S))));
        drop(inside);
        assert!(gate.enter(gate.admit("b", 0).unwrap()).await.is_ok());
    }

    #[tokio::test]
    async fn a_kiosk_has_one_place_and_one_request_that_waits_for_it() {
        let gate = Gate::new(Limits::default());
        let inside = gate.enter(gate.admit("a", 0).unwrap()).await.unwrap();
        let mut waiting = Box::pin(gate.enter(gate.admit("a", 0).unwrap()));
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("its kiosk has a place"),
            () = tokio::task::yield_now() => {}
        }
        assert!(matches!(gate.admit("a", 0), Err(Wait::Busy(1..=BUSY_MAX_S))));
        let other = gate.enter(gate.admit("b", 0).unwrap()).await;
        assert!(other.is_ok(), "others are not counted with it");
        drop(inside);
        let next = waiting.await.unwrap();
        assert!(gate.admit("a", 0).is_ok(), "one is over");
        drop(next);
    }

    #[test]
    fn a_kiosk_whose_delivery_took_too_long_waits_and_no_other() {
        let gate = Gate::new(Limits::default());
        assert_eq!(gate.put_off("a", 5_000), Wait::Slow(60));
        assert_eq!(gate.admit("a", 5_001).map(drop), Err(Wait::Slow(60)));
        assert_eq!(gate.admit("a", 64_999).map(drop), Err(Wait::Slow(1)));
        assert!(gate.admit("b", 5_001).is_ok());
        assert!(gate.admit("a", 65_000).is_ok());
    }

    #[test]
    fn strangers_of_however_many_networks_keep_nobody_else_out() {
        let gate = Gate::new(Limits { requests_per_minute: 2, ..Limits::default() });
        let ask = |address: Ipv6Addr, now_ms| {
            let net = Net::from(std::net::IpAddr::from(address));
            gate.count_stranger(Stranger::Enrols, net, now_ms)
        };
        let of_one_48 = |n: u16| Ipv6Addr::new(0x2001, 0xdb8, 0xbad, n, 0, 0, 0, 1);
        let installer = Ipv6Addr::new(0x2001, 0xdb8, 0x900d, 1, 0, 0, 0, 1);
        for n in 0..5_000 {
            assert_eq!(ask(of_one_48(n), u64::from(n)), Ok(()));
        }
        assert_eq!([ask(installer, 5_000), ask(installer, 5_001)], [Ok(()), Ok(())]);
        assert_eq!(ask(installer, 5_002), Err(Wait::TooOften(60)), "each has a limit of its own");
        assert_eq!(ask(of_one_48(4_999), 5_003), Ok(()));
        assert_eq!(ask(of_one_48(4_999), 5_004), Err(Wait::TooOften(60)), "the newest is known");
        let known = gate.enrolments.counts.lock().unwrap().len();
        assert_eq!(known, NETS_MAX, "strangers cost only so much memory");
    }

    #[test]
    fn enrolments_probes_and_kiosks_are_counted_apart_and_by_their_nets() {
        let gate = Gate::new(Limits { requests_per_minute: 1, ..Limits::default() });
        let net = |last: u8| Net::from(std::net::IpAddr::from([192, 0, 2, last]));
        let ask = |kind, last| gate.count_stranger(kind, net(last), 0);
        assert_eq!(ask(Stranger::Enrols, 1), Ok(()));
        assert_eq!(ask(Stranger::Enrols, 1), Err(Wait::TooOften(61)));
        assert_eq!((ask(Stranger::Enrols, 2), ask(Stranger::Probes, 1)), (Ok(()), Ok(())));
        assert!(gate.admit("a", 0).is_ok());
    }
}
