//! The kiosk's durable store of events: a rating is safe once [`Journal::append`] returns.
//!
//! One SQLite file in WAL mode with `synchronous = FULL` on one connection that nobody else may
//! open, because a shop's answer to a hung kiosk is to pull the plug. A rating costs one commit and
//! one flush. Pages of 1024 bytes measured best for the bytes that reach the card.
//!
//! Invariants: no event is deleted before the hub's receipt has named it; the only values updated
//! in place are the number up to which a run is settled, and an event that head office has deleted,
//! of which nothing but its number is left (`row::gone`); an append that failed, or may have
//! failed, closes the run, so that its numbers are never handed out again; and every number that
//! was handed out is settled, waiting, set aside, or reported as lost.
//!
//! A card can damage anything. Each row carries a checksum (`row`), the numbers reached are kept
//! outside the database too (`rescue::high_water`), a file that cannot be trusted is quarantined
//! (`rescue::repair`), and its whole events are copied piece by piece while the kiosk takes ratings
//! (`rescue::salvage`, `chores`).

mod append;
mod batch;
mod books;
mod books_sql;
mod chores;
mod error;
mod folder;
mod opening;
mod prune;
mod read;
mod rescue;
mod reserve;
mod row;
mod schema;
mod source;
mod thread;

/// The names that the journal's files begin with.
pub const OWN_FILES: [&str; 3] = [FILE, MARK_FILE, reserve::FILE];

/// The file that knows the highest number of each run.
pub const MARK_FILE: &str = rescue::high_water::FILE;

pub use self::append::Journal;
pub use self::batch::{ArchiveSeen, Batch, BatchRun, Settlement};
pub use self::books::{Audit, Books, RunBooks};
pub use self::chores::LetGo;
pub use self::error::Error;
pub use self::folder::{FILE, Limits, is_there, refuse_volatile};
pub use self::opening::{once_free, open_there};
pub use self::row::{Entry, Kept, State};
pub use self::schema::SCHEMA_VERSION;
pub use self::source::{JournalSource, Unreadable};
pub use self::thread::{Gone, Home, JournalThread, Outcome};
