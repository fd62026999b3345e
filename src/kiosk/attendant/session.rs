//! A session at the desk on the screen.

use crate::kiosk::desk::sheets::sheet::Tab;

/// Somebody at the desk.
#[derive(Debug)]
pub(super) struct Session {
    /// The session's number, so that a sheet for an earlier session is not shown in this one.
    pub(super) number: u64,
    pub(super) is_in: bool,
    pub(super) tab: Tab,
    /// When the desk is closed, in milliseconds since boot.
    pub(super) until: u64,
    /// The buttons that were tried, worst face first.
    pub(super) tried: [bool; 5],
}
