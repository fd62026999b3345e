//! What a USB stick takes along: the shop's days on paper and in a table, and, for a shop without a
//! network, everything that waits for head office, sealed and signed.
//!
//! A stick is one with a folder `smilepost-export`, under the place where the system mounts it. A
//! receipt that head office put beside a file is taken up first, so that what has arrived is not
//! carried again. Nothing is settled but by such a receipt for a file of ours.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::{Clerk, Source, Unanswerable, paper, rows};
use crate::carried::file::{
    self as carried, ENDING, RECEIPT_BYTES_MAX, RECEIPT_ENDING, Writer, read_receipt,
};
use crate::carried::seal::Signer;
use crate::clock;
use crate::feedback::moment;
use crate::feedback::outbox::{BYTES_MAX, EVENTS_MAX};
use crate::feedback::rating::RatingId;
use crate::feedback::tally::HIDDEN_BELOW;
use crate::file;
use crate::kiosk::exchange::{archive_seen, pack};
use crate::kiosk::journal::{Batch, BatchRun, Settlement, State};
use crate::kiosk::settings::Enrolment;
use crate::wire::carried::Receipt;
use crate::wire::delivery;
use crate::wire::desk::Carried;

/// The folder on a stick that it is known by.
pub const FOLDER: &str = "smilepost-export";

/// The file in the data folder with the names of the files that were carried out, the newest last.
const CARRIED_FILE: &str = "carried";

/// How many of them are known: whoever carries more sticks than this at once carries some again.
const CARRIED_MAX: usize = 20;

/// How many days a table has.
const DAYS: u64 = 400;

/// Why a stick cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such folder.
    #[error("there is no folder {FOLDER} on it")]
    NoFolder,
    /// It is full, protected, or was taken out.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] Unanswerable),
    /// The delivery cannot be written.
    #[error(transparent)]
    Carried(#[from] carried::Error),
}

/// The folder of a stick that is there, under the place where sticks are mounted: right there, or
/// one level down, where a desktop has a folder for each person.
#[must_use]
pub fn find(mounts: &Path) -> Option<PathBuf> {
    let within = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        found.sort();
        found
    };
    let sticks = within(mounts);
    let deeper = sticks.iter().flat_map(|folder| within(folder));
    let all = sticks.iter().cloned().chain(deeper);
    all.map(|stick| stick.join(FOLDER)).find(|folder| folder.is_dir())
}

/// What the clerk has for a stick: written down in no time, so that nobody waits for the stick.
#[derive(Debug)]
pub struct Pages {
    table: Vec<u8>,
    /// Each day's page, with its date.
    days: Vec<(String, String)>,
    stamp: String,
}

impl Clerk {
    /// Writes the pages for a stick: yesterday and the day so far, and a table of the days before.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn pages(&mut self) -> Result<Pages, Unanswerable> {
        let now_ms = clock::wall_ms();
        let today = moment::local(now_ms, self.shop().zone).0;
        let before = self.days_before(DAYS)?;
        let mut table = csv::Writer::from_writer(Vec::new());
        // A day with too few ratings tells nothing, as on every sheet.
        for row in rows(&before).filter(|row| row.n >= HIDDEN_BELOW) {
            table.serialize(row).map_err(std::io::Error::other)?;
        }
        let table = table.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        let mut days = Vec::new();
        for date in [today.pred_opt(), Some(today)].into_iter().flatten() {
            let text = date.to_string();
            let (day, notes) = self.day_for_paper(Some(&text))?;
            let (words, name) = (self.words(), &self.shop().name);
            let title = format!("{name}, {text}");
            let sheet = paper::sheet_of_day(words, name, &day, &notes);
            days.push((text, paper::document(words, &title, &sheet).into_string()));
        }
        let stamp = moment::local_text(now_ms, self.shop().zone);
        let stamp = stamp.replace(' ', "-").replace(':', "");
        Ok(Pages { table, days, stamp })
    }
}

