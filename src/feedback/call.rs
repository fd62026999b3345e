//! A shopper's call for somebody to come, and what becomes of it.
//!
//! Nothing about the shopper is kept, and no rating is named: only that somebody asked, and whether
//! somebody came. At most one call is open, since there is one post to stand at.

use crate::feedback::named::named;

named! {
    /// The steps of a call, as they are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Called {
        /// A shopper asked for somebody.
        Asked = "asked",
        /// Somebody is on the way.
        Coming = "coming",
        /// Nobody answered while the shopper was waiting.
        Missed = "missed",
    }
}

/// How long a call that nobody closes is shown, from when the shopper asked, in milliseconds.
pub const TOLD_MS: u64 = 4 * 3_600_000;

/// An open call, for the shop manager to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// When the shopper asked, in milliseconds since boot.
    pub since_ms: u64,
    /// What has become of it so far.
    pub called: Called,
}

/// The open call, if there is one, and how long a shopper waits.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    wait_ms: u64,
    call: Option<Call>,
}

impl Calls {
    /// No call yet; shoppers wait so many milliseconds for an answer.
    #[must_use]
    pub const fn new(wait_ms: u64) -> Self {
        Self { wait_ms, call: None }
    }

    /// A shopper asked for somebody.
    pub const fn asked(&mut self, now_ms: u64) {
        self.call = Some(Call { since_ms: now_ms, called: Called::Asked });
    }

    /// Somebody is on the way; false when no call waits for an answer.
    pub fn coming(&mut self) -> bool {
        let open = self.call.as_mut().filter(|call| call.called == Called::Asked);
        open.map(|call| call.called = Called::Coming).is_some()
    }

    /// Closes an answered or missed call; false when there is none.
    pub fn settle(&mut self) -> bool {
        self.call.take_if(|call| call.called != Called::Asked).is_some()
    }

    /// Takes note of the time; true once, when nobody came in time.
    pub fn run_out(&mut self, now_ms: u64) -> bool {
        let Some(call) = &mut self.call else {
            return false;
        };
        let age_ms = now_ms.saturating_sub(call.since_ms);
        if call.called == Called::Asked {
            let is_missed = age_ms >= self.wait_ms;
            if is_missed {
                call.called = Called::Missed;
            }
            return is_missed;
        }
        if age_ms >= TOLD_MS {
            self.call = None;
        }
        false
    }

    /// The open call.
    #[must_use]
    pub const fn call(&self) -> Option<Call> {
        self.call
    }

    /// When the call changes if nobody does anything, in milliseconds since boot.
    #[must_use]
    pub fn due_at(&self) -> Option<u64> {
        let call = self.call?;
        Some(call.since_ms + if call.called == Called::Asked { self.wait_ms } else { TOLD_MS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_becomes_of_a_call_has_a_name_of_its_own() {
        for called in Called::ALL {
            assert_eq!(Called::named(called.name()), Some(called));
        }
        assert_eq!(Called::named("gone"), None);
    }

    fn asked() -> Calls {
        let mut calls = Calls::new(180_000);
        calls.asked(1_000);
        calls
    }

    #[test]
    fn somebody_who_is_on_the_way_is_told_of_once_and_what_came_of_it_ends_it() {
        let mut calls = asked();
        assert!(!calls.settle(), "nobody has come yet");
        assert!(calls.coming());
        assert!(!calls.coming());
        assert!(!calls.run_out(1_000_000));
        assert!(calls.settle());
        assert!(!calls.settle());
        assert_eq!(calls.call(), None);
    }

    #[test]
    fn a_call_that_nobody_answers_is_missed_once_and_stays_told_until_somebody_says_why() {
        let mut calls = asked();
        assert_eq!(calls.due_at(), Some(181_000));
        assert!(!calls.run_out(180_999));
        assert!(calls.run_out(181_000));
        assert!(!calls.run_out(181_001));
        assert!(!calls.coming(), "the shopper has gone");
        assert_eq!(calls.call().map(|call| call.called), Some(Called::Missed));
        assert!(calls.settle());
        let mut forgotten = asked();
        let _ = forgotten.run_out(181_000);
        let _ = forgotten.run_out(1_000 + TOLD_MS);
        assert_eq!((forgotten.call(), forgotten.due_at()), (None, None));
    }
}
