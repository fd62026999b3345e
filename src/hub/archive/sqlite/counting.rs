//! How much work statements are, counted in steps of SQLite's machine, so that it is the same on
//! every computer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::tx::Sqlite;
use super::{FILE, batch, connect, migrate, now};
use crate::hub::archive::tx::{Job, Tx};

/// An archive that counts the steps of what is done in it.
pub(in crate::hub::archive) struct Counting {
    tx: Sqlite,
    steps: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
}

impl Counting {
    /// A new archive in which these statements were executed.
    pub(in crate::hub::archive) fn of(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connect(&folder.path().join(FILE)).unwrap();
        migrate(&mut connection, 0).unwrap();
        connection.execute_batch(sql).unwrap();
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(count)).unwrap();
        Self { tx: Sqlite(connection), steps, _folder: folder }
    }

    /// How many steps something takes, which is then taken back; and what it returns.
    pub(in crate::hub::archive) fn steps<T>(
        &mut self,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T>,
    ) -> (u64, T) {
        let before = self.steps.load(Ordering::Relaxed);
        batch(&self.tx, "begin immediate").unwrap();
        let answer = now(act(&mut self.tx)).unwrap();
        batch(&self.tx, "rollback").unwrap();
        (self.steps.load(Ordering::Relaxed) - before, answer)
    }
}
