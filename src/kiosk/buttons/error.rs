//! Why there are no buttons.

use std::path::PathBuf;

/// Why there are no buttons.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program was built without GPIO.
    #[error("this smilepost-kiosk was built without GPIO: build it with --features board")]
    NotBuiltIn,
    /// It is no Raspberry Pi that is known, and no chip was named.
    #[cfg(feature = "board")]
    #[error(
        "this is no Raspberry Pi that is known: set buttons.chip to the label of the GPIO chip, as \
         gpiodetect prints it"
    )]
    UnknownBoard,
    /// The configured chip does not have a line.
    #[cfg(feature = "board")]
    #[error("the GPIO chip {label:?} has no line {line}: it has {count}; change buttons.lines")]
    NoSuchLine {
        /// The chip's label.
        label: String,
        /// The configured line.
        line: u32,
        /// How many lines there are.
        count: u32,
    },
    /// No GPIO chip has the configured label.
    #[error("no GPIO chip is labelled {label:?}; this board has: {known}")]
    NoSuchChip {
        /// The configured label.
        label: String,
        /// The labels there are.
        known: String,
    },
    /// The driver's own error.
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
        /// The script's path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}
