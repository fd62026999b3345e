//! Takes an archive over that was kept by short names (before schema 23) into the one by numbers.
//!
//! The migration has put the old tables aside as `old_…`. Small ones are taken over in one
//! transaction each, and events bit by bit: what is taken over is deleted from the old table in the
//! same transaction. So it goes on where it was killed, and several processes that open the archive
//! at once share the work. Nobody reads the archive before all of it is there, since it is opened
//! only then.
//!
//! Memory: one step's events and one kiosk's deliveries.

mod check;
mod deliveries;
mod events;
mod places;
mod presses;
mod reached;
mod tallies;
#[cfg(test)]
mod tests;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

pub(super) use self::check::{Refused, check};
use self::events::Events;
use self::reached::Reached;
use crate::clock;
use crate::zones::{Rules, Zones};

/// How many events are taken over in one transaction.
const EVENTS_AT_ONCE: u32 = 5_000;

/// How often it is said how far it is, in milliseconds.
const SAID_EVERY_MS: u64 = 5_000;

/// How long one process waits for the step of another: the longest one takes over all runs.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(3_600);

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// What people have set.
    Settings,
    /// Runs and boots, and what belongs to them.
    Runs,
    /// Events.
    Events,
    /// Nothing any more.
    Done,
}

impl Step {
    fn next(connection: &Connection) -> rusqlite::Result<Self> {
        let is_there = |table: &str| {
            let sql = "select 1 from sqlite_schema where type = 'table' and name = ?";
            connection.query_row(sql, [table], |_| Ok(())).optional().map(|row| row.is_some())
        };
        Ok(if is_there("old_kiosk")? {
            Self::Settings
        } else if is_there("old_run")? {
            Self::Runs
        } else if is_there("old_event")? {
            Self::Events
        } else {
            Self::Done
        })
    }
}

/// Whether something is not taken over yet.
pub(super) fn is_under_way(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(Step::next(connection)? != Step::Done)
}

/// Takes everything over that is not yet, and says how far it is.
///
/// # Errors
/// When SQLite fails, such as for want of room; what was done is kept, and it goes on from there.
pub(super) fn take_over(connection: &mut Connection) -> rusqlite::Result<()> {
    let mut upgrade = Upgrade::new(Zones::of_system().rules(), EVENTS_AT_ONCE);
    upgrade.has_told = has_events(connection)?;
    upgrade.all(connection)
}

/// Whether events are left to be taken over, so that it may take long.
fn has_events(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "select 1 from sqlite_schema where type = 'table' and name = 'old_event'";
    Ok(connection.prepare(sql)?.exists([])?
        && connection.prepare("select 1 from old_event limit 1")?.exists([])?)
}

/// The work, with what it remembers between its steps.
struct Upgrade {
    events: Events,
    told_ms: u64,
    has_told: bool,
}

impl Upgrade {
    fn new(rules: Rules, at_once: u32) -> Self {
        Self { events: Events::new(rules, at_once), told_ms: clock::boot_ms(), has_told: false }
    }

    fn all(mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        while self.step(connection)? != Step::Done {}
        if self.has_told {
            tracing::info!("the archive has its new form: every event is taken over");
        }
        Ok(())
    }

    /// Does one step in one transaction; returns which.
    fn step(&mut self, connection: &mut Connection) -> rusqlite::Result<Step> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let step = Step::next(&transaction)?;
        match step {
            Step::Settings => transaction.execute_batch(include_str!("upgrade/settings.sql"))?,
            Step::Runs => transaction.execute_batch(include_str!("upgrade/runs.sql"))?,
            Step::Events => {
                let before = Reached::read(&transaction)?;
                match self.events.step(&transaction, before)? {
                    Some(reached) => {
                        reached.write(&transaction)?;
                        self.tell(reached);
                    }
                    None => {
                        transaction.execute_batch("drop table old_event; drop table old_reached")?
                    }
                }
            }
            Step::Done => {}
        }
        transaction.commit()?;
        Ok(step)
    }

    fn tell(&mut self, reached: Reached) {
        let now_ms = clock::boot_ms();
        if now_ms.saturating_sub(self.told_ms) >= SAID_EVERY_MS {
            (self.told_ms, self.has_told) = (now_ms, true);
            tracing::info!(
                events = reached.taken,
                of = reached.total,
                "{} % of the archive are in its new form; stopping now does no harm, and it goes \
                 on there",
                reached.percent()
            );
        }
    }
}
