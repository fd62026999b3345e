//! The outbox: decides after each delivery when to try again, and with how many events.
//!
//! The rules keep three promises. A hub that comes back is not flooded: pauses grow to a cap and
//! are drawn evenly between nothing and the cap ("full jitter"), so that kiosks which lost the hub
//! together do not return together. One event that the hub refuses never blocks the rest: the
//! delivery is halved until the event is alone, and only then is it set aside. That holds too where
//! the line breaks whenever the event is on it; there the line is tried without the event first,
//! again and again, so that a bad line is not taken for a bad event. And the pause shrinks only
//! after a delivery was settled, not because a connection was made.

/// The most events in one delivery.
pub const EVENTS_MAX: usize = 500;

/// The most bytes in one delivery, before compression: 256 KiB.
pub const BYTES_MAX: usize = 256 * 1024;

/// The pause after the first failure is at most this long, in milliseconds.
pub const PAUSE_FIRST_MS: u64 = 1_000;

/// No pause is longer, in milliseconds, unless the hub asked for one: ten minutes.
pub const PAUSE_MAX_MS: u64 = 10 * 60 * 1_000;

/// The longest pause, in milliseconds, that the hub can ask for: a day.
pub const RETRY_AFTER_MAX_MS: u64 = 24 * 60 * 60 * 1_000;

/// The longest pause, in milliseconds, that anything else on the way can ask for: five minutes. A
/// proxy that is set up again says "tomorrow" as lightly as "soon".
pub const HEARSAY_MAX_MS: u64 = 5 * 60 * 1_000;

/// How often in a row a delivery breaks before it is made smaller.
pub const BROKEN_MAX: u32 = 2;

/// How often in a row an event breaks the line, which carries an empty delivery each time, before
/// it is set aside.
pub const SUSPICIONS_MAX: u32 = 5;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A receipt with our nonce settled it.
    Settled {
        /// Whether more events are waiting.
        is_more: bool,
    },
    /// No hub answered: there was no connection, or a captive portal answered.
    Unanswered,
    /// It was under way, and then the line broke or the hub failed (5xx).
    Broken {
        /// How many events it had.
        events: usize,
    },
    /// We were asked to wait (429, 503).
    Throttled {
        /// For how long, in seconds, if that was said.
        retry_after_s: Option<u32>,
        /// Whether the hub itself said so, rather than something in between.
        is_by_hub: bool,
    },
    /// The hub does not accept our token (401, 403).
    Unauthorised,
    /// The delivery is too large for the hub (413).
    TooLarge {
        /// How many events it had.
        events: usize,
        /// Whether the hub itself said so, rather than something in between.
        is_by_hub: bool,
    },
    /// The hub read the delivery and will never accept it (422, in the hub's own form).
    Unacceptable {
        /// How many events it had.
        events: usize,
    },
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait for a new rating or the idle timer.
    Idle,
    /// Try again after this many milliseconds, whatever happens meanwhile.
    Pause {
        /// For how long.
        ms: u64,
    },
    /// Set the oldest waiting event aside with its reason, and go on at once.
    SetAside,
}

/// What recent deliveries have shown of the hub and the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outbox {
    failures: u32,
    events_max: usize,
    /// How often in a row a delivery of this size broke.
    broken: u32,
    /// How often in a row the oldest event broke a line that was fine without it.
    suspicions: u32,
    /// Whether the line is to be tried with an empty delivery.
    is_probing: bool,
}

impl Default for Outbox {
    fn default() -> Self {
        let (failures, events_max, broken, suspicions) = (0, EVENTS_MAX, 0, 0);
        Self { failures, events_max, broken, suspicions, is_probing: false }
    }
}

impl Outbox {
    /// How many events the next delivery may have: 1 to [`EVENTS_MAX`], or 0 to see whether the
    /// line carries an empty one.
    #[must_use]
    pub const fn events_max(&self) -> usize {
        if self.is_probing { 0 } else { self.events_max }
    }

    /// Forgets what was suspected of the oldest event, since another one is the oldest now.
    pub const fn forget(&mut self) {
        self.suspicions = 0;
    }