/// Writes a stick: takes up receipts, then writes the pages and what waits for head office.
///
/// # Errors
/// [`Error`] says why not; what was begun has another name until it is whole.
pub fn write(
    folder: &Path,
    source: &Source,
    pages: &Pages,
    enrolment: Option<&Enrolment>,
    data_dir: &Path,
    app: &str,
) -> Result<Carried, Error> {
    if !folder.is_dir() {
        return Err(Error::NoFolder);
    }
    let mut written = Carried::default();
    if let Some(enrolment) = enrolment {
        written.confirmed = take_receipts(folder, source, enrolment, data_dir)?;
    }
    let table = format!("days-{}.csv", pages.stamp);
    put(folder, &table, &pages.table)?;
    written.files.push(table);
    for (date, page) in &pages.days {
        let name = format!("day-{date}.html");
        put(folder, &name, page.as_bytes())?;
        written.files.push(name);
    }
    if let Some(enrolment) = enrolment.filter(|enrolment| enrolment.hub_keys.is_some()) {
        let Enrolment { kiosk, .. } = enrolment;
        let name = format!("{kiosk}-{}.{ENDING}", pages.stamp);
        written.events = carry(&folder.join(&name), source, enrolment, data_dir, app)?;
        if written.events > 0 {
            written.files.push(name);
        }
    }
    // The folder comes last, so that whoever pulls the stick now has all of it.
    File::open(folder)?.sync_all()?;
    Ok(written)
}

/// Writes a whole file, under another name until it is.
fn put(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let new = folder.join(format!("{name}.part"));
    let mut out = File::create(&new)?;
    out.write_all(content)?;
    out.sync_all()?;
    std::fs::rename(new, folder.join(name))
}

/// Writes everything that waits into a file; returns how many events that were. Without any, no
/// file is left.
fn carry(
    file: &Path,
    source: &Source,
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
    let new = file.with_extension("part");
    let out = BufWriter::new(File::create(&new)?);
    let mut writer = Writer::begin(out, signer, hub, &enrolment.kiosk, &nonce)?;
    let frame = source.batch(0)?;
    let mut left = frame.books.waiting;
    let mut next = Frame { batch: frame, bytes: 0, events: 0 };
    let taken: Vec<_> = source.ledger()?.runs.into_iter().map(|run| (run.run, run.taken)).collect();
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
        drop(out);
        std::fs::remove_file(new)?;
        return Ok(0);
    }
    out.sync_all()?;
    // A receipt can come back only for what is written down here before it leaves.
    remember(data_dir, &nonce)?;
    std::fs::rename(new, file)?;
    Ok(events)
}

/// A frame that is being filled.
struct Frame {
    batch: Batch,
    bytes: usize,
    events: usize,
}

impl Frame {
    /// Adds the frame to the file and begins another; returns how much is left to be carried.
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
        // What is known of the time goes with the first.
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

/// Believes no receipt for this file any more. One that stays on the stick is old by the next time,
/// and may be of before the hub was restored from a backup.
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

/// Settles what receipts on the stick confirm of files of ours; returns how many events that were.
fn take_receipts(
    folder: &Path,
    source: &Source,
    enrolment: &Enrolment,
    data_dir: &Path,
) -> Result<u64, Error> {
    let Some(hub) = enrolment.hub_keys.as_ref().and_then(carried::read_keys) else {
        return Ok(0);
    };
    let known = remembered(data_dir);
    let before = source.books()?.0.waiting;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_receipt = path.extension().is_some_and(|ending| ending == RECEIPT_ENDING);
        let is_small = std::fs::metadata(&path).is_ok_and(|of| of.len() <= RECEIPT_BYTES_MAX);
        if !is_receipt || !is_small {
            continue;
        }
        let receipt = read_receipt(&std::fs::read(&path)?, &hub);
        let is_ours =
            |receipt: &Receipt| receipt.kiosk == enrolment.kiosk && known.contains(&receipt.nonce);
        let file = path.display();
        match receipt.filter(is_ours) {
            Some(receipt) => {
                settle(source, &receipt)?;
                forget(data_dir, &receipt.nonce)?;
            }
            None => {
                tracing::info!(%file, "no receipt of head office that a file of ours waits for")
            }
        }
    }
    Ok(before.saturating_sub(source.books()?.0.waiting))
}

/// Settles what a receipt names and still waits, a little at a time.
fn settle(source: &Source, receipt: &Receipt) -> Result<(), Error> {
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
