//! A folder that others have filled: a USB stick, or files that came by hand; and lines that others
//! write ([`next_line`]).
//!
//! Whoever filled it may have put links, FIFOs, devices and files without an end into it. So the
//! folder is opened once, and every name is looked up beneath it and follows no link (`openat2`,
//! Linux 5.6); only regular files are read, each up to a limit; and what is written is a new file
//! under a random name, which gets its own name once it is whole. Renaming replaces a link and
//! never what the link points to.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags};
use rustix::io::Errno;

use crate::file;
use crate::owner;

/// How the name of a file begins that is not whole yet.
const PART_PREFIX: &str = ".smilepost-";

/// How the name of a file ends that is not whole yet.
const PART_ENDING: &str = ".part";

/// The most names of a folder that are looked at; a folder of ours never has so many.
pub const NAMES_MAX: usize = 10_000;

/// Why something in the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It names no file beneath the folder.
    #[error("it is not the name of a file in this folder")]
    Name,
    /// It is a link, a folder, a FIFO or a device.
    #[error("it is not a regular file (links are not followed)")]
    NotRegular,
    /// A folder is named, and something else is there.
    #[error("it is no folder")]
    NotFolder,
    /// It is larger than what is expected.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// The folder is full, read-only, damaged or gone.
    #[error("{}", told(.0))]
    Io(#[from] io::Error),
}

fn told(error: &io::Error) -> String {
    file::told(error)
}

impl Error {
    /// Whether there is nothing of this name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        match errno {
            // What `O_NOFOLLOW`, `O_DIRECTORY` and a way out of the folder are answered with.
            Errno::LOOP | Errno::NOTDIR | Errno::XDEV => Self::NotRegular,
            other => Self::Io(other.into()),
        }
    }
}

