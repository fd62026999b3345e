//! A file system for SQLite that passes everything on to the real one, notes what reaches the card,
//! and fails at a chosen operation.

#![expect(unsafe_code, reason = "SQLite's file systems are C")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;

/// Something that happened to the card, or to a shopper in front of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Note<T> {
    Write {
        file: String,
        at: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        length: u64,
    },
    Flush {
        file: String,
    },
    Delete {
        file: String,
        is_flushed: bool,
    },
    /// What the test says about this moment.
    Said(T),
}

/// Which operation is to fail, counted from the next one on, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) at: u64,
    pub(crate) is_for_good: bool,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Writing fails for lack of room; flushing does not.
    Full,
    /// Writing and flushing fail with an input/output error.
    Broken,
    /// Only flushing fails.
    Flush,
}

#[derive(Default)]
struct Recorder {
    /// Only what happens in this folder is noted, and fails.
    folder: Option<String>,
    notes: Vec<Note<()>>,
    operations: u64,
    failure: Option<Failure>,
}

static RECORDER: Mutex<Option<Recorder>> = Mutex::new(None);

/// One test at a time uses the one file system that SQLite has by default.
static TURN: Mutex<()> = Mutex::new(());

fn recorder<R>(act: impl FnOnce(&mut Recorder) -> R) -> R {
    let mut recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    act(recorder.get_or_insert_with(Recorder::default))
}

/// The file system in use for as long as this is held; afterwards SQLite has its own again.
pub(crate) struct Card(#[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

impl Card {
    pub(crate) fn insert(folder: &Path) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        register();
        let folder = Some(folder.canonicalize().unwrap().to_string_lossy().into_owned());
        recorder(|recorder| *recorder = Recorder { folder, ..Recorder::default() });
        Self(turn)
    }

    /// What was noted since the last time.
    pub(crate) fn notes(&self) -> Vec<Note<()>> {
        recorder(|recorder| std::mem::take(&mut recorder.notes))
    }

    pub(crate) fn fail(&self, failure: Failure) {
        recorder(|recorder| {
            (recorder.operations, recorder.failure) = (0, Some(failure));
        });
    }

    /// Ends the failure; returns whether the operation that was to fail was reached.
    pub(crate) fn heal(&self) -> bool {
        recorder(|recorder| {
            let failure = recorder.failure.take();
            failure.is_some_and(|failure| recorder.operations >= failure.at)
        })
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        recorder(|recorder| *recorder = Recorder::default());
        // SAFETY: the name is SQLite's own; registering its file system anew makes it the default.
        unsafe {
            ffi::sqlite3_vfs_register(ffi::sqlite3_vfs_find(c"unix".as_ptr()), 1);
        }
    }
}

/// Whether a path is in the folder that is watched.
fn is_watched(path: &str) -> bool {
    recorder(|recorder| recorder.folder.as_ref().is_some_and(|folder| path.starts_with(folder)))
}

/// Notes an operation; returns the error with which it must fail, if any.
fn note(make: impl FnOnce() -> Note<()>, is_flush: bool) -> Option<c_int> {
    recorder(|recorder| {
        recorder.operations += 1;
        if let Some(Failure { at, is_for_good, kind }) = recorder.failure {
            let is_due = recorder.operations == at || is_for_good && recorder.operations > at;
            let code = match (kind, is_flush) {
                (Kind::Full, false) => Some(ffi::SQLITE_FULL),
                (Kind::Broken, false) => Some(ffi::SQLITE_IOERR_WRITE),
                (Kind::Broken | Kind::Flush, true) => Some(ffi::SQLITE_IOERR_FSYNC),
                (Kind::Full, true) | (Kind::Flush, false) => None,
            };
            if let Some(code) = code.filter(|_| is_due) {
                return Some(code);
            }
        }
        recorder.notes.push(make());
        None
    })
}

/// What SQLite keeps of an open file: ours first, the real one's right behind it.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    name: *mut c_char,
}

fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite gives every file the bytes that `szOsFile` asks for: ours and the real one's.
    unsafe { file.cast::<File>().add(1).cast() }
}

/// The name of a file that is watched.
fn name(file: *mut ffi::sqlite3_file) -> Option<String> {
    // SAFETY: the name was made when the file was opened, and is freed when it is closed.
    let name = unsafe { (*file.cast::<File>()).name };
    // SAFETY: as above; it ends with a zero byte.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

fn methods(file: *mut ffi::sqlite3_file) -> &'static ffi::sqlite3_io_methods {
    // SAFETY: the real file was opened, so its methods are set, and SQLite's own never go away.
    unsafe { &*(*real(file)).pMethods }
}

