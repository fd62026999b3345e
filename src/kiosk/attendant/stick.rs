//! Writes the USB stick, and reports the result on the health tab.

use super::{Attendant, Message};
use crate::kiosk::desk::Clerk;
use crate::kiosk::desk::sheets::sheet::{Stick, Tab};
use crate::wire::local::Carried;

impl Attendant {
    /// What the health tab says of the stick; the clerk has found out whether it is there.
    pub(super) fn stick(&self, found: Stick) -> Stick {
        match (&self.desk.stick, found) {
            (Stick::Writing, _) => Stick::Writing,
            // The result of a stick that was taken out is not shown any more.
            (Stick::None, found) | (_, found @ Stick::None) => found,
            (told, _) => told.clone(),
        }
    }

    /// Writes the stick that is there, on a thread of its own: sticks are slow, and some hang.
    pub(super) fn write_stick(&mut self) {
        if self.desk.stick == Stick::Writing {
            return;
        }
        let (desk, events) = (self.desk.clerk.clone(), self.messages.clone());
        let write = move || {
            let written = desk.write_found_stick().map_err(|error| error.to_string());
            // A kiosk that is ending shows nothing more.
            let _ = events.send(Message::Carried(written));
        };
        let thread = std::thread::Builder::new().name("stick".to_owned()).spawn(write);
        self.desk.stick = match thread {
            Ok(_) => Stick::Writing,
            Err(error) => Stick::Failed(error.to_string()),
        };
    }

    /// Takes the result of writing the stick.
    pub(super) fn stick_written(&mut self, written: Result<Carried, String>) {
        self.desk.stick = match written {
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
        if self.sits_at(Tab::Health) {
            self.fetch(|clerk: &mut Clerk| clerk.sheet(Tab::Health));
        }
    }
}
