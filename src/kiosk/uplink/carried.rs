//! Carried deliveries: everything that waits for head office, sealed and signed in a file, and the
//! receipts that head office puts beside it.
//!
//! A receipt is used once, and only for a file that this kiosk wrote: the file's nonce, its name
//! and what is in it are written down before it gets its name. Nothing else settles a carried
//! event, and only what was in the file is settled, whatever the receipt names. So only as many
//! receipts are looked for as there are files, and no longer ones than their events need.

mod awaited;

pub use self::awaited::FILE as OWN_FILE;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::BufWriter;
use std::path::Path;

use self::awaited::Awaited;
use crate::carried::file::{
    self as carried, RECEIPT_BYTES_MAX, RECEIPT_ENDING, Writer, read_receipt,
};
use crate::carried::seal::{HubPublic, Signer};
use crate::feedback::outbox::{BYTES_MAX, EVENTS_MAX};
use crate::feedback::rating::RatingId;
use crate::foreign::{self, Folder};
use crate::kiosk::exchange::{Numbers, Said, archive_seen, pack};
use crate::kiosk::journal::{Batch, BatchRun, JournalSource, Settlement, State, Unreadable};
use crate::kiosk::settings::Enrolment;
use crate::wire::carried::Receipt;
use crate::wire::delivery;

/// The bytes that a receipt may have whatever it confirms.
const RECEIPT_BYTES: u64 = 64 * 1_024;

/// The bytes that it may have besides for each event in its file.
const RECEIPT_EVENT_BYTES: u64 = 1_024;

/// In how many folders of kiosks a receipt is looked for.
const FOLDERS_MAX: usize = 200;

/// Why a delivery cannot be carried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder is full or protected.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The stick is full, protected, or gone.
    #[error("{0}")]
    Stick(#[from] foreign::Error),
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] Unreadable),
    /// The delivery cannot be sealed or signed.
    #[error(transparent)]
    Carried(#[from] carried::Error),
}

/// Writes everything that waits into a file of this name; returns how many events that were.
/// Without any, or where the enrolment has no keys of the hub, no file is left.
///
/// # Errors
/// When the journal cannot be read, or the file cannot be written.
pub fn write(
    folder: &Folder,
    name: &str,
    source: &JournalSource,
    enrolment: &Enrolment,
    data_dir: &Path,
    app: &str,
) -> Result<u64, Error> {
    let hub = enrolment.hub_keys.as_ref().and_then(carried::read_keys);
    let Some(hub) = hub else {
        return Ok(0);
    };
    let nonce = format!("{:032x}", rand::random::<u128>());
    let signer = Signer::of_token(&enrolment.token).map_err(carried::Error::from)?;
    let out = BufWriter::new(folder.begin(false)?);
    let mut writer = Writer::begin(out, signer, hub, &enrolment.kiosk, &nonce)?;
    // A stick may be read long after: what it said of deletions would be out of date.
    let frame = Batch { gone: None, ..source.batch(0)? };
    let mut left = frame.books.waiting;
    let mut next = Frame { batch: frame, bytes: 0, events: 0 };
    let taken: Vec<_> = source.audit()?.runs.into_iter().map(|run| (run.run, run.taken)).collect();
    let mut held = Numbers::new();
    let mut after = 0;
    loop {
        let page = source.page(after)?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.row;
        for kept in page {
            let (State::Waiting, Ok(entry)) = (kept.state, kept.entry) else {
                continue;
            };
            let bytes = delivery::write(entry.id.n, entry.reading, &entry.event).to_string().len();
            if next.events == EVENTS_MAX || next.bytes + bytes > BYTES_MAX * 3 / 4 {
                left = next.send(&mut writer, &nonce, app, &enrolment.kiosk, left)?;
            }
            next.bytes += bytes + 1;
            next.events += 1;
            let RatingId { run, n } = entry.id;
            held.entry(run).or_default().add(n);
            match next.batch.runs.last_mut().filter(|last| last.run == run) {
                Some(last) => last.entries.push(entry),
                None => {
                    let taken = taken.iter().find(|(of, _)| *of == run).map_or(0, |(_, n)| *n);
                    let taken = taken.max(n);
                    let entries = vec![entry];
                    next.batch.runs.push(BatchRun { run, boot: kept.boot, taken, entries });
                }
            }
        }
    }
    next.send(&mut writer, &nonce, app, &enrolment.kiosk, left)?;
    let (out, events) = writer.end()?;
    let out = out.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
    if events == 0 {
        return Ok(0);
    }
    // A receipt can come back only for what is written down here before it leaves.
    awaited::add(data_dir, Awaited { nonce, name: name.to_owned(), held })?;
    out.keep(OsStr::new(name))?;
    Ok(events)
}

