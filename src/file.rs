//! Writing a small file so that a power cut leaves either the old one or the new one, and noticing
//! that somebody else has changed one.

use std::io::{Error, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Writes a file that only its owner can read, making its folder if need be.
///
/// # Errors
/// When the folder cannot be written; then the old file stands.
pub fn write(file: &Path, content: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder_of(file))?;
    let new = file.with_extension("new");
    // A leftover of an earlier try may have other rights; a new file has ours.
    let _ = std::fs::remove_file(&new);
    let mut options = std::fs::OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(0o600).open(&new)?;
    out.write_all(content)?;
    out.sync_all()?;
    std::fs::rename(&new, file)?;
    std::fs::File::open(folder_of(file))?.sync_all()
}

/// How many bytes may still be written on the disk of a folder.
///
/// # Errors
/// When the system does not say.
pub fn free_bytes(folder: &Path) -> std::io::Result<u64> {
    let room = rustix::fs::statvfs(folder)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

/// The folder that a file lies in.
#[must_use]
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Why a file or a folder cannot be used, in words for whoever has to cure it.
#[must_use]
pub fn told(error: &Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder",
        ErrorKind::PermissionDenied => {
            "this user may not do that; the user of the service may, or root"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "it is write-protected: look for a switch at its side, or have it mounted so that it \
             can be written"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "there is no room left on it",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::AlreadyExists => {
            "something has this name already: choose another name, or move it away"
        }
        ErrorKind::AddrInUse => "something else uses that address and port already",
        ErrorKind::AddrNotAvailable => "this machine does not have that address",
        ErrorKind::TimedOut => "it did not answer in time",
        ErrorKind::ConnectionRefused => "nobody listens there",
        ErrorKind::BrokenPipe => "whoever should have read it has gone",
        ErrorKind::NotADirectory => "a part of its path is no folder",
        ErrorKind::InvalidFilename => "the name is too long, or has letters that it cannot have",
        ErrorKind::InvalidData => "it is not text in UTF-8",
        _ => {
            // The system's own words, without its number for them.
            let words = error.to_string();
            let end = words.rfind(" (os error ").unwrap_or(words.len());
            return words.get(..end).unwrap_or_default().to_owned();
        }
    };
    words.to_owned()
}

/// What is seen of a file without reading it: which one it is, when it was written, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look(u64, i64, i64, u64);

/// Looks at a file, so that a change is noticed; none where there is none.
#[must_use]
pub fn look(file: &Path) -> Option<Look> {
    let told = std::fs::metadata(file).ok()?;
    Some(Look(told.ino(), told.mtime(), told.mtime_nsec(), told.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_are_told_with_their_cure_and_without_their_numbers() {
        for (number, part) in [
            (30, "write-protected: look for a switch"),
            (28, "no room left"),
            (13, "the user of the service may"),
            (2, "no such file or folder"),
            (21, "it is a folder"),
            (36, "too long"),
            (17, "something has this name already"),
        ] {
            let told = told(&Error::from_raw_os_error(number));
            assert!(told.contains(part) && !told.contains("os error"), "{told}");
        }
        assert_eq!(told(&Error::from_raw_os_error(5)), "Input/output error");
        assert_eq!(told(&Error::other("of our own")), "of our own");
    }
}
