//! One shopper after another at the kiosk, as a state machine.
//!
//! [`Visit::step`] takes what happened and when, and returns what the shell must do about it, in
//! order. Time is milliseconds on the boot's axis, so a clock that jumps cannot end a visit.
//!
//! Invariants: [`Effect::Thank`] follows [`Cue::Kept`] and nothing else, so nobody is thanked for
//! a rating that is not on disk. At most one [`Effect::Keep`] is under way; each press becomes
//! exactly one, or an [`Effect::Ignore`] when more than [`WAITING_MAX`] already wait for the card.
//! A follow-up is asked only once the rating is kept, so whoever walks away loses nothing by it.

mod exchange;
mod follow;
mod help;
mod phase;
mod plan;

use std::collections::VecDeque;

pub use self::exchange::{Attending, Cue, Effect, Keep, KeepAnswer, Kept, Offer, Press};
pub use self::help::{OFFER_MS, TOLD_MS};
pub use self::phase::STILL_THERE_MS;
use self::phase::{Following, Phase, Shown, UnderWay, Waiting};
use self::plan::Chooser;
pub use self::plan::{FOLLOW_UPS_MAX, Plan};
use crate::feedback::misuse::{Judge, Reason, Verdict};
use crate::feedback::rating::{Input, Score};

/// How many presses wait for a slow card before further ones are ignored.
pub const WAITING_MAX: usize = 32;

/// How long a commit may take before the screen stops pretending, in milliseconds.
pub const STALL_MS: u64 = 5_000;

/// How much longer everything stays for a shopper who asks for more time.
pub const MORE_TIME: u64 = 4;

/// How long things last, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long the thank-you is shown.
    pub thanks_ms: u32,
    /// How long after a press another face corrects it, while the thank-you is shown; 0 is never.
    pub correction_ms: u32,
    /// The response interval: how long after the thank-you another press is not counted.
    pub interval_ms: u32,
    /// How long a follow-up waits for an answer, from the last touch on.
    pub follow_up_ms: u32,
    /// How long the question stays in a language that a shopper chose and nobody answers in.
    pub language_ms: u32,
    /// How long the question is shown before the invitation takes its place; 0 is for ever.
    pub invite_ms: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            thanks_ms: 3_000,
            correction_ms: 3_000,
            interval_ms: 2_000,
            follow_up_ms: 12_000,
            language_ms: 20_000,
            invite_ms: 0,
        }
    }
}

/// The state of the kiosk towards the shopper in front of it.
#[derive(Clone, Debug)]
pub struct Visit {
    pace: Pace,
    judge: Judge,
    phase: Phase,
    /// What is at the journal, and since when.
    under_way: Option<(UnderWay, u64)>,
    waiting: VecDeque<Waiting>,
    /// Presses before this are within the response interval of a counted one.
    quiet_until: u64,
    /// The last press of each button if it counted, by its score from 1 on.
    last_counted: [Option<u32>; 5],
    chooser: Chooser,
    /// The language that this shopper chose.
    language: Option<u8>,
    /// Whether this shopper asked for more time.
    is_unhurried: bool,
    is_closed: bool,
    has_invitation: bool,
    /// Who is offered to call somebody.
    offers_help: Offer,
}

impl Visit {
    /// A kiosk that asks its question, with a judge that finds misuse.
    #[must_use]
    pub fn new(pace: Pace, judge: Judge) -> Self {
        Self {
            pace,
            judge,
            phase: Phase::Asking { until: None },
            under_way: None,
            waiting: VecDeque::new(),
            quiet_until: 0,
            last_counted: [None; 5],
            chooser: Chooser::default(),
            language: None,
            is_unhurried: false,
            is_closed: false,
            has_invitation: true,
            offers_help: Offer::Nobody,
        }
    }

    /// A kiosk that rests from the start, since its journal takes no ratings yet.
    #[must_use]
    pub fn resting(pace: Pace, judge: Judge) -> Self {
        Self { phase: Phase::Resting, ..Self::new(pace, judge) }
    }

    /// The same kiosk with follow-ups; `start` is any number drawn by chance.
    #[must_use]
    pub fn following(self, plan: Plan, start: u32) -> Self {
        Self { chooser: Chooser::new(plan, start), ..self }
    }

