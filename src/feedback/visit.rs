//! One shopper after another at the kiosk, as a state machine.
//!
//! [`Visit::step`] takes what happened and when, and returns what the shell must do about it, in
//! order. Time is milliseconds on the boot's axis, so a clock that jumps cannot end a visit.
//!
//! Invariants: [`Effect::Thank`] follows [`Event::Kept`] and nothing else, so nobody is thanked for
//! a rating that is not on disk. At most one [`Effect::Keep`] is under way; each press becomes
//! exactly one, or an [`Effect::Ignore`] when more than [`WAITING_MAX`] already wait for the card.

use std::collections::VecDeque;

use crate::feedback::misuse::{Judge, Reason, Verdict};
use crate::feedback::rating::{Input, Score};

/// How many presses wait for a slow card before further ones are ignored.
pub const WAITING_MAX: usize = 32;

/// How long a commit may take before the screen stops pretending, in milliseconds.
pub const STALL_MS: u64 = 5_000;

/// How long things last, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long the thank-you is shown.
    pub thanks_ms: u32,
    /// How long after a press another face corrects it, while the thank-you is shown; 0 is never.
    pub correction_ms: u32,
    /// The response interval: how long after the thank-you another press is not counted.
    pub interval_ms: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { thanks_ms: 3_000, correction_ms: 3_000, interval_ms: 2_000 }
    }
}

/// A face that was pressed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// The face.
    pub score: Score,
    /// What was pressed.
    pub input: Input,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A shopper pressed a face.
    Pressed(Press),
    /// The button of this face was held for so long that nobody meant it.
    Held(Score),
    /// The rating under way is on disk, with this number in the run.
    Kept {
        /// Its number in the run.
        n: u32,
    },
    /// The rating under way could not be written.
    NotKept,
    /// The shopper tapped "Pressed the wrong one?".
    Reconsidered,
    /// The journal takes ratings again.
    Recovered,
    /// The journal had to begin a new run, in which the numbers of the last one mean nothing.
    NewRun,
    /// Time went by.
    Ticked,
}

/// What the shell must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Show at once that this face was pressed.
    Light(Score),
    /// Write this rating to disk and come back with [`Event::Kept`] or [`Event::NotKept`].
    Keep(Keep),
    /// Thank the shopper; the same for every face.
    Thank {
        /// The rating's number in the run.
        n: u32,
        /// The face, for the record; the shopper is not shown it.
        score: Score,
    },
    /// Show the question.
    Ask,
    /// Say that the post is not recording.
    Rest,
    /// Nothing is done about this press, because too many wait already; say so in the log.
    Ignore(Press),
}

/// A rating to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The face.
    pub score: Score,
    /// What was pressed.
    pub input: Input,
    /// When, on the boot's axis.
    pub at_ms: u64,
    /// Whether it counts.
    pub verdict: Verdict,
    /// The number of the rating that it corrects or takes back.
    pub replaces: Option<u32>,
}

/// The kiosk's side of the conversation.
#[derive(Clone, Debug)]
pub struct Visit {
    pace: Pace,
    judge: Judge,
    phase: Phase,
    /// The rating at the journal, and since when.
    under_way: Option<(Keep, u64)>,
    waiting: VecDeque<Waiting>,
    /// Presses before this are within the response interval of a counted one.
    quiet_until: u64,
    /// The last press of each button if it counted, by its score from 1 on.
    last_counted: [Option<u32>; 5],
}

/// What is still to be kept.
#[derive(Clone, Copy, Debug)]
enum Waiting {
    /// A press, when it came, and what the rules say of it.
    Press(Press, u64, Option<Reason>),
    /// A press to be taken back, since its button is held.
    Held(Score, u64),
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Asking,
    /// The faces are shown again so that the shopper can correct a press.
    Correcting {
        of: Shown,
        until: u64,
    },
    Thanking {
        of: Shown,
        since: u64,
        until: u64,
    },
    Resting,
}

