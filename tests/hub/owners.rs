//! Whose a run and a boot are: what one kiosk sends of another's changes nothing and is told
//! nothing.

use serde_json::{Value, json};
use smilepost::wire::receipt::Settled;

use crate::hub::{BOOT, KIOSK, NOON, RUN, Scene, delivery, rating};

const THIEF: &str = "turku";

/// Everything that the archive holds of a kiosk, as text, but when the kiosk was last heard of.
async fn held(scene: &Scene, kiosk: &str) -> String {
    let books = scene.archive.reconcile(kiosk.to_owned()).await.unwrap();
    let mut status = scene.archive.kiosks().await.unwrap();
    status.retain(|status| status.kiosk.id == kiosk);
    let mut rows = scene.archive.page((0, 0, 0), 10_000).await.unwrap();
    rows.retain(|(_, row)| row.kiosk == kiosk);
    let conflicts = scene.archive.conflicts().await.unwrap();
    let boots = scene.raw().rows(&format!(
        "select boot.uuid, anchor.boot_ms, anchor.utc_ms from kiosk \
         join boot on boot.kiosk = kiosk.no \
         left join anchor on anchor.kiosk = boot.kiosk and anchor.boot = boot.no \
         where kiosk.id = '{kiosk}' order by 1, 2"
    ));
    let day = scene.day().await;
    format!("{books:?}\n{status:?}\n{rows:?}\n{conflicts}\n{boots:?}\n{day:?}")
}

fn anchored(mut delivery: Value, utc_ms: i64) -> Value {
    delivery["boots"] = json!([{ "boot": BOOT, "anchors": [
        { "boot_ms": 60_000, "utc_ms": utc_ms, "error_ms": 0, "source": "ntp" },
    ]}]);
    delivery
}

/// Every way to say something of the owner's run, each as a delivery.
fn thefts() -> Vec<Value> {
    let replacing = |n: u32| {
        let mut event = rating(n, 1);
        event["replaces"] = json!(n - 1);
        event
    };
    let answer = json!({
        "n": 9, "kind": "answered", "boot_ms": 1, "wall_ms": NOON, "to": 2, "follow_up": "reasons",
        "outcome": "skipped",
    });
    let mut malformed = rating(9, 1);
    malformed["score"] = json!(77);
    let mut taken = delivery(&[]);
    taken["runs"][0]["taken"] = json!(4_000_000_000_u32);
    let mut live = delivery(&[]);
    (live["live"], live["runs"]) = (json!(RUN), json!([]));
    let loss = json!({
        "n": 1, "kind": "lost", "boot_ms": 1, "wall_ms": NOON, "lost_run": RUN, "lost_first": 1,
        "lost_last": 500,
    });
    let mut lost = delivery(&[loss]);
    lost["runs"][0]["run"] = json!("a".repeat(32));
    let of_1986 = NOON - 40 * 365 * 86_400_000;
    vec![
        delivery(&[rating(8, 1)]),
        delivery(&[rating(1, 1), rating(2, 5)]),
        delivery(&[replacing(3), replacing(9)]),
        delivery(&[answer]),
        delivery(&[malformed]),
        taken,
        live,
        lost,
        anchored(delivery(&[]), of_1986),
        anchored(delivery(&[rating(8, 1)]), of_1986),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kiosks_token_changes_nothing_of_a_run() {
    let scene = Scene::new().await;
    let thief = scene.stranger(THIEF).await;
    let first = [rating(1, 5), rating(2, 4), rating(3, 5)];
    scene.receipt(&anchored(delivery(&first), NOON)).await;
    let before = held(&scene, KIOSK).await;
    for theft in thefts() {
        let (status, answer) = scene.deliver_by(&thief, &theft).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(held(&scene, KIOSK).await, before, "{theft}");
    }
    // The shopper's own rating 8 comes last and is stored all the same.
    let receipt = scene.receipt(&delivery(&[rating(8, 5)])).await;
    let ranges = vec![(8, 8)];
    assert_eq!(receipt.settled, [Settled { run: RUN.to_owned(), ranges }]);
    assert_eq!((receipt.set_aside, scene.day().await.lines.total()), (vec![], 4));
    let books = scene.archive.reconcile(THIEF.to_owned()).await.unwrap();
    assert!(books.holds, "{books:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_tells_what_another_kiosk_holds() {
    let scene = Scene::new().await;
    let thief = scene.stranger(THIEF).await;
    scene.receipt(&delivery(&[rating(1, 5), rating(2, 4)])).await;
    let ask = async |event: Value| {
        let (status, mut answer) = scene.deliver_by(&thief, &delivery(&[event])).await;
        assert_eq!(status, 200, "{answer}");
        // The number is the thief's own word.
        answer["set_aside"][0]["n"] = json!(0);
        answer
    };
    let same = ask(rating(1, 5)).await;
    assert_eq!(same["settled"], json!([]));
    for event in [rating(1, 1), rating(2, 4), rating(3, 3), rating(40_000, 1)] {
        assert_eq!(ask(event.clone()).await, same, "{event}");
    }
    // A loss that names the run is answered like one that names a run which nobody has.
    let report = async |n: u32, run: &str| {
        let mut lost = delivery(&[json!({
            "n": n, "kind": "lost", "boot_ms": 1, "wall_ms": NOON, "lost_run": run,
            "lost_first": 1, "lost_last": 5,
        })]);
        lost["runs"][0]["run"] = json!(format!("{n}").repeat(32));
        scene.deliver_by(&thief, &lost).await.1["set_aside"].clone()
    };
    assert_eq!(report(1, RUN).await, report(2, &"e".repeat(32)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_kiosks_on_one_machine_share_its_boot_and_date_their_own_events() {
    let scene = Scene::new().await;
    let other = scene.stranger(THIEF).await;
    scene.receipt(&anchored(delivery(&[rating(1, 5)]), NOON)).await;
    let mut beside = anchored(delivery(&[rating(1, 5)]), NOON + 1_000);
    beside["runs"][0]["run"] = json!("a".repeat(32));
    let (status, answer) = scene.deliver_by(&other, &beside).await;
    assert_eq!((status, &answer["set_aside"]), (200, &json!([])), "{answer}");
    let page = scene.archive.page((0, 0, 0), 10).await.unwrap();
    let rows: Vec<_> = page.iter().map(|(_, row)| (row.kiosk.as_str(), row.utc.as_str())).collect();
    assert_eq!(rows, [(KIOSK, "2026-11-20T12:00:00.000Z"), (THIEF, "2026-11-20T12:00:01.000Z")]);
}
