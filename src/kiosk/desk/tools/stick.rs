//! Writes a USB stick: the shop's days on paper and in a table, and, for a shop without a network,
//! everything that waits for head office, sealed and signed.
//!
//! A stick is recognised by a folder `smilepost-export`, under the place where the system mounts
//! it. In it each kiosk writes to a folder of its own ([`own_folder`]), since a stick goes round:
//! only this kiosk's own, older edition of a file is ever overwritten. A receipt that head office
//! put beside a file is read first, so that what has arrived is not carried again. Only such a
//! receipt, for a file of ours, settles anything.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::Path;

use super::own_folder;
use super::table::rows;
use crate::carried::file::ENDING;
use crate::escape::{Dialect, Table, chain};
use crate::feedback::moment;
use crate::feedback::tally::HIDDEN_BELOW;
use crate::foreign::{self, Folder};
use crate::kiosk::desk::counts::clerk::{Clerk, ClerkThread};
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::counts::shop::DeskPaths;
pub use crate::kiosk::desk::counts::shop::FOLDER;
use crate::kiosk::desk::sheets::html;
use crate::kiosk::desk::sheets::translations::Translations;
use crate::kiosk::former::FormerPlace;
use crate::kiosk::journal::{JournalSource, Unreadable};
use crate::kiosk::settings::{Enrolment, Owners, journal_folder};
use crate::kiosk::uplink::carried;
use crate::wire::days::Row;
use crate::wire::local::Carried;

/// How many days a table has.
const DAYS: u64 = 400;

