//! Presses that are kept but not counted, and why.
//!
//! A press is never thrown away: it goes into the journal with the verdict and the version of the
//! rules that gave it, and both counts are shown side by side. Rules that turn out to be wrong can
//! be changed: what was judged by an older version is judged again, from the same facts, by playing
//! the presses through a new [`Judge`].

use std::collections::VecDeque;

use crate::feedback::rating::{Input, Score};
pub use crate::feedback::verdict::{Reason, Verdict};

/// The version of the rules below; counts up whenever one of them changes.
pub const RULE_VERSION: u16 = 2;

/// The version of a verdict that no rules gave, because they were switched off: it stays.
pub const UNJUDGED: u16 = 0;

/// Two presses of one button closer than this, in milliseconds, are its contacts bouncing: a
/// finger needs longer to lift and fall again.
pub const BOUNCE_MS: u64 = 50;

/// Two faces pressed within this time, in milliseconds, were pressed by one hand. The first of
/// them counts.
pub const TOGETHER_MS: u64 = 80;

/// More presses than this within [`BURST_WINDOW_MS`] are a child at play; the ones beyond it do
/// not count.
pub const BURST_MAX: usize = 8;

/// The time in which a burst is counted, in milliseconds.
pub const BURST_WINDOW_MS: u64 = 10_000;

/// More presses of one button than this within [`CHATTER_WINDOW_MS`] are a worn or wet contact;
/// the ones beyond it do not count.
pub const CHATTER_MAX: usize = 20;

/// The time in which chatter is counted, in milliseconds.
pub const CHATTER_WINDOW_MS: u64 = 60_000;

/// A button held this long, in milliseconds, is jammed or leant on: its press is taken back.
pub const HELD_MS: u64 = 10_000;

/// A button that was not pressed while the others were pressed this often may be broken. A working
/// one with one press in fifty stays silent that long in 0.03 % of all cases (0.98^400).
pub const SILENT_AFTER: u32 = 400;

impl Verdict {
    /// The verdict of today's rules.
    #[must_use]
    pub const fn now(misuse: Option<Reason>) -> Self {
        Self { misuse, rule: RULE_VERSION }
    }

    /// The verdict of today's rules on a press that was judged before, given what [`Judge::judge`]
    /// says of it now.
    ///
    /// The response interval, a held button and the shop's hours are facts of the visit that are
    /// not judged again.
    fn again(self, judged: Option<Reason>) -> Self {
        let stays = matches!(self.misuse, Some(Reason::Repeat | Reason::Held | Reason::Closed));
        if self.rule == UNJUDGED || self.rule >= RULE_VERSION || stays {
            return self;
        }
        Self::now(judged)
    }
}

/// The rules that look at presses alone: when, which face, and by what.
///
/// The same presses in the same order always get the same verdicts, today and years later.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    is_off: bool,
    recent: VecDeque<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at_ms: u64,
    score: Score,
    input: Input,
}

impl Judge {
    /// A judge that lets every press count: the rules are switched off.
    #[must_use]
    pub fn off() -> Self {
        Self { is_off: true, recent: VecDeque::new() }
    }

    /// The version under which it judges.
    #[must_use]
    pub const fn rule(&self) -> u16 {
        if self.is_off { UNJUDGED } else { RULE_VERSION }
    }

    /// Judges the next press by today's rules, which was judged before; `at_ms` is on the boot's
    /// axis.
    pub fn judge_again(
        &mut self,
        told: Verdict,
        score: Score,
        input: Input,
        at_ms: u64,
    ) -> Verdict {
        if told.misuse == Some(Reason::Held) {
            // This is not a press: it takes one back.
            return told;
        }
        told.again(self.judge(score, input, at_ms))
    }

    /// Judges the next press; `at_ms` is on the boot's axis.
    pub fn judge(&mut self, score: Score, input: Input, at_ms: u64) -> Option<Reason> {
        if self.is_off {
            return None;
        }
        let since = |seen: &Seen| at_ms.saturating_sub(seen.at_ms);
        while self.recent.front().is_some_and(|seen| since(seen) >= CHATTER_WINDOW_MS) {
            self.recent.pop_front();
        }
        let is_same = |seen: &&Seen| seen.score == score && seen.input == input;
        let same = self.recent.iter().filter(is_same).count();
        let in_burst = self.recent.iter().filter(|seen| since(seen) < BURST_WINDOW_MS).count();
        let last_same = self.recent.iter().rfind(|seen| is_same(seen)).map(since);
        let last_other = self.recent.iter().rfind(|seen| seen.score != score).map(since);
        let is_button = input == Input::Button;
        let reason = if is_button && last_same.is_some_and(|ms| ms < BOUNCE_MS) {
            Some(Reason::Bounce)
        } else if last_other.is_some_and(|ms| ms < TOGETHER_MS) {
            Some(Reason::Together)
        } else if is_button && same >= CHATTER_MAX {
            Some(Reason::Chatter)
        } else if in_burst >= BURST_MAX {
            Some(Reason::Burst)
        } else {
            None
        };
        // No rule needs more presses than this, however fast a contact chatters.
        if self.recent.len() > 4 * CHATTER_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Seen { at_ms, score, input });
        reason
    }
}

