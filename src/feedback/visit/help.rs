//! Calls in a visit: the offer to call somebody, on the thank-you, and the page on which the
//! shopper waits.
//!
//! Everybody is offered it or nobody, unless the shop chose otherwise: whoever stands behind could
//! read the face from it.
//!
//! Whether anybody comes is not decided here: [`crate::feedback::call::Calls`] knows the call, and
//! tells of it by [`super::Cue::Coming`] and [`super::Cue::Missed`]. A press meanwhile is the next
//! shopper's, and the call goes on without the page.

use super::Visit;
use super::exchange::{Attending, Effect, Offer};
use super::phase::{Phase, Shown, UnderWay, Waiting};

/// How long the thank-you is shown at least where it offers to call somebody, in milliseconds: the
/// shopper has two sentences to read.
pub const OFFER_MS: u64 = 8_000;

/// How long the page says that somebody is on the way, or that nobody can come, in milliseconds.
pub const TOLD_MS: u64 = 20_000;

impl Visit {
    /// The same kiosk, which offers these shoppers to call somebody.
    #[must_use]
    pub fn offering_help(self, offer: Offer) -> Self {
        Self { offers_help: offer, ..self }
    }

    /// Whether the thank-you on the screen offers to call somebody.
    #[must_use]
    pub const fn is_help_offered(&self) -> bool {
        match self.phase {
            Phase::Thanking { of, .. } => self.is_offered_to(of),
            _ => false,
        }
    }

    pub(super) const fn is_offered_to(&self, of: Shown) -> bool {
        let is_meant = match self.offers_help {
            Offer::Nobody => false,
            Offer::Everybody => true,
            Offer::Unhappy => of.score.is_unhappy(),
        };
        is_meant && !self.is_closed && of.verdict.misuse.is_none()
    }

    /// How long the thank-you for this rating is shown.
    pub(super) fn thanks_ms(&self, of: Shown) -> u64 {
        let usual = self.patience(self.pace.thanks_ms);
        if self.is_offered_to(of) { usual.max(OFFER_MS) } else { usual }
    }

    /// Ends the last shopper's page where it waits for somebody, or its offer is old, so that a
    /// press counts as the next shopper's.
    pub(super) fn make_way(&mut self, now: u64) {
        let quiet_ms = u64::from(self.pace.thanks_ms) + u64::from(self.pace.interval_ms);
        let is_over = match self.phase {
            Phase::Attending { .. } => true,
            Phase::Thanking { of, since, .. } => {
                self.is_offered_to(of) && now.saturating_sub(since) >= quiet_ms
            }
            _ => false,
        };
        if is_over {
            // The press itself shows the next page.
            let _ = self.ask(now);
        }
    }

    pub(super) fn asked_for_help(&mut self, now: u64) -> Vec<Effect> {
        if !self.is_help_offered() {
            return Vec::new();
        }
        self.soon(Waiting::Call(now), now)
    }

    /// Hands the call to the journal, if the offer still stands.
    pub(super) fn keep_call(&mut self, at_ms: u64, now: u64) -> Vec<Effect> {
        if !self.is_help_offered() {
            return Vec::new();
        }
        self.under_way = Some((UnderWay::Call, now));
        vec![Effect::KeepCall { at_ms }]
    }

    pub(super) fn kept_call(&mut self) -> Vec<Effect> {
        self.phase = Phase::Attending { until: None };
        vec![Effect::Attend(Attending::Asked)]
    }

    /// Tells the shopper who waits what became of the call, and shows it for a while.
    pub(super) fn told(&mut self, what: Attending, now: u64) -> Vec<Effect> {
        match &mut self.phase {
            Phase::Attending { until } => {
                *until = Some(now + TOLD_MS);
                vec![Effect::Attend(what)]
            }
            _ => Vec::new(),
        }
    }

