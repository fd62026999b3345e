//! What somebody with a stick, a token, or a place in the network may try. Each file is a list: to
//! try one more thing, add a line to it.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod greedy;
mod head_office;
#[path = "../support/hub.rs"]
#[allow(dead_code, clippy::indexing_slicing, reason = "others need more of it")]
mod hub;
mod local;
#[path = "../support/noon.rs"]
mod noon;
#[path = "../support/parties.rs"]
#[expect(dead_code, reason = "the simulations of two programs need more of it")]
mod parties;
mod stick;
mod stranger;
mod terminal;
#[path = "../support/wait.rs"]
mod wait;
#[path = "../support/greedy.rs"]
mod wants;
