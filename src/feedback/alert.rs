//! When somebody in the shop should look: many unhappy shoppers within a short time.
//!
//! The rule is the field's: an alert is raised once a share of the ratings within a window were
//! unhappy, and there were enough of them; it closes by itself when that is no longer so. Only
//! fresh ratings that count are looked at, by the boot's clock, so that neither a wrong time of day
//! nor a late delivery raises one.

use std::collections::VecDeque;

use crate::feedback::rating::Score;

/// The most ratings that a window is looked at by: far more than fingers give in an hour.
const RECENT_MAX: usize = 4_096;

/// When an alert is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How far back is looked, in milliseconds.
    pub window_ms: u64,
    /// The least share of unhappy ratings, in percent.
    pub unhappy_percent: u8,
    /// The least number of ratings that counts as anything.
    pub ratings_least: u32,
}

impl Default for Rule {
    fn default() -> Self {
        Self { window_ms: 15 * 60 * 1_000, unhappy_percent: 50, ratings_least: 4 }
    }
}

/// An alert that is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Since when, in milliseconds since boot.
    pub since_ms: u64,
    /// How many ratings were unhappy, at its worst.
    pub unhappy: u32,
    /// Of how many in the window then.
    pub ratings: u32,
    /// Whether somebody has said that they have it.
    pub is_acknowledged: bool,
}

/// Looks at each rating as it comes.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    rule: Option<Rule>,
    recent: VecDeque<Fresh>,
    alert: Option<Alert>,
}

#[derive(Clone, Copy, Debug)]
struct Fresh {
    /// Its number in the run, by which it can be taken back.
    n: u32,
    at_ms: u64,
    is_unhappy: bool,
}

impl Watch {
    /// Looks by a rule; none switches it off.
    #[must_use]
    pub const fn new(rule: Option<Rule>) -> Self {
        Self { rule, recent: VecDeque::new(), alert: None }
    }

