//! Tests of deliveries on a fresh archive, with a recount as the judge of its tallies.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::facts;
use crate::feedback::moment::{Anchor, Source};
use crate::feedback::rating::{BootId, RatingId, RunId};
use crate::hub::archive::value::values;
use crate::hub::archive::{Archive, Arrived, Incoming, Kiosk, Shipment, Shop, Stored, Way};
use crate::wire::delivery::{self, Counters};

const KIOSK: &str = "kallio-exit";

/// 2026-11-20 at noon, UTC.
const NOON: i64 = 1_795_176_000_000;

struct Office {
    archive: Archive,
    _folder: tempfile::TempDir,
}

impl Office {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let shop = Shop {
            id: "kallio".to_owned(),
            name: "Kallio".to_owned(),
            zone: "Europe/Helsinki".to_owned(),
            group: None,
        };
        assert!(archive.add_shop(shop).await.unwrap());
        for id in [KIOSK, "thief"] {
            let (id, shop, touchpoint) = (id.to_owned(), "kallio".to_owned(), "exit".to_owned());
            assert!(archive.add_kiosk(Kiosk { id, shop, touchpoint }).await.unwrap());
        }
        Self { archive, _folder: folder }
    }

    async fn store(&self, shipment: Shipment) -> Stored {
        self.archive.store(shipment).await.unwrap()
    }

    /// Each delivery's number, how many events it added, and what it touched.
    async fn deliveries(&self) -> Vec<(i64, i64, String, Option<i64>)> {
        let sql = "select seq, added, touched, pos from delivery order by kiosk, seq";
        let rows = self.archive.read("read deliveries", move |tx| {
            Box::pin(async move {
                let rows = tx.rows(sql, &[]).await?;
                let row = |row: &crate::hub::archive::value::Row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                };
                rows.iter().map(row).collect()
            })
        });
        rows.await.unwrap()
    }

    /// Whether the tallies are what counting every event gives.
    async fn is_exact(&self) -> bool {
        let recounted = self.archive.recount(KIOSK.to_owned()).await.unwrap();
        if !recounted.wrong.is_empty() {
            eprintln!("{recounted:#?}");
        }
        recounted.wrong.is_empty()
    }
}

fn rating(n: u32, score: u8) -> Json {
    json!({
        "n": n, "kind": "rated", "boot_ms": n * 1_000, "wall_ms": NOON, "score": score, "scale": 5,
        "input": "button", "question": "checkout", "question_version": 1, "language": "fi",
        "misuse_rule": 2,
    })
}

fn answer(n: u32, to: u32, reason: &str) -> Json {
    json!({
        "n": n, "kind": "answered", "boot_ms": n * 1_000, "wall_ms": NOON, "to": to,
        "follow_up": "reasons", "outcome": "answered", "answer": reason, "question": "checkout",
        "question_version": 1, "language": "fi",
    })
}

fn incoming(event: &Json) -> Incoming {
    let content = delivery::canonical(event);
    let mut digest = [0; 16];
    for (at, byte) in content.bytes().enumerate() {
        digest[at % 16] = u8::wrapping_add(digest[at % 16], byte).rotate_left(3);
    }
    Incoming { event: delivery::read(event).unwrap(), digest, content }
}

fn arrived(run: u8, events: &[Json]) -> Arrived {
    let taken = events.iter().filter_map(|event| event["n"].as_u64()).max().unwrap_or(0);
    Arrived {
        run: RunId([run; 16]),
        boot: BootId([run; 16]),
        taken: u32::try_from(taken).unwrap(),
        events: events.iter().map(incoming).collect(),
    }
}

fn shipment(runs: Vec<Arrived>) -> Shipment {
    Shipment {
        kiosk: KIOSK.to_owned(),
        way: Way::Sent,
        received_ms: NOON,
        app: "0".to_owned(),
        anchors: Vec::new(),
        live: None,
        known: None,
        runs,
        counters: Counters::default(),
        publication: None,
        survey_complaint: None,
        zone: None,
        zone_rules: None,
        clocks_apart: None,
        place: None,
        hours: None,
        address: None,
        move_complaint: None,
        findings: None,
        pin: None,
        gone: None,
        refused: Vec::new(),
    }
}

fn told(run: u8, utc_ms: i64) -> (BootId, Anchor) {
    let source = Source::Hub;
    (BootId([run; 16]), Anchor { boot_ms: 5_000, utc_ms, error_ms: 5, source })
}

#[tokio::test]
async fn each_change_has_a_number_and_what_is_known_leaves_no_trace() {
    let office = Office::open().await;
    let events = [rating(1, 5), rating(2, 4)];
    let first = office.store(shipment(vec![arrived(1, &events)])).await;
    assert_eq!((first.added, first.settled.len()), (2, 2));
    let again = office.store(shipment(vec![arrived(1, &events)])).await;
    assert_eq!((again.added, again.settled.len(), again.stored), (0, 2, 2));
    let mut dated = shipment(vec![arrived(1, &[rating(9, 1)])]);
    dated.anchors.push(told(1, NOON - 3_600_000));
    office.store(dated).await;
    let expected =
        [(1, 2, "[[1,1,2]]".to_owned(), Some(1)), (2, 1, "[[1,1,2],[1,9,9]]".to_owned(), Some(2))];
    assert_eq!(office.deliveries().await, expected);
    assert!(office.is_exact().await);
}

