//! How far an archive is taken over.

use rusqlite::{Connection, Transaction};

/// How far the events are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    /// The kiosk and the run at which it goes on, by their numbers.
    pub(super) kiosk: i64,
    pub(super) run: i64,
    /// How many events are taken over.
    pub(super) taken: u64,
    /// How many there are in all, as the kiosks' books say.
    pub(super) total: u64,
}

impl Reached {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "select kiosk, run, taken, total from old_reached";
        connection.query_row(sql, [], |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            let (taken, total) = (count("taken")?, count("total")?);
            Ok(Self { kiosk: row.get("kiosk")?, run: row.get("run")?, taken, total })
        })
    }

    pub(super) fn write(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let sql = "update old_reached set kiosk = ?, run = ?, taken = ?";
        let values = (self.kiosk, self.run, self.taken.cast_signed());
        transaction.prepare_cached(sql)?.execute(values).map(drop)
    }

    /// How much of it is done, at most 99: what is left is to clean up.
    pub(super) fn percent(self) -> u64 {
        (self.taken.saturating_mul(100) / self.total.max(1)).min(99)
    }
}
