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
use crate::feedback::rating::{RatingId, Scale, Score, Wording};

/// The number of a rating's predecessors that a correction can still name: a thank-you lasts
/// seconds, so this many presses within one is far beyond what fingers do.
const RECENT_MAX: usize = 64;

/// What a rating was given to. Only ratings of one question, in one wording and on one scale, can
/// be compared, so only they are one line on a chart and go into one score.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The question's short name.
    pub question: String,
    /// The version of its wording.
    pub version: u32,
    /// Its scale.
    pub scale: Scale,
}

impl Line {
    fn is(&self, question: &str, version: u32, scale: Scale) -> bool {
        self.version == version && self.scale == scale && self.question == question
    }
}

/// How often each face of one scale was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    scale: Scale,
    faces: [u32; 5],
}

impl Counts {
    /// Nothing counted yet.
    #[must_use]
    pub const fn none(scale: Scale) -> Self {
        Self { scale, faces: [0; 5] }
    }

    fn slot(&mut self, score: Score) -> Option<&mut u32> {
        self.faces.get_mut(usize::from(score.value() - 1)).filter(|_| score.scale() == self.scale)
    }

    /// How often this score was counted.
    #[must_use]
    pub fn of(&self, score: Score) -> u32 {
        let mut counts = *self;
        counts.slot(score).map_or(0, |count| *count)
    }

    /// How often each face was counted, worst first.
    #[must_use]
    pub fn faces(&self) -> &[u32] {
        self.faces.get(..usize::from(self.scale.faces())).unwrap_or_default()
    }

    /// The number of counted ratings, n.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.faces.iter().sum()
    }

    /// The number of counted ratings with a happy face.
    #[must_use]
    pub fn happy(&self) -> u32 {
        self.each().filter(|(score, _)| score.is_happy()).map(|(_, count)| count).sum()
    }

    /// The Happy Index, 0 to 100, or none of no ratings.
    #[must_use]
    pub fn happy_index(&self) -> Option<f64> {
        // Twelfths of the way from worst to best are whole for all three scales.
        let step = 12 / u64::from(self.scale.faces() - 1);
        let twelfths: u64 = self
            .each()
            .map(|(score, count)| u64::from(score.value() - 1) * step * u64::from(count))
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
        self.scale.scores().zip(self.faces)
    }
}

/// The counts of every line, each for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(Vec<(Line, Counts)>);

impl Lines {
    /// Counts a score of a question in a version of its wording a number of times; returns the
    /// place of its line.
    pub fn add(&mut self, question: &str, version: u32, score: Score, times: u32) -> usize {
        let scale = score.scale();
        let known = self.0.iter().position(|(line, _)| line.is(question, version, scale));
        let at = known.unwrap_or_else(|| {
            let line = Line { question: question.to_owned(), version, scale };
            self.0.push((line, Counts::none(scale)));
            self.0.len() - 1
        });
        if let Some(count) = self.0.get_mut(at).and_then(|(_, counts)| counts.slot(score)) {
            *count = count.saturating_add(times);
        }
        at
    }

    fn remove(&mut self, at: usize, score: Score) {
        if let Some(count) = self.0.get_mut(at).and_then(|(_, counts)| counts.slot(score)) {
            *count = count.saturating_sub(1);
        }
    }

    /// The lines that have counted ratings, in the order in which they were first asked.
    pub fn each(&self) -> impl Iterator<Item = (&Line, &Counts)> {
        self.0.iter().filter(|(_, counts)| counts.total() > 0).map(|(line, counts)| (line, counts))
    }

    /// The number of counted ratings of all lines, n.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().map(|(_, counts)| counts.total()).sum()
    }
}

/// The counted ratings of one hour, of whatever line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// How many ratings count.
    pub total: u32,
    /// How many of them are happy.
    pub happy: u32,
}

