//! Whether a kept press counts: decided here, for the kiosk's tallies and for head office's.

use crate::feedback::misuse::Reason;

/// What a kept press counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// It is misuse, and is counted beside the score.
    Misuse(Reason),
    /// A later press took it back.
    TakenBack,
}

impl Standing {
    /// Judges a press by the reason why it is misuse, if it is, and by the same of each later press
    /// that names it as the one that it replaces.
    pub fn of(misuse: Option<Reason>, later: impl IntoIterator<Item = Option<Reason>>) -> Self {
        match misuse {
            // Misuse was never counted, so nothing is left to be taken back.
            Some(reason) => Self::Misuse(reason),
            None if later.into_iter().any(takes_back) => Self::TakenBack,
            None => Self::Counts,
        }
    }
}

/// Whether a press takes back the press that it replaces, by the reason why it is misuse.
///
/// A press that counts does, and so does the report that its button was held, since that was not a
/// rating. Other misuse takes nothing back.
#[must_use]
pub fn takes_back(misuse: Option<Reason>) -> bool {
    misuse.is_none_or(|reason| reason == Reason::Held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_counts_unless_it_is_misuse_or_a_later_one_took_it_back() {
        let (held, repeat) = (Some(Reason::Held), Some(Reason::Repeat));
        for (misuse, later, standing) in [
            (None, vec![], Standing::Counts),
            (None, vec![None], Standing::TakenBack),
            (None, vec![held], Standing::TakenBack),
            (None, vec![repeat], Standing::Counts),
            (None, vec![repeat, None], Standing::TakenBack),
            (repeat, vec![], Standing::Misuse(Reason::Repeat)),
            (held, vec![None], Standing::Misuse(Reason::Held)),
        ] {
            assert_eq!(Standing::of(misuse, later), standing);
        }
    }
}
