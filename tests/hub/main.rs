//! Tests of the hub with real parts: a real archive, a real router on a real socket. They are run
//! on each engine of the archive, by a target each. What is about one engine alone is in
//! `engines.rs`.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod archive;
#[path = "../support/chance.rs"]
mod chance;
mod corrections;
mod dashboard;
mod doctor;
#[path = "../support/engine.rs"]
mod engine;
mod epochs;
mod exact;
mod follower;
mod health;
#[path = "../support/hub.rs"]
mod hub;
mod import;
mod intake;
mod keeping;
mod moving;
mod names;
mod owners;
mod places;
mod program;
mod proxies;
mod ranges;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/rules.rs"]
mod rules;
mod scene;
mod settings;
mod shops;
#[path = "../support/started.rs"]
mod started;
mod surveys;
#[path = "../support/wait.rs"]
mod wait;
mod words;
mod zones;
