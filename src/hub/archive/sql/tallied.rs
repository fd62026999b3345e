//! The statements that read stored events as far as counting goes: a recount reads all of a kiosk.
//!
//! Whoever changes what is stored may read the [`facts`] of all that is [`around`] it before and
//! after, under the lock of the kiosk, and add the differences to the tallies.

use std::collections::{BTreeMap, BTreeSet};

use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::codes::{self, Code};
use crate::hub::rules::tallying::{Certainty, Chosen, Fact, Press};

/// An event's run, by the number of its claim, and its number there.
pub(super) type At = (i64, u32);

/// Before the first event of every kiosk.
pub(super) const BEFORE_ALL: At = (-1, 0);

/// So far apart numbers may be to be read together.
const APART_MAX: u32 = 64;

/// The word by which an event is misuse by its newest verdict, as a column.
pub(super) fn newest_verdict(event: &str) -> String {
    format!("case when {event}.judged_rule is null then {event}.misuse else {event}.judged end")
}

/// The facts of those of these numbers of a run that are stored, in their order.
pub(super) async fn facts(
    tx: &mut dyn Tx,
    kiosk: i64,
    run: i64,
    numbers: &BTreeSet<u32>,
) -> Result<Vec<(At, Fact)>, Failure> {
    let sql = select("event.run = $2 and event.n between $3 and $4");
    let mut rows = Vec::new();
    for (first, last) in stretches(numbers) {
        rows.extend(tx.rows(&sql, &values![kiosk, run, first, last]).await?);
    }
    let mut facts = complete(tx, kiosk, &rows).await?;
    facts.retain(|((_, n), _)| numbers.contains(n));
    Ok(facts)
}

/// The facts of the kiosk's next events after this one, at most so many, in their order.
pub(super) async fn facts_after(
    tx: &mut dyn Tx,
    kiosk: i64,
    after: At,
    facts_max: u32,
) -> Result<Vec<(At, Fact)>, Failure> {
    let sql = select("(event.run, event.n) > ($2, $3) order by event.run, event.n limit $4");
    let (run, n) = after;
    let rows = tx.rows(&sql, &values![kiosk, run, n, facts_max]).await?;
    complete(tx, kiosk, &rows).await
}

/// The numbers of everything whose share may change when these numbers of a run arrive, change or
/// go: they themselves, the presses that they replace, and the answers to all of these. It is asked
/// for before the change; of events that are not stored yet, the numbers that they replace have to
/// be among the numbers.
pub(super) async fn around(
    tx: &mut dyn Tx,
    kiosk: i64,
    run: i64,
    numbers: &BTreeSet<u32>,
) -> Result<BTreeSet<u32>, Failure> {
    let mut all = numbers.clone();
    let sql = "select n, replaces as other from event where kiosk = $1 and run = $2 \
               and n between $3 and $4 and replaces is not null";
    add_others(tx, sql, (kiosk, run), numbers, &mut all).await?;
    let rated = all.clone();
    let sql = "select rating_n as n, n as other from event where kiosk = $1 and run = $2 \
               and rating_n between $3 and $4";
    add_others(tx, sql, (kiosk, run), &rated, &mut all).await?;
    Ok(all)
}

async fn add_others(
    tx: &mut dyn Tx,
    sql: &str,
    (kiosk, run): (i64, i64),
    numbers: &BTreeSet<u32>,
    all: &mut BTreeSet<u32>,
) -> Result<(), Failure> {
    for (first, last) in stretches(numbers) {
        for row in tx.rows(sql, &values![kiosk, run, first, last]).await? {
            if numbers.contains(&row.get("n")?) {
                all.insert(row.get("other")?);
            }
        }
    }
    Ok(())
}

/// Stretches that hold these numbers, and few others.
fn stretches(numbers: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let mut stretches = Vec::<(u32, u32)>::new();
    for &n in numbers {
        match stretches.last_mut() {
            Some((_, last)) if n - *last <= APART_MAX => *last = n,
            _ => stretches.push((n, n)),
        }
    }
    stretches
}

