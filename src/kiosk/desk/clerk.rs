//! The thread that has the journal counted before anybody asks.
//!
//! A year has a million ratings, and a page is to be there at once. So the clerk reads the journal
//! through when the kiosk starts, and again whenever more is known of the time of what it has read,
//! a small page at a time: a press never waits behind more than one of them. Whoever asks waits
//! only for what came since.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use chrono::NaiveDate;
use tokio::sync::oneshot;

use super::count::Count;
use super::phone::guests::Guests;
use super::sheet::Notes;
use super::stick;
use super::summary::{self, sum_up};
use super::words::Words;
use super::{Place, Shop, Source, Unanswerable};
use crate::clock;
use crate::feedback::moment;
use crate::feedback::note::{About, Noted};
use crate::feedback::survey::Survey;
use crate::feedback::tally::Tally;
use crate::kiosk::journal::{Books, Gone, JournalThread};
use crate::kiosk::pin::Door;
use crate::kiosk::settings::Enrolment;
use crate::wire::desk::{Carried, Summary};

/// How many errands wait for the clerk at most; beyond that, whoever has one waits too.
const ERRANDS_MAX: usize = 16;

/// How many rows are read in one go where the whole journal is counted.
const ROWS_MAX: usize = 200;

/// How often the clerk looks whether more is known of the time.
const LOOK: Duration = Duration::from_secs(60);

/// The most notes that a sheet shows.
const NOTES_MAX: usize = 20;

/// The most notes of a day that its sheet of paper has room for.
const NOTES_ON_PAPER_MAX: usize = 5;

/// How long what was done is news to shoppers, in milliseconds: four weeks.
const NOTICE_MS: i64 = 28 * 86_400_000;

/// A gap of which nothing is known yet.
const ANY: (u64, u64) = (0, u64::MAX);

type Errand = Box<dyn FnOnce(&mut Clerk) + Send>;

/// A handle on the clerk's thread, which ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Desk {
    errands: SyncSender<Errand>,
    keeper: JournalThread,
    place: Place,
}

impl Desk {
    /// Sets a clerk to work on a running kiosk's journal.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn open(keeper: JournalThread, shop: Shop, place: Place) -> std::io::Result<Self> {
        let (errands, inbox) = sync_channel(ERRANDS_MAX);
        let clerk = Clerk::new(Source::Running(keeper.clone()), shop, place.clone());
        std::thread::Builder::new().name("desk".to_owned()).spawn(move || clerk.run(&inbox))?;
        Ok(Self { errands, keeper, place })
    }

    /// The journal, for whoever reads all of it: past the clerk, who has others to serve.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::Running(self.keeper.clone())
    }

    /// Writes a stick on the calling thread: the clerk writes the pages, and has no more to do with
    /// it.
    ///
    /// # Errors
    /// When the journal cannot be read, or the stick not be written.
    pub fn write_stick(&self, folder: &Path) -> Result<Carried, Unanswerable> {
        let (source, pages) = (self.source(), self.ask(Clerk::pages).flatten()?);
        let Place { data_dir, app, .. } = &self.place;
        let enrolment = Enrolment::read(data_dir);
        let enrolment = enrolment.map_err(|error| Unanswerable::Stick(error.to_string()))?;
        let written = stick::write(folder, &source, &pages, enrolment.as_ref(), data_dir, app);
        written.map_err(|error| Unanswerable::Stick(error.to_string()))
    }

    /// As [`Desk::write_stick`], with the stick that is there.
    ///
    /// # Errors
    /// When there is none, the journal cannot be read, or the stick not be written.
    pub fn write_found_stick(&self) -> Result<Carried, Unanswerable> {
        let folder = stick::find(&self.place.sticks);
        let gone = || Unanswerable::Stick(stick::Error::NoFolder.to_string());
        self.write_stick(&folder.ok_or_else(gone)?)
    }

    /// Has the clerk do something, and waits for what comes of it.
    ///
    /// # Errors
    /// [`Unanswerable::Gone`] when the kiosk is ending.
    pub fn ask<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Clerk) -> T + Send + 'static,
    ) -> Result<T, Unanswerable> {
        let (reply, answer) = oneshot::channel();
        // An asker that has gone away wants no answer.
        let errand: Errand = Box::new(move |clerk| drop(reply.send(errand(clerk))));
        self.errands.send(errand).map_err(|_| Gone)?;
        answer.blocking_recv().map_err(|_| Unanswerable::Gone(Gone))
    }

    /// As [`Desk::ask`], for whoever must not block.
    ///
    /// # Errors
    /// [`Unanswerable::Busy`] when too many wait for the clerk already, [`Unanswerable::Gone`] when
    /// the kiosk is ending.
    pub async fn wait_for<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Clerk) -> T + Send + 'static,
    ) -> Result<T, Unanswerable> {
        let (reply, answer) = oneshot::channel();
        self.tell(move |clerk| drop(reply.send(errand(clerk))))?;
        answer.await.map_err(|_| Unanswerable::Gone(Gone))
    }

    /// Has the clerk do something, and waits for nothing.
    ///
    /// # Errors
    /// [`Unanswerable::Busy`] when too many wait for the clerk already.
    pub fn tell(
        &self,
        errand: impl FnOnce(&mut Clerk) + Send + 'static,
    ) -> Result<(), Unanswerable> {
        self.errands.try_send(Box::new(errand)).map_err(|_| Unanswerable::Busy)
    }
}

