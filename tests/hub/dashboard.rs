//! The dashboard, as the page that a browser gets.

use serde_json::json;

use crate::scene::{Scene, delivery, rating};

/// The page's text without its tags, spaces folded.
fn text(page: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in page.chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_dashboard_says_what_stands_behind_its_numbers() {
    let scene = Scene::new().await;
    let mut repeat = rating(5, 1);
    repeat["misuse"] = json!("repeat");
    let mut corrected = rating(7, 5);
    corrected["replaces"] = json!(6);
    let scores = [(1, 5), (2, 5), (3, 4), (4, 1)].map(|(n, score)| rating(n, score));
    let events = [&scores[..], &[repeat, rating(6, 1), corrected]].concat();
    scene.receipt(&delivery(&events)).await;

    let (status, page) = scene.page("/?date=2026-11-20").await;
    assert_eq!(status, 200);
    let text = text(&page);
    for said in [
        "Nordmarkt Kallio Friday 20 November 2026, Europe/Helsinki",
        "Happy Index 75.0 of 100",
        "CSAT 80.0 % happy; 95 %: 38 to 96 %",
        "Ratings 5 1 not counted, 1 corrected, 7 of unknown time",
        "1 0 0 1 3",
        "kallio-checkout-1 Checkout &lt;1&gt; 0 s ago 3 0",
    ] {
        assert!(text.contains(said), "{said}\nis not in\n{text}");
    }
    let (_, other_day) = scene.page("/?date=2026-11-21").await;
    assert!(self::text(&other_day).contains("Happy Index – of 100"));
}

#[tokio::test]
async fn another_wording_or_scale_is_a_line_of_its_own() {
    let scene = Scene::new().await;
    let mut reworded = rating(3, 1);
    reworded["question_version"] = json!(2);
    let mut of_three = rating(4, 3);
    of_three["question_version"] = json!(2);
    of_three["scale"] = json!(3);
    scene.receipt(&delivery(&[rating(1, 5), rating(2, 4), reworded, of_three])).await;
    let (_, page) = scene.page("/?date=2026-11-20").await;
    let text = text(&page);
    let said = "More than one question or wording was asked: their scores do not compare.";
    assert!(text.contains(said), "{text}");
    let places = [
        "checkout, version 1 Happy Index 87.5 of 100",
        "checkout, version 2 Happy Index 0.0 of 100",
        "checkout, version 2 Happy Index 100.0 of 100",
    ]
    .map(|line| text.find(line).unwrap_or_else(|| panic!("{line} is not in {text}")));
    assert!(places.is_sorted(), "in the order in which they were asked");
}

#[tokio::test]
async fn a_day_ends_at_the_shops_midnight() {
    let scene = Scene::new().await;
    // 21:59 and 22:00 UTC are 23:59 and midnight in Helsinki.
    let mut before = rating(1, 5);
    before["wall_ms"] = json!(1_795_211_940_000_i64);
    let mut after = rating(2, 1);
    after["wall_ms"] = json!(1_795_212_000_000_i64);
    scene.receipt(&delivery(&[before, after])).await;
    let (_, page) = scene.page("/?date=2026-11-20").await;
    assert!(text(&page).contains("Happy Index 100.0 of 100"));
    let (_, page) = scene.page("/?date=2026-11-21").await;
    assert!(text(&page).contains("Happy Index 0.0 of 100"));
}

#[tokio::test]
async fn a_date_that_is_none_is_said_to_be_none() {
    let scene = Scene::new().await;
    for bad in ["%3Cscript%3E", "2026-02-30", "-262143-01-01", "262142-12-31"] {
        let (status, page) = scene.page(&format!("/?date={bad}")).await;
        assert_eq!(status, 400, "{bad}");
        assert!(page.contains("is not a date such as 2026-11-20"));
    }
}

#[tokio::test]
async fn the_page_needs_no_script_and_loads_nothing_from_elsewhere() {
    let scene = Scene::new().await;
    let url = format!("http://{}/", scene.dashboard);
    let answer = scene.client.get(url).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert_eq!(policy, "default-src 'none'; style-src 'unsafe-inline'");
    let page = String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap();
    for absent in ["<script", "src=", "http://", "https://"] {
        assert!(!page.contains(absent), "{absent}");
    }
}
