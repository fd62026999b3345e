//! Tests of what a kiosk finds when it examines itself, at head office, and of what head office
//! finds.

use serde_json::{Value, json};
use smilepost::hub::commands::kiosks;
use smilepost::wire::delivery::{FINDING_CHARS_MAX, FINDINGS_MAX};

use crate::hub::{NOW, Scene, delivery, rating};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kiosk_finds_of_itself_is_on_the_page_and_in_the_list() {
    let scene = Scene::new().await;
    let mut told = delivery(&[rating(1, 5)]);
    told["findings"] = json!([
        { "is_wrong": true, "text": "sound: <b>no</b> player" },
        { "text": "stick: none\u{1b}[2J", "since": "a field of the future" },
    ]);
    scene.receipt(&told).await;
    let list = async || kiosks::list(&scene.archive, u64::MAX, NOW).await.unwrap();
    let page = async || scene.page("/").await.1;
    let said = list().await;
    assert!(said.contains("\tWRONG: sound: <b>no</b> player\tnote: stick: none"), "{said}");
    assert!(!said.contains('\u{1b}') && said.lines().count() == 1, "{said}");
    let shown = page().await;
    assert!(shown.contains("reports: <bdi>sound: &lt;b&gt;no&lt;/b&gt; player"), "{shown}");
    assert_eq!(shown.matches("role=\"alert\"").count(), 1, "{shown}");
    assert!(shown.contains("<details>") && shown.contains("stick: none"), "{shown}");
    // What was told stays until there is news; an older kiosk never has any.
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    assert!(list().await.contains("WRONG: sound"));
    told["findings"] = json!([]);
    scene.receipt(&told).await;
    let said = list().await;
    assert!(!said.contains("WRONG") && !said.contains("note:"), "{said}");
    let shown = page().await;
    assert!(!shown.contains("reports:") && !shown.contains("<details>"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kiosk_fills_the_page_with_findings() {
    let scene = Scene::new().await;
    let mut told = delivery(&[rating(1, 5)]);
    let finding = json!({ "is_wrong": true, "text": "é".repeat(5_000) });
    told["findings"] = vec![finding; 40].into();
    scene.receipt(&told).await;
    let kept = &scene.archive.kiosks().await.unwrap()[0].findings;
    assert_eq!(kept.len(), FINDINGS_MAX);
    assert!(kept.iter().all(|finding| finding.text.chars().count() == FINDING_CHARS_MAX));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_both_sides_name_is_one_alarm() {
    let scene = Scene::new().await;
    let mut told = delivery(&[rating(1, 5)]);
    told["zone"] = json!("Asia/Baku");
    told["findings"] = json!([{ "is_wrong": true, "text": "time zone: Asia/Baku in kiosk.toml" }]);
    scene.receipt(&told).await;
    let (_, shown) = scene.page("/").await;
    assert_eq!(shown.matches("role=\"alert\"").count(), 1, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_can_store_nothing_is_not_ready_and_its_page_says_why() {
    let scene = Scene::new().await;
    // What a delivery needs is not there; a write of a few bytes would not notice.
    scene.raw().execute("alter table rehearsal rename to away");
    scene.raw().execute("update meta set value = value");
    let (status, said) = scene.ready().await;
    let refusal: Value = serde_json::from_str(&said).unwrap();
    let refused = refusal["refused"].as_str().unwrap();
    assert_eq!(status, 503, "{said}");
    assert!(refused.contains("head office cannot store deliveries"), "{refused}");
    let (status, page) = scene.page("/").await;
    assert_eq!(status, 200, "the numbers can be read");
    let alarm = "class=\"alarm\" role=\"alert\">Head office cannot store deliveries";
    assert!(page.contains(alarm), "{page}");
}
