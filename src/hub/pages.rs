//! What head office sees in a browser.

pub mod overview;
