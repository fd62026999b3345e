//! What the buttons tell the kiosk.

use crate::feedback::rating::Score;

/// What the buttons tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A face was pressed.
    Pressed(Score),
    /// This line has been active for too long to be a press; it does not count, and the line is
    /// ignored until it is released.
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
    /// The script of a program is at its end, and nobody presses any more.
    Ended,
}