    /// Takes in a rating that counts, with its number in the run.
    pub fn rated(&mut self, n: u32, score: Score, at_ms: u64) {
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Fresh { n, at_ms, is_unhappy: score.is_unhappy() });
        self.look(at_ms);
    }

    /// Takes out a rating that was corrected or taken back.
    pub fn taken_back(&mut self, n: u32, now_ms: u64) {
        self.recent.retain(|fresh| fresh.n != n);
        self.look(now_ms);
    }

    /// Forgets the numbers of a run that has ended: what comes now is numbered anew.
    pub fn begin_run(&mut self) {
        for fresh in &mut self.recent {
            fresh.n = 0;
        }
    }

    /// Raises or closes the alert, as the time goes by.
    pub fn look(&mut self, now_ms: u64) {
        let Some(rule) = self.rule else {
            return;
        };
        while self.recent.front().is_some_and(|fresh| fresh.at_ms + rule.window_ms <= now_ms) {
            self.recent.pop_front();
        }
        let count = |all: usize| u32::try_from(all).unwrap_or(u32::MAX);
        let ratings = count(self.recent.len());
        let unhappy = count(self.recent.iter().filter(|fresh| fresh.is_unhappy).count());
        let is_share =
            u64::from(unhappy) * 100 >= u64::from(rule.unhappy_percent) * u64::from(ratings);
        if ratings < rule.ratings_least || ratings == 0 || !is_share {
            self.alert = None;
            return;
        }
        let alert = self.alert.get_or_insert(Alert {
            since_ms: now_ms,
            unhappy,
            ratings,
            is_acknowledged: false,
        });
        if unhappy > alert.unhappy {
            (alert.unhappy, alert.ratings) = (unhappy, ratings);
        }
    }

    /// The alert, if one is raised.
    #[must_use]
    pub const fn alert(&self) -> Option<Alert> {
        self.alert
    }

    /// Somebody has the alert.
    pub const fn acknowledge(&mut self) {
        if let Some(alert) = &mut self.alert {
            alert.is_acknowledged = true;
        }
    }

    /// When the alert closes if nothing more comes, or changes, in milliseconds since boot.
    #[must_use]
    pub fn due_at(&self) -> Option<u64> {
        let (rule, _) = (self.rule?, self.alert?);
        self.recent.front().map(|fresh| fresh.at_ms + rule.window_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::rating::Scale;

    const MINUTE: u64 = 60_000;

    fn score(value: u8) -> Score {
        Scale::Five.score(value).unwrap()
    }

    fn watch(ratings: &[(u64, u8)]) -> Watch {
        let mut watch = Watch::new(Some(Rule::default()));
        for (n, &(minute, value)) in (1..).zip(ratings) {
            watch.rated(n, score(value), minute * MINUTE);
        }
        watch
    }

    #[test]
    fn half_of_four_within_a_quarter_of_an_hour_raises_it_and_less_does_not() {
        let raised = |ratings: &[(u64, u8)]| watch(ratings).alert().is_some();
        assert!(raised(&[(0, 1), (1, 5), (2, 2), (3, 5)]));
        assert!(!raised(&[(0, 1), (1, 1), (2, 2)]), "three are too few");
        assert!(!raised(&[(0, 1), (1, 5), (2, 4), (3, 5)]), "one of four");
        assert!(!raised(&[(0, 1), (1, 5), (2, 3), (3, 5)]), "the middle is not unhappy");
        assert!(!raised(&[(0, 1), (1, 1), (2, 5), (15, 5)]), "the first is over");
    }

    #[test]
    fn it_closes_by_itself_when_the_condition_is_gone() {
        let mut watch = watch(&[(0, 1), (1, 1), (2, 1), (3, 1)]);
        let alert = watch.alert().unwrap();
        assert_eq!((alert.since_ms, alert.unhappy, alert.ratings), (3 * MINUTE, 4, 4));
        watch.acknowledge();
        assert!(watch.alert().unwrap().is_acknowledged);
        let due = watch.due_at().unwrap();
        watch.look(due - 1);
        assert!(watch.alert().is_some());
        watch.look(due);
        assert_eq!((watch.alert(), watch.due_at()), (None, None));
    }

    #[test]
    fn a_press_that_is_corrected_closes_it() {
        let mut watch = watch(&[(0, 1), (1, 5), (2, 1), (3, 5)]);
        watch.taken_back(3, 3 * MINUTE);
        watch.rated(5, score(5), 3 * MINUTE);
        assert_eq!(watch.alert(), None);
    }

    #[test]
    fn a_new_run_takes_nothing_of_the_last_one_back() {
        let mut watch = watch(&[(0, 1), (1, 1), (2, 1), (3, 1)]);
        watch.begin_run();
        watch.taken_back(1, 3 * MINUTE);
        assert!(watch.alert().is_some());
    }

    #[test]
    fn without_a_rule_nothing_is_raised() {
        let mut watch = Watch::default();
        for n in 1..100 {
            watch.rated(n, score(1), 0);
        }
        assert_eq!(watch.alert(), None);
    }

    proptest! {
        /// Whatever comes, an alert stands exactly while the rule holds for what is fresh.
        #[test]
        fn it_stands_exactly_while_the_rule_holds(
            steps in prop::collection::vec((0u64..6, 1u8..=5, any::<bool>()), 1..80)
        ) {
            let rule = Rule::default();
            let mut watch = Watch::new(Some(rule));
            let mut kept: Vec<(u32, u64, bool)> = Vec::new();
            let (mut now, mut n) = (0, 0);
            for (minutes, value, takes_back) in steps {
                now += minutes * MINUTE;
                if takes_back && n > 0 {
                    watch.taken_back(n, now);
                    kept.retain(|(known, ..)| *known != n);
                } else {
                    n += 1;
                    watch.rated(n, score(value), now);
                    kept.push((n, now, value <= 2));
                }
                let fresh: Vec<_> =
                    kept.iter().filter(|(_, at, _)| at + rule.window_ms > now).collect();
                let unhappy = fresh.iter().filter(|(.., is_unhappy)| *is_unhappy).count();
                let holds = fresh.len() >= 4 && unhappy * 2 >= fresh.len();
                prop_assert_eq!(watch.alert().is_some(), holds);
            }
        }
    }
}
