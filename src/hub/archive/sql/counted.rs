//! What cells of kiosks make up together, and the statements that say what their numbers stand for:
//! so many queries, however many kiosks there are.
//!
//! Lines come in the order of their numbers: that in which they were first heard of here, so that a
//! page has them in the same order every day.

use std::collections::{BTreeMap, BTreeSet};

use super::clocks::listed;
use crate::feedback::rating::Scale;
use crate::feedback::tally::{Line, Lines};
use crate::hub::archive::error::Failure;
use crate::hub::archive::tallies::{Day, Others};
use crate::hub::archive::tx::Tx;
use crate::hub::rules::lines::{Asked, Rest, Sheet};
use crate::hub::rules::tallying::{Cell, NUMBERS};

/// A cell, and where it belongs in the answer.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) at: usize,
    pub(super) kiosk: i64,
    pub(super) line: i64,
    pub(super) cell: Cell,
}

impl Counted {
    /// The cell of a kiosk and a line, whose numbers these are.
    pub(super) fn new(at: usize, kiosk: i64, line: i64, numbers: &[i64]) -> Self {
        let mut cell = Cell([0; NUMBERS]);
        for (own, number) in cell.0.iter_mut().zip(numbers) {
            *own = *number;
        }
        Self { at, kiosk, line, cell }
    }
}

/// What the numbers of kiosks and lines stand for.
#[derive(Default)]
pub(super) struct Meaning {
    lines: BTreeMap<i64, Line>,
    published: Published,
}

impl Meaning {
    /// What those of these cells stand for.
    pub(super) async fn read(tx: &mut dyn Tx, counted: &[Counted]) -> Result<Self, Failure> {
        let numbers: BTreeSet<i64> = counted.iter().map(|counted| counted.line).collect();
        let lines = lines(tx, numbers).await?;
        let kiosks: BTreeSet<i64> = counted.iter().map(|counted| counted.kiosk).collect();
        Ok(Self { lines, published: Published::read(tx, kiosks).await? })
    }

    /// Puts the cells together, in so many parts.
    pub(super) fn put_together(&self, counted: Vec<Counted>, parts: usize) -> Vec<Day> {
        self.finish(counted, parts, |_| true)
    }

    /// The same, where all together are to have the same lines as each part has.
    pub(super) fn put_apart(&self, counted: Vec<Counted>, parts: usize) -> (Day, Vec<Day>) {
        let whole = counted.iter().map(|counted| Counted { at: 0, ..counted.clone() }).collect();
        let whole = self.put_together(whole, 1).pop().unwrap_or_default();
        let shown: BTreeSet<Line> = whole.lines.each().map(|(line, _)| line.clone()).collect();
        let apart = self.finish(counted, parts, |line| shown.contains(line));
        (whole, apart)
    }

    fn finish(
        &self,
        mut counted: Vec<Counted>,
        parts: usize,
        is_shown: impl Fn(&Line) -> bool,
    ) -> Vec<Day> {
        // The order in which the lines of a part are listed.
        counted.sort_unstable_by_key(|counted| (counted.at, counted.line, counted.kiosk));
        let mut days = vec![(Day::default(), Sheet::default()); parts];
        let mut asked = BTreeMap::<(i64, Option<usize>), Asked>::new();
        for of_line in counted.chunk_by(|one, next| (one.at, one.line) == (next.at, next.line)) {
            let Some(Counted { at, line: number, .. }) = of_line.first() else { continue };
            let Some((day, sheet)) = days.get_mut(*at) else { continue };
            let mut all = Cell::default();
            of_line.iter().for_each(|counted| all.add(&counted.cell, 1));
            leave_out(day, &all);
            let Some(line) = self.lines.get(number) else { continue };
            let mut cells = BTreeMap::<Asked, Cell>::new();
            for Counted { kiosk, cell, .. } in of_line {
                let given = self.published.given.get(kiosk).copied();
                let asked = asked.entry((*number, given)).or_insert_with(|| {
                    if is_shown(line) {
                        Asked::of(line, self.published.lines(given))
                    } else {
                        Asked::ByNobody
                    }
                });
                cells.entry(*asked).or_default().add(cell, 1);
            }
            for (asked, cell) in cells {
                for (score, times) in line.scale.scores().zip(cell.faces()) {
                    if times > 0 {
                        sheet.add(asked, line.clone(), score, whole(times));
                    }
                }
            }
        }
        let finished = days.into_iter().map(|(day, sheet)| {
            let (lines, Rest { questions, ratings }): (Lines, Rest) = sheet.finish();
            Day { lines, others: Others { questions, ratings }, ..day }
        });
        finished.collect()
    }
}

