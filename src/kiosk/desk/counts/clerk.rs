//! The clerk: a thread that counts the journal before anybody asks.
//!
//! A year has a million ratings, and a sheet must appear at once. So the clerk reads the journal
//! when the kiosk starts, and again whenever more is known about the time of what it has read, a
//! small page at a time: a press never waits behind more than one of them. A reader waits only for
//! what came since.

mod sheets;

use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use chrono::NaiveDate;
use tokio::sync::{oneshot, watch};

use crate::feedback::moment::{self, Reading};
use crate::feedback::note::{About, Noted};
use crate::feedback::survey::Survey;
use crate::feedback::tally::Tally;
use crate::feedback::zone::Zone;
use crate::kiosk::desk::counts::count::{Count, Note};
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::counts::shop::{DeskPaths, Shop};
use crate::kiosk::desk::counts::summary::{self, date, sum_up};
use crate::kiosk::former::{FormerJournal, FormerPlace};
use crate::kiosk::journal::{Books, Gone, JournalSource, JournalThread};
use crate::kiosk::pin::PinGuard;
use crate::wire::local::{Office, Summary};
use crate::wire::whereabouts::Stay;

/// How many errands wait for the clerk at most; beyond that, their senders wait too.
const ERRANDS_MAX: usize = 16;

/// How many rows are read in one go where the whole journal is counted.
const ROWS_MAX: usize = 200;

/// How often the clerk looks whether more is known of the time.
const LOOK: Duration = Duration::from_secs(60);

/// The most notes that fit on the printed sheet of a day.
const NOTES_ON_PAPER_MAX: usize = 5;

/// How long the shop manager's text is shown to shoppers, in milliseconds: four weeks.
const NOTICE_MS: i64 = 28 * 86_400_000;

/// A gap that was not measured yet.
const ANY: (u64, u64) = (0, u64::MAX);

type Errand = Box<dyn FnOnce(&mut Clerk) + Send>;

/// A handle on the clerk's thread, which ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct ClerkThread {
    errands: SyncSender<Errand>,
    journal: JournalThread,
    former: Vec<FormerJournal>,
    place: DeskPaths,
    shop_name: watch::Receiver<String>,
    language: String,
    read_clocks: fn() -> Reading,
}

impl ClerkThread {
    /// Starts a clerk on a running kiosk's journal.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn open(
        journal: JournalThread,
        shop: Shop,
        place: DeskPaths,
        read_clocks: fn() -> Reading,
    ) -> std::io::Result<Self> {
        let (errands, inbox) = sync_channel(ERRANDS_MAX);
        let (naming, shop_name) = watch::channel(shop.name.clone());
        let language = shop.language.clone();
        let source = JournalSource::Running(journal.clone());
        let clerk = Clerk { naming, ..Clerk::new(source, shop, place.clone(), read_clocks) };
        std::thread::Builder::new().name("desk".to_owned()).spawn(move || clerk.run(&inbox))?;
        let former = Vec::new();
        Ok(Self { errands, journal, former, place, shop_name, language, read_clocks })
    }

    /// The same clerk, who can also say what journals of former places hold.
    #[must_use]
    pub fn with_former(self, former: Vec<FormerJournal>) -> Self {
        Self { former, ..self }
    }

    /// The journals of former places, for a reader of all of them.
    #[must_use]
    pub fn former(&self) -> Vec<FormerPlace> {
        self.former.iter().map(FormerJournal::place).collect()
    }

    pub(in crate::kiosk::desk) const fn place(&self) -> &DeskPaths {
        &self.place
    }

    /// The shop's name, for the head of a page.
    #[must_use]
    pub fn shop_name(&self) -> String {
        self.shop_name.borrow().clone()
    }

    /// The language of the shop's pages.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Both clocks now.
    pub(in crate::kiosk::desk) fn clocks(&self) -> Reading {
        (self.read_clocks)()
    }

    /// The journal, for a reader of all of it, who must not keep the clerk from other work.
    #[must_use]
    pub fn source(&self) -> JournalSource {
        JournalSource::Running(self.journal.clone())
    }

    /// Has the clerk do something, and waits for the result.
    ///
    /// # Errors
    /// [`Unanswerable::Gone`] when the kiosk is ending.
    pub fn ask<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Clerk) -> T + Send + 'static,
    ) -> Result<T, Unanswerable> {
        let (reply, answer) = oneshot::channel();
        // An asker that has gone away needs no answer.
        let errand: Errand = Box::new(move |clerk| drop(reply.send(errand(clerk))));
        self.errands.send(errand).map_err(|_| Gone)?;
        answer.blocking_recv().map_err(|_| Unanswerable::Gone(Gone))
    }

    /// Has the clerk do something in turn, and does not wait for the result.
    ///
    /// # Errors
    /// [`Unanswerable::Gone`] when the kiosk is ending.
    pub fn leave(
        &self,
        errand: impl FnOnce(&mut Clerk) + Send + 'static,
    ) -> Result<(), Unanswerable> {
        self.errands.send(Box::new(errand)).map_err(|_| Unanswerable::Gone(Gone))
    }

    /// As [`ClerkThread::ask`], for callers that must not block.
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

    /// Has the clerk do something, and does not wait for it.
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