/// Which buttons fell silent while the others were used.
#[derive(Clone, Debug, Default)]
pub struct Silence {
    /// For each score from 1 on, how often another button was pressed since it was.
    others_since: [u32; 5],
}

impl Silence {
    /// Takes in a press; only buttons can break.
    pub fn take(&mut self, score: Score, input: Input) {
        if input != Input::Button {
            return;
        }
        for (value, others) in (1..).zip(&mut self.others_since) {
            *others = if value == score.value() { 0 } else { others.saturating_add(1) };
        }
    }

    /// The scores of this many faces whose buttons are silent, each with how often the others were
    /// pressed since.
    pub fn silent(&self, faces: u8) -> impl Iterator<Item = (u8, u32)> {
        let each = (1..=faces).zip(self.others_since);
        each.filter(|&(_, others)| others >= SILENT_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::rating::Scale;

    fn score(value: u8) -> Score {
        Scale::Five.score(value).unwrap()
    }

    /// What the rules say of presses by buttons: when, and which face.
    fn judge(presses: &[(u64, u8)]) -> Vec<Option<Reason>> {
        let mut judge = Judge::default();
        let by_button = |&(at, value)| judge.judge(score(value), Input::Button, at);
        presses.iter().map(by_button).collect()
    }

    #[test]
    fn a_bouncing_contact_counts_once() {
        let verdicts = judge(&[(1_000, 5), (1_010, 5), (1_049, 5), (9_000, 5)]);
        let bounce = Some(Reason::Bounce);
        assert_eq!(verdicts, [None, bounce, bounce, None]);
        let mut judge = Judge::default();
        for at in [1_000, 1_010] {
            assert_eq!(judge.judge(score(5), Input::Touch, at), None, "glass does not bounce");
        }
    }

    #[test]
    fn of_two_faces_pressed_by_one_hand_the_first_counts() {
        assert_eq!(judge(&[(1_000, 2), (1_079, 4)]), [None, Some(Reason::Together)]);
        assert_eq!(judge(&[(1_000, 2), (1_080, 4)]), [None, None], "a second thought");
    }

    #[test]
    fn a_childs_burst_counts_up_to_a_limit() {
        let presses: Vec<(u64, u8)> =
            (0..12u8).map(|i| (1_000 + u64::from(i) * 400, i % 5 + 1)).collect();
        let verdicts = judge(&presses);
        assert!(verdicts[..BURST_MAX].iter().all(Option::is_none));
        assert!(verdicts[BURST_MAX..].iter().all(|&v| v == Some(Reason::Burst)));
    }

    #[test]
    fn a_chattering_button_counts_up_to_a_limit_and_leaves_the_others_alone() {
        let mut presses: Vec<_> = (0..30).map(|i| (i * 1_500, 3)).collect();
        presses.push((44_000, 5));
        let verdicts = judge(&presses);
        assert!(verdicts[..CHATTER_MAX].iter().all(Option::is_none));
        assert!(verdicts[CHATTER_MAX..30].iter().all(|&v| v == Some(Reason::Chatter)));
        assert_eq!(verdicts[30], None);
    }

    #[test]
    fn what_older_rules_let_pass_is_judged_again_and_what_was_decided_now_stays() {
        let old = Verdict { misuse: None, rule: 1 };
        assert_eq!(old.again(Some(Reason::Bounce)), Verdict::now(Some(Reason::Bounce)));
        let old = Verdict { misuse: Some(Reason::Burst), rule: 1 };
        assert_eq!(old.again(None), Verdict::now(None), "a rule that was wrong is undone");
        for stays in [
            Verdict { misuse: Some(Reason::Repeat), rule: 1 },
            Verdict { misuse: None, rule: UNJUDGED },
            Verdict::now(None),
        ] {
            assert_eq!(stays.again(Some(Reason::Bounce)), stays);
        }
    }

    #[test]
    fn a_button_that_is_silent_while_the_others_are_used_is_named() {
        let mut silence = Silence::default();
        silence.take(score(2), Input::Button);
        for i in 0..SILENT_AFTER {
            silence.take(score(if i % 2 == 0 { 4 } else { 5 }), Input::Button);
        }
        let silent: Vec<_> = silence.silent(5).map(|(value, _)| value).collect();
        assert_eq!(silent, [1, 2, 3]);
        silence.take(score(2), Input::Touch);
        assert_eq!(silence.silent(5).count(), 3, "a touch proves no button");
        silence.take(score(2), Input::Button);
        assert_eq!(silence.silent(5).map(|(value, _)| value).collect::<Vec<_>>(), [1, 3]);
    }

    proptest! {
        /// However a worn contact chatters, it gets no more than its share of ratings.
        #[test]
        fn no_train_of_edges_gets_more_votes_than_the_limit(
            pauses in prop::collection::vec(0u64..400, 1..500)
        ) {
            let mut at = 0;
            let presses: Vec<_> = pauses.iter().map(|pause| { at += pause; (at, 3) }).collect();
            let counted: Vec<u64> = presses.iter().zip(judge(&presses))
                .filter(|(_, verdict)| verdict.is_none()).map(|(press, _)| press.0).collect();
            for (i, from) in counted.iter().enumerate() {
                let within = counted[i..].iter().filter(|at| **at - from < BURST_WINDOW_MS).count();
                prop_assert!(within <= BURST_MAX);
            }
        }
    }
}
