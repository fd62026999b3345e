//! The running kiosk's socket, and how the shop manager's tools ask it.
//!
//! One request a connection. The socket is in the runtime folder and can be used only by the
//! kiosk's user and group.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::clock::set_clock;
use super::export::{export, export_all};
use super::stick;
use super::verify::{look_up, retry_all, verify_all};
use crate::file::told;
use crate::foreign::{Line, next_line};
use crate::kiosk::desk::counts::clerk::ClerkThread;
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::counts::summary::summary_of_all;
use crate::kiosk::desk::phone::talk::{self, Busy, Request};
use crate::wire::local::{
    Ask, Carried, Done, Exported, Office, Standing, Summary, Unanswered, Verified,
};

/// The socket's name in the runtime folder.
pub const FILE: &str = "kiosk.sock";

/// The longest request, in bytes.
const ASK_BYTES_MAX: usize = 8 * 1_024;

/// The longest line of an answer that is read, in bytes: far more than the days of a summary take.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// How many askers are answered at once: one that says nothing keeps no other waiting.
const ASKERS_MAX: usize = 4;

/// How long an asker may take to send the request, or to read the answer, in milliseconds.
const PATIENCE_MS: u64 = 10_000;

/// Answers requests on threads of its own for as long as the process lives.
///
/// # Errors
/// When the runtime folder cannot be made, or the socket cannot be bound.
pub fn listen(
    folder: &Path,
    clerk: ClerkThread,
    ask: impl Fn(Request) -> Result<(), Busy> + Clone + Send + 'static,
) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(FILE);
    // The journal's lock is taken already, so a socket that is still here is a leftover.
    let _ = std::fs::remove_file(&path);
    let near = Near::to(folder)?;
    let listener = UnixListener::bind(near.path())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660))?;
    for _ in 0..ASKERS_MAX {
        let (listener, clerk, ask) = (listener.try_clone()?, clerk.clone(), ask.clone());
        let answer_all = move || {
            for asker in listener.incoming() {
                let answered = asker.and_then(|asker| answer(&asker, &clerk, &ask));
                if let Err(error) = answered {
                    tracing::debug!(%error, "an asker went away");
                }
            }
        };
        std::thread::Builder::new().name("socket".to_owned()).spawn(answer_all)?;
    }
    Ok(())
}

/// The longest path that a socket's address has room for, in bytes.
const PATH_BYTES_MAX: usize = 107;

/// The socket's folder, however deep it is: where its path is too long for an address, it is held
/// open and found by a short way.
struct Near {
    folder: PathBuf,
    held: Option<File>,
}

impl Near {
    fn to(folder: &Path) -> io::Result<Self> {
        let is_short = folder.join(FILE).as_os_str().len() <= PATH_BYTES_MAX;
        let held = if is_short { None } else { Some(File::open(folder)?) };
        Ok(Self { folder: folder.to_owned(), held })
    }

    fn path(&self) -> PathBuf {
        let folder = match &self.held {
            Some(held) => PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd())),
            None => self.folder.clone(),
        };
        folder.join(FILE)
    }
}

/// Reads the request, which has to be there in time as a whole.
fn request(asker: &UnixStream, now_ms: impl Fn() -> u64) -> io::Result<Vec<u8>> {
    let until_ms = now_ms() + PATIENCE_MS;
    let mut line = Vec::new();
    let mut bytes = [0; 1_024];
    while !line.ends_with(b"\n") && line.len() < ASK_BYTES_MAX {
        let left_ms = until_ms.saturating_sub(now_ms());
        if left_ms == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        asker.set_read_timeout(Some(Duration::from_millis(left_ms)))?;
        match (&*asker).read(&mut bytes)? {
            0 => break,
            read => line.extend_from_slice(bytes.get(..read).unwrap_or_default()),
        }
    }
    Ok(line)
}

