//! The desk on the shop manager's phone: the sheets of the screen as pages on the shop's network.
//!
//! A build without the feature `phone` has `absent` in the place of `served`: the same calls, no
//! web server, and a line in the log if the page is configured. [`talk`] has the messages between
//! the page and the attendant, in either build.

#[cfg(not(feature = "phone"))]
mod absent;
#[cfg(feature = "phone")]
mod served;
pub mod talk;

/// The names that the page's files in the data folder begin with.
pub const OWN_FILES: [&str; 2] = ["desk-certificate.pem", "desk-key.pem"];

#[cfg(not(feature = "phone"))]
pub use self::absent::{Phone, qr_code};
#[cfg(feature = "phone")]
pub use self::served::{Phone, qr_code};
