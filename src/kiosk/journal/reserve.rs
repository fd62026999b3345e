//! The space on the card: a reserve file for a full card, and a check for unsafe file systems.
//!
//! On a full card SQL can free nothing, since a deletion has to be written too. So a
//! placeholder file is kept beside the journal; deleting it makes room for thousands of ratings,
//! and it is created again when there is space for it.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate, statfs};

use crate::file;

/// The reserve's name in the data folder.
pub(super) const FILE: &str = "reserve";

/// The size of the reserve in bytes: about fourteen thousand ratings.
pub(super) const BYTES: u64 = 1024 * 1024;

/// Deletes the reserve; returns whether there was one.
pub(super) fn give_up(folder: &Path) -> bool {
    std::fs::remove_file(folder.join(FILE)).is_ok()
}

/// Creates the reserve if it is missing and four times its size is free.
pub(super) fn lay_down(folder: &Path) {
    let file = folder.join(FILE);
    let is_there = std::fs::metadata(&file).is_ok_and(|data| data.len() >= BYTES);
    if is_there || !file::free_bytes(folder).is_ok_and(|free| free >= 4 * BYTES) {
        return;
    }
    if let Err(error) = write(&file) {
        tracing::debug!(%error, "cannot create the reserve yet");
        let _ = std::fs::remove_file(&file);
    }
}

fn write(path: &Path) -> io::Result<()> {
    let file = File::create(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, BYTES) {
        Ok(()) => Ok(()),
        // A file system that cannot reserve space gets a file with content.
        Err(_) => io::copy(&mut io::Read::take(io::repeat(0), BYTES), &mut &file).map(drop),
    }
}

/// File systems that lose their files, or on which SQLite is not safe, by their numbers in
/// `statfs(2)`.
const UNSAFE: [(u32, &str); 8] = [
    (0x794c_7630, "an overlay, which a restart wipes"),
    (0x0102_1994, "tmpfs, which is lost with the power"),
    (0x8584_58f6, "ramfs, which is lost with the power"),
    (0x6175_6673, "an aufs overlay, which a restart wipes"),
    (0x0000_4d44, "FAT, which a power cut can take apart"),
    (0x2011_bab0, "exFAT, which a power cut can take apart"),
    (0x0000_6969, "NFS, which is on another machine"),
    (0xff53_4d42, "a Windows share, which is on another machine"),
];

/// The file system under a folder, if it is not safe.
pub(super) fn unsafe_ground(folder: &Path) -> Option<&'static str> {
    let kind = statfs(folder).ok()?.f_type;
    // The type of the field differs between machines; the numbers have 32 bits on all of them.
    let kind = u32::try_from(i128::from(kind) & 0xffff_ffff).ok()?;
    UNSAFE.iter().find(|(number, _)| *number == kind).map(|(_, what)| *what)
}
