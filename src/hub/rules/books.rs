//! The books of a kiosk: how many events it has taken, and where they are.
//!
//! A kiosk sends its counters as they stood before the hub's answer. So what a delivery settles, or
//! sets aside here, is taken off what the kiosk said that it still holds.

/// How a delivery came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over the network, just now.
    Sent,
    /// By hand: it may be old, and the hub may have heard from the kiosk since.
    Carried,
    /// By hand, from a board that another one has taken the place of since.
    CarriedFromFormer,
}

/// A kiosk's books, as far as the hub knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Events that are stored here.
    pub stored: u64,
    /// Events that the kiosk has taken.
    pub taken: u64,
    /// Of these, still to be delivered.
    pub waiting: u64,
    /// Of these, set aside at the kiosk or here.
    pub set_aside: u64,
    /// Of these, lost by its card.
    pub lost: u64,
    /// Of these, given up when the board left for another place.
    pub given_up: u64,
}

/// The counters that a kiosk sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events taken.
    pub taken: u64,
    /// Of these, still to be delivered, with the ones in this delivery.
    pub waiting: u64,
    /// Of these, set aside at the kiosk.
    pub set_aside: u64,
    /// Of these, lost by its card.
    pub lost: u64,
    /// Of these, given up when the board left for another place.
    pub given_up: u64,
}

/// What a delivery brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Events that the receipt names: settled, in conflict, or refused.
    pub named: u64,
    /// Of these, in conflict or refused.
    pub set_aside: u64,
    /// Events that are stored and were not before.
    pub added: u64,
    /// Events that are set aside and were not before.
    pub newly_set_aside: u64,
}

/// The books after a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The delivery is the kiosk's newest report.
    News(Books),
    /// The delivery is old: its counters, and what else it tells of the kiosk, are out of date.
    Old(Books),
}

impl Books {
    /// The books after a delivery with these counters, which brought this.
    ///
    /// A carried delivery is old unless the kiosk has taken more since the hub last heard from it.
    /// So is a further frame of the same file, and whatever a board says that stands there no more.
    #[must_use]
    pub const fn after(self, way: Way, told: Counters, brought: Brought) -> After {
        let stored = self.stored.saturating_add(brought.added);
        let is_old = match way {
            Way::Sent => false,
            Way::Carried => self.taken >= told.taken,
            Way::CarriedFromFormer => true,
        };
        if is_old {
            let arrived = brought.added.saturating_add(brought.newly_set_aside);
            return After::Old(Self {
                stored,
                waiting: self.waiting.saturating_sub(arrived),
                set_aside: self.set_aside.saturating_add(brought.newly_set_aside),
                ..self
            });
        }
        After::News(Self {
            stored,
            taken: told.taken,
            waiting: told.waiting.saturating_sub(brought.named),
            set_aside: told.set_aside.saturating_add(brought.set_aside),
            lost: told.lost,
            given_up: told.given_up,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Books =
        Books { stored: 6, taken: 10, waiting: 4, set_aside: 0, lost: 0, given_up: 0 };
    const BROUGHT: Brought = Brought { named: 3, set_aside: 1, added: 2, newly_set_aside: 1 };

    #[test]
    fn what_a_receipt_names_is_taken_off_what_the_kiosk_said_that_it_holds() {
        let told = Counters { taken: 12, waiting: 5, set_aside: 1, lost: 1, given_up: 1 };
        let after = Books { stored: 8, taken: 12, waiting: 2, set_aside: 2, lost: 1, given_up: 1 };
        for way in [Way::Sent, Way::Carried] {
            assert_eq!(BEFORE.after(way, told, BROUGHT), After::News(after));
        }
        let again = Brought { named: 3, ..Brought::default() };
        let old = Counters { taken: 3, waiting: 3, ..Counters::default() };
        let after = Books { stored: 6, taken: 3, ..Books::default() };
        let sent = BEFORE.after(Way::Sent, old, again);
        assert_eq!(sent, After::News(after), "a journal that was replaced");
    }

    #[test]
    fn an_old_file_changes_only_what_arrived_with_it() {
        let told = Counters { taken: 10, waiting: 9, set_aside: 7, lost: 7, given_up: 7 };
        let after = Books { stored: 8, waiting: 1, set_aside: 1, ..BEFORE };
        assert_eq!(BEFORE.after(Way::Carried, told, BROUGHT), After::Old(after));
        let again = Brought { named: 3, set_aside: 1, ..Brought::default() };
        assert_eq!(BEFORE.after(Way::Carried, told, again), After::Old(BEFORE));
        // A board that was replaced may have taken more than the one that stands there now.
        let more = Counters { taken: 100, waiting: 50, ..told };
        assert_eq!(BEFORE.after(Way::CarriedFromFormer, more, again), After::Old(BEFORE));
    }
}
