//! Reads every whole event from a damaged journal, wherever in the file it is.
//!
//! Pages are taken one by one, from the database and from its WAL, without trusting anything that
//! leads from one to the next: not the header, not the tree above the leaves, not the chain of
//! checksums in the WAL. Whatever looks like one of our rows is tried, and an event is believed if
//! its own checksum, which covers the run's id and the question's words too, is right.
//!
//! It is read in two passes, since an event can stand before what it refers to: first runs, boots,
//! questions and anchors, then the events.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::Connection;

use super::high_water::{Mark, Reached};
use super::page::{PAGE, Value, index_records, records};
use super::repair::Bad;
use crate::feedback::event::{Event, Loss, Stretches};
use crate::feedback::moment::{Anchor, Source};
use crate::feedback::rating::{BootId, RatingId, RunId, Wording};
use crate::kiosk::journal::books_sql::{self, run_checksum};
use crate::kiosk::journal::folder::FILE;
use crate::kiosk::journal::row::{Columns, Entry, gone};

/// The bytes before a WAL's first frame, and before each frame's page.
const WAL_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// How many pages are read in one go, so that a press waits behind no more than these.
const PAGES_AT_ONCE: usize = 128;

/// What events refer to, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::kiosk::journal) struct Ground {
    pub(in crate::kiosk::journal) boots: BTreeMap<i64, BootId>,
    pub(in crate::kiosk::journal) runs: BTreeMap<i64, FoundRun>,
    pub(in crate::kiosk::journal) questions: BTreeMap<i64, Wording>,
    /// By the key of their boot.
    pub(in crate::kiosk::journal) anchors: BTreeMap<i64, Vec<Anchor>>,
    /// What was set aside: its run's key, its number, why, and whether it was to be sent again.
    pub(in crate::kiosk::journal) set_aside: BTreeSet<(i64, u32, String, bool)>,
}

/// A run as its rows tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kiosk::journal) struct FoundRun {
    pub(in crate::kiosk::journal) run: RunId,
    pub(in crate::kiosk::journal) boot_key: i64,
    pub(in crate::kiosk::journal) taken: u32,
    pub(in crate::kiosk::journal) settled: u32,
}

/// An event that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kiosk::journal) struct Found {
    pub(in crate::kiosk::journal) row: i64,
    pub(in crate::kiosk::journal) run_key: i64,
    /// The key of its question, if it has one.
    pub(in crate::kiosk::journal) question_key: Option<i64>,
    pub(in crate::kiosk::journal) entry: Entry,
}

/// Damaged journals that are being read, as if they were one: where a fresh one was damaged before
/// it had taken everything over, a run can lie in several.
#[derive(Debug)]
pub(in crate::kiosk::journal) struct Salvage {
    /// The highest number among them.
    pub(in crate::kiosk::journal) number: i64,
    pub(in crate::kiosk::journal) ground: Ground,
    /// The numbers that the runs had reached, by the mark that was quarantined with the files.
    pub(in crate::kiosk::journal) reached: Vec<Reached>,
    /// Whether every damaged database has its mark.
    pub(in crate::kiosk::journal) has_mark: bool,
    /// What was found of each run.
    pub(in crate::kiosk::journal) seen: BTreeMap<RunId, Stretches>,
    /// What earlier events said was lost.
    pub(in crate::kiosk::journal) losses: Vec<Loss>,
    /// Rows that look like events and are not whole.
    pub(in crate::kiosk::journal) spoilt: u64,
    /// How many bytes the files have.
    pub(in crate::kiosk::journal) bytes: u64,
    /// By run key, the number up to which events are already known.
    known: BTreeMap<i64, u32>,
    files: Vec<(Option<File>, u64, u64)>,
    is_second: bool,
    file: usize,
    page: u64,
}

/// What comes next in the files.
enum Next {
    Page(Box<[u8; PAGE]>),
    /// The card cannot read this page.
    Unreadable,
    /// Both passes are over.
    End,
}