    /// Sets which follow-ups are asked from the next rating on, and whether there is an invitation
    /// to show.
    pub fn plan(&mut self, plan: Plan, has_invitation: bool) {
        self.chooser.change(plan);
        self.has_invitation = has_invitation;
    }

    /// The language that the shopper chose, by its place in the survey; none for the shop's own.
    #[must_use]
    pub const fn language(&self) -> Option<u8> {
        self.language
    }

    /// Whether nobody is there, as far as the post can tell: the moment to change what is asked.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let is_unused = self.under_way.is_none() && self.language.is_none();
        let is_quiet = matches!(
            self.phase,
            Phase::Asking { .. } | Phase::Inviting | Phase::Closed | Phase::Resting
        );
        is_unused && is_quiet
    }

    /// When [`Cue::Ticked`] is due next, on the boot's axis; none while only a press can change
    /// anything.
    #[must_use]
    pub const fn due_at(&self) -> Option<u64> {
        match (&self.under_way, &self.phase) {
            (Some(_), Phase::Resting) => None,
            (Some((_, since)), _) => Some(*since + STALL_MS),
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
    pub fn step(&mut self, event: Cue, now: u64) -> Vec<Effect> {
        match event {
            Cue::Pressed(press) => self.pressed(press, now),
            Cue::Held(score) => self.held(score, now),
            Cue::Answered(page, reply) => self.answered(page, reply, now),
            Cue::Touched => self.touched(now),
            Cue::Chose(language) => self.chose(language, now),
            Cue::MoreTime => self.more_time(now),
            Cue::Closed => self.closed(now),
            Cue::Opened => self.opened(now),
            // A dark panel stays dark.
            Cue::Renewed if self.is_closed && matches!(self.phase, Phase::Closed) => Vec::new(),
            Cue::Renewed if self.is_idle() && !self.is_resting() => self.ask(now),
            Cue::Renewed => Vec::new(),
            Cue::Kept { n, what } => self.kept(n, what, now),
            Cue::NotKept => self.not_kept(now),
            Cue::Reconsidered => self.reconsidered(now),
            Cue::AskedForHelp => self.asked_for_help(now),
            Cue::Coming => self.told(Attending::Coming, now),
            Cue::Missed => self.told(Attending::Nobody, now),
            Cue::Left => self.left(now),
            Cue::Recovered if self.is_resting() => self.ask(now),
            Cue::Recovered => Vec::new(),
            Cue::NewRun => self.forget(now),
            Cue::Ticked => self.ticked(now),
        }
    }

    fn pressed(&mut self, press: Press, now: u64) -> Vec<Effect> {
        // Judged as it comes, so that a slow card changes no verdict.
        let judged = self.judge.judge(press.score, press.input, now);
        let waiting = Waiting::Press(press, now, judged);
        if self.under_way.is_none() {
            // A tick may be late; what it would have ended is over all the same.
            let mut effects = self.ticked(now);
            effects.extend(self.soon(waiting, now));
            effects
        } else if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(waiting);
            Vec::new()
        } else {
            vec![Effect::Ignore(press)]
        }
    }

    fn held(&mut self, score: Score, now: u64) -> Vec<Effect> {
        self.soon(Waiting::Held(score, now), now)
    }

    /// Begins something now, or once the card is free.
    fn soon(&mut self, waiting: Waiting, now: u64) -> Vec<Effect> {
        if self.under_way.is_none() {
            return self.begin(waiting, now);
        }
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(waiting);
        }
        Vec::new()
    }

    /// Judges a press by what is on the screen and hands it to the journal.
    fn begin(&mut self, waiting: Waiting, now: u64) -> Vec<Effect> {
        let (press, at_ms, judged) = match waiting {
            Waiting::Press(press, at_ms, judged) => (press, at_ms, judged),
            Waiting::Held(score, at_ms) => return self.take_back(score, at_ms, now),
            Waiting::Answer(answer, to, at_ms) => return self.keep_answer(answer, to, at_ms, now),
            Waiting::Call(at_ms) => return self.keep_call(at_ms, now),
        };
        self.make_way(now);
        let rule = self.judge.rule();
        let verdict = |misuse| Verdict { misuse, rule };
        let repeat = verdict(Some(Reason::Repeat));
        let (verdict, replaces) = match &self.phase {
            // A press that is misuse corrects nothing.
            _ if judged.is_some() => (verdict(judged), None),
            Phase::Resting if self.is_closed => (verdict(Some(Reason::Closed)), None),
            Phase::Asking { .. } | Phase::Inviting | Phase::Attending { .. } | Phase::Resting
                if now < self.quiet_until =>
            {
                (repeat, None)
            }
            Phase::Asking { .. } | Phase::Inviting | Phase::Attending { .. } | Phase::Resting => {
                (verdict(None), None)
            }
            Phase::Closed => (verdict(Some(Reason::Closed)), None),
            Phase::Correcting { of, .. } | Phase::Thanking { of, .. }
                if of.score == press.score =>
            {
                (repeat, None)
            }
            Phase::Correcting { of, .. } => (of.verdict, Some(of.n)),
            Phase::Thanking { of, since, .. }
                if now.saturating_sub(*since) < self.patience(self.pace.correction_ms) =>
            {
                (of.verdict, Some(of.n))
            }
            Phase::Thanking { .. } => (repeat, None),
            Phase::Following(Following { of, since, until, .. }) => {
                let since_ms = now.saturating_sub(*since);
                let quiet_ms = self.pace.thanks_ms + self.pace.interval_ms;
                let touched_at = until.saturating_sub(self.patience(self.pace.follow_up_ms));
                let is_there = now < touched_at + u64::from(self.pace.interval_ms);
                match of.score == press.score {
                    false if since_ms < self.patience(self.pace.correction_ms) => {
                        (of.verdict, Some(of.n))
                    }
                    _ if since_ms < u64::from(quiet_ms) || is_there => (repeat, None),
                    // The shopper who was asked has gone; the next shopper pressed.
                    _ => {
                        self.waiting.push_front(Waiting::Press(press, at_ms, judged));
                        return self.walk_away(now);
                    }
                }
            }
        };
        let Press { score, input } = press;
        let keep = Keep { score, input, at_ms, verdict, replaces };
        self.under_way = Some((UnderWay::Rating(keep), now));
        match self.phase {
            // The thank-you stays, so that nobody can read from the screen what was corrected; and
            // a press that does not count takes no follow-up away.
            Phase::Thanking { .. } => vec![Effect::Keep(keep)],
            Phase::Following(_) if replaces.is_none() => vec![Effect::Keep(keep)],
            _ => vec![Effect::Light(press.score), Effect::Keep(keep)],
        }
    }

    /// Takes back the last press of a button if it counted and no other press has corrected it
    /// since.
    fn take_back(&mut self, score: Score, at_ms: u64, now: u64) -> Vec<Effect> {
        let last = self.last_counted.get_mut(usize::from(score.value() - 1));
        let Some(n) = last.and_then(Option::take) else {
            return Vec::new();
        };
        let verdict = Verdict { misuse: Some(Reason::Held), rule: self.judge.rule() };
        let keep = Keep { score, input: Input::Button, at_ms, verdict, replaces: Some(n) };
        self.under_way = Some((UnderWay::Rating(keep), now));
        vec![Effect::Keep(keep)]
    }

    fn touched(&mut self, now: u64) -> Vec<Effect> {
        let more = self.patience(self.pace.follow_up_ms);
        let stay = self.patience(self.pace.language_ms);
        match &mut self.phase {
            Phase::Following(following) => {
                following.until = now + more;
                let was_counting = std::mem::take(&mut following.countdown) > 0;
                was_counting.then_some(Effect::StillThere(0)).into_iter().collect()
            }
            Phase::Inviting => self.ask(now),
            // A shopper who still reads must not lose the language.
            Phase::Asking { until: Some(until) } if self.language.is_some() => {
                *until = (*until).max(now + stay);
                Vec::new()
            }
            // A touch on a dark screen shows that the shop is closed.
            Phase::Closed => vec![Effect::Close],
            _ => Vec::new(),
        }
    }

    fn chose(&mut self, language: u8, now: u64) -> Vec<Effect> {
        if !matches!(self.phase, Phase::Asking { .. } | Phase::Inviting) {
            return Vec::new();
        }
        self.language = Some(language);
        let until = Some(now + self.patience(self.pace.language_ms));
        self.phase = Phase::Asking { until };
        vec![Effect::Ask]
    }

    fn more_time(&mut self, now: u64) -> Vec<Effect> {
        self.is_unhurried = !matches!(self.phase, Phase::Inviting | Phase::Resting | Phase::Closed);
        let longer = |usual: u32| now + u64::from(usual) * MORE_TIME;
        match &mut self.phase {
            Phase::Asking { until: Some(until) } => *until = longer(self.pace.language_ms),
            Phase::Asking { until } => *until = Some(longer(self.pace.language_ms)),
            Phase::Correcting { until, .. } => *until = longer(self.pace.correction_ms),
            Phase::Thanking { until, .. } => {
                *until = (*until).max(longer(self.pace.thanks_ms));
            }
            Phase::Following(_) => return self.touched(now),
            Phase::Inviting | Phase::Attending { .. } | Phase::Resting | Phase::Closed => {}
        }
        Vec::new()
    }

    /// How long something lasts for the shopper who is there.
    fn patience(&self, usual: u32) -> u64 {
        u64::from(usual) * if self.is_unhurried { MORE_TIME } else { 1 }
    }

    fn closed(&mut self, now: u64) -> Vec<Effect> {
        self.is_closed = true;
        match self.phase {
            Phase::Asking { .. } | Phase::Inviting if self.under_way.is_none() => self.ask(now),
            // A shopper in the middle of something may finish it.
            _ => Vec::new(),
        }
    }

    fn opened(&mut self, now: u64) -> Vec<Effect> {
        self.is_closed = false;
        if matches!(self.phase, Phase::Closed) { self.ask(now) } else { Vec::new() }
    }

    /// Something is on disk. It is ignored unless the visit waits for it, so that nobody is thanked
    /// for one thing because another was kept.
    fn kept(&mut self, n: u32, what: Kept, now: u64) -> Vec<Effect> {
        let is_awaited = |(under_way, _): &mut (UnderWay, u64)| under_way.is(what);
        let mut effects = match self.under_way.take_if(is_awaited) {
            None => return Vec::new(),
            Some((UnderWay::Rating(keep), _)) => self.kept_rating(&keep, n, now),
            Some((UnderWay::Answer(keep), _)) => self.kept_answer(&keep, now),
            Some((UnderWay::Call, _)) => self.kept_call(),
        };
        effects.extend(self.ticked(now));
        effects.extend(self.next(now));
        effects
    }

    fn kept_rating(&mut self, keep: &Keep, n: u32, now: u64) -> Vec<Effect> {
        self.note(keep, n);
        let is_first = !matches!(self.phase, Phase::Thanking { .. } | Phase::Following(_));
        let thanks = vec![Effect::Thank { n, score: keep.score }];
        match (keep.verdict.misuse, keep.replaces) {
            (Some(Reason::Held), _) => return Vec::new(),
            // It is kept, and the follow-up goes on.
            (Some(_), None) if matches!(self.phase, Phase::Following(_)) => return Vec::new(),
            // A shopper who saw the post out of service has left, or wants no follow-up.
            (None, None) if is_first && !matches!(self.phase, Phase::Resting) => {
                let pages = self.chooser.choose(keep.score);
                let of = Shown { n, score: keep.score, verdict: keep.verdict };
                if let Some(effects) = self.follow(of, now, pages, now) {
                    return effects;
                }
            }
            _ => {}
        }
        self.thank(keep, n, now);
        thanks
    }

    /// Notes which press is the button's last, in case it turns out to be held.
    fn note(&mut self, keep: &Keep, n: u32) {
        let misuse = keep.verdict.misuse;
        if let (None, Some(replaced)) = (misuse, keep.replaces) {
            for last in &mut self.last_counted {
                last.take_if(|last| *last == replaced);
            }
        }
        // A bounce belongs to the press before it.
        if keep.input != Input::Button || matches!(misuse, Some(Reason::Bounce | Reason::Held)) {
            return;
        }
        if let Some(last) = self.last_counted.get_mut(usize::from(keep.score.value() - 1)) {
            *last = misuse.is_none().then_some(n);
        }
    }

    fn thank(&mut self, keep: &Keep, n: u32, now: u64) {
        let of = match self.phase {
            // Hammering must not hold the thank-you in place.
            Phase::Thanking { .. } if keep.replaces.is_none() => return,
            // Pressing the same face again confirms the first press.
            Phase::Correcting { of, .. } if keep.replaces.is_none() => of,
            _ => Shown { n, score: keep.score, verdict: keep.verdict },
        };
        let until = now + self.thanks_ms(of);
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
        let _ = self.forget(now);
        self.rest();
        let mut effects = vec![Effect::Rest];
        effects.extend(self.next(now));
        effects
    }

    /// Forgets the numbers of the last run, so that none is corrected, answered or taken back.
    fn forget(&mut self, now: u64) -> Vec<Effect> {
        self.last_counted = [None; 5];
        match self.phase {
            Phase::Thanking { .. } | Phase::Correcting { .. } => {
                self.phase = Phase::Asking { until: None };
                Vec::new()
            }
            // An answer to this follow-up would belong to no rating.
            Phase::Following(_) => self.ask(now),
            _ => Vec::new(),
        }
    }

    fn reconsidered(&mut self, now: u64) -> Vec<Effect> {
        match self.phase {
            Phase::Thanking { of, until, .. }
                if self.under_way.is_none() && self.pace.correction_ms > 0 && now < until =>
            {
                let until = now + self.patience(self.pace.correction_ms);
                self.phase = Phase::Correcting { of, until };
                vec![Effect::Ask]
            }
            _ => Vec::new(),
        }
    }

    fn ticked(&mut self, now: u64) -> Vec<Effect> {
        if let Some((_, since)) = &self.under_way {
            let is_stalled = now >= since + STALL_MS && !matches!(self.phase, Phase::Resting);
            if !is_stalled {
                return Vec::new();
            }
            // The card hangs. Even if it recovers, nobody should wait before a lit face.
            self.rest();
            return vec![Effect::Rest];
        }
        match &mut self.phase {
            Phase::Correcting { of, until } | Phase::Thanking { of, until, .. }
                if now >= *until =>
            {
                let (of, until) = (*of, *until);
                // An unused offer stays so long that the next press is another shopper's.
                if of.verdict.misuse.is_none() && !self.is_help_offered() {
                    self.quiet_until = until + u64::from(self.pace.interval_ms);
                }
                self.ask(now)
            }
            Phase::Following(following) if now >= following.until => self.walk_away(now),
            Phase::Following(following) => {
                let seconds = following.seconds_left(now);
                if seconds == following.countdown {
                    return Vec::new();
                }
                following.countdown = seconds;
                vec![Effect::StillThere(seconds)]
            }
            Phase::Attending { until: Some(until) } if now >= *until => self.ask(now),
            Phase::Asking { until: Some(until) } if now >= *until => {
                if self.language.is_some() || self.is_unhurried {
                    return self.ask(now);
                }
                self.phase = Phase::Inviting;
                vec![Effect::Invite]
            }
            _ => Vec::new(),
        }
    }

    /// Goes out of service: takes no ratings for now.
    fn rest(&mut self) {
        self.phase = Phase::Resting;
        self.language = None;
        self.is_unhurried = false;
    }

    /// Begins anew for the next shopper.
    fn ask(&mut self, now: u64) -> Vec<Effect> {
        self.language = None;
        self.is_unhurried = false;
        if self.is_closed {
            self.phase = Phase::Closed;
            return vec![Effect::Close];
        }
        let invite_ms = Some(u64::from(self.pace.invite_ms));
        let invite_ms = invite_ms.filter(|&after| after > 0 && self.has_invitation);
        self.phase = Phase::Asking { until: invite_ms.map(|after| now + after) };
        vec![Effect::Ask]
    }
}

#[cfg(test)]
mod tests;
