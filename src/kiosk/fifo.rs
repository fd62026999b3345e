//! Files and FIFOs that other programs write for the kiosk, or read from it, opened so that the
//! kiosk never waits for the other end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

/// The kernel's flag to open a file without waiting, the same on every board.
const O_NONBLOCK: i32 = 0o4000;

/// Opens a file to append to, which is created if it is missing, or a FIFO.
///
/// A FIFO opened for reading too does not wait for its reader, and one that nobody empties holds
/// nothing up: a write to it fails.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn open_to_write(path: &Path) -> io::Result<File> {
    let is_fifo = std::fs::metadata(path).is_ok_and(|data| data.file_type().is_fifo());
    let mut options = OpenOptions::new();
    if is_fifo {
        options.read(true).write(true).custom_flags(O_NONBLOCK);
    } else {
        options.append(true).create(true);
    }
    options.open(path)
}

/// Opens a file or a FIFO to read.
///
/// A FIFO opened for writing too does not wait for its writer, and does not end when its writers
/// come and go.
///
/// # Errors
/// When it is missing or cannot be opened.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let is_fifo = std::fs::metadata(path)?.file_type().is_fifo();
    OpenOptions::new().read(true).write(is_fifo).open(path)
}
