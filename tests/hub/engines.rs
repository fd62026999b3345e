//! Tests of what is one engine's own: an archive in a file is backed up, fills a disk and is found
//! as an older program has left it; a database is opened. Everything else is tested on each engine,
//! by `main.rs`.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the tests of each engine need more of what is shared")]

mod backup;
#[path = "../chain/cluster.rs"]
mod cluster;
mod copies;
#[path = "../support/engine.rs"]
mod engine;
mod file_program;
mod full;
#[path = "../support/hub.rs"]
mod hub;
mod killed;
mod older;
mod postgres;
mod program;
#[path = "../support/raw.rs"]
mod raw;
mod replica;
mod scene;
#[path = "../support/started.rs"]
mod started;
mod transfer;
#[path = "../support/wait.rs"]
mod wait;
mod words;

use self::engine::server::port;
