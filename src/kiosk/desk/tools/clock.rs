//! Sets the time of a kiosk, as a person types it in.

use chrono::{DateTime, NaiveDateTime};

use crate::clock;
use crate::digits;
use crate::feedback::moment::{Anchor, Source as TimeSource, rfc3339};
use crate::feedback::zone::Zone;
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::journal::JournalSource;

/// Reads a time as a person writes it, by the clocks of a zone or with its own offset, in
/// milliseconds since 1970 UTC.
///
/// # Errors
/// [`Unanswerable::Time`] names the invalid text, [`Unanswerable::Zoneless`] one that could be any
/// zone's.
pub fn instant(text: &str, zone: &Zone) -> Result<i64, Unanswerable> {
    let plain = digits::plain(text.trim());
    if let Ok(instant) = DateTime::parse_from_rfc3339(&plain) {
        return Ok(instant.timestamp_millis());
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&plain, format).ok());
    if local.is_some() && !zone.is_known() {
        return Err(Unanswerable::Zoneless(text.to_owned()));
    }
    let instant = local.and_then(|local| zone.instant(local));
    instant.ok_or_else(|| Unanswerable::Time(text.to_owned()))
}

/// Adds the time that a person typed in as an anchor, in milliseconds since 1970 UTC.
///
/// # Errors
/// When no kiosk runs, since the time could date nothing.
pub fn set_clock(
    source: &JournalSource,
    boot_ms: u64,
    utc_ms: i64,
    error_ms: u32,
) -> Result<(), Unanswerable> {
    let JournalSource::Running(journal) = source else {
        return Err(Unanswerable::NotRunning);
    };
    if !clock::is_possible(utc_ms) {
        return Err(Unanswerable::Impossible(rfc3339(utc_ms)));
    }
    let source = TimeSource::Operator;
    Ok(journal.add_anchor(Anchor { boot_ms, utc_ms, error_ms, source })?)
}
