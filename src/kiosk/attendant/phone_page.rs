//! Answers the requests of the page for phones.

use super::Attendant;
use crate::feedback::note::Noted;
use crate::kiosk::desk::phone::talk::{Request, Standing};
use crate::kiosk::desk::sheets::sheet::Health;

impl Attendant {
    pub(super) fn answer_phone(&mut self, request: Request) {
        // A phone that has hung up needs no answer.
        match request {
            Request::Look(reply) => {
                let standing =
                    Standing { alerts: self.alerts(), health: self.health(Health::default()) };
                let _ = reply.send(standing);
            }
            Request::Note(about, text, reply) => {
                let noted = Noted::new(about, &text);
                let is_kept = noted.is_ok_and(|noted| self.take_note(noted));
                let _ = reply.send(is_kept);
            }
            Request::Coming(reply) => {
                let _ = reply.send(self.come());
            }
        }
    }
}