/// The thread's own side.
#[derive(Debug)]
pub struct Clerk {
    source: Source,
    shop: Shop,
    count: Count,
    /// The journal counted anew, as far as it is.
    next: Option<Count>,
    /// Whether `count` has been through the whole journal.
    is_counted: bool,
    /// Whether the journal could not be read, and is tried again after a while.
    is_waiting: bool,
    /// How many more events the books have than rows were counted, at least and at most: books and
    /// rows are looked at one after the other, and a press may come between.
    gap: (u64, u64),
    /// How often the journal was counted from its beginning.
    counts: u32,
    screen: Door,
    guests: Guests,
    words: Words,
    place: Place,
}

impl Clerk {
    /// A clerk with a journal that nothing is counted of yet.
    #[must_use]
    pub fn new(source: Source, shop: Shop, place: Place) -> Self {
        let now = clock::boot_ms();
        Self {
            source,
            next: None,
            is_counted: false,
            is_waiting: false,
            count: Count::new(moment::Timeline::default(), shop.zone),
            gap: ANY,
            counts: 0,
            screen: Door::new(&place.data_dir, "screen", now),
            guests: Guests::new(&place.data_dir, now),
            words: Words::of(&shop.language),
            shop,
            place,
        }
    }

    /// The journal, once there is nothing more to ask.
    #[must_use]
    pub fn into_source(self) -> Source {
        self.source
    }