    /// How many deliveries in a row were not settled.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Takes in what became of a delivery and decides what to do; `chance` is drawn evenly from
    /// 0 to 1.
    #[must_use]
    pub fn after(&mut self, outcome: Outcome, chance: f64) -> Next {
        let was_probing = std::mem::replace(&mut self.is_probing, false);
        match outcome {
            // The line is fine without the event, so it is tried with it once more.
            Outcome::Settled { .. } if was_probing => {
                self.failures = 0;
                self.suspicions += 1;
                Next::Pause { ms: 0 }
            }
            Outcome::Settled { is_more } => {
                self.failures = 0;
                (self.broken, self.suspicions) = (0, 0);
                self.events_max = (self.events_max * 2).min(EVENTS_MAX);
                if is_more { Next::Pause { ms: 0 } } else { Next::Idle }
            }
            Outcome::Unanswered => self.pause(chance, 0),
            Outcome::Broken { events } => self.broken(events, chance),
            Outcome::Throttled { retry_after_s, is_by_hub } => {
                let asked = u64::from(retry_after_s.unwrap_or(0)) * 1_000;
                let most = if is_by_hub { RETRY_AFTER_MAX_MS } else { HEARSAY_MAX_MS };
                self.pause(chance, asked.min(most))
            }
            // Somebody has to enrol the kiosk again, so the pause is long but never the last.
            Outcome::Unauthorised => self.pause(chance, PAUSE_MAX_MS / 2),
            Outcome::TooLarge { events, is_by_hub } => self.smaller(events, is_by_hub, chance),
            Outcome::Unacceptable { events } => self.smaller(events, true, chance),
        }
    }

    /// Halves the delivery; an event that stands alone is set aside if the hub itself refused it.
    fn smaller(&mut self, events: usize, is_by_hub: bool, chance: f64) -> Next {
        match events {
            0 => self.pause(chance, 0),
            1 if is_by_hub => Next::SetAside,
            1 => self.pause(chance, 0),
            _ => {
                self.events_max = events / 2;
                Next::Pause { ms: 0 }
            }
        }
    }

    /// Makes a delivery that breaks again and again smaller, or suspects an event that was alone.
    fn broken(&mut self, events: usize, chance: f64) -> Next {
        match events {
            // The line breaks without the event too, so the event is not to blame.
            0 => self.suspicions = 0,
            1 if self.suspicions >= SUSPICIONS_MAX => {
                (self.broken, self.suspicions) = (0, 0);
                return Next::SetAside;
            }
            1 => self.is_probing = true,
            _ => {
                self.broken += 1;
                if self.broken >= BROKEN_MAX {
                    self.broken = 0;
                    self.events_max = events / 2;
                }
            }
        }
        self.pause(chance, 0)
    }

