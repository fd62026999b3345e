//! Everything in the archive as a file, for whoever wants to count for themselves.

use std::io::Write;

use super::archive::{Archive, Error};
use crate::wire::report::Reported;

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
