//! The one loop that runs the kiosk: takes messages in, asks the [`Visit`], and does what it says.
//!
//! It owns the visit, the shop manager's session at the desk and the alerts, and waits only for its
//! next message: the journal commits on a thread of its own, the screen draws on another, the
//! uplink sends on a third. An error that it cannot cure becomes a page on the screen and does not
//! end the kiosk. Only the visit thanks a shopper, and it is told of each kind of event by name, so
//! that a new kind cannot thank anybody by accident.

mod alerts;
mod desk;
mod message;
mod phone_page;
mod session;
mod stick;

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

pub use self::message::{Message, Summons, View};
use self::session::Session;
use crate::clock;
use crate::feedback::alert::Watch;
use crate::feedback::answer::Answered;
use crate::feedback::call::{Called, Calls};
use crate::feedback::event;
use crate::feedback::moment::{Anchor, Reading};
use crate::feedback::pace::Pace;
use crate::feedback::rating::{Input, Rated, RatingId, RunId};
use crate::feedback::survey::Survey;
use crate::feedback::visit::{self, Attending, Cue, Effect, Kept, Plan, Press, Visit};
use crate::finding::Finding;
use crate::kiosk::buttons::{self, Lamps, Signal};
use crate::kiosk::desk::ClerkThread;
use crate::kiosk::desk::phone::Phone;
use crate::kiosk::desk::sheets::sheet::{Address, Office, Stick, Tap};
use crate::kiosk::display::Display;
use crate::kiosk::journal::{JournalThread, Outcome};
use crate::kiosk::sound::Sound;
use crate::kiosk::thanks_log::ThanksLog;
use crate::wire::local::Screen;

/// How often a closed journal is tried again, in milliseconds.
const PROBE_INTERVAL_MS: u64 = 5_000;

/// How often the board's time service is asked at most, in milliseconds.
const TIME_INTERVAL_MS: u64 = 60_000;

/// How often staff are told of one kind of thing at most, in milliseconds: a child at the button
/// must not ring a pager fifty times.
const SUMMONS_INTERVAL_MS: u64 = 60_000;

/// How often the schedule is looked at, in milliseconds: whenever the minute changes.
const MINUTE_MS: u64 = 60_000;

/// What `kiosk.rs` hands to the attendant.
pub(super) struct Parts {
    pub(super) visit: Visit,
    pub(super) display: Display,
    /// Whether there is a screen to ask follow-ups on.
    pub(super) is_followed: bool,
    /// Whether the question is shown on a screen.
    pub(super) screen: Screen,
    /// Whether the journal takes ratings from the start.
    pub(super) is_recording: bool,
    pub(super) journal: JournalThread,
    pub(super) thanks_log: Option<ThanksLog>,
    pub(super) clocks: Clocks,
    /// How long the closed page is shown before the panel goes dark, in milliseconds.
    pub(super) panel_off_ms: u64,
    pub(super) out: Outputs,
    pub(super) clerk: ClerkThread,
    /// The page for phones, if there is one.
    pub(super) phone: Option<Phone>,
    /// How long the desk stays open while nobody touches it, in milliseconds.
    pub(super) desk_stay_ms: u64,
    /// What is known of head office; nothing if the kiosk is not enrolled.
    pub(super) office: Option<Office>,
    pub(super) watch: Watch,
    pub(super) calls: Calls,
    /// The way back to this loop, for others to send their results.
    pub(super) messages: SyncSender<Message>,
}

/// How the attendant reads the time.
#[derive(Clone, Copy)]
pub(super) struct Clocks {
    /// Both clocks at one instant.
    pub(super) read: fn() -> Reading,
    /// An anchor from the board's time service, if its clock stands after this time in milliseconds
    /// since 1970 UTC.
    pub(super) anchor: fn(i64) -> Option<Anchor>,
}

/// What the attendant controls for shoppers, and how it tells the uplink to send.
pub(super) struct Outputs {
    pub(super) lamps: Lamps,
    pub(super) sound: Sound,
    /// Shows a view on the screen, if there is one.
    pub(super) show: Box<dyn Fn(View) + Send>,
    /// Tells the uplink that there is something to send.
    pub(super) nudge: Box<dyn Fn() + Send>,
    /// Tells staff that somebody is needed, and how often that happened since they were last told;
    /// must not wait.
    pub(super) summon: Box<dyn Fn(Summons, u32) + Send>,
    /// Has the kiosk examined soon; must not wait.
    pub(super) examine: Box<dyn Fn() + Send>,
}

