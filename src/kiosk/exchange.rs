//! Translates between journal and wire: a batch into a delivery, a receipt into a settlement.
//!
//! Only what was offered is settled, whatever a receipt names besides.

use std::collections::BTreeMap;

use crate::escape::sentence;
use crate::feedback::event::Stretches;
use crate::feedback::moment::{Anchor, Source};
use crate::feedback::rating::{RatingId, RunId};
use crate::kiosk::journal::{ArchiveSeen, Batch, Books, LetGo, Settlement};
use crate::wire::carried;
use crate::wire::delivery::{self, Boot, Counters, Delivery, Run, Tie};
use crate::wire::receipt::{GONE_RANGES_MAX, Gone, Receipt, SetAside, Settled};

/// Numbers by their runs.
pub type Numbers = BTreeMap<RunId, Stretches>;

/// What a receipt says of single events. Each is found by halves, so that a long receipt costs no
/// more than to read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    settled: Numbers,
    set_aside: BTreeMap<RatingId, String>,
}

impl Said {
    /// What a receipt says; a run that is no run is ignored.
    #[must_use]
    pub fn of(settled: Vec<Settled>, set_aside: &[SetAside]) -> Self {
        let mut reasons = BTreeMap::new();
        for SetAside { run, n, reason } in set_aside {
            if let Ok(run) = run.parse() {
                reasons.entry(RatingId { run, n: *n }).or_insert_with(|| sentence(reason));
            }
        }
        Self { settled: numbers(settled), set_aside: reasons }
    }

    /// What it says of these events, and of no others.
    #[must_use]
    pub fn within(mut self, offered: &Numbers) -> Self {
        let is_offered =
            |id: &RatingId| offered.get(&id.run).is_some_and(|numbers| numbers.contains(id.n));
        self.set_aside.retain(|id, _| is_offered(id));
        let both = |(run, numbers): (RunId, Stretches)| {
            offered.get(&run).map(|offered| (run, numbers.within(offered)))
        };
        self.settled = self.settled.into_iter().filter_map(both).collect();
        self
    }

    /// Notes in a settlement what it says of an event; returns whether it says anything.
    pub fn note(&self, id: RatingId, settlement: &mut Settlement) -> bool {
        if self.settled.get(&id.run).is_some_and(|numbers| numbers.contains(id.n)) {
            settlement.settled.push(id);
            return true;
        }
        let reason = self.set_aside.get(&id);
        settlement.set_aside.extend(reason.map(|reason| (id, reason.clone())));
        reason.is_some()
    }
}

/// The numbers that these are; a run that is no run is ignored.
fn numbers(said: Vec<Settled>) -> Numbers {
    let mut ranges = BTreeMap::<RunId, Vec<(u32, u32)>>::new();
    for mut of_run in said {
        if let Ok(run) = of_run.run.parse() {
            ranges.entry(run).or_default().append(&mut of_run.ranges);
        }
    }
    ranges.into_iter().map(|(run, ranges)| (run, Stretches::of(ranges))).collect()
}

/// What a receipt says that head office has deleted, if it keeps to the limit.
fn let_go(gone: &Gone) -> Option<LetGo> {
    let ranges: usize = gone.events.iter().map(|of_run| of_run.ranges.len()).sum();
    if ranges > GONE_RANGES_MAX || gone.events.len() > GONE_RANGES_MAX {
        tracing::warn!(
            ranges,
            "head office names more deleted events than a receipt may; none is let go"
        );
        return None;
    }
    Some(LetGo { upto: gone.upto, events: numbers(gone.events.clone()) })
}

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
        zone: None,
        place: None,
        hours: None,
        zone_rules: None,
        clocks_apart: None,
        address: None,
        move_complaint: None,
        findings: None,
        gone: batch.gone.filter(|(name, _)| *name == name_of(kiosk)).map(|(_, gone)| gone),
        boots,
        runs: runs.collect(),
        counters: Counters { taken, settled, set_aside, waiting, lost, given_up: 0 },
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
/// The delivery was sent, and the receipt came back, at these milliseconds since boot. The anchor
/// in it is the hub's word, which nobody has weighed yet.
#[must_use]
pub fn settlement(
    batch: &Batch,
    receipt: &Receipt,
    kiosk: &str,
    (sent_at, back_at): (u64, u64),
) -> Settlement {
    let mut settlement = Settlement::default();
    let said = Said::of(receipt.settled.clone(), &receipt.set_aside);
    for entry in batch.runs.iter().flat_map(|run| &run.entries) {
        said.note(entry.id, &mut settlement);
    }
    settlement.gone = receipt.gone.as_ref().and_then(let_go);
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
    settlement.anchor = Some(anchor);
    settlement
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunId = RunId([1; 16]);

    fn noted(said: &Said, numbers: impl IntoIterator<Item = u32>) -> (Vec<u32>, Vec<u32>) {
        let mut settlement = Settlement::default();
        for n in numbers {
            said.note(RatingId { run: RUN, n }, &mut settlement);
        }
        let aside = settlement.set_aside.iter().map(|(id, _)| id.n).collect();
        (settlement.settled.iter().map(|id| id.n).collect(), aside)
    }

    #[test]
    fn what_a_receipt_says_beyond_what_was_offered_is_not_heard() {
        let ranges = vec![(0, u32::MAX), (9, 3)];
        let settled = vec![
            Settled { run: RUN.to_string(), ranges },
            Settled { run: "../..".to_owned(), ranges: vec![(1, 9)] },
            Settled { run: RunId([2; 16]).to_string(), ranges: vec![(1, u32::MAX)] },
        ];
        let aside = |n| SetAside { run: RUN.to_string(), n, reason: "x".repeat(100_000) };
        let offered = Numbers::from([(RUN, Stretches::of(vec![(3, 5), (8, 8)]))]);
        let said = Said::of(settled, &[aside(4), aside(6)]).within(&offered);
        assert_eq!(noted(&said, 0..20), (vec![3, 4, 5, 8], vec![]));
        let said = Said::of(Vec::new(), &[aside(4), aside(4), aside(6)]).within(&offered);
        assert_eq!(noted(&said, 0..20), (vec![], vec![4]));
        assert!(said.set_aside.values().all(|reason| reason.len() < 1_000));
    }
}
