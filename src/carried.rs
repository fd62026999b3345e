//! A delivery that is carried by hand on a stick: what keeps it secret, and its file.

pub mod file;
pub mod seal;