macro_rules! pass_on {
    ($file:expr, $method:ident $(, $argument:expr)*) => {
        // SAFETY: the arguments are SQLite's own, for the file that it opened.
        unsafe { methods($file).$method.unwrap()(real($file) $(, $argument)*) }
    };
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let answer = pass_on!(file, xClose);
    // SAFETY: the name was made by `into_raw`, and nobody asks for it any more.
    unsafe {
        let name = std::mem::replace(&mut (*file.cast::<File>()).name, std::ptr::null_mut());
        if !name.is_null() {
            drop(CString::from_raw(name));
        }
    }
    answer
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    count: c_int,
    at: i64,
) -> c_int {
    pass_on!(file, xRead, to, count, at)
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    count: c_int,
    at: i64,
) -> c_int {
    let length = usize::try_from(count).unwrap();
    // SAFETY: SQLite hands over as many bytes as it says.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) };
    let failure = name(file).and_then(|file| {
        let at = at.cast_unsigned();
        note(|| Note::Write { file, at, bytes: bytes.to_vec() }, false)
    });
    failure.unwrap_or_else(|| pass_on!(file, xWrite, from, count, at))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    let failure = name(file)
        .and_then(|file| note(|| Note::Truncate { file, length: length.cast_unsigned() }, false));
    failure.unwrap_or_else(|| pass_on!(file, xTruncate, length))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let failure = name(file).and_then(|file| note(|| Note::Flush { file }, true));
    failure.unwrap_or_else(|| pass_on!(file, xSync, flags))
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    pass_on!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass_on!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass_on!(file, xUnlock, level)
}

unsafe extern "C" fn is_reserved(file: *mut ffi::sqlite3_file, answer: *mut c_int) -> c_int {
    pass_on!(file, xCheckReservedLock, answer)
}

unsafe extern "C" fn control(
    file: *mut ffi::sqlite3_file,
    what: c_int,
    with: *mut c_void,
) -> c_int {
    pass_on!(file, xFileControl, what, with)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass_on!(file, xSectorSize)
}

unsafe extern "C" fn characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass_on!(file, xDeviceCharacteristics)
}

/// Version 1 has no shared memory: the journal needs none, since it locks its file for itself.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

fn unix() -> *mut ffi::sqlite3_vfs {
    // SAFETY: the name is SQLite's own, and its file systems never go away.
    unsafe { ffi::sqlite3_vfs_find(c"unix".as_ptr()) }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands over enough room for both files, and a path or none.
    unsafe {
        (*file.cast::<File>()).base.pMethods = std::ptr::null();
        (*real(file)).pMethods = std::ptr::null();
        let answer = (*unix()).xOpen.unwrap()(unix(), path, real(file), flags, flags_out);
        let path = (!path.is_null()).then(|| CStr::from_ptr(path).to_string_lossy().into_owned());
        let name = path.filter(|path| is_watched(path)).map(|path| {
            CString::new(path.rsplit('/').next().unwrap_or_default()).unwrap().into_raw()
        });
        (*file.cast::<File>()).name = name.unwrap_or(std::ptr::null_mut());
        if !(*real(file)).pMethods.is_null() {
            (*file.cast::<File>()).base.pMethods = &raw const METHODS;
        }
        answer
    }
}

unsafe extern "C" fn delete(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    is_flushed: c_int,
) -> c_int {
    // SAFETY: SQLite hands over a path.
    let text = unsafe { CStr::from_ptr(path) }.to_string_lossy().into_owned();
    let file = text.rsplit('/').next().unwrap_or_default().to_owned();
    let failure = is_watched(&text)
        .then(|| note(|| Note::Delete { file, is_flushed: is_flushed != 0 }, false))
        .flatten();
    // SAFETY: the arguments are SQLite's own.
    failure.unwrap_or_else(|| unsafe { (*unix()).xDelete.unwrap()(unix(), path, is_flushed) })
}

fn register() {
    // SAFETY: the copy lives for ever, as SQLite asks, and is complete.
    unsafe {
        let found = ffi::sqlite3_vfs_find(c"card".as_ptr());
        let vfs = if found.is_null() {
            let mut vfs = *unix();
            vfs.szOsFile += c_int::try_from(size_of::<File>()).unwrap();
            vfs.zName = c"card".as_ptr();
            vfs.pNext = std::ptr::null_mut();
            vfs.xOpen = Some(open);
            vfs.xDelete = Some(delete);
            Box::into_raw(Box::new(vfs))
        } else {
            found
        };
        assert_eq!(ffi::sqlite3_vfs_register(vfs, 1), ffi::SQLITE_OK);
    }
}
