//! What the journal gives to a delivery, and what a receipt changes in the journal.

use rusqlite::{Connection, params};

use super::append::Journal;
use super::books::Books;
use super::books_sql::GONE;
use super::chores::LetGo;
use super::error::{Error, classify};
use super::row::{self, Entry};
use super::{books_sql, schema};
use crate::feedback::moment::{self, Anchor};
use crate::feedback::rating::{BootId, RatingId, RunId};

/// How long a reason for setting an event aside may be, in characters; the rest is cut off, so that
/// it fits on a page beside its event.
const REASON_CHARS_MAX: usize = 120;

/// The content of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The run that writes now.
    pub live: Option<RunId>,
    /// By the last receipt, the name by which the hub knows this kiosk, and how many of its events
    /// the hub held.
    pub known: Option<(u32, u64)>,
    /// That name again, and the number up to which what head office deleted was let go of.
    pub gone: Option<(u32, u64)>,
    /// The oldest events that wait, by run, in the order of the journal.
    pub runs: Vec<BatchRun>,
    /// The anchors that were not sent to the hub yet, each with its key in the journal.
    pub anchors: Vec<(i64, BootId, Anchor)>,
    /// What is known of the time of the present boot.
    pub kept: Vec<Anchor>,
    /// The books.
    pub books: Books,
}

/// One run's part of a [`Batch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRun {
    /// The run.
    pub run: RunId,
    /// The boot it lived in.
    pub boot: BootId,
    /// The highest number given out in it.
    pub taken: u32,
    /// The events, in the order of their numbers.
    pub entries: Vec<Entry>,
}

impl Batch {
    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.entries.len()).sum()
    }

    /// Whether there is no event in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a receipt says about a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// What the hub has stored.
    pub settled: Vec<RatingId>,
    /// What the hub or the kiosk could not use, and why.
    pub set_aside: Vec<(RatingId, String)>,
    /// The keys of the anchors that were sent.
    pub told: Vec<i64>,
    /// An anchor of this boot from the hub's answer.
    pub anchor: Option<Anchor>,
    /// The archive that answered.
    pub archive: Option<ArchiveSeen>,
    /// What head office has deleted.
    pub gone: Option<LetGo>,
}

/// What a receipt tells about the archive at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveSeen {
    /// The name by which it knows this kiosk; another one has other counts.
    pub kiosk: u32,
    /// The archive's epoch.
    pub epoch: u64,
    /// How many events of this kiosk it held before the delivery, and after it, if it tells.
    pub stored: Option<(u64, u64)>,
}