/// Notes what is kept and not counted, and how far times can be believed.
fn leave_out(day: &mut Day, cell: &Cell) {
    day.misuse += whole(cell.misuse());
    day.replaced += whole(cell.replaced());
    day.unread += whole(cell.unread());
    day.bounded += whole(cell.bounded());
    day.uncertain += whole(cell.bounded()) + whole(cell.unknown());
}

/// A count; one that is less than nothing is wrong, and a recount finds it.
fn whole(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

/// What the numbers of lines stand for; one on a scale that this version does not know has no
/// scores.
async fn lines(tx: &mut dyn Tx, numbers: BTreeSet<i64>) -> Result<BTreeMap<i64, Line>, Failure> {
    let mut lines = BTreeMap::new();
    if numbers.is_empty() {
        return Ok(lines);
    }
    let numbers = listed(numbers);
    let sql = format!("select no, question, version, scale from line where no in ({numbers})");
    for row in tx.rows_once(&sql, &[]).await? {
        if let Some(scale) = Scale::with_faces(row.get("scale")?) {
            let (question, version) = (row.get("question")?, row.get("version")?);
            lines.insert(row.get("no")?, Line { question, version, scale });
        }
    }
    Ok(lines)
}

/// The lines that head office has published, by what each kiosk was given.
#[derive(Default)]
struct Published {
    /// Which set of publications each kiosk was given; one that was never given any is not named.
    given: BTreeMap<i64, usize>,
    /// The lines of each set.
    lines: Vec<BTreeSet<Line>>,
}

impl Published {
    async fn read(tx: &mut dyn Tx, kiosks: BTreeSet<i64>) -> Result<Self, Failure> {
        let mut published = Self::default();
        if kiosks.is_empty() {
            return Ok(published);
        }
        let sql = format!(
            "select kiosk, publication from given where kiosk in ({}) \
             order by kiosk, publication",
            listed(kiosks)
        );
        let rows = tx.numbers(&sql).await?;
        let mut given = BTreeMap::<i64, Vec<i64>>::new();
        for row in rows.rows() {
            if let [kiosk, publication] = *row {
                given.entry(kiosk).or_default().push(publication);
            }
        }
        let of_publications = lines_of(tx, given.values().flatten().copied().collect()).await?;
        let mut sets = BTreeMap::<Vec<i64>, usize>::new();
        for (kiosk, set) in given {
            let place = *sets.entry(set).or_insert_with_key(|set| {
                let each = set.iter().filter_map(|number| of_publications.get(number));
                published.lines.push(each.flatten().cloned().collect());
                published.lines.len() - 1
            });
            published.given.insert(kiosk, place);
        }
        Ok(published)
    }

    fn lines(&self, given: Option<usize>) -> Option<&BTreeSet<Line>> {
        self.lines.get(given?)
    }
}

/// The lines of these publications.
async fn lines_of(
    tx: &mut dyn Tx,
    publications: BTreeSet<i64>,
) -> Result<BTreeMap<i64, Vec<Line>>, Failure> {
    let mut lines = BTreeMap::<i64, Vec<Line>>::new();
    if publications.is_empty() {
        return Ok(lines);
    }
    let sql = format!(
        "select publication, question, version, scale from published where publication in ({})",
        listed(publications)
    );
    for row in tx.rows_once(&sql, &[]).await? {
        if let Some(scale) = Scale::with_faces(row.get("scale")?) {
            let (question, version) = (row.get("question")?, row.get("version")?);
            let line = Line { question, version, scale };
            lines.entry(row.get("publication")?).or_default().push(line);
        }
    }
    Ok(lines)
}
