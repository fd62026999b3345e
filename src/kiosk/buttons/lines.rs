//! What is a press: the levels and edges of the button lines, made into [`Notice`]s.

use super::Notice;
use crate::feedback::rating::{Scale, Score};

/// Which buttons there are, and which of them can be believed.
#[derive(Clone, Debug)]
pub(super) struct Lines(Vec<Line>);

#[derive(Clone, Copy, Debug)]
struct Line {
    number: u32,
    score: Score,
    is_active: bool,
    is_stuck: bool,
    edges_seen: Option<u32>,
}

impl Lines {
    /// The lines as they stand at start, each with the score of its face; what is active already
    /// is stuck.
    pub(super) fn new(
        numbers: &[u32],
        scale: Scale,
        is_active: impl Fn(u32) -> bool,
    ) -> (Self, Vec<Notice>) {
        let line = |(&number, score)| {
            let is_active = is_active(number);
            Line { number, score, is_active, is_stuck: is_active, edges_seen: None }
        };
        let lines: Vec<Line> = numbers.iter().zip(scale.scores()).map(line).collect();
        let stuck = lines.iter().filter(|line| line.is_stuck);
        let notices = stuck.map(|line| Notice::Stuck { line: line.number }).collect();
        (Self(lines), notices)
    }

    /// Takes in an edge of a line, with the running number that the kernel gave it on that line.
    ///
    /// A gap in the numbers is edges lost. What was lost is not known, but a line that ends as it
    /// stood has been pressed in between, and that press counts.
    pub(super) fn edge(&mut self, number: u32, is_active: bool, edge: u32) -> Vec<Notice> {
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
        assert_eq!(lines.edge(17, true, 1), [Notice::Pressed(score(1))]);
        assert_eq!(lines.edge(22, true, 1), [Notice::Pressed(score(3))]);
        assert_eq!(lines.edge(5, true, 1), []);
    }

    #[test]
    fn a_press_is_one_press_however_often_its_level_is_reported() {
        let (mut lines, _) = lines(&[]);
        assert_eq!(lines.edge(17, true, 1), [Notice::Pressed(score(1))]);
        assert_eq!(lines.edge(17, true, 2), []);
        assert_eq!(lines.edge(17, false, 3), []);
        assert_eq!(lines.edge(17, true, 4), [Notice::Pressed(score(1))]);
    }

    #[test]
    fn a_line_that_is_active_at_start_is_reported_and_ignored_until_released() {
        let (mut lines, notices) = lines(&[27]);
        assert_eq!(notices, [Notice::Stuck { line: 27 }]);
        assert_eq!(lines.edge(27, true, 1), []);
        assert_eq!(lines.edge(27, false, 2), [Notice::Released { line: 27 }]);
        assert_eq!(lines.edge(27, true, 3), [Notice::Pressed(score(2))]);
    }

    #[test]
    fn a_gap_in_the_kernels_numbers_is_reported_and_a_press_hidden_in_it_counts() {
        let (mut lines, _) = lines(&[]);
        assert_eq!(lines.edge(17, true, 7), [Notice::Pressed(score(1))]);
        assert_eq!(lines.edge(17, false, 8), []);
        let hidden = [Notice::Missed { edges: 3 }, Notice::Pressed(score(1))];
        assert_eq!(lines.edge(17, false, 12), hidden);
        assert_eq!(lines.edge(17, true, 13), [Notice::Pressed(score(1))]);
        assert_eq!(
            lines.edge(17, true, 15),
            [Notice::Missed { edges: 1 }, Notice::Pressed(score(1))]
        );
    }
}
