//! Imports files from a stick, or all that are in its folder and in the kiosks' folders there,
//! reports on each, and writes its receipt beside it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::carried::file::{ENDING, RECEIPT_ENDING};
use crate::carried::seal::HubKeys;
use crate::escape::{Plain, chain};
use crate::foreign::{self, Folder};
use crate::hub::archive::Archive;
use crate::hub::carried::import::{self, Imported};

/// A file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened.
    #[error("the file cannot be read")]
    Unreadable(#[source] foreign::Error),
    /// It is a folder that cannot be read.
    #[error("the folder cannot be read")]
    Folder(#[source] foreign::Error),
    /// It is a folder without any.
    #[error("there is no file *.{ENDING} in this folder, nor in a folder in it")]
    Empty,
    /// Nothing in it can be stored.
    #[error(transparent)]
    Import(#[from] import::Error),
}

/// The largest file that is read, in bytes: a journal of a gigabyte, sealed, has less than half.
pub const FILE_BYTES_MAX: u64 = 4 * 1_024 * 1_024 * 1_024;

/// The most files that are taken of a folder, with the folders in it.
const FILES_MAX: usize = 10_000;

/// The files that a path stands for: itself, or those of a folder and of the folders in it, sorted.
/// Of a folder only names that end in `.smilepost` count, and no hidden ones, which other systems
/// leave beside each file.
///
/// # Errors
/// When it is a folder that has none or cannot be read. The folders in it are told each for itself.
pub fn found(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let is_ours = |name: &OsStr| {
        let ending = Path::new(name).extension();
        ending.is_some_and(|ending| ending == ENDING) && !name.as_bytes().starts_with(b".")
    };
    let folder = Folder::open(path).map_err(Error::Folder)?;
    let mut files = Vec::new();
    for name in folder.names().map_err(Error::Folder)? {
        match folder.folder(&name) {
            Ok(kiosk) => match kiosk.names() {
                Ok(names) => {
                    let ours = names.iter().filter(|name| is_ours(name));
                    files.extend(ours.map(|name| kiosk.path().join(name)));
                }
                // It is complained of in its turn, and keeps no other from being imported.
                Err(_) => files.push(kiosk.path().to_owned()),
            },
            Err(_) if is_ours(&name) => files.push(path.join(name)),
            Err(_) => {}
        }
    }
    files.truncate(FILES_MAX);
    if files.is_empty() { Err(Error::Empty) } else { Ok(files) }
}

/// A file that came by hand, in the folder that it lies in.
#[derive(Debug)]
pub struct Source {
    folder: Folder,
    name: OsString,
}

impl Source {
    /// Finds the file's folder, in which the receipt will be written too. `within` is the folder
    /// that somebody named where they did not name the file itself: what lies between the two was
    /// put there by whoever filled it, and no link there is followed.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(file: &Path, within: Option<&Path>) -> Result<Self, Error> {
        let way = within.and_then(|within| Some((within, file.strip_prefix(within).ok()?)));
        let opened = match way.filter(|(_, rest)| !rest.as_os_str().is_empty()) {
            None => Folder::around(file),
            Some((within, rest)) => Folder::open(within).and_then(|mut folder| {
                let name = rest.file_name().unwrap_or_default().to_owned();
                for part in rest.parent().into_iter().flatten() {
                    folder = folder.folder(part)?;
                }
                Ok((folder, name))
            }),
        };
        let (folder, name) = opened.map_err(Error::Unreadable)?;
        Ok(Self { folder, name })
    }

    /// Imports the file at this time, in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// When nothing of it can be stored.
    pub async fn import(
        &self,
        archive: &Archive,
        keys: &HubKeys,
        now_ms: i64,
    ) -> Result<Imported, Error> {
        let input = self.folder.file(&self.name, FILE_BYTES_MAX).map_err(Error::Unreadable)?;
        Ok(import::import(archive, keys, input, now_ms).await?)
    }

    /// Writes the receipt beside the file, and returns where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_receipt(&self, receipt: &str) -> Result<PathBuf, foreign::Error> {
        let mut name = self.name.clone();
        name.push(".");
        name.push(RECEIPT_ENDING);
        self.folder.write(&name, receipt.as_bytes())?;
        Ok(self.folder.path().join(name))
    }
}

/// Imports each of these files, or all of a folder, and writes the receipt of each beside it; tells
/// what became of each, and returns how many were not imported completely. The time is in
/// milliseconds since 1970 UTC.
///
/// # Errors
/// When it cannot be told. One file that cannot be imported keeps no other from being imported.
pub async fn all<E>(
    archive: &Archive,
    keys: &HubKeys,
    paths: &[PathBuf],
    wall_ms: fn() -> i64,
    tell: &mut impl FnMut(&str) -> Result<(), E>,
) -> Result<usize, E> {
    let (mut whole, mut incomplete) = (0, 0);
    for path in paths {
        let within = Some(path.as_path()).filter(|path| path.is_dir());
        let files = match found(path) {
            Ok(files) => files,
            Err(error) => {
                incomplete += 1;
                tell(&failed(path, "nothing was imported", &error))?;
                continue;
            }
        };
        for file in files {
            let (lines, is_whole) = one(archive, keys, &file, within, wall_ms()).await;
            tell(&lines)?;
            whole += usize::from(is_whole);
            incomplete += usize::from(!is_whole);
        }
    }
    if whole + incomplete > 1 {
        tell(&format!("{whole} files were imported completely, {incomplete} were not"))?;
    }
    Ok(incomplete)
}

