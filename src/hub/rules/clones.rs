//! Clones: two devices that use the token of one kiosk.
//!
//! A kiosk has one run at a time. A run that sends again after another one did is therefore a
//! second device. A single such delivery may have been under way when the kiosk restarted, so
//! several are needed.

use super::books::Way;
use crate::feedback::rating::RunId;

/// How many deliveries of runs that should be over prove a second device.
pub const RETURNS_OF_A_CLONE: i64 = 3;

/// Whether this many deliveries of runs that should be over prove a second device.
#[must_use]
pub const fn is_clone(returns: i64) -> bool {
    returns >= RETURNS_OF_A_CLONE
}

/// What a delivery says of the run that sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// It is the run that sent last.
    Same,
    /// It is new; the run before it, if there is one, is over.
    Next {
        /// The run that is over.
        over: Option<RunId>,
    },
    /// It should be over.
    Returned,
}

/// The run that sends this delivery, if the delivery shows which one is alive.
///
/// A carried delivery may be old, and another run may have sent since.
#[must_use]
pub fn sender(way: Way, live: Option<RunId>) -> Option<RunId> {
    live.filter(|_| way == Way::Sent)
}

/// Compares the sending run with the one that sent last; `is_over` says that it should be over.
#[must_use]
pub fn heard(live: RunId, last: Option<RunId>, is_over: bool) -> Sender {
    match last {
        _ if is_over => Sender::Returned,
        Some(last) if last == live => Sender::Same,
        over => Sender::Next { over },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Plays deliveries of runs; returns how often a run returned.
    fn returns(runs: &[u8]) -> i64 {
        let mut last = None;
        let (mut over, mut returns) = (BTreeSet::new(), 0);
        for run in runs.iter().map(|&run| RunId([run; 16])) {
            match heard(run, last, over.contains(&run)) {
                Sender::Same => {}
                Sender::Next { over: before } => {
                    over.extend(before);
                    last = Some(run);
                }
                Sender::Returned => returns += 1,
            }
        }
        returns
    }

    #[test]
    fn runs_one_after_the_other_are_one_device() {
        assert_eq!(returns(&[1, 1, 2, 2, 3, 4, 4]), 0);
    }

    #[test]
    fn a_late_delivery_is_no_clone_and_two_devices_are() {
        assert!(!is_clone(returns(&[1, 2, 1, 2, 2])));
        assert!(!is_clone(returns(&[1, 2, 1, 2, 1])));
        assert!(is_clone(returns(&[1, 2, 1, 2, 1, 2, 1])));
    }

    #[test]
    fn a_carried_delivery_names_no_sender() {
        let live = Some(RunId([1; 16]));
        assert_eq!(sender(Way::Sent, live), live);
        assert_eq!(sender(Way::Carried, live), None);
        assert_eq!(sender(Way::CarriedFromFormer, live), None);
    }
}
