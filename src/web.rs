//! What the web pages of both programs share.

pub mod face;
#[cfg(any(feature = "phone", feature = "hub"))]
pub mod guard;
#[cfg(any(feature = "phone", feature = "hub"))]
pub mod hosts;
pub mod limits;
#[cfg(any(feature = "phone", feature = "hub"))]
pub mod net;
pub mod page;
#[cfg(any(feature = "phone", feature = "hub"))]
pub mod proxies;
#[cfg(any(feature = "phone", feature = "hub"))]
pub mod server;
#[cfg(feature = "phone")]
pub mod session;