/// A folder that is held open.
#[derive(Debug)]
pub struct Folder {
    dir: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Opens the folder that somebody named who may read everything here. Links on the way to it
    /// are that person's own and are followed.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = owner::as_caller(|| rustix::fs::open(path, flags, Mode::empty()));
        let dir = dir.map_err(|errno| match errno {
            Errno::NOTDIR => Error::NotFolder,
            other => other.into(),
        })?;
        Ok(Self { dir, path: path.to_owned() })
    }

    /// The folder around a file that somebody named, and the file's name in it.
    ///
    /// # Errors
    /// When there is no such folder, or the path names no file.
    pub fn around(file: &Path) -> Result<(Self, OsString), Error> {
        let name = file.file_name().ok_or(Error::Name)?.to_owned();
        Ok((Self::open(file::folder_of(file))?, name))
    }

    /// A folder in this one.
    ///
    /// # Errors
    /// When it is missing, or is a link or no folder.
    pub fn folder(&self, name: &OsStr) -> Result<Self, Error> {
        let dir = self.open_at(name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        Ok(Self { dir, path: self.path.join(name) })
    }

    /// Makes a folder in this one, which others may read.
    ///
    /// # Errors
    /// When something has this name, or this folder is full, read-only or gone.
    pub fn make_folder(&self, name: &OsStr) -> Result<Self, Error> {
        let mode = Mode::from_raw_mode(0o755);
        let name = checked(name)?;
        self.make(|| rustix::fs::mkdirat(&self.dir, name, mode))?;
        let folder = self.folder(name)?;
        // As with files: the programs make things for their owner alone.
        let _ = rustix::fs::fchmod(&folder.dir, mode);
        self.flush();
        Ok(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names in it, sorted, at most [`NAMES_MAX`] of them.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names(&self) -> Result<Vec<OsString>, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = owner::as_caller(|| rustix::fs::openat(&self.dir, c".", flags, Mode::empty()))?;
        let mut buffer = Vec::with_capacity(32 * 1_024);
        let mut entries = RawDir::new(&dir, buffer.spare_capacity_mut());
        let mut names = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." && names.len() < NAMES_MAX {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Opens a regular file to be read, up to this many bytes. It never waits for a writer.
    ///
    /// # Errors
    /// When it is missing, not a regular file, or larger.
    pub fn file(&self, name: &OsStr, bytes_max: u64) -> Result<BufReader<Bounded>, Error> {
        // To open a device may already do something, so it is looked at first.
        let is_regular = |stat: &rustix::fs::Stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        };
        let name = checked(name)?;
        let look = || rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW);
        let before = owner::as_caller(look)?;
        if !is_regular(&before) {
            return Err(Error::NotRegular);
        }
        let file = self.open_at(name, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
        let stat = rustix::fs::fstat(&file)?;
        if !is_regular(&stat) {
            return Err(Error::NotRegular);
        }
        if u64::try_from(stat.st_size).unwrap_or(u64::MAX) > bytes_max {
            return Err(Error::TooLarge(bytes_max));
        }
        Ok(BufReader::new(Bounded { file: File::from(file), left: bytes_max, bytes_max }))
    }

    /// The content of a regular file of at most this many bytes.
    ///
    /// # Errors
    /// As [`Folder::file`], and when it cannot be read.
    pub fn read(&self, name: &OsStr, bytes_max: u64) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        self.file(name, bytes_max)?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Begins a file that others may read, or only its owner.
    ///
    /// # Errors
    /// When the folder is full, read-only or gone.
    pub fn begin(&self, is_secret: bool) -> Result<NewFile<'_>, Error> {
        let mode = Mode::from_raw_mode(if is_secret { 0o600 } else { 0o644 });
        let mut name = PART_PREFIX.to_owned();
        let _ = write!(name, "{:016x}", rand::random::<u64>());
        name.push_str(PART_ENDING);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file = self.open_at(OsStr::new(&name), flags, mode)?;
        // The programs make files for their owner alone; a stick is read by others too. Not every
        // file system of a stick knows rights.
        let _ = rustix::fs::fchmod(&file, mode);
        Ok(NewFile { folder: self, part: name, file: File::from(file), is_whole: false })
    }

    /// Writes a whole file that others may read; an older one of that name is replaced.
    ///
    /// # Errors
    /// When the folder is full, read-only or gone, or a folder has this name; then what was there
    /// stands.
    pub fn write(&self, name: &OsStr, content: &[u8]) -> Result<(), Error> {
        let mut new = self.begin(false)?;
        new.write_all(content)?;
        new.keep(name)
    }

    /// Deletes what was left of files that never became whole, such as on a stick that was pulled.
    pub fn sweep(&self) {
        for name in self.names().unwrap_or_default() {
            if is_part(&name) {
                self.delete(&name);
            }
        }
    }

    /// Has the names of its files written out, as far as its file system can do that.
    pub fn flush(&self) {
        // Not every file system of a stick can flush a folder.
        let _ = rustix::fs::fsync(&self.dir);
    }

    /// Deletes what never became whole; what is left over costs room and nothing else.
    fn delete(&self, name: &OsStr) {
        let _ = owner::as_caller(|| rustix::fs::unlinkat(&self.dir, name, AtFlags::empty()));
    }

    /// Makes something in the folder, so that its owner can use it.
    fn make<T>(&self, act: impl FnOnce() -> T) -> T {
        let owner = rustix::fs::fstat(&self.dir).map_or(u32::MAX, |data| data.st_uid);
        owner::in_folder_of(owner, act)
    }

    fn open_at(&self, name: &OsStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Error> {
        let name = checked(name)?;
        let is_new = flags.contains(OFlags::CREATE);
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let beneath =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let open = || match rustix::fs::openat2(&self.dir, name, flags, mode, beneath) {
            // Older kernels, and fences that do not know the call yet. A single name without a
            // slash leads nowhere else either.
            Err(Errno::NOSYS | Errno::PERM) => rustix::fs::openat(&self.dir, name, flags, mode),
            opened => opened,
        };
        Ok(if is_new { self.make(open) } else { owner::as_caller(open) }?)
    }
}

/// Whether a file of this name never became whole.
#[must_use]
pub fn is_part(name: &OsStr) -> bool {
    let text = name.to_string_lossy();
    text.starts_with(PART_PREFIX) && text.ends_with(PART_ENDING)
}

/// A name that stands for something in the folder itself.
fn checked(name: &OsStr) -> Result<&OsStr, Error> {
    let bytes = name.as_bytes();
    let is_way = bytes.is_empty() || name == "." || name == "..";
    if is_way || bytes.contains(&b'/') || bytes.contains(&0) { Err(Error::Name) } else { Ok(name) }
}

/// A regular file of which no more is read than was allowed, even if it grows.
#[derive(Debug)]
pub struct Bounded {
    file: File,
    left: u64,
    bytes_max: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 && !buffer.is_empty() {
            return match self.file.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    Error::TooLarge(self.bytes_max),
                )),
            };
        }
        let read = self.file.read(buffer.get_mut(..room).unwrap_or_default())?;
        self.left -= u64::try_from(read).unwrap_or(self.left);
        Ok(read)
    }
}

