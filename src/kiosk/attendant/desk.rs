//! The shop manager at the screen: who is in, which sheet lies there, and when it is cleared away.
//!
//! A shopper goes first: whoever presses a button while the desk is open is thanked, and the desk
//! is closed. Only while the post's own sheet lies there are buttons tried and not counted.

use super::{Attendant, Event, View};
use crate::clock;
use crate::feedback::event;
use crate::feedback::note::{About, Noted};
use crate::feedback::survey::faces_of;
use crate::kiosk::desk::Clerk;
use crate::kiosk::desk::sheet::{Entered, Page, Sheet, Tap};

/// How long the desk stays open while nobody touches it, in milliseconds.
const STAY_MS: u64 = 60_000;

/// Somebody at the desk.
#[derive(Debug)]
pub(in crate::kiosk) struct Sitting {
    /// Which one it is, so that what was fetched for the last one is not shown to this one.
    number: u64,
    is_in: bool,
    page: Page,
    /// When the desk is closed, in milliseconds since boot.
    pub(super) until: u64,
    /// The buttons that were tried, worst face first.
    tried: [bool; 5],
}

impl Attendant {
    pub(super) fn tap(&mut self, tap: Tap) {
        let until = clock::boot_ms() + STAY_MS;
        match (tap, &mut self.sitting) {
            (Tap::Knocked, None) => {
                self.sittings += 1;
                let (number, page) = (self.sittings, Page::Today);
                let tried = [false; 5];
                self.sitting = Some(Sitting { number, is_in: false, page, until, tried });
                // The panel stays on for whoever comes to a closed shop.
                self.dark_at = None;
                self.fetch(Clerk::pad);
            }
            (Tap::Entered(Entered(pin)), Some(sitting)) if !sitting.is_in => {
                sitting.until = until;
                self.fetch(move |clerk| clerk.enter(&pin));
            }
            (Tap::Turned(page), Some(sitting)) if sitting.is_in => {
                (sitting.page, sitting.until) = (page, until);
                sitting.tried = [false; 5];
                self.fetch(move |clerk| clerk.sheet(page));
            }
            (Tap::Noted(text), Some(sitting)) if sitting.is_in => {
                sitting.until = until;
                match Noted::new(About::Day, &text) {
                    Ok(noted) => self.note(noted),
                    // Nothing written is no note.
                    Err(_) => self.fetch(|clerk| clerk.sheet(Page::Notes)),
                }
            }
            (Tap::Acknowledged, Some(sitting)) if sitting.is_in => {
                sitting.until = until;
                let is_new = self.watch.alert().is_some_and(|alert| !alert.is_acknowledged);
                if let (true, Ok(noted)) = (is_new, Noted::new(About::Alert, "")) {
                    self.watch.acknowledge();
                    self.note(noted);
                }
            }
            (Tap::Left, Some(_)) => self.leave_desk(),
            (Tap::Touched | Tap::Knocked, Some(sitting)) => sitting.until = until,
            // Whatever else comes too late or too early means nothing.
            _ => {}
        }
    }

    fn note(&mut self, noted: Noted) {
        self.keep(event::Event::Noted(noted), clock::boot_ms());
    }

    /// A note is on disk: the sheet that it was written at shows it.
    pub(super) fn has_noted(&mut self) {
        if let Some(page) = self.sitting.as_ref().filter(|at| at.is_in).map(|at| at.page) {
            self.fetch(move |clerk| clerk.sheet(page));
        }
    }

    /// Has the clerk write a sheet, for whoever sits at the desk now.
    fn fetch(&mut self, write: impl FnOnce(&mut Clerk) -> Sheet + Send + 'static) {
        let Some(sitting) = &self.sitting else {
            return;
        };
        let (number, events) = (sitting.number, self.events.clone());
        let fetched = self.desk.tell(move |clerk| {
            // A kiosk that is ending shows nothing more.
            let _ = events.send(Event::Sheet(number, Box::new(write(clerk))));
        });
        if let Err(error) = fetched {
            tracing::warn!(%error, "the desk cannot be opened");
            self.leave_desk();
        }
    }

    /// Lays a sheet on the desk, if the one that it was fetched for still sits there.
    pub(super) fn lay(&mut self, number: u64, sheet: Sheet) {
        let Some(sitting) = self.sitting.as_mut().filter(|sitting| sitting.number == number) else {
            return;
        };
        // Only the right PIN makes the clerk write one of these for somebody who is not in.
        sitting.is_in |= sheet.is_behind_the_pin();
        if matches!(sheet, Sheet::Post(_)) {
            sitting.page = Page::Post;
        }
        let (page, is_counting) = (sitting.page, sheet == Sheet::Counting);
        let sheet = self.complete(sheet);
        (self.show)(View::Desk(Box::new(sheet)));
        if is_counting {
            self.fetch(move |clerk| clerk.sheet(page));
        }
    }

    /// Adds to the post's sheet what the clerk does not know.
    fn complete(&self, sheet: Sheet) -> Sheet {
        let mut post = match sheet {
            Sheet::Post(post) => post,
            Sheet::Today(summary, _) => return Sheet::Today(summary, self.alerts()),
            other => return other,
        };
        let tried = self.sitting.as_ref().map(|sitting| sitting.tried).unwrap_or_default();
        post.is_recording = !self.visit.is_resting();
        post.office = self.office.clone();
        post.is_clock_known = self.believed_ms().is_some();
        let faces = faces_of(self.asked.scale()).iter().copied();
        post.buttons = faces.zip(tried).collect();
        Sheet::Post(post)
    }

    /// Notes that a button was pressed to try it; false when it is to be counted.
    pub(super) fn try_button(&mut self, value: u8) -> bool {
        let Some(sitting) =
            self.sitting.as_mut().filter(|sitting| sitting.is_in && sitting.page == Page::Post)
        else {
            return false;
        };
        sitting.until = clock::boot_ms() + STAY_MS;
        if let Some(tried) = sitting.tried.get_mut(usize::from(value).wrapping_sub(1)) {
            *tried = true;
        }
        tracing::info!(value, "a button was tried at the desk; the press is not kept");
        self.fetch(|clerk| clerk.sheet(Page::Post));
        true
    }

    /// Clears the desk away and shows what a shopper would see.
    pub(super) fn leave_desk(&mut self) {
        self.sitting = None;
        if let Some(view) = self.shown.clone() {
            self.view(view);
        }
    }
}
