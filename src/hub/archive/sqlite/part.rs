//! What is not whole yet: a folder with a name of its own beside what it is to become.
//!
//! Whoever makes it holds the lock of a file in it, which the system gives up when the process has
//! ended, however that was. So what a process that was killed has left is known from what another
//! one is just making, and is deleted by whoever makes the next. Nothing else ever is.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How its name begins and ends; between them are 16 hexadecimal digits.
const NAME: (&str, &str) = (".smilepost-", ".part");

/// The file in it whose lock is held.
const LOCK: &str = "lock";

/// What has no lock in it, as a version before has made it, is left over when nobody has written
/// into it for so long.
const UNLOCKED: Duration = Duration::from_secs(24 * 3_600);

/// How often a name is drawn: somebody may take one that was just made for left over.
const TRIES: u32 = 3;

/// A folder for what is not whole yet; deleted when this is dropped.
#[derive(Debug)]
pub struct Part {
    folder: PathBuf,
    _lock: File,
}

impl Part {
    /// Makes one in a folder, for nobody but its owner, and deletes what killed ones have left
    /// there.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn within(folder: &Path) -> io::Result<Self> {
        // Where it cannot be looked at, nothing of others is deleted.
        let _ = sweep(folder);
        let mut tries = 1;
        loop {
            let (begins, ends) = NAME;
            let name = format!("{begins}{:016x}{ends}", rand::random::<u64>());
            match Self::make(folder.join(name)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && tries < TRIES => tries += 1,
                made => return made,
            }
        }
    }

    fn make(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().mode(0o700).create(&folder)?;
        let mut options = OpenOptions::new();
        let lock = options.write(true).create_new(true).mode(0o600).open(folder.join(LOCK))?;
        lock.try_lock()?;
        if lock.metadata()?.nlink() == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(Self { folder, _lock: lock })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // What is left over is not taken for anything, and goes with the next.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Deletes what killed processes have left in a folder; returns what that was.
///
/// # Errors
/// When the folder cannot be read. What cannot be deleted stays.
pub fn sweep(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut swept = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if !entry.file_name().to_str().is_some_and(is_part) {
            continue;
        }
        let is_swept = if kind.is_dir() {
            sweep_folder(&path)
        } else {
            kind.is_file() && is_old(&path) && std::fs::remove_file(&path).is_ok()
        };
        if is_swept {
            swept.push(path);
        }
    }
    Ok(swept)
}

/// Deletes such a folder if nobody holds it.
fn sweep_folder(folder: &Path) -> bool {
    let lock = folder.join(LOCK);
    let is_left = match std::fs::symlink_metadata(&lock) {
        Ok(told) if told.is_file() => {
            let opened = OpenOptions::new().write(true).open(&lock);
            // Held until the folder is gone, so that nobody begins in it meanwhile.
            return opened.is_ok_and(|lock| {
                lock.try_lock().is_ok() && std::fs::remove_dir_all(folder).is_ok()
            });
        }
        Ok(_) => false,
        Err(error) => error.kind() == ErrorKind::NotFound && is_old(folder),
    };
    is_left && std::fs::remove_dir_all(folder).is_ok()
}

/// Whether it, and all that is in it, is as it was for a day.
fn is_old(path: &Path) -> bool {
    let old = |path: &Path| {
        let age = std::fs::symlink_metadata(path).and_then(|told| told.modified());
        age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNLOCKED))
    };
    let within = std::fs::read_dir(path).into_iter().flatten().flatten();
    old(path) && within.into_iter().all(|entry| old(&entry.path()))
}

fn is_part(name: &str) -> bool {
    // SQLite's own files beside one that a version before has made.
    let sides = ["-journal", "-wal", "-shm"];
    let name = sides.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let (begins, ends) = NAME;
    let digits = name.strip_prefix(begins).and_then(|name| name.strip_suffix(ends));
    digits.is_some_and(|digits| digits.len() == 16 && digits.bytes().all(is_digit))
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: &str = ".smilepost-0123456789abcdef.part";

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// As if nobody had touched it for two days.
    fn age(path: &Path) {
        let at = std::fs::symlink_metadata(path).unwrap().modified().unwrap() - 2 * UNLOCKED;
        File::open(path).unwrap().set_modified(at).unwrap();
    }

    #[test]
    fn what_is_held_stays_and_what_was_left_goes() {
        let home = tempfile::tempdir().unwrap();
        let held = Part::within(home.path()).unwrap();
        let left = home.path().join(LEFT);
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join(LOCK), "").unwrap();
        std::fs::write(left.join("hub.sqlite"), "x").unwrap();
        let next = Part::within(home.path()).unwrap();
        assert!(!left.exists() && held.folder().exists() && next.folder().exists());
        let folder = held.folder().to_owned();
        drop((held, next));
        assert!(!folder.exists() && names(home.path()).is_empty());
    }

    #[test]
    fn what_an_older_version_has_left_goes_after_a_day_and_nothing_else_ever() {
        let home = tempfile::tempdir().unwrap();
        let place = |name: &str| home.path().join(name);
        let others = [
            ".smilepost-0123456789ABCDEF.part",
            ".smilepost-7.part",
            ".smilepost-0123456789abcdef.part.txt",
            "hub.sqlite",
            "smilepost-0123456789abcdef.part",
        ];
        for name in others {
            std::fs::write(place(name), "x").unwrap();
            age(&place(name));
        }
        let journal = format!("{LEFT}-journal");
        for name in [LEFT, &journal] {
            std::fs::write(place(name), "x").unwrap();
        }
        let elsewhere = place(".smilepost-0000000000000000.part");
        std::os::unix::fs::symlink(place("hub.sqlite"), &elsewhere).unwrap();
        assert_eq!(sweep(home.path()).unwrap(), Vec::<PathBuf>::new());
        for name in [LEFT, &journal] {
            age(&place(name));
        }
        assert_eq!(sweep(home.path()).unwrap().len(), 2);
        assert_eq!(names(home.path()).len(), others.len() + 1);
        // A folder without a lock may be one that is just being made.
        std::fs::create_dir(place(LEFT)).unwrap();
        assert!(sweep(home.path()).unwrap().is_empty());
        age(&place(LEFT));
        assert_eq!(sweep(home.path()).unwrap().len(), 1);
    }
}
