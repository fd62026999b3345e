//! The carried files whose receipts are awaited: what each is called, and which events are in it.
//!
//! A line a file, the newest last: its nonce, its name, and the numbers of each run, between tabs.
//! An older program wrote the nonce alone; such a file is forgotten, and what was in it is carried
//! again.

use std::fmt::Write as _;
use std::path::Path;

use crate::feedback::event::Stretches;
use crate::feedback::rating::RunId;
use crate::file;
use crate::kiosk::exchange::Numbers;

/// The name in the journal's folder.
pub const FILE: &str = "carried";

/// How many files are remembered; a receipt for an older one is ignored.
pub(super) const FILES_MAX: usize = 20;

/// A file that was carried, or is about to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Awaited {
    pub(super) nonce: String,
    pub(super) name: String,
    pub(super) held: Numbers,
}

/// The files that are awaited, the newest last.
pub(super) fn read(data_dir: &Path) -> Vec<Awaited> {
    let text = std::fs::read_to_string(data_dir.join(FILE)).unwrap_or_default();
    text.lines().filter_map(Awaited::read).collect()
}

/// Remembers one more.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn add(data_dir: &Path, new: Awaited) -> std::io::Result<()> {
    let mut awaited = read(data_dir);
    awaited.push(new);
    write(data_dir, &awaited)
}

/// Accepts no receipt for these files any more. One that stays on the stick is out of date next
/// time, and may be older than a restored backup of the hub.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn forget(data_dir: &Path, nonces: &[String]) -> std::io::Result<()> {
    let mut awaited = read(data_dir);
    awaited.retain(|file| !nonces.contains(&file.nonce));
    write(data_dir, &awaited)
}

fn write(data_dir: &Path, awaited: &[Awaited]) -> std::io::Result<()> {
    let from = awaited.len().saturating_sub(FILES_MAX);
    let lines: String = awaited.iter().skip(from).map(Awaited::line).collect();
    file::write(&data_dir.join(FILE), lines.as_bytes())
}

impl Awaited {
    fn line(&self) -> String {
        let mut line = format!("{}\t{}", self.nonce, self.name);
        for (run, numbers) in &self.held {
            let _ = write!(line, "\t{run}");
            for (first, last) in numbers.list() {
                let _ = write!(line, " {first}-{last}");
            }
        }
        line.push('\n');
        line
    }

    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split('\t');
        let (nonce, name) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let held: Option<Numbers> = parts.map(numbers).collect();
        Some(Self { nonce, name, held: held? })
    }
}

fn numbers(part: &str) -> Option<(RunId, Stretches)> {
    let mut words = part.split(' ');
    let run = words.next()?.parse().ok()?;
    let range = |word: &str| {
        let (first, last) = word.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    let ranges: Option<Vec<(u32, u32)>> = words.map(range).collect();
    Some((run, Stretches::of(ranges?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(n: u32) -> Awaited {
        let held =
            [(RunId([1; 16]), vec![(1, 9), (12, 12)]), (RunId([2; 16]), vec![(3, u32::MAX)])];
        Awaited {
            nonce: format!("{n:032x}"),
            name: format!("kallio-{n}.smilepost"),
            held: held.map(|(run, ranges)| (run, Stretches::of(ranges))).into(),
        }
    }

    #[test]
    fn what_was_carried_is_remembered_until_it_is_confirmed_or_long_ago() {
        let folder = tempfile::tempdir().unwrap();
        let names = || read(folder.path()).into_iter().map(|file| file.name).collect::<Vec<_>>();
        add(folder.path(), file(0)).unwrap();
        assert_eq!(read(folder.path()), [file(0)]);
        (1..25).for_each(|n| add(folder.path(), file(n)).unwrap());
        assert_eq!(names().len(), FILES_MAX);
        assert_eq!(names().first().unwrap(), "kallio-5.smilepost");
        forget(folder.path(), &[file(7).nonce, file(1).nonce]).unwrap();
        assert_eq!(names().len(), FILES_MAX - 1);
    }

    #[test]
    fn a_line_that_says_not_what_was_carried_is_none() {
        let good = file(1).line();
        assert_eq!(Awaited::read(good.trim_end()), Some(file(1)));
        let nonce = file(1).nonce;
        for bad in ["", &nonce, &format!("{nonce}\tname\tno run 1-2"), &good.replace("1-9", "9")] {
            assert_eq!(Awaited::read(bad.trim_end()), None, "{bad:?}");
        }
    }
}
