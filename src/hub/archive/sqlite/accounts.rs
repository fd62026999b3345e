//! The statements that account for a kiosk's events.

use rusqlite::{Connection, params};

use super::Sqlite;
use crate::feedback::rating::RunId;
use crate::hub::archive::accounts::Accounts;
use crate::hub::archive::error::Error;
use crate::hub::rules::account::{Account, Run, RunAccount};
use crate::wire::report::{Reconciled, ReconciledRun, Told};

impl Accounts for Sqlite {
    async fn reconcile(&self, kiosk: String) -> Result<Reconciled, Error> {
        self.read("reconcile a kiosk", move |connection| reconcile(connection, &kiosk)).await
    }

    async fn conflicts(&self) -> Result<u64, Error> {
        self.read_page("count conflicts", |connection| {
            let sql = "select count(*) from conflict";
            connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
        })
        .await
    }
}

fn reconcile(connection: &Connection, kiosk: &str) -> rusqlite::Result<Reconciled> {
    // One look at one state: deliveries go on arriving meanwhile.
    let connection = &*connection.unchecked_transaction()?;
    let sql = "select taken, waiting, set_aside, lost, given_up from kiosk where id = ?";
    let told = connection.query_row(sql, [kiosk], |row| {
        let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        Ok(Told {
            taken: count("taken")?,
            waiting: count("waiting")?,
            set_aside: count("set_aside")?,
            lost: count("lost")?,
            given_up: count("given_up")?,
        })
    })?;
    let sql = "select count(*) from (select distinct run, n from conflict where kiosk = ?)";
    let conflicts: i64 = connection.query_row(sql, [kiosk], |row| row.get(0))?;
    let sql = "select id, uuid, taken from run where kiosk = ? order by id";
    let mut statement = connection.prepare(sql)?;
    let known: Vec<(i64, RunId, u32)> = statement
        .query_map([kiosk], |row| Ok((row.get("id")?, RunId(row.get("uuid")?), row.get("taken")?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut account = Account::default();
    let mut runs = Vec::new();
    for (key, run, taken) in known {
        let of_run = RunAccount::of(kept(connection, key, run, taken)?);
        account.add(&of_run);
        if !of_run.is_whole() {
            let RunAccount { taken, stored, set_aside, lost, missing } = of_run;
            let run = run.to_string();
            runs.push(ReconciledRun { run, taken, stored, missing, lost, set_aside });
        }
    }
    let holds =
        account.holds(told.waiting + told.given_up, told.set_aside, conflicts.cast_unsigned());
    let Account { taken, stored, set_aside, lost, missing } = account;
    let kiosk = kiosk.to_owned();
    Ok(Reconciled { kiosk, holds, taken, stored, set_aside, lost, missing, told, runs })
}

/// What is kept of a run.
fn kept(connection: &Connection, key: i64, run: RunId, taken: u32) -> rusqlite::Result<Run> {
    let sql = "select n from event where run = ? order by n";
    let mut statement = connection.prepare_cached(sql)?;
    let stored = statement.query_map([key], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let sql = "select n from refused where run = ? order by n";
    let mut statement = connection.prepare_cached(sql)?;
    let refused =
        statement.query_map([run.0], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let sql = "select first_n, last_n from lost where run = ? order by first_n";
    let mut statement = connection.prepare_cached(sql)?;
    let lost = statement
        .query_map(params![run.0], |row| Ok((row.get("first_n")?, row.get("last_n")?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Run { taken, stored, refused, lost })
}
