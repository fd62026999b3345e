//! A kiosk that asks the hub for as much as it can, beside one that wants to deliver a rating.
//!
//! To add a case, add a line to [`GREEDY`](crate::wants::GREEDY).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use smilepost::hub::archive::sqlite::FILE;
use smilepost::hub::settings::{Limits, MIB};
use tokio::task::JoinSet;

use crate::hub::{KIOSK, Scene, delivery, rating};
use crate::parties::Site;
use crate::terminal::send;
use crate::wants::{GREEDY, Greedy};

const GREEDY_KIOSK: &str = "turku";

/// How many requests the greedy kiosk has open at once, as far as it is up to it.
const AT_ONCE: usize = 8;

/// How many ratings the other kiosk delivers meanwhile.
const RATINGS: u32 = 10;

/// Asks until it is told to stop.
async fn ask(scene: Arc<Scene>, token: String, greedy: &'static Greedy, stop: Arc<AtomicBool>) {
    let bearer = format!("Bearer {token}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for i in 0.. {
        let (path, body) = (greedy.request)(i % 50);
        let request = client.post(format!("http://{}{path}", scene.kiosks));
        let answer = request.header("authorization", &bearer).body(body).send().await;
        // A connection serves so many requests, and whoever sends on it then hears nothing.
        if let Ok(answer) = answer {
            assert_ne!(answer.status(), 500, "{}", greedy.name);
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
}

/// A delivery of the canary's: one rating.
fn one(n: u32) -> Value {
    let mut delivery = delivery(&[rating(n, 5)]);
    delivery["counters"] = json!({ "taken": n, "settled": n - 1, "set_aside": 0, "waiting": 1 });
    delivery["runs"][0]["taken"] = json!(n);
    delivery
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greedy_kiosk_keeps_no_other_out_and_its_books_are_right() {
    for greedy in GREEDY {
        let limits = Limits { requests_per_minute: 1_000_000, ..Limits::default() };
        let scene = Arc::new(Scene::with(limits).await);
        let token = scene.stranger(GREEDY_KIOSK).await;
        scene.receipt(&one(1)).await;
        let stop = Arc::new(AtomicBool::new(false));
        let mut asking = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (scene, token, stop) = (Arc::clone(&scene), token.clone(), Arc::clone(&stop));
            asking.spawn(ask(scene, token, greedy, stop));
        }
        for n in 2..=RATINGS {
            let (status, answer) = scene.deliver(&one(n)).await;
            assert_eq!(status, 200, "{}: {answer}", greedy.name);
        }
        stop.store(true, Ordering::Relaxed);
        asking.join_all().await;
        for kiosk in [KIOSK, GREEDY_KIOSK] {
            let books = scene.archive.reconcile(kiosk.to_owned()).await.unwrap();
            // What the greedy kiosk says of itself is its own matter.
            let adds_up =
                books.taken == books.stored + books.set_aside + books.lost + books.missing;
            assert!(adds_up, "{}: {books:?}", greedy.name);
            assert!(kiosk == GREEDY_KIOSK || books.holds, "{}: {books:?}", greedy.name);
        }
        let books = scene.archive.reconcile(KIOSK.to_owned()).await.unwrap();
        assert_eq!(books.stored, u64::from(RATINGS), "{}", greedy.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_has_two_requests_open_and_others_are_not_counted_with_it() {
    let scene = Scene::new().await;
    let token = scene.stranger(GREEDY_KIOSK).await;
    let address = scene.kiosks;
    let half = move |token: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        // Sooner than the hub gives a body up.
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let head = format!(
            "POST /v1/deliveries HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-length: 1000\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let counted = tokio::task::spawn_blocking(move || {
        let mut answers = Vec::new();
        let mut open: Vec<TcpStream> = (0..6).map(|_| half(&token)).collect();
        // Two wait for their bodies, whichever they are; the others are refused at once.
        while answers.len() < 4 {
            for stream in &mut open {
                stream.set_nonblocking(true).unwrap();
                let mut answer = [0; 2_000];
                if let Ok(read @ 1..) = stream.read(&mut answer) {
                    answers.push(String::from_utf8_lossy(&answer[..read]).into_owned());
                }
            }
        }
        for answer in answers {
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
            assert!(answer.contains("retry-after: "), "{answer}");
        }
        open
    });
    let open = counted.await.unwrap();
    let (status, answer) = scene.deliver(&one(1)).await;
    assert_eq!(status, 200, "{answer}");
    drop(open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_has_spent_its_budget_waits_until_midnight_and_no_other_does() {
    let wasteful = [
        "500 conflicts",
        "much beside an event",
        "500 events that cannot be read",
        "a thousand new boots",
        "a new token",
    ];
    for greedy in GREEDY.iter().filter(|greedy| wasteful.contains(&greedy.name)) {
        let mib_a_day = 1;
        let limits = Limits { mib_a_day, requests_per_minute: 1_000_000, ..Limits::default() };
        let scene = Scene::with(limits).await;
        let token = scene.stranger(GREEDY_KIOSK).await;
        let bearer = format!("Bearer {token}");
        let size = || scene.folder.path().join(FILE).metadata().unwrap().len();
        let mut asked = 0;
        let answer = loop {
            let (path, body) = (greedy.request)(asked);
            let request = scene.client.post(format!("http://{}{path}", scene.kiosks));
            let answer = request.header("authorization", &bearer).body(body).send().await.unwrap();
            if answer.status() == 429 {
                break answer;
            }
            asked += 1;
            assert!(asked < 20_000 && size() < 16 * MIB, "{}: no end", greedy.name);
        };
        // It is 14:00 UTC.
        assert_eq!(answer.headers()["retry-after"], "36001", "{}", greedy.name);
        let told = answer.text().await.unwrap();
        assert!(told.contains("has sent more today"), "{told}");
        assert!(size() < 8 * MIB, "{}: {} bytes, {asked} requests", greedy.name, size());
        let survey = scene.client.get(format!("http://{}/v1/survey", scene.kiosks));
        let survey = survey.header("authorization", &bearer).send().await.unwrap();
        assert_eq!(survey.status(), 200, "its survey costs nothing");
        let (status, answer) = scene.deliver(&one(1)).await;
        assert_eq!(status, 200, "{}: {answer}", greedy.name);
    }
}

#[test]
fn that_a_budget_is_spent_is_said_once_in_the_log_and_in_the_list_and_kept_over_a_restart() {
    let site = Site::new();
    let config = site.path("hub.toml");
    let text = std::fs::read_to_string(&config).unwrap() + "[limits]\nmib_a_day = 1\n";
    std::fs::write(config, text).unwrap();
    let hub = site.start_hub();
    site.acquaint(site.hub);
    let much = |n: u32| {
        let mut event = rating(n, 5);
        event["more"] = json!("x".repeat(400_000));
        delivery(&[event]).to_string()
    };
    let list = || site.say("hub", &["kiosk", "list"]);
    let statuses: Vec<u16> = (1..=6).map(|n| send(&site, &much(n))).collect();
    // Whoever runs this at midnight UTC has two days' budgets.
    assert_eq!(statuses, [200, 200, 200, 429, 429, 429]);
    assert!(list().contains("sent too much today"), "{}", list());
    drop(hub);
    let hub = site.start_hub();
    assert_eq!(send(&site, &much(7)), 429);
    let log = site.log("hub.log");
    let said = log.lines().filter(|line| line.contains("raise limits.mib_a_day"));
    assert_eq!(said.count(), 1, "{log}");
    drop(hub);
}
