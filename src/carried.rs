//! Deliveries that are carried by hand on a stick: their file, and how it is sealed and signed.

pub mod file;
pub mod seal;
