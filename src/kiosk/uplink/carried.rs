//! Carried deliveries: everything that waits for head office, sealed and signed in a file, and the
//! receipts that head office puts beside it.
//!
//! A receipt is used once, and only for a file that this kiosk wrote: the file's nonce is written
//! down before the file gets its name. Nothing else settles a carried event.

use std::ffi::{OsStr, OsString};
use std::io::BufWriter;
use std::path::Path;

use crate::carried::file::{
    self as carried, RECEIPT_BYTES_MAX, RECEIPT_ENDING, Writer, read_receipt,
};
use crate::carried::seal::Signer;
use crate::feedback::outbox::{BYTES_MAX, EVENTS_MAX};
use crate::feedback::rating::RatingId;
use crate::file;
use crate::foreign::{self, Folder};
use crate::kiosk::exchange::{archive_seen, pack};
use crate::kiosk::journal::{Batch, BatchRun, JournalSource, Settlement, State, Unreadable};
use crate::kiosk::settings::Enrolment;
use crate::wire::carried::Receipt;
use crate::wire::delivery;

/// The file in the data folder with the nonces of the carried files, the newest last.
const CARRIED_FILE: &str = "carried";

/// How many of them are remembered; a receipt for an older file is ignored.
const CARRIED_MAX: usize = 20;

/// How many receipts of a folder are read, the newest first.
const RECEIPTS_MAX: usize = 100;

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
/// Without any, or
/// where the enrolment has no keys of the hub, no file is left.
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
    let frame = source.batch(0)?;
    let mut left = frame.books.waiting;
    let mut next = Frame { batch: frame, bytes: 0, events: 0 };
    let taken: Vec<_> = source.audit()?.runs.into_iter().map(|run| (run.run, run.taken)).collect();
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
            let run = entry.id.run;
            match next.batch.runs.last_mut().filter(|last| last.run == run) {
                Some(last) => last.entries.push(entry),
                None => {
                    let taken = taken.iter().find(|(of, _)| *of == run).map_or(0, |(_, n)| *n);
                    let taken = taken.max(entry.id.n);
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
    remember(data_dir, &nonce)?;
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

fn remembered(data_dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(data_dir.join(CARRIED_FILE)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn remember(data_dir: &Path, nonce: &str) -> std::io::Result<()> {
    let mut known = remembered(data_dir);
    known.push(nonce.to_owned());
    write_remembered(data_dir, &known)
}

/// Accepts no receipt for this file any more. One that stays on the stick is out of date next time,
/// and may be older than a restored backup of the hub.
fn forget(data_dir: &Path, nonce: &str) -> std::io::Result<()> {
    let mut known = remembered(data_dir);
    known.retain(|known| known != nonce);
    write_remembered(data_dir, &known)
}

fn write_remembered(data_dir: &Path, known: &[String]) -> std::io::Result<()> {
    let from = known.len().saturating_sub(CARRIED_MAX);
    let text: Vec<&str> = known.iter().skip(from).map(String::as_str).collect();
    file::write(&data_dir.join(CARRIED_FILE), text.join("\n").as_bytes())
}

/// Settles the events that receipts in a folder confirm; returns how many events that were.
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
    let known = remembered(data_dir);
    let before = source.books()?.0.waiting;
    let is_receipt =
        |name: &OsString| Path::new(name).extension().is_some_and(|end| end == RECEIPT_ENDING);
    let receipts = folder.names()?.into_iter().filter(is_receipt);
    // The newest files have the latest date in their names.
    for name in receipts.rev().take(RECEIPTS_MAX) {
        let file = Path::new(&name).display();
        let receipt = match folder.read(&name, RECEIPT_BYTES_MAX) {
            Ok(text) => read_receipt(&text, &hub),
            Err(error) => {
                tracing::warn!(%file, %error, "a receipt cannot be read");
                continue;
            }
        };
        let is_ours =
            |receipt: &Receipt| receipt.kiosk == enrolment.kiosk && known.contains(&receipt.nonce);
        match receipt.filter(is_ours) {
            Some(receipt) => {
                settle(source, &receipt)?;
                forget(data_dir, &receipt.nonce)?;
            }
            None => {
                let why = "it is invalid, used, or for another kiosk";
                tracing::info!(%file, why, "a receipt is ignored");
            }
        }
    }
    Ok(before.saturating_sub(source.books()?.0.waiting))
}

/// Settles the waiting events that a receipt names, a page at a time.
fn settle(source: &JournalSource, receipt: &Receipt) -> Result<(), Error> {
    let archive = Some(archive_seen(receipt));
    source.settle(Settlement { archive, ..Settlement::default() })?;
    let mut after = 0;
    loop {
        let page = source.page(after)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.row;
        let mut settlement = Settlement::default();
        for kept in page.iter().filter(|kept| kept.state == State::Waiting) {
            let Ok(RatingId { run, n }) = kept.entry.as_ref().map(|entry| entry.id) else {
                continue;
            };
            let name = run.to_string();
            let mut settled = receipt.settled.iter().filter(|settled| settled.run == name);
            let mut aside = receipt.set_aside.iter();
            if settled.any(|settled| settled.has(n)) {
                settlement.settled.push(RatingId { run, n });
            } else if let Some(aside) = aside.find(|aside| aside.run == name && aside.n == n) {
                settlement.set_aside.push((RatingId { run, n }, aside.reason.clone()));
            }
        }
        if !settlement.settled.is_empty() || !settlement.set_aside.is_empty() {
            source.settle(settlement)?;
        }
    }
}
