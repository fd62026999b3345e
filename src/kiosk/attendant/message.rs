//! What the attendant is told, and what it has the screen show.

use std::sync::Arc;

use crate::feedback::answer::{FollowUp, Reply};
use crate::feedback::note::Noted;
use crate::feedback::rating::{Input, Score};
use crate::feedback::survey::Survey;
use crate::feedback::survey::schedule::Hours;
use crate::feedback::visit::{Attending, Press};
use crate::feedback::zone::Zone;
use crate::finding::Finding;
use crate::kiosk::buttons;
use crate::kiosk::desk::phone::talk;
use crate::kiosk::desk::sheets::sheet::{Office, Sheet, Tap};
use crate::kiosk::display::DisplayTexts;
use crate::kiosk::journal::Outcome;
use crate::wire::local::Carried;

/// Everything that the attendant is told.
#[derive(Debug)]
pub enum Message {
    /// A face was pressed by a program.
    Pressed(Press),
    /// The face in this place was pressed on the screen or the keyboard, 1 being the worst.
    Face(u8, Input),
    /// A follow-up was answered or skipped.
    Answered(FollowUp, Reply),
    /// The screen was touched without anything being answered.
    Touched,
    /// The shopper chose this one of the languages that are offered.
    Chose(u8),
    /// The shopper asked for more time.
    MoreTime,
    /// The shopper wants to hear the question.
    Speak,
    /// Head office has another survey.
    Surveyed(Box<Survey>),
    /// The rules of the shop's time zone are other ones from now on.
    Moved(Zone),
    /// The kiosk stands at this touchpoint from now on, in a shop with these hours.
    Placed(String, Option<Hours>),
    /// The shopper tapped "Pressed the wrong one?".
    Reconsidered,
    /// The buttons have something to tell.
    Buttons(buttons::Notice),
    /// Somebody does something at the desk.
    Desk(Tap),
    /// The clerk has written a sheet, for the session with this number.
    Sheet(u64, Box<Sheet>),
    /// Whether the post usually has presses at this time.
    Usual(bool),
    /// The page for phones asks for something.
    Phone(talk::Request),
    /// A part of the kiosk is away, and why; or it is there.
    Away(&'static str, Option<String>),
    /// What was found when the kiosk was examined, the worst first.
    Found(Vec<Finding>),
    /// A display has come after the start, and only a new start can use it.
    DisplayFound,
    /// The uplink reports how head office can be reached.
    Office(Office),
    /// The shopper asks for somebody to come.
    AskedForHelp,
    /// The shopper stops waiting for somebody.
    Left,
    /// A stick was written, or could not be: the result, or the reason.
    Carried(Result<Carried, String>),
    /// The shop manager's text for shoppers has been looked up; none where there is none.
    Noticed(Option<Noted>),
    /// The journal reports the outcome of a request.
    Journal(Outcome),
    /// Somebody wants the kiosk to end: a signal, or the window was closed.
    Stopped,
}

/// Somebody in the shop is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summons {
    /// A shopper asks for somebody.
    Call,
    /// Nobody came to a shopper who asked.
    Missed,
    /// Many shoppers are unhappy.
    Unhappy,
    /// Nobody has pressed for so many hours, which is unusual.
    Quiet(u64),
}

impl Summons {
    /// How many kinds there are.
    pub(super) const KINDS: usize = 4;

    /// Which of the kinds it is.
    pub(super) const fn kind(self) -> usize {
        match self {
            Self::Call => 0,
            Self::Missed => 1,
            Self::Unhappy => 2,
            Self::Quiet(_) => 3,
        }
    }
}

/// What the screen shows.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// The question.
    Ask(Arc<DisplayTexts>),
    /// The invitation.
    Invite(Arc<DisplayTexts>),
    /// A follow-up, with the reasons of happy shoppers or of the others.
    Follow {
        /// What is asked.
        page: FollowUp,
        /// Whether the face was one of the happy ones.
        is_happy: bool,
        /// The words that go with it.
        words: Arc<DisplayTexts>,
    },
    /// "Still there?", with so many seconds left; 0 takes it back.
    StillThere(u8),
    /// The shop is closed.
    Close,
    /// Nothing, on a panel that is off.
    Dark,
    /// The question, with this face pressed.
    Pressed(Score),
    /// The thank-you, and whether it offers that somebody come.
    Thanks(bool),
    /// What became of the shopper's call.
    Attend(Attending),
    /// The post is not recording.
    Rest,
    /// The shop manager's desk.
    Desk(Box<Sheet>),
    /// The mark that tells the shop manager of an alert, on whatever else is shown.
    Alert(bool),
}
