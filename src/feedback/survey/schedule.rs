//! Which question is asked when, and when the shop is open, by the shop's own clocks.

use chrono::{Datelike as _, NaiveDate, Weekday};

use crate::digits;

/// The minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// A moment by the shop's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The day.
    pub date: NaiveDate,
    /// Minutes since midnight by the clock on the wall, 0 to 1439.
    pub minute: u16,
}

/// A part of the day, from one minute to another, the second not included.
///
/// One that ends before it begins goes on past midnight; one that ends where it begins is empty,
/// and cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    from: u16,
    to: u16,
}

impl Span {
    /// Reads a span such as `08:00-20:30`; `24:00` is the end of the day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = digits::plain(text);
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        (from != to && from < DAY_MINUTES).then_some(Self { from, to })
    }

    /// Whether it goes on past midnight.
    const fn is_overnight(self) -> bool {
        self.to < self.from
    }

    /// Whether a day's span has this minute of the same day.
    const fn has(self, minute: u16) -> bool {
        minute >= self.from && (self.is_overnight() || minute < self.to)
    }

    /// Whether a day's span has this minute of the day after.
    const fn has_next_day(self, minute: u16) -> bool {
        self.is_overnight() && minute < self.to
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let is_two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !is_two_digits(hour) || !is_two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
}

/// When the shop is open on each day of the week, Monday first; a day without a span is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hours(pub [Option<Span>; 7]);

/// The days of the week as configurations name them, Monday first.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The longest text of opening hours that is read, in bytes.
const HOURS_BYTES_MAX: usize = 300;

impl Hours {
    /// Reads hours such as `mon-fri 08:00-20:00, sat 09:00-18:00`; a day that is not named is
    /// closed, and none may be named twice.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut hours = Self::default();
        for part in text.split(',').filter(|_| text.len() <= HOURS_BYTES_MAX) {
            let (days, span) = part.trim().split_once(char::is_whitespace)?;
            let span = Span::parse(span.trim())?;
            let days = days.to_lowercase();
            let (first, last) = days.split_once('-').unwrap_or((&days, &days));
            let place = |name: &str| DAYS.iter().position(|day| *day == name);
            let (first, last) = (place(first)?, place(last)?);
            // A week has no end: sat-mon are three days.
            let count = (last + DAYS.len() - first) % DAYS.len();
            for at in first..=first + count {
                let slot = hours.0.get_mut(at % DAYS.len())?;
                if slot.replace(span).is_some() {
                    return None;
                }
            }
        }
        (hours != Self::default()).then_some(hours)
    }

    /// Whether the shop is open.
    #[must_use]
    pub fn is_open(&self, at: Local) -> bool {
        let today = at.date.weekday().num_days_from_monday() as usize;
        let of = |day: usize| self.0.get(day % 7).copied().flatten();
        of(today).is_some_and(|span| span.has(at.minute))
            || of(today + 6).is_some_and(|span| span.has_next_day(at.minute))
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days: Vec<(&str, Option<Span>)> = DAYS.into_iter().zip(self.0).collect();
        let runs = days.chunk_by(|one, next| one.1 == next.1);
        let mut before = "";
        for run in runs {
            if let [(first, Some(span)), ..] = run {
                let last = run.last().map(|(day, _)| *day).filter(|last| last != first);
                write!(f, "{before}{first}")?;
                last.map_or(Ok(()), |last| write!(f, "-{last}"))?;
                write!(f, " {span}")?;
                before = ", ";
            }
        }
        Ok(())
    }
}

/// When a question is asked; everything that it does not name is left open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// The question's short name.
    pub question: String,
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
    /// Only on these days of the week.
    pub weekdays: Vec<Weekday>,
    /// Only in this part of the day; one that goes on past midnight belongs to the day on which it
    /// began.
    pub hours: Option<Span>,
    /// Only at these touchpoints.
    pub touchpoints: Vec<String>,
}

