//! The statements that judge presses again.

use std::ops::RangeInclusive;

use super::deliveries::Change;
use super::facts::{self, Held};
use crate::feedback::misuse::{Reason, Verdict};
use crate::hub::archive::error::Failure;
use crate::hub::archive::value::{Value, values};
use crate::hub::rules::judging::{self, Press, REACH};

/// Judges the presses of a run again where older rules have judged them.
pub(super) async fn judge_again(change: &mut Change<'_>, run: i64) -> Result<(), Failure> {
    judge_stretch(change, run, 0..=u32::MAX).await
}

/// Judges those presses of a run again that the rules see together with these, which have arrived.
pub(super) async fn judge_arrived(
    change: &mut Change<'_>,
    run: i64,
    mut arrived: Vec<u32>,
) -> Result<(), Failure> {
    arrived.sort_unstable();
    for stretch in judging::stretches_of(&arrived) {
        judge_stretch(change, run, stretch).await?;
    }
    Ok(())
}

/// What a stretch begins with was judged with what came before it, and is only looked at.
async fn judge_stretch(
    change: &mut Change<'_>,
    run: i64,
    stretch: RangeInclusive<u32>,
) -> Result<(), Failure> {
    let is_looked_at = |n: u32| *stretch.start() > 0 && n - stretch.start() < REACH / 2;
    let held = held(change, run, &stretch).await?;
    let presses: Vec<Press> = held.iter().filter_map(Held::press).collect();
    let mut verdicts = judging::judge_again(&presses);
    verdicts.retain(|(n, _)| !is_looked_at(*n));
    if verdicts.is_empty() {
        return Ok(());
    }
    let judged = |(n, verdict): &(u32, Verdict)| {
        let old = held.iter().find(|held| held.n == *n)?;
        Some((old.clone(), old.clone().judged(*verdict)))
    };
    change.alter(run, verdicts.iter().filter_map(judged).collect()).await?;
    let kiosk = change.kiosk;
    let row = |(n, verdict): (u32, Verdict)| -> Vec<Value> {
        values![verdict.misuse.map(Reason::name), verdict.rule, kiosk, run, n].into()
    };
    let rows: Vec<Vec<Value>> = verdicts.into_iter().map(row).collect();
    let sql = "update event set judged = $1, judged_rule = $2 \
               where kiosk = $3 and run = $4 and n = $5";
    change.tx.execute_each(sql, &rows).await.map(drop)
}

async fn held(
    change: &mut Change<'_>,
    run: i64,
    stretch: &RangeInclusive<u32>,
) -> Result<Vec<Held>, Failure> {
    let (columns, from) = (facts::COLUMNS, facts::FROM);
    // A stretch may end beyond every number that its column can have.
    let sql = format!(
        "select {columns} from {from} where event.kiosk = $1 and event.run = $2 \
         and event.n between cast($3 as bigint) and cast($4 as bigint) \
         and event.score is not null order by event.n"
    );
    let values = values![change.kiosk, run, *stretch.start(), *stretch.end()];
    change.held(&sql, &values).await
}
