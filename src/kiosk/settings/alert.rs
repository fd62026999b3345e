//! The table `alert`: when many unhappy shoppers, or none at all, raise an alert.

use serde::Deserialize;

use super::notify::{Format, Notify};
use crate::config::Complaints;
use crate::feedback::alert::Rule;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AlertPart {
    on: Option<bool>,
    unhappy_percent: Option<u8>,
    window_min: Option<u16>,
    ratings_least: Option<u16>,
    quiet_h: Option<u8>,
    notify: Option<String>,
    notify_as: Format,
}

impl AlertPart {
    /// The rule, and where staff are told of an alert; none where alerts are switched off.
    pub(super) fn check(self, complaints: &mut Complaints) -> (Option<Rule>, Option<Notify>) {
        let usual = Rule::default();
        let unhappy_percent = self.unhappy_percent.unwrap_or(usual.unhappy_percent);
        let is_share = (1..=100).contains(&unhappy_percent);
        complaints.unless(is_share, "alert.unhappy_percent", "is not 1 to 100 percent");
        let window_ms = self.window_min.map_or(usual.window_ms, |min| u64::from(min) * 60_000);
        let is_short = (60_000..=86_400_000).contains(&window_ms);
        complaints.unless(is_short, "alert.window_min", "is not 1 to 1440 minutes");
        let ratings_least = self.ratings_least.map_or(usual.ratings_least, u32::from);
        let is_some = (1..=1_000).contains(&ratings_least);
        complaints.unless(is_some, "alert.ratings_least", "is not 1 to 1000 ratings");
        let quiet_ms = self.quiet_h.map_or(usual.quiet_ms, |hours| u64::from(hours) * 3_600_000);
        let is_short = quiet_ms <= 24 * 3_600_000;
        complaints.unless(is_short, "alert.quiet_h", "is not 0 to 24 hours");
        let rule = Rule { window_ms, unhappy_percent, ratings_least, quiet_ms };
        let notify = Notify::check(self.notify, self.notify_as, "alert.notify", complaints);
        let is_on = self.on.unwrap_or(true);
        (is_on.then_some(rule), notify.filter(|_| is_on))
    }
}
