//! Work: what is to be done besides answering, by whichever process comes to it first.
//!
//! A piece of work is known by its kind and its subject, and there is one of each. Isolation: each
//! method is one short transaction, and no lock is held while the work is done: whoever takes it
//! has a lease, by the rules in [`leases`](crate::hub::rules::leases). One that is asked for again
//! while somebody is at it is done once more from its beginning.

/// Events are dated again of whose time a delivery has told more than it could do at once.
pub const DATING: &str = "dating";

/// Presses are judged again that older rules have judged.
pub const JUDGING: &str = "judging";

/// What is counted of a kiosk is counted again; the subject is the kiosk's number.
pub const TALLY: &str = "tally";

/// What is counted is compared with what is stored, at a few kiosks.
pub const SAMPLE: &str = "sample";

/// What has had its time is deleted, as the settings say.
pub const KEEP: &str = "keep";

/// How many pieces of work a list names at most.
pub const LISTED_MAX: u32 = 500;

/// A piece of work that somebody has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What is to be done.
    pub kind: String,
    /// With what, as the kind writes it; empty where there is only one.
    pub subject: String,
    /// Where to go on, as the kind writes it; empty at its beginning.
    pub reached: String,
    /// How often it was taken since it last came forward, this time included.
    pub tries: u32,
    /// Until when its lease is good, in milliseconds since 1970 UTC: also what shows that it is
    /// this one's.
    pub(super) until_ms: i64,
    /// How often it had been asked for when it was taken.
    pub(super) wanted: i64,
}

/// A piece of work as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What is to be done.
    pub kind: String,
    /// With what; empty where there is only one.
    pub subject: String,
    /// The short name of the kiosk whose number the subject is, if it is one's.
    pub kiosk: Option<String>,
    /// Since when it is to be done, in milliseconds since 1970 UTC.
    pub since_ms: i64,
    /// When it is due, in milliseconds since 1970 UTC.
    pub due_ms: i64,
    /// Until when whoever has taken it is believed to be at it, in milliseconds since 1970 UTC.
    pub taken_until_ms: i64,
    /// How far it has come; empty at its beginning.
    pub reached: String,
    /// How often it was taken since it last came forward.
    pub tries: u32,
    /// When it was done, in milliseconds since 1970 UTC.
    pub done_ms: Option<i64>,
    /// Why it failed the last time, if it has.
    pub failed: Option<String>,
}
