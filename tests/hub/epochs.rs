//! What moves a kiosk, or every kiosk, to offer everything again.

use serde_json::json;

use crate::hub::{KIOSK, NOW, Scene, delivery, rating};

/// What a kiosk is told when it says that it knows of so many events.
async fn told(scene: &Scene, token: &str, known: u64) -> u64 {
    let mut delivery = delivery(&[]);
    (delivery["known"], delivery["runs"]) = (json!(known), json!([]));
    let (status, answer) = scene.deliver_by(token, &delivery).await;
    assert_eq!(status, 200, "{answer}");
    answer["hub_epoch"].as_u64().unwrap()
}

/// So long ago was every kiosk's epoch drawn last.
fn wait(scene: &Scene, ms: i64) {
    scene.raw().execute(&format!("update book set epoch_drawn_ms = {}", NOW - ms));
}

const HOUR_MS: i64 = 3_600_000;

#[tokio::test(flavor = "multi_thread")]
async fn one_kiosks_word_moves_that_kiosk_alone_and_once_an_hour() {
    let scene = Scene::new().await;
    let liar = scene.stranger("turku").await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    let honest = told(&scene, &scene.token, 1).await;
    let first = told(&scene, &liar, 0).await;
    assert_eq!(first, honest, "no epoch was drawn yet");
    let second = told(&scene, &liar, u64::MAX).await;
    assert_ne!(second, first);
    for _ in 0..5 {
        assert_eq!(told(&scene, &liar, u64::MAX).await, second, "within the hour");
    }
    wait(&scene, HOUR_MS + 1);
    assert_ne!(told(&scene, &liar, u64::MAX).await, second);
    assert_eq!(told(&scene, &scene.token, 1).await, honest, "nobody else is moved");
    let published = scene.archive.epoch(KIOSK.to_owned()).await.unwrap();
    assert_eq!(published, honest, "a survey is named by the epoch of the receipt");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_kiosks_of_one_shop_and_one_of_another_do_not_move_the_chain() {
    let scene = Scene::new().await;
    let before = told(&scene, &scene.token, 0).await;
    let mut liars = Vec::new();
    for name in ["turku", "tampere"] {
        liars.push(scene.stranger(name).await);
    }
    for liar in &liars {
        assert_ne!(told(&scene, liar, 9).await, before);
        assert_eq!(told(&scene, &scene.token, 0).await, before, "two shops are not enough");
    }
    let third = scene.stranger("oulu").await;
    // Those who doubted an hour ago do not count with those of today.
    wait(&scene, HOUR_MS + 1);
    assert_ne!(told(&scene, &third, 9).await, before);
    assert_eq!(told(&scene, &scene.token, 0).await, before);
    for liar in &liars {
        told(&scene, liar, 9).await;
    }
    let after = told(&scene, &scene.token, 0).await;
    assert_ne!(after, before, "three shops agree");
    wait(&scene, HOUR_MS + 1);
    for liar in liars.iter().chain([&third]) {
        told(&scene, liar, 9).await;
    }
    assert_eq!(told(&scene, &scene.token, 0).await, after, "and not again on the same day");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_says_that_the_archive_was_restored_moves_every_kiosk() {
    let scene = Scene::new().await;
    let other = scene.stranger("turku").await;
    let before = [told(&scene, &scene.token, 0).await, told(&scene, &other, 9).await];
    scene.archive.renew_epoch().await.unwrap();
    let after = [told(&scene, &scene.token, 0).await, told(&scene, &other, 9).await];
    assert!(before[0] != after[0] && before[1] != after[1]);
}
