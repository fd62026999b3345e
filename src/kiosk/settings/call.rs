//! The table `call`: whether an unhappy shopper can call staff.

use serde::Deserialize;

use crate::config::Complaints;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CallPart {
    on: bool,
    wait_s: Option<u16>,
}

impl CallPart {
    /// How long a shopper waits for an answer, in milliseconds; none if calls are off.
    pub(super) fn check(self, complaints: &mut Complaints) -> Option<u64> {
        let wait_s = self.wait_s.unwrap_or(180);
        let is_sane = (30..=1_800).contains(&wait_s);
        complaints.unless(is_sane, "call.wait_s", "is not 30 to 1800 seconds");
        self.on.then_some(u64::from(wait_s) * 1_000)
    }
}
