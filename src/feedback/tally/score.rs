//! Scores and how far to believe them.
//!
//! Counts are whole numbers throughout; a fraction appears only where a score is asked for.
//!
//! - **Happy Index**: the mean of the faces' weights, spread evenly from 0 (worst) to 100 (best):
//!   100, 75, 50, 25, 0 for five faces and 100, 66⅔, 33⅓, 0 for four, as HappyOrNot defines it;
//!   100, 50, 0 for three, which is ours by the same rule.
//! - **CSAT**: the share of happy faces (top-2-box for four and five faces, the best of three).
//! - **NPS**: the share of 9 and 10 less the share of 0 to 6, of answers from 0 to 10
//!   (F. Reichheld, Harvard Business Review, December 2003); never made of faces.
//! - **Interval of a share**: Wilson's score interval at 95 % (E. B. Wilson, J. Am. Stat. Assoc.
//!   22, 1927).
//! - **Interval of the Happy Index**: Wilson's with the index as the share. A value between two
//!   ends varies at most as much as one that is always at either end (R. Bhatia and C. Davis, Am.
//!   Math. Monthly 107, 2000), so this is never too narrow.
//! - **Interval of the difference of two shares**: Newcombe's hybrid of two Wilson intervals, his
//!   method 10 (R. G. Newcombe, Statistics in Medicine 17, 1998).
//! - **Interval of the NPS**: that of a difference of two shares of one sample, with half an answer
//!   added to each cell (A. Agresti and Y. Min, Statistics in Medicine 24, 2005).

use crate::feedback::rating::{Scale, Score};

/// The quantile of the normal distribution that leaves 2.5 % on either side.
const Z: f64 = 1.959_963_984_540_054;

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

    /// The Happy Index, 0 to 100, or none without ratings.
    #[must_use]
    pub fn happy_index(&self) -> Option<f64> {
        let total = self.total();
        (total > 0).then(|| self.twelfths() as f64 * 100.0 / 12.0 / f64::from(total))
    }

    /// The 95 % interval of [`Counts::happy_index`], or none without ratings.
    #[must_use]
    pub fn happy_index_interval(&self) -> Option<(f64, f64)> {
        let n = f64::from(self.total());
        (n > 0.0).then(|| wilson_of(self.twelfths() as f64 / 12.0 / n, n))
    }

    /// The sum of all ratings' places between worst (0) and best (1), in twelfths, which are whole
    /// numbers on all three scales.
    fn twelfths(&self) -> u64 {
        let step = 12 / u64::from(self.scale.faces() - 1);
        let each = self.each();
        each.map(|(score, count)| u64::from(score.value() - 1) * step * u64::from(count)).sum()
    }

    /// The share of happy faces in percent, 0 to 100, or none without ratings.
    #[must_use]
    pub fn csat(&self) -> Option<f64> {
        let total = self.total();
        (total > 0).then(|| f64::from(self.happy()) * 100.0 / f64::from(total))
    }

    /// The 95 % interval of [`Counts::csat`], in percent, or none without ratings.
    #[must_use]
    pub fn csat_interval(&self) -> Option<(f64, f64)> {
        wilson(self.happy(), self.total())
    }

    /// Adds the counts of others on the same scale.
    pub fn join(&mut self, others: &Self) {
        for (score, times) in others.each() {
            if let Some(count) = self.slot(score) {
                *count = count.saturating_add(times);
            }
        }
    }

    /// How the CSAT compares with that of other ratings of the same line, or none where either has
    /// no ratings.
    #[must_use]
    pub fn against(&self, others: &Self) -> Option<Against> {
        let interval = newcombe((self.happy(), self.total()), (others.happy(), others.total()))?;
        let verdict = match interval {
            (low, _) if low > 0.0 => Verdict::Better,
            (_, high) if high < 0.0 => Verdict::Worse,
            _ if self.total().min(others.total()) < TOLD_FROM => Verdict::TooFewToTell,
            _ => Verdict::AsUsual,
        };
        Some(Against { difference: self.csat()? - others.csat()?, interval, verdict })
    }

    fn each(&self) -> impl Iterator<Item = (Score, u32)> {
        self.scale.scores().zip(self.faces)
    }
}

