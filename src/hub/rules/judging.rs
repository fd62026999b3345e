//! Judging again: today's rules judge presses that older rules have judged.
//!
//! The kiosk's verdict is kept beside the new one, so that a wrong rule can be undone.

use crate::feedback::misuse::{Judge, RULE_VERSION, Reason, UNJUDGED, Verdict};
use crate::feedback::rating::{Input, Scale};

/// A verdict as the archive stores it.
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
    fn a_press_of_a_newer_version_is_left_alone() {
        let foreign = Press { input: "glance".to_owned(), ..press(1, 1_000, 1) };
        assert_eq!(judge_again(&[foreign, press(2, 1_030, 1)]), [(2, Verdict::now(None))]);
    }
}
