//! Judging again: today's rules judge presses that older rules have judged.
//!
//! The kiosk's verdict is kept beside the new one, so that a wrong rule can be undone.

use std::ops::RangeInclusive;

use crate::feedback::misuse::{Judge, RULE_VERSION, Reason, UNJUDGED, Verdict};
use crate::feedback::rating::{Input, Scale};

/// So many numbers before an event, and after it, are looked at to judge it: no rule looks at more
/// than some 80 presses, and each may have follow-ups between.
pub const REACH: u32 = 400;

/// So many events are judged again in one transaction, while nothing of the kiosk can arrive.
pub const AT_ONCE: u32 = 2_000;

/// The stretch in which presses are judged again from after a number up to another one: with what
/// they may depend on.
#[must_use]
pub const fn stretch_after(after: u32, last: u32) -> RangeInclusive<u32> {
    after.saturating_sub(REACH)..=last
}

/// The stretches of numbers in which presses are judged again when these, rising, have arrived:
/// each with what it may depend on and what may depend on it.
#[must_use]
pub fn stretches_of(arrived: &[u32]) -> Vec<RangeInclusive<u32>> {
    let mut stretches = Vec::<RangeInclusive<u32>>::new();
    for &n in arrived {
        let (first, last) = (n.saturating_sub(REACH), n.saturating_add(REACH));
        match stretches.last_mut().filter(|before| *before.end() >= first) {
            Some(before) => *before = *before.start()..=last,
            None => stretches.push(first..=last),
        }
    }
    stretches
}

/// A verdict in the words of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Why the press is misuse, if it is.
    pub misuse: Option<String>,
    /// The version of the rules that gave it.
    pub rule: u16,
}

impl Judgement {
    fn verdict(&self) -> Verdict {
        Verdict { misuse: self.misuse.as_deref().and_then(Reason::named), rule: self.rule }
    }
}

/// A press as the archive keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// Its number in the run.
    pub n: u32,
    /// When, in milliseconds since its boot.
    pub boot_ms: u64,
    /// The face, 1 being the worst.
    pub score: u8,
    /// How many faces there were.
    pub scale: u8,
    /// What was pressed.
    pub input: String,
    /// The kiosk's verdict.
    pub told: Judgement,
    /// The verdict of later rules, if they have judged it.
    pub judged: Option<Judgement>,
}

/// Whether older rules than today's gave a verdict. A kiosk whose rules were off gave none.
#[must_use]
pub const fn is_outdated(verdict: Verdict) -> bool {
    verdict.rule != UNJUDGED && verdict.rule < RULE_VERSION
}

/// Judges the presses of a run, in the order of their numbers; returns the verdicts that differ
/// from the newest ones, by number.
#[must_use]
pub fn judge_again(presses: &[Press]) -> Vec<(u32, Verdict)> {
    let mut judge = Judge::default();
    let mut changed = Vec::new();
    for press in presses {
        let scale = Scale::with_faces(press.scale);
        let score = scale.and_then(|scale| scale.score(press.score).ok());
        // What this version cannot read, it does not judge.
        let Some((score, input)) = score.zip(Input::named(&press.input)) else {
            continue;
        };
        let told = press.told.verdict();
        let verdict = judge.judge_again(told, score, input, press.boot_ms);
        if verdict != press.judged.as_ref().map_or(told, Judgement::verdict) {
            changed.push((press.n, verdict));
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(n: u32, boot_ms: u64, rule: u16) -> Press {
        let told = Judgement { misuse: None, rule };
        Press { n, boot_ms, score: 5, scale: 5, input: "button".to_owned(), told, judged: None }
    }

    #[test]
    fn a_bounce_that_older_rules_let_pass_is_found_once() {
        let bounce = Verdict::now(Some(Reason::Bounce));
        let mut presses = [press(1, 1_000, 1), press(2, 1_030, 1), press(3, 9_000, RULE_VERSION)];
        assert_eq!(judge_again(&presses), [(1, Verdict::now(None)), (2, bounce)]);
        let words = |misuse: Option<&str>| {
            Some(Judgement { misuse: misuse.map(str::to_owned), rule: RULE_VERSION })
        };
        presses[0].judged = words(None);
        presses[1].judged = words(Some("bounce"));
        assert_eq!(judge_again(&presses), []);
    }

    #[test]
    fn todays_verdicts_and_those_of_rules_that_were_off_stay() {
        for rule in [RULE_VERSION, UNJUDGED] {
            let verdict = Verdict { misuse: None, rule };
            assert!(!is_outdated(verdict));
            assert_eq!(judge_again(&[press(1, 1_000, rule), press(2, 1_030, rule)]), []);
        }
        assert!(is_outdated(Verdict { misuse: None, rule: 1 }));
    }

    #[test]
    fn only_presses_near_those_that_arrived_are_judged_again() {
        assert_eq!(stretches_of(&[]), []);
        assert_eq!(stretches_of(&[1, 2, 700]), [0..=1_100]);
        assert_eq!(stretches_of(&[1_000, 60_000]), [600..=1_400, 59_600..=60_400]);
    }

    #[test]
    fn a_stretch_is_judged_as_if_the_whole_run_were() {
        let pauses = [10, 40, 300, 700, 1_500, 60, 9_000, 70_000];
        let mut at_ms = 0;
        let whole: Vec<Press> = (1..2_000u32)
            .map(|n| {
                at_ms += pauses[usize::try_from(n * n % 31 % 8).unwrap()];
                press(n, at_ms, 1)
            })
            .collect();
        let verdicts = judge_again(&whole);
        for n in [1, 500, 1_000, 1_999] {
            let [stretch] = stretches_of(&[n]).try_into().unwrap();
            let part: Vec<Press> =
                whole.iter().filter(|press| stretch.contains(&press.n)).cloned().collect();
            let changed = judge_again(&part);
            let near = |verdicts: &[(u32, Verdict)]| {
                let is_near = |n_of: u32| n_of.abs_diff(n) <= 100;
                verdicts.iter().filter(|(n, _)| is_near(*n)).copied().collect::<Vec<_>>()
            };
            assert_eq!(near(&changed), near(&verdicts), "{n}");
        }
    }

    #[test]
    fn a_run_that_is_judged_in_parts_is_judged_as_a_whole() {
        assert_eq!(stretch_after(0, 9), 0..=9);
        assert_eq!(stretch_after(REACH, 9_000), 0..=9_000);
        assert_eq!(stretch_after(2_000, 4_000), 1_600..=4_000);
    }

    #[test]
    fn a_press_of_a_newer_version_is_left_alone() {
        let foreign = Press { input: "glance".to_owned(), ..press(1, 1_000, 1) };
        assert_eq!(judge_again(&[foreign, press(2, 1_030, 1)]), [(2, Verdict::now(None))]);
    }
}
