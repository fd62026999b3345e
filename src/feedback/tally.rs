//! A day's ratings, counted, and what shoppers said about them.
//!
//! What was left out (corrected presses, misuse) and what is uncertain is counted too, so that a
//! page can say it beside the score. The [`score`]s are made of the counts, and the [`almanac`] has
//! a tally of each day.

pub mod almanac;
pub mod score;
pub mod standing;

use std::collections::BTreeMap;

pub use self::almanac::{Almanac, Seen};
pub use self::score::{Counts, Line, Lines, Recommendations, newcombe, wilson};
pub use self::standing::Standing;
use crate::feedback::answer::{Answer, FollowUp, Reply};
use crate::feedback::misuse::Reason;
use crate::feedback::moment::Quality;
use crate::feedback::rating::Score;

/// Hours with fewer ratings than this show no counts, so that nobody in the shop can match a press
/// to a person.
pub const HIDDEN_BELOW: u32 = 5;

/// The counted ratings of one hour, of whatever line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// How many ratings count.
    pub total: u32,
    /// How many of them are happy.
    pub happy: u32,
    /// How many of them are unhappy; the others are neither.
    pub unhappy: u32,
}

impl Hour {
    /// Whether they are too few to be shown; false when there are none.
    #[must_use]
    pub const fn is_hidden(self) -> bool {
        0 < self.total && self.total < HIDDEN_BELOW
    }

    fn count(&mut self, score: Score, by: i32) {
        self.total = self.total.saturating_add_signed(by);
        if score.is_happy() {
            self.happy = self.happy.saturating_add_signed(by);
        }
        if score.is_unhappy() {
            self.unhappy = self.unhappy.saturating_add_signed(by);
        }
    }

    fn join(&mut self, other: Self) {
        self.total = self.total.saturating_add(other.total);
        self.happy = self.happy.saturating_add(other.happy);
        self.unhappy = self.unhappy.saturating_add(other.unhappy);
    }
}

/// Why a face was pressed, by the shopper's own word, and at what hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The reason's place in [`Almanac::reason`], since a year has few reasons, each very often.
    pub reason: u16,
    /// The face.
    pub score: Score,
    /// The hour by the shop's clocks, 0 to 23.
    pub hour: u8,
}

/// What became of a follow-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// What was asked.
    pub follow_up: FollowUp,
    /// `answered`, `skipped` or `timed_out`.
    pub outcome: &'static str,
}

/// The ratings of a day, or of several, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    lines: Lines,
    hours: [Hour; 24],
    causes: BTreeMap<Cause, u32>,
    recommendations: Recommendations,
    outcomes: BTreeMap<Outcome, u32>,
    replaced: u32,
    misuse: BTreeMap<Reason, u32>,
    bounded: u32,
    unknown: u32,
    late: u32,
}

impl Tally {
    /// What counts: corrected and misused presses are not in it.
    #[must_use]
    pub const fn lines(&self) -> &Lines {
        &self.lines
    }

    /// What counts, by the hour of the shop's clocks, 0 to 23.
    #[must_use]
    pub const fn hours(&self) -> &[Hour; 24] {
        &self.hours
    }

    /// How often each reason was given for counted ratings, by face and hour.
    #[must_use]
    pub const fn causes(&self) -> &BTreeMap<Cause, u32> {
        &self.causes
    }

    /// The answers to the question for a recommendation.
    #[must_use]
    pub const fn recommendations(&self) -> &Recommendations {
        &self.recommendations
    }

    /// What became of the follow-ups of counted ratings.
    #[must_use]
    pub const fn outcomes(&self) -> &BTreeMap<Outcome, u32> {
        &self.outcomes
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

    /// How many of all the ratings have a time that is known only between two limits.
    #[must_use]
    pub const fn bounded(&self) -> u32 {
        self.bounded
    }

    /// How many of all the ratings have a time that is only the wall clock's word.
    #[must_use]
    pub const fn unknown(&self) -> u32 {
        self.unknown
    }

    /// How many of all the ratings were dated only after the day was over, so that the day's
    /// numbers changed then.
    #[must_use]
    pub const fn late(&self) -> u32 {
        self.late
    }

    /// Adds the counts of another tally.
    pub fn join(&mut self, other: &Self) {
        self.lines.join(&other.lines);
        for (hour, others) in self.hours.iter_mut().zip(other.hours) {
            hour.join(others);
        }
        for (cause, times) in &other.causes {
            *self.causes.entry(*cause).or_default() += times;
        }
        self.recommendations.join(&other.recommendations);
        for (outcome, times) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += times;
        }
        for (reason, times) in &other.misuse {
            *self.misuse.entry(*reason).or_default() += times;
        }
        self.replaced += other.replaced;
        self.bounded += other.bounded;
        self.unknown += other.unknown;
        self.late += other.late;
    }

    /// Notes how far the time of a rating can be believed, whether it counts or not.
    fn see(&mut self, quality: Quality, is_late: bool) {
        match quality {
            Quality::Exact => {}
            Quality::Bounded { .. } => self.bounded += 1,
            Quality::Unknown => self.unknown += 1,
        }
        self.late += u32::from(is_late);
    }

    fn hour(&mut self, hour: u8, score: Score, by: i32) {
        if let Some(counted) = self.hours.get_mut(usize::from(hour)) {
            counted.count(score, by);
        }
    }

    /// Takes in an answer; `cause` is the one that it names, if it names one.
    fn answer(&mut self, answer: &Answer, cause: Option<Cause>) {
        if let Some(cause) = cause {
            *self.causes.entry(cause).or_default() += 1;
        }
        match answer.reply() {
            Reply::Nps(answer) => self.recommendations.add(*answer, 1),
            Reply::Reason(_) | Reply::Comment(_) | Reply::Skipped | Reply::TimedOut => {}
        }
        *self.outcomes.entry(Outcome::of(answer)).or_default() += 1;
    }

    fn take_answer_back(&mut self, answer: &Answer, cause: Option<Cause>) {
        if let Some(cause) = cause {
            take_one(&mut self.causes, &cause);
        }
        match answer.reply() {
            Reply::Nps(answer) => self.recommendations.remove(*answer),
            Reply::Reason(_) | Reply::Comment(_) | Reply::Skipped | Reply::TimedOut => {}
        }
        take_one(&mut self.outcomes, &Outcome::of(answer));
    }
}

impl Outcome {
    const fn of(answer: &Answer) -> Self {
        Self { follow_up: answer.follow_up(), outcome: answer.outcome() }
    }
}

fn take_one<K: Ord>(counts: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