/// A file under way; without [`NewFile::keep`] it is deleted.
#[derive(Debug)]
pub struct NewFile<'a> {
    folder: &'a Folder,
    part: String,
    file: File,
    is_whole: bool,
}

impl NewFile<'_> {
    /// Has it written out and gives it its name; an older file or link of that name is replaced.
    ///
    /// # Errors
    /// When it cannot be written out, or a folder has this name; then what was there stands.
    pub fn keep(mut self, name: &OsStr) -> Result<(), Error> {
        let name = checked(name)?;
        self.file.sync_all()?;
        let dir = &self.folder.dir;
        owner::as_caller(|| rustix::fs::renameat(dir, &self.part, dir, name))?;
        self.is_whole = true;
        self.folder.flush();
        Ok(())
    }
}

impl Write for NewFile<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.is_whole {
            self.folder.delete(OsStr::new(&self.part));
        }
    }
}

/// A line that others wrote.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// All of it, without its end.
    Whole(Vec<u8>),
    /// It is longer than it may be, and nothing of it was kept.
    TooLong,
}

/// The next line, of at most so many bytes; none at the end. However long a line is, no more than
/// that is held of it.
///
/// # Errors
/// When it cannot be read.
pub fn next_line(input: &mut impl BufRead, bytes_max: usize) -> io::Result<Option<Line>> {
    let (mut line, mut is_too_long, mut is_begun) = (Vec::new(), false, false);
    loop {
        let there = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            there => there?,
        };
        is_begun |= !there.is_empty();
        let end = there.iter().position(|&byte| byte == b'\n');
        let part = there.get(..end.unwrap_or(there.len())).unwrap_or_default();
        is_too_long |= line.len() + part.len() > bytes_max;
        if is_too_long {
            line = Vec::new();
        } else {
            line.extend_from_slice(part);
        }
        let (is_over, read) = (there.is_empty(), part.len() + usize::from(end.is_some()));
        input.consume(read);
        if is_over && !is_begun {
            return Ok(None);
        }
        if is_over || end.is_some() {
            return Ok(Some(if is_too_long { Line::TooLong } else { Line::Whole(line) }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let ground = tempfile::tempdir().unwrap();
        std::fs::create_dir(ground.path().join("stick")).unwrap();
        std::fs::write(ground.path().join("secret"), "ours").unwrap();
        let folder = Folder::open(&ground.path().join("stick")).unwrap();
        (ground, folder)
    }

    fn read(folder: &Folder, name: &str) -> Result<Vec<u8>, Error> {
        folder.read(OsStr::new(name), 100)
    }

    #[test]
    fn nothing_but_a_regular_file_beneath_the_folder_is_read() {
        let (ground, folder) = folder();
        let stick = ground.path().join("stick");
        symlink("../secret", stick.join("link")).unwrap();
        symlink("/dev/zero", stick.join("device")).unwrap();
        symlink(".", stick.join("itself")).unwrap();
        symlink("nowhere", stick.join("dangling")).unwrap();
        std::fs::create_dir(stick.join("folder")).unwrap();
        let fifo = stick.join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        std::os::unix::net::UnixListener::bind(stick.join("socket")).unwrap();
        for name in ["link", "device", "itself", "dangling", "folder", "fifo", "socket"] {
            assert!(matches!(read(&folder, name), Err(Error::NotRegular)), "{name}");
        }
        for name in ["", ".", "..", "../secret", "/etc/passwd", "itself/link", "a\0b"] {
            assert!(matches!(read(&folder, name), Err(Error::Name)), "{name}");
        }
        assert!(matches!(folder.folder(OsStr::new("itself")), Err(Error::NotRegular)));
        assert!(matches!(read(&folder, "missing"), Err(Error::Io(_))));
    }

    #[test]
    fn no_more_than_the_limit_is_read_whatever_the_size_says() {
        let (ground, folder) = folder();
        let path = ground.path().join("stick/file");
        std::fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read(&folder, "file").unwrap(), [7; 100]);
        // It grows after it was opened.
        let mut grown = folder.file(OsStr::new("file"), 100).unwrap();
        std::fs::write(&path, [7; 300]).unwrap();
        assert!(grown.read_to_end(&mut Vec::new()).is_err());
        assert!(matches!(read(&folder, "file"), Err(Error::TooLarge(100))));
        let sparse = File::create(&path).unwrap();
        sparse.set_len(1 << 40).unwrap();
        assert!(matches!(read(&folder, "file"), Err(Error::TooLarge(100))));
    }

    #[test]
    fn writing_replaces_a_link_and_never_what_it_points_to() {
        let (ground, folder) = folder();
        let stick = ground.path().join("stick");
        for target in ["../secret", "/dev/null", "nowhere"] {
            symlink(target, stick.join("report")).unwrap();
            folder.write(OsStr::new("report"), b"new").unwrap();
            assert!(stick.join("report").symlink_metadata().unwrap().is_file(), "{target}");
            assert_eq!(std::fs::read(stick.join("report")).unwrap(), b"new");
            std::fs::remove_file(stick.join("report")).unwrap();
        }
        assert_eq!(std::fs::read(ground.path().join("secret")).unwrap(), b"ours");
        std::fs::create_dir(stick.join("taken")).unwrap();
        assert!(folder.write(OsStr::new("taken"), b"new").is_err());
        assert_eq!(folder.names().unwrap(), ["taken"], "nothing is left over");
    }

    #[test]
    fn what_was_left_half_written_is_swept_and_nothing_else() {
        let (ground, folder) = folder();
        let stick = ground.path().join("stick");
        std::mem::forget(folder.begin(false).unwrap());
        drop(folder.begin(true).unwrap());
        std::fs::write(stick.join("holiday.part"), "theirs").unwrap();
        symlink("../secret", stick.join(".smilepost-0.part")).unwrap();
        assert_eq!(folder.names().unwrap().len(), 3);
        folder.sweep();
        assert_eq!(folder.names().unwrap(), ["holiday.part"]);
        assert!(ground.path().join("secret").exists());
    }

    #[test]
    fn the_folder_stays_the_same_when_its_path_leads_elsewhere() {
        let (ground, folder) = folder();
        let stick = ground.path().join("stick");
        std::fs::rename(&stick, ground.path().join("pulled")).unwrap();
        symlink(".", &stick).unwrap();
        folder.write(OsStr::new("secret"), b"new").unwrap();
        assert_eq!(std::fs::read(ground.path().join("secret")).unwrap(), b"ours");
        assert_eq!(std::fs::read(ground.path().join("pulled/secret")).unwrap(), b"new");
    }
}