/// Imports a file and writes its receipt beside it; returns what became of it, and whether all of
/// it was imported.
async fn one(
    archive: &Archive,
    keys: &HubKeys,
    file: &Path,
    within: Option<&Path>,
    now_ms: i64,
) -> (String, bool) {
    let import = async {
        let source = Source::open(file, within)?;
        let imported = source.import(archive, keys, now_ms).await?;
        Ok::<_, Error>((source, imported))
    };
    let (source, imported) = match import.await {
        Ok(done) => done,
        Err(error) => return (failed(file, "nothing was imported", &error), false),
    };
    let mut lines = told(file, &imported);
    let mut is_whole = imported.complaints.is_empty();
    if !is_whole {
        lines.push_str(&format!("{}: not all of it was imported\n", Plain(file.display())));
    }
    match imported.receipt.as_ref().map(|receipt| source.write_receipt(receipt)) {
        None => {}
        Some(Ok(path)) => {
            let path = Plain(path.display());
            lines.push_str(&format!("{path}: carry it back to the kiosk\n"));
        }
        Some(Err(error)) => {
            is_whole = false;
            lines.push_str(&failed(file, "cannot write the receipt", &error));
        }
    }
    (lines, is_whole)
}

/// What went wrong with a file, with its causes, as a line.
fn failed(file: &Path, what: &str, error: &dyn std::error::Error) -> String {
    let line = format!("{what}: {}", chain(error));
    format!("{}: {}\n", Plain(file.display()), Plain(line))
}

/// The report on a file: the result and each complaint, a line each, beginning with its name.
#[must_use]
pub fn told(file: &Path, imported: &Imported) -> String {
    let name = Plain(file.display());
    let Imported { kiosk, added, known, set_aside, before, complaints, .. } = imported;
    let before = before.as_ref().map(|at| format!("; the file was imported before, on {at}"));
    let before = before.unwrap_or_default();
    let kiosk = Plain(kiosk);
    let mut lines = format!(
        "{name}: {kiosk}: {added} new events, {known} known events, {set_aside} set aside{before}\n"
    );
    for complaint in complaints {
        lines.push_str(&format!("{name}: {}\n", Plain(complaint)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_file_is_told_with_every_complaint() {
        let imported = Imported {
            kiosk: "kallio-exit".to_owned(),
            added: 3,
            known: 2,
            before: Some("2026-11-20T12:00:00Z".to_owned()),
            complaints: vec!["line 4: was changed".to_owned()],
            ..Imported::default()
        };
        let told = told(Path::new("a.smilepost"), &imported);
        assert_eq!(
            told,
            "a.smilepost: kallio-exit: 3 new events, 2 known events, 0 set aside; the file was \
             imported before, on 2026-11-20T12:00:00Z\na.smilepost: line 4: was changed\n"
        );
    }

    #[test]
    fn a_folder_stands_for_its_files_and_those_one_folder_down() {
        let ground = tempfile::tempdir().unwrap();
        let place = |name: &str| ground.path().join(name);
        assert!(matches!(found(ground.path()), Err(Error::Empty)));
        for folder in ["kallio-1/deeper", "売り場", "empty", "odd.smilepost"] {
            std::fs::create_dir_all(place(folder)).unwrap();
        }
        let files = [
            "a.smilepost",
            "kallio-1/b.smilepost",
            "odd.smilepost/c.smilepost",
            "売り場/売り場.smilepost",
        ];
        let others = [
            "._a.smilepost",
            "a.smilepost.receipt",
            "days.csv",
            "kallio-1/smilepost",
            "kallio-1/deeper/d.smilepost",
        ];
        files.iter().chain(&others).for_each(|file| std::fs::write(place(file), "").unwrap());
        // A link is none of its folders.
        std::os::unix::fs::symlink(place("kallio-1"), place("link")).unwrap();
        assert_eq!(found(ground.path()).unwrap(), files.map(place));
        // What is named itself is taken whatever it is called, and complained of later.
        assert_eq!(found(&place("nothing")).unwrap(), [place("nothing")]);
        for (file, is_ok) in [("kallio-1/b.smilepost", true), ("link/b.smilepost", false)] {
            assert_eq!(Source::open(&place(file), Some(ground.path())).is_ok(), is_ok, "{file}");
        }
    }

    #[test]
    fn the_receipt_stands_beside_the_file_under_its_whole_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kallio.smilepost");
        let path = Source::open(&file, None).unwrap().write_receipt("text").unwrap();
        assert_eq!(path, folder.path().join("kallio.smilepost.receipt"));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "text");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }
}
