//! Carried deliveries: the files that were taken whole, each with its receipt.
//!
//! Isolation: each method is one statement. A file that is taken twice at once is noted once, and
//! its events are stored once whatever is noted.

use super::error::Error;

/// Keeps the files that were taken.
pub trait CarriedFiles {
    /// When a kiosk's file with this nonce was taken, in milliseconds since 1970 UTC, and the
    /// receipt for it; none when it was not taken yet.
    fn carried(
        &self,
        kiosk: String,
        nonce: String,
    ) -> impl Future<Output = Result<Option<(i64, String)>, Error>> + Send;

    /// Notes that a file was taken whole, with the receipt for it.
    fn note_carried(
        &self,
        nonce: String,
        kiosk: String,
        taken_ms: i64,
        receipt: String,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}
