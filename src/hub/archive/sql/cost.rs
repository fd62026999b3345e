//! What storing a delivery costs: as much beside a long history as beside a short one. So does the
//! list of kiosks beside many former tokens.
//!
//! Cost is counted in steps of SQLite's machine, so that it is the same on every computer. To try
//! another history or delivery, add a line to [`HISTORIES`] or [`deliveries`].

mod histories;

use serde_json::{Value, json};

use self::histories::{BEGIN, HISTORIES};
use super::{claims, ingest, kiosks};
use crate::feedback::moment::{Anchor, Source};
use crate::feedback::rating::{BootId, RatingId, RunId};
use crate::hub::archive::events::{Arrived, Incoming, Shipment, Way};
use crate::hub::archive::sqlite::Counting;
use crate::hub::archive::zones::ShopZones;
use crate::wire::delivery::{Counters, canonical, read};
use crate::zones::Zones;

/// 2026-11-20 12:00:00 UTC.
const NOON: i64 = 1_795_176_000_000;

/// More than a delivery dates again, and so much more again.
const SHORT: u32 = 5_000;
const LONG: u32 = 20_000;

fn press(n: u32) -> Value {
    json!({
        "n": n, "kind": "rated", "boot_ms": n * 1_000, "wall_ms": 0, "score": 5, "scale": 5,
        "input": "button", "question": "checkout", "question_version": 1, "language": "en",
    })
}

fn with(mut event: Value, key: &str, value: u32) -> Value {
    event[key] = json!(value);
    event
}

fn arrived(run: RunId, boot: BootId, events: &[Value]) -> Arrived {
    let incoming = |event: &Value| {
        let content = canonical(event);
        let digest = [content.len() as u8; 16];
        Incoming { event: read(event).unwrap(), digest, content }
    };
    Arrived { run, boot, taken: 0, events: events.iter().map(incoming).collect() }
}

/// A delivery about the first run of the history.
fn delivery(events: &[Value]) -> Shipment {
    let (run, boot) = (RunId([0; 16]), BootId([0; 16]));
    Shipment {
        kiosk: "k".to_owned(),
        way: Way::Sent,
        received_ms: NOON,
        app: String::new(),
        anchors: Vec::new(),
        live: None,
        known: None,
        runs: vec![arrived(run, boot, events)],
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

/// New numbers, beyond every history's.
fn new() -> impl Iterator<Item = Value> {
    (100_001..100_051).map(press)
}

fn anchors(boot: BootId, count: u64) -> Vec<(BootId, Anchor)> {
    let anchor = |at: u64| {
        let source = if at.is_multiple_of(2) { Source::Hub } else { Source::Ntp };
        let utc_ms = NOON + at.cast_signed();
        (boot, Anchor { boot_ms: 1_000 * at, utc_ms, error_ms: 1, source })
    };
    (10..10 + count).map(anchor).collect()
}

/// What a kiosk may deliver, each with a name.
fn deliveries() -> Vec<(&'static str, Shipment)> {
    let all = |events: &mut dyn Iterator<Item = Value>| delivery(&events.collect::<Vec<_>>());
    let boots = || (1..=50).map(|n| BootId([n; 16]));
    let plain = || delivery(&[press(100_001)]);
    let lost = |n: u32| {
        json!({
            "n": n, "kind": "lost", "boot_ms": 1, "wall_ms": 0, "lost_run": "00".repeat(16),
            "lost_first": n, "lost_last": n + 5,
        })
    };
    let answer = |n: u32| {
        json!({
            "n": n, "kind": "answered", "boot_ms": 1, "wall_ms": 0, "to": 1, "question": "q",
            "question_version": 1, "language": "en", "follow_up": "reasons", "outcome": "skipped",
        })
    };
    vec![
        ("new ratings", all(&mut new())),
        ("known ratings", all(&mut (1..51).map(press))),
        ("corrections", all(&mut new().map(|event| with(event, "replaces", 1)))),
        ("ratings of older rules", all(&mut new().map(|event| with(event, "misuse_rule", 1)))),
        ("losses", all(&mut (100_001..100_051).map(lost))),
        ("answers", all(&mut (100_001..100_051).map(answer))),
        ("doubt", Shipment { known: Some(u64::MAX), ..plain() }),
        ("another run that lives", Shipment { live: Some(RunId([9; 16])), ..plain() }),
        ("anchors of a known boot", Shipment { anchors: anchors(BootId([0; 16]), 500), ..plain() }),
        (
            "anchors of new boots",
            Shipment { anchors: boots().flat_map(|boot| anchors(boot, 2)).collect(), ..plain() },
        ),
        (
            "new runs",
            Shipment {
                runs: boots().map(|boot| arrived(RunId(boot.0), boot, &[press(1)])).collect(),
                ..plain()
            },
        ),
        (
            "refused events",
            Shipment {
                refused: (200_001..200_051)
                    .map(|n| (RatingId { run: RunId([0; 16]), n }, "why".to_owned()))
                    .collect(),
                ..plain()
            },
        ),
    ]
}

/// An archive with a history of so many rows.
fn archive(history: &str, rows: u32) -> Counting {
    let sql = format!("begin; {BEGIN} {history} commit;");
    Counting::of(&sql.replace(":rows", &rows.to_string()).replace(":noon", &NOON.to_string()))
}

/// How many steps it takes to store a delivery, which is then taken back.
fn steps(archive: &mut Counting, shipment: &Shipment) -> u64 {
    let shipment = shipment.clone();
    let zones = ShopZones::new(Zones::of_system());
    let stored = archive.steps(move |tx| {
        Box::pin(async move {
            let named = claims::name(tx, &shipment).await?;
            ingest::store(tx, &shipment, &named, &zones).await
        })
    });
    stored.0
}

#[test]
fn the_list_of_kiosks_costs_no_more_beside_many_former_tokens() {
    let listed = |tokens: u32| {
        let history = format!(
            "insert into kiosk (id, shop, touchpoint)
             with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
             select 'k' || i, 1, i from n;
             insert into book (kiosk) select no from kiosk where no > 1;
             insert into token (hash, kiosk, made_ms, revoked_ms)
             with recursive n(i) as (select 1 union all select i + 1 from n where i < {tokens})
             select randomblob(32), no, i, iif(i < {tokens}, i, null) from kiosk, n
             where no > 1;"
        );
        let (steps, known) = archive(&history, 200).steps(|tx| Box::pin(kiosks::all(tx)));
        assert_eq!(known.iter().filter(|status| status.is_enrolled).count(), 200);
        steps
    };
    let (few, many) = (listed(1), listed(30));
    assert!(few > 1_000 && many <= few + few / 10, "{few} steps, and then {many}");
}

#[test]
fn no_delivery_costs_more_beside_a_longer_history() {
    let mut dear = Vec::new();
    for (history, sql) in HISTORIES {
        let (mut short, mut long) = (archive(sql, SHORT), archive(sql, LONG));
        for (name, shipment) in deliveries() {
            let (short, long) = (steps(&mut short, &shipment), steps(&mut long, &shipment));
            assert!(short > 100, "{name}: nothing was counted");
            if long > short + short / 10 {
                dear.push(format!("{name} beside {history}: {short} steps, and then {long}"));
            }
        }
    }
    assert!(dear.is_empty(), "{}", dear.join("\n"));
}
