//! A receipt: what the hub has done with a delivery.
//!
//! Only what a well-formed receipt with the delivery's own nonce names is settled. An empty 200, a
//! captive portal's page or half an answer settles nothing.

use serde::{Deserialize, Serialize};

use super::whereabouts::Whereabouts;
use crate::feedback::event::stretches;

/// The hub's answer to a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The delivery's nonce.
    pub nonce: String,
    /// What is durably stored at the hub, now or before.
    pub settled: Vec<Settled>,
    /// Events that the hub does not count, each with its reason.
    #[serde(default)]
    pub set_aside: Vec<SetAside>,
    /// The hub's time, in milliseconds since 1970 UTC.
    pub hub_time_ms: i64,
    /// A number drawn when the hub's archive was made, and anew when it was restored from a
    /// backup: a kiosk that sees it change offers everything again that it still holds.
    pub hub_epoch: u64,
    /// How many events of this kiosk the archive holds. It never shrinks, unless the archive went
    /// back in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<u64>,
    /// How many of these came with this delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<u64>,
    /// The number of the survey that is meant for this kiosk; one that has another asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<u64>,
    /// What head office has set as the desk's PIN, if the kiosk does not know it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// Whether a time service vouches for the hub's clock.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_time_vouched: bool,
    /// The IANA time zone by whose days the hub counts for the kiosk's shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Where the kiosk stands and stood, if it does not know it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Whereabouts>,
    /// The address at which the hub is to be found from now on, if there is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_to: Option<String>,
    /// Whether the kiosk should ask for a new token.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_token_old: bool,
    /// Events that head office has deleted, and that the kiosk lets go of too; none where it has
    /// let go of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
}

/// How many ranges of deleted events a receipt has at most; of one with more, none is heard.
pub const GONE_RANGES_MAX: usize = 200;

/// Deleted events that a kiosk is told of.
///
/// Each deletion of a kiosk's events has a number, which rises from 1. A receipt tells the ones
/// after the number that the delivery names, oldest first: from the beginning after 0, or after a
/// higher number than there is, so that a deletion may be told any number of times. A delivery that
/// names none is told of nothing: its kiosk is too old to let go, or it is carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// The number of the newest deletion told here.
    pub upto: u64,
    /// The events, by their runs: at most [`GONE_RANGES_MAX`] ranges in all.
    #[serde(default)]
    pub events: Vec<Settled>,
}

/// What head office has set as the PIN of the shop manager's desk.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Counts up with every change.
    pub number: u64,
    /// The argon2id hash of the PIN, in PHC form; none where head office has deleted the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

impl std::fmt::Debug for Pin {
    /// Leaves out the hash, since a PIN of a few digits can be guessed from it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pin").field("number", &self.number).finish_non_exhaustive()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Events of one run: what is settled of it, or what head office has deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// First and last number of each stretch, both included.
    pub ranges: Vec<(u32, u32)>,
}

impl Settled {
    /// The stretches that these numbers make up.
    #[must_use]
    pub fn of(run: String, mut numbers: Vec<u32>) -> Self {
        numbers.sort_unstable();
        Self { run, ranges: stretches(numbers) }
    }

    /// Whether it names this number.
    #[must_use]
    pub fn has(&self, n: u32) -> bool {
        self.ranges.iter().any(|&(first, last)| first <= n && n <= last)
    }
}

/// An event that the hub has set aside: it is kept, but not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// Its number in the run.
    pub n: u32,
    /// Why, in words.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stretches_name_exactly_the_numbers_they_were_made_of(
            numbers in prop::collection::vec(1u32..60, 0..60)
        ) {
            let settled = Settled::of("00".to_owned(), numbers.clone());
            for n in 0..61 {
                prop_assert_eq!(settled.has(n), numbers.contains(&n));
            }
            for pair in settled.ranges.windows(2) {
                prop_assert!(pair[0].1 + 1 < pair[1].0, "stretches are apart");
            }
        }
    }
}
