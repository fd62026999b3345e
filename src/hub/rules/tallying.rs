//! What an event adds to the tallies: its share, and the differences that changes make.
//!
//! A tally is never counted anew while the archive is in use. Whoever changes what is stored takes
//! the share that each event had, puts the one that it has now, and adds the differences: arriving,
//! being dated again, judged again, corrected and deleted are all the same to a tally.
//!
//! Invariant: after any changes the tallies are what counting every event would give.

use std::collections::{BTreeMap, BTreeSet};

use super::counting::{CountsAs, Kept};
use crate::feedback::answer::{Answer, FollowUp, Reply};
use crate::feedback::event::Kind;

/// A rating that arrives so much later than it was given is late, in milliseconds: a day, after
/// which the report of its day may be out.
pub const LATE_MS: i64 = 24 * 3_600_000;

/// The number of the line that has no question: that of what cannot be read.
pub const NO_LINE: i64 = 0;

/// How far the time of an event can be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certainty {
    /// It is exact.
    #[default]
    Exact,
    /// It lies between two limits.
    Bounded,
    /// It is only the wall clock's word.
    Unknown,
}

impl Certainty {
    /// How far a time can be believed that is exact, or may have a limit.
    #[must_use]
    pub const fn of(is_exact: bool, earliest_ms: Option<i64>) -> Self {
        match (is_exact, earliest_ms) {
            (true, _) => Self::Exact,
            (false, Some(_)) => Self::Bounded,
            (false, None) => Self::Unknown,
        }
    }
}

/// A press as the archive keeps it, as far as counting goes; empty for what is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Press {
    /// The face, 1 being the worst.
    pub score: Option<u8>,
    /// How many faces there were.
    pub scale: Option<u8>,
    /// The number of what was asked.
    pub line: Option<i64>,
    /// Why it is misuse, if it is, by the newest verdict.
    pub misuse: Option<String>,
    /// The same for each later press that replaces this one.
    pub later: Vec<Option<String>>,
    /// The hour of the shop's clocks, counted from 1970.
    pub hour: i32,
}

/// One of a survey's own choices, given as an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The number of the choice.
    pub choice: i64,
    /// The rating that was asked about, as it stands now.
    pub rating: Press,
}

/// An event of the archive, as far as counting goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// What kind of event it is, in its own word.
    pub kind: String,
    /// The press that it is.
    pub press: Press,
    /// The choice that it is; none for what is no answer, an answer that is no choice, and one to a
    /// rating that has not arrived.
    pub chosen: Option<Chosen>,
    /// How far its time can be believed.
    pub certainty: Certainty,
    /// When it was, in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// When it arrived, in milliseconds since 1970 UTC.
    pub received_ms: i64,
}

/// What a share is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// A rating that counts, by its face, 1 to 5.
    Face(u8),
    /// A press that is misuse.
    Misuse,
    /// A press that was taken back.
    Replaced,
    /// An event that this version cannot read.
    Unread,
}

/// What one event adds to its hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The hour of the shop's clocks, counted from 1970.
    pub hour: i32,
    /// The number of what was asked; [`NO_LINE`] for what cannot be read.
    pub line: i64,
    /// What it is counted as.
    pub column: Column,
    /// Whether its time lies between two limits.
    pub is_bounded: bool,
    /// Whether its time is only the wall clock's word.
    pub is_unknown: bool,
    /// Whether it came more than [`LATE_MS`] after its own time.
    pub is_late: bool,
}

/// What one event adds to the tallies; none for what is no press, and can be read.
#[must_use]
pub fn share(fact: &Fact) -> Option<Share> {
    let Press { line, hour, .. } = fact.press;
    let column = match counts_as(&fact.kind, &fact.press) {
        CountsAs::Rating(score) => Column::Face(score.value()),
        CountsAs::Misuse => Column::Misuse,
        CountsAs::TakenBack => Column::Replaced,
        CountsAs::Nothing => return None,
        // Nothing else is known of it, so nothing else is said of it.
        CountsAs::Unread => {
            let (is_bounded, is_unknown, is_late) = (false, false, false);
            let (line, column) = (NO_LINE, Column::Unread);
            return Some(Share { hour, line, column, is_bounded, is_unknown, is_late });
        }
    };
    Some(Share {
        hour,
        line: line.unwrap_or(NO_LINE),
        column,
        is_bounded: fact.certainty == Certainty::Bounded,
        is_unknown: fact.certainty == Certainty::Unknown,
        is_late: fact.received_ms.saturating_sub(fact.utc_ms) > LATE_MS,
    })
}

