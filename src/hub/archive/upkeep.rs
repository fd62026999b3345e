//! Upkeep: whether the archive works, and which archive it is.
//!
//! Isolation: each method is one statement.

use super::error::Error;

/// Keeps the archive itself.
pub trait Upkeep {
    /// Writes to the archive without changing anything, to prove that deliveries can be stored.
    fn touch(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Draws a new epoch after the archive was restored from a backup, so that every kiosk offers
    /// again what it still holds.
    fn renew_epoch(&self) -> impl Future<Output = Result<(), Error>> + Send;
}
