//! A tally of every day that the journal knows of.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use chrono::NaiveDate;

use super::standing::{Standing, takes_back};
use super::{Cause, Tally};
use crate::feedback::answer::{Answer, Answered};
use crate::feedback::misuse::Reason;
use crate::feedback::moment::Quality;
use crate::feedback::rating::{RatingId, RunId, Score, Wording};

/// The number of a rating's predecessors that a correction can still name: a thank-you lasts
/// seconds, so this many presses within one is far beyond what fingers do.
const RECENT_MAX: usize = 64;

/// The most reasons that are told apart: over the years a shop may have had a dozen surveys with a
/// dozen reasons each, and one that could be anything must not fill the memory.
const REASONS_MAX: usize = 1_000;

/// One kept rating, as far as counting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its identity.
    pub id: RatingId,
    /// The face.
    pub score: Score,
    /// Why it does not count, if so.
    pub misuse: Option<Reason>,
    /// The number, in the same run, of the rating it corrects.
    pub replaces: Option<u32>,
    /// The day by the shop's clocks.
    pub day: NaiveDate,
    /// The hour by the shop's clocks, 0 to 23.
    pub hour: u8,
    /// How far its time can be believed.
    pub quality: Quality,
    /// Whether its time was told only after that day was over.
    pub is_late: bool,
}

/// The tallies of days, from ratings and answers that are taken in one by one in the order of the
/// journal.
#[derive(Clone, Debug, Default)]
pub struct Almanac {
    days: BTreeMap<NaiveDate, Tally>,
    recent: VecDeque<Recent>,
    reasons: Vec<String>,
}

/// What a correction or an answer must know of the rating that it belongs to.
#[derive(Clone, Debug)]
struct Recent {
    id: RatingId,
    day: NaiveDate,
    line: usize,
    score: Score,
    hour: u8,
    answers: Vec<Answer>,
}

