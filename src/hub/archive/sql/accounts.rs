//! The statements that account for a kiosk's events.

use std::collections::BTreeMap;

use super::kiosks;
use crate::feedback::rating::RunId;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::account::{Account, Run, RunAccount};
use crate::wire::report::{Reconciled, ReconciledRun, Told};

impl Archive {
    /// What became of everything that a kiosk has taken, by the archive's own count.
    ///
    /// # Errors
    /// When the kiosk is unknown, or the archive fails.
    pub async fn reconcile(&self, kiosk: String) -> Result<Reconciled, Error> {
        self.read_slowly("reconcile a kiosk", move |tx| {
            Box::pin(async move { reconcile(tx, kiosk).await })
        })
        .await
    }

    /// How many events came again with other content.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn conflicts(&self) -> Result<u64, Error> {
        self.read_page("count conflicts", |tx| {
            Box::pin(async move {
                let row = tx.row("select count(*) as conflicts from conflict", &[]).await?;
                row.map_or(Ok(0), |row| row.get("conflicts"))
            })
        })
        .await
    }
}

/// A run, and what is stored of it.
struct Counted {
    no: i64,
    run: RunId,
    taken: u32,
    stored: u64,
    highest: u32,
}

async fn reconcile(tx: &mut dyn Tx, kiosk: String) -> Result<Reconciled, Failure> {
    let number = kiosks::number(tx, &kiosk).await?;
    let number = number.ok_or_else(|| Failure::Content(format!("there is no kiosk {kiosk}")))?;
    let told = told(tx, number).await?;
    let sql = "select count(*) as conflicts from \
               (select distinct run, n from conflict where kiosk = $1) as named";
    let row = tx.row(sql, &values![number]).await?;
    let conflicts: u64 = row.map_or(Ok(0), |row| row.get("conflicts"))?;
    let mut account = Account::default();
    let mut runs = Vec::new();
    for counted in counted(tx, number).await? {
        let Counted { taken, stored, highest, .. } = counted;
        let of_run = match RunAccount::whole(taken, stored, highest) {
            Some(whole) => whole,
            None => RunAccount::of(kept(tx, number, &counted).await?),
        };
        account.add(&of_run);
        if !of_run.is_whole() {
            let RunAccount { taken, stored, deleted, set_aside, lost, missing } = of_run;
            let run = counted.run.to_string();
            runs.push(ReconciledRun { run, taken, stored, missing, lost, set_aside, deleted });
        }
    }
    let holds = account.holds(told.waiting + told.given_up, told.set_aside, conflicts);
    let Account { taken, stored, deleted, set_aside, lost, missing } = account;
    Ok(Reconciled { kiosk, holds, taken, stored, deleted, set_aside, lost, missing, told, runs })
}

/// The kiosk's own counters.
async fn told(tx: &mut dyn Tx, kiosk: i64) -> Result<Told, Failure> {
    let sql = "select taken, waiting, set_aside, lost, given_up from book where kiosk = $1";
    let Some(row) = tx.row(sql, &values![kiosk]).await? else {
        return Ok(Told::default());
    };
    Ok(Told {
        taken: row.get("taken")?,
        waiting: row.get("waiting")?,
        set_aside: row.get("set_aside")?,
        lost: row.get("lost")?,
        given_up: row.get("given_up")?,
    })
}

/// The runs of a kiosk in the order in which they came, with what is stored of each.
async fn counted(tx: &mut dyn Tx, kiosk: i64) -> Result<Vec<Counted>, Failure> {
    let sql = "select run, count(*) as stored, max(n) as highest from event \
               where kiosk = $1 group by run";
    let stored = tx.rows(sql, &values![kiosk]).await?;
    let stored: BTreeMap<i64, (u64, u32)> = stored
        .iter()
        .map(|row| Ok((row.get("run")?, (row.get("stored")?, row.get("highest")?))))
        .collect::<Result<_, Failure>>()?;
    let sql = "select no, uuid, taken from run where kiosk = $1 order by no";
    let counted = |row: &Row| {
        let no = row.get("no")?;
        let (stored, highest) = stored.get(&no).copied().unwrap_or_default();
        let (run, taken) = (RunId(row.get("uuid")?), row.get("taken")?);
        Ok(Counted { no, run, taken, stored, highest })
    };
    tx.rows(sql, &values![kiosk]).await?.iter().map(counted).collect()
}

