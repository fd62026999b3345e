//! Upkeep: whether the archive works, and which archive it is.
//!
//! Isolation: each method is one statement; a rehearsal is two transactions.

use super::error::Error;

/// Keeps the archive itself.
pub trait Upkeep {
    /// Stores as much as a large delivery brings, and deletes it again, to prove that deliveries
    /// can be stored; returns how many bytes its disk has left then.
    fn rehearse(&self) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Draws a new epoch after the archive was restored from a backup, so that every kiosk offers
    /// again what it still holds.
    fn renew_epoch(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// The address to which kiosks are to move, if there is one.
    fn moves_to(&self) -> impl Future<Output = Result<Option<String>, Error>> + Send;

    /// Has kiosks move to an address, or to none any more.
    fn move_to(&self, address: Option<String>) -> impl Future<Output = Result<(), Error>> + Send;
}
