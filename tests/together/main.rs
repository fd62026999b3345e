//! Tests of the real kiosk with the real hub, while the network is cut and programs are killed.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod between;
mod carried;
#[path = "../support/chance.rs"]
mod chance;
mod clocks;
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
mod moving;
#[path = "../support/noon.rs"]
mod noon;
mod owners;
#[path = "../support/parties.rs"]
mod parties;
mod places;
#[path = "../support/portal.rs"]
mod portal;
mod promises;
#[path = "../support/proxies.rs"]
mod proxies;
#[path = "../support/raw.rs"]
#[expect(dead_code, reason = "the hub's tests need more of it")]
mod raw;
mod readme;
mod returning;
mod root;
mod simulated;
#[path = "../support/started.rs"]
mod started;
mod surveys;
mod tls;
mod trouble;
#[path = "../support/wait.rs"]
mod wait;
