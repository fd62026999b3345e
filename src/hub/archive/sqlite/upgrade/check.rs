//! What has to be so before an archive is touched: there is room, and it can be written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::file;
use crate::hub::archive::sqlite::place::{BUSY_MAX, FILE};
use crate::hub::rules::room::RESERVE_BYTES;

/// The schema from which on nothing is taken over as a whole any more.
const NEW_FORM: u32 = 23;

/// Where an SQLite file has the version of its schema, and how much of it has to be read for that.
const VERSION_AT: usize = 60;
const HEAD_BYTES: usize = 64;

const MIB: u64 = 1_024 * 1_024;

/// An archive cannot be taken over into its new form; it was not touched.
#[derive(Debug, thiserror::Error)]
pub(in crate::hub::archive::sqlite) enum Refused {
    #[error(
        "this version keeps the archive in another form, and to change it takes {} MiB of free \
         room on its disk; {} MiB are free: make room, or have data_dir on a larger disk; nothing \
         was changed, and the version before still works",
        needed.div_ceil(MIB), free / MIB
    )]
    Room { needed: u64, free: u64 },
    #[error(
        "this version keeps the archive in another form, and to change it {} has to be written: \
         {}; nothing was changed, and the version before still works",
        .0.display(), file::told(.1)
    )]
    Closed(PathBuf, io::Error),
}

/// Checks an archive that has an older form, if there is one in a folder.
pub(in crate::hub::archive::sqlite) fn check(
    folder: &Path,
    free_bytes: impl Fn(&Path) -> io::Result<u64>,
) -> Result<(), Refused> {
    let archive = folder.join(FILE);
    // What cannot be read has no version either: opening it tells why. A newer version may stand in
    // SQLite's log so far, of a hub that was killed.
    let is_old = |version: &u32| (1..NEW_FORM).contains(version);
    let head = version(&archive).ok().filter(is_old);
    if head.is_none_or(|head| !is_old(&logged_version(&archive).unwrap_or(head))) {
        return Ok(());
    }
    let opened = OpenOptions::new().append(true).open(&archive);
    opened.map_err(|error| Refused::Closed(archive.clone(), error))?;
    let probe = folder.join(format!(".smilepost-{:016x}.part", rand::random::<u64>()));
    File::create_new(&probe).map_err(|error| Refused::Closed(folder.to_owned(), error))?;
    // One that is left over is empty, and taken for nothing.
    let _ = std::fs::remove_file(&probe);
    let bytes = |file: &Path| std::fs::metadata(file).map_or(0, |data| data.len());
    let log = folder.join(format!("{FILE}-wal"));
    let needed = bytes(&archive) + bytes(&log) + RESERVE_BYTES;
    match free_bytes(folder) {
        Ok(free) if free < needed => Err(Refused::Room { needed, free }),
        // A system that does not say how much there is says in time when there is none.
        _ => {
            tracing::info!(
                "an older version has written the archive: it gets its new form now, once, and \
                 cannot be asked until then"
            );
            Ok(())
        }
    }
}

/// The version of the schema, by the head of the file.
fn version(file: &Path) -> io::Result<u32> {
    let mut head = [0; HEAD_BYTES];
    File::open(file)?.read_exact(&mut head)?;
    let mut version = [0; 4];
    version.copy_from_slice(&head[VERSION_AT..]);
    Ok(u32::from_be_bytes(version))
}

/// The same with what stands in the log.
fn logged_version(file: &Path) -> rusqlite::Result<u32> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
