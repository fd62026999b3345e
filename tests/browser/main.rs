//! Tests of pages in a real browser: Debian's chromium, without a window.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod desk;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/events.rs"]
mod events;
#[expect(dead_code, reason = "the hub's tests use the rest of it")]
#[path = "../support/hub.rs"]
mod hub;
#[path = "../support/kiosk.rs"]
mod kiosk;
#[path = "../support/noon.rs"]
mod noon;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/started.rs"]
mod started;
#[path = "../support/wait.rs"]
mod wait;

use std::process::Command;

use hub::{Scene, delivery, rating};

/// The document of a page after layout in the browser.
fn open(url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        .args(["--no-first-run", "--disable-component-update", "--disable-sync", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(url)
        .output()
        .expect("this test needs Debian's chromium");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_move() {
    let scene = Scene::new().await;
    let url = format!("http://{}/?date=2026-11-20", scene.dashboard);
    let value = |page: &str, name: &str| {
        let marker = format!("<span class=\"name\">{name}</span><span class=\"value\">");
        let (_, rest) = page.split_once(&marker).unwrap_or_else(|| panic!("no {name} in {page}"));
        rest.split('<').next().unwrap().to_owned()
    };
    let seen = |page: &str| (value(page, "Happy Index"), value(page, "Ratings"));
    assert_eq!(seen(&open(&url)), ("–".to_owned(), "0".to_owned()));
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    assert_eq!(seen(&open(&url)), ("100.0".to_owned(), "1".to_owned()));
    scene.receipt(&delivery(&[rating(1, 5), rating(2, 1)])).await;
    assert_eq!(seen(&open(&url)), ("50.0".to_owned(), "2".to_owned()));
}
