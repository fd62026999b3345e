//! A shop's time zone: its name and its rules, as a value that somebody else has found.
//!
//! Governments change their clocks at short notice, so rules are data and no part of the program:
//! two zones of one name differ where their rules do.

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, Timelike as _};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// The longest name of a zone, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What the zone of no place is called, here and elsewhere.
const UNKNOWN: &str = "Etc/Unknown";

/// A time zone with its rules; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    rules: TimeZone,
}

/// The rules of a zone cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a whole file of time-zone rules")]
pub struct Unreadable;

impl Zone {
    /// The zone whose clocks show UTC.
    #[must_use]
    pub const fn utc() -> Self {
        Self { rules: TimeZone::UTC }
    }

    /// The zone of a shop of which nobody knows where it is: its clocks show UTC, for want of
    /// anything better, and whoever shows a time by it has to say so.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { rules: TimeZone::unknown() }
    }

    /// Whether it is a zone at all.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.rules.is_unknown()
    }

    /// Reads the rules of a zone from the content of its TZif file (RFC 9636).
    ///
    /// # Errors
    /// When they are damaged, or the name is none.
    pub fn read(name: &str, rules: &[u8]) -> Result<Self, Unreadable> {
        if !is_name(name) {
            return Err(Unreadable);
        }
        let rules = TimeZone::tzif(name, rules).map_err(|_| Unreadable)?;
        Ok(Self { rules })
    }

    /// Its IANA name; `Etc/Unknown` where it is not known.
    #[must_use]
    pub fn name(&self) -> &str {
        self.rules.iana_name().unwrap_or(UNKNOWN)
    }

    /// Its name for people, who have to know whether days are the shop's.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.is_known() { self.name() } else { "UTC, for the shop's time zone is not known" }
    }

    /// What its clocks show at an instant, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn shown(&self, utc_ms: i64) -> NaiveDateTime {
        let utc = DateTime::from_timestamp_millis(utc_ms).unwrap_or_default().naive_utc();
        let far = if utc_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let instant = Timestamp::from_millisecond(utc_ms).unwrap_or(far);
        let offset = TimeDelta::seconds(self.rules.to_offset(instant).seconds().into());
        utc.checked_add_signed(offset).unwrap_or(utc)
    }

    /// The first instant, in milliseconds since 1970 UTC, at which its clocks show a time; none
    /// where they skip it.
    #[must_use]
    pub fn instant(&self, shown: NaiveDateTime) -> Option<i64> {
        let (date, time) = (shown.date(), shown.time());
        let small = |number: u32| i8::try_from(number).ok();
        let civil = jiff::civil::DateTime::new(
            i16::try_from(date.year()).ok()?,
            small(date.month())?,
            small(date.day())?,
            small(time.hour())?,
            small(time.minute())?,
            small(time.second())?,
            0,
        );
        let offset = match self.rules.to_ambiguous_timestamp(civil.ok()?).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, .. } => before,
            AmbiguousOffset::Gap { .. } => return None,
        };
        Some(shown.and_utc().timestamp_millis() - i64::from(offset.seconds()) * 1_000)
    }
}

/// Whether it has the form of a zone's name, and so can never lead out of a folder of zones.
///
/// Beside the zones, systems have other things there: links to the zone that they use themselves,
/// and all zones once more with leap seconds.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.chars().all(is_letter)
    };
    let first = name.split('/').next().unwrap_or_default();
    name.len() <= NAME_BYTES_MAX
        && name.split('/').all(is_part)
        && name != UNKNOWN
        && !["posix", "right", "localtime", "posixrules"].contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        let names =
            ["UTC", "Europe/Helsinki", "America/Argentina/Ushuaia", "Etc/GMT+11", "EST5EDT"];
        let others = [
            "",
            "/",
            "Europe/",
            "/Europe/Helsinki",
            "Europe//Helsinki",
            "../../etc/passwd",
            "Europe/../UTC",
            ".",
            "tzdata.zi",
            "+VERSION",
            "right/Europe/Helsinki",
            "localtime",
            "posixrules",
            "Europe/Hel sinki",
            "Europe/Helsinki\0",
            "Europe\\Helsinki",
            "Ä",
        ];
        for name in names {
            assert!(is_name(name), "{name}");
        }
        for name in others.iter().copied().chain([&*"a".repeat(65)]) {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_file_of_rules_is_refused() {
        for rules in [&b""[..], b"TZif", b"TZif2", b"GIF89a", &[0xff; 4_096]] {
            assert_eq!(Zone::read("Europe/Helsinki", rules), Err(Unreadable));
        }
    }
}
