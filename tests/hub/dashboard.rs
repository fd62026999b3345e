//! Tests of the dashboard, as the page that a browser gets.

use serde_json::{Value, json};
use smilepost::feedback::moment;
use smilepost::hub::archive::{Kiosk, Scope};
use smilepost::hub::settings::Limits;
use smilepost::zones::Zones;

use crate::hub::{NOON, NOW, RUN, Scene, delivery, rating};

/// The page's text without its tags, spaces folded.
fn text(page: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    // What is isolated stands in the line all the same.
    for c in page.replace("<bdi>", "").replace("</bdi>", "").chars() {
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

#[tokio::test(flavor = "multi_thread")]
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

#[tokio::test(flavor = "multi_thread")]
async fn another_wording_or_scale_is_a_line_of_its_own() {
    let scene = Scene::new().await;
    let mut reworded = rating(3, 1);
    reworded["question_version"] = json!(2);
    let mut of_three = rating(4, 3);
    of_three["question_version"] = json!(2);
    of_three["scale"] = json!(3);
    for (event, hours) in [(&mut reworded, 1), (&mut of_three, 2)] {
        event["wall_ms"] = json!(NOON + hours * 3_600_000);
    }
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

#[tokio::test(flavor = "multi_thread")]
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

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_is_none_is_said_to_be_none() {
    let scene = Scene::new().await;
    for bad in ["%3Cscript%3E", "2026-02-30", "-262143-01-01", "262142-12-31"] {
        let (status, page) = scene.page(&format!("/?date={bad}")).await;
        assert_eq!(status, 400, "{bad}");
        assert!(page.contains("is not a date such as 2026-11-20"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_no_script_and_loads_nothing_from_elsewhere() {
    let scene = Scene::new().await;
    let url = format!("http://{}/", scene.dashboard);
    let answer = scene.client.get(url).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap();
    for absent in ["<script", "style=", "src=", "http://", "https://"] {
        assert!(!page.contains(absent), "{absent}");
    }
}

/// Event `n`: a step of a call at this instant.
fn called(n: u32, step: &str, utc_ms: i64) -> Value {
    json!({ "n": n, "kind": "called", "boot_ms": n, "wall_ms": utc_ms, "step": step })
}

/// Event `n`: a note of the shop manager.
fn noted(n: u32, about: &str, text: &str) -> Value {
    let wall_ms = NOON + i64::from(n) * 60_000;
    json!({
        "n": n, "kind": "noted", "boot_ms": n, "wall_ms": wall_ms, "about": about, "text": text,
    })
}

/// The time of day in the shop.
fn in_shop(utc_ms: i64) -> String {
    let zone = Zones::of_system().zone("Europe/Helsinki").unwrap();
    moment::local_text(utc_ms, &zone).split_off("2026-11-20 ".len())
}

/// Delivers events and returns today's page.
async fn today(scene: &Scene, events: &[Value]) -> String {
    scene.receipt(&delivery(events)).await;
    let (status, page) = scene.page("/").await;
    assert_eq!(status, 200);
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_who_waits_is_an_alarm_until_somebody_answers() {
    let scene = Scene::new().await;
    let asked_ms = NOW - 10_000;
    let page = today(&scene, &[called(1, "asked", asked_ms)]).await;
    let said = format!(
        "A shopper asked for somebody at {} (Checkout &lt;1&gt;); nobody has answered yet",
        in_shop(asked_ms)
    );
    assert!(text(&page).contains(&said), "{said}\nis not in\n{}", text(&page));
    assert!(page.contains("<p class=\"alarm\" role=\"alert\">A shopper asked"));
    let (_, other_day) = scene.page("/?date=2020-02-02").await;
    assert!(!other_day.contains("nobody has answered yet"), "an older day has no alarms");
    for step in ["coming", "missed"] {
        let scene = Scene::new().await;
        let events = [called(1, "asked", asked_ms), called(2, step, asked_ms + 5_000)];
        let page = today(&scene, &events).await;
        assert!(!page.contains("nobody has answered yet"), "{step}");
        let again = [&events[..], &[called(3, "asked", asked_ms + 9_000)]].concat();
        assert!(today(&scene, &again).await.contains("nobody has answered yet"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_a_quarter_of_an_hour_old_is_no_alarm() {
    let scene = Scene::new().await;
    let minutes_ago = |minutes: i64| NOW - minutes * 60_000;
    let page = today(&scene, &[called(1, "asked", minutes_ago(16))]).await;
    assert!(!page.contains("nobody has answered yet"));
    let page = today(&scene, &[called(2, "asked", minutes_ago(14))]).await;
    assert!(page.contains("nobody has answered yet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kiosk_answers_for_its_own_shoppers() {
    let scene = Scene::new().await;
    let exit = Kiosk {
        id: "kallio-exit".to_owned(),
        shop: "kallio".to_owned(),
        touchpoint: "Exit".to_owned(),
    };
    assert!(scene.archive.add_kiosk(exit).await.unwrap());
    let now_ms = NOW;
    scene.receipt(&delivery(&[called(1, "asked", now_ms - 20_000)])).await;
    let bearer = format!("Bearer {}", scene.enrol_anew("kallio-exit").await);
    let mut of_exit = delivery(&[called(1, "asked", now_ms - 15_000)]);
    of_exit["runs"][0]["run"] = json!("f".repeat(32));
    let mut answered = delivery(&[called(2, "coming", now_ms - 5_000)]);
    answered["runs"][0]["run"] = json!("f".repeat(32));
    for (delivery, waiting) in [(of_exit, 2), (answered, 1)] {
        let headers = [("authorization", bearer.as_str())];
        let body = delivery.to_string().into_bytes();
        assert_eq!(scene.post("/v1/deliveries", &headers, body).await.0, 200);
        let (_, page) = scene.page("/").await;
        assert_eq!(page.matches("nobody has answered yet").count(), waiting);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_says_how_often_shoppers_asked_and_what_came_of_it() {
    let scene = Scene::new().await;
    let steps = ["asked", "coming", "asked", "missed", "asked", "coming", "waved"];
    let events: Vec<Value> =
        (1..).zip(steps).map(|(n, step)| called(n, step, NOON + i64::from(n) * 1_000)).collect();
    scene.receipt(&delivery(&events)).await;
    let (_, page) = scene.page("/?date=2026-11-20").await;
    let said = "Shoppers who asked for somebody: 3; somebody came: 2; nobody came: 1";
    assert!(text(&page).contains(said), "{}", text(&page));
    let (_, other_day) = scene.page("/?date=2026-11-21").await;
    assert!(!other_day.contains("asked for somebody"), "nothing is said where nobody asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_shows_its_notes_with_their_time() {
    let scene = Scene::new().await;
    let notes = [
        noted(1, "day", "<script>alert(1)</script>"),
        noted(2, "alert", ""),
        noted(3, "alert", "called the second shift"),
        noted(4, "notice", "two more tills"),
    ];
    scene.receipt(&delivery(&notes)).await;
    let (_, page) = scene.page("/?date=2026-11-20").await;
    assert!(!page.contains("<script"), "nothing that a browser would run: {page}");
    let shown = text(&page);
    let places = [
        "Notes 14:01 &lt;script&gt;alert(1)&lt;/script&gt; (Checkout &lt;1&gt;)",
        "14:03 called the second shift (Checkout &lt;1&gt;, about an alert)",
        "14:04 two more tills (Checkout &lt;1&gt;, said to shoppers)",
    ]
    .map(|note| shown.find(note).unwrap_or_else(|| panic!("{note} is not in {shown}")));
    assert!(places.is_sorted(), "in the order in which they were written");
    assert!(!shown.contains("14:02"), "a note without words says nothing");
    let (_, other_day) = scene.page("/?date=2026-11-21").await;
    assert!(!other_day.contains("Notes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_was_mended_or_withdrawn_is_shown_as_it_stands() {
    let scene = Scene::new().await;
    let of = |note: Value, earlier: u32| {
        let mut note = note;
        note["mends_run"] = RUN.into();
        note["mends_n"] = earlier.into();
        note
    };
    let notes = [
        noted(1, "day", "opend a till"),
        noted(2, "day", "a name"),
        of(noted(3, "day", "opened a till"), 1),
        of(noted(4, "withdrawn", ""), 2),
        noted(5, "notice", "two more tills"),
    ];
    scene.receipt(&delivery(&notes)).await;
    let (_, page) = scene.page("/?date=2026-11-20").await;
    let shown = text(&page);
    assert!(shown.contains("14:01 opened a till"), "{shown}");
    for gone in ["opend a till", "a name", "14:03", "14:04"] {
        assert!(!shown.contains(gone), "{gone}: {shown}");
    }
    assert!(shown.contains("14:05 two more tills"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_shows_its_newest_notes_and_how_many_came_before_them() {
    let scene = Scene::new().await;
    let notes: Vec<Value> = (1..=22).map(|n| noted(n, "day", &format!("note {n}."))).collect();
    scene.receipt(&delivery(&notes)).await;
    let (_, page) = scene.page("/?date=2026-11-20").await;
    let shown = text(&page);
    assert!(shown.contains("The newest 20; before them: 2"), "{shown}");
    assert_eq!(page.matches("<li>").count(), 20);
    assert!(shown.contains("note 22.") && !shown.contains("note 2."));
}

/// A rating of a question under this name.
fn of(question: &str, n: u32) -> Value {
    let mut rating = rating(n, 5);
    (rating["question"], rating["wall_ms"]) = (json!(question), json!(NOON));
    rating
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_has_a_bounded_number_of_lines_and_the_rest_is_summed_and_said() {
    let scene = Scene::new().await;
    let events: Vec<Value> = (1..=400).map(|n| of(&format!("q{n}"), n)).collect();
    scene.receipt(&delivery(&events)).await;
    scene.receipt(&delivery(&[of("q400", 401), of("q400", 402)])).await;
    let day = scene.day().await;
    assert_eq!(day.lines.each().count(), 20);
    assert_eq!((day.others.questions, day.others.ratings), (380, 380));
    let (_, page) = scene.page("/?date=2026-11-20").await;
    let said = "380 ratings of 380 other questions are counted here together";
    assert!(text(&page).contains(said), "{}", text(&page));
    assert_eq!(page.matches("<h3>").count(), 20);
    assert!(page.contains("<bdi>q400</bdi>, version 1"), "what has most ratings has a line");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_was_given_a_survey_has_lines_for_its_questions_alone() {
    let scene = Scene::new().await;
    let survey = json!({ "version": 1, "questions": [
        { "id": "bakery", "version": 3, "scale": 5 },
    ]});
    let scope = Scope { touchpoint: Some("Checkout <1>".to_owned()), ..Scope::default() };
    let number = scene.archive.publish(scope, Some(survey.to_string()), NOW).await.unwrap();
    let mut bakery = of("bakery", 1);
    bakery["question_version"] = json!(3);
    let mut reworded = of("bakery", 2);
    reworded["question_version"] = json!(4);
    let events = [bakery, reworded, of("noise", 3), of("checkout", 4)];
    assert_eq!(scene.receipt(&delivery(&events)).await.publication, number);
    let day = scene.day().await;
    let lines: Vec<_> = day.lines.each().map(|(line, _)| line.question.as_str()).collect();
    assert_eq!(lines, ["bakery", "checkout"], "one was published and one is built in");
    assert_eq!((day.others.questions, day.others.ratings), (2, 2));
    // What was published once keeps its line after it was withdrawn.
    let scope = Scope { touchpoint: Some("Checkout <1>".to_owned()), ..Scope::default() };
    scene.archive.publish(scope, None, NOW).await.unwrap();
    scene.receipt(&delivery(&[of("noise", 5)])).await;
    assert_eq!(scene.day().await.lines.each().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_made_once_for_everybody_who_asks_within_a_few_seconds() {
    let scene = Scene::with(Limits::default()).await;
    let (_, first) = scene.page("/?date=2026-11-20").await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    assert_eq!(scene.page("/?date=2026-11-20").await.1, first, "it was made just now");
    let (_, today) = scene.page("/").await;
    assert!(text(&today).contains("Ratings 1 "), "another page is another page");
}
