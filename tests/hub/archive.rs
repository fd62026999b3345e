//! Tests of the archive: older misuse rules, and boots without a time.

use serde_json::{Value, json};
use smilepost::feedback::event::fields::Field;
use smilepost::hub::archive::Archive;
use smilepost::wire::report::Reported;

use crate::hub::{BOOT, NOON, RUN, Scene, delivery, rating};

async fn misuse(archive: &Archive) -> Vec<(u32, Option<String>)> {
    let page = archive.page((0, 0, 0), 100).await.unwrap();
    let reason = |row: &Reported| row.fields.text(Field::Misuse).map(str::to_owned);
    page.iter().map(|(_, row)| (row.n, reason(row))).collect()
}

/// A press of a button, `boot_ms` milliseconds after its boot, judged by these rules.
fn press(n: u32, boot_ms: u32, rule: u16) -> Value {
    let mut press = rating(n, 5);
    press["boot_ms"] = boot_ms.into();
    press["misuse_rule"] = rule.into();
    press
}

#[tokio::test(flavor = "multi_thread")]
async fn presses_that_older_rules_judged_are_judged_again_as_they_arrive() {
    let scene = Scene::new().await;
    // Today's rules have judged presses 3 and 4, so that verdict stays.
    let presses = [press(1, 1_000, 1), press(2, 1_030, 1), press(3, 9_000, 2), press(4, 9_030, 2)];
    scene.receipt(&delivery(&presses)).await;
    let bounce = Some("bounce".to_owned());
    let expected = [(1, None), (2, bounce), (3, None), (4, None)];
    assert_eq!(misuse(&scene.archive).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn presses_of_a_kiosk_whose_rules_are_off_are_never_judged() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[press(1, 1_000, 0), press(2, 1_030, 0)])).await;
    assert_eq!(misuse(&scene.archive).await, [(1, None), (2, None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_without_a_time_is_bounded_by_the_boots_around_it() {
    let scene = Scene::new().await;
    let boot = |digit: &str| digit.repeat(32);
    let run = |at: &str, n: u32| {
        let mut event = rating(n, 3);
        event["wall_ms"] = json!(12);
        event["boot_ms"] = json!(60_000);
        let mut delivery = delivery(&[event]);
        delivery["runs"][0]["run"] = boot(at).into();
        delivery["runs"][0]["boot"] = boot(at).into();
        delivery
    };
    let anchored = |at: &str, utc_ms: i64| {
        let mut delivery = run(at, 1);
        delivery["boots"] = json!([{ "boot": boot(at), "anchors": [
            { "boot_ms": 60_000, "utc_ms": utc_ms, "error_ms": 5, "source": "hub" },
        ]}]);
        delivery
    };
    scene.receipt(&anchored("1", NOON)).await;
    scene.receipt(&run("2", 1)).await;
    scene.receipt(&anchored("3", NOON + 3_600_000)).await;
    let page = scene.archive.page((0, 0, 0), 100).await.unwrap();
    let rows: Vec<_> = page.into_iter().map(|(_, row)| row).collect();
    let qualities: Vec<&str> = rows.iter().map(|row| row.quality.as_str()).collect();
    assert_eq!(qualities, ["exact", "bounded", "exact"]);
    let bounds = (rows[1].earliest.as_deref().unwrap(), rows[1].latest.as_deref().unwrap());
    // A minute of its own boot had gone before it, and the next boot was a minute old when it knew
    // the time.
    assert_eq!(bounds, ("2026-11-20T12:01:00.000Z", "2026-11-20T12:59:00.000Z"));
    assert_eq!(rows[1].run, boot("2"));
    assert_ne!(rows[1].run, RUN);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_known_late_dates_everything_before_it_bit_by_bit() {
    const EVENTS: u32 = 5_000;
    let scene = Scene::new().await;
    let unsure = |n: u32| {
        let mut event = rating(n, 3);
        (event["boot_ms"], event["wall_ms"]) = (json!(n * 1_000), json!(12));
        event
    };
    let numbers: Vec<u32> = (1..=EVENTS).collect();
    for numbers in numbers.chunks(500) {
        let events: Vec<Value> = numbers.iter().map(|&n| unsure(n)).collect();
        scene.receipt(&delivery(&events)).await;
    }
    let exact = || async {
        let page = scene.archive.page((0, 0, 0), 10_000).await.unwrap();
        let exact = page.iter().filter(|(_, row)| row.quality == "exact");
        exact.map(|(_, row)| (row.n, row.utc.clone())).collect::<Vec<_>>()
    };
    assert_eq!(exact().await, []);
    let mut late = delivery(&[unsure(EVENTS + 1)]);
    late["boots"] = json!([{ "boot": BOOT, "anchors": [
        { "boot_ms": 1_000, "utc_ms": NOON, "error_ms": 5, "source": "hub" },
    ]}]);
    scene.receipt(&late).await;
    // The hub works at it by itself too.
    while scene.archive.date_more(String::new()).await.unwrap().is_some() {}
    let exact = exact().await;
    assert_eq!(exact.len(), 5_001);
    let (n, time) = &exact[3_600];
    assert_eq!((*n, time.as_str()), (3_601, "2026-11-20T13:00:00.000Z"));
}