/// A frame that is being filled.
struct Frame {
    batch: Batch,
    bytes: usize,
    events: usize,
}

impl Frame {
    /// Adds the frame to the file and begins another; returns how many events are left.
    fn send(
        &mut self,
        writer: &mut Writer<impl std::io::Write>,
        nonce: &str,
        app: &str,
        kiosk: &str,
        left: u64,
    ) -> Result<u64, Error> {
        self.batch.books.waiting = left;
        writer.add(&pack(&self.batch, nonce, app, kiosk))?;
        let sent = u64::try_from(self.events).unwrap_or(u64::MAX);
        (self.bytes, self.events) = (0, 0);
        self.batch.runs.clear();
        // The anchors go with the first frame only.
        self.batch.anchors.clear();
        Ok(left.saturating_sub(sent))
    }
}

/// Settles the events that receipts in a folder, or in the folders in it, confirm; returns how
/// many events that were.
///
/// # Errors
/// When the folder cannot be read, or the journal cannot be written.
pub fn take_receipts(
    folder: &Folder,
    source: &JournalSource,
    enrolment: &Enrolment,
    data_dir: &Path,
) -> Result<u64, Error> {
    let Some(hub) = enrolment.hub_keys.as_ref().and_then(carried::read_keys) else {
        return Ok(0);
    };
    let mut by_name = BTreeMap::<String, Vec<Awaited>>::new();
    for file in awaited::read(data_dir) {
        by_name.entry(file.name.clone()).or_default().push(file);
    }
    let folders = folders(folder);
    let before = source.books()?.0.waiting;
    let (mut confirmed, mut used) = (Vec::new(), Vec::new());
    for (name, mut files) in by_name {
        for place in std::iter::once(folder).chain(&folders) {
            let Some(receipt) = find(place, &name, &files, &hub) else {
                continue;
            };
            let is_its = |file: &Awaited| file.nonce == receipt.nonce;
            match files.iter().position(is_its).filter(|_| receipt.kiosk == enrolment.kiosk) {
                Some(at) => {
                    let file = files.swap_remove(at);
                    let archive = Some(archive_seen(&receipt));
                    source.settle(Settlement { archive, ..Settlement::default() })?;
                    let said = Said::of(receipt.settled, &receipt.set_aside);
                    confirmed.push(said.within(&file.held));
                    used.push(file.nonce);
                }
                None => tracing::info!(name, "a receipt for another file or kiosk is ignored"),
            }
        }
    }
    if !used.is_empty() {
        settle(source, &confirmed)?;
        awaited::forget(data_dir, &used)?;
    }
    Ok(before.saturating_sub(source.books()?.0.waiting))
}

/// The kiosks' folders in this one. A receipt may lie in any of them: a kiosk gets another folder
/// where it is enrolled anew, and an older program had none.
fn folders(folder: &Folder) -> Vec<Folder> {
    let names = folder.names().unwrap_or_default();
    names.iter().filter_map(|name| folder.folder(name).ok()).take(FOLDERS_MAX).collect()
}

/// The receipt beside a file of this name, if there is one that this hub has signed.
fn find(folder: &Folder, name: &str, files: &[Awaited], hub: &HubPublic) -> Option<Receipt> {
    let count = |file: &Awaited| file.held.values().map(|numbers| numbers.count()).sum::<u64>();
    let events = files.iter().map(count).max().unwrap_or(0);
    let bytes_max = RECEIPT_BYTES.saturating_add(events.saturating_mul(RECEIPT_EVENT_BYTES));
    let receipt = OsString::from(format!("{name}.{RECEIPT_ENDING}"));
    match folder.read(&receipt, bytes_max.min(RECEIPT_BYTES_MAX)) {
        Ok(text) => {
            let receipt = read_receipt(&text, hub);
            if receipt.is_none() {
                tracing::info!(name, "a receipt that this hub has not signed is ignored");
            }
            receipt
        }
        Err(error) if error.is_missing() => None,
        Err(error) => {
            tracing::warn!(name, %error, "a receipt cannot be read");
            None
        }
    }
}

/// Settles the waiting events that receipts confirm, a page at a time.
fn settle(source: &JournalSource, confirmed: &[Said]) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let page = source.page(after)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.row;
        let mut settlement = Settlement::default();
        for kept in page.iter().filter(|kept| kept.state == State::Waiting) {
            let Ok(id) = kept.entry.as_ref().map(|entry| entry.id) else {
                continue;
            };
            confirmed.iter().any(|said| said.note(id, &mut settlement));
        }
        if !settlement.settled.is_empty() || !settlement.set_aside.is_empty() {
            source.settle(settlement)?;
        }
    }
}
