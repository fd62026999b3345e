//! The shop's day as text, for a terminal.

use std::fmt::Write as _;

use crate::wire::desk::{Line, Summary, Sums, Verified};

/// The longest bar, in characters.
const BAR_CHARS: u32 = 40;

/// Writes a day so that it can be read standing: scores first, then the faces, then the hours.
#[must_use]
pub fn render(day: &Summary) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write(&mut out, day);
    out
}

fn write(out: &mut String, day: &Summary) -> std::fmt::Result {
    writeln!(out, "{} ({})\n", day.date, day.zone)?;
    if day.lines.len() > 1 {
        writeln!(out, "More than one question or wording: their scores do not compare.\n")?;
    }
    for line in &day.lines {
        if day.lines.len() > 1 {
            let text = line.text.as_deref().unwrap_or("no longer asked so");
            writeln!(out, "{}, version {}: {text}", line.question, line.version)?;
        }
        write_line(out, line)?;
    }
    let most = day.hours.iter().map(|hour| hour.n).max().unwrap_or(0);
    if most > 0 {
        writeln!(out, "Hour   Ratings  Happy")?;
    }
    for hour in &day.hours {
        let share = f64::from(hour.happy) * 100.0 / f64::from(hour.n.max(1));
        let bar = bar(hour.n, most);
        writeln!(out, "{:02}-{:02} {:>8} {share:>5.0}%  {bar}", hour.hour, hour.hour + 1, hour.n)?;
    }
    if most > 0 {
        writeln!(out)?;
    }
    for (reason, count) in &day.misuse {
        writeln!(out, "Not counted ({reason}): {count}")?;
    }
    if day.replaced > 0 {
        writeln!(out, "Corrected or taken back: {}", day.replaced)?;
    }
    if day.bounded > 0 {
        writeln!(out, "Time known between two limits: {}", day.bounded)?;
    }
    if day.uncertain > day.bounded {
        writeln!(out, "Time not known: {}", day.uncertain - day.bounded)?;
    }
    if day.set_aside > 0 {
        writeln!(out, "Set aside: {}", day.set_aside)?;
    }
    for notice in &day.notices {
        writeln!(out, "Please look: {notice}")?;
    }
    match day.waiting {
        0 => writeln!(out, "All sent to head office."),
        waiting => writeln!(out, "Waiting to be sent: {waiting}"),
    }
}

fn write_line(out: &mut String, line: &Line) -> std::fmt::Result {
    match (line.happy_index, line.csat, line.csat_interval) {
        (Some(index), Some(csat), Some((low, high))) => {
            writeln!(out, "Happy Index {index:.1} of 100")?;
            writeln!(out, "CSAT        {csat:.1} % happy (95 %: {low:.0} to {high:.0} %)")?;
            writeln!(out, "Ratings     {}\n", line.n)?;
        }
        _ => writeln!(out, "No ratings yet.\n")?,
    }
    let most = line.counts.iter().copied().max().unwrap_or(0);
    let numbers: Vec<String> = (1..=line.counts.len()).map(|n| n.to_string()).collect();
    let words = if line.words.is_empty() { &numbers } else { &line.words };
    let width = words.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    if line.words.is_empty() {
        writeln!(out, "Of {} faces, worst first", line.scale)?;
    }
    for (word, &count) in words.iter().zip(&line.counts) {
        writeln!(out, "{word:<width$} {count:>6}  {}", bar(count, most))?;
    }
    writeln!(out)
}

/// Writes whether the books hold, with the terms of the equation in columns.
#[must_use]
pub fn render_verified(verified: &Verified) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_verified(&mut out, verified);
    out
}

fn write_verified(out: &mut String, verified: &Verified) -> std::fmt::Result {
    let heading = ["taken", "settled", "waiting", "aside", "lost"];
    write!(out, "{:<32}", "run")?;
    heading.iter().try_for_each(|word| write!(out, " {word:>9}"))?;
    writeln!(out)?;
    for run in &verified.runs {
        write_sums(out, &run.run, &run.sums)?;
    }
    let listed = u64::try_from(verified.runs.len()).unwrap_or(u64::MAX);
    if verified.runs_in_all > listed {
        writeln!(out, "({} more runs, settled to their end)", verified.runs_in_all - listed)?;
    }
    write_sums(out, "in all", &verified.total)?;
    writeln!(out, "\n{} rows read, checksums compared", verified.rows)?;
    for aside in &verified.set_aside {
        writeln!(out, "set aside: {} {}: {}", aside.run, aside.n, aside.reason)?;
    }
    for file in &verified.bad_files {
        writeln!(out, "damaged and kept: {file}")?;
    }
    if verified.unknown_losses > 0 {
        let count = verified.unknown_losses;
        writeln!(out, "lost without a trace of how much: {count} damaged journals")?;
    }
    for complaint in &verified.complaints {
        writeln!(out, "{complaint}")?;
    }
    let verdict = if verified.holds { "holds" } else { "DOES NOT HOLD" };
    writeln!(out, "taken = settled + waiting + set aside + lost: {verdict}")
}

fn write_sums(out: &mut String, name: &str, sums: &Sums) -> std::fmt::Result {
    let Sums { taken, settled, waiting, set_aside, lost } = sums;
    write!(out, "{name:<32}")?;
    [taken, settled, waiting, set_aside, lost].iter().try_for_each(|n| write!(out, " {n:>9}"))?;
    writeln!(out)
}

fn bar(count: u32, most: u32) -> String {
    let eighths = u64::from(count) * u64::from(BAR_CHARS) * 8 / u64::from(most.max(1));
    let whole = usize::try_from(eighths / 8).unwrap_or(0);
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let part = usize::try_from(eighths % 8).ok().and_then(|eighth| part.get(eighth));
    format!("{}{}", "█".repeat(whole), part.unwrap_or(&""))
}
