//! The shops' clocks, as the archive needs them to say under which hour an event is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::feedback::zone::Zone;
use crate::zones::{Rules, Zones};

/// Where time-zone rules are found, and those that were found so far; clones share them.
#[derive(Clone, Debug)]
pub(super) struct ShopZones {
    zones: Zones,
    known: Arc<Mutex<Known>>,
}

/// The zones of one release of the rules, by name.
#[derive(Debug)]
struct Known {
    rules: Rules,
    zones: BTreeMap<String, Zone>,
}

impl ShopZones {
    pub(super) fn new(zones: Zones) -> Self {
        let known = Known { rules: zones.rules(), zones: BTreeMap::new() };
        Self { zones, known: Arc::new(Mutex::new(known)) }
    }

    /// Looks whether the system has brought other rules since.
    pub(super) fn look(&self) {
        let rules = self.zones.rules();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.rules != rules {
            *known = Known { rules, zones: BTreeMap::new() };
        }
    }

    /// The zone of this name. One that is not known counts as UTC, as it does on pages.
    pub(super) fn zone(&self, name: &str) -> Zone {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = known.zones.get(name) {
            return zone.clone();
        }
        let zone = known.rules.zone(name).unwrap_or_else(Zone::utc);
        known.zones.insert(name.to_owned(), zone.clone());
        zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_that_is_not_known_counts_as_utc() {
        let zones = ShopZones::new(Zones::of_system());
        zones.look();
        assert_eq!(zones.zone("Mars/Phobos"), Zone::utc());
        for _ in 0..2 {
            assert_eq!(zones.zone("Europe/Helsinki").name(), "Europe/Helsinki");
        }
    }
}
