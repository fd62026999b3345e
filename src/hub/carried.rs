//! Deliveries that were carried here by hand, from shops without a network.

pub mod import;
