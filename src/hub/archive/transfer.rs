//! The whole archive goes to another place: from one engine to the other, or into a backup.
//!
//! **A move** first holds the archive still where it is: from then on the database itself takes
//! nothing into it, whatever program writes, and whoever opens it is told where it goes. Then every
//! table is copied in the order of its key, a page in each transaction. What is there already says
//! how far it has come, so a move that was killed goes on there. Both ends have the same mark, so
//! that nothing is ever added to another move's half. At the end every row is read again at both
//! ends and compared, and so is what `reconcile` and `recount` say; only then the new place can be
//! opened by a hub. The old one stays as it is, held for ever or until somebody undoes it.
//!
//! **A backup** of PostgreSQL is copied in the same way out of one state that the hub goes on from.
//!
//! Memory: a page of rows of each end.

mod copying;
mod manner;
mod marks;
mod proving;
#[cfg(test)]
mod tests;

use self::copying::{Progress, Source};
pub use self::manner::{Error, Gone, Hearer, Manner, ROWS_AT_ONCE};
pub use self::marks::here_already;
use super::Archive;

/// Begins to move an archive into an empty one: from then on nothing is written into either by a
/// hub. Of a move that was begun, sees that it may go on.
///
/// # Errors
/// [`Error::Refused`] before anything is touched when the place is not empty, or the archive's own
/// tallies do not hold.
pub async fn begin(source: &Archive, target: &Archive, manner: &Manner) -> Result<(), Error> {
    marks::begin(source, target, manner).await
}

/// Moves an archive into an empty one, or goes on with that.
///
/// # Errors
/// As for [`begin`]; otherwise when something fails on the way, which the next call goes on with.
pub async fn move_all(source: &Archive, target: &Archive, manner: &Manner) -> Result<Gone, Error> {
    begin(source, target, manner).await?;
    let mut progress = Progress::over(source, target, manner).await?;
    copying::all(&mut Source::Still(source), target, &mut progress).await?;
    let rows = proving::rows(&mut Source::Still(source), target, &mut progress).await?;
    let gone = Gone { rows, ..proving::accounts(source, target, &mut progress).await? };
    source.goes_to(manner.to.clone(), true).await?;
    target.has_come().await?;
    Ok(gone)
}

/// Copies one state of an archive into one that was just made, while hubs go on with it; returns
/// how many rows there are.
///
/// # Errors
/// When the new archive is not empty, or something fails: then the copy is worth nothing.
pub async fn copy_state(source: &Archive, target: &Archive, manner: &Manner) -> Result<u64, Error> {
    target.come_from(manner.from.clone(), rand::random()).await?;
    let (to, manner) = (target.clone(), manner.clone());
    let rows = source.read_slowly("read the archive for a copy", move |tx| {
        Box::pin(async move {
            // What fails at the target is not this transaction's failure.
            let copied = async {
                let mut progress = Progress::of_state(tx, &manner).await?;
                let mut source = Source::State(tx);
                copying::all(&mut source, &to, &mut progress).await?;
                proving::rows(&mut source, &to, &mut progress).await
            };
            Ok(copied.await)
        })
    });
    let rows = rows.await??;
    target.has_come().await?;
    Ok(rows)
}

/// Lets an archive be used again that has gone or is going; returns where to, if it was.
///
/// # Errors
/// [`Error::Refused`] when it is a part of one that comes here; when the archive fails.
pub async fn undo(source: &Archive) -> Result<Option<String>, Error> {
    if let Some(half) = source.seen().await?.from {
        return Err(Error::Refused(format!(
            "here is only a part of the archive that comes from {}, and it is of no use without \
             the rest: --undo is for the place that it leaves, which hub.toml has to name",
            half.place
        )));
    }
    Ok(source.stay().await?)
}
