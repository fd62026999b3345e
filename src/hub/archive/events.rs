//! Events: every event that a kiosk ever delivered, each one once.
//!
//! Isolation: a run belongs to the kiosk that it first came from, which is written down in a
//! transaction of its own before anything else. What another kiosk sends of it is named in
//! [`Stored::foreign`], and nothing else comes of it. A delivery is then one transaction. It locks
//! the kiosk's row in `book` before it reads anything, since what it reads of the kiosk's books,
//! runs, boots and events must not change until it has written; should the lock ever be missing,
//! the primary key (kiosk, run, n) refuses a second event of one number. Judging again is one
//! transaction for each run, so that no delivery waits long.

use crate::feedback::moment::Anchor;
use crate::feedback::rating::{BootId, RatingId, RunId};
pub use crate::hub::rules::books::Way;
pub use crate::hub::rules::budget::Spent;
use crate::hub::rules::whereabouts::Stay;
use crate::wire::delivery::{ClocksApart, Counters, Finding, Received};
use crate::wire::receipt::{Gone, Pin};

/// One event on its way into the archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The event as read.
    pub event: Received,
    /// Tells the same content from other content.
    pub digest: [u8; 16],
    /// The content as it came, to be kept if it is in conflict.
    pub content: String,
}

/// A delivery on its way into the archive, with everything in it checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Shipment {
    /// The kiosk that sent it.
    pub kiosk: String,
    /// How it came.
    pub way: Way,
    /// When it came, in milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// The program that the kiosk runs, and its version.
    pub app: String,
    /// What has become known of the time of boots.
    pub anchors: Vec<(BootId, Anchor)>,
    /// The run that sent it.
    pub live: Option<RunId>,
    /// How many events of this kiosk the archive held by its last receipt.
    pub known: Option<u64>,
    /// Its events by run.
    pub runs: Vec<Arrived>,
    /// How the kiosk's books stood when it sent this.
    pub counters: Counters,
    /// The number of the survey that it has kept.
    pub publication: Option<u64>,
    /// Why it does not ask the survey that it was given.
    pub survey_complaint: Option<String>,
    /// The time zone by whose days it counts.
    pub zone: Option<String>,
    /// The release of the time-zone rules that count there.
    pub zone_rules: Option<String>,
    /// What contradicts the hub's clock there.
    pub clocks_apart: Option<ClocksApart>,
    /// The tag of what the kiosk knows of its place, if it has said.
    pub place: Option<String>,
    /// The opening hours of the kiosk's own configuration, if it has any.
    pub hours: Option<String>,
    /// By which address of the hub it was sent, if the kiosk has said.
    pub address: Option<String>,
    /// Why the kiosk does not go to the hub's new address.
    pub move_complaint: Option<String>,
    /// What it found when it examined itself, where that is news.
    pub findings: Option<Vec<Finding>>,
    /// The number of the desk's PIN that the kiosk keeps.
    pub pin: Option<u64>,
    /// The number up to which the kiosk says that it has let go of what was deleted here.
    pub gone: Option<u64>,
    /// The events that were refused before they came here, each with the reason.
    pub refused: Vec<(RatingId, String)>,
}

/// One run's part of a [`Shipment`].
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// The run.
    pub run: RunId,
    /// The boot that it lived in.
    pub boot: BootId,
    /// The highest number given out in it.
    pub taken: u32,
    /// Its events.
    pub events: Vec<Incoming>,
}

impl Arrived {
    /// The identities of its events.
    pub fn ids(&self) -> impl Iterator<Item = RatingId> {
        self.events.iter().map(|incoming| RatingId { run: self.run, n: incoming.event.n })
    }
}

/// What became of a shipment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The events that are in the archive now, whether they were before or not.
    pub settled: Vec<RatingId>,
    /// The events whose identity stands for other content here.
    pub conflicts: Vec<RatingId>,
    /// The events of runs that belong to another kiosk: nothing of them was looked at or kept.
    pub foreign: Vec<RatingId>,
    /// How many events of this kiosk the archive holds.
    pub stored: u64,
    /// How many of these came with this shipment.
    pub added: u64,
    /// What the kiosk had spent of its budget before it.
    pub spent_before: Spent,
    /// What it has spent with it.
    pub spent: Spent,
    /// The epoch that this kiosk is told.
    pub epoch: u64,
    /// The number of the survey that is meant for this kiosk; 0 is none.
    pub publication: u64,
    /// Whether a second device with the same token sent this.
    pub is_clone: bool,
    /// The time zone of the kiosk's shop.
    pub zone: String,
    /// Where the kiosk stands and stood; nothing if it has not said what it knows of that.
    pub stays: Vec<Stay>,
    /// When the kiosk's shop is open.
    pub hours: Option<String>,
    /// The address to which kiosks are to move.
    pub moves_to: Option<String>,
    /// What has begun to contradict the hub's clock at the kiosk.
    pub newly_apart: Option<ClocksApart>,
    /// The time zone by which the kiosk has begun to count, if it is not its shop's.
    pub other_zone: Option<String>,
    /// The desk's PIN, if the kiosk keeps another one.
    pub pin: Option<Pin>,
    /// What was deleted and the kiosk has not let go of yet, as much as it is told at once.
    pub gone: Option<Gone>,
    /// Whether the archive may have been restored from a backup, so that an epoch was drawn.
    pub doubt: Doubt,
}

/// Whether kiosks know of more events than the archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doubt {
    /// Nothing new is known.
    #[default]
    None,
    /// This kiosk does: it has a new epoch.
    OfKiosk,
    /// Kiosks of several shops do: every kiosk has a new epoch.
    OfShops,
}

/// Where an export goes on: after this kiosk's number, its run's, and the event's in the run.
pub type Cursor = (i64, i64, u32);
