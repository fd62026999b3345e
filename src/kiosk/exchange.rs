//! Translates between journal and wire: a batch into a delivery, a receipt into a settlement.

use crate::clock;
use crate::feedback::moment::{Anchor, Source};
use crate::feedback::rating::RatingId;
use crate::kiosk::journal::{ArchiveSeen, Batch, Books, Settlement};
use crate::wire::carried;
use crate::wire::delivery::{self, Boot, Counters, Delivery, Run, Tie};
use crate::wire::receipt::Receipt;

/// Writes a batch as a delivery.
#[must_use]
pub fn pack(batch: &Batch, nonce: &str, app: &str, kiosk: &str) -> Delivery {
    let mut boots: Vec<Boot> = Vec::new();
    for (_, boot, anchor) in &batch.anchors {
        let (boot, tie) = (boot.to_string(), Tie::from(anchor));
        match boots.iter_mut().find(|known| known.boot == boot) {
            Some(known) => known.anchors.push(tie),
            None => boots.push(Boot { boot, anchors: vec![tie] }),
        }
    }
    let runs = batch.runs.iter().map(|run| Run {
        run: run.run.to_string(),
        boot: run.boot.to_string(),
        taken: run.taken,
        events: run
            .entries
            .iter()
            .map(|entry| delivery::write(entry.id.n, entry.reading, &entry.event))
            .collect(),
    });
    let Books { taken, settled, set_aside, waiting, lost, .. } = batch.books;
    Delivery {
        nonce: nonce.to_owned(),
        app: app.to_owned(),
        live: batch.live.map(|run| run.to_string()),
        known: batch.known.filter(|(name, _)| *name == name_of(kiosk)).map(|(_, known)| known),
        publication: None,
        survey_complaint: None,
        pin: None,
        boots,
        runs: runs.collect(),
        counters: Counters { taken, settled, set_aside, waiting, lost },
    }
}

/// What a receipt on a stick tells about the archive at the hub.
#[must_use]
pub fn archive_seen(receipt: &carried::Receipt) -> ArchiveSeen {
    ArchiveSeen { kiosk: name_of(&receipt.kiosk), epoch: receipt.hub_epoch, stored: None }
}

/// A kiosk's name at the hub as a number, for the journal's table of numbers.
fn name_of(kiosk: &str) -> u32 {
    crc32c::crc32c(kiosk.as_bytes())
}

/// What a receipt says about the events of a batch; other events in it are ignored.
///
/// The delivery was sent, and the receipt came back, at these milliseconds since boot.
#[must_use]
pub fn settlement(
    batch: &Batch,
    receipt: &Receipt,
    kiosk: &str,
    (sent_at, back_at): (u64, u64),
) -> Settlement {
    let mut settlement = Settlement::default();
    for run in &batch.runs {
        let name = run.run.to_string();
        let settled: Vec<_> =
            receipt.settled.iter().filter(|settled| settled.run == name).collect();
        for entry in &run.entries {
            let id = RatingId { run: run.run, n: entry.id.n };
            let is_aside =
                |aside: &&crate::wire::receipt::SetAside| aside.run == name && aside.n == id.n;
            if settled.iter().any(|settled| settled.has(id.n)) {
                settlement.settled.push(id);
            } else if let Some(aside) = receipt.set_aside.iter().find(is_aside) {
                settlement.set_aside.push((id, aside.reason.clone()));
            }
        }
    }
    settlement.told = batch.anchors.iter().map(|(key, ..)| *key).collect();
    let before = |after: u64| (after.saturating_sub(receipt.added.unwrap_or(0)), after);
    let stored = receipt.stored.map(before);
    let epoch = receipt.hub_epoch;
    settlement.archive = Some(ArchiveSeen { kiosk: name_of(kiosk), epoch, stored });
    // The hub read its clock somewhere between our two readings.
    let half = (back_at - sent_at) / 2;
    let anchor = Anchor {
        boot_ms: sent_at + half,
        utc_ms: receipt.hub_time_ms,
        error_ms: u32::try_from(half + 1).unwrap_or(u32::MAX),
        source: Source::Hub,
    };
    settlement.anchor = Some(anchor).filter(|anchor| clock::is_possible(anchor.utc_ms));
    settlement
}