impl Salvage {
    /// Begins to read the files; a file that cannot be opened counts as empty.
    pub(in crate::kiosk::journal) fn new(bad: &[Bad]) -> Self {
        let open = |path: &Path| File::open(path).ok();
        let two_of = |bad: &Bad| {
            [
                (open(&bad.database), 0, PAGE as u64),
                (open(&bad.wal), WAL_HEADER + FRAME_HEADER, FRAME_HEADER + PAGE as u64),
            ]
        };
        let files: Vec<_> = bad.iter().flat_map(two_of).collect();
        let marks: Vec<_> = bad.iter().map(|bad| Mark::read(&bad.mark)).collect();
        let length = |file: &Option<File>| {
            file.as_ref().and_then(|f| f.metadata().ok()).map_or(0, |d| d.len())
        };
        let bytes = files.iter().map(|(file, ..)| length(file)).sum();
        Self {
            number: bad.iter().map(|bad| bad.number).max().unwrap_or(0),
            ground: Ground::default(),
            has_mark: is_marked(bad, &marks),
            reached: marks.into_iter().flatten().flat_map(|mark| mark.runs).collect(),
            seen: BTreeMap::new(),
            losses: Vec::new(),
            spoilt: 0,
            bytes,
            known: BTreeMap::new(),
            files,
            is_second: false,
            file: 0,
            page: 0,
        }
    }

    /// Reads some more pages; none when everything was read.
    pub(in crate::kiosk::journal) fn read_on(&mut self) -> Option<Vec<Found>> {
        let mut found = Vec::new();
        for _ in 0..PAGES_AT_ONCE {
            let page = match self.next_page() {
                Next::Page(page) => page,
                // A failing card takes a second for each of these, and a press may be waiting.
                Next::Unreadable => break,
                Next::End if found.is_empty() => return None,
                Next::End => break,
            };
            if self.is_second {
                self.take_events(&page, &mut found);
            } else {
                take_ground(&mut self.ground, &page);
            }
        }
        Some(found)
    }

    /// The next page of the files, which are read through twice.
    fn next_page(&mut self) -> Next {
        loop {
            if let Some((Some(file), first, step)) = self.files.get(self.file) {
                let at = first + self.page * step;
                self.page += 1;
                let mut page = Box::new([0; PAGE]);
                match file.read_exact_at(page.as_mut(), at) {
                    Ok(()) => return Next::Page(page),
                    // A file that was cut short can end within a page that is still worth a look.
                    Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                        if file.read_at(page.as_mut(), at).is_ok_and(|bytes| bytes > 0) {
                            return Next::Page(page);
                        }
                    }
                    Err(_) => return Next::Unreadable,
                }
            }
            (self.file, self.page) = (self.file + 1, 0);
            if self.file >= self.files.len() {
                if self.is_second {
                    return Next::End;
                }
                (self.file, self.is_second) = (0, true);
            }
        }
    }

    fn take_events(&mut self, page: &[u8; PAGE], found: &mut Vec<Found>) {
        for (row, values) in records(page) {
            let Some(raw) = RawEvent::of(&values) else {
                continue;
            };
            let is_gone = raw.columns.kind.as_deref() == Some(gone::KIND);
            if is_gone || self.known.get(&raw.run_key).is_some_and(|known| raw.n <= *known) {
                continue;
            }
            match self.whole(row, &raw) {
                Some(event) => {
                    let RatingId { run, n } = event.entry.id;
                    let seen = self.seen.entry(run).or_default();
                    if !seen.contains(n) {
                        seen.add(n);
                        if let Event::Lost(loss) = event.entry.event {
                            self.losses.push(loss);
                        }
                        found.push(event);
                    }
                }
                None => self.spoilt += 1,
            }
        }
    }

    /// The event that a row and the rows that it refers to make. Where its run's row is lost, every
    /// run that the mark knows is tried: the checksum tells the right one.
    fn whole(&self, row: i64, raw: &RawEvent) -> Option<Found> {
        let keys: Vec<Option<i64>> = match raw.question_key {
            None => vec![None],
            // Its own question first; where that is damaged another one may have the same words.
            Some(own) => {
                let others = self.ground.questions.keys().filter(|key| **key != own);
                [own].iter().chain(others).map(|key| Some(*key)).collect()
            }
        };
        let known = self.ground.runs.get(&raw.run_key).map(|found| found.run);
        let marked = self.reached.iter().map(|reached| reached.run);
        let runs: Vec<RunId> = known.into_iter().chain(marked).collect();
        for question_key in keys {
            let question = question_key.and_then(|key| self.ground.questions.get(&key)).cloned();
            for run in &runs {
                let id = RatingId { run: *run, n: raw.n };
                let entry = raw.columns.entry(id, question.clone());
                if let Some(entry) = entry.filter(|entry| raw.columns.checksum(entry) == raw.crc) {
                    return Some(Found { row, run_key: raw.run_key, question_key, entry });
                }
            }
        }
        None
    }
}

