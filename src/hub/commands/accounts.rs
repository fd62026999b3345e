//! The account of every event that kiosks have taken, as text.

use std::fmt::Write as _;

use super::error::Error;
use super::names;
use crate::hub::archive::Archive;
use crate::wire::report::Reconciled;

/// The account of one kiosk, or of all.
///
/// # Errors
/// When there is no such kiosk, or the archive fails.
pub async fn of(archive: &Archive, kiosk: Option<&str>) -> Result<Vec<Reconciled>, Error> {
    let chosen = match kiosk {
        Some(kiosk) => vec![names::kiosk(archive, kiosk).await?.id],
        None => archive.kiosks().await?.into_iter().map(|status| status.kiosk.id).collect(),
    };
    let mut accounts = Vec::new();
    for id in chosen {
        accounts.push(archive.reconcile(id).await?);
    }
    Ok(accounts)
}

/// Writes accounts as text, the terms of the equation in columns.
#[must_use]
pub fn text(accounts: &[Reconciled]) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_accounts(&mut out, accounts);
    out
}

fn write_accounts(out: &mut String, accounts: &[Reconciled]) -> std::fmt::Result {
    write!(out, "{:<32}", "kiosk")?;
    let heading = ["taken", "stored", "deleted", "aside", "lost", "missing"];
    heading.iter().try_for_each(|word| write!(out, " {word:>9}"))?;
    writeln!(out)?;
    for account in accounts {
        let Reconciled { taken, stored, deleted, set_aside, lost, missing, told, .. } = account;
        write!(out, "{:<32}", account.kiosk)?;
        [taken, stored, deleted, set_aside, lost, missing]
            .iter()
            .try_for_each(|n| write!(out, " {n:>9}"))?;
        let verdict = if account.holds { "holds" } else { "DOES NOT HOLD" };
        writeln!(out, "  {verdict}")?;
        if *missing > 0 || !account.holds {
            let waiting = told.waiting;
            let aside = told.set_aside;
            writeln!(out, "  the kiosk reported {waiting} waiting and {aside} set aside")?;
            if told.given_up > 0 {
                let given_up = told.given_up;
                writeln!(out, "  {given_up} were given up when the board left for another place")?;
            }
        }
        for run in &account.runs {
            for (what, ranges) in [
                ("missing", &run.missing),
                ("lost", &run.lost),
                ("set aside", &run.set_aside),
                ("deleted", &run.deleted),
            ] {
                if !ranges.is_empty() {
                    writeln!(out, "  run {}: {what} {}", run.run, listed(ranges))?;
                }
            }
        }
    }
    writeln!(out, "taken = stored + deleted + set aside + lost + missing, by the hub's own count")
}

fn listed(ranges: &[(u32, u32)]) -> String {
    let range = |&(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}
