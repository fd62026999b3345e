//! Keeping: for how long each kind of event is kept, what has had its time, and what a kiosk is
//! told of that.
//!
//! What is deleted leaves its number behind, as a range: it is never stored again, whatever comes
//! back, and nothing that is deleted counts as missing.

use crate::feedback::answer::FollowUp;
use crate::feedback::event::{Kind, Stretches, stretches};
use crate::feedback::moment::{Moment, Quality};

/// An hour, in milliseconds.
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * HOUR_MS;

/// For how many days comments are kept where nobody says otherwise.
pub const COMMENTS_DAYS: u32 = 90;

/// So many events are looked at, and so many are deleted at most, in one transaction, while nothing
/// of the kiosk can arrive.
pub const AT_ONCE: usize = 1_000;

/// So many stretches of deleted numbers a receipt names at most.
pub const RANGES_MAX: usize = 200;

/// First and last number of stretches, both included.
pub type Ranges = Vec<(u32, u32)>;

/// For how many days each kind of event is kept; none is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What shoppers wrote.
    pub comments: Option<u32>,
    /// Ratings, and the reasons and recommendations that were tapped with them. What is deleted of
    /// them is counted no more.
    pub ratings: Option<u32>,
    /// What shop managers wrote, and shoppers' calls for somebody.
    pub notes: Option<u32>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { comments: Some(COMMENTS_DAYS), ratings: None, notes: None }
    }
}

/// Why something was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its time was over.
    Kept,
    /// Somebody at head office wanted it.
    Wanted,
}

impl Why {
    /// The number under which the archive keeps it, once and for ever.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Self::Kept => 1,
            Self::Wanted => 2,
        }
    }
}

/// What kind of event it is, as far as keeping goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Words of a shopper.
    Comment,
    /// A rating, or what was tapped with it.
    Rating,
    /// A note or a call.
    Note,
    /// What the books need, or only a newer program knows: for ever.
    ForEver,
}

impl Class {
    /// The class of an event by its kind and, of an answer, by what was asked.
    #[must_use]
    pub fn of(kind: Option<Kind>, follow_up: Option<&str>) -> Self {
        match kind {
            Some(Kind::Answered) if follow_up == Some(FollowUp::Comment.name()) => Self::Comment,
            Some(Kind::Answered | Kind::Rated) => Self::Rating,
            Some(Kind::Noted | Kind::Called) => Self::Note,
            Some(Kind::Lost) | None => Self::ForEver,
        }
    }
}

impl Kept {
    /// Before which time, in milliseconds since 1970 UTC, events of a class have had their time.
    #[must_use]
    pub fn until_ms(&self, class: Class, now_ms: i64) -> Option<i64> {
        let days = match class {
            Class::Comment => self.comments,
            Class::Rating => self.ratings,
            Class::Note => self.notes,
            Class::ForEver => None,
        };
        days.map(|days| now_ms.saturating_sub(i64::from(days).saturating_mul(DAY_MS)))
    }

    /// Whether an event has had its time. One whose time is not known for certain is kept by the
    /// latest that it can have happened.
    #[must_use]
    pub fn is_over(&self, class: Class, latest_ms: i64, now_ms: i64) -> bool {
        self.until_ms(class, now_ms).is_some_and(|until_ms| latest_ms < until_ms)
    }
}

/// How far a pass goes beyond the last one at most, in milliseconds: a clock that has jumped ahead
/// by years takes no more with it before somebody sees what kiosks say of it.
const PASS_MAX_MS: i64 = 4 * DAY_MS;

/// By which time a pass deletes what has had its time, by the clock and by where the last pass
/// ended.
#[must_use]
pub fn pass_ms(last_ms: Option<i64>, now_ms: i64) -> i64 {
    last_ms.map_or(now_ms, |last_ms| now_ms.min(last_ms.saturating_add(PASS_MAX_MS)))
}

/// When the next pass is due: tomorrow, or soon where the last one has not come up to the clock.
#[must_use]
pub const fn next_pass_ms(last_ms: i64, now_ms: i64) -> i64 {
    let is_behind = last_ms < now_ms.saturating_sub(DAY_MS / 2);
    now_ms.saturating_add(if is_behind { HOUR_MS } else { DAY_MS })
}

/// The latest time at which an event can have happened, in milliseconds since 1970 UTC: whatever a
/// clock that is wrong may say, not after it was received.
#[must_use]
pub const fn latest_ms(moment: Moment, received_ms: i64) -> i64 {
    match moment.quality {
        Quality::Exact => moment.utc_ms,
        Quality::Bounded { latest_ms, .. } => latest_ms,
        Quality::Unknown => received_ms,
    }
}