impl Slot {
    /// Whether its question is due here and now.
    #[must_use]
    pub fn is_due(&self, at: Local, touchpoint: &str) -> bool {
        let is_here =
            self.touchpoints.is_empty() || self.touchpoints.iter().any(|name| name == touchpoint);
        let is_day = |date: NaiveDate| {
            self.from.is_none_or(|from| from <= date)
                && self.until.is_none_or(|until| date <= until)
                && (self.weekdays.is_empty() || self.weekdays.contains(&date.weekday()))
        };
        let is_now = match self.hours {
            None => is_day(at.date),
            Some(span) => {
                let is_since_yesterday =
                    || at.date.pred_opt().is_some_and(is_day) && span.has_next_day(at.minute);
                is_day(at.date) && span.has(at.minute) || is_since_yesterday()
            }
        };
        is_here && is_now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32, hour: u16, minute: u16) -> Local {
        // The second of November 2026 is a Monday.
        let date = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        Local { date, minute: hour * 60 + minute }
    }

    #[test]
    fn a_span_is_two_times_of_day() {
        for text in ["08:00-20:00", "00:00-24:00", "22:00-06:00"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "8:00-20:00", "08:00", "08:60-09:00", "24:00-08:00", "09:00-09:00", "08:00-24:01"]
        {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn hours_are_days_with_a_span_each_in_one_spelling() {
        for (text, one) in [
            ("mon-fri 08:00-20:00, sat 09:00-18:00", "mon-fri 08:00-20:00, sat 09:00-18:00"),
            ("MON 08:00-20:00,tue  08:00-20:00", "mon-tue 08:00-20:00"),
            ("sat-mon 10:00-16:00", "mon 10:00-16:00, sat-sun 10:00-16:00"),
            ("mon-sun ٠٨:٠٠-٢٤:٠٠", "mon-sun 08:00-24:00"),
            ("fri 22:00-06:00", "fri 22:00-06:00"),
        ] {
            let hours = Hours::parse(text).unwrap();
            assert_eq!(hours.to_string(), one);
            assert_eq!(Hours::parse(one), Some(hours));
        }
        let long = "mon 08:00-20:00,".repeat(30);
        for text in [
            "",
            "mon",
            "08:00-20:00",
            "mon 8-20",
            "day 08:00-20:00",
            "mon-fri 08:00-20:00, wed 09:00-10:00",
            "mon 08:00-20:00,",
            "mon-fri-sun 08:00-20:00",
            &long,
        ] {
            assert_eq!(Hours::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_shop_is_open_from_the_first_minute_to_the_last_and_past_midnight() {
        let span = |text| Span::parse(text);
        let hours = Hours([span("08:00-20:00"), None, None, None, span("18:00-02:00"), None, None]);
        let open = [at(2, 8, 0), at(2, 19, 59), at(6, 18, 0), at(6, 23, 59), at(7, 1, 59)];
        let closed = [at(2, 7, 59), at(2, 20, 0), at(3, 12, 0), at(6, 1, 0), at(7, 2, 0)];
        for moment in open {
            assert!(hours.is_open(moment), "{moment:?}");
        }
        for moment in closed {
            assert!(!hours.is_open(moment), "{moment:?}");
        }
    }

    #[test]
    fn a_slot_is_due_on_its_days_at_its_hours_and_places() {
        let slot = Slot {
            question: "bakery".to_owned(),
            from: NaiveDate::from_ymd_opt(2026, 11, 2),
            until: NaiveDate::from_ymd_opt(2026, 11, 8),
            weekdays: vec![Weekday::Fri, Weekday::Sat],
            hours: Span::parse("22:00-02:00"),
            touchpoints: vec!["bakery".to_owned()],
        };
        let due = |moment| slot.is_due(moment, "bakery");
        assert!(due(at(6, 22, 0)) && due(at(7, 1, 59)) && due(at(8, 1, 0)));
        assert!(!due(at(6, 21, 59)) && !due(at(6, 1, 0)) && !due(at(13, 22, 0)));
        assert!(!slot.is_due(at(6, 22, 0), "checkout"));
        assert!(Slot::default().is_due(at(1, 0, 0), ""));
    }
}