/// Whether every damaged database has its high-water mark. A quarantine that a power cut
/// interrupted leaves the database under one number and its mark under the next.
fn is_marked(bad: &[Bad], marks: &[Option<Mark>]) -> bool {
    bad.iter().enumerate().all(|(at, this)| {
        let has = |at: usize| marks.get(at).is_some_and(Option::is_some);
        let is_split = bad.get(at + 1).is_some_and(|next| !next.database.exists());
        has(at) || !this.database.exists() || is_split && has(at + 1)
    })
}

/// The whole events in the WAL of an open journal that the journal does not have: a damaged frame
/// before them makes SQLite stop reading.
///
/// # Errors
/// When the journal cannot be read.
pub(in crate::kiosk::journal) fn unseen(
    folder: &Path,
    connection: &Connection,
) -> rusqlite::Result<Vec<Found>> {
    let nothing = Bad::numbered(folder, 0);
    let wal = folder.join(format!("{FILE}-wal"));
    let mut salvage = Salvage::new(&[Bad { wal, ..nothing }]);
    for row in books_sql::runs(connection)? {
        let (run, boot_key) = (row.run, row.boot_key);
        let found = FoundRun { run, boot_key, taken: 0, settled: 0 };
        salvage.ground.runs.insert(row.key, found);
        salvage.known.insert(row.key, row.taken);
    }
    if let Some((last, taken)) = books_sql::last_taken(connection)? {
        salvage.known.insert(last.key, taken);
    }
    let sql = "select id, name, version, language from question";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let question = Wording { id: row.get(1)?, version: row.get(2)?, language: row.get(3)? };
        salvage.ground.questions.insert(row.get(0)?, question);
    }
    let mut unseen = Vec::new();
    while let Some(found) = salvage.read_on() {
        let is_said = |found: &Found| !matches!(found.entry.event, Event::Lost(_));
        unseen.extend(found.into_iter().filter(is_said));
    }
    Ok(unseen)
}

/// What a row of the event table says, before it is known whether it is whole.
struct RawEvent {
    run_key: i64,
    n: u32,
    question_key: Option<i64>,
    crc: u32,
    columns: Columns,
}

impl RawEvent {
    /// The columns of `event` in the order of the schema; the second schema added the last two.
    fn of(values: &[Value]) -> Option<Self> {
        let [
            row,
            run,
            n,
            boot,
            wall,
            score,
            scale,
            input,
            question,
            misuse,
            rule,
            replaces,
            crc,
            more @ ..,
        ] = values
        else {
            return None;
        };
        let is_row = *row == Value::Null && more.len() <= 2;
        let columns = Columns {
            boot_ms: boot.whole()?,
            wall_ms: wall.whole()?,
            score: score.whole(),
            scale: scale.whole(),
            input: input.whole(),
            misuse: misuse.text(),
            misuse_rule: rule.whole(),
            replaces: replaces.whole(),
            kind: more.first().and_then(Value::text),
            content: more.get(1).and_then(Value::text),
        };
        is_row.then_some(Self {
            run_key: run.whole()?,
            n: u32::try_from(n.whole()?).ok()?,
            question_key: question.whole(),
            crc: u32::try_from(crc.whole()?).ok()?,
            columns,
        })
    }
}

