//! Answers the requests of the page for phones.

use super::Attendant;
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
            Request::Note(noted, reply) => {
                let _ = reply.send(self.take_note(noted));
            }
            Request::Coming(reply) => {
                let _ = reply.send(self.come());
            }
        }
    }
}
