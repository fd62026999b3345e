//! Tests of the hub with real parts: a real archive file, a real router on a real socket.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod archive;
mod backup;
mod corrections;
mod dashboard;
mod doctor;
mod epochs;
mod full;
mod health;
#[path = "../support/hub.rs"]
mod hub;
mod import;
mod intake;
mod moving;
mod names;
mod owners;
mod places;
mod program;
mod proxies;
#[path = "../support/rules.rs"]
mod rules;
mod scene;
mod settings;
#[path = "../support/started.rs"]
mod started;
mod surveys;
#[path = "../support/wait.rs"]
mod wait;
mod words;
mod zones;
