//! People who mean no good, against the real programs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/hub.rs"]
#[allow(dead_code, clippy::indexing_slicing, reason = "others need more of it")]
mod hub;
mod stranger;
#[path = "../support/wait.rs"]
mod wait;
