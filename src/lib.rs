//! Smilepost, the feedback post of a shop.

#[cfg(any(feature = "kiosk", feature = "hub"))]
pub mod clock;
#[cfg(any(feature = "kiosk", feature = "hub"))]
pub mod config;
pub mod feedback;
#[cfg(feature = "kiosk")]
pub mod kiosk;
pub mod wire;
