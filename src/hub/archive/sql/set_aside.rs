//! What a delivery brings that is no event of the archive: events in conflict with stored ones, and
//! events that could not be read. Both are kept once, and never thrown away.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::Named;
use crate::feedback::rating::RunId;
use crate::hub::archive::error::Failure;
use crate::hub::archive::events::{Incoming, Shipment};
use crate::hub::archive::tx::{Filled, Stored, Tx};
use crate::hub::archive::value::{Value, values};
use crate::hub::rules::arrivals::{Digest, stretches_around};
use crate::hub::rules::books::Brought;
use crate::hub::rules::budget::ROW_BYTES;

const CONFLICT: Filled = Filled {
    table: "conflict",
    columns: &[
        ("kiosk", Stored::Int),
        ("run", Stored::Int),
        ("n", Stored::Int),
        ("digest", Stored::Bytes),
        ("received_ms", Stored::Big),
        ("content", Stored::Text),
    ],
};

const REFUSED: Filled = Filled {
    table: "refused",
    columns: &[
        ("kiosk", Stored::Int),
        ("run", Stored::Bytes),
        ("n", Stored::Big),
        ("reason", Stored::Text),
        ("received_ms", Stored::Big),
    ],
};

/// Keeps events of a run whose numbers stand for other content, unless they are kept already.
/// Counts those that are new, and the bytes that they take.
pub(super) async fn conflicts(
    tx: &mut dyn Tx,
    (kiosk, run): (i64, i64),
    shipment: &Shipment,
    conflicts: &[&Incoming],
    brought: &mut Brought,
    bytes: &mut u64,
) -> Result<(), Failure> {
    let numbers: BTreeSet<u32> = conflicts.iter().map(|incoming| incoming.event.n).collect();
    let mut known = BTreeSet::<(u32, Digest)>::new();
    let sql = "select n, digest from conflict where kiosk = $1 and run = $2 \
               and n between $3 and $4";
    for (first, last) in stretches_around(&numbers) {
        for row in tx.rows(sql, &values![kiosk, run, first, last]).await? {
            known.insert((row.get("n")?, row.get("digest")?));
        }
    }
    let mut rows = Vec::<Vec<Value>>::new();
    for Incoming { event, digest, content } in conflicts {
        if known.insert((event.n, *digest)) {
            rows.push(values![kiosk, run, event.n, *digest, shipment.received_ms, content].into());
            brought.newly_set_aside += 1;
            *bytes += ROW_BYTES + count(content.len());
        }
    }
    tx.insert(&CONFLICT, rows).await
}

/// Names events that could not be read, unless they are named already. Counts those that are new,
/// and the bytes that they take. Of another kiosk's run nothing is kept.
pub(super) async fn refused(
    tx: &mut dyn Tx,
    kiosk: i64,
    shipment: &Shipment,
    named: &Named,
    brought: &mut Brought,
    bytes: &mut u64,
) -> Result<(), Failure> {
    let arrived: BTreeSet<RunId> = shipment.runs.iter().map(|arrived| arrived.run).collect();
    let is_foreign = |run: &RunId| arrived.contains(run) && !named.own.contains_key(run);
    let mut by_run = BTreeMap::<RunId, BTreeMap<u32, &String>>::new();
    for (id, reason) in shipment.refused.iter().filter(|(id, _)| !is_foreign(&id.run)) {
        by_run.entry(id.run).or_default().entry(id.n).or_insert(reason);
    }
    let sql = "select n from refused where kiosk = $1 and run = $2 and n between $3 and $4";
    let mut rows = Vec::<Vec<Value>>::new();
    for (run, mut new) in by_run {
        for (first, last) in stretches_around(&new.keys().copied().collect()) {
            for row in tx.rows(sql, &values![kiosk, run.0, first, last]).await? {
                new.remove(&row.get("n")?);
            }
        }
        for (n, reason) in new {
            rows.push(values![kiosk, run.0, n, reason, shipment.received_ms].into());
            brought.newly_set_aside += 1;
            *bytes += ROW_BYTES + count(reason.len());
        }
    }
    tx.insert(&REFUSED, rows).await
}

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
