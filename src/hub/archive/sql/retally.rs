//! The statements that count a kiosk's events under other hours, when its clocks were corrected or
//! the rules of a time zone have changed.
//!
//! It goes through the events in their order, so many in a transaction, and moves each from the
//! hour that it had to the one that it has now. So tallies are exact after every step, whatever
//! arrives between two steps: that has the new hours from the beginning.

use std::collections::{BTreeMap, BTreeSet};

use super::clocks::Clocks;
use super::tallied::{At, BEFORE_ALL, around, facts, facts_after};
use super::tallies;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::values;
use crate::hub::archive::zones::ShopZones;
use crate::hub::rules::tallying::Differences;

/// So many events are looked at in one transaction, while nothing of the kiosk can arrive.
const AT_ONCE: u32 = 500;

impl Archive {
    /// Counts every event of a kiosk, by its number, under the hour that its shop's clocks showed
    /// by what is known now.
    ///
    /// # Errors
    /// When the archive fails; what was done until then stays done, and it can be begun again.
    pub async fn retally(&self, kiosk: i64) -> Result<(), Error> {
        let mut reached = None;
        while let Some(last) = self.retally_more(kiosk, reached).await? {
            reached = Some(last);
        }
        Ok(())
    }

    /// Does a bit of that, after the event, by run and number, that was reached; returns which is
    /// reached now, or none when all is done.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn retally_more(&self, kiosk: i64, reached: Option<At>) -> Result<Option<At>, Error> {
        let zones = self.1.clone();
        self.write("count events under other hours", move |tx| {
            let after = reached.unwrap_or(BEFORE_ALL);
            Box::pin(async move { step(tx, kiosk, after, &zones).await })
        })
        .await
    }
}

async fn step(
    tx: &mut dyn Tx,
    kiosk: i64,
    after: At,
    zones: &ShopZones,
) -> Result<Option<At>, Failure> {
    tx.lock("select kiosk from book where kiosk = $1", &values![kiosk]).await?;
    let clocks = Clocks::read(tx, kiosk, zones).await?;
    let facts = facts_after(tx, kiosk, after, AT_ONCE).await?;
    let mut moved = BTreeMap::<i64, BTreeMap<u32, i32>>::new();
    for ((run, n), fact) in &facts {
        let hour = clocks.hour(fact.utc_ms);
        if hour != fact.press.hour {
            moved.entry(*run).or_default().insert(*n, hour);
        }
    }
    for (run, hours) in moved {
        set_hours(tx, (kiosk, run), &hours).await?;
    }
    Ok(facts.last().map(|(last, _)| *last))
}

/// Gives events of a run other hours, and moves what they count.
async fn set_hours(
    tx: &mut dyn Tx,
    (kiosk, run): (i64, i64),
    hours: &BTreeMap<u32, i32>,
) -> Result<(), Failure> {
    let numbers: BTreeSet<u32> = hours.keys().copied().collect();
    let all = around(tx, kiosk, run, &numbers).await?;
    let mut differences = Differences::default();
    for (_, fact) in facts(tx, kiosk, run, &all).await? {
        differences.take_fact(&fact);
    }
    let sql = "update event set hour = $1 where kiosk = $2 and run = $3 and n = $4";
    let rows: Vec<_> =
        hours.iter().map(|(n, hour)| values![*hour, kiosk, run, *n].to_vec()).collect();
    tx.execute_each(sql, &rows).await?;
    for (_, fact) in facts(tx, kiosk, run, &all).await? {
        differences.put_fact(&fact);
    }
    tallies::add(tx, kiosk, &differences).await
}
