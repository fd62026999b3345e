//! A shopper's wish that somebody come, and what becomes of it.
//!
//! Nothing about the shopper is kept, and no rating is named: only that somebody asked, and whether
//! somebody came. One stands at a time, since there is one post to stand at.

/// What became of the wish, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Called {
    /// A shopper asked for somebody.
    Asked,
    /// Somebody is on the way.
    Coming,
    /// Nobody answered while the shopper was waiting.
    Missed,
}

impl Called {
    /// Everything that can become of it.
    pub const ALL: [Self; 3] = [Self::Asked, Self::Coming, Self::Missed];

    /// The word for it in the journal, in exports and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Coming => "coming",
            Self::Missed => "missed",
        }
    }

    /// What has this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|called| called.name() == name)
    }
}

/// A wish that stands, for the shop manager to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// When the shopper asked, in milliseconds since boot.
    pub since_ms: u64,
    /// What has become of it so far.
    pub called: Called,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_becomes_of_a_call_has_a_name_of_its_own() {
        for called in Called::ALL {
            assert_eq!(Called::named(called.name()), Some(called));
        }
        assert_eq!(Called::named("gone"), None);
    }
}