/// How the kiosk is: the attendant knows.
pub(in crate::kiosk) fn standing(
    ask: &impl Fn(Request) -> Result<(), Busy>,
    now_ms: u64,
) -> Result<Standing, Unanswerable> {
    let (reply, told) = oneshot::channel();
    let asked = ask(Request::Look(reply)).ok();
    let told = asked.and_then(|()| told.blocking_recv().ok()).ok_or(Unanswerable::Busy)?;
    let talk::Standing { health, .. } = told;
    let office = health.office.unwrap_or_default();
    Ok(Standing {
        is_recording: health.is_recording,
        is_clock_known: health.is_clock_known,
        trouble: office.trouble,
        heard_s: office.confirmed_ms.map(|at_ms| now_ms.saturating_sub(at_ms) / 1_000),
        page: health.phone.map(|address| address.url),
        away: health.away,
        screen: health.screen,
    })
}

fn answer(
    asker: &UnixStream,
    clerk: &ClerkThread,
    ask: &impl Fn(Request) -> Result<(), Busy>,
) -> io::Result<()> {
    asker.set_write_timeout(Some(Duration::from_millis(PATIENCE_MS)))?;
    let line = request(asker, || clerk.clocks().boot_ms)?;
    let mut out = BufWriter::new(asker);
    let answered = match serde_json::from_slice::<Ask>(&line) {
        Ok(Ask::Summary { date, until, exact }) => clerk
            .ask(move |clerk| clerk.summary(date.as_deref(), until.as_deref(), exact))
            .flatten()
            .map(|summary| write_line(&mut out, &summary)),
        Ok(Ask::Export { from, to }) => clerk.ask(|clerk| clerk.shop().clone()).and_then(|shop| {
            let take = |event: Exported| Ok(write_line(&mut out, &event)?);
            export(&clerk.source(), &shop, (from.as_deref(), to.as_deref()), take)?;
            Ok(out.write_all(b"\n"))
        }),
        Ok(Ask::Office) => {
            clerk.ask(|clerk| clerk.office()).map(|office| write_line(&mut out, &office))
        }
        Ok(Ask::SummaryOfAll { date, until, exact }) => {
            clerk.ask(|clerk| (clerk.shop().clone(), clerk.now_ms())).and_then(|(shop, now_ms)| {
                let days = (date.as_deref(), until.as_deref());
                let (source, former) = (clerk.source(), clerk.former());
                summary_of_all(Some(&source), &former, &shop, days, exact, now_ms)
                    .map(|summary| write_line(&mut out, &summary))
            })
        }
        Ok(Ask::ExportOfAll { from, to }) => {
            clerk.ask(|clerk| clerk.shop().clone()).and_then(|shop| {
                let take = |event: Exported| Ok(write_line(&mut out, &event)?);
                let days = (from.as_deref(), to.as_deref());
                export_all(Some(&clerk.source()), &clerk.former(), &shop, days, take)?;
                Ok(out.write_all(b"\n"))
            })
        }
        Ok(Ask::Books) => {
            look_up(Some(&clerk.source()), &clerk.former()).map(|told| write_line(&mut out, &told))
        }
        Ok(Ask::Verify) => verify_all(Some(&clerk.source()), &clerk.former())
            .map(|told| write_line(&mut out, &told)),
        Ok(Ask::Retry) => retry_all(Some(&clerk.source()), &clerk.former())
            .map(|done| write_line(&mut out, &Done { done })),
        Ok(Ask::Standing) => {
            let told = standing(ask, clerk.clocks().boot_ms);
            told.map(|told| write_line(&mut out, &told))
        }
        Ok(Ask::Carry { folder }) => {
            let folder = stick::open(&folder);
            let folder = folder.map_err(|error| Unanswerable::Stick(error.to_string()));
            let told = folder.and_then(|folder| clerk.write_stick(&folder));
            told.map(|told| write_line(&mut out, &told))
        }
        Ok(Ask::Clock { utc_ms, error_ms }) => {
            set_clock(&clerk.source(), clerk.clocks().boot_ms, utc_ms, error_ms)
                .map(|()| write_line(&mut out, &Done { done: 0 }))
        }
        Err(error) => {
            tracing::debug!(%error, "a question cannot be read");
            let error = "the running kiosk does not know this question: it is of another version \
                         than this program, so restart it"
                .to_owned();
            Ok(write_line(&mut out, &Unanswered { error }))
        }
    };
    match answered {
        Ok(written) => written?,
        Err(Unanswerable::Write(error)) => return Err(error),
        Err(error) => write_line(&mut out, &Unanswered { error: error.to_string() })?,
    }
    out.flush()
}

