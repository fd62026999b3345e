//! The one loop that runs the kiosk: takes in events, asks the [`Visit`], and does what it says.
//!
//! It owns the visit and nothing else, and never waits for anything but its next event: the
//! journal commits on a thread of its own, the screen draws on another, the uplink sends on a
//! third. An error that it cannot cure becomes a page on the screen, never an end.

mod alerts;
mod desk;
mod phone_page;
mod stick;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use self::desk::Sitting;
use crate::clock;
use crate::feedback::alert::Watch;
use crate::feedback::answer::{Answered, FollowUp, Reply};
use crate::feedback::call::{Called, Calls};
use crate::feedback::event;
use crate::feedback::moment::Anchor;
use crate::feedback::rating::{Input, Rated, RatingId, RunId, Score};
use crate::feedback::survey::Survey;
use crate::feedback::visit::{self, Attending, Effect, Plan, Press, Visit};
use crate::kiosk::buttons::{self, Lamps, Signal};
use crate::kiosk::desk::Desk;
use crate::kiosk::desk::phone::{Phone, talk};
use crate::kiosk::desk::sheets::sheet::{Office, Sheet, Stick, Tap};
use crate::kiosk::display::{Display, DisplayTexts};
use crate::kiosk::journal::{JournalThread, Outcome};
use crate::kiosk::sound::Sound;
use crate::kiosk::thanks_log::ThanksLog;
use crate::wire::desk::Carried;

/// How often a closed journal is tried again, in milliseconds.
const PROBE_INTERVAL_MS: u64 = 5_000;

/// How often the board's time service is asked at most, in milliseconds.
const TIME_INTERVAL_MS: u64 = 60_000;

/// How often the schedule is looked at, in milliseconds: whenever the minute changes.
const MINUTE_MS: u64 = 60_000;

/// Everything that happens to a kiosk.
#[derive(Debug)]
pub enum Event {
    /// A face was pressed by a program.
    Pressed(Press),
    /// The face in this place was pressed on the screen or the keyboard, 1 being the worst.
    Face(u8, Input),
    /// A follow-up was answered or skipped.
    Answered(FollowUp, Reply),
    /// The screen was touched without anything being answered.
    Touched,
    /// The shopper chose this one of the languages that are offered.
    Chose(u8),
    /// The shopper asked for more time.
    MoreTime,
    /// The shopper wants to hear the question.
    Speak,
    /// Head office has another survey.
    Surveyed(Box<Survey>),
    /// The shopper tapped "Pressed the wrong one?".
    Reconsidered,
    /// The buttons have something to tell.
    Buttons(buttons::Notice),
    /// Somebody does something at the desk.
    Desk(Tap),
    /// The clerk has written a sheet, for the sitting with this number.
    Sheet(u64, Box<Sheet>),
    /// Whether the post usually has presses at this time.
    Usual(bool),
    /// The page for phones has something to ask.
    Phone(talk::Request),
    /// The uplink has something to tell of head office.
    Office(Office),
    /// The shopper asks for somebody to come.
    AskedForHelp,
    /// The shopper does not wait for somebody any longer.
    Left,
    /// A stick was written, or could not be; what, or why not.
    Carried(Result<Carried, String>),
    /// What the shop manager has written for shoppers, if anything, has been looked up.
    Noticed(Option<String>),
    /// The journal has done, or not done, what it was asked.
    Journal(Outcome),
    /// Somebody wants the kiosk to end: a signal, or the window was closed.
    Stopped,
}

/// What the screen shows.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// The question.
    Ask(Arc<DisplayTexts>),
    /// The invitation.
    Invite(Arc<DisplayTexts>),
    /// A follow-up, with the reasons of happy shoppers or of the others.
    Follow {
        /// What is asked.
        page: FollowUp,
        /// Whether the face was one of the happy ones.
        is_happy: bool,
        /// The words that go with it.
        words: Arc<DisplayTexts>,
    },
    /// "Still there?", with so many seconds left; 0 takes it back.
    StillThere(u8),
    /// The shop is closed.
    Close,
    /// Nothing, on a panel that is off.
    Dark,
    /// The question, with this face pressed.
    Pressed(Score),
    /// The thank-you, and whether it offers that somebody come.
    Thanks(bool),
    /// What became of the wish that somebody come.
    Attend(Attending),
    /// The post is not recording.
    Rest,
    /// The shop manager's desk.
    Desk(Box<Sheet>),
    /// The mark that tells the shop manager of an alert, on whatever else is shown.
    Alert(bool),
}