fn counts_as(kind: &str, press: &Press) -> CountsAs {
    let later: Vec<Option<&str>> = press.later.iter().map(Option::as_deref).collect();
    let Press { scale, score, .. } = *press;
    CountsAs::of(&Kept { kind, scale, score, misuse: press.misuse.as_deref(), later: &later })
}

/// What one answer adds to the tallies of reasons: it belongs to the hour, the question and the
/// face of its rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReasonShare {
    /// The hour of the shop's clocks, counted from 1970.
    pub hour: i32,
    /// The number of what was asked.
    pub line: i64,
    /// The face, 1 to 5.
    pub face: u8,
    /// The number of the choice.
    pub choice: i64,
}

/// What an answer adds to the tallies of reasons; none unless it is a choice, after a rating that
/// counts.
#[must_use]
pub fn reason_share(fact: &Fact) -> Option<ReasonShare> {
    let Chosen { choice, rating } = fact.chosen.as_ref()?;
    match counts_as(Kind::Rated.name(), rating) {
        CountsAs::Rating(score) => Some(ReasonShare {
            hour: rating.hour,
            line: rating.line.unwrap_or(NO_LINE),
            face: score.value(),
            choice: *choice,
        }),
        _ => None,
    }
}

/// The choice that an answer to a follow-up is, as the words that are kept for it: a reason or a
/// degree. None for own words, which are never counted, and for what this version cannot read.
#[must_use]
pub fn choice(follow_up: &str, answer: &str) -> Option<(&'static str, String)> {
    let answer = Answer::read(FollowUp::named(follow_up)?, ANSWERED, Some(answer))?;
    match answer.reply() {
        Reply::Reason(_) | Reply::Nps(_) => Some((answer.follow_up().name(), answer.text()?)),
        Reply::Comment(_) | Reply::Skipped | Reply::TimedOut => None,
    }
}

/// The outcome of a follow-up that has an answer.
const ANSWERED: &str = Answer::OUTCOMES[0];

/// How many numbers a cell has.
pub const NUMBERS: usize = 11;

/// The numbers of a cell of a tally, or by how much they change, in the order of [`Cell::NAMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell(pub [i64; NUMBERS]);

impl Cell {
    /// What the numbers are called, in their order: also the names of their columns.
    pub const NAMES: [&str; NUMBERS] = [
        "f1", "f2", "f3", "f4", "f5", "misuse", "replaced", "unread", "bounded", "unknown", "late",
    ];

    /// How many ratings count of each face, the worst first.
    #[must_use]
    pub const fn faces(&self) -> [i64; 5] {
        let Self([one, two, three, four, five, ..]) = *self;
        [one, two, three, four, five]
    }

    /// How many presses are misuse.
    #[must_use]
    pub const fn misuse(&self) -> i64 {
        self.0[5]
    }

    /// How many presses were taken back.
    #[must_use]
    pub const fn replaced(&self) -> i64 {
        self.0[6]
    }

    /// How many events cannot be read.
    #[must_use]
    pub const fn unread(&self) -> i64 {
        self.0[7]
    }

    /// How many presses have a time between two limits.
    #[must_use]
    pub const fn bounded(&self) -> i64 {
        self.0[8]
    }

    /// How many presses have a time that is only the wall clock's word.
    #[must_use]
    pub const fn unknown(&self) -> i64 {
        self.0[9]
    }

    /// How many presses came late.
    #[must_use]
    pub const fn late(&self) -> i64 {
        self.0[10]
    }

    /// Whether every number is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; NUMBERS]
    }

    /// Adds the numbers of another cell so many times.
    pub fn add(&mut self, other: &Self, times: i64) {
        for (number, other) in self.0.iter_mut().zip(other.0) {
            *number += other * times;
        }
    }

    fn of(share: &Share) -> Self {
        let column = match share.column {
            Column::Face(face) => usize::from(face).saturating_sub(1).min(4),
            Column::Misuse => 5,
            Column::Replaced => 6,
            Column::Unread => 7,
        };
        let mut numbers = [0; NUMBERS];
        for (at, number) in numbers.iter_mut().enumerate() {
            let is_in = match at {
                8 => share.is_bounded,
                9 => share.is_unknown,
                10 => share.is_late,
                at => at == column,
            };
            *number = i64::from(is_in);
        }
        Self(numbers)
    }
}

/// The day of an hour, both counted from 1970 by the shop's clocks.
#[must_use]
pub const fn day_of(hour: i32) -> i32 {
    hour.div_euclid(24)
}

/// By how much the tallies of one kiosk change. Nothing is in it that does not change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    hours: BTreeMap<(i32, i64), Cell>,
    reasons: BTreeMap<ReasonShare, i64>,
}

