//! Which follow-ups a rating has, and how long a shopper may take over them.

use std::collections::VecDeque;

use super::Shown;
use crate::feedback::answer::FollowUp;
use crate::feedback::rating::Score;

/// The most follow-ups of one visit: nobody is to be held at the till.
pub const FOLLOW_UPS_MAX: usize = 2;

/// How long before the end of a follow-up the shopper is asked whether they are still there, in
/// milliseconds.
pub const STILL_THERE_MS: u64 = 5_000;

/// Which follow-ups the present question has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whether reasons are asked for after a face that is not a happy one.
    pub unhappy_reasons: bool,
    /// Whether reasons are asked for after a happy face.
    pub happy_reasons: bool,
    /// One in so many followed visits is asked for a recommendation; 0 is none.
    pub nps_one_in: u16,
    /// Whether own words are asked for.
    pub takes_comments: bool,
}

/// Chooses the follow-ups of each visit.
///
/// Every N-th visit is asked for a recommendation, beginning with one drawn by chance: a systematic
/// sample with a random start, in which every shopper has the same chance of being asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Chooser {
    plan: Plan,
    until_nps: u32,
}

impl Chooser {
    /// `start` is any number drawn by chance.
    pub(super) fn new(plan: Plan, start: u32) -> Self {
        let until_nps = start.checked_rem(u32::from(plan.nps_one_in)).unwrap_or(0);
        Self { plan, until_nps }
    }

    /// Goes on counting by another plan.
    pub(super) fn change(&mut self, plan: Plan) {
        *self = Self::new(plan, self.until_nps);
    }

    /// The follow-ups of the next visit, in order.
    pub(super) fn choose(&mut self, score: Score) -> VecDeque<FollowUp> {
        let Plan { unhappy_reasons, happy_reasons, nps_one_in, takes_comments } = self.plan;
        let has_reasons = if score.is_happy() { happy_reasons } else { unhappy_reasons };
        let is_nps_due = nps_one_in > 0 && self.until_nps == 0;
        if nps_one_in > 0 {
            self.until_nps = self.until_nps.checked_sub(1).unwrap_or(u32::from(nps_one_in) - 1);
        }
        let pages = [
            (has_reasons, FollowUp::Reasons),
            (is_nps_due, FollowUp::Nps),
            (takes_comments, FollowUp::Comment),
        ];
        let wanted = pages.into_iter().filter(|(is_wanted, _)| *is_wanted);
        wanted.map(|(_, page)| page).take(FOLLOW_UPS_MAX).collect()
    }
}

/// A follow-up on the screen.
#[derive(Clone, Debug)]
pub(super) struct Following {
    /// The rating that it belongs to.
    pub(super) of: Shown,
    /// When that rating was kept.
    pub(super) since: u64,
    pub(super) page: FollowUp,
    /// What is asked after it.
    pub(super) rest: VecDeque<FollowUp>,
    /// When the shopper is taken to have left.
    pub(super) until: u64,
    /// The seconds that the countdown shows; 0 while there is none.
    pub(super) countdown: u8,
}

impl Following {
    /// When the countdown begins or goes on, or the page ends.
    pub(super) const fn due_at(&self) -> u64 {
        match self.countdown {
            0 => self.until.saturating_sub(STILL_THERE_MS),
            seconds => self.until.saturating_sub((seconds as u64 - 1) * 1_000),
        }
    }

    /// What the countdown shows at `now`; 0 while there is time.
    pub(super) fn seconds_left(&self, now: u64) -> u8 {
        let left = self.until.saturating_sub(now);
        if left > STILL_THERE_MS { 0 } else { u8::try_from(left.div_ceil(1_000)).unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::rating::Scale;

    proptest! {
        #[test]
        fn one_in_so_many_visits_is_asked_for_a_recommendation(
            one_in in 1u16..50, start in any::<u32>()
        ) {
            let plan = Plan { nps_one_in: one_in, ..Plan::default() };
            let mut chooser = Chooser::new(plan, start);
            let score = Scale::Five.score(4).unwrap();
            let asked = (0..one_in * 3).filter(|_| !chooser.choose(score).is_empty()).count();
            prop_assert_eq!(asked, 3);
        }
    }

    #[test]
    fn nobody_is_asked_more_than_two_follow_ups() {
        let plan = Plan {
            unhappy_reasons: true,
            happy_reasons: false,
            nps_one_in: 1,
            takes_comments: true,
        };
        let mut chooser = Chooser::new(plan, 0);
        let (bad, good) = (Scale::Five.score(2).unwrap(), Scale::Five.score(5).unwrap());
        assert_eq!(chooser.choose(bad), [FollowUp::Reasons, FollowUp::Nps]);
        assert_eq!(chooser.choose(good), [FollowUp::Nps, FollowUp::Comment]);
    }
}
