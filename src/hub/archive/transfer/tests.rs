//! The list of tables is whole.

use crate::hub::archive::Archive;
use crate::hub::archive::sql::tables::{OF_PLACE, TABLES};
use crate::hub::archive::tx::Stored;
use crate::hub::archive::value::values;

/// The columns of a table in the file: name, type, and place in the key from 1.
async fn columns(archive: &Archive, table: &'static str) -> Vec<(String, String, i64)> {
    let found = archive.read("read columns", move |tx| {
        Box::pin(async move {
            let sql = "select name, type, pk from pragma_table_info($1)";
            let rows = tx.rows(sql, &values![table]).await?;
            rows.iter()
                .map(|row| Ok((row.get("name")?, row.get("type")?, row.get("pk")?)))
                .collect()
        })
    });
    found.await.unwrap()
}

#[tokio::test]
async fn every_table_is_copied_with_every_column() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::in_folder(folder.path()).unwrap();
    let names = archive.read("read tables", |tx| {
        Box::pin(async move {
            let sql = "select name from sqlite_schema where type = 'table' \
                       and name not like 'sqlite_%' order by name";
            let rows = tx.rows(sql, &[]).await?;
            rows.iter().map(|row| row.get::<String>("name")).collect()
        })
    });
    let names: Vec<String> = names.await.unwrap();
    let mut listed: Vec<&str> =
        TABLES.iter().map(|table| table.filled.table).chain(OF_PLACE).collect();
    listed.sort_unstable();
    assert_eq!(names, listed);
    for table in &TABLES {
        let name = table.filled.table;
        let found = columns(&archive, name).await;
        let stored: Vec<(&str, &str)> = table
            .filled
            .columns
            .iter()
            .map(|(name, stored)| {
                (
                    *name,
                    match stored {
                        Stored::Text => "TEXT",
                        Stored::Bytes => "BLOB",
                        _ => "INTEGER",
                    },
                )
            })
            .collect();
        let mut known: Vec<(&str, &str)> =
            found.iter().map(|(name, of, _)| (name.as_str(), of.as_str())).collect();
        let mut listed = stored;
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, listed, "{name}");
        let mut key: Vec<(i64, &str)> = found
            .iter()
            .filter(|(_, _, place)| *place > 0)
            .map(|(name, _, place)| (*place, name.as_str()))
            .collect();
        key.sort_unstable();
        let key: Vec<&str> = key.into_iter().map(|(_, name)| name).collect();
        // In PostgreSQL the key of `claim` is the run.
        let wanted = if name == "claim" { &["no"][..] } else { table.key };
        assert_eq!(key, wanted, "{name}");
    }
}
