//! Counts the journal for the shop manager: the numbers on every sheet.
//!
//! A [`count::Count`] reads the journal page by page; a [`summary`] is what the shop manager sees
//! of it; the [`clerk`] is the thread that counts before anybody asks. How numbers are drawn is not
//! decided here.

pub mod clerk;
pub mod count;
pub mod error;
pub mod shop;
pub mod summary;
