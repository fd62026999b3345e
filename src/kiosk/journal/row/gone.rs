//! What is left of an event that was let go of: a row with its number and nothing that was said.
//!
//! The row stays, since the rows tell how far a run has come and where the next one goes. To a
//! program from before this it is an event of a kind that only a newer one knows: whole, never sent
//! and never counted as lost. No event will ever be of this kind.

use rusqlite::{Connection, params};

use super::Columns;
use crate::feedback::rating::RatingId;

/// The kind of such a row.
pub(in crate::kiosk::journal) const KIND: &str = "gone";

/// Whether a row of the table `event` is any other.
pub(in crate::kiosk::journal) const IS_THERE: &str = "event.kind is not 'gone'";

/// Leaves of a row its identity and its place.
pub(in crate::kiosk::journal) fn empty(
    connection: &Connection,
    row: i64,
    id: RatingId,
    (boot_ms, wall_ms): (i64, i64),
) -> rusqlite::Result<()> {
    let columns = Columns { boot_ms, wall_ms, kind: Some(KIND.to_owned()), ..Columns::default() };
    let sql = "update event set score = null, scale = null, input = null, question = null, \
               misuse = null, misuse_rule = null, replaces = null, content = null, \
               boot_ms = ?, wall_ms = ?, kind = ?, crc = ? where row = ?";
    let crc = columns.checksum_of_texts(id, None);
    connection.prepare_cached(sql)?.execute(params![boot_ms, wall_ms, KIND, crc, row])?;
    Ok(())
}
