//! Backups: the archive and what lies beside it as one file, which is an SQLite database too.
//!
//! It is made from one state of the archive while the hub runs, and read again before it gets its
//! name. The keys and the settings are in a table of their own, which a restored archive does not
//! have any more.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::part::Part;
use super::{FILE, SCHEMA_VERSION};
use crate::file;
use crate::owner;

/// What lies beside the archive, by the names of the files.
pub type Beside = Vec<(String, Vec<u8>)>;

/// Files that SQLite keeps beside a database. Those of another archive would be taken for changes
/// of this one.
const LEFTOVERS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The most bytes of a file beside the archive.
const BESIDE_BYTES_MAX: u64 = 1_024 * 1_024;

/// A backup cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of this name is there.
    #[error("{} is there already: choose another name, or move it away", .0.display())]
    Exists(PathBuf),
    /// There is no archive to back up.
    #[error("there is no archive in {}: is data_dir right?", .0.display())]
    NoArchive(PathBuf),
    /// The folder to restore into is not empty.
    #[error(
        "{} is there already: restore into an empty folder; move what is in it away, with every \
         hub.sqlite-wal and hub.sqlite-shm",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// The file is no backup, or is damaged.
    #[error("{} cannot be restored: {why}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot use {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The archive is not here any more, or not yet.
    #[error(
        "the archive in {} has gone to another place, or has not come yet: `smilepost-hub move` \
         says where it is; back it up there",
        .0.display()
    )]
    Gone(PathBuf),
    /// SQLite failed.
    #[error("cannot {0}")]
    Sqlite(&'static str, #[source] rusqlite::Error),
}

