//! Somebody at the desk of the screen.

use crate::kiosk::desk::sheets::sheet::Tab;

/// Somebody at the desk.
#[derive(Debug)]
pub(super) struct Session {
    /// Which one it is, so that what was fetched for the last one is not shown to this one.
    pub(super) number: u64,
    pub(super) is_in: bool,
    pub(super) tab: Tab,
    /// When the desk is closed, in milliseconds since boot.
    pub(super) until: u64,
    /// The buttons that were tried, worst face first.
    pub(super) tried: [bool; 5],
}
