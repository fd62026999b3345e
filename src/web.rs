//! What the pages of both programs share.

pub mod face;
