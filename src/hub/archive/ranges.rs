//! Ranges: days of shops that are counted together, as a whole or by the hours of the week.
//!
//! Isolation: each method is one read of one state of the archive. The number of queries grows
//! neither with the shops nor with the days.

use chrono::NaiveDate;

use super::tallies::Day;

/// Days of a shop, by its clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopDays {
    /// The shop's short name.
    pub shop: String,
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

/// What is counted over some days, by the hours of the week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week {
    /// All of it together.
    pub all: Day,
    /// Each of the 168 hours by the shops' clocks, of which the first begins on Monday at midnight.
    /// What has a line of its own in all of it has one in each.
    pub hours: Vec<Day>,
}