impl Differences {
    /// Takes away what an event has added so far.
    pub fn take(&mut self, share: Option<Share>) {
        self.change(share, -1);
    }

    /// Puts what an event adds now.
    pub fn put(&mut self, share: Option<Share>) {
        self.change(share, 1);
    }

    /// Takes away what an answer has added so far.
    pub fn take_reason(&mut self, share: Option<ReasonShare>) {
        self.change_reason(share, -1);
    }

    /// Puts what an answer adds now.
    pub fn put_reason(&mut self, share: Option<ReasonShare>) {
        self.change_reason(share, 1);
    }

    /// Takes away everything that an event has added so far.
    pub fn take_fact(&mut self, fact: &Fact) {
        self.take(share(fact));
        self.take_reason(reason_share(fact));
    }

    /// Puts everything that an event adds now.
    pub fn put_fact(&mut self, fact: &Fact) {
        self.put(share(fact));
        self.put_reason(reason_share(fact));
    }

    fn change(&mut self, share: Option<Share>, times: i64) {
        let Some(share) = share else {
            return;
        };
        let at = (share.hour, share.line);
        let cell = self.hours.entry(at).or_default();
        cell.add(&Cell::of(&share), times);
        if cell.is_zero() {
            self.hours.remove(&at);
        }
    }

