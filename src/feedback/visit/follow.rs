//! The follow-ups on the screen: what is asked next, and what becomes of the answers.

use std::collections::VecDeque;

use super::Visit;
use super::exchange::{Effect, KeepAnswer};
use super::phase::{Following, Phase, Shown, UnderWay, Waiting};
use crate::feedback::answer::{Answer, FollowUp, Reply};

impl Visit {
    pub(super) fn answered(&mut self, page: FollowUp, reply: Reply, now: u64) -> Vec<Effect> {
        match (Answer::new(page, reply), &self.phase) {
            (Ok(answer), Phase::Following(following)) => {
                let to = following.of.n;
                self.soon(Waiting::Answer(answer, to, now), now)
            }
            // The reply does not fit, or no follow-up is shown any more.
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
            // Nobody is there to be thanked, and the next press is another shopper's.
            return self.ask(now);
        }
        if let Some(effects) = self.follow(of, since, rest, now) {
            return effects;
        }
        self.phase = Phase::Thanking { of, since: now, until: now + self.thanks_ms(of) };
        vec![Effect::Thank { n: of.n, score: of.score }]
    }
}