/// The loop and what it acts on.
pub(super) struct Attendant {
    pub(super) visit: Visit,
    pub(super) asked: Display,
    /// Whether there is a screen to ask follow-ups on.
    pub(super) is_followed: bool,
    /// A survey that is asked from the next shopper on.
    pub(super) next_survey: Option<Box<Survey>>,
    pub(super) lamps: Lamps,
    pub(super) sound: Sound,
    /// What is known of this boot's time.
    pub(super) time: Option<Anchor>,
    /// How long the closed page is shown before the panel goes dark, in milliseconds.
    pub(super) panel_off_ms: u64,
    /// When the panel goes dark, in milliseconds since boot.
    pub(super) dark_at: Option<u64>,
    pub(super) keeper: JournalThread,
    pub(super) desk: Desk,
    /// The page for phones, if there is one.
    pub(super) phone: Option<Phone>,
    /// How long the desk stays open while nobody touches it, in milliseconds.
    pub(super) desk_stay_ms: u64,
    /// What became of the last stick, while it is there.
    pub(super) stick: Stick,
    /// Looks whether many shoppers are unhappy, or none come.
    pub(super) watch: Watch,
    /// The shopper who has asked for somebody.
    pub(super) calls: Calls,
    /// Whether shoppers are expected, as they are while the shop is open.
    pub(super) is_expecting: bool,
    /// Whether an alert is told.
    pub(super) is_alert_told: bool,
    /// Somebody at the desk.
    pub(super) sitting: Option<Sitting>,
    /// How often anybody was.
    pub(super) sittings: u64,
    /// What a shopper sees, or would see if the desk were not open.
    pub(super) shown: Option<View>,
    /// What is known of head office; nothing of a kiosk that is not enrolled.
    pub(super) office: Option<Office>,
    /// The way back to this loop, for whoever is asked for something.
    pub(super) events: SyncSender<Event>,
    pub(super) witness: Option<ThanksLog>,
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
        self.begin();
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
            let left_at = self.sitting.as_ref().map(|sitting| sitting.until);
            let others =
                [probe_at, self.dark_at, left_at, self.watch.due_at(), self.minute_at(now)];
            let others = others.into_iter().chain([self.calls.due_at()]);
            let others = others.flatten();
            let due_at = self.visit.due_at().into_iter().chain(others).min();
            let event = match due_at {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => events.recv_timeout(Duration::from_millis(at.saturating_sub(now))),
            };
            match event {
                Ok(Event::Stopped) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => self.step(visit::Event::Ticked),
            }
            self.look_at_the_clock();
        }
    }

    /// Shows what there is to show at start.
    fn begin(&mut self) {
        self.follow_the_question();
        self.expect_shoppers(self.asked.is_open());
        // The words have to be there before a post that rests can say so in them.
        self.act(Effect::Ask);
        self.look_up_notice();
        if self.visit.is_resting() {
            self.act(Effect::Rest);
        }
    }

    pub(super) fn follow_the_question(&mut self) {
        let plan = self.asked.question().plan();
        let plan = if self.is_followed { plan } else { Plan::default() };
        self.visit.plan(plan, self.asked.words(None).notice.is_some());
    }

    /// When the minute changes, if anything depends on it.
    fn minute_at(&self, now: u64) -> Option<u64> {
        let into = u64::try_from(self.believed_ms()?).unwrap_or(0) % MINUTE_MS;
        self.asked.is_timed().then_some(now + MINUTE_MS - into)
    }

    /// Follows the shop's hours and the schedule, and takes up another survey, once nobody is in
    /// the middle of answering.
    fn look_at_the_clock(&mut self) {
        let now = clock::boot_ms();
        if self.sitting.as_ref().is_some_and(|sitting| sitting.until <= now) {
            self.leave_desk();
        }
        self.watch.look(now);
        self.look_at_the_call(now);
        self.look_at_the_quiet(now);
        self.tell_of_the_alert();
        if self.dark_at.is_some_and(|at| at <= now) {
            self.dark_at = None;
            (self.show)(View::Dark);
        }
        if !self.visit.is_idle() {
            return;
        }
        let now_ms = self.believed_ms();
        if let Some(survey) = self.next_survey.take() {
            tracing::info!(version = survey.parts().version, "another survey is asked from now on");
            let for_desk = survey.as_ref().clone();
            if let Err(error) = self.desk.tell(|clerk| clerk.adopt_survey(for_desk)) {
                tracing::warn!(%error, "the desk keeps the words of the last survey");
            }
            self.asked.adopt(*survey, now_ms);
        } else if !self.asked.is_timed() || !self.asked.look(now_ms) {
            return;
        }
        self.follow_the_question();
        let is_open = self.asked.is_open();
        self.expect_shoppers(is_open);
        self.step(if is_open { visit::Event::Opened } else { visit::Event::Closed });
        self.step(visit::Event::Renewed);
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Pressed(press) => self.press(press.score.value(), press.input),
            Event::Face(value, input) => self.press(value, input),
            Event::Answered(page, reply) => {
                self.step(visit::Event::Answered(page, reply));
            }
            Event::Touched if self.sitting.is_some() => self.tap(Tap::Touched),
            Event::Touched => self.step(visit::Event::Touched),
            Event::Chose(language) => self.step(visit::Event::Chose(language)),
            Event::MoreTime => self.step(visit::Event::MoreTime),
            Event::Speak => {
                self.sound.speak(&self.asked.wording(self.visit.language()).language);
                self.step(visit::Event::Touched);
            }
            Event::Surveyed(survey) => self.next_survey = Some(survey),
            Event::Desk(tap) => self.tap(tap),
            Event::Sheet(number, sheet) => self.lay(number, *sheet),
            Event::Phone(request) => self.answer_phone(request),
            Event::Usual(is_usual) => self.watch.found(is_usual),
            Event::Office(office) => self.office = Some(office),
            Event::AskedForHelp => self.step(visit::Event::AskedForHelp),
            Event::Left => self.step(visit::Event::Left),
            Event::Carried(what) => self.has_carried(what),
            Event::Noticed(did) => self.notice_to_shoppers(did),
            Event::Reconsidered => self.step(visit::Event::Reconsidered),
            Event::Buttons(notice) => self.notice(notice),
            Event::Journal(Outcome::Kept(entry)) => {
                let RatingId { run, n } = entry.id;
                if self.run.replace(run).is_some_and(|last| last != run) {
                    self.watch.begin_run();
                    self.step(visit::Event::NewRun);
                }
                self.has_complained = false;
                match &entry.event {
                    event::Event::Noted(noted) => self.has_noted(noted),
                    event::Event::Called(called) => self.has_called(*called, n),
                    event::Event::Rated(rated) => {
                        self.look_at_rating(n, rated, entry.reading.boot_ms);
                        self.step(visit::Event::Kept { n });
                    }
                    _ => self.step(visit::Event::Kept { n }),
                }
                (self.nudge)();
                self.ask_the_time();
            }
            Event::Journal(Outcome::NotKept(error)) => {
                // A full card in a busy shop is one line in the log, and not one for each shopper.
                if !std::mem::replace(&mut self.has_complained, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a rating could not be kept; the post is not recording");
                }
                self.step(visit::Event::NotKept);
            }
            Event::Journal(Outcome::Recovered) => {
                self.is_probing = false;
                self.has_complained = false;
                self.step(visit::Event::Recovered);
            }
            // Of two words in one boot the later one is as good, or better.
            Event::Journal(Outcome::Dated(anchor)) => self.time = Some(anchor),
            Event::Journal(Outcome::StillClosed(error)) => {
                self.is_probing = false;
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "the journal still takes no ratings");
            }
            // The loop has ended already when this comes.
            Event::Stopped => {}
        }
    }

    /// A face was pressed. A key 5, or a fifth button, means nothing where there are three faces.
    fn press(&mut self, value: u8, input: Input) {
        match self.asked.scale().score(value) {
            Ok(score) => self.step(visit::Event::Pressed(Press { score, input })),
            Err(error) => tracing::warn!(%error, "a press is ignored"),
        }
    }

    /// Notes what the board's time service knows, now and then, since it may have learnt the time
    /// only after the kiosk started. Only presses lead here, so an idle kiosk writes nothing.
    fn ask_the_time(&mut self) {
        let now = clock::boot_ms();
        if self.time_asked_at.is_none_or(|at| now - at >= TIME_INTERVAL_MS) {
            self.time_asked_at = Some(now);
            if let Some(anchor) = clock::anchor(clock::built_ms()) {
                self.is_over |= self.keeper.add_anchor(anchor).is_err();
            }
        }
    }

    fn notice(&mut self, notice: buttons::Notice) {
        match notice {
            buttons::Notice::Pressed(score) => {
                if !self.try_button(score.value()) {
                    self.press(score.value(), Input::Button);
                }
            }
            buttons::Notice::Held { line, score } => {
                tracing::warn!(line, "a button is held: its press is taken back");
                self.step(visit::Event::Held(score));
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

    fn step(&mut self, event: visit::Event) {
        for effect in self.visit.step(event, clock::boot_ms()) {
            self.act(effect);
        }
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Light(score) => {
                self.lamps.show(Signal::Pressed(score.value()));
                self.sound.tone();
                self.view(View::Pressed(score));
            }
            Effect::Keep(keep) => {
                let visit::Keep { score, input, at_ms, verdict, replaces } = keep;
                let question = self.asked.wording(self.visit.language());
                let rated = Rated { score, input, question, verdict, replaces };
                self.keep(event::Event::Rated(rated), at_ms);
            }
            Effect::KeepAnswer(keep) => {
                let question = self.asked.wording(self.visit.language());
                let answered = Answered { to: Some(keep.to), answer: keep.answer, question };
                self.keep(event::Event::Answered(answered), keep.at_ms);
            }
            Effect::KeepCall { at_ms } => self.keep(event::Event::Called(Called::Asked), at_ms),
            Effect::Attend(what) => self.view(View::Attend(what)),
            Effect::Thank { n, score } => {
                if let (Some(witness), Some(run)) = (&mut self.witness, self.run) {
                    witness.thanked(RatingId { run, n }, score);
                }
                self.view(View::Thanks(self.visit.is_help_offered()));
            }
            Effect::Ask => {
                self.lamps.show(Signal::Ready);
                let words = self.asked.words(self.visit.language());
                self.view(View::Ask(words));
            }
            Effect::Invite => {
                let words = self.asked.words(None);
                self.view(View::Invite(words));
            }
            Effect::Follow { page, is_happy } => {
                let words = self.asked.words(self.visit.language());
                self.view(View::Follow { page, is_happy, words });
            }
            Effect::StillThere(seconds) => self.view(View::StillThere(seconds)),
            Effect::Close => {
                self.lamps.show(Signal::Off);
                self.view(View::Close);
            }
            Effect::Rest => {
                self.lamps.show(Signal::Off);
                self.view(View::Rest);
            }
            Effect::Ignore(press) => {
                let score = press.score.value();
                tracing::warn!(score, "a press is ignored: too many wait for the card");
            }
        }
    }

    /// Shows a shopper something; where the desk is open, only what a shopper waits for.
    fn view(&mut self, view: View) {
        let is_for_somebody = !matches!(
            view,
            View::Ask(_)
                | View::Invite(_)
                | View::Close
                | View::Rest
                | View::StillThere(_)
                | View::Attend(Attending::Coming | Attending::Nobody)
        );
        if is_for_somebody {
            self.sitting = None;
        }
        if self.sitting.is_none() {
            let is_closed = view == View::Close;
            self.dark_at = is_closed.then(|| clock::boot_ms() + self.panel_off_ms);
            (self.show)(view.clone());
        }
        if !matches!(view, View::StillThere(_)) {
            self.shown = Some(view);
        }
    }

    /// UTC in milliseconds since 1970, if anybody in this boot has said what time it is: a board's
    /// own clock is plausible and wrong after a power cut, and must close no shop.
    fn believed_ms(&self) -> Option<i64> {
        let Anchor { boot_ms, utc_ms, .. } = self.time?;
        let since = i64::try_from(clock::boot_ms()).ok()? - i64::try_from(boot_ms).ok()?;
        Some(utc_ms + since).filter(|&now_ms| clock::is_possible(now_ms))
    }

    fn keep(&mut self, event: event::Event, at_ms: u64) {
        if let Err(gone) = self.keeper.keep(event, clock::reading_at(at_ms), self.run) {
            // Only a new process can help; systemd starts one.
            tracing::error!(%gone, "a rating could not be kept; the kiosk ends");
            self.is_over = true;
        }
    }
}