/// From so many ratings on both sides, a difference that chance explains is said to be none.
pub const TOLD_FROM: u32 = 20;

/// How one CSAT compares with another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Against {
    /// How much larger it is, in percentage points.
    pub difference: f64,
    /// The 95 % interval of the difference.
    pub interval: (f64, f64),
    /// What can be said of it.
    pub verdict: Verdict,
}

/// What can be said of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole interval lies above zero.
    Better,
    /// The whole interval lies below zero.
    Worse,
    /// The interval has zero in it: chance explains the difference.
    AsUsual,
    /// The same, and one of the two has fewer ratings than [`TOLD_FROM`].
    TooFewToTell,
}

impl Verdict {
    /// The words for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::AsUsual => "about as usual",
            Self::TooFewToTell => "too few to tell",
        }
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

    /// Takes a counted score back out of the line at a place.
    pub(super) fn remove(&mut self, at: usize, score: Score) {
        if let Some(count) = self.0.get_mut(at).and_then(|(_, counts)| counts.slot(score)) {
            *count = count.saturating_sub(1);
        }
    }

    /// The lines that have counted ratings, in the order in which they were first asked.
    pub fn each(&self) -> impl Iterator<Item = (&Line, &Counts)> {
        self.0.iter().filter(|(_, counts)| counts.total() > 0).map(|(line, counts)| (line, counts))
    }

    /// Adds the counts of others.
    pub(super) fn join(&mut self, others: &Self) {
        for (line, counts) in others.each() {
            for (score, times) in counts.each() {
                self.add(&line.question, line.version, score, times);
            }
        }
    }

    /// The counts of a line.
    #[must_use]
    pub fn of(&self, line: &Line) -> Option<&Counts> {
        self.0.iter().find(|(known, _)| known == line).map(|(_, counts)| counts)
    }

    /// The number of counted ratings of all lines, n.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().map(|(_, counts)| counts.total()).sum()
    }
}

/// Wilson's 95 % interval for a share of `part` in `whole`, in percent, or none of a whole of 0.
#[must_use]
pub fn wilson(part: u32, whole: u32) -> Option<(f64, f64)> {
    let n = f64::from(whole);
    (whole > 0).then(|| wilson_of(f64::from(part) / n, n))
}

fn wilson_of(share: f64, n: f64) -> (f64, f64) {
    let scale = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0) * 100.0, (centre + half).min(1.0) * 100.0)
}

/// Newcombe's 95 % interval for how much larger one share is than another, each `part` in `whole`,
/// in percentage points, or none where either whole is 0.
#[must_use]
pub fn newcombe(one: (u32, u32), other: (u32, u32)) -> Option<(f64, f64)> {
    let share = |(part, whole): (u32, u32)| f64::from(part) * 100.0 / f64::from(whole);
    let ((low, high), (other_low, other_high)) = (wilson(one.0, one.1)?, wilson(other.0, other.1)?);
    let (share, other_share) = (share(one), share(other));
    let difference = share - other_share;
    Some((
        difference - (share - low).hypot(other_high - other_share),
        difference + (high - share).hypot(other_share - other_low),
    ))
}

/// How often each answer from 0 to 10 was given to the question for a recommendation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recommendations([u32; 11]);

impl Recommendations {
    /// Counts an answer a number of times; one above 10 is ignored.
    pub fn add(&mut self, answer: u8, times: u32) {
        if let Some(count) = self.0.get_mut(usize::from(answer)) {
            *count = count.saturating_add(times);
        }
    }

