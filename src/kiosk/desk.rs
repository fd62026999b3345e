//! The desk: what the shop manager sees of the shop's day, and of the kiosk.
//!
//! [`counts`] has the numbers, [`sheets`] defines what is on each sheet and in which words,
//! [`phone`] serves the sheets on the shop's network, and [`tools`] answers the command line and
//! writes the stick. The screen draws the sheets itself, in [`crate::kiosk::screen`].

pub mod counts;
pub mod phone;
pub mod sheets;
pub mod tools;

pub use self::counts::clerk::{Clerk, ClerkThread};
pub use self::counts::count::Count;
pub use self::counts::error::{DAYS_MAX, Unanswerable};
pub use self::counts::shop::{DeskPaths, Shop};
pub use self::counts::summary::{date, summary, summary_of_all};
pub use self::sheets::text::{render, render_verified};
pub use self::tools::clock::{instant, set_clock};
pub use self::tools::export::{export, export_all};
pub use self::tools::table::rows;
pub use self::tools::verify::{retry, retry_all, verify, verify_all};
