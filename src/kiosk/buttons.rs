//! The physical smiley buttons: the only room that touches GPIO.
//!
//! A driver reports levels and edges; one piece of logic decides what is a press. A line that is
//! active when the kiosk starts is a stuck or shorted button: it is reported and ignored until it
//! is released. Buttons never stop the kiosk from starting: what cannot be had is said, and the
//! screen's faces and the keyboard go on working.

#[cfg(feature = "board")]
mod gpiocdev;
mod lamps;
#[cfg(any(feature = "board", test))]
mod lines;
#[cfg(feature = "board")]
mod rppal;
mod script;

use std::path::PathBuf;

pub use self::lamps::{Lamps, Signal};

use crate::feedback::rating::{Scale, Score};
use crate::kiosk::settings::{Buttons, Driver};

/// What the buttons tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A face was pressed.
    Pressed(Score),
    /// This line has been active for so long that nobody means it; it is ignored until it is
    /// released, and its press does not count.
    Held {
        /// The BCM line.
        line: u32,
        /// Its face.
        score: Score,
    },
    /// This line was active at start and is ignored until it is released.
    Stuck {
        /// The BCM line.
        line: u32,
    },
    /// A line that was stuck has been released and works again.
    Released {
        /// The BCM line.
        line: u32,
    },
    /// The kernel had to drop edges, so presses may be missing.
    Missed {
        /// How many edges.
        edges: u32,
    },
    /// The driver cannot read the buttons any more.
    Broken,
}

/// Why there are no buttons.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program was built for a desk.
    #[error("this smilepost-kiosk was built without GPIO: build it with --features board")]
    NotBuiltIn,
    /// No GPIO chip has the configured label.
    #[error("no GPIO chip is labelled {label:?}; this board has: {known}")]
    NoSuchChip {
        /// The configured label.
        label: String,
        /// The labels there are.
        known: String,
    },
    /// The driver's own word.
    #[error("cannot {action}")]
    Driver {
        /// The step that failed.
        action: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The script cannot be read.
    #[error("cannot read button script {}", .path.display())]
    Script {
        /// Where it was to be.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// Starts the configured driver on threads of its own; `notice` gets what the buttons tell.
///
/// Returns the driver that was chosen, for the log.
///
/// # Errors
/// When the configured buttons cannot be had; the kiosk goes on without.
pub fn start(
    settings: &Buttons,
    scale: Scale,
    notice: impl Fn(Notice) + Send + 'static,
) -> Result<Driver, Error> {
    let driver = match settings.driver {
        Driver::Auto => choose(settings),
        chosen => chosen,
    };
    match driver {
        Driver::Auto | Driver::None => {}
        // Which faces there are may change while it runs; the attendant knows.
        Driver::Script => script::start(settings, scale.max(Scale::Five), notice)?,
        #[cfg(feature = "board")]
        Driver::Rppal => rppal::start(settings, scale, notice)?,
        #[cfg(feature = "board")]
        Driver::Gpiocdev => gpiocdev::start(settings, scale, notice)?,
        #[cfg(not(feature = "board"))]
        Driver::Rppal | Driver::Gpiocdev => return Err(Error::NotBuiltIn),
    }
    Ok(driver)
}

fn choose(settings: &Buttons) -> Driver {
    if settings.lines.is_empty() {
        tracing::info!("no button lines are configured; going on without buttons");
        return Driver::None;
    }
    on_this_board(settings)
}

/// What drives the lines of this board.
fn on_this_board(settings: &Buttons) -> Driver {
    #[cfg(feature = "board")]
    if rppal::knows_this_board() {
        return Driver::Rppal;
    }
    if settings.chip.is_some() {
        return Driver::Gpiocdev;
    }
    tracing::warn!("no known Raspberry Pi, and buttons.chip is not set; going on without GPIO");
    Driver::None
}