    /// A pause with full jitter, on top of what the hub asked for.
    fn pause(&mut self, chance: f64, least_ms: u64) -> Next {
        let ceiling = PAUSE_FIRST_MS
            .checked_shl(self.failures.min(32))
            .map_or(PAUSE_MAX_MS, |ms| ms.min(PAUSE_MAX_MS));
        self.failures = self.failures.saturating_add(1);
        let jitter = (ceiling as f64 * chance.clamp(0.0, 1.0)) as u64;
        Next::Pause { ms: least_ms + jitter }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(outcome: Outcome, chance: f64, times: usize) -> Vec<u64> {
        let mut outbox = Outbox::default();
        (0..times)
            .map(|_| match outbox.after(outcome, chance) {
                Next::Pause { ms } => ms,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn pauses_double_up_to_a_cap_and_are_drawn_from_nothing() {
        assert_eq!(pauses(Outcome::Unanswered, 1.0, 4), [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(pauses(Outcome::Unanswered, 0.0, 4), [0, 0, 0, 0]);
        assert_eq!(pauses(Outcome::Unanswered, 1.0, 100).last(), Some(&PAUSE_MAX_MS));
    }

    #[test]
    fn only_a_settled_delivery_shortens_the_pause_again() {
        let mut outbox = Outbox::default();
        for _ in 0..5 {
            let _ = outbox.after(Outcome::Unanswered, 1.0);
        }
        assert_eq!(outbox.after(Outcome::Settled { is_more: false }, 1.0), Next::Idle);
        assert_eq!(outbox.after(Outcome::Unanswered, 1.0), Next::Pause { ms: 1_000 });
    }

    #[test]
    fn the_hubs_wish_is_a_floor_under_the_jitter_and_has_a_limit() {
        let throttled = |retry_after_s| Outcome::Throttled { retry_after_s, is_by_hub: true };
        assert_eq!(pauses(throttled(Some(30)), 0.0, 1), [30_000]);
        assert_eq!(pauses(throttled(Some(30)), 1.0, 1), [31_000]);
        assert_eq!(pauses(throttled(Some(u32::MAX)), 0.0, 1), [RETRY_AFTER_MAX_MS]);
        assert_eq!(pauses(throttled(None), 1.0, 1), [1_000]);
    }

    #[test]
    fn what_stands_in_between_cannot_ask_for_a_day() {
        let throttled = |s| Outcome::Throttled { retry_after_s: Some(s), is_by_hub: false };
        assert_eq!(pauses(throttled(30), 0.0, 1), [30_000]);
        assert_eq!(pauses(throttled(86_400), 0.0, 1), [HEARSAY_MAX_MS]);
        assert_eq!(pauses(throttled(u32::MAX), 0.0, 1), [HEARSAY_MAX_MS]);
    }

    #[test]
    fn an_unwanted_event_is_cornered_by_halving_and_only_then_set_aside() {
        let mut outbox = Outbox::default();
        let mut events = EVENTS_MAX;
        let mut tries = 0;
        while outbox.after(Outcome::Unacceptable { events }, 0.5) != Next::SetAside {
            events = outbox.events_max();
            tries += 1;
        }
        assert_eq!((events, tries), (1, 8));
        let _ = outbox.after(Outcome::Settled { is_more: true }, 0.5);
        assert_eq!(outbox.events_max(), 2, "the next deliveries grow again");
    }

    /// Plays deliveries of a backlog whose events from `poison` on break the line, and returns how
    /// many were tried until the poison was set aside; none if it never was.
    fn tries_until_set_aside(
        poison: usize,
        breaks_anyway: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let (mut outbox, mut done, mut tries) = (Outbox::default(), 0, 0);
        while tries < 1_000 {
            tries += 1;
            let events = outbox.events_max().min(EVENTS_MAX - done);
            let is_broken = done + events > poison || breaks_anyway(tries);
            let outcome = if is_broken {
                Outcome::Broken { events }
            } else {
                done += events;
                Outcome::Settled { is_more: done < EVENTS_MAX }
            };
            if outbox.after(outcome, 0.5) == Next::SetAside {
                assert_eq!(done, poison, "everything before it has arrived");
                return Some(tries);
            }
        }
        None
    }

    #[test]
    fn an_event_that_breaks_the_line_is_cornered_and_then_set_aside() {
        for poison in [0, 1, 137, 499] {
            let tries = tries_until_set_aside(poison, |_| false);
            assert!(tries.is_some_and(|tries| tries < 60), "{poison}: {tries:?}");
        }
    }

    #[test]
    fn a_line_that_breaks_whatever_is_on_it_sets_nothing_aside() {
        assert_eq!(tries_until_set_aside(0, |_| true), None);
        // A line that carries a delivery now and then, the empty ones too.
        let mut outbox = Outbox::default();
        for tried in 0..10_000 {
            let events = outbox.events_max();
            let outcome = if tried % 3 == 0 {
                Outcome::Settled { is_more: true }
            } else {
                Outcome::Broken { events }
            };
            assert_ne!(outbox.after(outcome, 0.5), Next::SetAside, "after {tried} deliveries");
        }
    }

    #[test]
    fn something_in_between_cannot_make_us_set_an_event_aside() {
        let mut outbox = Outbox::default();
        let too_large = Outcome::TooLarge { events: 1, is_by_hub: false };
        assert_eq!(outbox.after(too_large, 1.0), Next::Pause { ms: 1_000 });
        let too_large = Outcome::TooLarge { events: 1, is_by_hub: true };
        assert_eq!(outbox.after(too_large, 1.0), Next::SetAside);
    }
}
