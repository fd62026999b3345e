//! Who may move where.

use super::manner::{Error, Manner};
use crate::hub::archive::Archive;

/// Holds the archive still and claims the place that it goes to; of a move that was begun, sees
/// that both are so.
pub(super) async fn begin(
    source: &Archive,
    target: &Archive,
    manner: &Manner,
) -> Result<(), Error> {
    let (old, new) = (source.seen().await?, target.seen().await?);
    let Manner { from, to, .. } = manner;
    if let Some(half) = old.from {
        return Err(Error::Refused(format!(
            "{from} holds half of an archive that is on its way there from {}: that move has to \
             come to its end first",
            half.place
        )));
    }
    let mark = match (old.to, new.from) {
        (Some(ours), Some(theirs)) if ours.mark == theirs.mark => return Ok(()),
        (Some(ours), _) if ours.is_done => {
            return Err(Error::Refused(format!(
                "the archive has gone to {} already: nothing is left to be done here",
                ours.place
            )));
        }
        (_, Some(theirs)) => {
            return Err(Error::Refused(format!(
                "{to} holds half of another move (from {}): nothing was touched; give it an empty \
                 one",
                theirs.place
            )));
        }
        (_, None) if old.epoch.is_some() && old.epoch == new.epoch => {
            return Err(Error::Refused(here_already(to)));
        }
        (ours, None) => {
            if let Some(table) = new.full {
                return Err(Error::Refused(format!(
                    "{to} is not empty, its table {table} holds something: nothing was touched; \
                     give it an empty one"
                )));
            }
            ours.map(|ours| ours.mark)
        }
    };
    let Some(mark) = mark else {
        prove_tallies(source).await?;
        let mark = source.leave_for(to.clone()).await?;
        let claimed = target.come_from(from.clone(), mark).await;
        // What may have happened there all the same goes on with the next call.
        if claimed.as_ref().is_err_and(|error| !error.is_late()) {
            source.stay().await?;
        }
        return Ok(claimed?);
    };
    source.goes_to(to.clone(), false).await?;
    Ok(target.come_from(from.clone(), mark).await?)
}

/// What is said where an archive would go to where it is.
#[must_use]
pub fn here_already(to: &str) -> String {
    format!(
        "the archive is in {to} already, or a copy of it, and nothing was touched: hub.toml has to \
         name the place that it leaves, and --to an empty one"
    )
}

/// Tallies that are wrong would be found wrong at the end, hours later.
async fn prove_tallies(source: &Archive) -> Result<(), Error> {
    for (_, kiosk) in source.kiosk_numbers().await? {
        if !source.recount(kiosk.clone()).await?.wrong.is_empty() {
            return Err(Error::Refused(format!(
                "the tallies of {kiosk} are not what its events count, and nothing was touched: \
                 `smilepost-hub recount --mend` first"
            )));
        }
    }
    Ok(())
}
