//! The statements that judge presses again.

use std::ops::RangeInclusive;

use super::deliveries::Change;
use super::facts::{self, Held};
use crate::feedback::misuse::{Reason, Verdict};
use crate::hub::archive::error::Failure;
use crate::hub::archive::value::{Value, values};
use crate::hub::rules::judging::{self, AT_ONCE, Press, REACH};

/// Judges the next presses of a run again after this number, where older rules have judged them;
/// returns up to which, or none where these were the last.
pub(super) async fn judge_more(
    change: &mut Change<'_>,
    run: i64,
    after: u32,
) -> Result<Option<u32>, Failure> {
    let sql = "select n from event where kiosk = $1 and run = $2 and n > $3 order by n limit $4";
    let next = change.tx.rows(sql, &values![change.kiosk, run, after, AT_ONCE]).await?;
    let Some(last) = next.last() else {
        return Ok(None);
    };
    let (last, is_full) = (last.get("n")?, u32::try_from(next.len()) == Ok(AT_ONCE));
    judge_stretch(change, run, judging::stretch_after(after, last)).await?;
    Ok(is_full.then_some(last))
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

#[cfg(test)]
mod tests {
    use super::super::small_chain::SmallChain;

    /// Every second press comes 30 ms after the one before it, which bounces.
    const PRESSES: &str = "insert into event (kiosk, run, n, seq, boot_ms, wall_ms, utc_ms, hour, \
         line, kind, score, input, rule, is_exact, digest) \
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 4500) \
         select 1, 1, i, 1, (i / 2) * 60000 + (i % 2) * 30, 0, 0, 0, 1, 1, 5, 1, 1, 1, x'00' \
         from n";

    #[tokio::test]
    async fn a_long_run_is_judged_again_bit_by_bit_and_only_once() {
        let chain = SmallChain::new().await;
        chain.write("insert into line (no, question, version, scale) values (1, 'q', 1, 5)").await;
        for sql in [
            "insert into run (kiosk, no, uuid, boot) values (1, 1, x'01', 1), (2, 7, x'02', 1)",
            PRESSES,
        ] {
            chain.write(sql).await;
        }
        let (mut reached, mut all) = (None, Vec::new());
        while let Some(further) = chain.archive.judge_more(reached).await.unwrap() {
            all.push(further);
            reached = Some(further);
        }
        assert_eq!(all, [(1, 1, 2_000), (1, 1, 4_000), (1, 1, 0), (2, 7, 0)]);
        let judged = "select count(*), cast(sum(n % 2) as bigint), min(n) from event \
                      where judged = 'bounce'";
        let row = chain.rows(judged).await.remove(0);
        let found = (row.get::<u32>(0), row.get::<u32>(1), row.get::<u32>(2));
        let found = (found.0.unwrap(), found.1.unwrap(), found.2.unwrap());
        assert_eq!(found, (2_249, 2_249, 3), "every odd one but the first");
        assert_eq!(chain.archive.judge_more(None).await.unwrap(), None, "the rules are noted");
    }
}
