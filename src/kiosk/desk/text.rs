//! The shop's day as text, for a terminal.

use std::fmt::Write as _;

use crate::wire::desk::Summary;

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
    match (day.happy_index, day.csat, day.csat_interval) {
        (Some(index), Some(csat), Some((low, high))) => {
            writeln!(out, "Happy Index {index:.1} of 100")?;
            writeln!(out, "CSAT        {csat:.1} % happy (95 %: {low:.0} to {high:.0} %)")?;
            writeln!(out, "Ratings     {}\n", day.n)?;
        }
        _ => writeln!(out, "No ratings yet.\n")?,
    }
    for faces in &day.faces {
        let most = faces.counts.iter().copied().max().unwrap_or(0);
        let numbers: Vec<String> = (1..=faces.counts.len()).map(|n| n.to_string()).collect();
        let words = if faces.words.is_empty() { &numbers } else { &faces.words };
        let width = words.iter().map(|word| word.chars().count()).max().unwrap_or(0);
        if faces.words.is_empty() {
            writeln!(out, "Of {} faces, worst first", faces.scale)?;
        }
        for (word, &count) in words.iter().zip(&faces.counts) {
            writeln!(out, "{word:<width$} {count:>6}  {}", bar(count, most))?;
        }
        writeln!(out)?;
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
        writeln!(out, "Corrected by the shopper: {}", day.replaced)?;
    }
    if day.uncertain > 0 {
        writeln!(out, "Time not certain: {}", day.uncertain)?;
    }
    if day.set_aside > 0 {
        writeln!(out, "Set aside: {}", day.set_aside)?;
    }
    match day.waiting {
        0 => writeln!(out, "All sent to head office."),
        waiting => writeln!(out, "Waiting to be sent: {waiting}"),
    }
}

fn bar(count: u32, most: u32) -> String {
    let eighths = u64::from(count) * u64::from(BAR_CHARS) * 8 / u64::from(most.max(1));
    let whole = usize::try_from(eighths / 8).unwrap_or(0);
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let part = usize::try_from(eighths % 8).ok().and_then(|eighth| part.get(eighth));
    format!("{}{}", "█".repeat(whole), part.unwrap_or(&""))
}
