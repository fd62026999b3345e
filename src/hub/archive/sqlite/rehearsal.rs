//! A rehearsal: as much as a large delivery brings is stored, made durable, and deleted again.
//!
//! A write of a few bytes may find room in a page that is there already, while the next delivery
//! finds none. So this one is as heavy: only what is committed proves anything.

use rusqlite::Transaction;

use crate::feedback::outbox::{BYTES_MAX, EVENTS_MAX};

/// Stores it. What an earlier rehearsal left that a power cut ended is deleted.
pub(super) fn store(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    clear(transaction)?;
    // Random, since some file systems keep nothing of zeros.
    let sql = "insert into rehearsal (content) \
               with recursive row(n) as (select 1 union all select n + 1 from row where n < ?1) \
               select randomblob(?2) from row";
    let rows = i64::try_from(EVENTS_MAX).unwrap_or(i64::MAX);
    let bytes = i64::try_from(BYTES_MAX / EVENTS_MAX).unwrap_or(i64::MAX);
    transaction.execute(sql, [rows, bytes]).map(drop)
}

/// Deletes it.
pub(super) fn clear(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("delete from rehearsal", []).map(drop)
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, ErrorCode};

    use super::super::{FILE, connect, in_transaction, migrate};
    use super::*;

    fn pages(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_rehearsal_finds_no_room_where_a_small_write_still_does() {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = connect(&folder.path().join(FILE)).unwrap();
        migrate(&mut archive, 0).unwrap();
        let full = pages(&archive);
        archive.pragma_update(None, "max_page_count", full).unwrap();
        let small = |transaction: &Transaction<'_>| {
            transaction.execute("update meta set value = value where key = 'epoch'", [])
        };
        in_transaction(small)(&mut archive).unwrap();
        let error = in_transaction(store)(&mut archive).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull));
        archive.pragma_update(None, "max_page_count", 10 * full).unwrap();
        in_transaction(store)(&mut archive).unwrap();
        let heavy = pages(&archive);
        let bytes_max = i64::try_from(BYTES_MAX).unwrap();
        assert!((heavy - full) * 4_096 > bytes_max, "{full} pages, and then {heavy}");
        in_transaction(clear)(&mut archive).unwrap();
        for _ in 0..3 {
            in_transaction(store)(&mut archive).unwrap();
            in_transaction(clear)(&mut archive).unwrap();
        }
        assert_eq!(pages(&archive), heavy, "the file does not grow with each rehearsal");
    }
}
