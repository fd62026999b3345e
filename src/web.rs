//! What the pages of both programs share.

pub mod face;
#[cfg(any(feature = "phone", feature = "hub"))]
pub mod guard;
#[cfg(feature = "phone")]
pub mod session;