impl Hour {
    fn count(&mut self, score: Score, by: i32) {
        self.total = self.total.saturating_add_signed(by);
        if score.is_happy() {
            self.happy = self.happy.saturating_add_signed(by);
        }
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
#[derive(Clone, Debug, Default)]
pub struct Tally {
    day: Lines,
    hours: [Hour; 24],
    replaced: u32,
    misuse: BTreeMap<Reason, u32>,
    bounded: u32,
    unknown: u32,
    recent: VecDeque<Recent>,
}

/// What a correction must know of the rating that it takes back out.
#[derive(Clone, Copy, Debug)]
struct Recent {
    id: RatingId,
    line: usize,
    score: Score,
    hour: u8,
}

impl Tally {
    /// Takes in the next rating, which was given to this question; a correction takes its
    /// predecessor back out.
    pub fn take(&mut self, seen: Seen, question: &Wording) {
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
        let line = self.day.add(&question.id, question.version, seen.score, 1);
        if let Some(hour) = self.hours.get_mut(usize::from(seen.hour)) {
            hour.count(seen.score, 1);
        }
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        let Seen { id, score, hour, .. } = seen;
        self.recent.push_back(Recent { id, line, score, hour });
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
        self.day.remove(earlier.line, earlier.score);
        if let Some(hour) = self.hours.get_mut(usize::from(earlier.hour)) {
            hour.count(earlier.score, -1);
        }
    }

    /// What counts: corrected and misused presses are not in it.
    #[must_use]
    pub const fn day(&self) -> &Lines {
        &self.day
    }

    /// What counts, by the hour of the shop's clocks, 0 to 23.
    #[must_use]
    pub const fn hours(&self) -> &[Hour; 24] {
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
        let mut lines = Lines::default();
        for (score, &times) in scale.scores().rev().zip(best_first) {
            lines.add("checkout", 1, score, times);
        }
        *lines.each().next().unwrap().1
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
        let none = Counts::none(Scale::Five);
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

    fn asked(version: u32) -> Wording {
        Wording { id: "checkout".to_owned(), version, language: "en".to_owned() }
    }

    #[test]
    fn a_new_wording_begins_a_new_line_and_a_correction_finds_the_old_one() {
        let mut tally = Tally::default();
        tally.take(seen(1, 5), &asked(1));
        tally.take(seen(2, 1), &asked(1));
        tally.take(seen(3, 1), &asked(2));
        tally.take(Seen { replaces: Some(2), ..seen(4, 5) }, &asked(2));
        let of = |version| {
            let mut lines = tally.day().each();
            let (_, counts) = lines.find(|(line, _)| line.version == version).unwrap();
            (counts.faces().to_vec(), counts.happy_index())
        };
        assert_eq!(of(1), (vec![0, 0, 0, 0, 1], Some(100.0)));
        assert_eq!(of(2), (vec![1, 0, 0, 0, 1], Some(50.0)));
        assert_eq!((tally.day().total(), tally.hours()[12]), (3, Hour { total: 3, happy: 2 }));
    }

    #[test]
    fn a_correction_takes_the_first_press_back_out_of_its_hour() {
        let mut tally = Tally::default();
        tally.take(Seen { hour: 11, ..seen(1, 1) }, &asked(1));
        tally.take(Seen { replaces: Some(1), ..seen(2, 5) }, &asked(1));
        assert_eq!(tally.day().total(), 1);
        assert_eq!(tally.hours()[11], Hour::default());
        assert_eq!(tally.hours()[12], Hour { total: 1, happy: 1 });
        assert_eq!(tally.replaced(), 1);
    }

    #[test]
    fn misuse_is_counted_beside_the_score_and_takes_nothing_back() {
        let mut tally = Tally::default();
        tally.take(seen(1, 4), &asked(1));
        tally.take(
            Seen { misuse: Some(Reason::Repeat), replaces: Some(1), ..seen(2, 1) },
            &asked(1),
        );
        assert_eq!(tally.day().total(), 1);
        assert_eq!(tally.misuse().get(&Reason::Repeat), Some(&1));
        assert_eq!(tally.replaced(), 0);
    }

    #[test]
    fn a_button_that_was_held_takes_its_press_back() {
        let mut tally = Tally::default();
        tally.take(seen(1, 4), &asked(1));
        tally.take(Seen { misuse: Some(Reason::Held), replaces: Some(1), ..seen(2, 4) }, &asked(1));
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
                tally.take(Seen { misuse, replaces, hour: *hour, ..seen(n, *value) }, &asked(1));
            }
            let misused: u32 = tally.misuse().values().sum();
            prop_assert_eq!(tally.day().total() + tally.replaced() + misused, n);
            let by_hour: u32 = tally.hours().iter().map(|hour| hour.total).sum();
            prop_assert_eq!(by_hour, tally.day().total());
            for (_, counts) in tally.day().each() {
                prop_assert!((0.0..=100.0).contains(&counts.happy_index().unwrap()));
                let (low, high) = counts.csat_interval().unwrap();
                let csat = counts.csat().unwrap();
                prop_assert!(low <= csat + 1e-9 && csat <= high + 1e-9);
            }
        }
    }
}