impl Phase {
    /// When time alone ends it, on the boot's axis.
    const fn ends_at(self) -> Option<u64> {
        match self {
            Self::Correcting { until, .. } | Self::Thanking { until, .. } => Some(until),
            Self::Asking | Self::Resting => None,
        }
    }
}

/// The rating that the thank-you on the screen is for.
#[derive(Clone, Copy, Debug)]
struct Shown {
    n: u32,
    score: Score,
    verdict: Verdict,
}

impl Visit {
    /// A kiosk that asks its question, with a judge of the presses that nobody meant.
    #[must_use]
    pub const fn new(pace: Pace, judge: Judge) -> Self {
        Self {
            pace,
            judge,
            phase: Phase::Asking,
            under_way: None,
            waiting: VecDeque::new(),
            quiet_until: 0,
            last_counted: [None; 5],
        }
    }

    /// A kiosk that rests from the start, since its journal takes no ratings yet.
    #[must_use]
    pub fn resting(pace: Pace, judge: Judge) -> Self {
        let mut visit = Self::new(pace, judge);
        visit.phase = Phase::Resting;
        visit
    }

    /// When [`Event::Ticked`] is due next, on the boot's axis; none while only a press can change
    /// anything.
    #[must_use]
    pub const fn due_at(&self) -> Option<u64> {
        match (self.under_way, self.phase) {
            (Some(_), Phase::Resting) => None,
            (Some((_, since)), _) => Some(since + STALL_MS),
            (None, phase) => phase.ends_at(),
        }
    }

    /// Whether the post is out of service and waits for nothing, so that the shell should try
    /// whether the journal takes ratings again.
    #[must_use]
    pub const fn is_resting(&self) -> bool {
        matches!(self.phase, Phase::Resting) && self.under_way.is_none()
    }

    /// Takes in what happened at `now` and returns what to do, in order.
    #[must_use]
    pub fn step(&mut self, event: Event, now: u64) -> Vec<Effect> {
        match event {
            Event::Pressed(press) => self.pressed(press, now),
            Event::Held(score) => self.held(score, now),
            Event::Kept { n } => self.kept(n, now),
            Event::NotKept => self.not_kept(now),
            Event::Reconsidered => self.reconsidered(now),
            Event::Recovered if self.is_resting() => self.ask(),
            Event::Recovered => Vec::new(),
            Event::NewRun => self.forget(),
            Event::Ticked => self.ticked(now),
        }
    }

