//! What head office exports: one event with where it was taken and when it came, and the account of
//! what became of all of a kiosk's events.

use serde::Serialize;

/// One event of an export. The CSV has these fields as columns, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// 1 is the worst.
    pub score: Option<u8>,
    /// How many faces there were.
    pub scale: Option<u8>,
    /// `button`, `touch` or `key`.
    pub input: Option<String>,
    /// The question's short name.
    pub question: Option<String>,
    /// The version of its wording.
    pub question_version: Option<u32>,
    /// The language it was asked in.
    pub language: Option<String>,
    /// Why it is not counted, if so.
    pub misuse: Option<String>,
    /// The number of the rating that it corrects.
    pub replaces: Option<u32>,
    /// When the hub received it, as RFC 3339 in UTC.
    pub received: String,
    /// For a bounded time, the earliest that it can have been, as RFC 3339 in UTC.
    pub earliest: Option<String>,
    /// For a bounded time, the latest that it can have been, as RFC 3339 in UTC.
    pub latest: Option<String>,
    /// The number of the rating that it belongs to, for an event of kind `answered`.
    pub to: Option<u32>,
    /// `reasons`, `nps` or `comment`.
    pub follow_up: Option<String>,
    /// `answered`, `skipped` or `timed_out`.
    pub outcome: Option<String>,
    /// The short name of the reason, 0 to 10, or the comment.
    pub answer: Option<String>,
    /// `day`, `alert`, `call` or `notice`, for an event of kind `noted`.
    pub about: Option<String>,
    /// What the shop manager wrote.
    pub note: Option<String>,
    /// `asked`, `coming` or `missed`, for an event of kind `called`.
    pub step: Option<String>,
}

/// What became of everything that a kiosk has taken:
/// `taken = stored + set_aside + lost + missing`, by the hub's own count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// The short name of the kiosk.
    pub kiosk: String,
    /// Whether what is missing is no more than what the kiosk said that it still holds.
    pub holds: bool,
    /// Events taken in all runs that the hub knows of.
    pub taken: u64,
    /// Of these, stored here.
    pub stored: u64,
    /// Of these, named here because they could not be read, or stood for another event.
    pub set_aside: u64,
    /// Of these, reported as lost by the kiosk, and not here.
    pub lost: u64,
    /// Of these, neither; they wait at the kiosk, or are set aside there.
    pub missing: u64,
    /// What the kiosk itself said when it was last heard of.
    pub told: Told,
    /// The runs of which something is missing, set aside or lost.
    pub runs: Vec<ReconciledRun>,
}

/// A kiosk's own counters, less what has arrived since it sent them.
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
}
