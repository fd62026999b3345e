//! Head office's rules, each written once: what counts, what is lost, who is a second device.
//!
//! Every backend of the archive calls them inside its transaction with plain values, and writes
//! what they say. Nothing here knows SQL, HTTP or a clock, so each rule is tested by itself.

pub mod counting;
