//! Claims: a run belongs to the kiosk that it first came from, once and for ever.
//!
//! A run is named by 128 random bits, which only its kiosk and head office know. Whoever names one
//! first owns it, so a stolen token could be first only with a name that was read off the kiosk's
//! own card. What names another's run changes nothing and is told nothing: the answer is the same
//! whatever head office holds of that run.

/// What a run is to the kiosk that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Its own, or nobody's so far.
    Own,
    /// Another kiosk's.
    Foreign,
}

/// What a run is to a kiosk, by the number of the kiosk that owns the run, if one does.
#[must_use]
pub fn claim(owner: Option<i64>, kiosk: i64) -> Claim {
    if owner.is_none_or(|owner| owner == kiosk) { Claim::Own } else { Claim::Foreign }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_belongs_to_the_kiosk_that_it_first_came_from() {
        assert_eq!(claim(None, 1), Claim::Own);
        assert_eq!(claim(Some(1), 1), Claim::Own);
        assert_eq!(claim(Some(1), 2), Claim::Foreign);
    }
}
