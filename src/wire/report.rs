//! The shapes of head office's exports: one event with where it was taken and when it came, and the
//! account of what became of all of a kiosk's events.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::export;
use crate::feedback::event::Kind;
use crate::feedback::event::fields::{Field, Fields};

/// One event of an export. The CSV has its parts as columns: up to `quality` as they stand here,
/// the first of the event's fields, then the others from `received` on, and the rest of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// The short name of the shop.
    pub shop: String,
    /// The short name of the kiosk.
    pub kiosk: String,
    /// Where in the shop it stands.
    pub touchpoint: String,
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// Its number in the run.
    pub n: u32,
    /// The kind of event; `rated` is a rating.
    pub kind: String,
    /// The time as RFC 3339 in UTC, with milliseconds.
    pub utc: String,
    /// `exact`, `bounded` or `unknown`.
    pub quality: String,
    /// What it says; `misuse` is by the present rules.
    pub fields: Fields,
    /// When the hub received it, as RFC 3339 in UTC.
    pub received: String,
    /// For a bounded time, the earliest that it can have been, as RFC 3339 in UTC.
    pub earliest: Option<String>,
    /// For a bounded time, the latest that it can have been, as RFC 3339 in UTC.
    pub latest: Option<String>,
    /// `YYYY-MM-DD HH:MM:SS` in the shop's time zone. The last columns are this and the next.
    pub local: String,
    /// The shop's IANA time zone.
    pub zone: String,
}

impl Serialize for Reported {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Reported", 31)?;
        out.serialize_field("shop", &self.shop)?;
        out.serialize_field("kiosk", &self.kiosk)?;
        out.serialize_field("touchpoint", &self.touchpoint)?;
        out.serialize_field("run", &self.run)?;
        out.serialize_field("n", &self.n)?;
        out.serialize_field("kind", &self.kind)?;
        out.serialize_field("utc", &self.utc)?;
        out.serialize_field("quality", &self.quality)?;
        export::write(&mut out, &self.fields, export::FIRST)?;
        out.serialize_field("received", &self.received)?;
        out.serialize_field("earliest", &self.earliest)?;
        out.serialize_field("latest", &self.latest)?;
        // A loss is in the account of its run, not here.
        let is_told = |field: &Field| !Kind::Lost.fields().contains(field);
        export::write(&mut out, &self.fields, export::rest().filter(is_told))?;
        out.serialize_field("local", &self.local)?;
        out.serialize_field("zone", &self.zone)?;
        out.end()
    }
}

/// What became of everything that a kiosk has taken:
/// `taken = stored + deleted + set_aside + lost + missing`, by the hub's own count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// The short name of the kiosk.
    pub kiosk: String,
    /// Whether no more events are missing than the kiosk said that it still holds.
    pub holds: bool,
    /// Events taken in all runs that the hub knows of.
    pub taken: u64,
    /// Of these, stored here.
    pub stored: u64,
    /// Of these, stored here and deleted since.
    pub deleted: u64,
    /// Of these, named here because they could not be read, or stood for another event.
    pub set_aside: u64,
    /// Of these, reported as lost by the kiosk, and not here.
    pub lost: u64,
    /// Of these, none of that; they wait at the kiosk, are set aside, or were given up there.
    pub missing: u64,
    /// What the kiosk itself reported last.
    pub told: Told,
    /// The runs of which something is missing, set aside, lost or deleted.
    pub runs: Vec<ReconciledRun>,
}

/// A kiosk's own counters, minus what has arrived since it sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Events taken.
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

/// One run of which not everything is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReconciledRun {
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// The highest number that the hub knows was given out.
    pub taken: u32,
    /// How many of these are stored.
    pub stored: u64,
    /// Numbers that are nowhere: first and last of each stretch.
    pub missing: Vec<(u32, u32)>,
    /// Numbers that the kiosk reported as lost and that did not arrive.
    pub lost: Vec<(u32, u32)>,
    /// Numbers that are set aside here.
    pub set_aside: Vec<(u32, u32)>,
    /// Numbers that were stored here and deleted since.
    pub deleted: Vec<(u32, u32)>,
}