/// Backs up the archive in a folder, and what is given beside it, into a new file.
///
/// # Errors
/// When there is no archive, the file exists, or it cannot be written and read again; then there is
/// no file of that name.
pub fn write(data_dir: &Path, beside: &Beside, to: &Path) -> Result<(), Error> {
    let archive = data_dir.join(FILE);
    if !is_there(&archive)? {
        return Err(Error::NoArchive(data_dir.to_owned()));
    }
    if is_there(to)? {
        return Err(Error::Exists(to.to_owned()));
    }
    let part = Half::beside(to)?;
    let sqlite = |action| move |error| Error::Sqlite(action, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let live = Connection::open_with_flags(&archive, flags);
    let live = live.map_err(sqlite("open the archive"))?;
    live.busy_timeout(super::BUSY_MAX).map_err(sqlite("open the archive"))?;
    let copied = live.execute("vacuum into ?", [part.text()?]);
    copied.map_err(sqlite("copy the archive"))?;
    let copy = Connection::open(part.path()).map_err(sqlite("open the copy"))?;
    if has_gone(&copy).map_err(sqlite("read the copy"))? {
        return Err(Error::Gone(data_dir.to_owned()));
    }
    put_beside(&copy, beside).map_err(sqlite("write the keys and settings into the copy"))?;
    check(&copy, to)?;
    copy.close().map_err(|(_, error)| Error::Sqlite("close the copy", error))?;
    part.keep(to)
}

/// Whether an archive was moved away, or is on its way here.
fn has_gone(copy: &Connection) -> rusqlite::Result<bool> {
    let sql = "select 1 from sqlite_schema where type = 'table' and name = 'transfer'";
    Ok(copy.prepare(sql)?.exists([])? && copy.prepare("select 1 from transfer")?.exists([])?)
}

/// Whether there is such a file.
///
/// # Errors
/// When nobody can say, such as in a folder that is closed to this user.
pub fn is_there(file: &Path) -> Result<bool, Error> {
    file.try_exists().map_err(|error| Error::File(file.to_owned(), error))
}

fn put_beside(copy: &Connection, beside: &Beside) -> rusqlite::Result<()> {
    copy.pragma_update(None, "journal_mode", "delete")?;
    let sql = "create table beside (name text primary key, content blob not null) strict";
    copy.execute_batch(sql)?;
    for (name, content) in beside {
        let sql = "insert into beside (name, content) values (?, ?)";
        copy.execute(sql, params![name, content])?;
    }
    Ok(())
}

/// Reads the whole file, and whether it is a backup that this program can restore.
fn check(copy: &Connection, file: &Path) -> Result<(), Error> {
    let unusable = |why: String| Error::Unusable { file: file.to_owned(), why };
    let damaged = |error: rusqlite::Error| unusable(format!("it is damaged or no backup: {error}"));
    let ask = |pragma: &str| copy.pragma_query_value(None, pragma, |row| row.get::<_, String>(0));
    let verdict = ask("integrity_check").map_err(damaged)?;
    if verdict != "ok" {
        return Err(unusable(format!("it is damaged: {verdict}")));
    }
    let sql = "select 1 from sqlite_schema where name = 'beside'";
    let is_backup = copy.query_row(sql, [], |_| Ok(())).optional().map_err(damaged)?.is_some();
    if !is_backup {
        return Err(unusable("`smilepost-hub backup` has not written it".to_owned()));
    }
    let version: i32 =
        copy.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(damaged)?;
    if version > SCHEMA_VERSION {
        let known = SCHEMA_VERSION;
        return Err(unusable(format!(
            "it has schema {version}, and this program knows up to {known}: install the newer \
             smilepost-hub"
        )));
    }
    Ok(())
}

/// Restores a backup into an empty folder, with a new epoch, so that every kiosk offers again what
/// it still holds. What lay beside the archive is put in its place first: an archive without its
/// keys would get others.
///
/// # Errors
/// When the folder is not empty, the file cannot be read or is no backup, or what lay beside cannot
/// be put in its place; then there is no archive.
pub fn restore(
    from: &Path,
    data_dir: &Path,
    put: impl FnOnce(Beside) -> Result<(), Error>,
) -> Result<(), Error> {
    let target = data_dir.join(FILE);
    let sides = LEFTOVERS.map(|ending| data_dir.join(format!("{FILE}{ending}")));
    for file in [&target].into_iter().chain(&sides) {
        if is_there(file)? {
            return Err(Error::NotEmpty(file.clone()));
        }
    }
    std::fs::create_dir_all(data_dir).map_err(|error| Error::File(data_dir.to_owned(), error))?;
    let unreadable = |error| Error::File(from.to_owned(), error);
    let mut input = owner::as_caller(|| File::open(from)).map_err(unreadable)?;
    let part = Half::beside(&target)?;
    let mut output = part.create().map_err(|error| Error::File(part.path(), error))?;
    io::copy(&mut input, &mut output).map_err(unreadable)?;
    drop(output);
    let sqlite = |action| move |error| Error::Sqlite(action, error);
    let copy = Connection::open(part.path()).map_err(sqlite("open the copy"))?;
    check(&copy, from)?;
    let beside = take_beside(&copy).map_err(sqlite("read the keys and settings"))?;
    copy.close().map_err(|(_, error)| Error::Sqlite("close the copy", error))?;
    put(beside)?;
    part.keep(&target)
}

/// Takes out what lay beside the archive, so that no trace of a key stays in it, and draws an
/// epoch.
fn take_beside(copy: &Connection) -> rusqlite::Result<Beside> {
    let mut statement = copy.prepare("select name, content from beside order by name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let beside: Beside = rows.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    copy.pragma_update(None, "secure_delete", true)?;
    let transaction = copy.unchecked_transaction()?;
    transaction.execute_batch("drop table beside")?;
    super::draw_epoch(&transaction)?;
    transaction.commit()?;
    Ok(beside)
}

/// What a file beside the archive holds; none where it is missing.
///
/// # Errors
/// When it cannot be read, or is far too large.
pub fn beside(file: &Path) -> Result<Option<Vec<u8>>, Error> {
    let unreadable = |error| Error::File(file.to_owned(), error);
    let input = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        input => input.map_err(unreadable)?,
    };
    let mut content = Vec::new();
    input.take(BESIDE_BYTES_MAX + 1).read_to_end(&mut content).map_err(unreadable)?;
    if u64::try_from(content.len()).is_ok_and(|bytes| bytes > BESIDE_BYTES_MAX) {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(Some(content))
}

/// A database that is not whole yet; deleted unless it is kept.
struct Half(Part);

impl Half {
    fn beside(file: &Path) -> Result<Self, Error> {
        let part = Part::within(file::folder_of(file)).map(Self);
        // Made here, so that nobody else can read it: it holds a key.
        let made = part.and_then(|half| half.create().map(|_| half));
        made.map_err(|error| Error::File(file.to_owned(), error))
    }

    fn path(&self) -> PathBuf {
        self.0.folder().join(FILE)
    }

    fn create(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.path())
    }

    fn text(&self) -> Result<String, Error> {
        let unusable = |path: std::ffi::OsString| {
            let why = "its name is not UTF-8".to_owned();
            Error::Unusable { file: path.into(), why }
        };
        self.path().into_os_string().into_string().map_err(unusable)
    }

    /// Has it written out and gives it its name, unless a file has it already.
    fn keep(self, name: &Path) -> Result<(), Error> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(name.to_owned()),
            _ => Error::File(name.to_owned(), error),
        };
        File::open(self.path()).and_then(|file| file.sync_all()).map_err(failed)?;
        // A plain rename would replace what somebody else has written meanwhile.
        let renamed = renameat_with(CWD, self.path(), CWD, name, RenameFlags::NOREPLACE);
        renamed.map_err(|error| failed(error.into()))?;
        let folder = File::open(file::folder_of(name));
        folder.and_then(|folder| folder.sync_all()).map_err(failed)
    }
}