/// The first of these events, by run and number, rising, that are deleted in one change: no more
/// than [`AT_ONCE`], and no more stretches than a receipt can name, since it names whole changes.
#[must_use]
pub fn at_once(events: &[(i64, u32)]) -> &[(i64, u32)] {
    let mut ranges = 0;
    let mut last = None;
    let is_over = |(run, n): &(i64, u32)| {
        let follows = last.is_some_and(|(of, last)| of == *run && *n == last + 1);
        ranges += usize::from(!follows);
        last = Some((*run, *n));
        ranges > RANGES_MAX
    };
    let end = events.iter().position(is_over).unwrap_or(events.len()).min(AT_ONCE);
    events.get(..end).unwrap_or_default()
}

/// The stretches that take the place of known ones when these numbers of the same run go too, for
/// the same reason, with the known ones that they take the place of: neighbours become one.
#[must_use]
pub fn joined(known: &[(u32, u32)], numbers: impl IntoIterator<Item = u32>) -> (Ranges, Ranges) {
    let new = stretches(numbers);
    let is_beside = |(first, last): &(u32, u32)| {
        let meets = |(from, to): &(u32, u32)| {
            *first <= to.saturating_add(1) && *from <= last.saturating_add(1)
        };
        new.iter().any(meets)
    };
    let replaced: Ranges = known.iter().copied().filter(is_beside).collect();
    let all = replaced.iter().copied().chain(new.iter().copied()).collect();
    (Stretches::of(all).list().to_vec(), replaced)
}

/// After which change a kiosk is told what was deleted, by the change up to which it says that it
/// has let go, and the newest change that deleted anything; none where there is nothing to tell. A
/// kiosk that names no change cannot let go. One that knows of a newer one than there is was told
/// by an archive that is no more.
#[must_use]
pub const fn told_after(let_go: Option<u64>, newest: u64) -> Option<u64> {
    match let_go {
        None => None,
        Some(let_go) if let_go == newest => None,
        Some(let_go) if let_go < newest => Some(let_go),
        Some(_) => Some(0),
    }
}

/// How many of these ranges, each with its change, rising, a receipt names: whole changes, and no
/// more than it can have.
#[must_use]
pub fn told(changes: &[u64]) -> usize {
    if changes.len() <= RANGES_MAX {
        return changes.len();
    }
    let cut = changes.get(RANGES_MAX);
    changes.iter().position(|change| Some(change) == cut).unwrap_or_default()
}

/// How far a kiosk's events have been looked at for what has had its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Comments, notes and calls, up to this one by its time, its run and its number.
    Told(i64, i64, u32),
    /// Those whose clock shows a time to come, of which nothing is certain, up to this run and
    /// number.
    ToCome(i64, u32),
    /// Ratings and what was tapped with them, up to this run and number.
    Rated(i64, u32),
}

impl Reached {
    /// Before all.
    pub const BEGINNING: Self = Self::Told(i64::MIN, 0, 0);
}

impl std::fmt::Display for Reached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Told(utc_ms, run, n) => write!(f, "told,{utc_ms},{run},{n}"),
            Self::ToCome(run, n) => write!(f, "to come,{run},{n}"),
            Self::Rated(run, n) => write!(f, "rated,{run},{n}"),
        }
    }
}

