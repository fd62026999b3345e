//! How much room the archive's disk has to have.

/// With less than this, in bytes, no delivery is sure to be stored: the log that SQLite keeps
/// before it writes into the archive takes as much.
pub const RESERVE_BYTES: u64 = 4 * 1_024 * 1_024;

/// With less than this, in bytes, somebody should make room before it is needed.
pub const LITTLE_BYTES: u64 = 256 * 1_024 * 1_024;

/// The room that the archive's disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is enough, as far as anybody here knows.
    Enough,
    /// It will be used up before long.
    Little {
        /// How much is left, in bytes.
        bytes: u64,
    },
    /// It is used up.
    None,
}

/// For how long it is known that there is enough room, in milliseconds. A rehearsal wears a card
/// like a delivery: one in a minute is some 0.7 GB a day for a prober that never rests, and nobody
/// has to know sooner that a disk has filled up, since the next delivery notices it.
const ENOUGH_MS: u64 = 60_000;

/// For how long anything else is known, in milliseconds: somebody may be making room just now.
pub const AGAIN_MS: u64 = 10_000;

impl Room {
    /// For how long this is known, in milliseconds: near the limit less long.
    #[must_use]
    pub const fn known_ms(self) -> u64 {
        match self {
            Self::Enough => ENOUGH_MS,
            Self::Little { .. } | Self::None => AGAIN_MS,
        }
    }

    /// The room that so many free bytes are.
    #[must_use]
    pub const fn of(bytes: u64) -> Self {
        match bytes {
            ..RESERVE_BYTES => Self::None,
            RESERVE_BYTES..LITTLE_BYTES => Self::Little { bytes },
            LITTLE_BYTES.. => Self::Enough,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_tried_more_often_than_an_empty_one() {
        let rooms = [LITTLE_BYTES, LITTLE_BYTES - 1, RESERVE_BYTES, 0].map(Room::of);
        assert_eq!(rooms.map(Room::known_ms), [ENOUGH_MS, AGAIN_MS, AGAIN_MS, AGAIN_MS]);
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_told_before_it_is_full() {
        for (bytes, room) in [
            (0, Room::None),
            (RESERVE_BYTES - 1, Room::None),
            (RESERVE_BYTES, Room::Little { bytes: RESERVE_BYTES }),
            (LITTLE_BYTES - 1, Room::Little { bytes: LITTLE_BYTES - 1 }),
            (LITTLE_BYTES, Room::Enough),
            (u64::MAX, Room::Enough),
        ] {
            assert_eq!(Room::of(bytes), room);
        }
    }
}