    fn run(mut self, inbox: &Receiver<Errand>) {
        loop {
            let errand = match &self.next {
                Some(_) => match inbox.try_recv() {
                    Ok(errand) => Some(errand),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                },
                None => {
                    let has_time = self.is_counted || self.is_waiting;
                    match inbox.recv_timeout(if has_time { LOOK } else { Duration::ZERO }) {
                        Ok(errand) => Some(errand),
                        Err(RecvTimeoutError::Timeout) => None,
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            };
            self.is_waiting = false;
            let done = match errand {
                Some(errand) => {
                    errand(&mut self);
                    Ok(())
                }
                None => self.count_on(),
            };
            match done {
                Ok(()) => {}
                Err(Unanswerable::Gone(_)) => return,
                Err(error) => {
                    // A closed journal is tried again when somebody asks, or after a while.
                    tracing::debug!(%error, "the journal cannot be counted");
                    (self.next, self.is_waiting) = (None, true);
                }
            }
        }
    }

    /// Does a little of what is to be done: counts a page more, or looks whether there is anything
    /// to count.
    fn count_on(&mut self) -> Result<(), Unanswerable> {
        let Some(next) = &mut self.next else {
            let (_, timeline) = self.source.books()?;
            if !self.is_counted || *self.count.timeline() != timeline {
                self.next = Some(Count::new(timeline, self.shop.zone));
            }
            return Ok(());
        };
        let page = self.source.rows(next.after(), ROWS_MAX)?;
        if !next.take(&page) {
            let (_, timeline) = self.source.books()?;
            // A journal that was closed had nothing to tell of the time when the count began.
            match *next.timeline() == timeline {
                true => self.adopt(),
                false => *next = Count::new(timeline, self.shop.zone),
            }
        }
        Ok(())
    }

    /// Goes on with the journal as it was counted anew.
    fn adopt(&mut self) {
        if let Some(next) = self.next.take() {
            (self.count, self.is_counted, self.gap) = (next, true, ANY);
            self.counts += 1;
        }
    }

    /// Counts what came since; and everything anew where the times that are known since then are to
    /// be in it, or something else came than was taken in.
    fn catch_up(&mut self, is_exact: bool) -> Result<Books, Unanswerable> {
        let (books, timeline) = self.source.books()?;
        let is_stale = is_exact && *self.count.timeline() != timeline;
        if self.is_counted && !is_stale {
            let source = &self.source;
            self.count.go_on(|after| source.page(after))?;
            let (now, _) = self.source.books()?;
            let beyond = |books: Books| books.taken.saturating_sub(self.count.rows());
            let (least, most) = self.gap;
            self.gap = (least.max(beyond(books)), most.min(beyond(now)));
            if self.gap.0 <= self.gap.1 {
                return Ok(now);
            }
            tracing::debug!("the journal has other rows than it had; it is counted anew");
        }
        self.next = self.next.take().filter(|next| *next.timeline() == timeline);
        self.next.get_or_insert_with(|| Count::new(timeline, self.shop.zone));
        while self.next.is_some() {
            self.count_on()?;
        }
        Ok(self.source.books()?.0)
    }

    /// How often the journal was counted from its beginning, for tests and benches: it is seldom.
    #[must_use]
    pub const fn counts(&self) -> u32 {
        self.counts
    }

    /// Whether the journal was counted once, so that a sheet is there at once.
    pub(super) const fn is_counted(&self) -> bool {
        self.is_counted
    }

    pub(super) const fn shop(&self) -> &Shop {
        &self.shop
    }

    /// Whether a stick is there.
    pub(super) fn has_stick(&self) -> bool {
        stick::find(&self.place.sticks).is_some()
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.place.data_dir
    }

    /// How the books stand, also while the journal is closed, and which buttons are silent.
    pub(super) fn state(&mut self) -> (Books, Vec<(u8, u32)>) {
        let books = self.catch_up(false).or_else(|_| Ok(self.source.books()?.0));
        let books = books.unwrap_or_else(|_: Unanswerable| Books::default());
        let faces = self.shop.survey.question(None, "").scale.faces();
        (books, self.count.silence().silent(faces).collect())
    }

    /// Another survey is asked from now on.
    pub fn adopt_survey(&mut self, survey: Survey) {
        self.shop.survey = survey;
    }

    /// The way in at the screen.
    pub const fn screen(&mut self) -> &mut Door {
        &mut self.screen
    }

    /// Who is in at the page for phones, and the way in there.
    pub const fn guests(&mut self) -> &mut Guests {
        &mut self.guests
    }

    /// The texts of pages, in the shop's language.
    #[must_use]
    pub const fn words(&self) -> &Words {
        &self.words
    }

    /// A day for a sheet of paper, with what was written down on it; the present one, as far as it
    /// is shown, where none is named.
    ///
    /// # Errors
    /// When the date is none or is still to come, or the journal cannot be read.
    pub fn day_for_paper(
        &mut self,
        date: Option<&str>,
    ) -> Result<(Summary, Vec<String>), Unanswerable> {
        let today = moment::local(clock::wall_ms(), self.shop.zone).0;
        let day = date.map(super::date).transpose()?.unwrap_or(today);
        let summary = match day.cmp(&today) {
            std::cmp::Ordering::Less => {
                let text = day.to_string();
                self.summary(Some(&text), None)?
            }
            std::cmp::Ordering::Equal => self.today()?,
            std::cmp::Ordering::Greater => return Err(Unanswerable::ToCome(day)),
        };
        let zone = self.shop.zone;
        let is_of_day = |utc_ms: i64| moment::local(utc_ms, zone).0 == day;
        let notes = self.count.notes().iter().filter(|(utc_ms, _)| is_of_day(*utc_ms));
        let notes = notes.map(|(_, noted)| noted.text().to_owned());
        let notes: Vec<String> = notes.filter(|text| !text.is_empty()).collect();
        // The last ones; a sheet of paper has an end.
        let from = notes.len().saturating_sub(NOTES_ON_PAPER_MAX);
        Ok((summary, notes.into_iter().skip(from).collect()))
    }

    /// Sums up a range of days, by all that is known now; see [`summary::summary`].
    ///
    /// # Errors
    /// See [`summary::summary`].
    pub fn summary(
        &mut self,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Summary, Unanswerable> {
        let range = summary::range(&self.shop, from, to)?;
        let books = self.catch_up(true)?;
        let tally = self.count.almanac().join(range.clone());
        Ok(sum_up(&self.count, &tally, &books, &self.shop, &range))
    }

    /// The day that is not over, for a page in the shop.
    ///
    /// What is shown moves on only once so many more ratings have come that are not hidden, so that
    /// nobody who looks before and after a shopper learns which face was pressed, nor by a restart.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn today(&mut self) -> Result<Summary, Unanswerable> {
        let books = self.catch_up(false)?;
        let day = moment::local(clock::wall_ms(), self.shop.zone).0;
        let tally = self.count.shown(day).cloned().unwrap_or_default();
        Ok(sum_up(&self.count, &tally, &books, &self.shop, &(day..=day)))
    }

    /// Whether the post usually has presses in the hours before this one: on most of those same
    /// weekdays of the last four weeks that had any at all.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn is_usually_used(&mut self, hours: u64) -> Result<bool, Unanswerable> {
        self.catch_up(false)?;
        let (today, hour) = moment::local(clock::wall_ms(), self.shop.zone);
        let first = u64::from(hour).saturating_sub(hours);
        let asked = usize::try_from(first).unwrap_or(0)..usize::from(hour);
        let days = (1..=4).filter_map(|week| today.checked_sub_days(chrono::Days::new(7 * week)));
        let tallies: Vec<_> = days.filter_map(|day| self.count.almanac().day(day)).collect();
        let is_used = |tally: &&&Tally| {
            tally.hours().get(asked.clone()).unwrap_or_default().iter().any(|hour| hour.total > 0)
        };
        let used = tallies.iter().filter(is_used).count();
        Ok(tallies.len() >= 2 && used * 2 > tallies.len())
    }

    /// What was written down, the newest first, each with its day and time by the shop's clocks.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn notes(&mut self) -> Result<Notes, Unanswerable> {
        self.catch_up(false)?;
        let zone = self.shop.zone;
        let written = self.count.notes().iter().rev().filter(|(_, noted)| !noted.text().is_empty());
        let told = written
            .map(|(utc_ms, noted)| (moment::local_text(*utc_ms, zone), noted.text().to_owned()));
        Ok(Notes { written: told.take(NOTES_MAX).collect(), notice: self.newest_notice() })
    }

    /// What the shop manager has written for shoppers and not taken down since, for as long as it
    /// is news.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn notice(&mut self) -> Result<Option<String>, Unanswerable> {
        self.catch_up(false)?;
        Ok(self.newest_notice())
    }

    fn newest_notice(&self) -> Option<String> {
        let is_notice = |noted: &&(i64, Noted)| noted.1.about() == About::Notice;
        let (utc_ms, noted) = self.count.notes().iter().rev().find(is_notice)?;
        let is_news = clock::wall_ms() - utc_ms < NOTICE_MS;
        Some(noted.text().to_owned()).filter(|text| is_news && !text.is_empty())
    }

    /// The days before today, the last of them yesterday.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn days_before(&mut self, days: u64) -> Result<Summary, Unanswerable> {
        let books = self.catch_up(false)?;
        let today = moment::local(clock::wall_ms(), self.shop.zone).0;
        let yesterday = today.pred_opt().unwrap_or(today);
        let first = today.checked_sub_days(chrono::Days::new(days)).unwrap_or(today);
        let range: RangeInclusive<NaiveDate> = first..=yesterday;
        let tally = self.count.almanac().join(range.clone());
        Ok(sum_up(&self.count, &tally, &books, &self.shop, &range))
    }
}
