//! Which questions have a line of scores of their own on a page, and which are summed.
//!
//! A kiosk may name any question it likes, and a page has room for some. So a line is what head
//! office has published to that kiosk, or what is built in. A kiosk that was never given a survey
//! asks its own, and its questions have lines as far as there is room. The rest is summed, and the
//! page says how much it is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::feedback::rating::{Scale, Score};
use crate::feedback::survey::Survey;
use crate::feedback::tally::{Line, Lines};

/// The most lines of one shop.
pub const LINES_MAX: usize = 20;

/// Who had a kiosk ask a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// Head office, or it is built in.
    ByOffice,
    /// The shop: the kiosk was never given a survey.
    ByShop,
    /// Nobody that is known here.
    ByNobody,
}

impl Asked {
    /// Who had a kiosk ask a line's question, by the lines that were published to the kiosk; none
    /// where it was never given a survey.
    #[must_use]
    pub fn of(line: &Line, published: Option<&BTreeSet<Line>>) -> Self {
        let is_published = published.is_some_and(|published| published.contains(line));
        if is_published || is_built_in(line) {
            return Self::ByOffice;
        }
        if published.is_none() { Self::ByShop } else { Self::ByNobody }
    }
}

fn is_built_in(line: &Line) -> bool {
    let built_in = Survey::built_in(Scale::Five);
    let mut asked = built_in.parts().questions.iter();
    asked.any(|question| question.id == line.question && question.version == line.version)
}

/// The sum of what has no line of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// How many questions.
    pub questions: u32,
    /// How many ratings.
    pub ratings: u32,
}

/// What is counted of a shop's day, before it is known which lines there is room for.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    lines: BTreeMap<Line, Candidate>,
    others: BTreeMap<String, u32>,
}

#[derive(Clone, Debug)]
struct Candidate {
    asked: Asked,
    /// Its place in the order in which the lines were asked.
    at: usize,
    scores: Vec<(Score, u32)>,
}

impl Candidate {
    fn ratings(&self) -> u32 {
        self.scores.iter().map(|(_, times)| times).sum()
    }
}

impl Sheet {
    /// Counts a score a number of times; lines come in the order in which they were asked.
    pub fn add(&mut self, asked: Asked, line: Line, score: Score, times: u32) {
        if asked == Asked::ByNobody {
            *self.others.entry(line.question).or_default() += times;
            return;
        }
        let at = self.lines.len();
        let new = || Candidate { asked, at, scores: Vec::new() };
        let candidate = self.lines.entry(line).or_insert_with(new);
        candidate.asked = candidate.asked.min(asked);
        candidate.scores.push((score, times));
    }

    /// The lines that there is room for, what was published first and then what has most ratings;
    /// and the sum of the others.
    #[must_use]
    pub fn finish(self) -> (Lines, Rest) {
        let Self { lines, mut others } = self;
        let mut lines: Vec<(Line, Candidate)> = lines.into_iter().collect();
        lines.sort_by_key(|(_, line)| (line.asked, Reverse(line.ratings()), line.at));
        for (line, candidate) in lines.drain(lines.len().min(LINES_MAX)..) {
            *others.entry(line.question).or_default() += candidate.ratings();
        }
        lines.sort_by_key(|(_, candidate)| candidate.at);
        let mut shown = Lines::default();
        for (line, candidate) in lines {
            for (score, times) in candidate.scores {
                shown.add(&line.question, line.version, score, times);
            }
        }
        let questions = u32::try_from(others.len()).unwrap_or(u32::MAX);
        (shown, Rest { questions, ratings: others.values().sum() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(question: &str, version: u32) -> Line {
        Line { question: question.to_owned(), version, scale: Scale::Five }
    }

    fn score() -> Score {
        Scale::Five.score(5).unwrap()
    }

    #[test]
    fn a_question_is_of_head_office_of_the_shop_or_of_nobody() {
        let published = BTreeSet::from([line("bakery", 2)]);
        let of = |question: &str, version| Asked::of(&line(question, version), Some(&published));
        assert_eq!(of("bakery", 2), Asked::ByOffice);
        assert_eq!(of("bakery", 3), Asked::ByNobody, "another wording");
        assert_eq!(of("checkout", 1), Asked::ByOffice, "it is built in");
        assert_eq!(of("checkout", 9), Asked::ByNobody);
        assert_eq!(Asked::of(&line("bakery", 2), None), Asked::ByShop);
    }

    #[test]
    fn what_was_published_comes_first_and_the_rest_is_summed() {
        let mut sheet = Sheet::default();
        for n in 0..30 {
            sheet.add(Asked::ByShop, line(&format!("own {n}"), 1), score(), 100 + n);
        }
        sheet.add(Asked::ByOffice, line("bakery", 1), score(), 1);
        sheet.add(Asked::ByNobody, line("noise", 1), score(), 7);
        sheet.add(Asked::ByNobody, line("noise", 2), score(), 7);
        let (lines, others) = sheet.finish();
        let names: Vec<String> = lines.each().map(|(line, _)| line.question.clone()).collect();
        assert_eq!(names.len(), LINES_MAX);
        assert_eq!((names[0].as_str(), names[18].as_str()), ("own 11", "own 29"));
        assert_eq!(names[19], "bakery", "in the order in which they were asked");
        let left_over: u32 = (100..111).sum();
        assert_eq!(others, Rest { questions: 12, ratings: left_over + 14 });
        assert_eq!(lines.total() + others.ratings, (100..130).sum::<u32>() + 15);
    }
}
