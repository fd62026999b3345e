//! Which events the journal may delete: settled ones that are old, or that are in the way.

use super::append::Journal;
use super::error::{Error, sort};
use super::row::{Kept, State};
use crate::feedback::moment;

/// How many settled events at most are deleted in one go when they are older than they are kept
/// for, so that no press waits long behind it.
const PRUNED_MAX: usize = 5_000;

impl Journal {
    /// Deletes settled events that were taken before a time, oldest first; returns how many.
    ///
    /// Rows lie in the order in which they were taken, so an event of unknown age is as old as the
    /// next one whose time is known. What was set aside stays, and so does the newest row.
    ///
    /// # Errors
    /// When the commit fails; then nothing of it has happened.
    pub fn prune(&mut self, before_utc_ms: i64) -> Result<usize, Error> {
        let is_old = |kept: &&Kept| match &kept.entry {
            Ok(entry) => {
                let moment = self.timeline.date(kept.boot, entry.reading);
                moment.quality == moment::Quality::Exact && moment.utc_ms < before_utc_ms
            }
            Err(_) => false,
        };
        let page = self.oldest_to_let_go()?;
        let is_done = |kept: &&Kept| kept.state != State::Waiting;
        let Some(last) = page.iter().take_while(is_done).filter(is_old).last() else {
            return Ok(0);
        };
        self.let_go(last.row)
    }

    /// Deletes the oldest settled events whatever their age, to make room; returns how many.
    ///
    /// # Errors
    /// When the commit fails; then nothing of it has happened.
    pub fn make_room(&mut self) -> Result<usize, Error> {
        let page = self.oldest_to_let_go()?;
        let is_done = |kept: &&Kept| kept.state != State::Waiting;
        let Some(last) = page.iter().take_while(is_done).last() else {
            return Ok(0);
        };
        self.let_go(last.row)
    }

    /// The oldest rows but those that are set aside, which stay whatever their age.
    fn oldest_to_let_go(&self) -> Result<Vec<Kept>, Error> {
        let rest = "where event.row > ? and (set_aside.n is null or set_aside.is_again = 1) \
                    order by event.row limit ?";
        self.rows(rest, 0, PRUNED_MAX)
    }

    fn let_go(&mut self, last: i64) -> Result<usize, Error> {
        let sql = "delete from event where row <= ? and row < (select max(row) from event) \
                   and not exists (select 1 from set_aside \
                   where set_aside.run = event.run and set_aside.n = event.n)";
        self.connection.execute(sql, [last]).map_err(|source| sort(&self.folder, "prune", source))
    }
}
