//! The tables of the archive: numbered files, each done in a transaction of its own by whichever
//! hub comes first.

use tokio_postgres::SimpleQueryRow;

use super::tx::Server;
use crate::hub::archive::error::Failure;

/// The schema that this program writes: one for each migration.
pub const SCHEMA_VERSION: u32 = 1;

const MIGRATIONS: [&str; 1] = [include_str!("0001_first.sql")];

/// The oldest server whose SQL the archive speaks, as servers number themselves.
const SERVER_MIN: u32 = 13_00_00;

/// The lock under which hubs that start at once make the tables, one after another. It is any
/// number that no other program is likely to use.
const LOCK: i64 = 0x536d_696c_6570_6f73;

/// Makes the tables that are missing.
///
/// # Errors
/// Before anything is touched: when the server is not fit for an archive, the archive is of a newer
/// program, or the role may not make tables.
pub(super) async fn apply(tx: &Server) -> Result<(), Failure> {
    fit(tx).await?;
    let found = version(tx).await?;
    if found > SCHEMA_VERSION {
        let known = SCHEMA_VERSION;
        return Err(Failure::Content(format!(
            "it has schema {found}, and this program knows up to {known}: it was left untouched; \
             install the newer smilepost-hub again"
        )));
    }
    if found < SCHEMA_VERSION {
        permitted(tx).await?;
    }
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version > found {
            migrate(tx, version, sql).await?;
        }
    }
    Ok(())
}

async fn migrate(tx: &Server, to: u32, sql: &str) -> Result<(), Failure> {
    tx.batch("begin isolation level read committed read write").await?;
    // A statement of its own, so that what follows sees what another hub has done meanwhile.
    tx.batch(&format!("select pg_advisory_xact_lock({LOCK})")).await?;
    if version(tx).await? < to {
        tx.batch(sql).await?;
        let epoch = rand::random::<u32>();
        tx.batch(&format!(
            "insert into meta (key, value) values ('epoch', {epoch}) on conflict do nothing;
             insert into meta (key, value) values ('schema', {to})
                 on conflict (key) do update set value = excluded.value"
        ))
        .await?;
    }
    tx.batch("commit").await
}

/// The schema that the database has, 0 where it has none.
pub(super) async fn version(tx: &Server) -> Result<u32, Failure> {
    let sql = "select to_regclass(quote_ident(current_schema()) || '.meta') is not null";
    if text(&tx.texts(sql).await?, 0) != "t" {
        return Ok(0);
    }
    let found = tx.texts("select value from meta where key = 'schema'").await?;
    Ok(text(&found, 0).parse().unwrap_or(0))
}

/// Refuses a server that keeps texts or promises in another way.
async fn fit(tx: &Server) -> Result<(), Failure> {
    let sql = "select current_setting('server_version_num'), current_setting('server_version'),
                   current_setting('server_encoding'), current_setting('synchronous_commit')";
    let found = tx.texts(sql).await?;
    let (number, name, encoding) = (text(&found, 0), text(&found, 1), text(&found, 2));
    if number.parse().unwrap_or(0) < SERVER_MIN {
        return Err(Failure::Content(format!(
            "its server is PostgreSQL {name}, and the archive needs 13 or newer"
        )));
    }
    if encoding != "UTF8" {
        return Err(Failure::Content(format!(
            "it keeps texts as {encoding}, and the archive needs UTF8: create it again with \
             `create database … encoding 'UTF8' template template0`"
        )));
    }
    if text(&found, 3) == "off" {
        return Err(Failure::Content(
            "synchronous_commit is off there, and a receipt promises what a power cut must not \
             undo: set it to on"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Refuses a role that may not make tables.
async fn permitted(tx: &Server) -> Result<(), Failure> {
    let sql = "select current_user, quote_ident(current_user), current_schema(),
                   quote_ident(current_schema()),
                   has_schema_privilege(current_schema(), 'create')";
    let found = tx.texts(sql).await?;
    let (role, quoted) = (text(&found, 0), text(&found, 1));
    let (schema, in_quotes) = (text(&found, 2), text(&found, 3));
    if schema.is_empty() {
        return Err(Failure::Content(format!(
            "no schema of the search_path exists for the role {role}, and nothing was touched; as \
             an administrator: create schema {quoted} authorization {quoted}"
        )));
    }
    if text(&found, 4) != "t" {
        return Err(Failure::Content(format!(
            "the role {role} may not make tables in the schema {schema}, and nothing was touched; \
             as an administrator: grant usage, create on schema {in_quotes} to {quoted}"
        )));
    }
    Ok(())
}

/// A column of the first row; empty where there is none.
fn text(rows: &[SimpleQueryRow], place: usize) -> &str {
    rows.first().and_then(|row| row.get(place)).unwrap_or_default()
}
