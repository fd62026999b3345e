//! The folder of this kiosk on a stick that goes round several shops.
//!
//! It is called by the kiosk's short name, or by its oldest run where head office has not named it
//! yet. Two kiosks of one name may meet on a stick all the same: of two head offices, a board and
//! the one that took its place, a card and its copy, or names that a stick's file system takes for
//! one. So a folder says which run wrote to it last, and a kiosk writes only where that run is in
//! its own journal. Otherwise it takes the next name, such as `kallio-2`.

use std::ffi::OsStr;

use crate::feedback::rating::RunId;
use crate::foreign::{self, Folder};

/// The file that says which run of which kiosk wrote last.
pub const MARK: &str = "written-by.txt";

/// The most bytes of it that are read: a run is 32 digits.
const MARK_BYTES_MAX: u64 = 100;

/// How many folders of one name are tried.
const FOLDERS_MAX: usize = 100;

/// The folder of the kiosk with these runs, oldest first, and its name; it is made where there is
/// none, and marked as this kiosk's.
///
/// # Errors
/// When the stick is full, protected or gone, or too many others have the name.
pub fn open(
    stick: &Folder,
    kiosk: Option<&str>,
    runs: &[RunId],
) -> Result<(Folder, String), foreign::Error> {
    let of_run = || runs.first().map_or_else(|| "kiosk".to_owned(), |run| format!("kiosk-{run}"));
    let name = kiosk.map_or_else(of_run, str::to_owned);
    for number in 1..=FOLDERS_MAX {
        let name = if number == 1 { name.clone() } else { format!("{name}-{number}") };
        let folder = match stick.folder(OsStr::new(&name)) {
            Ok(folder) => folder,
            Err(error) if error.is_missing() => stick.make_folder(OsStr::new(&name))?,
            // Somebody else's file or link has the name.
            Err(foreign::Error::NotRegular) => continue,
            Err(error) => return Err(error),
        };
        if is_ours(&folder, runs)? {
            folder.sweep();
            if let Some(newest) = runs.last() {
                folder.write(OsStr::new(MARK), format!("{newest}\n").as_bytes())?;
            }
            return Ok((folder, name));
        }
    }
    Err(foreign::Error::Name)
}

/// Whether this kiosk wrote to it last, or nobody has yet.
fn is_ours(folder: &Folder, runs: &[RunId]) -> Result<bool, foreign::Error> {
    match folder.read(OsStr::new(MARK), MARK_BYTES_MAX) {
        Ok(mark) => {
            let mark = String::from_utf8_lossy(&mark);
            Ok(mark.trim().parse().is_ok_and(|run| runs.contains(&run)))
        }
        Err(error) if error.is_missing() => {
            Ok(folder.names()?.iter().all(|name| foreign::is_part(name)))
        }
        Err(foreign::Error::NotRegular | foreign::Error::TooLarge(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const OURS: [RunId; 2] = [RunId([1; 16]), RunId([2; 16])];
    const THEIRS: [RunId; 1] = [RunId([7; 16])];

    #[test]
    fn no_two_kiosks_share_a_folder_and_each_finds_its_own_again() {
        let ground = tempfile::tempdir().unwrap();
        let stick = Folder::open(ground.path()).unwrap();
        let name = |kiosk: Option<&str>, runs: &[RunId]| open(&stick, kiosk, runs).unwrap().1;
        for _ in 0..2 {
            assert_eq!(name(Some("kallio-käsi-1"), &OURS), "kallio-käsi-1");
            assert_eq!(name(Some("kallio-käsi-1"), &THEIRS), "kallio-käsi-1-2");
            assert_eq!(name(Some("売り場"), &OURS), "売り場");
            assert_eq!(name(None, &OURS), format!("kiosk-{}", OURS[0]));
            assert_eq!(name(None, &THEIRS), format!("kiosk-{}", THEIRS[0]));
        }
        // A copy of our card writes in our name from then on; the card itself goes elsewhere.
        let copy = [OURS[0], OURS[1], RunId([3; 16])];
        assert_eq!(name(Some("kallio-käsi-1"), &copy), "kallio-käsi-1");
        assert_eq!(name(Some("kallio-käsi-1"), &OURS), "kallio-käsi-1-3");
    }

    #[test]
    fn what_others_put_where_the_folder_belongs_is_left_alone() {
        let ground = tempfile::tempdir().unwrap();
        let place = |name: &str| ground.path().join(name);
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), place("kallio")).unwrap();
        std::fs::write(place("kallio-2"), "theirs").unwrap();
        std::fs::create_dir(place("kallio-3")).unwrap();
        std::fs::write(place("kallio-3/day-2026-11-20.html"), "theirs").unwrap();
        std::fs::create_dir(place("kallio-4")).unwrap();
        symlink("/dev/zero", place("kallio-4").join(MARK)).unwrap();
        let stick = Folder::open(ground.path()).unwrap();
        let (folder, name) = open(&stick, Some("kallio"), &OURS).unwrap();
        assert_eq!((name.as_str(), folder.path()), ("kallio-5", place("kallio-5").as_path()));
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        // An empty folder, and one that was pulled out in the middle, are anybody's.
        std::fs::create_dir(place("vantaa")).unwrap();
        std::fs::write(place("vantaa/.smilepost-1.part"), "half").unwrap();
        assert_eq!(open(&stick, Some("vantaa"), &OURS).unwrap().1, "vantaa");
        assert!(!place("vantaa/.smilepost-1.part").exists());
    }
}
