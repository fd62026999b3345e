//! What somebody with a stick, a token, or a place in the network may try. Each file is a list: to
//! try one more thing, add a line to it.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/engine.rs"]
mod engine;
mod greedy;
mod head_office;
#[path = "../support/hub.rs"]
#[allow(dead_code, clippy::indexing_slicing, reason = "others need more of it")]
mod hub;
#[path = "../support/kiosk.rs"]
#[allow(dead_code, reason = "others need more of it")]
mod kiosk;
mod local;
mod moving;
#[path = "../support/noon.rs"]
mod noon;
mod pages;
#[path = "../support/parties.rs"]
#[expect(dead_code, reason = "the simulations of two programs need more of it")]
mod parties;
#[path = "../support/phone.rs"]
#[allow(dead_code, reason = "others need more of it")]
mod phone;
mod rebinding;
#[path = "../support/rows.rs"]
#[allow(dead_code, reason = "others need more of it")]
mod rows;
#[path = "../support/started.rs"]
mod started;
mod stick;
mod stranger;
mod terminal;
#[path = "../support/wait.rs"]
mod wait;
#[path = "../support/greedy.rs"]
mod wants;
