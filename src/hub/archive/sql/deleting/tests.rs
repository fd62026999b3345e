//! Tests of deletions: that looking for them is cheap. What they do is tested with deliveries.

use super::super::small_chain::SmallChain;
use super::*;

#[tokio::test]
async fn what_has_had_its_time_is_found_by_indices() {
    let chain = SmallChain::new().await;
    let plan = |sql: String| {
        chain.archive.read("explain", move |tx| {
            Box::pin(async move {
                let rows = tx.rows(&format!("explain query plan {sql}"), &[]).await?;
                rows.iter().map(|row| row.get::<String>("detail")).collect::<Result<Vec<_>, _>>()
            })
        })
    };
    let told = format!("select n from event where kiosk = 1 and {TOLD} and utc_ms < 9");
    let plan_of_told = plan(told).await.unwrap().join("; ");
    assert!(plan_of_told.contains("event_kept (kiosk=? AND utc_ms<?)"), "{plan_of_told}");
    let of_kiosk = "select run from gone where kiosk = 1 and seq > 7 order by seq".to_owned();
    let plan_of_gone = plan(of_kiosk).await.unwrap().join("; ");
    assert!(plan_of_gone.contains("gone_by_change (kiosk=? AND seq>?)"), "{plan_of_gone}");
}

#[tokio::test]
async fn what_the_index_holds_is_what_the_rule_calls_comments_and_notes() {
    let chain = SmallChain::new().await;
    for (n, kind, follow_up) in [
        (1, "1", "null"),
        (2, "2", "'reasons'"),
        (3, "2", "'nps'"),
        (4, "2", "'comment'"),
        (5, "3", "null"),
        (6, "4", "null"),
        (7, "5", "null"),
        (8, "0", "null"),
    ] {
        let values = format!("{kind}, {follow_up}");
        chain.event([1, 1, n, 0], "kind, follow_up", &values).await;
    }
    let kept = Kept { comments: Some(1), ratings: Some(1), notes: Some(1) };
    let search = Search { kiosk: 1, kept, now_ms: i64::MAX };
    let seen = |condition: String| {
        chain.archive.read("look", move |tx| {
            Box::pin(async move {
                let seen = search.seen(tx, &condition, &values![1]).await?;
                Ok(seen.into_iter().map(|seen| (seen.n, seen.class)).collect::<Vec<_>>())
            })
        })
    };
    for (n, class) in seen("1 = 1".to_owned()).await.unwrap() {
        let is_in = async |condition: &str| {
            let condition = format!("{condition} and event.n = {n}");
            !seen(condition).await.unwrap().is_empty()
        };
        let is_told = matches!(class, Class::Comment | Class::Note);
        assert_eq!(is_in(TOLD).await, is_told, "{n}");
        assert_eq!(is_in(RATED).await, class == Class::Rating, "{n}");
    }
}
