//! The export of every event in the archive, for people who want to count for themselves.

use crate::hub::archive::{Archive, Error};
use crate::wire::report::Reported;

/// How many events are read at once.
const EVENTS_MAX: usize = 1_000;

/// Passes every event to `take`, in the order of runs and numbers; returns how many there are.
///
/// # Errors
/// When the archive cannot be read, or `take` fails.
pub async fn export<A: Archive>(
    archive: &A,
    mut take: impl FnMut(&Reported) -> std::io::Result<()>,
) -> Result<u64, Error> {
    let mut after = (0, 0);
    let mut count = 0;
    loop {
        let rows = archive.page(after, EVENTS_MAX).await?;
        let Some((cursor, _)) = rows.last() else {
            return Ok(count);
        };
        after = *cursor;
        for (_, event) in &rows {
            take(event).map_err(|error| Error::new("write the export", error))?;
            count += 1;
        }
    }
}
