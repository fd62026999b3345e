//! Finds what the screen is drawn on: the window system of a desk, or the graphics device of a
//! board.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::error::Error;

/// Whether there is a display that this program was built for.
#[must_use]
pub fn has_display() -> bool {
    find().is_ok()
}

/// Whether somebody listens at the window system's socket: it may be started after the kiosk.
#[must_use]
pub fn has_window_system() -> bool {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let of_wayland = variable("WAYLAND_DISPLAY")
        .map(|name| variable("XDG_RUNTIME_DIR").map_or_else(PathBuf::new, Into::into).join(name));
    // Displays of other machines are not for a kiosk.
    let of_x = variable("DISPLAY").and_then(|display| {
        let number = display.to_str()?.strip_prefix(':')?.split('.').next()?.to_owned();
        Some(PathBuf::from(format!("/tmp/.X11-unix/X{number}")))
    });
    of_wayland.into_iter().chain(of_x).any(|socket| UnixStream::connect(socket).is_ok())
}

/// Makes Slint draw on the display that is there; returns whether it is a window system.
pub(super) fn choose() -> Result<bool, Error> {
    // A selector that is dropped unused panics where there is no display, so it comes second.
    let backend = find()?;
    let selector = slint::BackendSelector::new().backend_name(backend.to_owned());
    selector.renderer_name("software".to_owned()).select()?;
    Ok(backend == "winit")
}

/// Finds the window system, or the bare graphics device.
///
/// Slint panics where it finds neither, so both are looked for first.
fn find() -> Result<&'static str, Error> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_windows = is_set("WAYLAND_DISPLAY") || is_set("WAYLAND_SOCKET") || is_set("DISPLAY");
    let has_device = Path::new("/dev/dri").exists() || Path::new("/dev/fb0").exists();
    if cfg!(feature = "desktop") && has_windows {
        Ok("winit")
    } else if cfg!(feature = "board") && has_device {
        Ok("linuxkms")
    } else if cfg!(any(feature = "desktop", feature = "board")) {
        Err(Error::NoDisplay)
    } else {
        Err(Error::NotBuiltIn)
    }
}
