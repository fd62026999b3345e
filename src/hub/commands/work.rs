//! What the hub does in the background, as a table.

use crate::escape::Plain;
use crate::hub::archive::Work;
use crate::hub::archive::work::{DATING, JUDGING, KEEP, LISTED_MAX, SAMPLE, TALLY};
use crate::hub::rules::leases;

/// The columns of the table.
const HEADING: [&str; 4] = ["what is to be done", "since", "how it stands", "how far"];

/// Writes pieces of work as a table, as they are at this time in milliseconds since 1970 UTC; under
/// one that has failed stands why.
#[must_use]
pub fn text(work: &[Work], now_ms: i64) -> String {
    if work.is_empty() {
        return "there is nothing to do, and nothing was done in the last seven days".to_owned();
    }
    let rows: Vec<[String; 4]> = work.iter().map(|work| row(work, now_ms)).collect();
    let heading = HEADING.map(str::to_owned);
    let each = || std::iter::once(&heading).chain(&rows);
    let width = |column: usize| {
        let cells = each().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [0, 1, 2, 3].map(width);
    let line = |row: &[String; 4]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&heading)];
    for (work, row) in work.iter().zip(&rows) {
        lines.push(line(row));
        lines.extend(failure(work));
    }
    if work.len() >= usize::try_from(LISTED_MAX).unwrap_or(usize::MAX) {
        lines.push(format!("no more than {LISTED_MAX} are shown"));
    }
    lines.join("\n")
}

fn row(work: &Work, now_ms: i64) -> [String; 4] {
    [what(work), at(work.since_ms), state(work, now_ms), Plain(&work.reached).to_string()]
}

fn what(work: &Work) -> String {
    let kiosk = work.kiosk.as_deref().unwrap_or(&work.subject);
    let of = if kiosk.is_empty() { String::new() } else { format!(" of {}", Plain(kiosk)) };
    match work.kind.as_str() {
        DATING => format!("date events again{of}"),
        JUDGING => "check older ratings for misuse again".to_owned(),
        TALLY => format!("count again{of}"),
        SAMPLE => "check what is counted".to_owned(),
        KEEP => "delete what has had its time".to_owned(),
        other => format!("{}{of}, which a newer program does", Plain(other)),
    }
}

fn state(work: &Work, now_ms: i64) -> String {
    match work.done_ms {
        Some(done_ms) => format!("done {}", at(done_ms)),
        None if !leases::is_over(work.taken_until_ms, now_ms) => "under way".to_owned(),
        None if work.due_ms > now_ms => format!("waits until {}", at(work.due_ms)),
        None => "due, and nobody is at it".to_owned(),
    }
}

fn failure(work: &Work) -> Option<String> {
    let why = work.failed.as_deref()?;
    let times = match work.tries {
        0 | 1 => String::new(),
        tries => format!(", at try {tries}"),
    };
    Some(format!("  it failed{times}: {}", Plain(why)))
}

fn at(ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(ms);
    at.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_176_000_000;

    fn open(kind: &str) -> Work {
        Work {
            kind: kind.to_owned(),
            subject: String::new(),
            kiosk: None,
            since_ms: NOW,
            due_ms: NOW,
            taken_until_ms: 0,
            reached: String::new(),
            tries: 0,
            done_ms: None,
            failed: None,
        }
    }

    #[test]
    fn work_is_told_in_words_and_why_it_failed_under_it() {
        let failed = Work {
            subject: "7".to_owned(),
            kiosk: Some("exit".to_owned()),
            due_ms: NOW + 60_000,
            tries: 3,
            failed: Some("cannot count: disk full".to_owned()),
            ..open(TALLY)
        };
        let taken =
            Work { taken_until_ms: NOW + 1, reached: "entrance".to_owned(), ..open(DATING) };
        let done = Work { done_ms: Some(NOW), ..open(JUDGING) };
        let newer = Work { subject: "all".to_owned(), ..open("mailing") };
        let table = text(&[failed, taken, newer, done], NOW);
        let lines: Vec<String> = table
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()))
            .map(|cells| cells.collect::<Vec<_>>().join("|"))
            .collect();
        let expected = [
            "what is to be done|since|how it stands|how far",
            "count again of exit|2026-11-20 12:00 UTC|waits until 2026-11-20 12:01 UTC",
            "it failed, at try 3: cannot count: disk full",
            "date events again|2026-11-20 12:00 UTC|under way|entrance",
            "mailing of all, which a newer program does|2026-11-20 12:00 UTC|\
             due, and nobody is at it",
            "check older ratings for misuse again|2026-11-20 12:00 UTC|\
             done 2026-11-20 12:00 UTC",
        ];
        assert_eq!(lines, expected);
        assert!(text(&[], NOW).contains("nothing to do"));
    }
}
