//! Tests of the kiosk with real parts: a real file, a real socket, the real program.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod damage;
mod desk;
mod doctor;
#[path = "../support/events.rs"]
mod events;
#[path = "../support/folder.rs"]
mod folder;
mod journal;
mod late;
mod let_go;
#[path = "../support/noon.rs"]
mod noon;
mod owners;
#[path = "../support/port.rs"]
mod port;
#[path = "../support/portal.rs"]
mod portal;
mod program;
mod read_only;
#[path = "../support/rules.rs"]
mod rules;
mod settings;
#[path = "../support/started.rs"]
mod started;
mod sticks;
#[path = "../support/wait.rs"]
mod wait;
mod zones;
