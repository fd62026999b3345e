//! Quarantines a journal whose file cannot be trusted: the files are renamed, never deleted, and a
//! fresh journal replaces them at once.
//!
//! Three files belong together: the database, its WAL and the mark. They are renamed to `*.bad-N`
//! in this order, so that a power cut in between leaves something that is seen to be incomplete.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::high_water::{self, Mark};
use crate::kiosk::journal::folder::FILE;
use crate::kiosk::journal::schema::PAGE_BYTES;

/// Every database that SQLite made begins with this.
pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The damaged files that belong to one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kiosk::journal) struct Bad {
    pub(in crate::kiosk::journal) number: i64,
    pub(in crate::kiosk::journal) database: PathBuf,
    pub(in crate::kiosk::journal) wal: PathBuf,
    pub(in crate::kiosk::journal) mark: PathBuf,
}

impl Bad {
    pub(in crate::kiosk::journal) fn numbered(folder: &Path, number: i64) -> Self {
        let [database, wal, mark] = names().map(|name| folder.join(format!("{name}.bad-{number}")));
        Self { number, database, wal, mark }
    }
}

fn names() -> [String; 3] {
    [FILE.to_owned(), format!("{FILE}-wal"), high_water::FILE.to_owned()]
}

/// What is wrong with the files, looked at before SQLite opens them.
///
/// SQLite itself takes an empty file for a new database, and deletes the WAL beside it.
///
/// # Errors
/// When the folder cannot be read for a reason other than damage.
pub(in crate::kiosk::journal) fn look(folder: &Path) -> io::Result<Option<&'static str>> {
    let [database, wal, mark] = names().map(|name| folder.join(name));
    let has_wal = std::fs::metadata(&wal).is_ok_and(|data| data.len() > 0);
    let has_history = Mark::read(&mark).is_some_and(|mark| !mark.runs.is_empty());
    let mut header = Vec::new();
    let read = File::open(&database).and_then(|file| file.take(100).read_to_end(&mut header));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
            return Ok(Some("cannot be read from the card"));
        }
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    let page_bytes = header.get(16..18).and_then(|bytes| bytes.first_chunk().copied());
    Ok(match page_bytes.map(u16::from_be_bytes) {
        // A power cut in the first moments of a first start leaves an empty file; nothing is lost.
        None if header.is_empty() && !has_wal && !has_history => None,
        None if header.is_empty() && has_wal => Some("is missing, and only its WAL is left"),
        None if header.is_empty() => Some("is missing, but its high-water mark is there"),
        Some(bytes)
            if header.starts_with(MAGIC)
                && u32::from(bytes) == PAGE_BYTES
                // Any other version of the format makes SQLite open the file read-only.
                && header.get(18..20).is_some_and(|both| both.iter().all(|v| matches!(v, 1 | 2))) =>
        {
            None
        }
        _ => Some("does not begin with the header of a journal"),
    })
}

/// Renames the journal's files to `*.bad-N` and returns N.
///
/// # Errors
/// When the folder cannot be written.
pub(in crate::kiosk::journal) fn quarantine(folder: &Path) -> io::Result<i64> {
    let number = last(folder)?.map_or(1, |bad| bad.number + 1);
    let bad = Bad::numbered(folder, number);
    let [database, wal, mark] = names().map(|name| folder.join(name));
    for (from, to) in [(database, &bad.database), (wal, &bad.wal), (mark, &bad.mark)] {
        match std::fs::rename(&from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
    }
    File::open(folder)?.sync_all()?;
    Ok(number)
}

/// Completes a quarantine that a power cut interrupted: renames the mark after its database.
///
/// # Errors
/// When the folder cannot be written.
pub(in crate::kiosk::journal) fn finish(folder: &Path) -> io::Result<()> {
    let [database, wal, mark] = names().map(|name| folder.join(name));
    let Some(bad) = last(folder)? else {
        return Ok(());
    };
    let is_orphan = !database.exists() && !wal.exists() && mark.exists() && !bad.mark.exists();
    if is_orphan {
        std::fs::rename(mark, bad.mark)?;
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The damaged files with the highest number, if there are any.
///
/// # Errors
/// When the folder cannot be read.
pub(in crate::kiosk::journal) fn last(folder: &Path) -> io::Result<Option<Bad>> {
    Ok(all(folder)?.pop())
}

/// The damaged files, by their numbers.
///
/// # Errors
/// When the folder cannot be read.
pub(in crate::kiosk::journal) fn all(folder: &Path) -> io::Result<Vec<Bad>> {
    let mut numbers = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.rsplit_once(".bad-"));
        let number = number.filter(|(stem, _)| names().iter().any(|name| name == stem));
        numbers.extend(number.and_then(|(_, number)| number.parse::<i64>().ok()));
    }
    Ok(numbers.into_iter().map(|number| Bad::numbered(folder, number)).collect())
}

/// The names of all quarantined files.
pub(in crate::kiosk::journal) fn list(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> =
        entries.flatten().map(name).filter(|name| name.contains(".bad-")).collect();
    names.sort();
    names
}

/// Drops the system's cache of the files, so that the next reader sees what is on the card.
///
/// After a failed flush, Linux treats pages as clean that the card never got (Rebello et al., "Can
/// applications recover from fsync failures?", USENIX ATC 2020).
pub(in crate::kiosk::journal) fn forget_cache(folder: &Path) {
    for name in names() {
        if let Ok(file) = File::open(folder.join(name)) {
            // A failure costs nothing: this is advice.
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        }
    }
}
