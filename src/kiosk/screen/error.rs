//! Why there is no screen.

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program was built without one.
    #[error("this smilepost-kiosk was built without a screen: add --features desktop or board")]
    NotBuiltIn,
    /// Nothing to draw on was found.
    #[error("there is no display: no window system, and no graphics device under /dev/dri")]
    NoDisplay,
    /// Slint cannot use the display.
    #[error("cannot open the screen")]
    Platform(#[from] slint::PlatformError),
}
