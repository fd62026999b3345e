//! The shop manager's desk on the screen: who is in, which sheet is shown, and when it is closed.
//!
//! A shopper goes first: a press while the desk is open is thanked for, and the desk is closed.
//! Only on the health tab are buttons tried and not counted.

use super::session::Session;
use super::{Attendant, Message, View};
use crate::feedback::event;
use crate::feedback::note::{About, Noted};
use crate::feedback::survey::faces_of;
use crate::feedback::visit::Cue;
use crate::finding::Finding;
use crate::kiosk::desk::Clerk;
use crate::kiosk::desk::phone::Phone;
use crate::kiosk::desk::sheets::sheet::{Entered, Health, Office, Sheet, Stick, Tab, Tap};

/// How long the clerk may take to bring the pad before the desk is closed again, in milliseconds.
const PAD_WAIT_MS: u64 = 10_000;

impl Attendant {
    pub(super) fn tap(&mut self, tap: Tap) {
        let until = self.now() + self.desk.stay_ms;
        match (tap, &mut self.desk.session) {
            (Tap::LongPressed, None) => {
                self.desk.sessions += 1;
                let (number, tab) = (self.desk.sessions, Tab::Today);
                let tried = [false; 5];
                // The pad has not been shown yet; from then on it stays as long as any sheet.
                let until = until.max(until - self.desk.stay_ms + PAD_WAIT_MS);
                self.desk.session = Some(Session { number, is_in: false, tab, until, tried });
                // The panel stays on for a shop manager in a closed shop.
                self.panel.dark_at = None;
                self.fetch(Clerk::pad);
            }
            (Tap::Entered(Entered(pin)), Some(session)) if !session.is_in => {
                session.until = until;
                self.fetch(move |clerk| clerk.enter(&pin));
            }
            (Tap::Turned(tab), Some(session)) if session.is_in => {
                (session.tab, session.until) = (tab, until);
                session.tried = [false; 5];
                if self.desk.stick != Stick::Writing {
                    self.desk.stick = Stick::None;
                }
                self.fetch(move |clerk| clerk.sheet(tab));
            }
            (Tap::Noted(noted), Some(session)) if session.is_in => {
                let tab = session.tab;
                session.until = until;
                if !self.take_note(noted) {
                    // An alert that is over cannot be taken on.
                    self.fetch(move |clerk| clerk.sheet(tab));
                }
            }
            (Tap::Carried, Some(session)) if session.is_in => {
                session.until = until;
                self.write_stick();
                self.fetch(|clerk| clerk.sheet(Tab::Health));
            }
            (Tap::Coming, Some(session)) if session.is_in => {
                let tab = session.tab;
                session.until = until;
                self.come();
                self.fetch(move |clerk| clerk.sheet(tab));
            }
            (Tap::Left, Some(_)) => self.leave_desk(),
            (Tap::Touched | Tap::LongPressed, Some(session)) => session.until = until,
            // Any other tap is too late or too early.
            _ => {}
        }
    }

    /// Takes on the alert; false when there is none, or somebody has taken it on already.
    fn take_on_alert(&mut self) -> bool {
        let is_new = self.alarm.watch.alert().is_some_and(|alert| !alert.is_acknowledged);
        self.alarm.watch.acknowledge();
        is_new
    }

    /// Keeps a note; false when it is not needed. A note about an alert takes it on, or tells what
    /// came of it; one about a call closes it. Without words it is kept only if that is new.
    pub(super) fn take_note(&mut self, noted: Noted) -> bool {
        let is_wanted = match noted.about() {
            // What mends a note changes nothing else.
            _ if noted.mends().is_some() => true,
            About::Day | About::Notice | About::Withdrawn => true,
            About::Alert => {
                self.alarm.watch.settle();
                self.take_on_alert() || !noted.text().is_empty()
            }
            About::Call => self.alarm.calls.settle() || !noted.text().is_empty(),
        };
        if is_wanted {
            self.note(noted);
        }
        is_wanted
    }

    fn note(&mut self, noted: Noted) {
        self.keep(event::Event::Noted(noted), self.now());
    }

    /// A note is on disk: the sheet that it was written on is shown anew.
    pub(super) fn note_kept(&mut self, noted: &Noted) {
        if noted.about() == About::Notice || noted.mends().is_some() {
            self.look_up_notice();
        }
        if let Some(tab) = self.desk.session.as_ref().filter(|at| at.is_in).map(|at| at.tab) {
            self.fetch(move |clerk| clerk.sheet(tab));
        }
    }

    /// Has the clerk look up the shop manager's text for shoppers.
    pub(super) fn look_up_notice(&mut self) {
        let events = self.messages.clone();
        let looked_up = self.desk.clerk.tell(move |clerk| {
            // If the journal cannot be read, there is no text to show.
            let _ = events.send(Message::Noticed(clerk.notice().unwrap_or_default()));
        });
        if let Err(error) = looked_up {
            tracing::warn!(%error, "what was written for shoppers is not shown");
        }
    }

