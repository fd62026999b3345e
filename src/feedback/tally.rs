//! A day's ratings, counted, and the scores made of them.
//!
//! Counts are whole numbers throughout; a fraction appears only where a score is asked for. What
//! was left out (corrected presses, misuse) and what is uncertain is counted too, so that a page
//! can say it beside the score.
//!
//! - **Happy Index**: the mean of the faces' weights, spread evenly from 0 (worst) to 100 (best):
//!   100, 75, 50, 25, 0 for five faces and 100, 66⅔, 33⅓, 0 for four, as HappyOrNot defines it;
//!   100, 50, 0 for three, which is ours by the same rule.
//! - **CSAT**: the share of happy faces (top-2-box for four and five faces, the best of three).
//! - **Interval**: Wilson's score interval at 95 % (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927).

use std::collections::{BTreeMap, VecDeque};

use crate::feedback::misuse::Reason;
use crate::feedback::moment::Quality;
use crate::feedback::rating::{RatingId, Scale, Score};

/// The number of a rating's predecessors that a correction can still name: a thank-you lasts
/// seconds, so this many presses within one is far beyond what fingers do.
const RECENT_MAX: usize = 64;

/// How often each face of each scale was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([[u32; 5]; 3]);

impl Counts {
    /// Counts a score a number of times.
    pub fn add(&mut self, score: Score, times: u32) {
        if let Some(count) = self.slot(score) {
            *count = count.saturating_add(times);
        }
    }

    fn remove(&mut self, score: Score) {
        if let Some(count) = self.slot(score) {
            *count = count.saturating_sub(1);
        }
    }

    fn slot(&mut self, score: Score) -> Option<&mut u32> {
        let scale = usize::from(score.scale().faces() - 3);
        self.0.get_mut(scale)?.get_mut(usize::from(score.value() - 1))
    }

    /// How often this score was counted.
    #[must_use]
    pub fn of(&self, score: Score) -> u32 {
        let mut counts = *self;
        counts.slot(score).map_or(0, |count| *count)
    }

    /// The number of counted ratings, n.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().flatten().sum()
    }

    /// The number of counted ratings with a happy face.
    #[must_use]
    pub fn happy(&self) -> u32 {
        self.each().filter(|(score, _)| score.is_happy()).map(|(_, count)| count).sum()
    }

    /// The scales that occur, and the counts of their faces from worst to best.
    pub fn by_scale(&self) -> impl Iterator<Item = (Scale, Vec<u32>)> {
        Scale::ALL.into_iter().filter_map(|scale| {
            let counts: Vec<u32> = scale.scores().map(|score| self.of(score)).collect();
            counts.iter().any(|&count| count > 0).then_some((scale, counts))
        })
    }

    /// The Happy Index, 0 to 100, or none of no ratings.
    #[must_use]
    pub fn happy_index(&self) -> Option<f64> {
        // Twelfths of the way from worst to best are whole for all three scales.
        let twelfths: u64 = self
            .each()
            .map(|(score, count)| {
                let step = 12 / u64::from(score.scale().faces() - 1);
                u64::from(score.value() - 1) * step * u64::from(count)
            })
            .sum();
        let total = self.total();
        (total > 0).then(|| twelfths as f64 * 100.0 / 12.0 / f64::from(total))
    }

    /// The share of happy faces in percent, 0 to 100, or none of no ratings.
    #[must_use]
    pub fn csat(&self) -> Option<f64> {
        let total = self.total();
        (total > 0).then(|| f64::from(self.happy()) * 100.0 / f64::from(total))
    }

    /// The 95 % interval of [`Counts::csat`], in percent, or none of no ratings.
    #[must_use]
    pub fn csat_interval(&self) -> Option<(f64, f64)> {
        wilson(self.happy(), self.total())
    }

    fn each(&self) -> impl Iterator<Item = (Score, u32)> {
        Scale::ALL.into_iter().flat_map(Scale::scores).map(|score| (score, self.of(score)))
    }
}