    /// The shopper waits no longer; the call goes on.
    pub(super) fn left(&mut self, now: u64) -> Vec<Effect> {
        match self.phase {
            Phase::Attending { .. } => self.ask(now),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cue, Pace, Press};
    use super::*;
    use crate::feedback::misuse::Judge;
    use crate::feedback::rating::{Input, Scale};
    use crate::feedback::visit::tests::{tell, written};

    fn press(value: u8) -> Cue {
        let score = Scale::Five.score(value).unwrap();
        Cue::Pressed(Press { score, input: Input::Touch })
    }

    fn visit() -> Visit {
        Visit::new(Pace::default(), Judge::off()).offering_help(Offer::Unhappy)
    }

    fn play(visit: &mut Visit, events: &[(u64, Cue)]) -> Vec<Effect> {
        events.iter().flat_map(|(now, event)| tell(visit, event.clone(), *now)).collect()
    }

    const THANKED: fn(u8) -> [(u64, Cue); 2] =
        |value| [(10_000, press(value)), (10_000, written(1))];

    #[test]
    fn everybody_is_offered_it_or_only_the_unhappy_and_has_the_time_to_read() {
        for (value, is_offered) in [(1, true), (2, true), (3, false), (5, false)] {
            let mut visit = visit();
            let _ = play(&mut visit, &THANKED(value));
            assert_eq!(visit.is_help_offered(), is_offered, "{value}");
            let until = if is_offered { 10_000 + OFFER_MS } else { 13_000 };
            assert_eq!(visit.due_at(), Some(until), "{value}");
        }
        for value in 1..=5 {
            let mut everybodys =
                Visit::new(Pace::default(), Judge::off()).offering_help(Offer::Everybody);
            let _ = play(&mut everybodys, &THANKED(value));
            assert!(everybodys.is_help_offered(), "{value}");
            assert_eq!(everybodys.due_at(), Some(10_000 + OFFER_MS), "the same for each: {value}");
        }
        let mut off = Visit::new(Pace::default(), Judge::off());
        let _ = play(&mut off, &THANKED(1));
        assert!(!off.is_help_offered());
        assert_eq!(play(&mut off, &[(11_000, Cue::AskedForHelp)]), []);
    }

    #[test]
    fn a_shopper_who_asks_waits_on_a_page_once_the_call_is_on_disk_and_hears_what_becomes_of_it() {
        let mut visit = visit();
        let _ = play(&mut visit, &THANKED(1));
        let asked = play(&mut visit, &[(12_000, Cue::AskedForHelp)]);
        assert_eq!(asked, [Effect::KeepCall { at_ms: 12_000 }]);
        let kept = play(&mut visit, &[(12_010, written(2))]);
        assert_eq!(kept, [Effect::Attend(Attending::Asked)]);
        assert_eq!(visit.due_at(), None, "how long is not for the page to say");
        let coming = play(&mut visit, &[(60_000, Cue::Coming)]);
        assert_eq!(coming, [Effect::Attend(Attending::Coming)]);
        let over = play(&mut visit, &[(60_000 + TOLD_MS, Cue::Ticked)]);
        assert_eq!(over, [Effect::Ask]);
        assert_eq!(play(&mut visit, &[(99_000, Cue::Missed)]), [], "nobody waits any more");
    }

    #[test]
    fn a_call_that_is_not_on_disk_is_not_promised() {
        let mut visit = visit();
        let _ = play(&mut visit, &THANKED(1));
        let effects = play(&mut visit, &[(12_000, Cue::AskedForHelp), (12_010, Cue::NotKept)]);
        assert_eq!(effects[1..], [Effect::Rest]);
    }

    #[test]
    fn whoever_presses_while_somebody_waits_is_the_next_shopper_and_so_after_an_unused_offer() {
        let next = |events: &[(u64, Cue)], at: u64| {
            let mut visit = visit();
            let _ = play(&mut visit, events);
            let effects = play(&mut visit, &[(at, press(5))]);
            effects.into_iter().find_map(|effect| match effect {
                Effect::Keep(keep) => Some((keep.verdict.misuse, keep.replaces)),
                _ => None,
            })
        };
        let thanked = THANKED(1);
        let waiting = [&thanked[..], &[(12_000, Cue::AskedForHelp), (12_010, written(2))]].concat();
        assert_eq!(next(&waiting, 20_000), Some((None, None)));
        assert_eq!(next(&thanked, 11_000), Some((None, Some(1))), "a correction");
        assert_eq!(next(&thanked, 15_000), Some((None, None)), "the offer still stands");
    }

    #[test]
    fn a_shopper_may_stop_waiting() {
        let mut visit = visit();
        let _ = play(&mut visit, &THANKED(1));
        let _ = play(&mut visit, &[(12_000, Cue::AskedForHelp), (12_010, written(2))]);
        assert_eq!(play(&mut visit, &[(13_000, Cue::Left)]), [Effect::Ask]);
        assert_eq!(play(&mut visit, &[(14_000, Cue::Left)]), []);
    }
}