#[tokio::test]
async fn a_number_that_comes_twice_in_one_delivery_is_compared_with_itself() {
    let office = Office::open().await;
    let run = arrived(1, &[rating(1, 5), rating(1, 2), rating(1, 5)]);
    let stored = office.store(shipment(vec![run.clone(), run])).await;
    assert_eq!((stored.added, stored.settled.len(), stored.conflicts.len()), (1, 4, 2));
    let again = office.store(shipment(vec![arrived(1, &[rating(1, 2)])])).await;
    assert_eq!((again.spent.bytes - stored.spent.bytes) / 200, 1, "the conflict is known");
}

#[tokio::test]
async fn what_was_deleted_is_settled_and_stays_deleted() {
    let office = Office::open().await;
    office.store(shipment(vec![arrived(1, &[rating(1, 5)])])).await;
    let delete = office.archive.write("delete", |tx| {
        Box::pin(async move {
            let sql = "insert into gone (kiosk, run, first_n, last_n, why, seq) \
                       values (1, 1, 2, 5, 1, 1)";
            tx.execute(sql, &[]).await
        })
    });
    delete.await.unwrap();
    let events = [rating(1, 5), rating(2, 5), rating(5, 1), rating(6, 1)];
    let stored = office.store(shipment(vec![arrived(1, &events)])).await;
    assert_eq!((stored.added, stored.settled.len(), stored.stored), (1, 4, 2));
}

#[tokio::test]
async fn a_run_is_claimed_once_and_with_it_what_it_lost() {
    let office = Office::open().await;
    office.store(shipment(vec![arrived(1, &[rating(1, 5)])])).await;
    let lost = json!({
        "n": 2, "kind": "lost", "boot_ms": 1, "wall_ms": NOON, "lost_run": "07".repeat(16),
        "lost_first": 1, "lost_last": 9,
    });
    let thief = |runs| Shipment { kiosk: "thief".to_owned(), ..shipment(runs) };
    let stored =
        office.store(thief(vec![arrived(1, std::slice::from_ref(&lost)), arrived(3, &[])])).await;
    assert_eq!((stored.added, stored.foreign.len()), (0, 1));
    // Nothing that came with another's run has claimed anything.
    office.store(shipment(vec![arrived(1, &[lost])])).await;
    let stored = office.store(thief(vec![arrived(7, &[rating(1, 1)])])).await;
    assert_eq!(stored.foreign.len(), 1);
}

#[tokio::test]
async fn every_event_comes_back_as_it_was_sent() {
    let office = Office::open().await;
    let mends = json!({
        "n": 4, "kind": "noted", "boot_ms": 4_000, "wall_ms": NOON, "about": "day",
        "text": "two tills", "mends_run": "01".repeat(16), "mends_n": 3,
    });
    let call =
        json!({ "n": 5, "kind": "called", "boot_ms": 5_000, "wall_ms": NOON, "step": "asked" });
    let mut replacing = rating(6, 2);
    (replacing["replaces"], replacing["misuse"]) = (json!(1), json!("burst"));
    let newer = json!({ "n": 7, "kind": "hummed", "boot_ms": 7_000, "wall_ms": NOON, "tune": 9 });
    let mut glance = rating(8, 1);
    glance["input"] = json!("glance");
    let events = [rating(1, 5), answer(2, 1, "queue"), mends, call, replacing, newer, glance];
    office.store(shipment(vec![arrived(1, &events)])).await;
    let page = office.archive.page((0, 0, 0), 3).await.unwrap();
    let rest = office.archive.page(page[2].0, 100).await.unwrap();
    let rows: Vec<_> = page.iter().chain(&rest).map(|(_, row)| row).collect();
    assert_eq!(rows.len(), events.len());
    for (row, event) in rows.iter().zip(&events) {
        let sent = delivery::read(event).unwrap();
        let fields = sent.said.map(|said| said.fields()).unwrap_or_default();
        assert_eq!((row.n, &row.kind, &row.fields), (sent.n, &sent.kind, &fields));
        assert_eq!((row.kiosk.as_str(), row.zone.as_str()), (KIOSK, "Europe/Helsinki"));
        assert_eq!(row.received, "2026-11-20T12:00:00.000Z");
    }
}