impl std::str::FromStr for Reached {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split(',').collect();
        let number = |text: &str| text.parse::<i64>().map_err(drop);
        let n = |text: &str| text.parse::<u32>().map_err(drop);
        match *parts.as_slice() {
            ["told", utc_ms, run, last] => Ok(Self::Told(number(utc_ms)?, number(run)?, n(last)?)),
            ["to come", run, last] => Ok(Self::ToCome(number(run)?, n(last)?)),
            ["rated", run, last] => Ok(Self::Rated(number(run)?, n(last)?)),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_ahead_takes_a_few_days_with_it_and_not_years() {
        const NOW: i64 = 1_795_176_000_000;
        assert_eq!(pass_ms(None, NOW), NOW);
        assert_eq!(pass_ms(Some(NOW - DAY_MS), NOW), NOW);
        assert_eq!(pass_ms(Some(NOW), NOW + 2_000 * DAY_MS), NOW + 4 * DAY_MS);
        assert_eq!(pass_ms(Some(NOW), 0), 0);
        assert_eq!(next_pass_ms(NOW - HOUR_MS, NOW), NOW + DAY_MS);
        assert_eq!(next_pass_ms(NOW - DAY_MS, NOW), NOW + HOUR_MS, "it has to catch up");
    }

    #[test]
    fn an_event_of_uncertain_time_is_kept_by_the_latest_that_it_can_be_of() {
        let of = |quality| latest_ms(Moment { utc_ms: 9_000, quality }, 5_000);
        assert_eq!(of(Quality::Exact), 9_000);
        assert_eq!(of(Quality::Bounded { earliest_ms: 1, latest_ms: 9_500 }), 9_500);
        assert_eq!(of(Quality::Unknown), 5_000, "a clock of a day to come keeps nothing for ever");
    }

    #[test]
    fn a_change_deletes_no_more_than_a_receipt_can_name() {
        let row: Vec<(i64, u32)> = (1..=1_500).map(|n| (7, n)).collect();
        assert_eq!(at_once(&row).len(), AT_ONCE);
        let scattered: Vec<(i64, u32)> = (1..=400).map(|n| (7, 2 * n)).collect();
        assert_eq!(at_once(&scattered), &scattered[..RANGES_MAX]);
        // Another run's next number is another stretch.
        let runs: Vec<(i64, u32)> = (1..=400).map(|n| (i64::from(n), n)).collect();
        assert_eq!(at_once(&runs).len(), RANGES_MAX);
        let pairs: Vec<(i64, u32)> = (1..=400).flat_map(|n| [(7, 3 * n), (7, 3 * n + 1)]).collect();
        assert_eq!(at_once(&pairs).len(), 2 * RANGES_MAX);
        assert!(at_once(&[]).is_empty());
    }

    #[test]
    fn neighbours_become_one_stretch() {
        let known = [(1, 2), (5, 5), (9, 9), (20, u32::MAX)];
        assert_eq!(joined(&known, [3, 4]), (vec![(1, 5)], vec![(1, 2), (5, 5)]));
        assert_eq!(joined(&known, [7]), (vec![(7, 7)], vec![]));
        assert_eq!(joined(&known, [10, 12]), (vec![(9, 10), (12, 12)], vec![(9, 9)]));
        assert_eq!(joined(&known, [19]), (vec![(19, u32::MAX)], vec![(20, u32::MAX)]));
    }

    #[test]
    fn a_kiosk_is_told_whole_changes_after_what_it_has_let_go_of() {
        for (let_go, after) in [
            (None, None),
            (Some(0), Some(0)),
            (Some(3), Some(3)),
            (Some(9), None),
            (Some(10), Some(0)),
        ] {
            assert_eq!(told_after(let_go, 9), after, "{let_go:?}");
        }
        assert_eq!(told(&[4; RANGES_MAX]), RANGES_MAX);
        let mut changes = vec![4; 150];
        changes.extend([5; 51]);
        assert_eq!(told(&changes), 150);
        assert_eq!(told(&[]), 0);
    }

    #[test]
    fn what_was_reached_is_read_back() {
        let all = [Reached::BEGINNING, Reached::ToCome(3, 4), Reached::Rated(-1, u32::MAX)];
        for reached in all {
            assert_eq!(reached.to_string().parse(), Ok(reached));
        }
        for text in ["", "told", "told,1,2", "rated,1,2,3", "seen,1,2", "rated,1,-2"] {
            assert_eq!(text.parse::<Reached>(), Err(()), "{text}");
        }
    }

    #[test]
    fn comments_go_after_their_days_and_ratings_stay() {
        let kept = Kept::default();
        let comment = Class::of(Some(Kind::Answered), Some("comment"));
        let reason = Class::of(Some(Kind::Answered), Some("reasons"));
        let now_ms = 1_795_176_000_000;
        let edge_ms = now_ms - 90 * DAY_MS;
        assert!(kept.is_over(comment, edge_ms - 1, now_ms));
        assert!(!kept.is_over(comment, edge_ms, now_ms));
        for class in
            [reason, Class::of(Some(Kind::Rated), None), Class::of(Some(Kind::Noted), None)]
        {
            assert!(!kept.is_over(class, 0, now_ms), "{class:?}");
        }
    }

    #[test]
    fn what_the_books_need_and_what_only_a_newer_program_knows_stays_for_ever() {
        let kept = Kept { comments: Some(1), ratings: Some(1), notes: Some(1) };
        for kind in [Some(Kind::Lost), None] {
            assert!(!kept.is_over(Class::of(kind, None), i64::MIN, i64::MAX));
        }
        assert!(kept.is_over(Class::of(Some(Kind::Rated), None), 0, i64::MAX));
    }
}