    /// Shows shoppers the shop manager's text, from the next invitation on.
    pub(super) fn notice_to_shoppers(&mut self, notice: Option<Noted>) {
        if self.display.tell(notice) {
            self.follow_the_question();
            if self.visit.is_idle() {
                self.step(Cue::Renewed);
            }
        }
    }

    /// Has the clerk write a sheet for the present session.
    pub(super) fn fetch(&mut self, write: impl FnOnce(&mut Clerk) -> Sheet + Send + 'static) {
        let Some(session) = &self.desk.session else {
            return;
        };
        let number = session.number;
        let events = self.messages.clone();
        let fetched = self.desk.clerk.tell(move |clerk| {
            // A kiosk that is ending shows nothing more.
            let _ = events.send(Message::Sheet(number, Box::new(write(clerk))));
        });
        if let Err(error) = fetched {
            tracing::warn!(%error, "the desk cannot be opened");
            self.leave_desk();
        }
    }

    /// Shows a sheet, if the session that it was fetched for is still open.
    pub(super) fn lay(&mut self, number: u64, sheet: Sheet) {
        let until = self.now() + self.desk.stay_ms;
        let Some(session) = self.desk.session.as_mut().filter(|session| session.number == number)
        else {
            return;
        };
        // A sheet that a busy machine shows late is there to be read as long as any other.
        session.until = until;
        // The clerk writes such a sheet for somebody who is not in only after the right PIN.
        session.is_in |= sheet.is_behind_the_pin();
        if matches!(sheet, Sheet::Health(_)) {
            session.tab = Tab::Health;
        }
        let (tab, is_counting) = (session.tab, sheet == Sheet::Counting);
        let sheet = self.complete(sheet);
        (self.out.show)(View::Desk(Box::new(sheet)));
        if is_counting {
            self.fetch(move |clerk| clerk.sheet(tab));
        }
    }

    /// Adds what the clerk does not know to a sheet.
    fn complete(&self, sheet: Sheet) -> Sheet {
        let health = match sheet {
            Sheet::Health(health) => self.health(*health),
            Sheet::Today(summary, _) => return Sheet::Today(summary, self.alerts()),
            other => return other,
        };
        Sheet::Health(Box::new(health))
    }

    /// Adds what the attendant knows to the health of the kiosk.
    pub(super) fn health(&self, mut health: Health) -> Health {
        let tried = self.desk.session.as_ref().map(|session| session.tried).unwrap_or_default();
        health.is_recording = !self.visit.is_resting();
        health.office = self.desk.office.clone();
        health.is_clock_known = self.believed_ms().is_some();
        health.is_zone_unknown = !self.display.has_zone();
        let faces = faces_of(self.display.scale()).iter().copied();
        health.buttons = faces.zip(tried).collect();
        health.stick = self.stick(health.stick);
        health.away = self.desk.away.clone();
        health.screen = self.desk.screen;
        health.findings = self.desk.findings.clone();
        health.phone = self.desk.phone.as_ref().map(Phone::address);
        health
    }

    /// A part of the kiosk is away, and why; or it is there.
    pub(super) fn miss(&mut self, part: &str, why: Option<String>) {
        match why {
            Some(why) => self.desk.away.insert(part.to_owned(), why),
            None => self.desk.away.remove(part),
        };
        (self.out.examine)();
    }

    /// Notes how head office can be reached.
    pub(super) fn hear(&mut self, office: Office) {
        let is_in_trouble = |office: &Office| office.trouble.is_some();
        let was_in_trouble = self.desk.office.as_ref().is_some_and(is_in_trouble);
        if is_in_trouble(&office) != was_in_trouble {
            (self.out.examine)();
        }
        self.desk.office = Some(office);
    }

    /// Notes what was found; a sheet that shows it is shown anew.
    pub(super) fn note_findings(&mut self, findings: Vec<Finding>) {
        self.desk.findings = findings;
        if self.sits_at(Tab::Health) {
            self.fetch(|clerk| clerk.sheet(Tab::Health));
        }
    }

    /// Whether somebody is in and looks at this tab.
    pub(super) fn sits_at(&self, tab: Tab) -> bool {
        self.desk.session.as_ref().is_some_and(|session| session.is_in && session.tab == tab)
    }

    /// Notes that a button was pressed to try it; false when it is to be counted.
    pub(super) fn try_button(&mut self, value: u8) -> bool {
        let until = self.now() + self.desk.stay_ms;
        let Some(session) = self
            .desk
            .session
            .as_mut()
            .filter(|session| session.is_in && session.tab == Tab::Health)
        else {
            return false;
        };
        session.until = until;
        if let Some(tried) = session.tried.get_mut(usize::from(value).wrapping_sub(1)) {
            *tried = true;
        }
        tracing::info!(value, "a button was tried at the desk; the press is not kept");
        self.fetch(|clerk| clerk.sheet(Tab::Health));
        true
    }

    /// Closes the desk and shows what a shopper would see.
    pub(super) fn leave_desk(&mut self) {
        self.desk.session = None;
        if let Some(view) = self.panel.shown.clone() {
            self.view(view);
        }
    }
}
