//! The code that Slint generates from `ui/app.slint`.

#![expect(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "Slint writes this code"
)]

slint::include_modules!();
