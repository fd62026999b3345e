//! The statements that judge presses again.

use std::ops::RangeInclusive;

use rusqlite::{Connection, Row, Transaction, params};

use crate::feedback::misuse::Reason;
use crate::hub::rules::judging::{self, Judgement, Press, REACH};

/// The expression for the reason by which an event is misuse, by its newest verdict.
pub(super) fn newest_verdict(event: &str) -> String {
    format!("case when {event}.judged_rule is null then {event}.misuse else {event}.judged end")
}

/// Judges the presses of a run again where older rules have judged them.
pub(super) fn judge_again(transaction: &Transaction<'_>, run: i64) -> rusqlite::Result<()> {
    judge_stretch(transaction, run, 0..=u32::MAX)
}

/// Judges those presses of a run again that the rules see together with these, which have arrived.
pub(super) fn judge_arrived(
    transaction: &Transaction<'_>,
    run: i64,
    arrived: &mut [u32],
) -> rusqlite::Result<()> {
    arrived.sort_unstable();
    let mut stretches = judging::stretches_of(arrived).into_iter();
    stretches.try_for_each(|stretch| judge_stretch(transaction, run, stretch))
}

/// What a stretch begins with was judged with what came before it, and is only looked at.
fn judge_stretch(
    transaction: &Transaction<'_>,
    run: i64,
    stretch: RangeInclusive<u32>,
) -> rusqlite::Result<()> {
    let is_looked_at = |n: u32| *stretch.start() > 0 && n - stretch.start() < REACH / 2;
    let mut changed = judging::judge_again(&presses(transaction, run, &stretch)?);
    changed.retain(|(n, _)| !is_looked_at(*n));
    let sql = "update event set judged = ?, judged_rule = ? where run = ? and n = ?";
    let mut update = transaction.prepare_cached(sql)?;
    for (n, verdict) in changed {
        update.execute(params![verdict.misuse.map(Reason::name), verdict.rule, run, n])?;
    }
    Ok(())
}

fn presses(
    connection: &Connection,
    run: i64,
    stretch: &RangeInclusive<u32>,
) -> rusqlite::Result<Vec<Press>> {
    let sql = "select n, boot_ms, score, scale, input, misuse, \
               coalesce(misuse_rule, 1) as misuse_rule, judged, judged_rule \
               from event where run = ? and n between ? and ? and score is not null order by n";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params![run, stretch.start(), stretch.end()], press)?.collect()
}

fn press(row: &Row<'_>) -> rusqlite::Result<Press> {
    let boot_ms: i64 = row.get("boot_ms")?;
    let judged_rule: Option<u16> = row.get("judged_rule")?;
    let judged = match judged_rule {
        Some(rule) => Some(Judgement { misuse: row.get("judged")?, rule }),
        None => None,
    };
    Ok(Press {
        n: row.get("n")?,
        boot_ms: u64::try_from(boot_ms).unwrap_or(0),
        score: row.get("score")?,
        scale: row.get("scale")?,
        input: row.get("input")?,
        told: Judgement { misuse: row.get("misuse")?, rule: row.get("misuse_rule")? },
        judged,
    })
}
