//! Everything in the archive as a file, for whoever wants to count for themselves, and the account
//! of what became of every event.

use std::fmt::Write as _;
use std::io::Write;

use super::archive::{Archive, Error};
use crate::wire::report::{Reconciled, Reported};

/// How many events are read in one go.
const EVENTS_MAX: usize = 1_000;

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values with a heading.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Writes every event, in the order of runs and numbers; returns how many.
///
/// # Errors
/// When the archive cannot be read or the file not be written.
pub async fn export<A: Archive>(
    archive: &A,
    format: Format,
    out: impl Write,
) -> Result<u64, Error> {
    let failed = |error: std::io::Error| Error::new("write the export", error);
    let mut sheet = match format {
        Format::Csv => Sheet::Csv(Box::new(csv::Writer::from_writer(out))),
        Format::Jsonl => Sheet::Jsonl(out),
    };
    let (mut after, mut count) = ((0, 0), 0);
    loop {
        let page = archive.page(after, EVENTS_MAX).await?;
        let Some((cursor, _)) = page.last() else {
            sheet.finish().map_err(failed)?;
            return Ok(count);
        };
        after = *cursor;
        for (_, event) in &page {
            sheet.write(event).map_err(failed)?;
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

enum Sheet<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

impl<W: Write> Sheet<W> {
    fn write(&mut self, event: &Reported) -> std::io::Result<()> {
        match self {
            Self::Csv(writer) => writer.serialize(event).map_err(std::io::Error::other),
            Self::Jsonl(out) => {
                serde_json::to_writer(&mut *out, event)?;
                out.write_all(b"\n")
            }
        }
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Jsonl(mut out) => out.flush(),
        }
    }
}