    fn change_reason(&mut self, share: Option<ReasonShare>, by: i64) {
        let Some(share) = share else {
            return;
        };
        let times = self.reasons.entry(share).or_default();
        *times += by;
        if *times == 0 {
            self.reasons.remove(&share);
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.reasons.is_empty()
    }

    /// What changes, by hour and line, in their order.
    #[must_use]
    pub const fn hours(&self) -> &BTreeMap<(i32, i64), Cell> {
        &self.hours
    }

    /// What changes of the reasons, in their order.
    #[must_use]
    pub const fn reasons(&self) -> &BTreeMap<ReasonShare, i64> {
        &self.reasons
    }

    /// What changes, by day and line, in their order. A day of which anything changes is in it,
    /// even if its numbers stay what they were, since whoever knows the day has to look again.
    #[must_use]
    pub fn days(&self) -> BTreeMap<(i32, i64), Cell> {
        let of_reasons = self.reasons.keys().map(|share| (day_of(share.hour), share.line));
        let touched: BTreeSet<(i32, i64)> = of_reasons.collect();
        let mut days: BTreeMap<(i32, i64), Cell> =
            touched.into_iter().map(|at| (at, Cell::default())).collect();
        for ((hour, line), cell) in &self.hours {
            days.entry((day_of(*hour), *line)).or_default().add(cell, 1);
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn press() -> Press {
        Press { score: Some(4), scale: Some(5), line: Some(7), hour: 49, ..Press::default() }
    }

    fn rated() -> Fact {
        Fact { kind: "rated".to_owned(), press: press(), ..Fact::default() }
    }

    #[test]
    fn a_press_is_counted_by_its_face_or_beside() {
        let column = |press: Press| share(&Fact { press, ..rated() }).map(|share| share.column);
        assert_eq!(column(press()), Some(Column::Face(4)));
        let misuse = Some("bounce".to_owned());
        assert_eq!(column(Press { misuse, ..press() }), Some(Column::Misuse));
        assert_eq!(column(Press { later: vec![None], ..press() }), Some(Column::Replaced));
        let unread = share(&Fact { press: Press { scale: Some(11), ..press() }, ..rated() });
        assert_eq!(unread.map(|it| (it.line, it.column)), Some((NO_LINE, Column::Unread)));
        assert_eq!(share(&Fact { kind: "noted".to_owned(), ..Fact::default() }), None);
    }

    #[test]
    fn what_cannot_be_read_says_nothing_of_its_time() {
        let far = Fact { certainty: Certainty::Unknown, received_ms: LATE_MS + 1, ..rated() };
        let seen = share(&far).unwrap();
        assert!(seen.is_unknown && seen.is_late && !seen.is_bounded);
        let seen = share(&Fact { received_ms: LATE_MS, ..far.clone() }).unwrap();
        assert!(!seen.is_late, "a day is not late yet");
        let press = Press { score: None, ..press() };
        let seen = share(&Fact { kind: "hummed".to_owned(), press, ..far }).unwrap();
        assert!(!seen.is_unknown && !seen.is_late);
    }

    #[test]
    fn a_reason_counts_as_long_as_its_rating_does() {
        let answered = |rating| Fact {
            kind: "answered".to_owned(),
            chosen: Some(Chosen { choice: 3, rating }),
            ..Fact::default()
        };
        let counted = ReasonShare { hour: 49, line: 7, face: 4, choice: 3 };
        assert_eq!(reason_share(&answered(press())), Some(counted));
        assert_eq!(share(&answered(press())), None);
        let taken_back = Press { later: vec![None], ..press() };
        assert_eq!(reason_share(&answered(taken_back)), None);
        assert_eq!(reason_share(&rated()), None);
    }

    #[test]
    fn a_reason_or_a_degree_is_a_choice_and_own_words_are_none() {
        assert_eq!(choice("reasons", "wait"), Some(("reasons", "wait".to_owned())));
        assert_eq!(choice("nps", "10"), Some(("nps", "10".to_owned())));
        for (follow_up, answer) in
            [("comment", "wait"), ("nps", "11"), ("reasons", "The queue!"), ("poem", "wait")]
        {
            assert_eq!(choice(follow_up, answer), None, "{follow_up} {answer}");
        }
    }

    #[test]
    fn a_day_of_which_an_hour_changes_has_changed() {
        let mut differences = Differences::default();
        differences.take_fact(&rated());
        differences.put_fact(&Fact { press: Press { hour: 50, ..press() }, ..rated() });
        assert_eq!(differences.hours().len(), 2);
        assert_eq!(differences.days(), BTreeMap::from([((2, 7), Cell::default())]));
        differences.put_fact(&rated());
        differences.take_fact(&Fact { press: Press { hour: 50, ..press() }, ..rated() });
        assert!(differences.is_empty());
        assert_eq!((day_of(-1), day_of(0), day_of(23), day_of(24)), (-1, 0, 0, 1));
    }

    prop_compose! {
        fn any_press()(
            score in prop::option::of(0u8..7),
            scale in prop::option::of(2u8..7),
            line in prop::option::of(1i64..4),
            misuse in prop::option::of(prop::sample::select(vec!["bounce", "held", "of 2031"])),
            later in prop::collection::vec(
                prop::option::of(prop::sample::select(vec!["bounce", "held"])), 0..2),
            hour in -30i32..30,
        ) -> Press {
            let later = later.into_iter().map(|word| word.map(str::to_owned)).collect();
            Press { score, scale, line, misuse: misuse.map(str::to_owned), later, hour }
        }
    }

    prop_compose! {
        fn any_fact()(
            kind in prop::sample::select(vec!["rated", "rated", "answered", "hummed", "noted"]),
            press in any_press(),
            rating in any_press(),
            choice in prop::option::of(1i64..3),
            certainty in prop::sample::select(
                vec![Certainty::Exact, Certainty::Bounded, Certainty::Unknown]),
            received_ms in 0..2 * LATE_MS,
        ) -> Fact {
            let is_answer = kind == "answered";
            let chosen =
                choice.filter(|_| is_answer).map(|choice| Chosen { choice, rating });
            Fact { kind: kind.to_owned(), press, chosen, certainty, utc_ms: 0, received_ms }
        }
    }

    fn counted<'a>(facts: impl Iterator<Item = &'a Fact>) -> Differences {
        let mut all = Differences::default();
        facts.for_each(|fact| all.put_fact(fact));
        all
    }

    proptest! {
        /// Events arrive, change and are deleted; tallies are kept by differences alone.
        #[test]
        fn any_changes_leave_what_counting_every_event_would_give(
            changes in prop::collection::vec(
                prop::collection::vec((0usize..9, prop::option::of(any_fact())), 1..5), 0..30)
        ) {
            let mut stored: BTreeMap<usize, Fact> = BTreeMap::new();
            let (mut hours, mut days) = (BTreeMap::new(), BTreeMap::new());
            for batch in changes {
                let mut differences = Differences::default();
                for (id, after) in batch {
                    if let Some(before) = stored.remove(&id) {
                        differences.take_fact(&before);
                    }
                    if let Some(after) = after {
                        differences.put_fact(&after);
                        stored.insert(id, after);
                    }
                }
                prop_assert!(differences.hours().values().all(|cell| !cell.is_zero()));
                for (tally, cells) in
                    [(&mut hours, differences.hours()), (&mut days, &differences.days())]
                {
                    for (at, cell) in cells {
                        tally.entry(*at).or_insert_with(Cell::default).add(cell, 1);
                    }
                }
            }
            let all = counted(stored.values());
            let full = |tally: BTreeMap<(i32, i64), Cell>| -> BTreeMap<(i32, i64), Cell> {
                tally.into_iter().filter(|(_, cell)| !cell.is_zero()).collect()
            };
            prop_assert_eq!(&full(hours), all.hours());
            prop_assert_eq!(full(days), full(all.days()));
        }
    }
}
