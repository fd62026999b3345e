//! Decides what is a press: turns levels and edges of the button lines into [`Notice`]s.

use super::notice::Notice;
use crate::feedback::misuse::HELD_MS;
use crate::feedback::rating::{Scale, Score};

/// The button lines, and which of them are stuck.
#[derive(Clone, Debug)]
pub(super) struct Lines(Vec<Line>);

#[derive(Clone, Copy, Debug)]
struct Line {
    number: u32,
    score: Score,
    is_active: bool,
    is_stuck: bool,
    edges_seen: Option<u32>,
    /// Since when it has been pressed, in milliseconds since boot.
    pressed_at: Option<u64>,
}

impl Lines {
    /// The lines at start, each with the score of its face; a line that is active already is stuck.
    pub(super) fn new(
        numbers: &[u32],
        scale: Scale,
        is_active: impl Fn(u32) -> bool,
    ) -> (Self, Vec<Notice>) {
        let line = |(&number, score)| {
            let is_active = is_active(number);
            Line {
                number,
                score,
                is_active,
                is_stuck: is_active,
                edges_seen: None,
                pressed_at: None,
            }
        };
        let lines: Vec<Line> = numbers.iter().zip(scale.scores()).map(line).collect();
        let stuck = lines.iter().filter(|line| line.is_stuck);
        let notices = stuck.map(|line| Notice::Stuck { line: line.number }).collect();
        (Self(lines), notices)
    }

    /// Takes in an edge of a line, with the running number that the kernel gave it on that line.
    ///
    /// A gap in the numbers means lost edges. If the line is as it was before the gap, it was
    /// pressed or released in between, and such a press counts.
    pub(super) fn edge(
        &mut self,
        number: u32,
        is_active: bool,
        edge: u32,
        now_ms: u64,
    ) -> Vec<Notice> {
        let Some(line) = self.0.iter_mut().find(|line| line.number == number) else {
            return Vec::new();
        };
        let mut notices = Vec::new();
        let before = line.edges_seen.replace(edge);
        let edges = before.map_or(0, |before| edge.wrapping_sub(before).saturating_sub(1));
        if edges > 0 {
            notices.push(Notice::Missed { edges });
            if line.is_active == is_active {
                notices.extend(line.turn(!is_active));
            }
        }
        notices.extend(line.turn(is_active));
        line.pressed_at = (line.is_active && !line.is_stuck).then_some(now_ms);
        notices
    }

    /// How long to wait for an edge at most, in milliseconds, before [`Lines::overdue`] has
    /// something to tell; none while nothing is pressed.
    pub(super) fn patience_ms(&self, now_ms: u64) -> Option<u64> {
        let due = |line: &Line| Some(line.pressed_at? + HELD_MS);
        self.0.iter().filter_map(due).min().map(|due| due.saturating_sub(now_ms))
    }

    /// The lines that have been pressed for too long; from now on they are stuck.
    pub(super) fn overdue(&mut self, now_ms: u64) -> Vec<Notice> {
        let mut notices = Vec::new();
        for line in &mut self.0 {
            if line.pressed_at.is_some_and(|at| now_ms >= at + HELD_MS) {
                (line.pressed_at, line.is_stuck) = (None, true);
                notices.push(Notice::Held { line: line.number, score: line.score });
            }
        }
        notices
    }
}

impl Line {
    fn turn(&mut self, is_active: bool) -> Option<Notice> {
        let was_active = std::mem::replace(&mut self.is_active, is_active);
        match (was_active, is_active) {
            (_, false) if self.is_stuck => {
                self.is_stuck = false;
                Some(Notice::Released { line: self.number })
            }
            (false, true) if !self.is_stuck => Some(Notice::Pressed(self.score)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(value: u8) -> Score {
        Scale::Three.score(value).unwrap()
    }

    fn lines(active: &[u32]) -> (Lines, Vec<Notice>) {
        Lines::new(&[17, 27, 22], Scale::Three, |line| active.contains(&line))
    }

    #[test]
    fn lines_stand_for_faces_from_worst_to_best() {
        let (mut lines, notices) = lines(&[]);
        assert_eq!(notices, []);
        assert_eq!(lines.edge(17, true, 1, 0), [Notice::Pressed(score(1))]);
        assert_eq!(lines.edge(22, true, 1, 0), [Notice::Pressed(score(3))]);
        assert_eq!(lines.edge(5, true, 1, 0), []);
    }

    #[test]
    fn a_press_is_one_press_however_often_its_level_is_reported() {
        let (mut lines, _) = lines(&[]);
        assert_eq!(lines.edge(17, true, 1, 0), [Notice::Pressed(score(1))]);
        assert_eq!(lines.edge(17, true, 2, 0), []);
        assert_eq!(lines.edge(17, false, 3, 0), []);
        assert_eq!(lines.edge(17, true, 4, 0), [Notice::Pressed(score(1))]);
    }

    #[test]
    fn a_line_that_is_active_at_start_is_reported_and_ignored_until_released() {
        let (mut lines, notices) = lines(&[27]);
        assert_eq!(notices, [Notice::Stuck { line: 27 }]);
        assert_eq!(lines.edge(27, true, 1, 0), []);
        assert_eq!(lines.edge(27, false, 2, 0), [Notice::Released { line: 27 }]);
        assert_eq!(lines.edge(27, true, 3, 0), [Notice::Pressed(score(2))]);
    }

    #[test]
    fn a_gap_in_the_kernels_numbers_is_reported_and_a_press_hidden_in_it_counts() {
        let (mut lines, _) = lines(&[]);
        assert_eq!(lines.edge(17, true, 7, 0), [Notice::Pressed(score(1))]);
        assert_eq!(lines.edge(17, false, 8, 0), []);
        let hidden = [Notice::Missed { edges: 3 }, Notice::Pressed(score(1))];
        assert_eq!(lines.edge(17, false, 12, 0), hidden);
        assert_eq!(lines.edge(17, true, 13, 0), [Notice::Pressed(score(1))]);
        assert_eq!(
            lines.edge(17, true, 15, 0),
            [Notice::Missed { edges: 1 }, Notice::Pressed(score(1))]
        );
    }

    #[test]
    fn a_button_that_is_held_is_reported_once_and_ignored_until_released() {
        let (mut lines, _) = lines(&[]);
        assert_eq!(lines.patience_ms(5), None);
        assert_eq!(lines.edge(27, true, 1, 1_000), [Notice::Pressed(score(2))]);
        assert_eq!(lines.patience_ms(3_000), Some(HELD_MS - 2_000));
        assert_eq!(lines.overdue(1_000 + HELD_MS - 1), []);
        let held = [Notice::Held { line: 27, score: score(2) }];
        assert_eq!(lines.overdue(1_000 + HELD_MS), held);
        assert_eq!(lines.overdue(3_600_000), [], "an hour later it is still one press");
        assert_eq!(lines.patience_ms(3_600_000), None);
        assert_eq!(lines.edge(27, false, 2, 3_600_000), [Notice::Released { line: 27 }]);
        assert_eq!(lines.edge(27, true, 3, 3_600_100), [Notice::Pressed(score(2))]);
    }
}
