//! Alerts for the shop manager: many unhappy shoppers within a short time, or no press at a time
//! that usually has some.
//!
//! An alert is raised when a window has enough ratings and a given share of them is unhappy, which
//! is the field's usual rule; it closes by itself when that is no longer so. Only fresh ratings
//! that count are looked at, by the boot's clock, so neither a wrong time of day nor a late
//! delivery raises one.

use std::collections::VecDeque;

use crate::feedback::rating::Score;

/// The most ratings that a window holds: far more than fingers give in an hour.
const RECENT_MAX: usize = 4_096;

/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// How long it is asked what came of an alert, from when it closed, in milliseconds.
pub const ASKED_MS: u64 = 4 * HOUR_MS;

/// When an alert is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The length of the window, in milliseconds.
    pub window_ms: u64,
    /// The least share of unhappy ratings, in percent.
    pub unhappy_percent: u8,
    /// The least number of ratings in the window for an alert.
    pub ratings_least: u32,
    /// How long an open post may be without a press before the kiosk checks whether that is unusual
    /// at this time, in milliseconds; 0 is never.
    pub quiet_ms: u64,
}

impl Default for Rule {
    fn default() -> Self {
        let quiet_ms = 3 * HOUR_MS;
        Self { window_ms: 15 * 60 * 1_000, unhappy_percent: 50, ratings_least: 4, quiet_ms }
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
    /// Whether somebody has taken it on.
    pub is_acknowledged: bool,
}

/// An alert that somebody took on and that is over: what came of it is still to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// When it was raised, in milliseconds since boot.
    pub since_ms: u64,
    /// When it closed, in milliseconds since boot.
    pub until_ms: u64,
}

/// Watches each rating as it comes, and raises and closes the alert.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    rule: Option<Rule>,
    recent: VecDeque<Fresh>,
    alert: Option<Alert>,
    over: Option<Over>,
    /// Since when the post is open and nobody has pressed, in milliseconds since boot.
    unused_since: Option<u64>,
    /// When to check next whether that is unusual.
    look_at: Option<u64>,
    is_quiet: bool,
}

#[derive(Clone, Copy, Debug)]
struct Fresh {
    /// Its number in the run, by which it can be taken back.
    n: u32,
    at_ms: u64,
    is_unhappy: bool,
}

impl Watch {
    /// Watches by a rule; without a rule nothing raises an alert.
    #[must_use]
    pub const fn new(rule: Option<Rule>) -> Self {
        Self {
            rule,
            recent: VecDeque::new(),
            alert: None,
            over: None,
            unused_since: None,
            look_at: None,
            is_quiet: false,
        }
    }

    /// The post was used, or the shop has opened.
    pub fn used(&mut self, now_ms: u64) {
        let quiet_ms = self.rule.map_or(0, |rule| rule.quiet_ms);
        self.unused_since = Some(now_ms);
        self.look_at = (quiet_ms > 0).then(|| now_ms + quiet_ms);
        self.is_quiet = false;
    }

    /// The shop has closed: nobody is expected.
    pub const fn closed(&mut self) {
        self.unused_since = None;
        self.look_at = None;
        self.is_quiet = false;
    }

    /// For how long nobody has pressed, in milliseconds, if it is time to check whether that is
    /// unusual; [`Watch::found`] takes the result.
    pub fn take_due_look(&mut self, now_ms: u64) -> Option<u64> {
        self.look_at.filter(|&at| at <= now_ms)?;
        self.look_at = Some(now_ms + HOUR_MS);
        Some(now_ms.saturating_sub(self.unused_since?))
    }

    /// Takes the result of the check: whether the post usually has presses at this time.
    pub const fn found(&mut self, is_usual: bool) {
        self.is_quiet = is_usual && self.unused_since.is_some();
    }

