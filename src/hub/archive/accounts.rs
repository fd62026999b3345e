//! Accounts: what became of everything that kiosks have taken.
//!
//! Isolation: [`Accounts::reconcile`] reads one state of the archive from its first statement to
//! its last, since deliveries arrive meanwhile.

use super::error::Error;
use crate::wire::report::Reconciled;

/// Accounts for events.
pub trait Accounts {
    /// What became of everything that a kiosk has taken, by the archive's own count.
    fn reconcile(&self, kiosk: String) -> impl Future<Output = Result<Reconciled, Error>> + Send;

    /// How many events came again with other content.
    fn conflicts(&self) -> impl Future<Output = Result<u64, Error>> + Send;
}
