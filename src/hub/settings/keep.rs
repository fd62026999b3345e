//! The part `[keep]` of `hub.toml`: for how long what was received is kept.

use serde::Deserialize;

use crate::config::Complaints;
use crate::hub::rules::keeping::Kept;

/// The most days that can be said.
const DAYS_MAX: u32 = 36_500;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct KeepPart {
    comments_days: Option<u32>,
    ratings_days: Option<u32>,
    notes_days: Option<u32>,
}

impl KeepPart {
    pub(super) fn check(self, complaints: &mut Complaints) -> Kept {
        let usual = Kept::default();
        let mut days = |key: &str, said: Option<u32>, usual: Option<u32>| {
            let is_sane = said.is_none_or(|days| days <= DAYS_MAX);
            complaints.unless(is_sane, key, "must be 1 to 36500, or 0, which is for ever");
            said.map_or(usual, |days| Some(days).filter(|days| *days > 0))
        };
        let kept = Kept {
            comments: days("keep.comments_days", self.comments_days, usual.comments),
            ratings: days("keep.ratings_days", self.ratings_days, usual.ratings),
            notes: days("keep.notes_days", self.notes_days, usual.notes),
        };
        let is_whole = kept
            .ratings
            .is_none_or(|ratings| kept.comments.is_some_and(|comments| comments <= ratings));
        complaints.unless(
            is_whole,
            "keep.ratings_days",
            "must not be less than keep.comments_days (90 where it is not set, and 0 is for \
             ever): a comment belongs to its rating",
        );
        kept
    }
}
