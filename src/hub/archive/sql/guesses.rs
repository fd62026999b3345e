//! The statements about wrong codes, by the network that they came from.

use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::values;
use crate::hub::rules::guesses::{self, Guesses};

/// How many networks are remembered for their wrong codes; of more, the oldest are forgotten.
const NETS_MAX: i64 = 10_000;

/// How many networks are forgotten with each wrong code at most: more than one is added.
const FORGOTTEN_MAX: usize = 4;

/// Counts a wrong code, unless its network has tried too many: then for so many seconds no further
/// one is counted.
pub(super) async fn count(tx: &mut dyn Tx, net: &str, now_ms: i64) -> Result<Option<u32>, Failure> {
    let mut before = guesses(tx, net).await?;
    if let Some(wait_s) = before.and_then(|guesses| guesses.wait_s(now_ms)) {
        return Ok(Some(wait_s));
    }
    if before.is_none() {
        let sql = "insert into guess (net, wrong, since_ms) values ($1, 0, $2) \
                   on conflict (net) do nothing";
        tx.execute(sql, &values![net, now_ms]).await?;
        // Another process may have been faster.
        before = guesses(tx, net).await?;
    }
    let after = before.unwrap_or_default().and_one(now_ms);
    let sql = "update guess set wrong = $1, since_ms = $2 where net = $3";
    tx.execute(sql, &values![after.wrong, after.since_ms, net]).await?;
    forget(tx, net, now_ms).await?;
    Ok(None)
}

/// The wrong codes that came from a network; none if there were none.
async fn guesses(tx: &mut dyn Tx, net: &str) -> Result<Option<Guesses>, Failure> {
    let sql = "select wrong, since_ms from guess where net = $1";
    let row = tx.lock(sql, &values![net]).await?;
    row.map(|row| Ok(Guesses { wrong: row.get("wrong")?, since_ms: row.get("since_ms")? }))
        .transpose()
}

/// Forgets the oldest networks but this one, as far as they are old or too many. Those that
/// somebody else looks at stay, so that nobody waits for anybody.
async fn forget(tx: &mut dyn Tx, net: &str, now_ms: i64) -> Result<(), Failure> {
    let before_ms = guesses::forgotten_before_ms(now_ms);
    let count = tx.row("select count(*) as nets from guess", &[]).await?;
    let nets: i64 = count.map_or(Ok(0), |row| row.get("nets"))?;
    for forgotten in (0..).take(FORGOTTEN_MAX) {
        let sql = "select net, since_ms from guess where net <> $1 order by since_ms limit 1";
        let Some(oldest) = tx.lock_free(sql, &values![net]).await? else {
            break;
        };
        let since_ms: i64 = oldest.get("since_ms")?;
        if since_ms >= before_ms && nets - forgotten <= NETS_MAX {
            break;
        }
        let oldest: String = oldest.get("net")?;
        tx.execute("delete from guess where net = $1", &values![oldest]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::small_chain::SmallChain;
    use super::*;

    const NOW: i64 = 1_795_176_000_000;

    async fn wrong(chain: &SmallChain, now_ms: i64) {
        let counted = chain.archive.write("count a wrong code", move |tx| {
            Box::pin(async move { count(tx, "192.0.2.7", now_ms).await })
        });
        assert_eq!(counted.await.unwrap(), None);
    }

    #[tokio::test]
    async fn networks_are_forgotten_after_their_hour_and_where_there_are_too_many() {
        let chain = SmallChain::new().await;
        let nets = |from: i64, to: i64, since_ms: i64| {
            let each: Vec<String> =
                (from..to).map(|net| format!("('{net}', 1, {since_ms})")).collect();
            format!("insert into guess (net, wrong, since_ms) values {}", each.join(", "))
        };
        chain.write(&nets(0, 3, 0)).await;
        chain.write(&nets(3, NETS_MAX + 2, NOW)).await;
        let nets_known =
            async || -> i64 { chain.rows("select count(*) from guess").await[0].get(0).unwrap() };
        wrong(&chain, NOW + 1).await;
        assert_eq!(nets_known().await, NETS_MAX, "the three old ones are gone");
        chain.write("delete from guess where net = '192.0.2.7'").await;
        chain.write(&nets(NETS_MAX + 2, NETS_MAX + 5, NOW)).await;
        wrong(&chain, NOW + 1).await;
        assert_eq!(nets_known().await, NETS_MAX);
    }
}