fn write_line(out: &mut impl io::Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Why the running kiosk gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kiosk says why.
    #[error("{0}")]
    Unanswered(String),
    /// The connection broke, or the answer was invalid.
    #[error("the running kiosk gave no answer: {}", told(.0))]
    Broken(io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Asks the kiosk that runs with this runtime folder; none when no kiosk does.
///
/// # Errors
/// When a kiosk runs and cannot answer.
pub fn ask(folder: &Path, ask: &Ask) -> Result<Option<Answers>, Error> {
    let connected = Near::to(folder).and_then(|near| UnixStream::connect(near.path()));
    let mut stream = match connected {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
                _ => Err(Error::Broken(error)),
            };
        }
    };
    // A year of ratings takes a while to be written to a stick.
    let patience = if matches!(ask, Ask::Carry { .. }) { 360 } else { 6 };
    stream.set_read_timeout(Some(Duration::from_millis(patience * PATIENCE_MS)))?;
    write_line(&mut stream, ask)?;
    Ok(Some(Answers { stream: BufReader::new(stream) }))
}

/// The running kiosk's answer, line by line.
#[derive(Debug)]
pub struct Answers {
    stream: BufReader<UnixStream>,
}

impl Answers {
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        match next_line(&mut self.stream, ANSWER_BYTES_MAX)? {
            Some(Line::Whole(line)) => Ok(Some(line)),
            Some(Line::TooLong) => Err(io::ErrorKind::InvalidData.into()),
            None => Ok(None),
        }
    }

    /// An answer of one line.
    fn only<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        parse(&self.line()?.unwrap_or_default())
    }

    /// The answer to [`Ask::Summary`].
    ///
    /// # Errors
    /// When the kiosk cannot answer, or the connection breaks.
    pub fn summary(self) -> Result<Summary, Error> {
        self.only()
    }

    /// The answer to [`Ask::Office`].
    ///
    /// # Errors
    /// When the kiosk cannot answer, or the connection breaks.
    pub fn office(self) -> Result<Office, Error> {
        self.only()
    }

    /// The answer to [`Ask::Standing`].
    ///
    /// # Errors
    /// When the kiosk cannot answer, or the connection breaks.
    pub fn standing(self) -> Result<Standing, Error> {
        self.only()
    }

    /// The answer to [`Ask::Verify`] and [`Ask::Books`].
    ///
    /// # Errors
    /// When the kiosk cannot answer, or the connection breaks.
    pub fn verified(self) -> Result<Verified, Error> {
        self.only()
    }

    /// The answer to [`Ask::Retry`] and [`Ask::Clock`]: how many events were changed.
    ///
    /// # Errors
    /// When the kiosk cannot answer, or the connection breaks.
    pub fn done(self) -> Result<u64, Error> {
        self.only().map(|Done { done }| done)
    }

    /// The answer to [`Ask::Carry`].
    ///
    /// # Errors
    /// When the kiosk cannot answer, or the connection breaks.
    pub fn carried(self) -> Result<Carried, Error> {
        self.only()
    }

    /// The next event of the answer to [`Ask::Export`]; none at its end.
    ///
    /// # Errors
    /// When the kiosk cannot answer, or the connection breaks before the end.
    pub fn event(&mut self) -> Result<Option<Exported>, Error> {
        match self.line()? {
            Some(line) if line.is_empty() => Ok(None),
            Some(line) => parse(&line).map(Some),
            None => Err(Error::Broken(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, Error> {
    if let Ok(Unanswered { error }) = serde_json::from_slice(line) {
        return Err(Error::Unanswered(error));
    }
    let other = "its answer is one of another version than this program; restart the kiosk";
    serde_json::from_slice(line).map_err(|_| Error::Broken(io::Error::other(other)))
}