#[tokio::test]
async fn related_events_are_found_by_indices() {
    let office = Office::open().await;
    let plan = |condition: &'static str| {
        office.archive.read("explain", move |tx| {
            Box::pin(async move {
                let (columns, from) = (facts::COLUMNS, facts::FROM);
                let sql = format!(
                    "explain query plan select {columns} from {from} \
                    where event.kiosk = $1 and event.run = $2 and {condition}"
                );
                let rows = tx.rows(&sql, &values![1, 1, 1, 9]).await?;
                rows.iter().map(|row| row.get::<String>("detail")).collect::<Result<Vec<_>, _>>()
            })
        })
    };
    for (condition, index) in [
        ("event.n >= $3 and event.n <= $4", "PRIMARY KEY (kiosk=? AND run=? AND n>? AND n<?)"),
        (
            "event.replaces >= $3 and event.replaces <= $4",
            "INDEX event_by_correction (kiosk=? AND run=? AND replaces>? AND replaces<?)",
        ),
        (
            "event.rating_n >= $3 and event.rating_n <= $4",
            "INDEX event_by_rating (kiosk=? AND run=? AND rating_n>? AND rating_n<?)",
        ),
        (
            "event.boot_ms between $3 and $4 order by event.boot_ms, event.n limit 9",
            "INDEX event_by_instant (kiosk=? AND run=? AND boot_ms>? AND boot_ms<?)",
        ),
    ] {
        let plan = plan(condition).await.unwrap();
        assert!(plan.iter().any(|step| step.contains(index)), "{condition}: {plan:#?}");
        assert!(!plan.iter().any(|step| step.contains("SCAN")), "{condition}: {plan:#?}");
    }
}

/// One event of a run, with all that others depend on.
fn any_event() -> impl Strategy<Value = Json> {
    let press = (1..=40u32, 1..=5u8, 0..6u32, any::<bool>(), 0..3u8);
    let press = press.prop_map(|(n, score, back, is_old, word)| {
        let mut event = rating(n, score);
        if back > 0 && back < n {
            event["replaces"] = json!(n - back);
        }
        if is_old {
            event["misuse_rule"] = json!(1);
            event["boot_ms"] = json!(n * 30);
        }
        if word > 0 {
            event["misuse"] = json!(["held", "burst"][usize::from(word - 1)]);
        }
        event
    });
    let answer = (2..=40u32, 1..6u32, 0..3u8).prop_map(|(n, back, reason)| {
        answer(n, n.saturating_sub(back).max(1), ["queue", "staff", "range"][usize::from(reason)])
    });
    let other = (1..=40u32)
        .prop_map(|n| json!({ "n": n, "kind": "hummed", "boot_ms": n * 1_000, "wall_ms": NOON }));
    prop_oneof![6 => press, 3 => answer, 1 => other]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Whatever arrives in whatever order, is dated again or judged again: the tallies are what
    /// counting every event gives.
    #[test]
    fn tallies_stay_exact(
        deliveries in prop::collection::vec(
            (1..=3u8, prop::collection::vec(any_event(), 0..12), prop::option::of(0..72i64)),
            1..8,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let is_exact = runtime.block_on(async {
            let office = Office::open().await;
            for (run, events, hours) in deliveries {
                let mut delivery = shipment(vec![arrived(run, &events)]);
                let ago = hours.map(|hours| told(run, NOON - hours * 3_600_000));
                delivery.anchors.extend(ago);
                office.store(delivery).await;
                if !office.is_exact().await {
                    return false;
                }
            }
            while office.archive.date_more(String::new()).await.unwrap().is_some() {}
            office.is_exact().await
        });
        prop_assert!(is_exact);
    }

    /// Whatever is deleted in between, and sent again: the tallies are what counting every event
    /// gives, and what was deleted stays so.
    #[test]
    fn deletions_keep_tallies_exact_and_stay(
        bouts in prop::collection::vec(
            (
                1..=2u8,
                prop::collection::vec(any_event(), 0..12),
                prop::option::of(0..72i64),
                prop::collection::vec((1..=2u8, 1..=40u32), 0..6),
            ),
            1..7,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let office = Office::open().await;
            let mut deleted = BTreeSet::new();
            for (run, events, hours, doomed) in &bouts {
                let mut delivery = shipment(vec![arrived(*run, events)]);
                delivery.anchors.extend(hours.map(|hours| told(*run, NOON - hours * 3_600_000)));
                office.store(delivery).await;
                let of = |(run, n): &(u8, u32)| RatingId { run: RunId([*run; 16]), n: *n };
                let ids: Vec<RatingId> = doomed.iter().map(of).collect();
                let there = office.archive.doomed(KIOSK.to_owned(), ids.clone()).await.unwrap();
                let there: BTreeSet<RatingId> = there.iter().map(|doomed| doomed.id).collect();
                let count = office.archive.delete(KIOSK.to_owned(), ids).await.unwrap();
                assert_eq!(count, u64::try_from(there.len()).unwrap());
                deleted.extend(there);
                assert!(office.is_exact().await);
            }
            while office.archive.date_more(String::new()).await.unwrap().is_some() {}
            for (run, events, ..) in &bouts {
                office.store(shipment(vec![arrived(*run, events)])).await;
            }
            assert!(office.is_exact().await);
            let stored = office.archive.page((0, 0, 0), 1_000).await.unwrap();
            for (_, event) in stored {
                let id = RatingId { run: event.run.parse().unwrap(), n: event.n };
                assert!(!deleted.contains(&id), "{id:?} came back");
            }
        });
    }
}
