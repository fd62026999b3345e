//! The tests of kiosk and hub that hold the second invariant, no rating lost and none counted
//! twice, once more with the archive in PostgreSQL.
//!
//! `main.rs` runs them on SQLite, with those for which it does not matter what the archive is in.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod carried;
#[path = "../support/chance.rs"]
mod chance;
mod deleting;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/events.rs"]
mod events;
#[path = "../support/folder.rs"]
mod folder;
mod former;
mod hostile;
mod killed;
mod line;
#[path = "../support/noon.rs"]
mod noon;
mod owners;
#[path = "../support/parties.rs"]
#[expect(dead_code, reason = "the tests on SQLite need more of it")]
mod parties;
#[path = "../support/portal.rs"]
mod portal;
mod promises;
#[path = "../support/raw.rs"]
#[expect(dead_code, reason = "the hub's tests need more of it")]
mod raw;
mod simulated;
#[path = "../support/started.rs"]
mod started;
mod trouble;
#[path = "../support/wait.rs"]
mod wait;
