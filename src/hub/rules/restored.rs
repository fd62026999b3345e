//! Restored backups: an archive that holds less than its kiosks know.
//!
//! A kiosk says how many of its events the hub has confirmed. If fewer are here, the archive was
//! restored from a backup, and a new random epoch is drawn: every kiosk then offers again what it
//! still holds.

use std::ops::RangeInclusive;

/// For how long after it drew an epoch by itself the archive draws no other, in milliseconds: a
/// kiosk that counts wrong must not make every kiosk offer everything again and again.
pub const EPOCH_LIFE_MS: i64 = 60 * 60 * 1_000;

/// Whether a kiosk knows of more events here than are stored.
#[must_use]
pub fn is_back_in_time(known: Option<u64>, stored: u64) -> bool {
    known.is_some_and(|known| stored < known)
}

/// Whether a new epoch may be drawn, by when the archive last drew one by itself, in milliseconds
/// since 1970 UTC. An instant in the future was written by a wrong clock and is ignored.
#[must_use]
pub fn is_epoch_due(drawn_ms: Option<i64>, now_ms: i64) -> bool {
    let recently: RangeInclusive<i64> = now_ms.saturating_sub(EPOCH_LIFE_MS)..=now_ms;
    drawn_ms.is_none_or(|drawn_ms| !recently.contains(&drawn_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_that_holds_less_than_a_kiosk_knows_was_restored() {
        assert!(is_back_in_time(Some(8), 7));
        assert!(!is_back_in_time(Some(7), 7));
        assert!(!is_back_in_time(Some(6), 7), "the receipt of the last was lost");
        assert!(!is_back_in_time(None, 0), "an older kiosk");
    }

    #[test]
    fn an_epoch_is_drawn_once_an_hour_whatever_kiosks_say() {
        let now_ms = 1_795_176_000_000;
        assert!(is_epoch_due(None, now_ms));
        assert!(!is_epoch_due(Some(now_ms), now_ms));
        assert!(!is_epoch_due(Some(now_ms - EPOCH_LIFE_MS), now_ms));
        assert!(is_epoch_due(Some(now_ms - EPOCH_LIFE_MS - 1), now_ms));
        assert!(is_epoch_due(Some(now_ms + 1), now_ms));
    }
}
