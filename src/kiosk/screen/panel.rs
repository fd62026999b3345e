//! The panel itself: how large a dot is on it, and how it is switched off at night.
//!
//! The kernel reports both under `/sys`. A panel that reports nothing works too: then the size of
//! its dots is unknown, and at night it shows black.

use std::path::{Path, PathBuf};

/// Where the kernel lists the connectors of graphics devices.
const CONNECTORS: &str = "/sys/class/drm";

/// Where the kernel lists the lights behind panels.
const BACKLIGHTS: &str = "/sys/class/backlight";

/// A backlight's `bl_power` when it is on, and when it is off: `FB_BLANK_UNBLANK` and
/// `FB_BLANK_POWERDOWN` of the kernel's `linux/fb.h`.
const ON: &str = "0";
const OFF: &str = "4";

/// Dots per inch of the first connected panel that reports its size.
#[must_use]
pub fn dpi() -> Option<f32> {
    dpi_in(Path::new(CONNECTORS))
}

/// How many connectors say that a display is plugged in.
#[must_use]
pub fn connected() -> usize {
    plugged(Path::new(CONNECTORS)).filter(|status| status == "connected").count()
}

/// Whether there are connectors, and each says that no display is plugged in.
#[must_use]
pub fn is_unplugged() -> bool {
    is_unplugged_in(Path::new(CONNECTORS))
}

fn is_unplugged_in(connectors: &Path) -> bool {
    let mut all = plugged(connectors).peekable();
    all.peek().is_some() && all.all(|status| status == "disconnected")
}

/// What each connector says of a display.
fn plugged(connectors: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = std::fs::read_dir(connectors).into_iter().flatten().flatten();
    let status = |entry: std::fs::DirEntry| {
        std::fs::read_to_string(entry.path().join("status")).ok().map(|it| it.trim().to_owned())
    };
    entries.filter_map(status)
}

fn dpi_in(connectors: &Path) -> Option<f32> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(connectors).ok()?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders.iter().find_map(|folder| dpi_of(&std::fs::read(folder.join("edid")).ok()?))
}

/// Dots per inch by a panel's EDID: its first detailed timing has the dots of a line, and the
/// panel's width in millimetres (VESA E-EDID 1.4, section 3.10.2).
fn dpi_of(edid: &[u8]) -> Option<f32> {
    const MAGIC: [u8; 8] = [0, 255, 255, 255, 255, 255, 255, 0];
    let timing = edid.get(54..72).filter(|_| edid.starts_with(&MAGIC))?;
    let byte = |at: usize| timing.get(at).copied().map(u16::from).unwrap_or(0);
    let dots = byte(2) | (byte(4) & 0xf0) << 4;
    let mm = byte(12) | (byte(14) & 0xf0) << 4;
    // Some panels give their proportions in place of a size.
    let is_size = mm >= 40 && dots >= 200;
    is_size.then(|| f32::from(dots) / f32::from(mm) * 25.4)
}

/// Switches the panel's light on or off; returns whether there is one that could be switched.
pub fn light(is_on: bool) -> bool {
    light_in(Path::new(BACKLIGHTS), is_on)
}

fn light_in(backlights: &Path, is_on: bool) -> bool {
    let Ok(entries) = std::fs::read_dir(backlights) else {
        return false;
    };
    let power = if is_on { ON } else { OFF };
    let mut is_switched = false;
    for entry in entries.flatten() {
        let file = entry.path().join("bl_power");
        match std::fs::write(&file, power) {
            Ok(()) => is_switched = true,
            Err(error) => {
                tracing::warn!(%error, file = %file.display(), "cannot switch the panel's light");
            }
        }
    }
    is_switched
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The EDID of a panel of so many dots on so many millimetres, as far as it is read.
    fn edid(dots: u16, mm: u16) -> Vec<u8> {
        let mut edid = vec![0; 128];
        edid[..8].copy_from_slice(&[0, 255, 255, 255, 255, 255, 255, 0]);
        let parts = |value: u16| ((value & 0xff) as u8, (value >> 4 & 0xf0) as u8);
        (edid[56], edid[58]) = parts(dots);
        (edid[66], edid[68]) = parts(mm);
        edid
    }

    #[test]
    fn the_panels_own_word_gives_dots_per_inch() {
        // The usual seven inches: 800 dots on 154 mm.
        assert_eq!(dpi_of(&edid(800, 154)).map(f32::round), Some(132.0));
        assert_eq!(dpi_of(&edid(1920, 344)).map(f32::round), Some(142.0));
        assert_eq!(dpi_of(&edid(800, 16)), None, "proportions, and no size");
        assert_eq!(dpi_of(&[0; 128]), None);
        assert_eq!(dpi_of(&edid(800, 154)[..60]), None);
    }

    #[test]
    fn the_first_connector_that_tells_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        for (name, edid) in [("card0-A", vec![]), ("card0-B", edid(800, 154))] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("edid"), edid).unwrap();
        }
        assert!(dpi_in(folder.path()).is_some());
        assert_eq!(dpi_in(&folder.path().join("card0-A")), None);
    }

    #[test]
    fn a_display_is_unplugged_only_where_every_connector_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_unplugged_in(folder.path()), "a board without connectors");
        for (name, said) in [("card0-HDMI-A-1", "disconnected\n"), ("card0-DSI-1", "unknown\n")] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("status"), said).unwrap();
        }
        assert!(!is_unplugged_in(folder.path()));
        std::fs::write(folder.path().join("card0-DSI-1/status"), "disconnected\n").unwrap();
        assert!(is_unplugged_in(folder.path()));
    }

    #[test]
    fn every_light_is_switched() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!light_in(folder.path(), false), "there is none");
        let file = folder.path().join("rpi_backlight/bl_power");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "0").unwrap();
        assert!(light_in(folder.path(), false));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "4");
        assert!(light_in(folder.path(), true));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "0");
    }
}
