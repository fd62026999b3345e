//! When something that a receipt named and that did not come is tried again.

/// When something is tried again that did not come: a survey, or another address of the hub. Each
/// delivery has a receipt, and a busy shop would try every second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Awaited<T> {
    wanted: T,
    failures: u32,
    not_before_ms: u64,
}

/// The pause after the first failure, in milliseconds; each further one doubles it.
const PAUSE_FIRST_MS: u64 = 1_000;

/// No pause is longer, in milliseconds: an hour.
const PAUSE_MAX_MS: u64 = 60 * 60 * 1_000;

impl<T: PartialEq> Awaited<T> {
    /// Whether it is time to ask for this one.
    pub(super) fn may_ask(&self, wanted: &T, now_ms: u64) -> bool {
        self.wanted != *wanted || now_ms >= self.not_before_ms
    }

    /// Notes that it did not come.
    pub(super) fn failed(&mut self, wanted: T, now_ms: u64) {
        let failures = if self.wanted == wanted { self.failures } else { 0 };
        let pause_ms = PAUSE_FIRST_MS.checked_shl(failures.min(32)).unwrap_or(PAUSE_MAX_MS);
        let not_before_ms = now_ms.saturating_add(pause_ms.min(PAUSE_MAX_MS));
        *self = Self { wanted, failures: failures.saturating_add(1), not_before_ms };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_that_does_not_come_is_asked_for_ever_more_rarely_and_never_given_up() {
        let mut awaited = Awaited::default();
        let (mut now_ms, mut asked) = (0, Vec::new());
        for _ in 0..20 {
            assert!(awaited.may_ask(&(7, 2), now_ms));
            awaited.failed((7, 2), now_ms);
            assert!(!awaited.may_ask(&(7, 2), awaited.not_before_ms - 1));
            assert!(awaited.may_ask(&(7, 3), now_ms), "another one is asked for at once");
            asked.push(awaited.not_before_ms - now_ms);
            now_ms = awaited.not_before_ms;
        }
        assert_eq!((asked[0], asked[1], asked[19]), (1_000, 2_000, PAUSE_MAX_MS));
    }
}