impl Journal {
    /// The oldest events that wait, up to a number of them.
    ///
    /// A damaged row is never sent; the journal is then checked again, and the loss reported. An
    /// event that only a newer program can read is set aside, so that it holds up no other; the
    /// journal has it wait again when it is opened, by that program perhaps.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn batch(&mut self, events_max: usize) -> Result<Batch, Error> {
        let mut runs = Vec::<BatchRun>::new();
        let mut after = self.unsent_row - 1;
        let mut left = events_max;
        let mut newer = Vec::new();
        while left > 0 {
            let page = self.waiting_page(after, left)?;
            let Some(last) = page.last() else {
                break;
            };
            after = last.row;
            for kept in page {
                let entry = match kept.entry {
                    Ok(entry) => entry,
                    Err(id) if kept.is_newer => {
                        newer.push((id, row::NEWER.to_owned()));
                        continue;
                    }
                    Err(_) => {
                        self.chores.check_again();
                        continue;
                    }
                };
                left -= 1;
                match runs.last_mut().filter(|run| run.run == entry.id.run) {
                    Some(run) => run.entries.push(entry),
                    None => runs.push(BatchRun {
                        run: entry.id.run,
                        boot: kept.boot,
                        taken: self.taken_in(entry.id.run)?,
                        entries: vec![entry],
                    }),
                }
            }
        }
        if !newer.is_empty() {
            let count = newer.len();
            tracing::warn!(count, "{}; it is kept, and is sent once that version runs", row::NEWER);
            self.settle(&Settlement { set_aside: newer, ..Settlement::default() })?;
        }
        if runs.is_empty() && events_max > 0 && self.books.waiting > 0 && self.unsent_row > 0 {
            // The books say that events wait, so the row to begin at is wrong.
            self.unsent_row = 0;
            self.chores.check_again();
            return self.batch(events_max);
        }
        let anchors = books_sql::untold(&self.connection);
        let anchors = anchors.map_err(|source| classify(&self.folder, "read", source))?;
        let meta = |key| {
            let value = books_sql::meta(&self.connection, key);
            value.map_err(|source| classify(&self.folder, "read", source))
        };
        let kiosk = meta("hub_kiosk")?.and_then(|kiosk| u32::try_from(kiosk).ok());
        let known = kiosk.zip(meta("hub_stored")?.map(i64::cast_unsigned));
        let gone = kiosk.zip(meta(GONE)?.map(i64::cast_unsigned).filter(|gone| *gone > 0));
        let live = self.run.map(|run| run.id);
        let kept = self.run.map_or(&[][..], |run| self.timeline.of(run.boot)).to_vec();
        Ok(Batch { live, known, gone, runs, anchors, kept, books: self.books })
    }

    /// Writes down what a receipt settled, in one commit; no commit if nothing is new.
    ///
    /// The commit is not flushed: when a power cut takes it back, the events are sent again.
    ///
    /// What head office has deleted is let go of afterwards, as a chore.
    ///
    /// # Errors
    /// When the commit fails; then nothing has changed, and the events are sent again.
    pub fn settle(&mut self, settlement: &Settlement) -> Result<(), Error> {
        self.settle_events(settlement)?;
        settlement.gone.as_ref().map_or(Ok(()), |gone| self.let_go(gone))
    }

    fn settle_events(&mut self, settlement: &Settlement) -> Result<(), Error> {
        let folder = self.folder.clone();
        let failed = |source| classify(&folder, "settle events in", source);
        let anchor = settlement.anchor.and_then(|new| {
            let run = self
                .run
                .filter(|run| moment::is_worth_keeping(&new, self.timeline.of(run.boot)))?;
            Some((run, new))
        });
        let Settlement { settled, set_aside, told, .. } = settlement;
        let archive = self.news_of(settlement.archive).map_err(failed)?;
        let is_nothing = settled.is_empty() && set_aside.is_empty() && told.is_empty();
        if is_nothing && anchor.is_none() && archive.is_empty() {
            // An idle kiosk gets a receipt every few minutes, which must not wear the card.
            return Ok(());
        }
        let unsent_row = self.unsent_row;
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            for id in settled {
                let sql = "delete from set_aside where n = ? and is_again = 1 \
                           and run = (select id from run where uuid = ?)";
                transaction.prepare_cached(sql)?.execute(params![id.n, id.run.0])?;
            }
            for (id, reason) in set_aside {
                let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
                let sql = "insert into set_aside (run, n, reason) \
                           select id, ?, ? from run where uuid = ? on conflict do update \
                           set reason = excluded.reason, is_again = 0";
                transaction.execute(sql, params![id.n, reason, id.run.0])?;
            }
            let done = settled.iter().chain(set_aside.iter().map(|(id, _)| id));
            books_sql::advance(&transaction, done)?;
            let next = books_sql::next_unsent(&transaction, unsent_row)?;
            books_sql::set_meta(&transaction, "unsent_row", next)?;
            for key in told {
                transaction.execute("update anchor set is_told = 1 where id = ?", [key])?;
            }
            if let Some((run, anchor)) = &anchor {
                books_sql::add_anchor(&transaction, run.boot_key, anchor)?;
            }
            for (key, value) in &archive {
                books_sql::set_meta(&transaction, key, *value)?;
            }
            transaction.commit()?;
            Ok(next)
        };
        let before = self.books;
        self.unsent_row = schema::unflushed(&mut self.connection, write).map_err(failed)?;
        if let Some((run, anchor)) = anchor {
            self.timeline.add(run.boot, anchor);
        }
        self.read_books()?;
        let is_stuck = self.books.waiting >= before.waiting;
        if is_stuck && !settled.is_empty() {
            // Settling cannot pass a missing number, so the check looks for it.
            self.chores.check_again();
        }
        Ok(())
    }

    /// What is new about the archive that answered. An unknown archive, or one that was restored
    /// from a backup, is offered everything again.
    fn news_of(
        &mut self,
        archive: Option<ArchiveSeen>,
    ) -> rusqlite::Result<Vec<(&'static str, i64)>> {
        let Some(ArchiveSeen { kiosk, epoch, stored }) = archive else {
            return Ok(Vec::new());
        };
        let known_epoch = books_sql::meta(&self.connection, "hub_epoch")?;
        let kiosk = i64::from(kiosk);
        let is_same = books_sql::meta(&self.connection, "hub_kiosk")? == Some(kiosk);
        let known_stored = books_sql::meta(&self.connection, "hub_stored")?.filter(|_| is_same);
        let epoch = epoch.cast_signed();
        let before = stored.map(|(before, _)| before);
        let stored = stored.map(|(_, after)| after.cast_signed());
        // After a damaged journal the known epoch is lost, so the archive counts as another.
        let is_other = known_epoch.map_or(self.after_bad > 0, |known| known != epoch);
        let is_less = |(now, known): (u64, i64)| now < known.cast_unsigned();
        let is_back = before.zip(known_stored).is_some_and(is_less);
        if is_other || is_back {
            // The chore writes the epoch at its end, so that after a power cut in between it starts
            // again.
            if self.chores.offer_again(epoch, stored) {
                tracing::warn!(
                    "head office was restored from a backup: all events held here are offered again"
                );
            }
            return Ok(Vec::new());
        }
        let mut news = Vec::new();
        if known_epoch.is_none() {
            news.push(("hub_epoch", epoch));
        }
        if !is_same {
            // Another kiosk's deletions have other numbers.
            self.chores.let_go = None;
            news.extend([("hub_kiosk", kiosk), (GONE, 0)]);
        }
        if let Some(stored) = stored.filter(|stored| known_stored != Some(*stored)) {
            news.push(("hub_stored", stored));
        }
        Ok(news)
    }

    /// Has the events that are set aside wait again, so that they are retried; returns their
    /// number.
    ///
    /// # Errors
    /// When the commit fails; then nothing has changed.
    pub fn retry(&mut self) -> Result<u64, Error> {
        self.wait_again("")
    }

    /// The same for what only a newer program could read, which this one may be.
    pub(super) fn retry_newer(&mut self) -> Result<u64, Error> {
        self.wait_again(row::NEWER)
    }

    /// Has what was set aside for this reason wait again, or whatever was if none is given.
    fn wait_again(&mut self, reason: &str) -> Result<u64, Error> {
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let sql = "update set_aside set is_again = 1 where is_again = 0 and ? in ('', reason)";
            let again = transaction.execute(sql, [reason])?;
            if again == 0 {
                return Ok(0);
            }
            books_sql::set_meta(&transaction, "unsent_row", 0)?;
            transaction.commit()?;
            Ok(again)
        };
        let failed = |source| classify(&self.folder, "send again from", source);
        let again = write(&mut self.connection).map_err(failed)?;
        if again == 0 {
            return Ok(0);
        }
        self.unsent_row = 0;
        self.read_books()?;
        Ok(u64::try_from(again).unwrap_or(u64::MAX))
    }
}
