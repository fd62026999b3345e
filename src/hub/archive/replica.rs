//! Exports and whoever follows the feed read a replica, where `hub.toml` names one, so that the
//! server that takes deliveries has nothing to do with them.
//!
//! A replica is a standby of PostgreSQL: it does again, in their order, what its primary has
//! committed. One that lags shows an older state, and never a hole: the feed's head comes after
//! what it leads to. No other part of the program has a way to a replica: whoever decides by what
//! it reads has to see what was committed just now.
//!
//! Each read proves that it sees the archive: of the same epoch and schema, and whole, not half
//! come by a move. What a replica cannot answer is asked of the archive itself, and said. Whether a
//! reader of the feed has to begin again is asked of the archive itself alone: a replica that lags
//! has not yet what such a reader has read elsewhere.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::events::Cursor;
use super::feed::{Position, Read};
use super::postgres::{ArchiveAddress, Behind, Postgres};
use super::{Archive, ArchiveSettings, Error};
use crate::wire::report::Reported;

/// The cursor before the first event.
pub const BEGINNING: Cursor = (0, 0, 0);

/// How long a replica that could not answer is left alone by readers of the feed.
const LEFT: Duration = Duration::from_secs(60);

/// How often a read is tried that the standby has broken off, since it had to go on.
const TRIES: u32 = 3;

/// What an archive shows of itself wherever a state of it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) epoch: u64,
    pub(super) schema: u64,
}

/// Reads an archive for exports and for whoever follows its feed.
#[derive(Debug)]
pub struct Reader {
    archive: Archive,
    replica: Option<Replica>,
}

#[derive(Debug)]
struct Replica {
    archive: Archive,
    shown: String,
    state: Mutex<State>,
}

/// What is known of a replica.
#[derive(Clone, Copy, Debug)]
enum State {
    /// It was not asked yet.
    Unknown,
    /// It is to have this identity.
    Used(Identity),
    /// It could not answer, at this time.
    Left(Instant),
}

impl Reader {
    /// Opens the archive where the settings say that it is, and its replica when it is needed.
    ///
    /// # Errors
    /// As for [`Archive::open`]; and when no connection to the replica can be prepared.
    pub async fn open(data_dir: &Path, settings: &ArchiveSettings) -> Result<Self, Error> {
        let archive = Archive::open(data_dir, settings).await?;
        Self::of(archive, settings.replica.as_ref())
    }

    /// Reads an archive that is open, or this replica of it.
    ///
    /// # Errors
    /// When no connection to the replica can be prepared.
    pub fn of(archive: Archive, replica: Option<&ArchiveAddress>) -> Result<Self, Error> {
        let prepared = replica.map(|address| {
            let archive = Archive::from(Postgres::prepared(address)?);
            let state = Mutex::new(State::Unknown);
            Ok::<_, Error>(Replica { archive, shown: address.shown(), state })
        });
        Ok(Self { archive, replica: prepared.transpose()? })
    }

    /// The events after a cursor, at most so many, each with its own cursor.
    ///
    /// Once the replica could not answer, the archive itself is read until somebody reads from the
    /// [`BEGINNING`] again: the later part of an export is never older than the earlier one.
    ///
    /// # Errors
    /// When the archive cannot be read either.
    pub async fn page(
        &self,
        after: Cursor,
        events_max: usize,
    ) -> Result<Vec<(Cursor, Reported)>, Error> {
        let is_new = after == BEGINNING;
        let read = async |of: &Archive, identity| of.page_of(identity, after, events_max).await;
        match self.by_replica(|_| is_new, read).await {
            Some(page) => Ok(page),
            None => self.archive.page(after, events_max).await,
        }
    }

    /// What has changed after a position, or from the beginning, as [`Archive::changes`] says.
    ///
    /// # Errors
    /// When the archive cannot be read either.
    pub async fn changes(&self, after: Option<Position>, events_max: usize) -> Result<Read, Error> {
        let read = async |of: &Archive, identity| of.changes_of(identity, after, events_max).await;
        match self.by_replica(|left| left.elapsed() >= LEFT, read).await {
            Some(read @ Read::Changes(_)) => Ok(read),
            Some(Read::BeginAgain(_)) | None => self.archive.changes(after, events_max).await,
        }
    }

    /// Whether the replica shows the archive, if there is one.
    ///
    /// # Errors
    /// When it does not, or cannot be read.
    pub async fn prove(&self) -> Result<(), Error> {
        match &self.replica {
            None => Ok(()),
            Some(replica) => replica.archive.prove(self.archive.identity().await?).await,
        }
    }

    /// Closes the archive and its replica.
    pub async fn close(&self) {
        self.archive.close().await;
        if let Some(replica) = &self.replica {
            replica.archive.close().await;
        }
    }

    /// What the replica answers, if it can; whether one that was left is tried again is said of
    /// when that was.
    async fn by_replica<T>(
        &self,
        is_tried_again: impl Fn(Instant) -> bool,
        read: impl AsyncFn(&Archive, Identity) -> Result<T, Error>,
    ) -> Option<T> {
        let replica = self.replica.as_ref()?;
        let identity = match replica.state() {
            State::Left(at) if !is_tried_again(at) => return None,
            State::Used(identity) => identity,
            // Who cannot ask the archive itself is told so by whoever reads it next.
            State::Unknown | State::Left(_) => self.archive.identity().await.ok()?,
        };
        let mut tries = 1;
        loop {
            match read(&replica.archive, identity).await {
                Ok(answer) => {
                    replica.becomes(State::Used(identity));
                    return Some(answer);
                }
                Err(error) if error.is_passing() && tries < TRIES => tries += 1,
                Err(error) => {
                    let (replica_at, error) = (&replica.shown, &error as &dyn std::error::Error);
                    tracing::warn!(
                        replica_at,
                        error,
                        "the replica is not read, but the archive itself"
                    );
                    replica.becomes(State::Left(Instant::now()));
                    return None;
                }
            }
        }
    }
}

impl Replica {
    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn becomes(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// How far a replica is behind its archive.
///
/// # Errors
/// When one of them cannot be reached, or it is no standby.
pub async fn behind(archive: &ArchiveAddress, replica: &ArchiveAddress) -> Result<Behind, Error> {
    Postgres::behind(archive, replica).await
}
