//! What a sheet of the desk may show of a summary, wherever the sheet is drawn: on the screen, on a
//! phone or on paper. Too few ratings are not shown in detail, so that no press can be matched to a
//! person.

use crate::feedback::tally::HIDDEN_BELOW;
use crate::wire::local::{Against, Beside, Day, Line, Said, Summary};

/// The most reasons of one kind that a sheet shows.
pub const REASONS_MAX: usize = 6;

/// What days and weeks beside a day are called, in English.
#[must_use]
pub fn beside_name(beside: &Beside) -> &'static str {
    match beside.which.as_str() {
        "yesterday" => "Yesterday",
        "day before" => "The day before",
        "week before" => "Same day last week",
        "this week" => "This week so far",
        _ => "Last week to the same day",
    }
}

/// Leaves out of a summary what the desk does not show either: lines of fewer than five ratings,
/// and what shoppers of a single day said less often than that.
pub fn hide(summary: &mut Summary) {
    let (n, is_hidden) = hide_lines(&mut summary.lines);
    summary.hidden = is_hidden;
    if is_hidden {
        summary.n = n;
        (summary.happy_index, summary.happy_index_interval) = (None, None);
        (summary.csat, summary.csat_interval) = (None, None);
        summary.compared = summary.compared.take().filter(|_| n >= HIDDEN_BELOW);
    }
    if summary.until.is_none() {
        summary.reasons = often(summary);
    }
    if summary.nps_n < HIDDEN_BELOW {
        (summary.nps, summary.nps_interval, summary.nps_n) = (None, None, 0);
    }
    for day in &mut summary.days {
        let (n, is_hidden) = hide_lines(&mut day.lines);
        day.hidden = is_hidden;
        if is_hidden {
            day.n = n;
        }
    }
}

/// Leaves out the lines with too few ratings; returns how many ratings the others have, and whether
/// any was left out.
fn hide_lines(lines: &mut Vec<Line>) -> (u32, bool) {
    let before = lines.len();
    lines.retain(|line| line.n == 0 || line.n >= HIDDEN_BELOW);
    (lines.iter().map(|line| line.n).sum(), lines.len() < before)
}

/// Whether a day has ratings, but too few of any one question to show more about them.
#[must_use]
pub fn is_hidden(day: &Summary) -> bool {
    0 < day.n && main_line(&day.lines).is_none()
}

/// The line with the most ratings, whose scores stand for the day; none where they are too few.
#[must_use]
pub fn main_line(lines: &[Line]) -> Option<&Line> {
    lines.iter().max_by_key(|line| line.n).filter(|line| line.n == 0 || line.n >= HIDDEN_BELOW)
}

/// The presses of a day that are kept and not counted.
#[must_use]
pub fn not_counted(day: &Summary) -> u32 {
    day.misuse.values().sum::<u32>() + day.replaced
}

/// How a day compares with others, where there are enough ratings to say so.
#[must_use]
pub fn compared(day: &Summary) -> Option<&Against> {
    day.compared.as_ref().filter(|_| day.n >= HIDDEN_BELOW)
}

/// The reasons of a single day that were given often enough to be shown.
#[must_use]
pub fn often(day: &Summary) -> Vec<Said> {
    day.reasons.iter().filter(|said| said.n >= HIDDEN_BELOW).cloned().collect()
}

/// The reasons of one kind that a sheet has room for, the most frequent first.
pub fn of_kind(said: &[Said], is_happy: bool) -> impl Iterator<Item = &Said> {
    said.iter().filter(move |said| said.is_happy == is_happy).take(REASONS_MAX)
}

/// The line that stands for one of several days, and its Happy Index, if there are enough ratings.
#[must_use]
pub fn of_day(day: &Day) -> Option<(&Line, f64)> {
    let line = main_line(&day.lines)?;
    line.happy_index.map(|index| (line, index))
}

/// A piece of a line on a field of 1 by 1, whose upper edge is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Where it begins.
    pub from: (f32, f32),
    /// Where it ends; the same place for a day on its own.
    pub to: (f32, f32),
}

/// The line through the days, in pieces from one day to the next: none to or from a day that is not
/// shown, or across a change of what was asked. A day on its own is a point.
#[must_use]
pub fn trend(days: &[Day]) -> Vec<Piece> {
    let days: Vec<_> = days.iter().map(of_day).collect();
    let across = days.len().saturating_sub(1).max(1) as f32;
    let at = |n: usize, index: f64| (n as f32 / across, 1.0 - index as f32 / 100.0);
    let is_same = |one: &Line, other: &Line| {
        (&one.question, one.version, one.scale) == (&other.question, other.version, other.scale)
    };
    let joined = |one: usize, other: usize| match (days.get(one), days.get(other)) {
        (Some(Some((one, _))), Some(Some((other, _)))) => is_same(one, other),
        _ => false,
    };
    let mut pieces = Vec::new();
    for (n, day) in days.iter().enumerate() {
        let Some((_, index)) = day else {
            continue;
        };
        let from = at(n, *index);
        let next = days.get(n + 1).and_then(Option::as_ref).filter(|_| joined(n, n + 1));
        let is_alone = next.is_none() && !n.checked_sub(1).is_some_and(|last| joined(last, n));
        let to = next.map_or(from, |(_, index)| at(n + 1, *index));
        if next.is_some() || is_alone {
            pieces.push(Piece { from, to });
        }
    }
    pieces
}
