//! Power cuts and failing cards, many thousands of them, on the real journal.
//!
//! SQLite's file system is replaced by one that notes every write, flush, truncation and deletion.
//! From the notes every state is made that a power cut could have left: what was flushed, and of
//! the rest any part, in any order, torn at 512 bytes. The real journal is then opened on it.
//!
//! Seen red: `synchronous = NORMAL` in `schema.rs`, thanking before the commit in `thread.rs`; the
//! list is in `tests/mutants`.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test prints its figures and fails by panicking"
)]

#[path = "../support/chance.rs"]
mod chance;
mod cuts;
mod disk;
mod errors;
#[path = "../support/events.rs"]
mod events;
#[path = "../support/folder.rs"]
mod folder;
mod scene;
mod vfs;