    pub(super) fn remove(&mut self, answer: u8) {
        if let Some(count) = self.0.get_mut(usize::from(answer)) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn join(&mut self, others: &Self) {
        for (answer, &times) in (0..).zip(&others.0) {
            self.add(answer, times);
        }
    }

    /// The number of answers, n.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// How many answered 9 or 10.
    #[must_use]
    pub fn promoters(&self) -> u32 {
        self.0.iter().skip(9).sum()
    }

    /// How many answered 0 to 6.
    #[must_use]
    pub fn detractors(&self) -> u32 {
        self.0.iter().take(7).sum()
    }

    /// The Net Promoter Score, −100 to 100, or none without answers.
    #[must_use]
    pub fn nps(&self) -> Option<f64> {
        let more = f64::from(self.promoters()) - f64::from(self.detractors());
        let total = self.total();
        (total > 0).then(|| more * 100.0 / f64::from(total))
    }

    /// The 95 % interval of [`Recommendations::nps`], or none without answers.
    #[must_use]
    pub fn nps_interval(&self) -> Option<(f64, f64)> {
        let total = self.total();
        let [n, more, less] = [total, self.promoters(), self.detractors()].map(f64::from);
        // Four cells with half an answer more each, of which two are the passives' together.
        let (n, more, less) = (n + 2.0, more + 0.5, less + 0.5);
        let difference = (more - less) / n;
        let half = Z * ((more + less) / n - difference * difference).max(0.0).sqrt() / n.sqrt();
        let bound = |value: f64| value.clamp(-1.0, 1.0) * 100.0;
        (total > 0).then(|| (bound(difference - half), bound(difference + half)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_interval_of_the_happy_index_is_that_of_a_share_where_only_the_ends_were_pressed() {
        let ends = counts(Scale::Five, &[9, 0, 0, 0, 1]);
        assert_eq!(ends.happy_index_interval(), wilson(9, 10));
        let middle = counts(Scale::Five, &[0, 0, 10, 0, 0]);
        assert_eq!(middle.happy_index_interval(), wilson(5, 10));
        assert_eq!(Counts::none(Scale::Three).happy_index_interval(), None);
    }

    #[test]
    fn newcombes_interval_matches_his_own_examples() {
        // Newcombe (1998), table II, method 10: contrasts (a), (b) and (e).
        let rounded = |pair: Option<(f64, f64)>| {
            let (low, high) = pair.unwrap();
            [low, high].map(|value| (value * 100.0).round() / 10_000.0)
        };
        assert_eq!(rounded(newcombe((56, 70), (48, 80))), [0.0524, 0.3339]);
        assert_eq!(rounded(newcombe((9, 10), (3, 10))), [0.1705, 0.8090]);
        assert_eq!(rounded(newcombe((5, 56), (0, 29))), [-0.0381, 0.1926]);
        assert_eq!(newcombe((0, 0), (3, 10)), None);
    }

    #[test]
    fn a_difference_inside_the_noise_is_none_and_of_few_ratings_nothing_is_told() {
        let usual = counts(Scale::Five, &[300, 100, 0, 60, 40]);
        let verdict = |best_first: &[u32]| {
            counts(Scale::Five, best_first).against(&usual).map(|against| against.verdict)
        };
        assert_eq!(verdict(&[10, 2, 0, 3, 3]), Some(Verdict::TooFewToTell));
        assert_eq!(verdict(&[40, 10, 0, 30, 20]), Some(Verdict::Worse));
        assert_eq!(verdict(&[95, 3, 0, 1, 1]), Some(Verdict::Better));
        assert_eq!(verdict(&[16, 4, 0, 3, 2]), Some(Verdict::AsUsual), "with few ratings");
        assert_eq!(verdict(&[300, 100, 2, 60, 40]), Some(Verdict::AsUsual), "and with many");
        let first_day = counts(Scale::Five, &[10, 2, 0, 3, 3]);
        let against = usual.against(&first_day).map(|against| against.verdict);
        assert_eq!(against, Some(Verdict::TooFewToTell), "there is too little to compare with");
        assert_eq!(Counts::none(Scale::Five).against(&usual), None);
    }

    #[test]
    fn a_net_promoter_score_leaves_the_passives_in_its_n() {
        let mut asked = Recommendations::default();
        for (answer, times) in [(10, 4), (9, 1), (8, 2), (7, 1), (6, 1), (0, 1), (11, 9)] {
            asked.add(answer, times);
        }
        assert_eq!((asked.total(), asked.promoters(), asked.detractors()), (10, 5, 2));
        assert_eq!(asked.nps(), Some(30.0));
        let (low, high) = asked.nps_interval().unwrap();
        assert_eq!((low.round(), high.round()), (-19.0, 69.0));
        assert_eq!(Recommendations::default().nps_interval(), None);
    }
}