/// The handle of the journal's thread, and whether ratings are being kept.
struct Recording {
    journal: JournalThread,
    thanks_log: Option<ThanksLog>,
    /// The run of the last event that was kept.
    run: Option<RunId>,
    /// Whether the journal was asked if it takes ratings again, and has not answered yet.
    is_probing: bool,
    /// Whether the log says already that nothing is recorded.
    has_complained: bool,
}

/// What is known of this boot's time.
struct Time {
    clocks: Clocks,
    anchor: Option<Anchor>,
    /// When the board's time service was last asked, in milliseconds since boot.
    asked_at: Option<u64>,
}

/// The panel, and what a shopper sees on it.
struct Panel {
    off_ms: u64,
    /// When the panel goes dark, in milliseconds since boot.
    dark_at: Option<u64>,
    /// What a shopper sees, or would see if the desk were not open.
    shown: Option<View>,
}

/// The state of the shop manager's desk.
struct DeskSide {
    clerk: ClerkThread,
    phone: Option<Phone>,
    stay_ms: u64,
    /// The result of the last stick, while it is there.
    stick: Stick,
    /// Somebody at the desk.
    session: Option<Session>,
    /// How many sessions there were.
    sessions: u64,
    office: Option<Office>,
    /// What the kiosk goes on without, and why.
    away: BTreeMap<String, String>,
    /// Whether the question is shown on a screen.
    screen: Screen,
    /// What was found when the kiosk was last examined, the worst first.
    findings: Vec<Finding>,
}

/// The alerts that the shop manager gets without asking.
struct Alarm {
    /// Watches whether many shoppers are unhappy, or none come.
    watch: Watch,
    /// The shopper who has asked for somebody.
    calls: Calls,
    /// Whether shoppers are expected: the shop is open.
    is_expecting: bool,
    /// Whether the alert is shown.
    is_told: bool,
    /// Whether staff were told that shoppers are unhappy, and that nobody presses.
    told_of: (bool, bool),
    /// How often staff are told of each kind of thing.
    paces: [Pace<Summons>; Summons::KINDS],
}

/// The loop: the visit, and the state of what it acts on.
pub(super) struct Attendant {
    visit: Visit,
    display: Display,
    is_followed: bool,
    /// A survey that is asked from the next shopper on.
    next_survey: Option<Box<Survey>>,
    recording: Recording,
    time: Time,
    panel: Panel,
    out: Outputs,
    desk: DeskSide,
    alarm: Alarm,
    messages: SyncSender<Message>,
    /// Whether the journal's thread has ended, without which the kiosk can do nothing.
    is_over: bool,
}