impl Almanac {
    /// Takes in the next rating, which was given to this question; a correction takes its
    /// predecessor back out of the day that it was in.
    pub fn rated(&mut self, seen: &Seen, question: &Wording) {
        let Seen { id, score, day, hour, .. } = *seen;
        self.take_back(seen);
        let tally = self.days.entry(day).or_default();
        tally.see(seen.quality, seen.is_late);
        // Whatever takes it back comes later.
        if let Standing::Misuse(reason) = Standing::of(seen.misuse, None) {
            *tally.misuse.entry(reason).or_default() += 1;
            return;
        }
        let line = tally.lines.add(&question.id, question.version, score, 1);
        tally.hour(hour, score, 1);
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { id, day, line, score, hour, answers: Vec::new() });
    }

    /// Takes in the next answer of a run. One to a rating that does not count is left out.
    pub fn answered(&mut self, run: RunId, answered: &Answered) {
        let to = answered.to.map(|n| RatingId { run, n });
        let Some(of) = self.recent.iter_mut().rev().find(|recent| Some(recent.id) == to) else {
            return;
        };
        of.answers.push(answered.answer.clone());
        let (day, score, hour) = (of.day, of.score, of.hour);
        if let Some(reason) = answered.answer.reason()
            && !self.reasons.iter().any(|known| known == reason)
            && self.reasons.len() < REASONS_MAX
        {
            self.reasons.push(reason.to_owned());
        }
        let cause = self.cause(&answered.answer, score, hour);
        self.days.entry(day).or_default().answer(&answered.answer, cause);
    }

    fn cause(&self, answer: &Answer, score: Score, hour: u8) -> Option<Cause> {
        let reason = answer.reason()?;
        let at = self.reasons.iter().position(|known| known == reason)?;
        Some(Cause { reason: u16::try_from(at).ok()?, score, hour })
    }

    /// The short name of a reason, by its place.
    #[must_use]
    pub fn reason(&self, at: u16) -> &str {
        self.reasons.get(usize::from(at)).map_or("", String::as_str)
    }

    fn take_back(&mut self, seen: &Seen) {
        let Some(n) = seen.replaces.filter(|_| takes_back(seen.misuse)) else {
            return;
        };
        let id = RatingId { run: seen.id.run, n };
        let at = self.recent.iter().rposition(|earlier| earlier.id == id);
        let Some(earlier) = at.and_then(|at| self.recent.remove(at)) else {
            return;
        };
        let Recent { day, line, score, hour, answers, .. } = earlier;
        let causes: Vec<_> = answers.iter().map(|answer| self.cause(answer, score, hour)).collect();
        let tally = self.days.entry(day).or_default();
        tally.replaced += 1;
        tally.lines.remove(line, score);
        tally.hour(hour, score, -1);
        for (answer, cause) in answers.iter().zip(causes) {
            tally.take_answer_back(answer, cause);
        }
    }

    /// The tally of a day that has ratings.
    #[must_use]
    pub fn day(&self, day: NaiveDate) -> Option<&Tally> {
        self.days.get(&day)
    }

    /// Every day of a range that has ratings, in order.
    pub fn days(
        &self,
        range: RangeInclusive<NaiveDate>,
    ) -> impl DoubleEndedIterator<Item = (NaiveDate, &Tally)> {
        let is_any = range.start() <= range.end();
        let days = is_any.then(|| self.days.range(range)).into_iter().flatten();
        days.map(|(day, tally)| (*day, tally))
    }

    /// The first and the last day that have ratings.
    #[must_use]
    pub fn span(&self) -> Option<RangeInclusive<NaiveDate>> {
        let (first, _) = self.days.first_key_value()?;
        let (last, _) = self.days.last_key_value()?;
        Some(*first..=*last)
    }

    /// All days of a range, joined into one.
    #[must_use]
    pub fn join(&self, range: RangeInclusive<NaiveDate>) -> Tally {
        let mut joined = Tally::default();
        for (_, tally) in self.days(range) {
            joined.join(tally);
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::answer::{FollowUp, Reply};
    use crate::feedback::rating::Scale;
    use crate::feedback::tally::{Hour, Outcome};

    const RUN: RunId = RunId([7; 16]);

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    fn seen(n: u32, value: u8) -> Seen {
        Seen {
            id: RatingId { run: RUN, n },
            score: Scale::Five.score(value).unwrap(),
            misuse: None,
            replaces: None,
            day: day(20),
            hour: 12,
            quality: Quality::Exact,
            is_late: false,
        }
    }

    fn asked(version: u32) -> Wording {
        Wording { id: "checkout".to_owned(), version, language: "en".to_owned() }
    }

    fn answered(to: u32, follow_up: FollowUp, reply: Reply) -> Answered {
        let answer = Answer::new(follow_up, reply).unwrap();
        Answered { to: Some(to), answer, question: asked(1) }
    }

    fn take(ratings: &[Seen]) -> Almanac {
        let mut almanac = Almanac::default();
        for seen in ratings {
            almanac.rated(seen, &asked(1));
        }
        almanac
    }

    fn only(almanac: &Almanac) -> &Tally {
        almanac.day(day(20)).unwrap()
    }

    #[test]
    fn a_new_wording_begins_a_new_line_and_a_correction_finds_the_old_one() {
        let mut almanac = take(&[seen(1, 5), seen(2, 1)]);
        almanac.rated(&seen(3, 1), &asked(2));
        almanac.rated(&Seen { replaces: Some(2), ..seen(4, 5) }, &asked(2));
        let tally = only(&almanac);
        let of = |version| {
            let mut lines = tally.lines().each();
            let (_, counts) = lines.find(|(line, _)| line.version == version).unwrap();
            (counts.faces().to_vec(), counts.happy_index())
        };
        assert_eq!(of(1), (vec![0, 0, 0, 0, 1], Some(100.0)));
        assert_eq!(of(2), (vec![1, 0, 0, 0, 1], Some(50.0)));
        assert_eq!(
            (tally.lines().total(), tally.hours()[12]),
            (3, Hour { total: 3, happy: 2, unhappy: 1 })
        );
    }

    #[test]
    fn a_correction_takes_the_first_press_back_out_of_its_hour_and_its_day() {
        let yesterday = Seen { day: day(19), hour: 23, ..seen(1, 1) };
        let almanac = take(&[yesterday, Seen { replaces: Some(1), hour: 0, ..seen(2, 5) }]);
        let before = almanac.day(day(19)).unwrap();
        assert_eq!((before.lines().total(), before.replaced()), (0, 1));
        assert_eq!(before.hours()[23], Hour::default());
        let after = only(&almanac);
        assert_eq!((after.lines().total(), after.replaced()), (1, 0));
        assert_eq!(after.hours()[0], Hour { total: 1, happy: 1, unhappy: 0 });
        assert_eq!(almanac.join(day(1)..=day(30)).replaced(), 1);
    }

    #[test]
    fn misuse_is_counted_beside_the_score_and_takes_nothing_back() {
        let repeat = Seen { misuse: Some(Reason::Repeat), replaces: Some(1), ..seen(2, 1) };
        let almanac = take(&[seen(1, 4), repeat]);
        let tally = only(&almanac);
        assert_eq!((tally.lines().total(), tally.replaced()), (1, 0));
        assert_eq!(tally.misuse().get(&Reason::Repeat), Some(&1));
    }

    #[test]
    fn a_button_that_was_held_takes_its_press_back() {
        let held = Seen { misuse: Some(Reason::Held), replaces: Some(1), ..seen(2, 4) };
        let almanac = take(&[seen(1, 4), held]);
        let tally = only(&almanac);
        assert_eq!((tally.lines().total(), tally.replaced()), (0, 1));
        assert_eq!(tally.misuse().get(&Reason::Held), Some(&1));
    }

    #[test]
    fn an_answer_belongs_to_the_face_and_the_hour_of_its_rating_and_goes_with_it() {
        let mut almanac = take(&[seen(1, 2)]);
        let waiting = || Reply::Reason("waiting".to_owned());
        almanac.answered(RUN, &answered(1, FollowUp::Reasons, waiting()));
        almanac.answered(RUN, &answered(1, FollowUp::Nps, Reply::Nps(3)));
        almanac.answered(RunId([8; 16]), &answered(1, FollowUp::Reasons, waiting()));
        let cause = Cause { reason: 0, score: Scale::Five.score(2).unwrap(), hour: 12 };
        assert_eq!(almanac.reason(0), "waiting");
        assert_eq!(only(&almanac).causes(), &BTreeMap::from([(cause, 1)]));
        assert_eq!(only(&almanac).recommendations().detractors(), 1);
        almanac.rated(&Seen { replaces: Some(1), ..seen(2, 5) }, &asked(1));
        almanac.answered(RUN, &answered(2, FollowUp::Nps, Reply::Skipped));
        let tally = only(&almanac);
        assert_eq!((tally.causes().len(), tally.recommendations().total()), (0, 0));
        let skipped = Outcome { follow_up: FollowUp::Nps, outcome: "skipped" };
        assert_eq!(tally.outcomes(), &BTreeMap::from([(skipped, 1)]));
    }

    #[test]
    fn too_few_in_an_hour_are_hidden_and_none_are_not() {
        let hour = |total| Hour { total, happy: 0, unhappy: 0 };
        assert_eq!([0, 1, 4, 5].map(|total| hour(total).is_hidden()), [false, true, true, false]);
    }

    #[test]
    fn a_range_that_is_the_wrong_way_round_has_no_days() {
        let almanac = take(&[seen(1, 4)]);
        assert_eq!(almanac.days(day(21)..=day(19)).count(), 0);
        assert_eq!(almanac.span(), Some(day(20)..=day(20)));
    }

    proptest! {
        /// Whatever comes in, every rating is counted, replaced or misuse, and only one of them;
        /// and the days joined are the same as all of it taken as one day.
        #[test]
        fn every_rating_ends_in_exactly_one_count(
            presses in prop::collection::vec(
                (1u8..=5, any::<bool>(), 0u32..4, 0u8..24, 1u32..4), 0..200
            )
        ) {
            let (mut almanac, mut one_day) = (Almanac::default(), Almanac::default());
            let (mut n, mut taken_back) = (0u32, std::collections::BTreeSet::new());
            for (value, misuse, back, hour, on) in &presses {
                n += 1;
                let target = n.checked_sub(*back).filter(|&t| *back > 0 && t > 0);
                // The visit never corrects one rating twice.
                let replaces = target.filter(|&t| taken_back.insert(t));
                let misuse = misuse.then_some(Reason::Repeat);
                let seen = Seen { misuse, replaces, hour: *hour, day: day(*on), ..seen(n, *value) };
                almanac.rated(&seen, &asked(1));
                one_day.rated(&Seen { day: day(1), ..seen }, &asked(1));
                let reply = Reply::Nps(*value);
                almanac.answered(RUN, &answered(n, FollowUp::Nps, reply.clone()));
                one_day.answered(RUN, &answered(n, FollowUp::Nps, reply));
            }
            let all = almanac.join(day(1)..=day(30));
            prop_assert_eq!(&all, &one_day.join(day(1)..=day(1)));
            let misused: u32 = all.misuse().values().sum();
            prop_assert_eq!(all.lines().total() + all.replaced() + misused, n);
            prop_assert_eq!(all.recommendations().total(), all.lines().total());
            let by_hour: u32 = all.hours().iter().map(|hour| hour.total).sum();
            prop_assert_eq!(by_hour, all.lines().total());
            for (_, counts) in all.lines().each() {
                prop_assert!((0.0..=100.0).contains(&counts.happy_index().unwrap()));
                let (low, high) = counts.csat_interval().unwrap();
                let csat = counts.csat().unwrap();
                prop_assert!(low <= csat + 1e-9 && csat <= high + 1e-9);
            }
        }
    }
}
