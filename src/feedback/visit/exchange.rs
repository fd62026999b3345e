//! The inputs and effects of a visit: what it is told, and what the shell must do.

use crate::feedback::answer::{Answer, FollowUp, Reply};
use crate::feedback::misuse::Verdict;
use crate::feedback::rating::{Input, Score};

/// A face that was pressed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// The face.
    pub score: Score,
    /// What was pressed.
    pub input: Input,
}

/// What the journal has kept, as far as a visit can wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A rating with this score.
    Rating(Score),
    /// An answer to this follow-up.
    Answer(FollowUp),
    /// A shopper's call for somebody.
    Call,
}

/// Whom the thank-you offers to call somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Offer {
    /// No one.
    #[default]
    Nobody,
    /// Each shopper.
    Everybody,
    /// Whoever pressed an unhappy face.
    Unhappy,
}

/// What a shopper who asked for somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attending {
    /// Somebody was asked to come.
    Asked,
    /// Somebody is on the way.
    Coming,
    /// Nobody can come.
    Nobody,
}

/// What a visit is told: something that happened, or that time went by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cue {
    /// A shopper pressed a face.
    Pressed(Press),
    /// The button of this face was held for too long to be a press.
    Held(Score),
    /// The shopper answered the follow-up on the screen, or skipped it.
    Answered(FollowUp, Reply),
    /// The shopper touched the screen without answering anything, as typing does.
    Touched,
    /// The shopper chose this one of the survey's languages.
    Chose(u8),
    /// The shopper asked for more time.
    MoreTime,
    /// The shop closes.
    Closed,
    /// The shop opens.
    Opened,
    /// There is something else to ask.
    Renewed,
    /// Something is on disk. It ends what is under way only if it is what the visit waits for.
    Kept {
        /// Its number in the run.
        n: u32,
        /// What was kept.
        what: Kept,
    },
    /// The rating or the answer under way could not be written.
    NotKept,
    /// The shopper tapped "Pressed the wrong one?".
    Reconsidered,
    /// The shopper tapped to call somebody.
    AskedForHelp,
    /// Somebody is on the way to the shopper who waits.
    Coming,
    /// Nobody can come to the shopper who waits.
    Missed,
    /// The shopper waits no longer.
    Left,
    /// The journal takes ratings again.
    Recovered,
    /// The journal had to begin a new run, in which the numbers of the last one mean nothing.
    NewRun,
    /// Time went by.
    Ticked,
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Show at once that this face was pressed.
    Light(Score),
    /// Write this rating to disk and come back with [`Cue::Kept`] or [`Cue::NotKept`].
    Keep(Keep),
    /// Write this answer to disk and come back with [`Cue::Kept`] or [`Cue::NotKept`].
    KeepAnswer(KeepAnswer),
    /// Write to disk that a shopper asked for somebody, and come back with [`Cue::Kept`] or
    /// [`Cue::NotKept`].
    KeepCall {
        /// When, on the boot's axis.
        at_ms: u64,
    },
    /// Thank the shopper; the same for every face.
    Thank {
        /// The rating's number in the run.
        n: u32,
        /// The face, for the record; the shopper is not shown it.
        score: Score,
    },
    /// Show the question, in [`super::Visit::language`].
    Ask,
    /// Show the invitation.
    Invite,
    /// Ask this after the rating. `is_happy` says which reasons go with it.
    Follow {
        /// What to ask.
        page: FollowUp,
        /// Whether the face was one of the happy ones.
        is_happy: bool,
    },
    /// Tell the shopper who asked for somebody what became of it.
    Attend(Attending),
    /// Ask whether the shopper is still there: so many seconds are left. 0 takes that back.
    StillThere(u8),
    /// Say that the shop is closed.
    Close,
    /// Say that the post is not recording.
    Rest,
    /// Nothing is done about this press, because too many wait already; say so in the log.
    Ignore(Press),
}

/// A rating to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The face.
    pub score: Score,
    /// What was pressed.
    pub input: Input,
    /// When, on the boot's axis.
    pub at_ms: u64,
    /// Whether it counts.
    pub verdict: Verdict,
    /// The number of the rating that it corrects or takes back.
    pub replaces: Option<u32>,
}

/// An answer to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepAnswer {
    /// The number of the rating that it belongs to.
    pub to: u32,
    /// What was asked, and what came of it.
    pub answer: Answer,
    /// When, on the boot's axis.
    pub at_ms: u64,
}
