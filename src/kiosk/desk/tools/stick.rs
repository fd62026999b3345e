//! Writes a USB stick: the shop's days on paper and in a table, and, for a shop without a network,
//! everything that waits for head office, sealed and signed.
//!
//! A stick is recognised by a folder `smilepost-export`, under the place where the system mounts
//! it. A receipt that head office put beside a file is read first, so that what has arrived is not
//! carried again. Only such a receipt, for a file of ours, settles anything.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::carried::file::ENDING;
use crate::feedback::moment;
use crate::feedback::tally::HIDDEN_BELOW;
use crate::kiosk::desk::counts::clerk::{Clerk, ClerkThread};
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::counts::shop::DeskPaths;
pub use crate::kiosk::desk::counts::shop::FOLDER;
use crate::kiosk::desk::counts::summary::rows;
use crate::kiosk::desk::sheets::html;
use crate::kiosk::desk::sheets::translations::Translations;
use crate::kiosk::journal::JournalSource;
use crate::kiosk::settings::Enrolment;
use crate::kiosk::uplink::carried;
use crate::wire::local::Carried;

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
    /// The delivery cannot be written, or a receipt cannot be read.
    #[error(transparent)]
    Carried(#[from] carried::Error),
}

/// The clerk's pages for a stick, made in memory, so that the clerk does not wait for it.
#[derive(Debug)]
pub struct Pages {
    table: Vec<u8>,
    /// Each day's page, with its date.
    days: Vec<(String, String)>,
    stamp: String,
}

/// Writes the pages for a stick: yesterday and the day so far, and a table of the days before.
///
/// # Errors
/// When the journal cannot be read.
pub fn pages(clerk: &mut Clerk) -> Result<Pages, Unanswerable> {
    let now_ms = clerk.now_ms();
    let today = moment::local(now_ms, clerk.shop().zone).0;
    let before = clerk.days_before(DAYS)?;
    let mut table = csv::Writer::from_writer(Vec::new());
    // A day with too few ratings tells nothing, as on every sheet.
    for row in rows(&before).filter(|row| row.n >= HIDDEN_BELOW) {
        table.serialize(row).map_err(std::io::Error::other)?;
    }
    let table = table.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
    let shop = clerk.shop().clone();
    let words = Translations::of(&shop.language);
    let mut days = Vec::new();
    for date in [today.pred_opt(), Some(today)].into_iter().flatten() {
        let text = date.to_string();
        let (day, notes) = clerk.day_for_paper(Some(&text))?;
        let title = format!("{}, {text}", shop.name);
        let sheet = html::sheet_of_day(&words, &shop.name, &day, &notes);
        days.push((text, html::document(&words, &title, &sheet).into_string()));
    }
    let stamp = moment::local_text(now_ms, shop.zone);
    let stamp = stamp.replace(' ', "-").replace(':', "");
    Ok(Pages { table, days, stamp })
}

impl ClerkThread {
    /// Writes a stick on the calling thread: the clerk only writes the pages, and does not wait for
    /// the stick.
    ///
    /// # Errors
    /// When the journal cannot be read, or the stick cannot be written.
    pub fn write_stick(&self, folder: &Path) -> Result<Carried, Unanswerable> {
        let source = self.source();
        let pages = self.ask(pages).flatten()?;
        let DeskPaths { data_dir, app, .. } = self.place();
        let enrolment = Enrolment::read(data_dir);
        let enrolment = enrolment.map_err(|error| Unanswerable::Stick(error.to_string()))?;
        let written = write(folder, &source, &pages, enrolment.as_ref(), data_dir, app);
        written.map_err(|error| Unanswerable::Stick(error.to_string()))
    }

    /// As [`ClerkThread::write_stick`], with the stick that is there.
    ///
    /// # Errors
    /// When there is none, the journal cannot be read, or the stick cannot be written.
    pub fn write_found_stick(&self) -> Result<Carried, Unanswerable> {
        let folder = self.place().stick();
        let gone = || Unanswerable::Stick(Error::NoFolder.to_string());
        self.write_stick(&folder.ok_or_else(gone)?)
    }
}

/// Writes a stick: reads receipts, then writes the pages and what waits for head office.
///
/// # Errors
/// [`Error`] says why not; an unfinished file has another name.
pub fn write(
    folder: &Path,
    source: &JournalSource,
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
        written.confirmed = carried::take_receipts(folder, source, enrolment, data_dir)?;
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
        written.events = carried::write(&folder.join(&name), source, enrolment, data_dir, app)?;
        if written.events > 0 {
            written.files.push(name);
        }
    }
    // The folder is flushed last: whoever pulls the stick out after that has all of it.
    File::open(folder)?.sync_all()?;
    Ok(written)
}

/// Writes a whole file, under another name until it is finished.
fn put(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let new = folder.join(format!("{name}.part"));
    let mut out = File::create(&new)?;
    out.write_all(content)?;
    out.sync_all()?;
    std::fs::rename(new, folder.join(name))
}
