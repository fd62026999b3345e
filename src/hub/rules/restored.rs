//! Restored backups: an archive that holds less than its kiosks know.
//!
//! A kiosk says how many of its events the hub has confirmed. If fewer are here, the archive may
//! have been restored from a backup. That is one kiosk's word, so it moves that kiosk alone: a new
//! epoch is drawn for it, and it offers again what it still holds. The archive's own epoch, which
//! moves every kiosk, takes the word of several shops, or somebody who says so at head office.

use std::ops::RangeInclusive;

/// So long after a kiosk's epoch was drawn, no other is drawn for it, in milliseconds: a kiosk that
/// counts wrong must not offer everything again and again. Kiosks that doubt within this time doubt
/// together.
pub const EPOCH_LIFE_MS: i64 = 60 * 60 * 1_000;

/// So long after the archive drew its own epoch by itself, it draws no other, in milliseconds: a
/// day, in which every kiosk can offer everything.
pub const ARCHIVE_EPOCH_LIFE_MS: i64 = 24 * EPOCH_LIFE_MS;

/// Kiosks of so many shops have to doubt together before every kiosk is asked to offer again.
pub const SHOPS_IN_DOUBT: u32 = 3;

/// Whether a kiosk knows of more events here than there are.
#[must_use]
pub fn is_back_in_time(known: Option<u64>, stored: u64) -> bool {
    known.is_some_and(|known| stored < known)
}

/// Whether a new epoch may be drawn for a kiosk, by when its last was drawn, in milliseconds since
/// 1970 UTC. An instant in the future was written by a clock that was wrong, and holds up nothing.
#[must_use]
pub fn is_epoch_due(drawn_ms: Option<i64>, now_ms: i64) -> bool {
    is_over(drawn_ms, EPOCH_LIFE_MS, now_ms)
}

/// The time within which doubts count as one, in milliseconds since 1970 UTC.
#[must_use]
pub const fn together(now_ms: i64) -> RangeInclusive<i64> {
    now_ms.saturating_sub(EPOCH_LIFE_MS)..=now_ms
}

/// Whether the archive's own epoch is to be drawn anew, when kiosks of so many shops doubt
/// together, by when it was last drawn so.
#[must_use]
pub fn is_archive_due(shops_in_doubt: u32, drawn_ms: Option<i64>, now_ms: i64) -> bool {
    shops_in_doubt >= SHOPS_IN_DOUBT && is_over(drawn_ms, ARCHIVE_EPOCH_LIFE_MS, now_ms)
}

/// The epoch that a kiosk is told: another one whenever the archive's or its own is drawn anew.
#[must_use]
pub const fn told(of_archive: u64, of_kiosk: u64) -> u64 {
    of_archive ^ of_kiosk
}

fn is_over(drawn_ms: Option<i64>, life_ms: i64, now_ms: i64) -> bool {
    let recently = now_ms.saturating_sub(life_ms)..=now_ms;
    drawn_ms.is_none_or(|drawn_ms| !recently.contains(&drawn_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_176_000_000;

    #[test]
    fn an_archive_that_holds_less_than_a_kiosk_knows_was_restored() {
        assert!(is_back_in_time(Some(8), 7));
        assert!(!is_back_in_time(Some(7), 7));
        assert!(!is_back_in_time(Some(6), 7), "the receipt of the last was lost");
        assert!(!is_back_in_time(None, 0), "an older kiosk");
    }

    #[test]
    fn an_epoch_is_drawn_once_an_hour_whatever_a_kiosk_says() {
        assert!(is_epoch_due(None, NOW_MS));
        assert!(!is_epoch_due(Some(NOW_MS), NOW_MS));
        assert!(!is_epoch_due(Some(NOW_MS - EPOCH_LIFE_MS), NOW_MS));
        assert!(is_epoch_due(Some(NOW_MS - EPOCH_LIFE_MS - 1), NOW_MS));
        assert!(is_epoch_due(Some(NOW_MS + 1), NOW_MS));
    }

    #[test]
    fn the_archives_epoch_takes_the_word_of_several_shops_and_once_a_day() {
        assert!(!is_archive_due(SHOPS_IN_DOUBT - 1, None, NOW_MS));
        assert!(is_archive_due(SHOPS_IN_DOUBT, None, NOW_MS));
        assert!(!is_archive_due(SHOPS_IN_DOUBT, Some(NOW_MS - ARCHIVE_EPOCH_LIFE_MS), NOW_MS));
        assert!(is_archive_due(99, Some(NOW_MS - ARCHIVE_EPOCH_LIFE_MS - 1), NOW_MS));
    }

    #[test]
    fn a_kiosk_of_an_older_hub_is_told_the_epoch_that_it_knows() {
        assert_eq!(told(7, 0), 7);
        assert!(told(8, 3) != told(7, 3) && told(7, 4) != told(7, 3));
    }
}
