//! Everything in the archive as a file, for whoever wants to count for themselves, and the account
//! of what became of every event.

use std::fmt::Write as _;

use crate::hub::archive::{Archive, Error};
use crate::wire::report::{Reconciled, Reported};

/// How many events are read in one go.
const EVENTS_MAX: usize = 1_000;

/// Hands every event to `take`, in the order of runs and numbers; returns how many.
///
/// # Errors
/// When the archive cannot be read, or `take` fails.
pub async fn export<A: Archive>(
    archive: &A,
    mut take: impl FnMut(&Reported) -> std::io::Result<()>,
) -> Result<u64, Error> {
    let (mut after, mut count) = ((0, 0), 0);
    loop {
        let page = archive.page(after, EVENTS_MAX).await?;
        let Some((cursor, _)) = page.last() else {
            return Ok(count);
        };
        after = *cursor;
        for (_, event) in &page {
            take(event).map_err(|error| Error::new("write the export", error))?;
            count += 1;
        }
    }
}

/// Writes accounts as text, the terms of the equation in columns.
#[must_use]
pub fn accounts(accounts: &[Reconciled]) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_accounts(&mut out, accounts);
    out
}

fn write_accounts(out: &mut String, accounts: &[Reconciled]) -> std::fmt::Result {
    write!(out, "{:<32}", "kiosk")?;
    let heading = ["taken", "stored", "aside", "lost", "missing"];
    heading.iter().try_for_each(|word| write!(out, " {word:>9}"))?;
    writeln!(out)?;
    for account in accounts {
        let Reconciled { taken, stored, set_aside, lost, missing, told, .. } = account;
        write!(out, "{:<32}", account.kiosk)?;
        [taken, stored, set_aside, lost, missing]
            .iter()
            .try_for_each(|n| write!(out, " {n:>9}"))?;
        let verdict = if account.holds { "holds" } else { "DOES NOT HOLD" };
        writeln!(out, "  {verdict}")?;
        if *missing > 0 || !account.holds {
            let (waiting, aside) = (told.waiting, told.set_aside);
            writeln!(out, "  the kiosk said that {waiting} wait and {aside} are set aside")?;
        }
        for run in &account.runs {
            for (what, ranges) in
                [("missing", &run.missing), ("lost", &run.lost), ("set aside", &run.set_aside)]
            {
                if !ranges.is_empty() {
                    writeln!(out, "  run {}: {what} {}", run.run, listed(ranges))?;
                }
            }
        }
    }
    writeln!(out, "taken = stored + set aside + lost + missing, by the hub's own count")
}

fn listed(ranges: &[(u32, u32)]) -> String {
    let range = |&(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}