/// Why a stick cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such folder.
    #[error("there is no folder {FOLDER} on it")]
    NoFolder,
    /// The folder is a link, or cannot be opened.
    #[error("the folder cannot be opened: {0}")]
    Folder(#[from] foreign::Error),
    /// The journal cannot say which runs are this kiosk's.
    #[error(transparent)]
    Journal(#[from] Unreadable),
    /// It is full, protected, or was taken out, or a name is taken: the rest was written.
    #[error("not written: {}", .0.join("; "))]
    Partly(Vec<String>),
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
    let today = moment::local(now_ms, &clerk.shop().zone).0;
    let before = clerk.days_before(DAYS)?;
    let shop = clerk.shop().clone();
    let dialect = Dialect::of(&shop.language);
    let mut table = Table::new(Vec::new(), dialect, &Row::default())?;
    // A day with too few ratings tells nothing, as on every sheet.
    for row in rows(&before, &shop, dialect).filter(|row| row.n >= HIDDEN_BELOW) {
        table.write(&row)?;
    }
    let table = table.finish()?;
    let words = Translations::of(&shop.language);
    let mut days = Vec::new();
    for date in [today.pred_opt(), Some(today)].into_iter().flatten() {
        let text = date.to_string();
        let (day, notes) = clerk.day_for_paper(Some(&text))?;
        let title = format!("{}, {text}", day.shop);
        let sheet = html::sheet_of_day(&words, &day.shop, &day, &notes);
        days.push((text, html::document(&words, &title, &sheet).into_string()));
    }
    let stamp = moment::local_text(now_ms, &shop.zone);
    let stamp = stamp.replace(' ', "-").replace(':', "");
    Ok(Pages { table, days, stamp })
}

impl ClerkThread {
    /// Writes into a folder on the calling thread: the clerk writes the pages, and has no more to
    /// do
    /// with it.
    ///
    /// # Errors
    /// When the journal cannot be read, or something cannot be written.
    pub fn write_stick(&self, folder: &Folder) -> Result<Carried, Unanswerable> {
        let source = self.source();
        let pages = self.ask(pages).flatten()?;
        let DeskPaths { data_dir, app, journal, .. } = self.place();
        // Somebody may have enrolled the board for another place since the kiosk started.
        let enrolment = Owners::receiver(data_dir, *journal);
        let enrolment = enrolment.map_err(|error| Unanswerable::Stick(error.to_string()))?;
        let own = journal_folder(data_dir, *journal);
        let former = self.former();
        let written = write(folder, &source, &pages, enrolment.as_ref(), &own, app)
            .and_then(|written| write_former(folder, data_dir, &former, &pages, app, written));
        written.map_err(|error| Unanswerable::Stick(error.to_string()))
    }

    /// As [`ClerkThread::write_stick`], with the stick that is there.
    ///
    /// # Errors
    /// When there is none, the journal cannot be read, or something cannot be written.
    pub fn write_found_stick(&self) -> Result<Carried, Unanswerable> {
        let folder = self.place().stick();
        let gone = || Unanswerable::Stick(Error::NoFolder.to_string());
        self.write_stick(&folder.ok_or_else(gone)?)
    }
}

/// Opens the folder that somebody named, unless it is a link: on a stick, a link was put there by
/// whoever filled it.
///
/// # Errors
/// When there is no such folder.
pub fn open(path: &Path) -> Result<Folder, Error> {
    match Folder::around(path) {
        Ok((parent, name)) => parent.folder(&name),
        Err(foreign::Error::Name) => Folder::open(path),
        Err(error) => Err(error),
    }
    .map_err(|error| if error.is_missing() { Error::NoFolder } else { error.into() })
}

/// Writes what waits for former places, each into the folder that the kiosk had there, after
/// what their head offices have confirmed was taken up; returns all that was written to the stick.
/// Whose each is, and by which token it signs, is read anew: it may have changed since the start.
///
/// # Errors
/// When a folder cannot be made, or a file cannot be written; the rest was written.
pub fn write_former(
    stick: &Folder,
    data_dir: &Path,
    former: &[FormerPlace],
    pages: &Pages,
    app: &str,
    mut written: Carried,
) -> Result<Carried, Error> {
    let mut missing = Vec::new();
    for place in former {
        let receiver = match Owners::receiver(data_dir, place.former.number) {
            Ok(Some(receiver)) if receiver.hub_keys.is_some() => receiver,
            Ok(_) => continue,
            Err(error) => {
                missing.push(format!("{}: {}", place.former.whose(), chain(&error)));
                continue;
            }
        };
        if let Err(error) = write_of_place(stick, place, &receiver, pages, app, &mut written) {
            missing.push(format!("{}: {}", receiver.title(), chain(&error)));
        }
    }
    if missing.is_empty() { Ok(written) } else { Err(Error::Partly(missing)) }
}

fn write_of_place(
    stick: &Folder,
    place: &FormerPlace,
    receiver: &Enrolment,
    pages: &Pages,
    app: &str,
    written: &mut Carried,
) -> Result<(), carried::Error> {
    let (folder, source) = (&place.folder, place.source()?);
    written.confirmed += carried::take_receipts(stick, source, receiver, folder)?;
    if source.books()?.0.waiting == 0 {
        return Ok(());
    }
    let runs: Vec<_> = source.audit()?.runs.into_iter().map(|run| run.run).collect();
    let (own, name_of_own) = own_folder::open(stick, Some(&receiver.kiosk), &runs)?;
    let name = format!("{}-{}.{ENDING}", receiver.kiosk, pages.stamp);
    let events = carried::write(&own, &name, source, receiver, folder, app)?;
    if events > 0 {
        written.events += events;
        written.files.push(format!("{name_of_own}/{name}"));
    }
    Ok(())
}

/// Writes a stick: takes up receipts, then writes the pages and what waits for head office into
/// this kiosk's own folder. What it has to remember of a file lies beside the journal. What cannot
/// be written keeps nothing else from being written.
///
/// # Errors
/// When there can be no such folder; [`Error::Partly`] names what is missing; what was begun
/// has another name until it is whole.
pub fn write(
    stick: &Folder,
    source: &JournalSource,
    pages: &Pages,
    enrolment: Option<&Enrolment>,
    journal_dir: &Path,
    app: &str,
) -> Result<Carried, Error> {
    let mut written = Carried::default();
    let mut missing = Vec::new();
    let mut fails = |what: &str, error: &dyn Display| missing.push(format!("{what}: {error}"));
    stick.sweep();
    if let Some(enrolment) = enrolment {
        match carried::take_receipts(stick, source, enrolment, journal_dir) {
            Ok(confirmed) => written.confirmed = confirmed,
            Err(error) => fails("receipts", &error),
        }
    }
    let runs: Vec<_> = source.audit()?.runs.into_iter().map(|run| run.run).collect();
    let (folder, own) = own_folder::open(stick, enrolment.map(|it| it.kiosk.as_str()), &runs)?;
    let path = |name: &str| format!("{own}/{name}");
    let table = (format!("days-{}.csv", pages.stamp), pages.table.as_slice());
    let days = pages.days.iter();
    let days = days.map(|(date, page)| (format!("day-{date}.html"), page.as_bytes()));
    for (name, content) in std::iter::once(table).chain(days) {
        match folder.write(OsStr::new(&name), content) {
            Ok(()) => written.files.push(path(&name)),
            Err(error) => fails(&path(&name), &error),
        }
    }
    if let Some(enrolment) = enrolment.filter(|enrolment| enrolment.hub_keys.is_some()) {
        let Enrolment { kiosk, .. } = enrolment;
        let name = format!("{kiosk}-{}.{ENDING}", pages.stamp);
        match carried::write(&folder, &name, source, enrolment, journal_dir, app) {
            Ok(0) => {}
            Ok(events) => {
                written.events = events;
                written.files.push(path(&name));
            }
            Err(error) => fails(&path(&name), &error),
        }
    }
    if missing.is_empty() { Ok(written) } else { Err(Error::Partly(missing)) }
}
