//! Readies a card for imaging: deletes everything in the data folder that is this board's own.

use std::io;
use std::path::{Path, PathBuf};

use super::desk::phone::OWN_FILES as PHONE_FILES;
use super::desk::tools::socket;
use super::enrolling::{self, Reached};
use super::journal::{MARK_FILE, OWN_FILES as JOURNAL_FILES};
use super::office_survey;
use super::pin;
use super::screen::is_own_folder;
use super::settings::{ENROLMENT_FILE, FORMER_DIR, JOURNALS_DIR, Settings};
use super::sound::TONE_FILE;
use super::uplink;
use crate::wire::local::Ask;

/// What a running kiosk makes in its runtime folder, which can be the data folder.
const RUNTIME_FILES: [&str; 2] = [socket::FILE, TONE_FILE];

/// Why the card is not reset.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody can tell what is on it.
    #[error(transparent)]
    Standing(#[from] enrolling::Error),
    /// A kiosk is running on it.
    #[error("a kiosk is running on this data folder: stop smilepost-kiosk first")]
    Running,
    /// Something on it was not delivered, or is not in order.
    #[error(
        "nothing was deleted, because it would be lost: {} Deliver or carry it first, or say \
         `--give-up`", .0.join(" ")
    )]
    Waiting(Vec<String>),
    /// Something cannot be deleted.
    #[error("cannot delete {}", .file.display())]
    Undeleted {
        /// What.
        file: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Deletes journals, enrolments, tokens, PIN, certificate and whatever else is this board's own;
/// returns what is left in the data folder.
///
/// # Errors
/// [`Error::Running`], or [`Error::Waiting`] unless what waits is given up; then nothing is
/// deleted.
pub fn reset(settings: &Settings, gives_up: bool) -> Result<Vec<PathBuf>, Error> {
    let waiting = match enrolling::reach(settings, &Ask::Standing)? {
        Reached::Kiosk(_) => return Err(Error::Running),
        Reached::Files(files) => files.would_be_lost()?,
    };
    if !waiting.is_empty() && !gives_up {
        return Err(Error::Waiting(waiting));
    }
    let mut left = Vec::new();
    for file in entries(&settings.data_dir)? {
        match is_own(&file) {
            true => delete(&file)?,
            false => left.push(file),
        }
    }
    // Whoever pulls the plug now must not find it all again in the image.
    let written = std::fs::File::open(&settings.data_dir).and_then(|folder| folder.sync_all());
    match written {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(left),
        Err(source) => Err(Error::Undeleted { file: settings.data_dir.clone(), source }),
        Ok(()) => Ok(left),
    }
}

/// What is in the folder, the marks of the journals first: without its mark a journal that is
/// deleted by halves is taken for a new one, and with it for a damaged one. What says whose the
/// journals are comes last: no power cut leaves a journal that seems to be nobody's.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Undeleted { file: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>().map_err(failed)?;
    let turn = |path: &Path| match path.file_name().and_then(|name| name.to_str()) {
        Some(MARK_FILE) => 0,
        Some(FORMER_DIR) => 2,
        Some(ENROLMENT_FILE) => 3,
        _ => 1,
    };
    paths.sort_by_key(|path| (turn(path), path.clone()));
    Ok(paths)
}

/// Whether something in the data folder is made by this program for this board alone.
fn is_own(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let whole = [FORMER_DIR, JOURNALS_DIR, ENROLMENT_FILE, office_survey::FILE, uplink::OWN_FILE];
    let stems = JOURNAL_FILES.iter().chain(&PHONE_FILES).chain(&pin::OWN_FILES);
    let stems = stems.chain(&whole).chain(&RUNTIME_FILES);
    // A file that is being written has an ending of its own.
    let is_of = |stem: &&str| {
        let unfinished = Path::new(stem).with_extension("new");
        name == *stem
            || name.strip_prefix(*stem).is_some_and(|rest| rest.starts_with(['.', '-']))
            || Path::new(name) == unfinished
            || Path::new(name) == Path::new(stem).with_extension("try")
    };
    stems.into_iter().any(is_of) || is_own_folder(file)
}

fn delete(file: &Path) -> Result<(), Error> {
    let is_folder = std::fs::symlink_metadata(file).is_ok_and(|data| data.is_dir());
    let deleted = match is_folder {
        true => std::fs::remove_dir_all(file),
        false => std::fs::remove_file(file),
    };
    deleted.map_err(|source| Error::Undeleted { file: file.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_boards_own_is_told_from_what_is_not() {
        let own = [
            "journal.sqlite",
            "journal.sqlite-wal",
            "journal.sqlite.bad-1",
            "journal.mark.bad-12",
            "journal.sqlite.foreign-1",
            "journal.sqlite.saved",
            "reserve",
            "carried",
            "pin",
            "pin-given",
            "pin-tries-screen",
            "enrolment.toml",
            "enrolment.new",
            "enrolment.try",
            "survey.json",
            "survey.new",
            "desk-key.pem",
            "desk-certificate.pem",
            "kiosk.sock",
            "former",
            "journals",
        ];
        let others = ["kiosk.toml", "logo.png", "survey.toml", "pineapple", "formerly", ".bashrc"];
        for name in own {
            assert!(is_own(Path::new(name)), "{name}");
        }
        for name in others {
            assert!(!is_own(Path::new(name)), "{name}");
        }
        let folder = tempfile::tempdir().unwrap();
        let fonts = folder.path().join("fonts");
        std::fs::create_dir(&fonts).unwrap();
        std::fs::write(fonts.join("House.ttf"), "the shop's").unwrap();
        assert!(!is_own(&fonts));
        for file in ["fonts.conf", "all-fonts.conf"] {
            std::fs::write(fonts.join(file), "").unwrap();
        }
        assert!(is_own(&fonts));
    }
}
