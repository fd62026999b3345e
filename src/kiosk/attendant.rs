//! The one loop that runs the kiosk: takes in events, asks the [`Visit`], and does what it says.
//!
//! It owns the visit and nothing else, and never waits for anything but its next event: the
//! journal commits on a thread of its own, the screen draws on another, the uplink sends on a
//! third. An error that it cannot cure becomes a page on the screen, never an end.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::clock;
use crate::feedback::event;
use crate::feedback::rating::{Input, Question, Rated, RatingId, RunId, Score};
use crate::feedback::visit::{self, Effect, Press, Visit};
use crate::kiosk::buttons;
use crate::kiosk::journal::{Answer, Entry, Keeper};
use crate::kiosk::witness::Witness;

/// How often a closed journal is tried again, in milliseconds.
const PROBE_INTERVAL_MS: u64 = 5_000;

/// How often the board's time service is asked at most, in milliseconds.
const TIME_INTERVAL_MS: u64 = 60_000;

/// Everything that happens to a kiosk.
#[derive(Debug)]
pub enum Event {
    /// A face was pressed on the screen or the keyboard.
    Pressed(Press),
    /// The shopper tapped "Pressed the wrong one?".
    Reconsidered,
    /// The buttons have something to tell.
    Buttons(buttons::Notice),
    /// The journal has done, or not done, what it was asked.
    Journal(Answer),
    /// Somebody wants the kiosk to end: a signal, or the window was closed.
    Stopped,
}

/// What the screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The question.
    Ask,
    /// The question, with this face pressed.
    Pressed(Score),
    /// The thank-you.
    Thanks,
    /// The post is not recording.
    Rest,
}

/// The loop and what it acts on.
pub(super) struct Attendant {
    pub(super) visit: Visit,
    pub(super) question: Question,
    pub(super) keeper: Keeper,
    pub(super) witness: Option<Witness>,
    /// Shows a view on the screen, if there is one.
    pub(super) show: Box<dyn Fn(View) + Send>,
    /// Tells the uplink that there is something to send.
    pub(super) nudge: Box<dyn Fn() + Send>,
    /// Whether the journal's thread has gone, without which there is nothing left to do.
    pub(super) is_over: bool,
    /// When the board's time service was last asked, in milliseconds since boot.
    pub(super) time_asked_at: Option<u64>,
    /// The run of the last rating that was kept.
    pub(super) run: Option<RunId>,
    /// Whether the journal was asked if it takes ratings again, and has not answered yet.
    pub(super) is_probing: bool,
    /// Whether it was said already that nothing is recorded.
    pub(super) has_complained: bool,
}

impl Attendant {
    /// Runs until somebody wants the kiosk to end, or its journal's thread is gone.
    pub(super) fn run(mut self, events: &Receiver<Event>) {
        let mut probe_at = None;
        while !self.is_over {
            let now = clock::boot_ms();
            if !self.visit.is_resting() {
                probe_at = None;
            } else if !self.is_probing && probe_at.is_none_or(|at| at <= now) {
                probe_at = Some(now + PROBE_INTERVAL_MS);
                self.is_probing = true;
                self.is_over |= self.keeper.probe().is_err();
            }
            // One probe at a time: a card that hangs must not fill the way to the journal.
            let probe_at = probe_at.filter(|_| !self.is_probing);
            let due_at = self.visit.due_at().into_iter().chain(probe_at).min();
            let event = match due_at {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => events.recv_timeout(Duration::from_millis(at.saturating_sub(now))),
            };
            match event {
                Ok(Event::Stopped) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => self.step(visit::Event::Ticked, None),
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Pressed(press) => self.step(visit::Event::Pressed(press), None),
            Event::Reconsidered => self.step(visit::Event::Reconsidered, None),
            Event::Buttons(notice) => self.notice(notice),
            Event::Journal(Answer::Kept(entry)) => {
                let RatingId { run, n } = entry.id;
                if self.run.replace(run).is_some_and(|last| last != run) {
                    self.step(visit::Event::NewRun, None);
                }
                self.has_complained = false;
                self.step(visit::Event::Kept { n }, Some(&entry));
                (self.nudge)();
                self.ask_the_time();
            }
            Event::Journal(Answer::NotKept(error)) => {
                // A full card in a busy shop is one line in the log, and not one for each shopper.
                if !std::mem::replace(&mut self.has_complained, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a rating could not be kept; the post is not recording");
                }
                self.step(visit::Event::NotKept, None);
            }
            Event::Journal(Answer::Recovered) => {
                self.is_probing = false;
                self.has_complained = false;
                self.step(visit::Event::Recovered, None);
            }
            Event::Journal(Answer::StillClosed(error)) => {
                self.is_probing = false;
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "the journal still takes no ratings");
            }
            // The loop has ended already when this comes.
            Event::Stopped => {}
        }
    }

    /// Notes what the board's time service knows, now and then, since it may have learnt the time
    /// only after the kiosk started. Only presses lead here, so an idle kiosk writes nothing.
    fn ask_the_time(&mut self) {
        let now = clock::boot_ms();
        if self.time_asked_at.is_none_or(|at| now - at >= TIME_INTERVAL_MS) {
            self.time_asked_at = Some(now);
            if let Some(anchor) = clock::anchor(clock::built_ms()) {
                self.is_over |= self.keeper.tie(anchor).is_err();
            }
        }
    }

    fn notice(&mut self, notice: buttons::Notice) {
        match notice {
            buttons::Notice::Pressed(score) => {
                self.step(visit::Event::Pressed(Press { score, input: Input::Button }), None);
            }
            buttons::Notice::Held { line, score } => {
                tracing::warn!(line, "a button is held: its press is taken back");
                self.step(visit::Event::Held(score), None);
            }
            buttons::Notice::Stuck { line } => {
                tracing::warn!(line, "a button is stuck: it is ignored until it is released");
            }
            buttons::Notice::Released { line } => {
                tracing::info!(line, "a stuck button was released and works again");
            }
            buttons::Notice::Broken => {
                tracing::error!("the kiosk ends, so that the buttons are opened anew");
                self.is_over = true;
            }
            buttons::Notice::Missed { edges } => {
                tracing::warn!(edges, "edges of the buttons were lost");
            }
        }
    }

    fn step(&mut self, event: visit::Event, kept: Option<&Entry>) {
        for effect in self.visit.step(event, clock::boot_ms()) {
            match effect {
                Effect::Light(score) => (self.show)(View::Pressed(score)),
                Effect::Keep(keep) => {
                    let visit::Keep { score, input, at_ms, verdict, replaces } = keep;
                    let question = self.question.clone();
                    let rated = Rated { score, input, question, verdict, replaces };
                    if let Err(gone) = self.keeper.keep(rated, clock::reading_at(at_ms), self.run) {
                        // Only a new process can help; systemd starts one.
                        tracing::error!(%gone, "a rating could not be kept; the kiosk ends");
                        self.is_over = true;
                    }
                }
                Effect::Thank { .. } => {
                    if let (Some(witness), Some(entry)) = (&mut self.witness, kept)
                        && let event::Event::Rated(rated) = &entry.event
                    {
                        witness.thanked(entry.id, rated.score);
                    }
                    (self.show)(View::Thanks);
                }
                Effect::Ask => (self.show)(View::Ask),
                Effect::Rest => (self.show)(View::Rest),
                Effect::Ignore(press) => {
                    let score = press.score.value();
                    tracing::warn!(score, "a press is ignored: too many wait for the card");
                }
            }
        }
    }
}