impl Attendant {
    /// An attendant with these parts, which has not begun yet.
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            visit: parts.visit,
            display: parts.display,
            is_followed: parts.is_followed,
            next_survey: None,
            recording: Recording {
                journal: parts.journal,
                thanks_log: parts.thanks_log,
                run: None,
                is_probing: false,
                has_complained: !parts.is_recording,
            },
            time: Time { clocks: parts.clocks, anchor: None, asked_at: None },
            panel: Panel { off_ms: parts.panel_off_ms, dark_at: None, shown: None },
            out: parts.out,
            desk: DeskSide {
                clerk: parts.clerk,
                phone: parts.phone,
                stay_ms: parts.desk_stay_ms,
                stick: Stick::default(),
                session: None,
                sessions: 0,
                office: parts.office,
                away: BTreeMap::new(),
                screen: parts.screen,
                findings: Vec::new(),
            },
            alarm: Alarm {
                watch: parts.watch,
                calls: parts.calls,
                is_expecting: false,
                is_told: false,
                told_of: (false, false),
                paces: std::array::from_fn(|_| Pace::new(SUMMONS_INTERVAL_MS)),
            },
            messages: parts.messages,
            is_over: false,
        }
    }

    /// Where the page for phones is, if there is one.
    pub(super) fn phone_address(&self) -> Option<Address> {
        self.desk.phone.as_ref().map(Phone::address)
    }

    /// Milliseconds since the board booted.
    fn now(&self) -> u64 {
        (self.time.clocks.read)().boot_ms
    }

    /// Runs until somebody wants the kiosk to end, or its journal's thread is gone.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        let mut probe_at = None;
        self.begin();
        while !self.is_over {
            let now = self.now();
            if !self.visit.is_resting() {
                probe_at = None;
            } else if !self.recording.is_probing && probe_at.is_none_or(|at| at <= now) {
                probe_at = Some(now + PROBE_INTERVAL_MS);
                self.recording.is_probing = true;
                self.is_over |= self.recording.journal.probe().is_err();
            }
            // One probe at a time: a card that hangs must not fill the way to the journal.
            let probe_at = probe_at.filter(|_| !self.recording.is_probing);
            let left_at = self.desk.session.as_ref().map(|session| session.until);
            let others = [
                probe_at,
                self.panel.dark_at,
                left_at,
                self.alarm.watch.due_at(),
                self.minute_at(now),
            ];
            let others = others.into_iter().chain([self.alarm.calls.due_at()]);
            let others = others.chain(self.alarm.paces.iter().map(Pace::due_at));
            let others = others.flatten();
            let due_at = self.visit.due_at().into_iter().chain(others).min();
            let message = match due_at {
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => messages.recv_timeout(Duration::from_millis(at.saturating_sub(now))),
            };
            match message {
                Ok(Message::Stopped) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => self.step(Cue::Ticked),
            }
            self.look_at_the_clock();
        }
    }

    /// Shows the first view.
    fn begin(&mut self) {
        self.follow_the_question();
        self.expect_shoppers(self.display.is_open());
        // The texts come first, since a post that is out of service needs them too.
        self.act(Effect::Ask);
        self.look_up_notice();
        if self.visit.is_resting() {
            self.act(Effect::Rest);
        }
    }

    pub(super) fn follow_the_question(&mut self) {
        let plan = self.display.question().plan();
        let plan = if self.is_followed { plan } else { Plan::default() };
        self.visit.plan(plan, self.display.words(None).notice.is_some());
    }

    /// When the minute changes, if anything depends on it.
    fn minute_at(&self, now: u64) -> Option<u64> {
        let into = u64::try_from(self.believed_ms()?).unwrap_or(0) % MINUTE_MS;
        self.display.is_timed().then_some(now + MINUTE_MS - into)
    }

    /// Follows the shop's hours and the schedule, and takes up another survey, once nobody is in
    /// the middle of answering.
    fn look_at_the_clock(&mut self) {
        let now = self.now();
        if self.desk.session.as_ref().is_some_and(|session| session.until <= now) {
            self.leave_desk();
        }
        self.alarm.watch.look(now);
        self.look_at_the_call(now);
        self.look_at_the_quiet(now);
        self.tell_of_the_alert();
        self.summon_late(now);
        if self.panel.dark_at.is_some_and(|at| at <= now) {
            self.panel.dark_at = None;
            (self.out.show)(View::Dark);
        }
        if !self.visit.is_idle() {
            return;
        }
        let now_ms = self.believed_ms();
        if let Some(survey) = self.next_survey.take() {
            tracing::info!(version = survey.parts().version, "another survey is asked from now on");
            let for_desk = survey.as_ref().clone();
            if let Err(error) = self.desk.clerk.tell(|clerk| clerk.adopt_survey(for_desk)) {
                tracing::warn!(%error, "the desk keeps the words of the last survey");
            }
            self.display.adopt(*survey, now_ms);
        } else if !self.display.is_timed() || !self.display.look(now_ms) {
            return;
        }
        self.follow_the_question();
        let is_open = self.display.is_open();
        self.expect_shoppers(is_open);
        self.step(if is_open { Cue::Opened } else { Cue::Closed });
        self.step(Cue::Renewed);
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Pressed(press) => self.press(press.score.value(), press.input),
            Message::Face(value, input) => self.press(value, input),
            Message::Answered(page, reply) => {
                self.step(Cue::Answered(page, reply));
            }
            Message::Touched if self.desk.session.is_some() => self.tap(Tap::Touched),
            Message::Touched => self.step(Cue::Touched),
            Message::Chose(language) => self.step(Cue::Chose(language)),
            Message::MoreTime => self.step(Cue::MoreTime),
            Message::Speak => {
                self.out.sound.speak(&self.display.wording(self.visit.language()).language);
                self.step(Cue::Touched);
            }
            Message::Surveyed(survey) => self.next_survey = Some(survey),
            Message::Moved(zone) => self.display.move_to(zone),
            Message::Placed(touchpoint, hours) => self.display.stand_at(touchpoint, hours),
            Message::Desk(tap) => self.tap(tap),
            Message::Sheet(number, sheet) => self.lay(number, *sheet),
            Message::Phone(request) => self.answer_phone(request),
            Message::Usual(is_usual) => self.alarm.watch.found(is_usual),
            Message::Office(office) => self.hear(office),
            Message::Away(part, why) => self.miss(part, why),
            Message::Found(findings) => self.note_findings(findings),
            Message::DisplayFound => {
                tracing::warn!("a display has come: the kiosk restarts to use it");
                self.is_over = true;
            }
            Message::AskedForHelp => self.step(Cue::AskedForHelp),
            Message::Left => self.step(Cue::Left),
            Message::Carried(what) => self.stick_written(what),
            Message::Noticed(notice) => self.notice_to_shoppers(notice),
            Message::Reconsidered => self.step(Cue::Reconsidered),
            Message::Buttons(notice) => self.notice(notice),
            Message::Journal(Outcome::Kept(entry)) => {
                let RatingId { run, n } = entry.id;
                if self.recording.run.replace(run).is_some_and(|last| last != run) {
                    self.alarm.watch.begin_run();
                    self.step(Cue::NewRun);
                }
                self.recording.has_complained = false;
                match &entry.event {
                    event::Event::Noted(noted) => self.note_kept(noted),
                    event::Event::Called(called) => self.call_kept(*called, n),
                    event::Event::Rated(rated) => {
                        self.look_at_rating(n, rated, entry.reading.boot_ms);
                        self.step(Cue::Kept { n, what: Kept::Rating(rated.score) });
                    }
                    event::Event::Answered(answered) => {
                        let what = Kept::Answer(answered.answer.follow_up());
                        self.step(Cue::Kept { n, what });
                    }
                    // A loss is the journal's report about its card; no shopper waits for it.
                    event::Event::Lost(_) => {}
                }
                (self.out.nudge)();
                self.ask_the_time();
            }
            Message::Journal(Outcome::NotKept(error)) => {
                // A full card in a busy shop makes one line in the log, not one for each shopper.
                if !std::mem::replace(&mut self.recording.has_complained, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a rating could not be kept; the post is not recording");
                }
                self.step(Cue::NotKept);
            }
            Message::Journal(Outcome::Recovered) => {
                self.recording.is_probing = false;
                self.recording.has_complained = false;
                self.step(Cue::Recovered);
            }
            // Of two anchors in one boot the later one is as good, or better.
            Message::Journal(Outcome::Dated(anchor)) => self.time.anchor = Some(anchor),
            Message::Journal(Outcome::StillClosed(error)) => {
                self.recording.is_probing = false;
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "the journal still takes no ratings");
            }
            // The loop ends before this message gets here.
            Message::Stopped => {}
        }
    }

    /// A face was pressed. A key 5, or a fifth button, means nothing where there are three faces.
    fn press(&mut self, value: u8, input: Input) {
        match self.display.scale().score(value) {
            Ok(score) => self.step(Cue::Pressed(Press { score, input })),
            Err(error) => tracing::warn!(%error, "a press is ignored"),
        }
    }

    /// Asks the board's time service now and then, since it may have learnt the time only after the
    /// kiosk started. Only events lead here, so an idle kiosk writes nothing.
    fn ask_the_time(&mut self) {
        let now = self.now();
        if self.time.asked_at.is_none_or(|at| now - at >= TIME_INTERVAL_MS) {
            self.time.asked_at = Some(now);
            if let Some(anchor) = (self.time.clocks.anchor)(clock::built_ms()) {
                self.is_over |= self.recording.journal.add_anchor(anchor).is_err();
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
                self.step(Cue::Held(score));
            }
            buttons::Notice::Stuck { line } => {
                tracing::warn!(line, "a button is stuck: it is ignored until it is released");
            }
            buttons::Notice::Released { line } => {
                tracing::info!(line, "a stuck button was released and works again");
            }
            buttons::Notice::Broken => {
                tracing::error!("the kiosk restarts to open the buttons again");
                self.is_over = true;
            }
            buttons::Notice::Ended => {
                self.miss("buttons", Some("the script has come to its end".to_owned()));
            }
            buttons::Notice::Missed { edges } => {
                tracing::warn!(edges, "edges of the buttons were lost");
            }
        }
    }

    fn step(&mut self, cue: Cue) {
        for effect in self.visit.step(cue, self.now()) {
            self.act(effect);
        }
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Light(score) => {
                self.out.lamps.show(Signal::Pressed(score.value()));
                self.out.sound.tone();
                self.view(View::Pressed(score));
            }
            Effect::Keep(keep) => {
                let visit::Keep { score, input, at_ms, verdict, replaces } = keep;
                let question = self.display.wording(self.visit.language());
                let rated = Rated { score, input, question, verdict, replaces };
                self.keep(event::Event::Rated(rated), at_ms);
            }
            Effect::KeepAnswer(keep) => {
                let question = self.display.wording(self.visit.language());
                let answered = Answered { to: Some(keep.to), answer: keep.answer, question };
                self.keep(event::Event::Answered(answered), keep.at_ms);
            }
            Effect::KeepCall { at_ms } => self.keep(event::Event::Called(Called::Asked), at_ms),
            Effect::Attend(what) => self.view(View::Attend(what)),
            Effect::Thank { n, score } => {
                if let (Some(thanks_log), Some(run)) =
                    (&mut self.recording.thanks_log, self.recording.run)
                {
                    thanks_log.thanked(RatingId { run, n }, score);
                }
                self.view(View::Thanks(self.visit.is_help_offered()));
            }
            Effect::Ask => {
                self.out.lamps.show(Signal::Ready);
                let words = self.display.words(self.visit.language());
                self.view(View::Ask(words));
            }
            Effect::Invite => {
                let words = self.display.words(None);
                self.view(View::Invite(words));
            }
            Effect::Follow { page, is_happy } => {
                let words = self.display.words(self.visit.language());
                self.view(View::Follow { page, is_happy, words });
            }
            Effect::StillThere(seconds) => self.view(View::StillThere(seconds)),
            Effect::Close => {
                self.out.lamps.show(Signal::Off);
                self.view(View::Close);
            }
            Effect::Rest => {
                self.out.lamps.show(Signal::Off);
                self.view(View::Rest);
            }
            Effect::Ignore(press) => {
                let score = press.score.value();
                tracing::warn!(score, "a press is ignored: too many wait for the card");
            }
        }
    }

    /// Shows a shopper something; while the desk is open, only a view that a shopper waits for.
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
            self.desk.session = None;
        }
        if self.desk.session.is_none() {
            let is_closed = view == View::Close;
            self.panel.dark_at = is_closed.then(|| self.now() + self.panel.off_ms);
            (self.out.show)(view.clone());
        }
        if !matches!(view, View::StillThere(_)) {
            self.panel.shown = Some(view);
        }
    }

    /// UTC in milliseconds since 1970, if this boot has an anchor: after a power cut a board's own
    /// clock is plausible and wrong, and must not close a shop.
    fn believed_ms(&self) -> Option<i64> {
        let Anchor { boot_ms, utc_ms, .. } = self.time.anchor?;
        let since = i64::try_from(self.now()).ok()? - i64::try_from(boot_ms).ok()?;
        Some(utc_ms + since).filter(|&now_ms| clock::is_possible(now_ms))
    }

    fn keep(&mut self, event: event::Event, at_ms: u64) {
        let reading = (self.time.clocks.read)().earlier(at_ms);
        if let Err(gone) = self.recording.journal.keep(event, reading, self.recording.run) {
            // Only a new process can help; systemd starts one.
            tracing::error!(%gone, "a rating could not be kept; the kiosk ends");
            self.is_over = true;
        }
    }
}