/// Wilson's 95 % interval for a share of `part` in `whole`, in percent, or none of nothing.
#[must_use]
pub fn wilson(part: u32, whole: u32) -> Option<(f64, f64)> {
    if whole == 0 {
        return None;
    }
    const Z: f64 = 1.959_963_984_540_054;
    let (n, share) = (f64::from(whole), f64::from(part) / f64::from(whole));
    let scale = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0) * 100.0, (centre + half).min(1.0) * 100.0))
}

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
    /// The hour by the shop's clocks, 0 to 23.
    pub hour: u8,
    /// How far its time can be believed.
    pub quality: Quality,
}

/// The ratings of a day, taken in one by one in the order of the journal.
#[derive(Clone, Debug)]
pub struct Tally {
    day: Counts,
    hours: [Counts; 24],
    replaced: u32,
    misuse: BTreeMap<Reason, u32>,
    bounded: u32,
    unknown: u32,
    recent: VecDeque<Seen>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            day: Counts::default(),
            hours: [Counts::default(); 24],
            replaced: 0,
            misuse: BTreeMap::new(),
            bounded: 0,
            unknown: 0,
            recent: VecDeque::with_capacity(RECENT_MAX),
        }
    }
}

impl Tally {
    /// Takes in the next rating; a correction takes its predecessor back out.
    pub fn take(&mut self, seen: Seen) {
        match seen.quality {
            Quality::Exact => {}
            Quality::Bounded { .. } => self.bounded += 1,
            Quality::Unknown => self.unknown += 1,
        }
        self.take_back(&seen);
        if let Some(reason) = seen.misuse {
            *self.misuse.entry(reason).or_default() += 1;
            return;
        }
        self.day.add(seen.score, 1);
        if let Some(hour) = self.hours.get_mut(usize::from(seen.hour)) {
            hour.add(seen.score, 1);
        }
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(seen);
    }

    /// Takes out what a rating replaces, which may itself be of the day after.
    pub fn take_back(&mut self, seen: &Seen) {
        // A button that was held takes its press back; other misuse takes nothing back.
        let replaces = seen.misuse.is_none_or(|reason| reason == Reason::Held);
        let Some(n) = seen.replaces.filter(|_| replaces) else {
            return;
        };
        let id = RatingId { run: seen.id.run, n };
        let at = self.recent.iter().rposition(|earlier| earlier.id == id);
        let Some(earlier) = at.and_then(|at| self.recent.remove(at)) else {
            return;
        };
        self.replaced += 1;
        self.day.remove(earlier.score);
        if let Some(hour) = self.hours.get_mut(usize::from(earlier.hour)) {
            hour.remove(earlier.score);
        }
    }

    /// What counts: corrected and misused presses are not in it.
    #[must_use]
    pub const fn day(&self) -> &Counts {
        &self.day
    }

    /// What counts, by the hour of the shop's clocks, 0 to 23.
    #[must_use]
    pub const fn hours(&self) -> &[Counts; 24] {
        &self.hours
    }

    /// How many presses were taken back: by the shopper, who pressed another face, or because their
    /// button was held.
    #[must_use]
    pub const fn replaced(&self) -> u32 {
        self.replaced
    }

    /// How many presses were kept but not counted, by reason.
    #[must_use]
    pub const fn misuse(&self) -> &BTreeMap<Reason, u32> {
        &self.misuse
    }

    /// How many of all the ratings taken in have a time that is known only between two limits.
    #[must_use]
    pub const fn bounded(&self) -> u32 {
        self.bounded
    }

