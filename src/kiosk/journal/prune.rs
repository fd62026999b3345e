//! Deletes settled events that are old, or whose space is needed.

use super::append::Journal;
use super::error::{Error, classify};
use super::row::{Kept, State};
use crate::feedback::moment::Limit;

/// How many settled events at most are deleted in one go, so that no press waits long.
const PRUNED_MAX: usize = 5_000;

impl Journal {
    /// Deletes settled events that were taken before a limit, oldest first; returns how many.
    ///
    /// Rows lie in the order in which they were taken, so an event of unknown age is as old as the
    /// next one whose time is known. What was set aside stays, and so does the newest row.
    ///
    /// # Errors
    /// When the commit fails; then nothing has changed.
    pub fn prune(&mut self, limit: Limit) -> Result<usize, Error> {
        let present = self.run.map(|run| run.boot);
        let is_old = |kept: &&Kept| {
            let anchors = self.timeline.of(kept.boot);
            match &kept.entry {
                Ok(entry) if Some(kept.boot) == present => {
                    limit.is_past_now(entry.reading, anchors)
                }
                Ok(entry) => limit.is_past(entry.reading, anchors),
                Err(_) => false,
            }
        };
        let page = self.oldest_deletable()?;
        let is_done = |kept: &&Kept| kept.state != State::Waiting;
        let Some(last) = page.iter().take_while(is_done).filter(is_old).last() else {
            return Ok(0);
        };
        self.delete_up_to(last.row)
    }

    /// Deletes the oldest settled events whatever their age, to make room; returns how many.
    ///
    /// # Errors
    /// When the commit fails; then nothing has changed.
    pub fn make_room(&mut self) -> Result<usize, Error> {
        let page = self.oldest_deletable()?;
        let is_done = |kept: &&Kept| kept.state != State::Waiting;
        let Some(last) = page.iter().take_while(is_done).last() else {
            return Ok(0);
        };
        self.delete_up_to(last.row)
    }

    /// The oldest rows, without those that are set aside, which always stay.
    fn oldest_deletable(&self) -> Result<Vec<Kept>, Error> {
        let rest = "where event.row > ? and (set_aside.n is null or set_aside.is_again = 1) \
                    order by event.row limit ?";
        self.rows(rest, 0, PRUNED_MAX)
    }

    fn delete_up_to(&mut self, last: i64) -> Result<usize, Error> {
        let sql = "delete from event where row <= ? and row < (select max(row) from event) \
                   and not exists (select 1 from set_aside \
                   where set_aside.run = event.run and set_aside.n = event.n)";
        self.connection
            .execute(sql, [last])
            .map_err(|source| classify(&self.folder, "prune", source))
    }
}