/// The state of the thread.
#[derive(Debug)]
pub struct Clerk {
    source: JournalSource,
    shop: Shop,
    count: Count,
    /// The new count of the journal from its beginning, while it is being made.
    next: Option<Count>,
    /// Whether `count` has been through the whole journal.
    is_counted: bool,
    /// Whether the journal could not be read, and is tried again after a while.
    is_waiting: bool,
    /// How many more events the books have than rows were counted, at least and at most: books and
    /// rows are read one after the other, and a press may come between.
    gap: (u64, u64),
    /// How often the journal was counted from its beginning.
    counts: u32,
    screen: PinGuard,
    place: DeskPaths,
    /// What was last heard of head office, and when that was last confirmed, in milliseconds since
    /// boot.
    office: (Office, Option<u64>),
    /// Tells who has the clerk's handle how the shop is called.
    naming: watch::Sender<String>,
    read_clocks: fn() -> Reading,
}

impl Clerk {
    /// A clerk who has not counted anything yet.
    #[must_use]
    pub fn new(
        source: JournalSource,
        shop: Shop,
        place: DeskPaths,
        read_clocks: fn() -> Reading,
    ) -> Self {
        let now = read_clocks().boot_ms;
        Self {
            source,
            next: None,
            is_counted: false,
            is_waiting: false,
            count: Count::new(moment::Timeline::default(), shop.zone.clone()),
            gap: ANY,
            counts: 0,
            screen: PinGuard::new(&place.data_dir, now),
            shop,
            place,
            office: (Office::default(), None),
            naming: watch::Sender::default(),
            read_clocks,
        }
    }

    /// Notes what was heard of head office, which was last confirmed at this time, in milliseconds
    /// since boot.
    pub fn hear(&mut self, office: Office, confirmed_ms: Option<u64>) {
        self.office = (office, confirmed_ms);
    }

    /// What was last heard of head office.
    #[must_use]
    pub fn office(&self) -> Office {
        let (office, confirmed_ms) = self.office.clone();
        let confirmed_ago_ms = confirmed_ms.map(|at| self.boot_ms().saturating_sub(at));
        Office { confirmed_ago_ms, ..office }
    }

