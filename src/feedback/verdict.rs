//! Whether a press counts, and why not: what [`super::misuse`] decides and a rating carries.

use crate::feedback::named::named;

named! {
    /// Why a press is not counted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Reason {
        /// It came within the response interval of a press that was counted.
        Repeat = "repeat",
        /// The contacts of its button bounced.
        Bounce = "bounce",
        /// Another face was pressed by the same hand just before.
        Together = "together",
        /// It is one of a burst.
        Burst = "burst",
        /// Its button chatters.
        Chatter = "chatter",
        /// Its button was held; this takes the press it replaces back.
        Held = "held",
        /// The shop was closed.
        Closed = "closed",
    }
}

/// Whether a press counts, and by which rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verdict {
    /// Why it does not count, if so.
    pub misuse: Option<Reason>,
    /// The version of the rules in [`super::misuse`] that said so.
    pub rule: u16,
}
