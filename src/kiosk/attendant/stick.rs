//! The USB stick: whether one is there, and what becomes of it.

use super::{Attendant, Event};
use crate::kiosk::desk::Clerk;
use crate::kiosk::desk::sheet::{Page, Stick};
use crate::kiosk::desk::stick;
use crate::wire::desk::Carried;

impl Attendant {
    /// What the sheet Post says of the stick.
    pub(super) fn stick(&self) -> Stick {
        match (&self.stick, stick::find(&self.sticks)) {
            (Stick::Writing, _) => Stick::Writing,
            // What was said of a stick that is gone is said of nothing.
            (_, None) => Stick::None,
            (Stick::None, Some(_)) => Stick::Found,
            (told, Some(_)) => told.clone(),
        }
    }

    /// Writes the stick that is there, on a thread of its own: sticks are slow.
    pub(super) fn write_stick(&mut self) {
        let Some(folder) = stick::find(&self.sticks).filter(|_| self.stick != Stick::Writing)
        else {
            return;
        };
        let (desk, events) = (self.desk.clone(), self.events.clone());
        let write = move || {
            let written = desk.write_stick(folder).map_err(|error| error.to_string());
            // A kiosk that is ending shows nothing more.
            let _ = events.send(Event::Carried(written));
        };
        let thread = std::thread::Builder::new().name("stick".to_owned()).spawn(write);
        self.stick = match thread {
            Ok(_) => Stick::Writing,
            Err(error) => Stick::Failed(error.to_string()),
        };
    }

    /// Says what became of the stick.
    pub(super) fn has_carried(&mut self, written: Result<Carried, String>) {
        self.stick = match written {
            Ok(carried) => {
                let Carried { files, events, confirmed } = &carried;
                tracing::info!(?files, events, confirmed, "a stick was written");
                Stick::Written(carried)
            }
            Err(error) => {
                tracing::warn!(error, "a stick could not be written");
                Stick::Failed(error)
            }
        };
        if self.sits_at(Page::Post) {
            self.fetch(|clerk: &mut Clerk| clerk.sheet(Page::Post));
        }
    }
}
