//! Which follow-ups a rating has, how long a shopper may take over them, and what becomes of the
//! answers.

use std::collections::VecDeque;

use super::{Effect, KeepAnswer, Phase, Shown, UnderWay, Visit, Waiting};
use crate::feedback::answer::{Answer, FollowUp, Reply};
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

impl Visit {
    pub(super) fn answered(&mut self, page: FollowUp, reply: Reply, now: u64) -> Vec<Effect> {
        match (Answer::new(page, reply), &self.phase) {
            (Ok(answer), Phase::Following(following)) => {
                let to = following.of.n;
                self.soon(Waiting::Answer(answer, to, now), now)
            }
            // The screen offers nothing of the kind, or not any more.
            _ => Vec::new(),
        }
    }

    /// Hands an answer to the journal, if the follow-up that it was given to is still shown.
    pub(super) fn keep_answer(
        &mut self,
        answer: Answer,
        to: u32,
        at_ms: u64,
        now: u64,
    ) -> Vec<Effect> {
        match &self.phase {
            Phase::Following(following)
                if following.page == answer.follow_up() && following.of.n == to =>
            {
                let keep = KeepAnswer { to, answer, at_ms };
                self.under_way = Some((UnderWay::Answer(keep.clone()), now));
                vec![Effect::KeepAnswer(keep)]
            }
            _ => Vec::new(),
        }
    }

    /// Writes down that nobody answered the follow-up on the screen.
    pub(super) fn walk_away(&mut self, now: u64) -> Vec<Effect> {
        match &self.phase {
            Phase::Following(following) => {
                let (answer, to) = (Answer::timed_out(following.page), following.of.n);
                self.keep_answer(answer, to, now, now)
            }
            _ => Vec::new(),
        }
    }

    /// Shows the next follow-up, if there is one.
    pub(super) fn follow(
        &mut self,
        of: Shown,
        since: u64,
        mut pages: VecDeque<FollowUp>,
        now: u64,
    ) -> Option<Vec<Effect>> {
        let page = pages.pop_front()?;
        let until = now + self.patience(self.pace.follow_up_ms);
        self.phase =
            Phase::Following(Following { of, since, page, rest: pages, until, countdown: 0 });
        Some(vec![Effect::Follow { page, is_happy: of.score.is_happy() }])
    }

    pub(super) fn kept_answer(&mut self, keep: &KeepAnswer, now: u64) -> Vec<Effect> {
        let Phase::Following(Following { of, since, rest, .. }) = &mut self.phase else {
            return Vec::new();
        };
        let (of, since, rest) = (*of, *since, std::mem::take(rest));
        if *keep.answer.reply() == Reply::TimedOut {
            // Nobody is there to be thanked, and whoever comes next is somebody else.
            return self.ask(now);
        }
        if let Some(effects) = self.follow(of, since, rest, now) {
            return effects;
        }
        self.phase = Phase::Thanking { of, since: now, until: now + self.thanks_ms(of) };
        vec![Effect::Thank { n: of.n, score: of.score }]
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