    /// The journal, when the clerk is not needed any more.
    #[must_use]
    pub fn into_source(self) -> JournalSource {
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

    /// Does a small piece of work: counts one more page, or checks whether there is anything to
    /// count.
    fn count_on(&mut self) -> Result<(), Unanswerable> {
        let Some(next) = &mut self.next else {
            let (_, timeline) = self.source.books()?;
            if !self.is_counted || *self.count.timeline() != timeline {
                self.next = Some(Count::new(timeline, self.shop.zone.clone()));
            }
            return Ok(());
        };
        let page = self.source.rows(next.after(), ROWS_MAX)?;
        if !next.take(&page) {
            let (_, timeline) = self.source.books()?;
            // While the journal was closed, the timeline was empty or old.
            match *next.timeline() == timeline {
                true => self.adopt(),
                false => *next = Count::new(timeline, self.shop.zone.clone()),
            }
        }
        Ok(())
    }

    /// Replaces the old count with the new one.
    fn adopt(&mut self) {
        if let Some(next) = self.next.take() {
            (self.count, self.is_counted, self.gap) = (next, true, ANY);
            self.counts += 1;
        }
    }

    /// Counts what came since. Counts everything anew if `is_exact` and more is known about the
    /// times, or if the number of rows does not match the books.
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
            tracing::debug!("the rows of the journal do not match its books; it is counted again");
        }
        self.next = self.next.take().filter(|next| *next.timeline() == timeline);
        self.next.get_or_insert_with(|| Count::new(timeline, self.shop.zone.clone()));
        while self.next.is_some() {
            self.count_on()?;
        }
        Ok(self.source.books()?.0)
    }

    /// Counts by the rules of this zone from now on, and anew: days and hours begin elsewhere.
    pub fn move_to(&mut self, zone: Zone) {
        self.shop.zone = zone;
        (self.next, self.is_counted) = (None, false);
    }

    /// Goes by other names for the place where the kiosk stands, and for those where it stood.
    pub fn stand(&mut self, stays: Vec<Stay>) {
        self.shop.stand(stays);
        self.naming.send_replace(self.shop.name.clone());
    }

    /// How often the journal was counted from its beginning, for tests and benches: it is seldom.
    #[must_use]
    pub const fn counts(&self) -> u32 {
        self.counts
    }

    pub(in crate::kiosk::desk) const fn shop(&self) -> &Shop {
        &self.shop
    }

    fn boot_ms(&self) -> u64 {
        (self.read_clocks)().boot_ms
    }

    /// What the wall clock says, in milliseconds since 1970 UTC.
    pub(in crate::kiosk::desk) fn now_ms(&self) -> i64 {
        (self.read_clocks)().wall_ms
    }

    /// The present day by the shop's clocks.
    fn today_is(&self) -> NaiveDate {
        moment::local(self.now_ms(), &self.shop.zone).0
    }

    /// How the books stand, also while the journal is closed, and which buttons are silent.
    fn state(&mut self) -> (Books, Vec<(u8, u32)>) {
        let books = self.catch_up(false).or_else(|_| Ok(self.source.books()?.0));
        let books = books.unwrap_or_else(|_: Unanswerable| Books::default());
        let faces = self.shop.survey.question(None, "").scale.faces();
        (books, self.count.silence().silent(faces).collect())
    }

    /// Another survey is asked from now on.
    pub fn adopt_survey(&mut self, survey: Survey) {
        self.shop.survey = survey;
    }

    /// A day for the printed sheet, with its notes. Without a date it is the present day, as far as
    /// its numbers are shown.
    ///
    /// # Errors
    /// When the date is invalid or in the future, or the journal cannot be read.
    pub fn day_for_paper(
        &mut self,
        date_text: Option<&str>,
    ) -> Result<(Summary, Vec<String>), Unanswerable> {
        let today = self.today_is();
        let day = date_text.map(date).transpose()?.unwrap_or(today);
        let summary = match day.cmp(&today) {
            std::cmp::Ordering::Less => {
                let text = day.to_string();
                self.summary(Some(&text), None, true)?
            }
            std::cmp::Ordering::Equal => self.today()?,
            std::cmp::Ordering::Greater => return Err(Unanswerable::ToCome(day)),
        };
        let zone = &self.shop.zone;
        let is_of_day = |utc_ms: i64| moment::local(utc_ms, zone).0 == day;
        let notes = self.count.notes().iter().filter(|note| is_of_day(note.utc_ms));
        let notes = notes.map(|note| note.noted.text().to_owned());
        let notes: Vec<String> = notes.filter(|text| !text.is_empty()).collect();
        // Only the last ones fit on the sheet.
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
        is_exact: bool,
    ) -> Result<Summary, Unanswerable> {
        let today = self.today_is();
        let range = summary::range(today, from, to)?;
        let books = self.catch_up(true)?;
        Ok(summary::show(&self.count, &books, &self.shop, &range, today, is_exact))
    }

    /// The present day so far, for a sheet in the shop.
    ///
    /// The numbers shown change only after enough further ratings, so that nobody who looks before
    /// and after a shopper learns which face was pressed. A restart does not change that.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn today(&mut self) -> Result<Summary, Unanswerable> {
        let books = self.catch_up(false)?;
        let day = self.today_is();
        Ok(sum_up(&self.count, &books, &self.shop, &(day..=day), Some(day)))
    }

    /// Whether the post usually has presses in the hours before this one: it had some on most of
    /// the same weekdays of the last four weeks that had any at all.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn look_up_usual_use(&mut self, hours: u64) -> Result<bool, Unanswerable> {
        self.catch_up(false)?;
        let (today, hour) = moment::local(self.now_ms(), &self.shop.zone);
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

    /// The shop manager's newest text for shoppers; none if it was taken down or is too old.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn notice(&mut self) -> Result<Option<Noted>, Unanswerable> {
        self.catch_up(false)?;
        Ok(self.newest_notice())
    }

    fn newest_notice(&self) -> Option<Noted> {
        let is_notice = |note: &&Note| note.noted.about() == About::Notice;
        let Note { utc_ms, noted, .. } = self.count.notes().iter().rev().find(is_notice)?;
        let is_news = self.now_ms() - utc_ms < NOTICE_MS;
        Some(noted.clone()).filter(|noted| is_news && !noted.text().is_empty())
    }

    /// The days before today, the last of them yesterday.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn days_before(&mut self, days: u64) -> Result<Summary, Unanswerable> {
        let books = self.catch_up(false)?;
        let today = self.today_is();
        let yesterday = today.pred_opt().unwrap_or(today);
        let first = today.checked_sub_days(chrono::Days::new(days)).unwrap_or(today);
        let range: RangeInclusive<NaiveDate> = first..=yesterday;
        let live = Some(today);
        let mut summary = sum_up(&self.count, &books, &self.shop, &range, live);
        summary.beside = summary::beside(&self.count, &self.shop, today, live);
        Ok(summary)
    }
}