    /// How many of all the ratings taken in have a time that is only the wall clock's word.
    #[must_use]
    pub const fn unknown(&self) -> u32 {
        self.unknown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::rating::RunId;

    fn counts(scale: Scale, best_first: &[u32]) -> Counts {
        let mut counts = Counts::default();
        for (score, &times) in scale.scores().rev().zip(best_first) {
            counts.add(score, times);
        }
        counts
    }

    fn rounded(value: Option<f64>) -> f64 {
        (value.unwrap() * 100.0).round() / 100.0
    }

    #[test]
    fn the_scores_match_the_published_examples() {
        let four = counts(Scale::Four, &[126, 60, 16, 17]);
        assert_eq!(rounded(four.happy_index()), 78.23);
        assert_eq!(rounded(four.csat()), 84.93);
        // The vendor's page prints 51/23/12/4/1 beside these results; its own mean of 4.25 needs
        // the counts used here.
        let five = counts(Scale::Five, &[51, 23, 12, 2, 4]);
        assert_eq!(rounded(five.happy_index()), 81.25);
        let ombea = counts(Scale::Five, &[3, 4, 2, 0, 1]);
        assert_eq!(rounded(ombea.happy_index()), 70.0);
        let three = counts(Scale::Three, &[1, 1, 0]);
        assert_eq!(rounded(three.happy_index()), 75.0);
        assert_eq!(rounded(three.csat()), 50.0);
    }

    #[test]
    fn no_ratings_have_no_score() {
        let none = Counts::default();
        assert_eq!((none.happy_index(), none.csat(), none.csat_interval()), (None, None, None));
    }

    #[test]
    fn wilsons_interval_matches_known_values() {
        // Agresti and Coull (1998), section 2: 0 of 10 and 9 of 10.
        let (low, high) = wilson(0, 10).unwrap();
        assert_eq!((rounded(Some(low)), rounded(Some(high))), (0.0, 27.75));
        let (low, high) = wilson(9, 10).unwrap();
        assert_eq!((rounded(Some(low)), rounded(Some(high))), (59.58, 98.21));
    }

    fn seen(n: u32, value: u8) -> Seen {
        let id = RatingId { run: RunId([7; 16]), n };
        let score = Scale::Five.score(value).unwrap();
        Seen { id, score, misuse: None, replaces: None, hour: 12, quality: Quality::Exact }
    }

    #[test]
    fn a_correction_takes_the_first_press_back_out_of_its_hour() {
        let mut tally = Tally::default();
        tally.take(Seen { hour: 11, ..seen(1, 1) });
        tally.take(Seen { replaces: Some(1), ..seen(2, 5) });
        assert_eq!(tally.day().total(), 1);
        assert_eq!(tally.hours()[11].total(), 0);
        assert_eq!(tally.hours()[12].of(Scale::Five.score(5).unwrap()), 1);
        assert_eq!(tally.replaced(), 1);
    }

    #[test]
    fn misuse_is_counted_beside_the_score_and_takes_nothing_back() {
        let mut tally = Tally::default();
        tally.take(seen(1, 4));
        tally.take(Seen { misuse: Some(Reason::Repeat), replaces: Some(1), ..seen(2, 1) });
        assert_eq!(tally.day().total(), 1);
        assert_eq!(tally.misuse().get(&Reason::Repeat), Some(&1));
        assert_eq!(tally.replaced(), 0);
    }

    #[test]
    fn a_button_that_was_held_takes_its_press_back() {
        let mut tally = Tally::default();
        tally.take(seen(1, 4));
        tally.take(Seen { misuse: Some(Reason::Held), replaces: Some(1), ..seen(2, 4) });
        assert_eq!((tally.day().total(), tally.replaced()), (0, 1));
        assert_eq!(tally.misuse().get(&Reason::Held), Some(&1));
    }

    proptest! {
        /// Whatever comes in, every rating is counted, replaced or misuse, and only one of them.
        #[test]
        fn every_rating_ends_in_exactly_one_count(
            presses in prop::collection::vec((1u8..=5, any::<bool>(), 0u32..4, 0u8..24), 0..200)
        ) {
            let mut tally = Tally::default();
            let (mut n, mut taken_back) = (0u32, std::collections::BTreeSet::new());
            for (value, misuse, back, hour) in &presses {
                n += 1;
                let target = n.checked_sub(*back).filter(|&t| *back > 0 && t > 0);
                // The visit never corrects one rating twice.
                let replaces = target.filter(|&t| taken_back.insert(t));
                let misuse = misuse.then_some(Reason::Repeat);
                tally.take(Seen { misuse, replaces, hour: *hour, ..seen(n, *value) });
            }
            let misused: u32 = tally.misuse().values().sum();
            prop_assert_eq!(tally.day().total() + tally.replaced() + misused, n);
            let by_hour: u32 = tally.hours().iter().map(Counts::total).sum();
            prop_assert_eq!(by_hour, tally.day().total());
            if let Some(index) = tally.day().happy_index() {
                prop_assert!((0.0..=100.0).contains(&index));
                let (low, high) = tally.day().csat_interval().unwrap();
                let csat = tally.day().csat().unwrap();
                prop_assert!(low <= csat + 1e-9 && csat <= high + 1e-9);
            }
        }
    }
}
