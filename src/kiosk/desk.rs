//! What the shop manager sees: the shop's day, and everything in the journal as a file.
//!
//! [`counts`] has the numbers, [`sheets`] is what stands where and in which words, [`phone`] serves
//! the sheets on the shop's network, [`stick`] writes them to a USB stick, and [`tools`] answers
//! the command line. The screen draws the sheets itself, in `kiosk::screen`.

pub mod counts;
mod error;
pub mod phone;
pub mod sheets;
mod shop;
pub mod stick;
pub mod tools;

pub use self::counts::clerk::{Clerk, Desk};
pub use self::counts::count::Count;
pub use self::counts::summary::{date, rows, summary};
pub use self::error::{DAYS_MAX, Unanswerable};
pub use self::sheets::text::{render, render_verified};
pub use self::shop::{Place, Shop};
pub use self::tools::clock::{instant, set_clock};
pub use self::tools::export::export;
pub use self::tools::verify::{retry, verify};