/// What is kept of a run, number by number.
async fn kept(tx: &mut dyn Tx, kiosk: i64, counted: &Counted) -> Result<Run, Failure> {
    let sql = "select n from event where kiosk = $1 and run = $2 order by n";
    let stored = numbers(&tx.rows(sql, &values![kiosk, counted.no]).await?)?;
    let sql = "select n from refused where kiosk = $1 and run = $2 order by n";
    let refused = numbers(&tx.rows(sql, &values![kiosk, counted.run.0]).await?)?;
    let sql = "select first_n, last_n from lost where kiosk = $1 and run = $2 order by first_n";
    let lost = ranges(&tx.rows(sql, &values![kiosk, counted.no]).await?)?;
    let sql = "select first_n, last_n from gone where kiosk = $1 and run = $2 order by first_n";
    let gone = ranges(&tx.rows(sql, &values![kiosk, counted.no]).await?)?;
    Ok(Run { taken: counted.taken, stored, gone, refused, lost })
}

fn numbers(rows: &[Row]) -> Result<Vec<u32>, Failure> {
    rows.iter().map(|row| row.get("n")).collect()
}

fn ranges(rows: &[Row]) -> Result<Vec<(u32, u32)>, Failure> {
    rows.iter().map(|row| Ok((row.get("first_n")?, row.get("last_n")?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::small_chain::SmallChain;
    use super::*;

    #[tokio::test]
    async fn every_number_of_a_kiosk_is_accounted_for() {
        let chain = SmallChain::new().await;
        let run = |byte: u8| RunId([byte; 16]);
        chain
            .write(&format!(
                "insert into run (kiosk, no, uuid, boot, taken) values (1, 1, x'{}', 1, 3), \
                 (1, 2, x'{}', 1, 9), (1, 3, x'{}', 1, 2), (2, 4, x'{}', 2, 5)",
                run(1),
                run(2),
                run(3),
                run(4)
            ))
            .await;
        for (run, n) in [(1, 1), (1, 2), (1, 3), (2, 1), (2, 9)] {
            chain.event([1, run, n, 0], "kind", "1").await;
        }
        chain.event([2, 4, 1, 0], "kind", "1").await;
        let refused = "insert into refused (kiosk, run, n, reason, received_ms) values";
        chain.write(&format!("{refused} (1, x'{}', 4, 'no', 0)", run(2))).await;
        chain.write(&format!("{refused} (2, x'{}', 4, 'no', 0)", run(4))).await;
        chain.write("insert into lost (kiosk, run, first_n, last_n) values (1, 2, 2, 5)").await;
        chain
            .write(
                "insert into gone (kiosk, run, first_n, last_n, why, seq) \
                 values (1, 2, 5, 6, 1, 1)",
            )
            .await;
        chain
            .write(
                "insert into conflict (kiosk, run, n, digest, received_ms, content) values \
                 (1, 1, 2, x'01', 0, ''), (1, 1, 2, x'02', 0, '')",
            )
            .await;
        chain.write("update book set taken = 14, waiting = 3, set_aside = 3 where kiosk = 1").await;
        let account = chain.archive.reconcile("k".to_owned()).await.unwrap();
        let of_run = ReconciledRun {
            run: run(2).to_string(),
            taken: 9,
            stored: 2,
            missing: vec![(7, 8)],
            lost: vec![(2, 3)],
            set_aside: vec![(4, 4)],
            deleted: vec![(5, 6)],
        };
        let nothing = ReconciledRun {
            run: run(3).to_string(),
            taken: 2,
            stored: 0,
            missing: vec![(1, 2)],
            lost: vec![],
            set_aside: vec![],
            deleted: vec![],
        };
        let told = Told { taken: 14, waiting: 3, set_aside: 3, lost: 0, given_up: 0 };
        let expected = Reconciled {
            kiosk: "k".to_owned(),
            holds: true,
            taken: 14,
            stored: 5,
            deleted: 2,
            set_aside: 1,
            lost: 2,
            missing: 4,
            told,
            runs: vec![of_run, nothing],
        };
        assert_eq!(account, expected, "one that is missing is set aside at the kiosk alone");
        chain.write("update book set waiting = 2 where kiosk = 1").await;
        assert!(!chain.archive.reconcile("k".to_owned()).await.unwrap().holds);
        assert_eq!(chain.archive.conflicts().await.unwrap(), 2);
        assert!(chain.archive.reconcile("nobody".to_owned()).await.is_err());
    }
}
