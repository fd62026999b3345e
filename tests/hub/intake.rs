//! Tests of deliveries, valid and invalid.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use serde_json::{Value, json};
use smilepost::feedback::event::fields::Field;
use smilepost::hub::archive::PinScope;
use smilepost::hub::archive::replica::Reader;
use smilepost::hub::commands::export::export;
use smilepost::secret::pin;
use smilepost::wire::receipt::Settled;
use smilepost::wire::report::Reported;
use tokio::task::JoinSet;

use crate::hub::{BOOT, KIOSK, NOON, RUN, Scene, delivery, rating};
use crate::scene::gzip;

async fn rows(scene: &Scene) -> Vec<(u32, Option<u32>, String, String)> {
    let page = scene.archive.page((0, 0, 0), 10_000).await.unwrap();
    let score = |row: &Reported| row.fields.number(Field::Score);
    page.into_iter().map(|(_, row)| (row.n, score(&row), row.utc, row.quality)).collect()
}

async fn numbers(scene: &Scene) -> Vec<u32> {
    rows(scene).await.into_iter().map(|(n, ..)| n).collect()
}

fn stretch(first: u32, last: u32) -> Vec<Settled> {
    vec![Settled { run: RUN.to_owned(), ranges: vec![(first, last)] }]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_stored_and_its_receipt_names_it() {
    let scene = Scene::new().await;
    let receipt = scene.receipt(&delivery(&[rating(1, 5), rating(2, 1)])).await;
    assert_eq!(receipt.nonce, "00112233445566778899aabbccddeeff");
    assert_eq!((receipt.settled, receipt.set_aside), (stretch(1, 2), vec![]));
    let stored = rows(&scene).await;
    let at = |n: u32| format!("2026-11-20T12:0{n}:00.000Z");
    let unknown = || "unknown".to_owned();
    assert_eq!(stored, [(1, Some(5), at(1), unknown()), (2, Some(1), at(2), unknown())]);
    let kiosks = scene.archive.kiosks().await.unwrap();
    assert_eq!((kiosks[0].waiting, kiosks[0].app.as_deref()), (3, Some("test")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_twice_counts_once() {
    let scene = Scene::new().await;
    for _ in 0..3 {
        let receipt = scene.receipt(&delivery(&[rating(1, 5), rating(2, 1)])).await;
        assert_eq!(receipt.settled, stretch(1, 2));
    }
    assert_eq!(numbers(&scene).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_numbers_in_another_run_are_other_ratings() {
    let scene = Scene::new().await;
    let first = delivery(&[rating(1, 5), rating(2, 1)]);
    let other = "fedcba9876543210fedcba9876543210";
    let mut second = delivery(&[rating(1, 3), rating(2, 4)]);
    second["runs"][0]["run"] = other.into();
    scene.receipt(&first).await;
    let receipt = scene.receipt(&second).await;
    let settled = vec![Settled { run: other.to_owned(), ranges: vec![(1, 2)] }];
    assert_eq!((receipt.settled, receipt.set_aside), (settled, vec![]));
    assert_eq!(numbers(&scene).await, [1, 2, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_from_many_senders_at_once_counts_once() {
    let scene = Arc::new(Scene::new().await);
    let events: Vec<Value> = (1..=200).map(|n| rating(n, 4)).collect();
    let mut senders = JoinSet::new();
    for _ in 0..8 {
        let scene = Arc::clone(&scene);
        let body = delivery(&events);
        senders.spawn(async move {
            loop {
                // A kiosk has two requests at most; the others come again.
                let (status, answer) = scene.deliver(&body).await;
                if status != 503 {
                    break (status, answer);
                }
            }
        });
    }
    for (status, receipt) in senders.join_all().await {
        assert_eq!((status, &receipt["settled"][0]["ranges"]), (200, &json!([[1, 200]])));
    }
    assert_eq!(numbers(&scene).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_identity_with_other_content_overwrites_nothing() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    for _ in 0..2 {
        let receipt = scene.receipt(&delivery(&[rating(1, 1), rating(2, 2)])).await;
        assert_eq!(receipt.settled, stretch(2, 2));
        assert_eq!((receipt.set_aside[0].n, receipt.set_aside[0].run.as_str()), (1, RUN));
        assert!(receipt.set_aside[0].reason.contains("is stored already"));
    }
    let stored: Vec<_> = rows(&scene).await.into_iter().map(|(n, score, ..)| (n, score)).collect();
    assert_eq!(stored, [(1, Some(5)), (2, Some(2))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_identity_with_other_content_is_said_on_the_dashboard() {
    let scene = Scene::new().await;
    for score in [5, 1, 1] {
        scene.receipt(&delivery(&[rating(1, score)])).await;
    }
    assert_eq!(scene.archive.conflicts().await.unwrap(), 1);
    let (_, page) = scene.page("/").await;
    assert!(page.contains("1 event came twice with different content"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_event_holds_up_no_other() {
    let scene = Scene::new().await;
    let mut odd = rating(2, 3);
    odd["score"] = json!(9);
    let mut missing = rating(3, 3);
    missing.as_object_mut().unwrap().remove("question");
    let receipt = scene.receipt(&delivery(&[rating(1, 5), odd, missing, rating(4, 4)])).await;
    let ranges = vec![(1, 1), (4, 4)];
    assert_eq!(receipt.settled, [Settled { run: RUN.to_owned(), ranges }]);
    let reasons: Vec<_> = receipt.set_aside.iter().map(|aside| aside.reason.as_str()).collect();
    assert_eq!(reasons[0], "score 9 is not between 1 and 5");
    assert!(reasons[1].contains("question"), "{reasons:?}");
    assert_eq!(numbers(&scene).await, [1, 4]);
    assert_eq!(scene.archive.kiosks().await.unwrap()[0].set_aside, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zero_in_a_text_holds_up_nothing() {
    let scene = Scene::new().await;
    let mut events: Vec<Value> = (1..=5).map(|n| rating(n, 5)).collect();
    for (event, field) in events.iter_mut().zip(["question", "language", "input", "kind", "said"]) {
        event[field] = "a\0b".into();
    }
    for added in [5, 0] {
        let receipt = scene.receipt(&delivery(&events)).await;
        assert_eq!((receipt.settled, receipt.added), (stretch(1, 5), Some(added)));
    }
    let recounted = scene.archive.recount(KIOSK.to_owned()).await.unwrap();
    assert_eq!((recounted.events, recounted.wrong), (5, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_and_kinds_are_accepted_and_kept() {
    let scene = Scene::new().await;
    let mut future = rating(1, 5);
    future["weather"] = json!("rain");
    let waved = json!({ "n": 2, "kind": "waved", "hand": "left" });
    let mut body = delivery(&[future, waved]);
    body["mood"] = json!({ "deep": [1, 2, 3] });
    let receipt = scene.receipt(&body).await;
    assert_eq!(receipt.settled, stretch(1, 2));
    let kept = scene.raw().rows("select extra, other_kind from event order by n");
    assert_eq!(kept[0], [r#"{"weather":"rain"}"#, "null"]);
    assert!(kept[1][0].contains(r#""hand":"left""#) && kept[1][1] == "waved", "{kept:?}");
    let day = scene.day().await;
    assert_eq!((day.lines.total(), day.unread), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_dated_exactly_once_its_boot_has_an_anchor() {
    let scene = Scene::new().await;
    let mut lost = rating(1, 5);
    lost["wall_ms"] = json!(12);
    scene.receipt(&delivery(&[lost])).await;
    assert_eq!(rows(&scene).await[0].2, "1970-01-01T00:00:00.012Z");
    let mut later = delivery(&[]);
    later["boots"] = json!([{ "boot": BOOT, "anchors": [
        { "boot_ms": 3_600_000, "utc_ms": NOON, "error_ms": 5, "source": "hub" },
    ]}]);
    scene.receipt(&later).await;
    let (_, _, utc, quality) = rows(&scene).await.remove(0);
    assert_eq!((utc.as_str(), quality.as_str()), ("2026-11-20T11:01:00.000Z", "exact"));
    // A nearer anchor, after a step of the clock, is used instead of the far one.
    later["boots"][0]["anchors"][0] =
        json!({ "boot_ms": 120_000, "utc_ms": NOON, "error_ms": 5, "source": "ntp" });
    scene.receipt(&later).await;
    assert_eq!(rows(&scene).await[0].2, "2026-11-20T11:59:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_is_read_and_what_is_not_whole_gzip_is_refused() {
    let scene = Scene::new().await;
    let json = delivery(&[rating(1, 5)]).to_string().into_bytes();
    let packed = gzip(&json);
    let (status, _) = scene.deliver_bytes(packed.clone(), "gzip").await;
    assert_eq!(status, 200);
    let half = packed[..packed.len() / 2].to_vec();
    let refused = |(status, answer): (u16, Value)| {
        (status, answer["refused"].as_str().unwrap_or_default().to_owned())
    };
    let (status, why) = refused(scene.deliver_bytes(half, "gzip").await);
    assert_eq!(status, 400);
    assert!(why.starts_with("the body is not valid gzip"), "{why}");
    let (status, why) = refused(scene.deliver_bytes(json.clone(), "gzip").await);
    assert!(status == 400 && why.starts_with("the body is not valid gzip"), "{why}");
    let (status, why) = refused(scene.deliver_bytes(packed, "identity").await);
    assert!(status == 400 && why.starts_with("the body cannot be read"), "{why}");
    let (status, why) = refused(scene.deliver_bytes(json, "br").await);
    assert!(status == 415 && why.contains("unknown content encoding \"br\""), "{why}");
    assert_eq!(numbers(&scene).await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_is_told_of_head_offices_pin_until_it_says_that_it_knows_it() {
    let scene = Scene::new().await;
    let told = async |known: Option<u64>| {
        let mut delivery = delivery(&[]);
        if let Some(known) = known {
            delivery["pin"] = json!(known);
        }
        let (status, answer) = scene.deliver(&delivery).await;
        assert_eq!(status, 200, "{answer}");
        answer.get("pin").cloned()
    };
    let set = async |desk: PinScope, hash: Option<&str>| {
        scene.archive.set_pin(desk, hash.map(str::to_owned)).await.unwrap()
    };
    let (kiosk, shop) = (
        || PinScope::Kiosk("kallio-checkout-1".to_owned()),
        || PinScope::Shop("kallio".to_owned()),
    );
    assert_eq!(told(None).await, None, "nothing was ever said");
    assert_eq!(told(Some(3)).await, None, "another hub may have said it");

    let hash = pin::hash("2580").unwrap();
    assert_eq!(set(kiosk(), Some(&hash)).await, 1);
    let first = json!({ "number": 1, "hash": hash });
    assert_eq!(told(None).await, Some(first.clone()));
    assert_eq!(told(None).await, Some(first.clone()), "the receipt may have been lost");
    assert_eq!(told(Some(1)).await, None);
    assert_eq!(told(Some(7)).await, Some(first), "a restored hub counts anew");

    assert_eq!(set(shop(), None).await, 1);
    assert_eq!(told(Some(1)).await, Some(json!({ "number": 2 })), "it is taken back");
    assert_eq!(told(Some(2)).await, None);
    assert_eq!(set(PinScope::Shop("nowhere".to_owned()), Some(&hash)).await, 0);
    assert_eq!(set(PinScope::Kiosk("nobody".to_owned()), None).await, 0);
    assert_eq!(told(Some(2)).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_before_and_after_unpacking() {
    let scene = Scene::new().await;
    let (status, answer) = scene.deliver_bytes(vec![b' '; 600_000], "identity").await;
    assert_eq!(status, 413);
    assert_eq!(answer["refused"], "the request is larger than 524288 bytes");
    let bomb = gzip(&vec![b' '; 200_000_000]);
    assert!(bomb.len() < 400_000);
    let (status, answer) = scene.deliver_bytes(bomb, "gzip").await;
    assert_eq!(status, 413, "{answer}");
    let events: Vec<Value> = (1..=501).map(|n| json!({ "n": n, "kind": "x" })).collect();
    let (status, answer) = scene.deliver(&delivery(&events)).await;
    assert_eq!(status, 422);
    assert_eq!(answer["refused"], "the delivery has 501 events; at most 500 are taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_cannot_be_read_is_refused_with_the_place() {
    let scene = Scene::new().await;
    let whole = delivery(&[rating(1, 5)]);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut body = whole.clone();
        change(&mut body);
        body
    };
    for (body, said) in [
        (json!([]), "the body cannot be read"),
        (changed(&|body| body["nonce"] = json!("")), "nonce or app is empty or too long"),
        (changed(&|body| body["runs"][0]["run"] = json!("x")), "run \"x\": an id is 32 hex"),
        (changed(&|body| body["runs"][0]["boot"] = json!("x")), "boot \"x\": an id is 32 hex"),
        (
            changed(&|body| body["runs"][0]["events"][0]["n"] = json!(0)),
            "an event needs a number n",
        ),
        (changed(&|body| body["counters"] = json!(null)), "the body cannot be read"),
    ] {
        let (status, answer) = scene.deliver(&body).await;
        let why = answer["refused"].as_str().unwrap_or_default();
        let expected = if said == "the body cannot be read" { 400 } else { 422 };
        assert!(status == expected && why.contains(said), "{status} {why}: {said}");
    }
    assert_eq!(numbers(&scene).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_field_and_what_is_needed_in_no_librarys_words() {
    let scene = Scene::new().await;
    let whole = delivery(&[rating(1, 5)]);
    let with = |at: &str, value: Value| {
        let mut body = whole.clone();
        *body.pointer_mut(at).unwrap() = value;
        body.to_string()
    };
    let without = |at: &str, field: &str| {
        let mut body = whole.clone();
        body.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        body.to_string()
    };
    let bearer = format!("Bearer {}", scene.token);
    let deliveries = [
        (String::new(), "it is empty, and JSON is needed"),
        ("hello".to_owned(), "line 1, column 1, at \"hello\": this is no JSON"),
        ("{\"nonce\": \"a\"".to_owned(), "it ends in the middle"),
        (whole.to_string() + "x", "something stands after the end"),
        ("[]".to_owned(), "it is a list of 0, and an object in { } is needed"),
        ("\"x\"".to_owned(), "it is the text \"x\", and an object in { } is needed"),
        (without("", "nonce"), "nonce is missing"),
        (without("", "runs"), "runs is missing"),
        (without("/runs/0", "taken"), "in runs[0], taken is missing"),
        (without("/counters", "waiting"), "in counters, waiting is missing"),
        (with("/counters", json!(null)), "counters is null, and an object in { } is needed"),
        (with("/runs", json!({})), "runs is an object, and a list in [ ] is needed"),
        (with("/runs/0/taken", json!("7")), "runs[0].taken is the text \"7\", and a whole"),
        (with("/runs/0/taken", json!(-1)), "number from 0 to 4294967295 is needed"),
        (with("/runs/0/boot", json!(7)), "runs[0].boot is the number 7, and a text in quotes"),
        (with("/app", json!(["x".repeat(9_000)])), "app is a list, and a text in quotes"),
        (with("/nonce", json!({ "x": "y".repeat(9_000) })), "nonce is an object, and a text"),
    ];
    let deliveries = deliveries.map(|(body, said)| ("/v1/deliveries", body, said));
    let enrolments = [
        ("/v1/enrolments", "{}".to_owned(), "code is missing"),
        ("/v1/enrolments", json!({ "code": 7 }).to_string(), "code is the number 7, and a text"),
        ("/v1/enrolments", json!({ "code": "7" }).to_string(), "app is missing"),
    ];
    for (path, body, said) in deliveries.into_iter().chain(enrolments) {
        let headers = [("authorization", bearer.as_str())];
        let (status, answer) = scene.post(path, &headers, body.clone().into_bytes()).await;
        let why = answer["refused"].as_str().unwrap();
        let begins = "the body cannot be read: ";
        assert!(
            status == 400 && why.starts_with(begins) && why.contains(said),
            "{body:.80}: {why}"
        );
        assert!(why.len() < 300, "{why}");
        for foreign in ["expected", "invalid", " field ", "EOF", "u32", "struct", "sequence"] {
            assert!(!why.contains(foreign), "{why}");
        }
    }
    assert_eq!(numbers(&scene).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_early_stores_nothing() {
    let scene = Scene::new().await;
    let body = delivery(&[rating(1, 5)]).to_string();
    let (address, token, length) = (scene.kiosks, scene.token.clone(), body.len() + 10);
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /v1/deliveries HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    let answer = answer.await.unwrap();
    assert!(!answer.contains(" 200 "), "{answer}");
    assert_eq!(numbers(&scene).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_says_that_it_lives_and_that_it_is_ready() {
    let scene = Scene::new().await;
    for (path, said) in [("/healthz", "alive\n"), ("/readyz", "ready\n")] {
        let answer =
            scene.client.get(format!("http://{}{path}", scene.kiosks)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.bytes().await.unwrap(), said);
    }
    let nothing = scene.client.get(format!("http://{}/x", scene.kiosks)).send().await.unwrap();
    assert_eq!(nothing.status(), 404);
    let (_, page) = scene.page("/v1/deliveries").await;
    assert!(
        page.contains("There is no page at this address."),
        "the dashboard takes no deliveries"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_the_time_of_the_shops_clocks_and_never_that_of_another_zone() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    let exported = async || {
        let mut exported = Vec::new();
        let keep = |event: &Reported| {
            exported.push((event.utc.clone(), event.local.clone(), event.zone.clone()));
            Ok(())
        };
        export(&Reader::of(scene.archive.clone(), None).unwrap(), keep).await.unwrap();
        exported.remove(0)
    };
    let utc = "2026-11-20T12:01:00.000Z".to_owned();
    let local = "2026-11-20 14:01:00".to_owned();
    assert_eq!(exported().await, (utc.clone(), local, "Europe/Helsinki".to_owned()));
    scene.raw().execute("update shop set zone = 'Mars/Base'");
    assert_eq!(exported().await, (utc, String::new(), "Mars/Base".to_owned()));
}
