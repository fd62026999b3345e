//! The export of every event in the archive, for people who want to count for themselves.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::feedback::moment::local_second;
use crate::feedback::zone::Zone;
use crate::hub::archive::Error;
use crate::hub::archive::replica::{BEGINNING, Reader};
use crate::wire::report::Reported;
use crate::zones::{Rules, Zones};

/// How many events are read at once.
const EVENTS_MAX: usize = 1_000;

/// Passes every event to `take`, in the order of kiosks, runs and numbers; returns how many there
/// are.
///
/// # Errors
/// When the archive cannot be read, or `take` fails.
pub async fn export(
    archive: &Reader,
    mut take: impl FnMut(&Reported) -> std::io::Result<()>,
) -> Result<u64, Error> {
    let mut clocks = Clocks { rules: Zones::of_system().rules(), zones: HashMap::new() };
    let mut after = BEGINNING;
    let mut count = 0;
    loop {
        let rows = archive.page(after, EVENTS_MAX).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for (cursor, mut event) in rows {
            after = cursor;
            event.local = clocks.local(&event);
            take(&event).map_err(|error| Error::new("write the export", error))?;
            count += 1;
        }
    }
}

/// The clocks of the shops.
struct Clocks {
    rules: Rules,
    zones: HashMap<String, Option<Zone>>,
}

impl Clocks {
    /// When an event was taken, by the clocks of its shop; empty where its zone is not known.
    fn local(&mut self, event: &Reported) -> String {
        let zone = self.zones.entry(event.zone.clone());
        let zone = zone.or_insert_with(|| self.rules.zone(&event.zone)).as_ref();
        let utc = event.utc.parse::<DateTime<Utc>>().ok();
        let local = utc.zip(zone).map(|(utc, zone)| local_second(utc.timestamp_millis(), zone));
        local.unwrap_or_default()
    }
}
