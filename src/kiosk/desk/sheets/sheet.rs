//! The sheets of the desk on the screen, and what a shop manager does with them.

use std::collections::BTreeMap;

use crate::feedback::alert::{Alert, Over};
use crate::feedback::call::{Call, Called};
use crate::feedback::note::Noted;
use crate::feedback::rating::RatingId;
use crate::finding::{Finding, State};
use crate::kiosk::journal::Books;
use crate::kiosk::pin::Denied;
use crate::wire::local::{Carried, Screen, Summary};

/// One of the sheets behind the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The day so far.
    Today,
    /// The last weeks.
    Days,
    /// What shoppers said.
    Why,
    /// The health of the kiosk.
    Health,
    /// The notes.
    Notes,
}

/// A PIN on its way to the clerk; no log shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entered(pub String);

impl std::fmt::Debug for Entered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entered")
    }
}

/// What somebody does at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tap {
    /// The long press that opens the desk.
    LongPressed,
    /// A PIN was entered.
    Entered(Entered),
    /// Another tab was chosen.
    Turned(Tab),
    /// A note was written; one about an alert takes it on or says what came of it, one about a
    /// call says what came of that.
    Noted(Noted),
    /// Somebody goes to the shopper who called.
    Coming,
    /// The stick should be written.
    Carried,
    /// The desk is left.
    Left,
    /// The screen was touched.
    Touched,
}

/// A sheet, with everything that stands on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Sheet {
    /// The pad that asks for the PIN.
    Pad(Pad),
    /// The ratings are still being counted.
    Counting,
    /// [`Tab::Today`], with the alerts that stand.
    Today(Box<Summary>, Alerts),
    /// [`Tab::Days`].
    Days(Box<Summary>),
    /// [`Tab::Why`].
    Why(Box<Summary>),
    /// [`Tab::Health`].
    Health(Box<Health>),
    /// [`Tab::Notes`].
    Notes(Notes),
}

impl Sheet {
    /// Whether it is one of those behind the PIN.
    #[must_use]
    pub const fn is_behind_the_pin(&self) -> bool {
        !matches!(self, Self::Pad(_))
    }
}

/// What the pad says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pad {
    /// The PIN is asked for.
    Asked,
    /// It was the wrong one; so many tries are left.
    Wrong(u32),
    /// No PIN is checked for so many seconds.
    Wait(u32),
    /// No PIN was set.
    Unset,
}

impl From<Denied> for Pad {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unset => Self::Unset,
            Denied::Wrong { left } => Self::Wrong(left),
            Denied::Wait { ms } => {
                Self::Wait(u32::try_from(ms.div_ceil(1_000)).unwrap_or(u32::MAX))
            }
        }
    }
}

/// What somebody should look at now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// Many shoppers are unhappy.
    pub unhappy: Option<Alert>,
    /// Many were, somebody had it, and what came of it is still to be told.
    pub over: Option<Over>,
    /// Nobody has pressed for so many hours, which is unusual.
    pub quiet_h: Option<u64>,
    /// A shopper has asked for somebody.
    pub call: Option<Call>,
    /// When, by the shop's clocks, in minutes after midnight; none while the time is unknown.
    pub called_at: Option<u16>,
}

impl Alerts {
    /// When a shopper asked, such as `14:05`; empty where that is not known.
    #[must_use]
    pub fn called_at(&self) -> String {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        self.called_at.map_or_else(String::new, clock)
    }

    /// Whether somebody should come and look: not while somebody is on the way.
    #[must_use]
    pub fn are_raised(&self) -> bool {
        let is_called = self.call.is_some_and(|call| call.called != Called::Coming);
        self.unhappy.is_some() || self.quiet_h.is_some() || is_called
    }
}

/// The notes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The newest first.
    pub written: Vec<Written>,
    /// What shoppers are shown, if anything.
    pub notice: Option<Noted>,
}

/// A note on the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// By which it is mended or withdrawn.
    pub id: RatingId,
    /// Its day and time by the shop's clocks.
    pub when: String,
    /// What it says by now.
    pub noted: Noted,
}

impl Written {
    /// Its name in a form, or on the screen.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{}", self.id.run, self.id.n)
    }
}

/// The note with this name, which [`Written::name`] made.
#[must_use]
pub fn note_named(name: &str) -> Option<RatingId> {
    let (run, n) = name.split_once('-')?;
    Some(RatingId { run: run.parse().ok()?, n: n.parse().ok()? })
}

/// The health of the kiosk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// How the journal's books stand.
    pub books: Books,
    /// The buttons that may be broken, 1 being the worst face, each with how often the others were
    /// pressed since it was.
    pub silent: Vec<(u8, u32)>,
    /// Whether ratings are taken.
    pub is_recording: bool,
    /// What is known of head office; nothing if the kiosk is not enrolled.
    pub office: Option<Office>,
    /// What the kiosk goes on without, and why, by the names of its parts.
    pub away: BTreeMap<String, String>,
    /// Whether the question is shown on a screen.
    pub screen: Screen,
    /// What was found when the kiosk was last examined, the worst first.
    pub findings: Vec<Finding>,
    /// Whether this boot has an anchor.
    pub is_clock_known: bool,
    /// Whether the shop's time zone is unknown, so that its days are those of UTC.
    pub is_zone_unknown: bool,
    /// The pictures of the faces that are asked, worst first, and whether their buttons were
    /// pressed since the sheet was opened.
    pub buttons: Vec<(u8, bool)>,
    /// Where the page for phones is, if there is one.
    pub phone: Option<Address>,
    /// The USB stick, if one is there.
    pub stick: Stick,
    /// How many wrong tries there were at the present PIN, wherever.
    pub wrong_tries: u64,
}

/// Of which parts the sheet has sentences of its own, in the manager's language.
const SAID: [&str; 4] = ["kiosk", "clock", "head office", "time zone"];

impl Health {
    /// The findings that are worth a line, the worst first. What the sheet's own sentences say of
    /// the card, the clock, the zone and head office is not said twice; what cures a failure of
    /// these is.
    pub fn to_do(&self) -> impl Iterator<Item = &Finding> {
        let is_said = |finding: &Finding| match finding.state {
            State::Fine => true,
            State::Note => SAID.contains(&finding.part()),
            State::Wrong => finding.part() == "kiosk",
        };
        self.findings.iter().filter(move |finding| !is_said(finding))
    }
}

/// The page's address and its certificate's fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Such as `https://192.168.1.20:8443/`.
    pub url: String,
    /// The SHA-256 of the certificate, in hexadecimal, two digits at a time.
    pub fingerprint: String,
}

/// The USB stick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stick {
    /// There is no stick, or no stick with the folder for it.
    #[default]
    None,
    /// One is there.
    Found,
    /// It is being written.
    Writing,
    /// It was written: the result.
    Written(Carried),
    /// It could not be written: the reason.
    Failed(String),
}

/// What the uplink reports about head office.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Office {
    /// Why ratings cannot be delivered; none if they can.
    pub trouble: Option<String>,
    /// When head office last answered as it should, in milliseconds since boot.
    pub confirmed_ms: Option<u64>,
    /// Whether its clock and what is known of the time here contradict each other.
    pub is_clock_apart: bool,
    /// The time zone by which it counts the shop's days, if it is another than here.
    pub other_zone: Option<String>,
}
