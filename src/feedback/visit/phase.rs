//! Where a visit stands: what is on the screen, at the journal, and still to be kept.

use std::collections::VecDeque;

use super::exchange::{Keep, KeepAnswer, Kept, Press};
use crate::feedback::answer::{Answer, FollowUp};
use crate::feedback::misuse::{Reason, Verdict};
use crate::feedback::rating::Score;

/// How long before the end of a follow-up the shopper is asked whether they are still there, in
/// milliseconds.
pub const STILL_THERE_MS: u64 = 5_000;

/// What is at the journal.
#[derive(Clone, Debug)]
pub(super) enum UnderWay {
    Rating(Keep),
    Answer(KeepAnswer),
    Call,
}

impl UnderWay {
    /// Whether this is what was kept.
    pub(super) fn is(&self, what: Kept) -> bool {
        match self {
            Self::Rating(keep) => what == Kept::Rating(keep.score),
            Self::Answer(keep) => what == Kept::Answer(keep.answer.follow_up()),
            Self::Call => what == Kept::Call,
        }
    }
}

/// What is still to be kept.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    /// A press, when it came, and what the rules say of it.
    Press(Press, u64, Option<Reason>),
    /// A press to be taken back, since its button is held.
    Held(Score, u64),
    /// An answer to a follow-up of the rating with this number.
    Answer(Answer, u32, u64),
    /// A shopper asked for somebody, at this time.
    Call(u64),
}

/// What is on the screen.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Until the language goes back to the shop's, or the invitation takes the question's place.
    Asking {
        until: Option<u64>,
    },
    Inviting,
    /// The faces are shown again so that the shopper can correct a press.
    Correcting {
        of: Shown,
        until: u64,
    },
    Thanking {
        of: Shown,
        since: u64,
        until: u64,
    },
    Following(Following),
    /// A shopper waits for somebody; until when, once it is known what became of it.
    Attending {
        until: Option<u64>,
    },
    Resting,
    Closed,
}

impl Phase {
    /// When time alone ends it, on the boot's axis.
    pub(super) const fn ends_at(&self) -> Option<u64> {
        match self {
            Self::Correcting { until, .. } | Self::Thanking { until, .. } => Some(*until),
            Self::Following(following) => Some(following.due_at()),
            Self::Asking { until } | Self::Attending { until } => *until,
            Self::Inviting | Self::Resting | Self::Closed => None,
        }
    }
}

/// The rating that the thank-you on the screen is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) n: u32,
    pub(super) score: Score,
    pub(super) verdict: Verdict,
}

/// A follow-up on the screen.
#[derive(Clone, Debug)]
pub(super) struct Following {
    /// The rating that it belongs to.
    pub(super) of: Shown,
    /// When that rating was kept.
    pub(super) since: u64,
    pub(super) page: FollowUp,
    /// What is asked after it.
    pub(super) rest: VecDeque<FollowUp>,
    /// When the shopper is taken to have left.
    pub(super) until: u64,
    /// The seconds that the countdown shows; 0 while there is none.
    pub(super) countdown: u8,
}

impl Following {
    /// When the countdown begins or goes on, or the page ends.
    pub(super) const fn due_at(&self) -> u64 {
        match self.countdown {
            0 => self.until.saturating_sub(STILL_THERE_MS),
            seconds => self.until.saturating_sub((seconds as u64 - 1) * 1_000),
        }
    }

    /// What the countdown shows at `now`; 0 while there is time.
    pub(super) fn seconds_left(&self, now: u64) -> u8 {
        let left = self.until.saturating_sub(now);
        if left > STILL_THERE_MS { 0 } else { u8::try_from(left.div_ceil(1_000)).unwrap_or(0) }
    }
}