    fn pressed(&mut self, press: Press, now: u64) -> Vec<Effect> {
        // Judged as it comes, so that a slow card changes no verdict.
        let judged = self.judge.judge(press.score, press.input, now);
        let waiting = Waiting::Press(press, now, judged);
        if self.under_way.is_none() {
            // A tick may be late; what it would have ended is over all the same.
            let mut effects = self.ticked(now);
            effects.extend(self.begin(waiting, now));
            effects
        } else if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(waiting);
            Vec::new()
        } else {
            vec![Effect::Ignore(press)]
        }
    }

    fn held(&mut self, score: Score, now: u64) -> Vec<Effect> {
        if self.under_way.is_none() {
            return self.begin(Waiting::Held(score, now), now);
        }
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(Waiting::Held(score, now));
        }
        Vec::new()
    }

    /// Judges a press by what is on the screen and hands it to the journal.
    fn begin(&mut self, waiting: Waiting, now: u64) -> Vec<Effect> {
        let (press, at_ms, judged) = match waiting {
            Waiting::Press(press, at_ms, judged) => (press, at_ms, judged),
            Waiting::Held(score, at_ms) => return self.take_back(score, at_ms, now),
        };
        let rule = self.judge.rule();
        let verdict = |misuse| Verdict { misuse, rule };
        let repeat = verdict(Some(Reason::Repeat));
        let (verdict, replaces) = match self.phase {
            // What nobody meant corrects nothing.
            _ if judged.is_some() => (verdict(judged), None),
            Phase::Asking | Phase::Resting if now < self.quiet_until => (repeat, None),
            Phase::Asking | Phase::Resting => (verdict(None), None),
            Phase::Correcting { of, .. } | Phase::Thanking { of, .. }
                if of.score == press.score =>
            {
                (repeat, None)
            }
            Phase::Correcting { of, .. } => (of.verdict, Some(of.n)),
            Phase::Thanking { of, since, .. }
                if now.saturating_sub(since) < u64::from(self.pace.correction_ms) =>
            {
                (of.verdict, Some(of.n))
            }
            Phase::Thanking { .. } => (repeat, None),
        };
        let Press { score, input } = press;
        let keep = Keep { score, input, at_ms, verdict, replaces };
        self.under_way = Some((keep, now));
        match self.phase {
            // The thank-you stays, so that nobody can read from the screen what was corrected.
            Phase::Thanking { .. } => vec![Effect::Keep(keep)],
            _ => vec![Effect::Light(press.score), Effect::Keep(keep)],
        }
    }

    /// Has the last counted press of a button taken back, if there is one and nobody was in
    /// between to correct it.
    fn take_back(&mut self, score: Score, at_ms: u64, now: u64) -> Vec<Effect> {
        let last = self.last_counted.get_mut(usize::from(score.value() - 1));
        let Some(n) = last.and_then(Option::take) else {
            return Vec::new();
        };
        let verdict = Verdict { misuse: Some(Reason::Held), rule: self.judge.rule() };
        let keep = Keep { score, input: Input::Button, at_ms, verdict, replaces: Some(n) };
        self.under_way = Some((keep, now));
        vec![Effect::Keep(keep)]
    }

    fn kept(&mut self, n: u32, now: u64) -> Vec<Effect> {
        let Some((keep, _)) = self.under_way.take() else {
            return Vec::new();
        };
        let is_held = keep.verdict.misuse == Some(Reason::Held);
        self.note(&keep, n);
        let mut effects = Vec::new();
        if !is_held {
            effects.push(Effect::Thank { n, score: keep.score });
            self.thank(&keep, n, now);
        }
        effects.extend(self.ticked(now));
        effects.extend(self.next(now));
        effects
    }

    /// Notes which press is the button's last, in case it turns out to be held.
    fn note(&mut self, keep: &Keep, n: u32) {
        let misuse = keep.verdict.misuse;
        if let (None, Some(replaced)) = (misuse, keep.replaces) {
            for last in &mut self.last_counted {
                last.take_if(|last| *last == replaced);
            }
        }
        // Contacts that bounce are still the press before.
        if keep.input != Input::Button || matches!(misuse, Some(Reason::Bounce | Reason::Held)) {
            return;
        }
        if let Some(last) = self.last_counted.get_mut(usize::from(keep.score.value() - 1)) {
            *last = misuse.is_none().then_some(n);
        }
    }

    fn thank(&mut self, keep: &Keep, n: u32, now: u64) {
        let until = now + u64::from(self.pace.thanks_ms);
        let of = match self.phase {
            // Hammering must not hold the thank-you in place.
            Phase::Thanking { .. } if keep.replaces.is_none() => return,
            // Pressing the same face again confirms the first press.
            Phase::Correcting { of, .. } if keep.replaces.is_none() => of,
            _ => Shown { n, score: keep.score, verdict: keep.verdict },
        };
        self.phase = Phase::Thanking { of, since: now, until };
    }

    /// Goes on with what waits for the card.
    fn next(&mut self, now: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        while self.under_way.is_none()
            && let Some(waiting) = self.waiting.pop_front()
        {
            effects.extend(self.begin(waiting, now));
        }
        effects
    }

    fn not_kept(&mut self, now: u64) -> Vec<Effect> {
        if self.under_way.take().is_none() {
            return Vec::new();
        }
        let _ = self.forget();
        self.phase = Phase::Resting;
        let mut effects = vec![Effect::Rest];
        effects.extend(self.next(now));
        effects
    }

    /// Lets go of every number of the last run, so that none is corrected or taken back.
    fn forget(&mut self) -> Vec<Effect> {
        self.last_counted = [None; 5];
        if matches!(self.phase, Phase::Thanking { .. } | Phase::Correcting { .. }) {
            self.phase = Phase::Asking;
        }
        Vec::new()
    }

    fn reconsidered(&mut self, now: u64) -> Vec<Effect> {
        match self.phase {
            Phase::Thanking { of, until, .. }
                if self.under_way.is_none() && self.pace.correction_ms > 0 && now < until =>
            {
                let until = now + u64::from(self.pace.correction_ms);
                self.phase = Phase::Correcting { of, until };
                vec![Effect::Ask]
            }
            _ => Vec::new(),
        }
    }

    fn ticked(&mut self, now: u64) -> Vec<Effect> {
        match self.phase {
            Phase::Resting => Vec::new(),
            // The card hangs. Whatever comes of it, nobody should wait before a lit face.
            _ if self.under_way.is_some_and(|(_, since)| now >= since + STALL_MS) => {
                self.phase = Phase::Resting;
                vec![Effect::Rest]
            }
            Phase::Correcting { of, until } | Phase::Thanking { of, until, .. }
                if self.under_way.is_none() && now >= until =>
            {
                if of.verdict.misuse.is_none() {
                    self.quiet_until = until + u64::from(self.pace.interval_ms);
                }
                self.ask()
            }
            _ => Vec::new(),
        }
    }

    fn ask(&mut self) -> Vec<Effect> {
        self.phase = Phase::Asking;
        vec![Effect::Ask]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::rating::Scale;

    fn score(value: u8) -> Score {
        Scale::Five.score(value).unwrap()
    }

    fn press(value: u8) -> Event {
        Event::Pressed(Press { score: score(value), input: Input::Button })
    }

    /// A rating to be kept, as [`play`] returns it.
    fn kept(value: u8, misuse: Option<Reason>, replaces: Option<u32>) -> Effect {
        let verdict = Verdict { misuse, rule: Judge::off().rule() };
        let (score, input, at_ms) = (score(value), Input::Button, 0);
        Effect::Keep(Keep { score, input, at_ms, verdict, replaces })
    }

    fn keep(value: u8) -> Effect {
        kept(value, None, None)
    }

    fn repeat(value: u8) -> Effect {
        kept(value, Some(Reason::Repeat), None)
    }

    fn correction(value: u8, n: u32) -> Effect {
        kept(value, None, Some(n))
    }

    fn light(value: u8) -> Effect {
        Effect::Light(score(value))
    }

    fn thank(n: u32, value: u8) -> Effect {
        Effect::Thank { n, score: score(value) }
    }

    /// What a kiosk with the default pace does when these things happen at these times.
    fn play(events: &[(u64, Event)]) -> Vec<Effect> {
        play_at(Pace::default(), events)
    }

    /// The effects without the times of the presses.
    fn timeless(mut effects: Vec<Effect>) -> Vec<Effect> {
        for effect in &mut effects {
            if let Effect::Keep(keep) = effect {
                keep.at_ms = 0;
            }
        }
        effects
    }

    fn play_at(pace: Pace, events: &[(u64, Event)]) -> Vec<Effect> {
        let mut visit = Visit::new(pace, Judge::off());
        events.iter().flat_map(|&(now, event)| timeless(visit.step(event, now))).collect()
    }

    #[test]
    fn a_press_lights_up_at_once_and_is_thanked_once_it_is_kept() {
        let effects = play(&[
            (10_000, press(4)),
            (10_005, Event::Kept { n: 1 }),
            (13_004, Event::Ticked),
            (13_005, Event::Ticked),
        ]);
        assert_eq!(effects, [light(4), keep(4), thank(1, 4), Effect::Ask]);
    }

    #[test]
    fn nobody_is_thanked_for_a_rating_that_could_not_be_written() {
        let effects = play(&[(10_000, press(4)), (10_005, Event::NotKept)]);
        assert_eq!(effects, [light(4), keep(4), Effect::Rest]);
    }

    #[test]
    fn a_resting_post_still_tries_each_press_and_comes_back() {
        let effects = play(&[
            (10_000, press(4)),
            (10_005, Event::NotKept),
            (20_000, press(2)),
            (20_005, Event::Kept { n: 1 }),
        ]);
        assert_eq!(effects[3..], [light(2), keep(2), thank(1, 2)]);
        let effects =
            play(&[(10_000, press(4)), (10_005, Event::NotKept), (11_000, Event::Recovered)]);
        assert_eq!(effects[2..], [Effect::Rest, Effect::Ask]);
    }

    #[test]
    fn another_face_while_the_thank_you_is_shown_replaces_the_first() {
        let effects = play(&[
            (10_000, press(1)),
            (10_005, Event::Kept { n: 1 }),
            (11_000, press(5)),
            (11_005, Event::Kept { n: 2 }),
        ]);
        assert_eq!(effects[2..], [thank(1, 1), correction(5, 1), thank(2, 5)]);
    }

    #[test]
    fn the_same_face_again_is_kept_and_not_counted_and_does_not_prolong_the_thank_you() {
        let effects = play(&[
            (10_000, press(1)),
            (10_005, Event::Kept { n: 1 }),
            (12_900, press(1)),
            (12_905, Event::Kept { n: 2 }),
            (13_005, Event::Ticked),
        ]);
        assert_eq!(effects[2..], [thank(1, 1), repeat(1), thank(2, 1), Effect::Ask]);
    }

    #[test]
    fn a_press_within_the_response_interval_is_kept_and_not_counted() {
        let first = [(10_000, press(1)), (10_000, Event::Kept { n: 1 }), (13_000, Event::Ticked)];
        let at = |now| play(&[&first[..], &[(now, press(5))]].concat())[5];
        assert_eq!(at(14_999), repeat(5));
        assert_eq!(at(15_000), keep(5));
    }

    #[test]
    fn the_response_interval_is_not_prolonged_by_presses_that_do_not_count() {
        let effects = play(&[
            (10_000, press(1)),
            (10_000, Event::Kept { n: 1 }),
            (13_000, Event::Ticked),
            (14_000, press(3)),
            (14_000, Event::Kept { n: 2 }),
            (17_000, press(3)),
        ]);
        assert_eq!(
            effects[4..],
            [light(3), repeat(3), thank(2, 3), Effect::Ask, light(3), keep(3)]
        );
    }

    #[test]
    fn a_late_tick_does_not_turn_the_next_shopper_into_a_correction() {
        let effects =
            play(&[(10_000, press(1)), (10_000, Event::Kept { n: 1 }), (60_000, press(5))]);
        assert_eq!(effects[3..], [Effect::Ask, light(5), keep(5)]);
    }

    #[test]
    fn a_press_during_anothers_commit_is_neither_lost_nor_double() {
        let effects = play(&[
            (10_000, press(4)),
            (10_001, press(2)),
            (10_002, press(2)),
            (10_500, Event::Kept { n: 1 }),
            (10_600, Event::Kept { n: 2 }),
            (10_700, Event::Kept { n: 3 }),
        ]);
        let expected =
            [light(4), keep(4), thank(1, 4), correction(2, 1), thank(2, 2), repeat(2), thank(3, 2)];
        assert_eq!(effects, expected);
    }

    #[test]
    fn a_card_that_hangs_is_said_and_its_rating_is_thanked_when_it_comes_through() {
        let stalled = 10_000 + STALL_MS;
        let mut visit = Visit::new(Pace::default(), Judge::off());
        let _ = visit.step(press(4), 10_000);
        assert_eq!(visit.due_at(), Some(stalled));
        assert_eq!(visit.step(Event::Ticked, stalled - 1), []);
        assert_eq!(visit.step(Event::Ticked, stalled), [Effect::Rest]);
        assert_eq!((visit.due_at(), visit.is_resting()), (None, false));
        assert_eq!(visit.step(press(2), stalled + 1), []);
        let effects = timeless(visit.step(Event::Kept { n: 1 }, stalled + 9));
        assert_eq!(effects, [thank(1, 4), correction(2, 1)]);
    }

    #[test]
    fn presses_beyond_the_limit_are_reported_as_ignored() {
        let mut visit = Visit::new(Pace::default(), Judge::off());
        let presses = (0..=WAITING_MAX + 1).map(|_| visit.step(press(3), 10_000));
        let ignored = presses.filter(|effects| matches!(effects[..], [Effect::Ignore(_)]));
        assert_eq!(ignored.count(), 1);
    }

    #[test]
    fn the_chip_brings_the_faces_back_and_the_next_face_corrects() {
        let effects = play(&[
            (10_000, press(1)),
            (10_000, Event::Kept { n: 1 }),
            (12_000, Event::Reconsidered),
            (14_000, press(5)),
            (14_000, Event::Kept { n: 2 }),
        ]);
        assert_eq!(effects[3..], [Effect::Ask, light(5), correction(5, 1), thank(2, 5)]);
    }

    #[test]
    fn a_shopper_who_walks_away_from_a_correction_leaves_the_first_press_standing() {
        let effects = play(&[
            (10_000, press(1)),
            (10_000, Event::Kept { n: 1 }),
            (12_000, Event::Reconsidered),
            (15_000, Event::Ticked),
            (18_000, press(5)),
        ]);
        assert_eq!(effects[3..], [Effect::Ask, Effect::Ask, light(5), keep(5)]);
    }

    #[test]
    fn with_correction_off_another_face_is_a_repeat() {
        let pace = Pace { correction_ms: 0, ..Pace::default() };
        let events = [(10_000, press(1)), (10_000, Event::Kept { n: 1 }), (11_000, press(5))];
        assert_eq!(play_at(pace, &events)[3..], [repeat(5)]);
    }

    #[test]
    fn with_everything_at_zero_every_press_counts() {
        let pace = Pace { thanks_ms: 0, correction_ms: 0, interval_ms: 0 };
        let events = [
            (10_000, press(1)),
            (10_000, press(1)),
            (10_007, Event::Kept { n: 1 }),
            (10_009, Event::Kept { n: 2 }),
        ];
        let expected = [
            light(1),
            keep(1),
            thank(1, 1),
            Effect::Ask,
            light(1),
            keep(1),
            thank(2, 1),
            Effect::Ask,
        ];
        assert_eq!(play_at(pace, &events), expected);
    }

    /// What becomes of presses by buttons: when, which face, and in the end why it does not count
    /// and what it replaces.
    fn judged(events: &[(u64, Event)]) -> Vec<(u8, Option<Reason>, Option<u32>)> {
        let mut visit = Visit::new(Pace::default(), Judge::default());
        let (mut keeps, mut n) = (Vec::new(), 0);
        for &(now, event) in events {
            let mut effects = visit.step(event, now);
            while let Some(Effect::Keep(keep)) =
                effects.iter().find(|effect| matches!(effect, Effect::Keep(_)))
            {
                assert_eq!(keep.verdict.rule, crate::feedback::misuse::RULE_VERSION);
                keeps.push((keep.score.value(), keep.verdict.misuse, keep.replaces));
                n += 1;
                effects = visit.step(Event::Kept { n }, now);
            }
        }
        keeps
    }

    #[test]
    fn of_two_faces_hit_by_one_hand_the_first_counts_and_is_not_corrected() {
        let keeps = judged(&[(10_000, press(2)), (10_040, press(3)), (11_000, press(4))]);
        let together = Some(Reason::Together);
        assert_eq!(keeps, [(2, None, None), (3, together, None), (4, None, Some(1))]);
    }

    #[test]
    fn a_press_whose_button_is_held_is_taken_back_once() {
        let held = |value| Event::Held(score(value));
        let taken_back = (4, Some(Reason::Held), Some(1));
        let events = [(10_000, press(4)), (20_000, held(4)), (30_000, held(4))];
        assert_eq!(judged(&events), [(4, None, None), taken_back]);
        let events = [(10_000, press(4)), (11_000, press(2)), (20_000, held(4))];
        assert_eq!(judged(&events)[1..], [(2, None, Some(1))], "it was corrected already");
        let events = [(10_000, press(4)), (20_000, held(2))];
        assert_eq!(judged(&events).len(), 1, "a button that nothing was counted of");
    }

    #[test]
    fn a_held_button_takes_nothing_back_but_its_own_press() {
        let held = |value| Event::Held(score(value));
        // The second press came too soon to count, so there is nothing of it to take back.
        let events = [(10_000, press(4)), (11_000, press(4)), (21_000, held(4))];
        let repeat = (4, Some(Reason::Repeat), None);
        assert_eq!(judged(&events), [(4, None, None), repeat]);
        // Its contacts bounced as it went down, and somebody touched the same face meanwhile.
        let touch = Event::Pressed(Press { score: score(4), input: Input::Touch });
        let events = [(10_000, press(4)), (10_030, press(4)), (19_000, touch), (20_000, held(4))];
        assert_eq!(judged(&events)[3], (4, Some(Reason::Held), Some(1)));
    }

    #[test]
    fn a_new_run_is_not_told_to_correct_the_last_one() {
        let effects = play(&[
            (10_000, press(1)),
            (10_000, Event::Kept { n: 9 }),
            (10_500, Event::NewRun),
            (11_000, press(5)),
        ]);
        assert_eq!(effects[3..], [light(5), keep(5)]);
    }

    fn any_event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => (1u8..=5).prop_map(press),
            4 => Just(Event::Kept { n: 0 }),
            1 => Just(Event::NotKept),
            1 => Just(Event::Reconsidered),
            1 => Just(Event::Recovered),
            2 => Just(Event::Ticked),
            1 => (1u8..=5).prop_map(|value| Event::Held(score(value))),
            1 => Just(Event::NewRun),
        ]
    }

    proptest! {
        /// Any press ends as one rating or one word in the log; any thank-you has a commit before
        /// it; a counted press within a visit corrects the one before or waits out the interval.
        #[test]
        fn presses_thanks_and_commits_always_match(
            events in prop::collection::vec((0u64..4_000, any_event()), 0..300)
        ) {
            let pace = Pace::default();
            let mut visit = Visit::new(pace, Judge::off());
            let (mut now, mut n) = (10_000, 0);
            let (mut presses, mut keeps, mut commits, mut thanks, mut ignored) = (0, 0, 0, 0, 0);
            // The rating under way, and whether its shopper is to be thanked for it.
            let (mut is_under_way, mut is_thanked) = (false, false);
            for (later, event) in events {
                now += later;
                let event = match event {
                    Event::Kept { .. } => { n += 1; Event::Kept { n } }
                    other => other,
                };
                presses += u32::from(matches!(event, Event::Pressed(_)));
                if matches!(event, Event::Kept { .. }) && is_under_way {
                    commits += u32::from(is_thanked);
                    is_under_way = false;
                }
                if matches!(event, Event::NotKept) {
                    is_under_way = false;
                }
                for effect in visit.step(event, now) {
                    match effect {
                        Effect::Keep(keep) => {
                            prop_assert!(!is_under_way, "two ratings under way");
                            is_under_way = true;
                            is_thanked = keep.verdict.misuse != Some(Reason::Held);
                            keeps += u32::from(is_thanked);
                            if keep.verdict.misuse.is_none() && keep.replaces.is_none() {
                                prop_assert!(now >= visit.quiet_until, "counted too soon");
                            }
                        }
                        Effect::Thank { .. } => {
                            thanks += 1;
                            prop_assert_eq!(thanks, commits, "a thank-you without its commit");
                        }
                        Effect::Ignore(_) => ignored += 1,
                        Effect::Light(_) | Effect::Ask | Effect::Rest => {}
                    }
                }
            }
            let is_press = |waiting: &&Waiting| matches!(waiting, Waiting::Press(..));
            let waiting = u32::try_from(visit.waiting.iter().filter(is_press).count()).unwrap();
            prop_assert_eq!(presses, keeps + waiting + ignored);
            prop_assert_eq!(thanks, commits);
        }
    }
}
