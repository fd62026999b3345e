//! Head office's side of a shop without a network: letters go out, deliveries come in by hand.

pub mod import;
pub mod keys;
pub mod letters;
