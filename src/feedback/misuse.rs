//! Presses that are kept but not counted, and why.
//!
//! A press is never thrown away: it goes into the journal with the reason it was not counted and
//! the version of the rule that decided so, and both counts are shown side by side. A rule that
//! turns out to be wrong can then be applied anew to what was kept.

/// The version of the rules below; counts up whenever one of them changes.
pub const RULE_VERSION: u16 = 1;

/// Why a press is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It came within the response interval of a press that was counted.
    Repeat,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Self; 1] = [Self::Repeat];

    /// The word for it in exports and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repeat => "repeat",
        }
    }

    /// The reason with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// The mark on a press that is kept but not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Misuse {
    /// Why it is not counted.
    pub reason: Reason,
    /// The [`RULE_VERSION`] that decided so.
    pub rule: u16,
}

impl Misuse {
    /// The mark that today's rules give for this reason.
    #[must_use]
    pub const fn now(reason: Reason) -> Self {
        Self { reason, rule: RULE_VERSION }
    }
}
