//! Whether the kiosk runs, and what it says of itself.

use crate::finding::{Finding, fine, note, wrong};
use crate::wire::local::{Screen, Standing};

/// Who wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A person, for whom everything is tried.
    Person,
    /// The running kiosk, again and again: nothing is heard, written or sent for a trial.
    Itself,
}

/// What a doctor can know of the kiosk beside its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kiosk {
    /// It runs, and says how it is.
    Running(Standing),
    /// It does not run.
    Stopped,
    /// It runs and does not say how it is; the reason.
    Silent(String),
}

impl Kiosk {
    pub(super) const fn standing(&self) -> Option<&Standing> {
        match self {
            Self::Running(standing) => Some(standing),
            Self::Stopped | Self::Silent(_) => None,
        }
    }

    /// Whether it runs without a screen because it was started so.
    pub(super) fn is_headless(&self) -> bool {
        self.standing().is_some_and(|standing| standing.screen == Screen::Unwanted)
    }

    /// What the running kiosk says of one of its parts: that it goes on without it, and why.
    pub(super) fn lacks(&self, part: &str) -> Option<&str> {
        self.standing()?.away.get(part).map(String::as_str)
    }
}

/// Whether it runs and records.
pub(super) fn running(kiosk: &Kiosk) -> Finding {
    match kiosk {
        Kiosk::Running(standing) if standing.is_recording => {
            fine("kiosk: it runs and takes ratings")
        }
        Kiosk::Running(_) => wrong(
            "kiosk: it runs and does not record, since the card takes nothing: see the data folder \
             below, and `journalctl -u smilepost-kiosk`",
        ),
        Kiosk::Stopped => note(
            "kiosk: it does not run, so that screen, buttons and page were only looked at: \
             `sudo systemctl start smilepost-kiosk`, then ask again",
        ),
        Kiosk::Silent(why) => wrong(format!(
            "kiosk: it runs and does not say how it is ({why}): `sudo systemctl restart \
             smilepost-kiosk`"
        )),
    }
}
