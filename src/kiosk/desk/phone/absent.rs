//! The stand-in for the page for phones, in a build without the feature `phone`.

use std::path::Path;

use super::talk::{Busy, Error, Request};
use crate::kiosk::desk::counts::clerk::ClerkThread;
use crate::kiosk::desk::sheets::sheet::Address;
use crate::kiosk::settings::PhoneListen;

/// The page, which this build does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phone {}

impl Phone {
    /// Opens nothing.
    ///
    /// # Errors
    /// Always: [`Error::NotBuilt`] says what to do.
    pub fn open(
        _listen: &PhoneListen,
        _data_dir: &Path,
        _told_ms: i64,
        _clerk: ClerkThread,
        _ask: impl Fn(Request) -> Result<(), Busy> + Send + Sync + 'static,
        _tell: impl Fn(Option<String>) + Send + 'static,
    ) -> Result<Self, Error> {
        Err(Error::NotBuilt)
    }

    /// Where the page is; always empty.
    #[must_use]
    pub const fn address(&self) -> Address {
        match *self {}
    }
}

/// No QR code: there is no address to show.
#[must_use]
pub const fn qr_code(_text: &str) -> Option<(usize, Vec<bool>)> {
    None
}
