//! The errors of commands.

use crate::escape::Plain;
use crate::hub::archive;
use crate::secret::pin;

/// Why a command fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is invalid; the sentence says why, and what is valid.
    #[error("{0}")]
    Invalid(String),
    /// The PIN cannot be used.
    #[error(transparent)]
    Pin(#[from] pin::Unusable),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] archive::Error),
}

impl Error {
    pub(super) fn no_shop(id: &str) -> Self {
        let cure = "`smilepost-hub shop list` prints the short names";
        Self::Invalid(format!("there is no shop {}; {cure}", Plain(id)))
    }

    pub(super) fn no_kiosk(id: &str) -> Self {
        let cure = "`smilepost-hub kiosk list` prints the short names";
        Self::Invalid(format!("there is no kiosk {}; {cure}", Plain(id)))
    }
}