fn select(condition: &str) -> String {
    let (verdict, rating_verdict) = (newest_verdict("event"), newest_verdict("rating"));
    format!(
        "select event.run, event.n, event.kind, event.other_kind, event.score, line.scale, \
         event.line, {verdict} as misuse, event.hour, event.is_exact, event.earliest_ms, \
         event.utc_ms, delivery.received_ms, choice.no as choice, \
         rating.n as rating_n, rating.score as rating_score, asked.scale as rating_scale, \
         rating.line as rating_line, {rating_verdict} as rating_misuse, \
         rating.hour as rating_hour \
         from event left join delivery on delivery.kiosk = event.kiosk \
         and delivery.seq = event.seq \
         left join line on line.no = event.line \
         left join choice on choice.follow_up = event.follow_up \
         and choice.answer = event.answer \
         left join event as rating on rating.kiosk = event.kiosk and rating.run = event.run \
         and rating.n = event.rating_n \
         left join line as asked on asked.no = rating.line \
         where event.kiosk = $1 and {condition}"
    )
}

/// The facts of these rows, with the later presses that replace one.
async fn complete(tx: &mut dyn Tx, kiosk: i64, rows: &[Row]) -> Result<Vec<(At, Fact)>, Failure> {
    let mut presses = BTreeMap::<i64, BTreeSet<u32>>::new();
    for row in rows {
        let of_run = presses.entry(row.get("run")?).or_default();
        if row.get::<Option<u8>>("score")?.is_some() {
            of_run.insert(row.get("n")?);
        }
        of_run.extend(row.get::<Option<u32>>("rating_n")?);
    }
    let later = later(tx, kiosk, &presses).await?;
    rows.iter().map(|row| fact(row, &later)).collect()
}

/// Why each press that replaces an earlier one is misuse, if it is, by the earlier one.
type Later = BTreeMap<At, Vec<Option<String>>>;

async fn later(
    tx: &mut dyn Tx,
    kiosk: i64,
    presses: &BTreeMap<i64, BTreeSet<u32>>,
) -> Result<Later, Failure> {
    let verdict = newest_verdict("event");
    let sql = format!(
        "select replaces, {verdict} as misuse from event where kiosk = $1 and run = $2 \
         and replaces between $3 and $4 order by n"
    );
    let mut later = Later::new();
    for (&run, numbers) in presses {
        for (first, last) in stretches(numbers) {
            for row in tx.rows(&sql, &values![kiosk, run, first, last]).await? {
                later.entry((run, row.get("replaces")?)).or_default().push(row.get("misuse")?);
            }
        }
    }
    Ok(later)
}

fn fact(row: &Row, later: &Later) -> Result<(At, Fact), Failure> {
    let (run, n): At = (row.get("run")?, row.get("n")?);
    let later_than = |n| later.get(&(run, n)).cloned().unwrap_or_default();
    let choice = row.get::<Option<i64>>("choice")?.zip(row.get::<Option<u32>>("rating_n")?);
    let chosen = match choice {
        None => None,
        Some((choice, rating_n)) => Some(Chosen {
            choice,
            rating: Press {
                score: row.get("rating_score")?,
                scale: row.get("rating_scale")?,
                line: row.get("rating_line")?,
                misuse: row.get("rating_misuse")?,
                later: later_than(rating_n),
                hour: row.get("rating_hour")?,
            },
        }),
    };
    let utc_ms = row.get("utc_ms")?;
    let code = Code { number: row.get("kind")?, other: row.get("other_kind")? };
    let fact = Fact {
        kind: codes::kind_word(code),
        press: Press {
            score: row.get("score")?,
            scale: row.get("scale")?,
            line: row.get("line")?,
            misuse: row.get("misuse")?,
            later: later_than(n),
            hour: row.get("hour")?,
        },
        chosen,
        certainty: Certainty::of(row.get("is_exact")?, row.get("earliest_ms")?),
        utc_ms,
        received_ms: row.get::<Option<i64>>("received_ms")?.unwrap_or(utc_ms),
    };
    Ok(((run, n), fact))
}
