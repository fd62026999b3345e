//! Secrets of both programs: how each is made and kept.

pub mod pin;
pub mod token;