    /// For how long nobody has pressed, in milliseconds, where that is unusual.
    #[must_use]
    pub fn quiet_ms(&self, now_ms: u64) -> Option<u64> {
        let since = self.unused_since.filter(|_| self.is_quiet)?;
        Some(now_ms.saturating_sub(since))
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
            if let Some(alert) = self.alert.take().filter(|alert| alert.is_acknowledged) {
                self.over = Some(Over { since_ms: alert.since_ms, until_ms: now_ms });
            }
            self.over.take_if(|over| over.until_ms + ASKED_MS <= now_ms);
            return;
        }
        self.over = None;
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

    /// Somebody has taken the alert on.
    pub const fn acknowledge(&mut self) {
        if let Some(alert) = &mut self.alert {
            alert.is_acknowledged = true;
        }
    }

    /// The last alert, if somebody took it on and has not told yet what came of it.
    #[must_use]
    pub const fn over(&self) -> Option<Over> {
        self.over
    }

    /// Somebody has told what came of the last alert, or that there is nothing to tell.
    pub const fn settle(&mut self) {
        self.over = None;
    }

    /// When the alert closes or changes if nothing more comes, or when to check next whether the
    /// quiet is unusual, in milliseconds since boot.
    #[must_use]
    pub fn due_at(&self) -> Option<u64> {
        let closes = self
            .rule
            .zip(self.alert)
            .and_then(|(rule, _)| self.recent.front().map(|fresh| fresh.at_ms + rule.window_ms));
        let forgotten = self.over.map(|over| over.until_ms + ASKED_MS);
        closes.into_iter().chain(forgotten).chain(self.look_at).min()
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
        assert_eq!(watch.alert(), None);
    }

    #[test]
    fn what_came_of_it_is_asked_once_it_is_over_and_only_of_somebody_who_had_it() {
        let closes = |is_taken_on: bool| {
            let mut watch = watch(&[(0, 1), (1, 1), (2, 1), (3, 1)]);
            if is_taken_on {
                watch.acknowledge();
            }
            assert_eq!(watch.over(), None, "it still stands");
            let due = watch.due_at().unwrap();
            watch.look(due);
            watch
        };
        assert_eq!(closes(false).over(), None);
        let mut told = closes(true);
        let over = Over { since_ms: 3 * MINUTE, until_ms: 15 * MINUTE };
        assert_eq!(told.over(), Some(over));
        told.settle();
        assert_eq!(told.over(), None);
        let mut forgotten = closes(true);
        assert!(forgotten.due_at().unwrap() <= 15 * MINUTE + ASKED_MS);
        forgotten.look(15 * MINUTE + ASKED_MS - 1);
        assert!(forgotten.over().is_some());
        forgotten.look(15 * MINUTE + ASKED_MS);
        assert_eq!(forgotten.over(), None);
        let mut again = closes(true);
        for n in 10..14 {
            again.rated(n, score(1), 20 * MINUTE);
        }
        assert!(again.alert().is_some() && again.over().is_none(), "one thing at a time");
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
    fn a_quiet_post_is_looked_up_after_some_hours_and_then_every_hour_until_somebody_presses() {
        let hour = HOUR_MS;
        let mut watch = Watch::new(Some(Rule::default()));
        assert_eq!(watch.take_due_look(100 * hour), None, "the shop has not opened");
        watch.used(0);
        assert_eq!(watch.take_due_look(3 * hour - 1), None);
        assert_eq!(watch.due_at(), Some(3 * hour));
        assert_eq!(watch.take_due_look(3 * hour), Some(3 * hour));
        assert_eq!(watch.take_due_look(3 * hour), None, "once");
        watch.found(false);
        assert_eq!(watch.quiet_ms(3 * hour), None, "it is like this every week");
        assert_eq!(watch.take_due_look(4 * hour), Some(4 * hour));
        watch.found(true);
        assert_eq!(watch.quiet_ms(5 * hour), Some(5 * hour));
        watch.used(5 * hour);
        assert_eq!(watch.quiet_ms(5 * hour), None);
        watch.found(true);
        watch.closed();
        assert_eq!((watch.quiet_ms(9 * hour), watch.take_due_look(99 * hour)), (None, None));
        watch.found(true);
        assert_eq!(watch.quiet_ms(9 * hour), None, "what is found too late means nothing");
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
