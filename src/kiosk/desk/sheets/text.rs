//! The shop's day as text, for a terminal.

use std::fmt::Write as _;

use super::shown;
use crate::escape::Plain;
use crate::feedback::tally::HIDDEN_BELOW;
use crate::wire::local::{
    Against, Beside, Day, FormerSums, Hour, Line, Said, Summary, Sums, Verified,
};

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
    match &day.until {
        Some(until) => writeln!(out, "{} to {until} ({})\n", day.date, day.zone)?,
        None => writeln!(out, "{} ({})\n", day.date, day.zone)?,
    }
    if day.hidden {
        writeln!(out, "Questions with fewer than {HIDDEN_BELOW} ratings are not shown.\n")?;
    }
    if day.lines.len() > 1 {
        writeln!(out, "More than one question or wording: their scores do not compare.\n")?;
    }
    for line in &day.lines {
        if day.lines.len() > 1 {
            let text = line.text.as_deref().unwrap_or("no longer asked so");
            writeln!(out, "{}, version {}: {}", Plain(&line.question), line.version, Plain(text))?;
        }
        write_line(out, line)?;
    }
    if let Some(compared) = &day.compared {
        write_compared(out, compared)?;
    }
    write_beside(out, &day.beside)?;
    write_hours(out, &day.hours)?;
    write_said(out, &day.reasons)?;
    if let (Some(nps), Some((low, high))) = (day.nps, day.nps_interval) {
        writeln!(out, "NPS {nps:+.0} of {} answers (95 %: {low:+.0} to {high:+.0})\n", day.nps_n)?;
    }
    write_days(out, &day.days)?;
    for (reason, count) in &day.misuse {
        writeln!(out, "Not counted ({}): {count}", Plain(reason))?;
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
    if day.late > 0 {
        writeln!(out, "Dated only after their day was over: {}", day.late)?;
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

fn write_compared(out: &mut String, compared: &Against) -> std::fmt::Result {
    let Against { days, n, csat, verdict, .. } = compared;
    let (s, csat) = (if days.len() == 1 { "" } else { "s" }, csat.unwrap_or_default());
    let weeks = days.len();
    writeln!(out, "Against the same weekday of {weeks} week{s} ({n} ratings, {csat:.1} % happy):")?;
    match verdict.as_str() {
        "too few to tell" => writeln!(out, "too few to tell\n"),
        verdict => {
            let (low, high) = compared.interval;
            let points = compared.difference;
            writeln!(out, "{verdict}: {points:+.0} points (95 %: {low:+.0} to {high:+.0})\n")
        }
    }
}

fn write_beside(out: &mut String, beside: &[Beside]) -> std::fmt::Result {
    if beside.is_empty() {
        return Ok(());
    }
    writeln!(out, "{:<24} Ratings  Happy Index", "To hold it against")?;
    for beside in beside {
        let Beside { n, happy_index, .. } = beside;
        let name = shown::beside_name(beside);
        match (n, happy_index) {
            (Some(n), Some(index)) => writeln!(out, "{name:<25} {n:>6} {index:>12.1}")?,
            (None, _) => writeln!(out, "{name:<25} fewer than {HIDDEN_BELOW}")?,
            _ => writeln!(out, "{name:<25} {:>6}", "-")?,
        }
    }
    writeln!(out)
}

fn write_hours(out: &mut String, hours: &[Hour]) -> std::fmt::Result {
    if hours.is_empty() {
        return Ok(());
    }
    let most = hours.iter().filter_map(|hour| hour.n).max().unwrap_or(0);
    writeln!(out, "Hour   Ratings  Happy")?;
    for hour in hours {
        write!(out, "{:02}-{:02} ", hour.hour, hour.hour + 1)?;
        match (hour.n, hour.happy) {
            (Some(n), Some(happy)) => {
                let share = f64::from(happy) * 100.0 / f64::from(n.max(1));
                writeln!(out, "{n:>8} {share:>5.0}%  {}", bar(n, most))?;
            }
            _ => writeln!(out, "fewer than {HIDDEN_BELOW}")?,
        }
    }
    writeln!(out)
}

fn write_said(out: &mut String, said: &[Said]) -> std::fmt::Result {
    for (is_happy, heading) in [(false, "Unhappy shoppers said"), (true, "Happy shoppers said")] {
        let mut said = said.iter().filter(|said| said.is_happy == is_happy).peekable();
        if said.peek().is_none() {
            continue;
        }
        writeln!(out, "{heading}")?;
        for Said { reason, words, n, share, .. } in said {
            let words = Plain(words.as_ref().unwrap_or(reason)).to_string();
            writeln!(out, "{words:<32} {n:>6} {share:>5.0}%")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_days(out: &mut String, days: &[Day]) -> std::fmt::Result {
    if days.is_empty() {
        return Ok(());
    }
    let most = days.iter().map(|day| day.n).max().unwrap_or(0);
    writeln!(out, "Day        Ratings  Happy Index")?;
    for day in days {
        // A score of one wording is not continued by another's.
        let index = match &day.lines[..] {
            [line] => line.happy_index.map_or_else(String::new, |index| format!("{index:.1}")),
            [] if day.hidden => format!("fewer than {HIDDEN_BELOW}"),
            [] => String::new(),
            _ => "several".to_owned(),
        };
        let late = if day.late > 0 { " (revised)" } else { "" };
        writeln!(out, "{} {:>7} {index:>8}  {}{late}", day.date, day.n, bar(day.n, most))?;
        for note in &day.notes {
            writeln!(out, "           {}", Plain(note))?;
        }
    }
    writeln!(out)
}

fn write_line(out: &mut String, line: &Line) -> std::fmt::Result {
    match (line.happy_index, line.csat, line.csat_interval) {
        (Some(index), Some(csat), Some((low, high))) => {
            let (least, most) = line.happy_index_interval.unwrap_or_default();
            writeln!(out, "Happy Index {index:.1} of 100 (95 %: {least:.0} to {most:.0})")?;
            writeln!(out, "CSAT        {csat:.1} % happy (95 %: {low:.0} to {high:.0} %)")?;
            writeln!(out, "Ratings     {}\n", line.n)?;
        }
        _ => writeln!(out, "No ratings yet.\n")?,
    }
    let most = line.counts.iter().copied().max().unwrap_or(0);
    let numbers: Vec<String> = (1..=line.counts.len()).map(|n| n.to_string()).collect();
    let words: Vec<String> = line.words.iter().map(|word| Plain(word).to_string()).collect();
    let words = if words.is_empty() { &numbers } else { &words };
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
    for former in &verified.former {
        write_former(out, former)?;
    }
    writeln!(out, "\n{} rows read, checksums compared", verified.rows)?;
    for aside in &verified.set_aside {
        writeln!(out, "set aside: {} {}: {}", aside.run, aside.n, Plain(&aside.reason))?;
    }
    for file in &verified.bad_files {
        writeln!(out, "damaged and kept: {}", Plain(file))?;
    }
    if verified.unknown_losses > 0 {
        let count = verified.unknown_losses;
        writeln!(out, "damaged journals that lost an unknown number of ratings: {count}")?;
    }
    for complaint in &verified.complaints {
        writeln!(out, "{}", Plain(complaint))?;
    }
    let verdict = if verified.holds { "holds" } else { "DOES NOT HOLD" };
    let more = if verified.former.is_empty() { "" } else { " + given up + trial" };
    writeln!(out, "taken = settled + waiting + set aside + lost{more}: {verdict}")
}

fn write_former(out: &mut String, former: &FormerSums) -> std::fmt::Result {
    let FormerSums { kiosk, hub, sums, given_up, trial, unread } = former;
    let name = match kiosk {
        Some(kiosk) => format!("former: {}", Plain(kiosk)),
        None if *trial > 0 => "trial".to_owned(),
        None => "former: not known".to_owned(),
    };
    if unread.is_some() && sums.taken == 0 {
        return writeln!(out, "{name:<32} cannot be read");
    }
    write_sums(out, &name, sums)?;
    if *trial > 0 {
        writeln!(out, "    {trial} taken as a trial, before any enrolment; they are never sent")?;
    }
    let hub = hub.as_deref().filter(|hub| !hub.is_empty()).unwrap_or("its head office, by stick");
    if *given_up > 0 {
        writeln!(out, "    {given_up} for {} given up", Plain(hub))?;
    }
    if sums.waiting > 0 && kiosk.is_some() {
        writeln!(out, "    {} wait for {}", sums.waiting, Plain(hub))?;
    }
    Ok(())
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
