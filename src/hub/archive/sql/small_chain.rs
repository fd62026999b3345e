//! An archive to test statements with: two shops, s and t, with the kiosks k (1) and l (2) in s
//! and m (3) in t.

use tempfile::TempDir;

use crate::hub::archive::Archive;
use crate::hub::archive::value::Row;

pub(super) struct SmallChain {
    pub(super) archive: Archive,
    _folder: TempDir,
}

impl SmallChain {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let chain = Self { archive, _folder: folder };
        let (from, to) = (i64::MIN, i64::MAX);
        chain
            .write(
                "insert into shop (no, id, name, zone) values (1, 's', 'S', 'Europe/Berlin'), \
                 (2, 't', 'T', 'UTC')",
            )
            .await;
        chain
            .write(
                "insert into kiosk (no, id, shop, touchpoint) values (1, 'k', 1, 'exit'), \
                 (2, 'l', 1, 'till'), (3, 'm', 2, 'exit')",
            )
            .await;
        chain
            .write(&format!(
                "insert into stay (kiosk, from_ms, to_ms, shop, touchpoint) values \
                 (1, {from}, {to}, 1, 'exit'), (2, {from}, {to}, 1, 'till'), \
                 (3, {from}, {to}, 2, 'exit')"
            ))
            .await;
        chain.write("insert into book (kiosk) values (1), (2), (3)").await;
        chain
    }

    /// Executes a statement.
    pub(super) async fn write(&self, sql: &str) {
        let sql = sql.to_owned();
        let written = self.archive.write("prepare a test", move |tx| {
            Box::pin(async move { tx.execute(&sql, &[]).await.map(drop) })
        });
        written.await.unwrap();
    }

    /// The rows of a question.
    pub(super) async fn rows(&self, sql: &'static str) -> Vec<Row> {
        let rows = self.archive.read("look after a test", move |tx| Box::pin(tx.rows(sql, &[])));
        rows.await.unwrap()
    }

    /// Stores an event of a kiosk with these columns and values besides those that each has.
    pub(super) async fn event(&self, key: [i64; 4], columns: &str, values: &str) {
        let [kiosk, run, n, utc_ms] = key;
        self.write(&format!(
            "insert into event (kiosk, run, n, seq, boot_ms, wall_ms, utc_ms, hour, is_exact, \
             digest, {columns}) values ({kiosk}, {run}, {n}, 1, 0, 0, {utc_ms}, 0, 1, x'00', \
             {values})"
        ))
        .await;
    }
}
