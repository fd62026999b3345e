//! How an archive goes, and what comes of it.

use std::sync::Arc;

use crate::hub::archive::error::{self, Failure};

/// How many rows are copied in one transaction where nobody says otherwise.
pub const ROWS_AT_ONCE: u32 = 2_000;

/// Why an archive cannot go.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It may not; nothing was touched, or what was begun can go on. The sentence says why, and
    /// what to do.
    #[error("{0}")]
    Refused(String),
    /// What was written is not what was read.
    #[error(
        "{0}: the copy is not the archive and is not used, and nothing is lost where it is; after \
         `smilepost-hub move --undo` it can be moved into an empty place"
    )]
    Differs(String),
    /// Somebody has asked to stop.
    #[error("stopped; the same command goes on where it was")]
    Stopped,
    /// An archive failed at one of the ends.
    #[error(transparent)]
    Archive(#[from] error::Error),
}

/// Who is told what is done.
#[derive(Clone)]
pub struct Hearer {
    /// Tells a sentence.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
    /// Whether it is time to say again how far it is.
    pub is_due: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl std::fmt::Debug for Hearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hearer").finish_non_exhaustive()
    }
}

/// How it goes.
#[derive(Clone)]
pub struct Manner {
    /// The place that is left, as people know it.
    pub from: String,
    /// The place that it goes to.
    pub to: String,
    /// How many rows are copied in one transaction at most.
    pub rows_at_once: u32,
    /// Who is told how far it is.
    pub hearer: Hearer,
    /// Is asked between two pages whether to go on.
    pub goes_on: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl std::fmt::Debug for Manner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to, rows_at_once, .. } = self;
        f.debug_struct("Manner")
            .field("from", from)
            .field("to", to)
            .field("rows_at_once", rows_at_once)
            .finish_non_exhaustive()
    }
}

/// What has gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// How many rows there are, in all tables.
    pub rows: u64,
    /// How many kiosks there are.
    pub kiosks: u64,
    /// How many events they have.
    pub events: u64,
    /// Kiosks whose account does not add up: it did not before either.
    pub unsettled: Vec<String>,
}

/// A failure at a step.
pub(super) fn failed(action: &'static str) -> impl FnOnce(Failure) -> Error {
    move |failure| Error::Archive(error::Error::new(action, failure))
}
