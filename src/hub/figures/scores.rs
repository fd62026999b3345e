//! A day's scores, each with the ratings and the interval behind it, and what they leave out.

use crate::feedback::rating::Scale;
use crate::feedback::tally::Counts;
use crate::hub::archive::Day;

/// The scores of one question, in one wording, on one scale.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreFigures {
    /// The question's short name.
    pub question: String,
    /// The version of its wording.
    pub version: u32,
    /// The scale.
    pub scale: Scale,
    /// How many ratings each face got, the worst first.
    pub faces: Vec<u32>,
    /// How many ratings there are.
    pub ratings: u32,
    /// The Happy Index, 0 to 100; none without ratings.
    pub happy_index: Option<f64>,
    /// Its 95 % interval.
    pub happy_index_interval: Option<(f64, f64)>,
    /// The share of happy ratings in percent; none without ratings.
    pub csat: Option<f64>,
    /// The limits of that share in percent, at 95 %.
    pub csat_interval: Option<(f64, f64)>,
}

impl ScoreFigures {
    fn of(question: &str, version: u32, scale: Scale, counts: &Counts) -> Self {
        Self {
            question: question.to_owned(),
            version,
            scale,
            faces: counts.faces().to_vec(),
            ratings: counts.total(),
            happy_index: counts.happy_index(),
            happy_index_interval: counts.happy_index_interval(),
            csat: counts.csat(),
            csat_interval: counts.csat_interval(),
        }
    }

    /// A face's share of the ratings, in percent.
    #[must_use]
    pub fn share(&self, count: u32) -> f64 {
        f64::from(count) * 100.0 / f64::from(self.ratings.max(1))
    }
}

/// A day's scores, in the order in which they were first asked; five empty faces without ratings.
#[must_use]
pub fn of_day(day: &Day) -> Vec<ScoreFigures> {
    let each = day.lines.each();
    let figures: Vec<ScoreFigures> = each
        .map(|(line, counts)| ScoreFigures::of(&line.question, line.version, line.scale, counts))
        .collect();
    if figures.is_empty() {
        return vec![ScoreFigures::of("", 0, Scale::Five, &Counts::none(Scale::Five))];
    }
    figures
}

/// What a day's scores leave out, or count with a reservation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Presses that were kept and not counted, as misuse.
    pub misuse: u32,
    /// Presses that the shopper corrected.
    pub corrected: u32,
    /// Ratings whose time is known between two limits.
    pub bounded: u32,
    /// Ratings whose time is unknown.
    pub unknown_time: u32,
    /// Events that this version cannot read yet.
    pub unread: u32,
}

impl LeftOut {
    /// What the scores of a day leave out.
    #[must_use]
    pub const fn of(day: &Day) -> Self {
        Self {
            misuse: day.misuse,
            corrected: day.replaced,
            bounded: day.bounded,
            unknown_time: day.uncertain.saturating_sub(day.bounded),
            unread: day.unread,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_ratings_has_five_empty_faces_and_no_score() {
        let scores = of_day(&Day::default());
        assert_eq!(scores.len(), 1);
        assert_eq!(scores[0].faces, [0; 5]);
        assert_eq!((scores[0].ratings, scores[0].happy_index, scores[0].csat), (0, None, None));
        assert!(scores[0].share(0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_rating_of_bounded_time_is_not_said_to_be_of_unknown_time_too() {
        let day = Day { uncertain: 5, bounded: 2, ..Day::default() };
        let left_out = LeftOut::of(&day);
        assert_eq!((left_out.bounded, left_out.unknown_time), (2, 3));
    }
}
