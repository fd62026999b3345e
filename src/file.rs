//! Writing a small file so that a power cut leaves either the old one or the new one, and noticing
//! that somebody else has changed one.

use std::io::Write as _;
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

/// How many bytes may still be written on the disk of a folder; none where it does not say.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let room = rustix::fs::statvfs(folder).ok()?;
    Some(room.f_bavail.saturating_mul(room.f_frsize))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