/// Reads the rows of a page that are not events. Tables are told apart by their columns' types.
pub(in crate::kiosk::journal) fn take_ground(ground: &mut Ground, page: &[u8; PAGE]) {
    use Value::{Blob, Null, Text, Whole};
    for values in index_records(page) {
        if let [Whole(run), Whole(n), Text(reason), again @ ..] = values.as_slice()
            && let Ok(n) = u32::try_from(*n)
        {
            let is_again = matches!(again, [Whole(1)]);
            ground.set_aside.insert((*run, n, reason.clone(), is_again));
        }
    }
    for (key, values) in records(page) {
        match values.as_slice() {
            [Null, Blob(uuid)] => {
                if let Ok(uuid) = uuid.as_slice().try_into() {
                    ground.boots.insert(key, BootId(uuid));
                }
            }
            [Null, Text(name), Whole(version), Text(language)] => {
                if let Ok(version) = u32::try_from(*version) {
                    let (id, language) = (name.clone(), language.clone());
                    ground.questions.insert(key, Wording { id, version, language });
                }
            }
            [Null, Blob(uuid), Whole(boot_key), Whole(taken), Whole(settled), crc @ ..] => {
                let (taken, settled) = (u32::try_from(*taken), u32::try_from(*settled));
                if let (Ok(uuid), Ok(taken), Ok(settled)) =
                    (uuid.as_slice().try_into(), taken, settled)
                {
                    take_run(ground, key, RunId(uuid), *boot_key, (taken, settled), crc);
                }
            }
            [
                Null,
                Whole(boot),
                Whole(boot_ms),
                Whole(utc_ms),
                Whole(error_ms),
                Text(source),
                Whole(_),
            ] => {
                let parts = (u64::try_from(*boot_ms), u32::try_from(*error_ms));
                if let ((Ok(boot_ms), Ok(error_ms)), Some(source)) = (parts, Source::named(source))
                {
                    let anchor = Anchor { boot_ms, utc_ms: *utc_ms, error_ms, source };
                    let anchors = ground.anchors.entry(*boot).or_default();
                    if !anchors.contains(&anchor) {
                        anchors.push(anchor);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A run's row may be there in several versions: of the sound ones the furthest counts. Of a
/// damaged one only its id is used, which the checksums of its events confirm or refute.
fn take_run(
    ground: &mut Ground,
    key: i64,
    run: RunId,
    boot_key: i64,
    (taken, settled): (u32, u32),
    crc: &[Value],
) {
    let is_sound = match crc {
        [Value::Whole(crc)] => *crc == i64::from(run_checksum(run, taken, settled)),
        // Rows of the first schema had no checksum, so they cannot be trusted.
        _ => false,
    };
    let found = FoundRun { run, boot_key, taken: 0, settled: 0 };
    let known = ground.runs.entry(key).or_insert(found);
    if is_sound {
        let (taken, settled) = if known.run == run {
            (known.taken.max(taken), known.settled.max(settled))
        } else {
            (taken, settled)
        };
        *known = FoundRun { run, boot_key, taken, settled };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kiosk::journal::rescue::page::TABLE_LEAF;

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), PAGE)) {
            bytes[0] = TABLE_LEAF;
            let page: [u8; PAGE] = bytes.try_into().unwrap();
            let mut ground = Ground::default();
            take_ground(&mut ground, &page);
            let _ = records(&page);
        }
    }
}
