//! Power cuts and failing cards, many thousands of them, on the real journal.
//!
//! SQLite's file system is replaced by one that notes every write, flush, truncation and deletion.
//! From the notes the tests build states that a power cut could have left: what was flushed, and
//! any part of the rest, in any order, torn at 512 bytes. They open the real journal on each.
//!
//! They were seen to fail for `synchronous = NORMAL` in `schema.rs` and for a thank-you before the
//! commit in `thread.rs`; the list is in `tests/mutants`.

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
