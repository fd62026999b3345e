//! Whether deliveries can be stored, found out by storing one.
//!
//! Whoever asks, at the network or on the dashboard, gets the answer of the last rehearsal as long
//! as it is fresh: a good one longer than a bad one. There is one rehearsal at a time, and it goes
//! on when who asked has gone: so strangers cannot make it cost more than one in a minute, and one
//! every few seconds only where the disk is full or nearly so.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::archive::{Archive, Error};
use super::rules::room::{AGAIN_MS, Room};
use super::settings::MIB;
use crate::feedback::moment::Reading;

/// How long a page waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the archive can take, or why it can take nothing.
pub type Answer = Result<Room, Unready>;

/// Why no delivery can be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("head office cannot store deliveries: {why}")]
pub struct Unready {
    why: String,
}

/// Knows whether deliveries can be stored; clones share what they know.
#[derive(Clone, Debug)]
pub struct Readiness {
    archive: Archive,
    read_clocks: fn() -> Reading,
    /// The last answer, and when it was given by the boot's clock.
    last: Arc<Mutex<Option<(u64, Answer)>>>,
}

impl Readiness {
    /// Of an archive; nothing is known yet.
    pub fn new(archive: Archive, read_clocks: fn() -> Reading) -> Self {
        Self { archive, read_clocks, last: Arc::default() }
    }

    /// As [`Readiness::ask`], for a page that must not wait for a disk that hangs.
    ///
    /// # Errors
    /// When no delivery can be stored, or nobody knows within three seconds.
    pub async fn ask_soon(&self) -> Answer {
        let asked = tokio::time::timeout(PATIENCE, self.ask()).await;
        let late = || Unready { why: "the archive does not answer in time".to_owned() };
        asked.unwrap_or_else(|_| Err(late()))
    }

    /// The answer of a rehearsal that was made a minute ago at most.
    ///
    /// # Errors
    /// When no delivery can be stored.
    pub async fn ask(&self) -> Answer {
        let mut last = Arc::clone(&self.last).lock_owned().await;
        let now = (self.read_clocks)().boot_ms;
        if let Some((at, answer)) = last.as_ref()
            && now.saturating_sub(*at) < answer.as_ref().map_or(AGAIN_MS, |room| room.known_ms())
        {
            return answer.clone();
        }
        let (archive, read_clocks) = (self.archive.clone(), self.read_clocks);
        let rehearsal = tokio::spawn(async move {
            let answer = answer(&archive).await;
            if let Err(unready) = &answer {
                tracing::error!("{unready}; kiosks keep what they have and send it later");
            }
            *last = Some((read_clocks().boot_ms, answer.clone()));
            answer
        });
        rehearsal.await.unwrap_or_else(|_| Err(Unready { why: "it is being stopped".to_owned() }))
    }
}

/// Rehearses a delivery.
///
/// # Errors
/// When it cannot be stored, or the disk has next to no room.
pub async fn answer(archive: &Archive) -> Answer {
    // Another machine's disk is watched there; what does not fit fails here, too.
    match archive.rehearse().await.map(|bytes| bytes.map_or(Room::Enough, Room::of)) {
        Ok(Room::None) => Err(Unready { why: "its disk is full: make room on it".to_owned() }),
        Ok(room) => Ok(room),
        Err(error) => Err(Unready { why: reason(&error) }),
    }
}

fn reason(error: &Error) -> String {
    let why = error.why();
    why.map_or_else(|| "the archive does not answer; the log says why".to_owned(), str::to_owned)
}

/// What somebody has to do about the archive's disk, as a sentence; none if there is nothing.
#[must_use]
pub fn alarm(answer: &Answer) -> Option<String> {
    match answer {
        Ok(Room::Enough) => None,
        Ok(Room::None) => Some("The disk of head office is full.".to_owned()),
        Ok(Room::Little { bytes }) => Some(format!(
            "The disk of head office has {} MiB left. Make room before it is full: then no \
             delivery is stored, and kiosks keep theirs.",
            bytes / MIB
        )),
        Err(Unready { why }) => Some(format!(
            "Head office cannot store deliveries: {why}. Kiosks keep theirs and send them later."
        )),
    }
}
