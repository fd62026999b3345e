//! Counting the journal for the shop manager: the numbers that stand on every sheet.
//!
//! A [`count::Count`] reads the journal page by page; a [`summary`] is what people get to see of
//! it; the [`clerk`] is the thread that has counted before anybody asks. How numbers are drawn is
//! no business of this room.

pub mod clerk;
pub mod count;
pub mod error;
pub mod shop;
pub mod summary;
