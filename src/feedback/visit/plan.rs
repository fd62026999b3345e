//! Which follow-ups a rating has.

use std::collections::VecDeque;

use crate::feedback::answer::FollowUp;
use crate::feedback::rating::Score;

/// The most follow-ups of one visit: nobody should be held up at the till.
pub const FOLLOW_UPS_MAX: usize = 2;

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
