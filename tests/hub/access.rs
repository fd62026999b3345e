//! Tests of access: who may deliver, and who no longer may.

use smilepost::carried::seal::hex;
use smilepost::hub::archive::Kiosk;
use smilepost::hub::secrets::{self, Token};
use smilepost::hub::settings::Limits;

use crate::hub::{KIOSK, Scene, delivery, rating};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lets_a_kiosk_in_once() {
    let scene = Scene::new().await;
    let code = secrets::new_code();
    let kiosk = "kallio-checkout-1".to_owned();
    let hash = secrets::code_hash(&code);
    assert!(scene.archive.add_code(kiosk, hash, i64::MAX).await.unwrap());
    let (status, answer) = scene.enrol(&code.to_lowercase()).await;
    assert_eq!(status, 200);
    assert_eq!(answer["kiosk"], "kallio-checkout-1");
    assert_eq!(
        (&answer["shop"], &answer["zone"]),
        (&"Nordmarkt Kallio".into(), &"Europe/Helsinki".into())
    );
    assert_eq!(answer["token"].as_str().unwrap().len(), 64);
    let (status, answer) = scene.enrol(&code).await;
    assert_eq!(status, 403);
    assert!(answer["refused"].as_str().unwrap().contains("was used already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_enrolled_again_hears_what_verifies_the_tokens_before() {
    let scene = Scene::new().await;
    let key = |token: &str| hex(&Token::of(token).unwrap().key);
    let again = async || {
        let code = secrets::new_code();
        let hash = secrets::code_hash(&code);
        assert!(scene.archive.add_code(KIOSK.to_owned(), hash, i64::MAX).await.unwrap());
        let answer = scene.enrol(&code).await.1;
        let signed_by: Vec<String> = serde_json::from_value(answer["signed_by"].clone()).unwrap();
        (answer["token"].as_str().unwrap().to_owned(), signed_by)
    };
    let (second, signed_by) = again().await;
    assert!(signed_by.contains(&key(&scene.token)), "{signed_by:?}");
    // Also once the first token has given way, and not of a kiosk that a person has shut out.
    assert_eq!(scene.deliver_by(&second, &delivery(&[])).await.0, 200);
    let (_, signed_by) = again().await;
    assert!([&scene.token, &second].iter().all(|token| signed_by.contains(&key(token))));
    scene.archive.revoke(KIOSK.to_owned(), 1).await.unwrap();
    let (third, signed_by) = again().await;
    assert_eq!(signed_by, [key(&third)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_unknown_or_expired_lets_nobody_in() {
    let scene = Scene::new().await;
    let code = secrets::new_code();
    let kiosk = || "kallio-checkout-1".to_owned();
    assert!(scene.archive.add_code(kiosk(), secrets::code_hash(&code), 1).await.unwrap());
    assert_eq!(scene.enrol(&code).await.0, 403);
    assert_eq!(scene.enrol("00000-00000").await.0, 403);
    let nobody = "no-such-kiosk".to_owned();
    assert!(!scene.archive.add_code(nobody, [0; 32], i64::MAX).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_or_with_a_revoked_one_nothing_is_stored() {
    let mut scene = Scene::new().await;
    let body = delivery(&[rating(1, 5)]);
    let text = body.to_string().into_bytes();
    assert_eq!(scene.post("/v1/deliveries", &[], text.clone()).await.0, 401);
    let wrong = [("authorization", "Bearer 00")];
    assert_eq!(scene.post("/v1/deliveries", &wrong, text).await.0, 401);
    assert_eq!(scene.archive.revoke("kallio-checkout-1".to_owned(), 5).await.unwrap(), 1);
    let (status, answer) = scene.deliver(&body).await;
    assert_eq!(status, 401);
    assert!(answer["refused"].as_str().unwrap().contains("enrol the kiosk again"));
    assert_eq!(scene.archive.page((0, 0, 0), 9).await.unwrap().len(), 0);
    scene.token = scene.enrol_anew(KIOSK).await;
    assert_eq!(scene.deliver(&body).await.0, 200);
}

/// Sends an empty delivery; returns the status and after how many seconds to retry.
async fn send_nothing(scene: &Scene) -> (u16, Option<u32>) {
    let request = scene.client.post(format!("http://{}/v1/deliveries", scene.kiosks));
    let request = request.bearer_auth(&scene.token).header("content-type", "application/json");
    let answer = request.body(delivery(&[]).to_string()).send().await.unwrap();
    let wait = answer.headers().get("retry-after").map(|s| s.to_str().unwrap().parse().unwrap());
    (answer.status().as_u16(), wait)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_asks_too_often_is_told_when_to_come_again() {
    let limits = Limits { requests_per_minute: 3, ..Limits::default() };
    let scene = Scene::with(limits).await;
    for _ in 0..3 {
        assert_eq!(send_nothing(&scene).await, (200, None));
    }
    let (status, wait) = send_nothing(&scene).await;
    assert!(status == 429 && wait == Some(61), "{status} {wait:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_asks_too_often_keeps_no_other_out() {
    let limits = Limits { requests_per_minute: 3, ..Limits::default() };
    let mut scene = Scene::with(limits).await;
    for _ in 0..3 {
        send_nothing(&scene).await;
    }
    assert_eq!(send_nothing(&scene).await.0, 429);
    let other =
        Kiosk { id: "other".to_owned(), shop: "kallio".to_owned(), touchpoint: "Exit".to_owned() };
    assert!(scene.archive.add_kiosk(other).await.unwrap());
    scene.token = scene.enrol_anew("other").await;
    assert_eq!(send_nothing(&scene).await, (200, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_full_sends_kiosks_away_for_different_times() {
    let scene = Scene::with(Limits { deliveries_at_once: 0, ..Limits::default() }).await;
    let mut waits = Vec::new();
    for _ in 0..20 {
        let (status, wait) = send_nothing(&scene).await;
        assert_eq!(status, 503);
        waits.push(wait.unwrap());
    }
    assert!(waits.iter().all(|s| (1..=30).contains(s)), "{waits:?}");
    assert!(waits.iter().any(|s| *s != waits[0]), "all are to return together: {waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_archive_holds_no_token_and_no_code() {
    let scene = Scene::new().await;
    let code = secrets::new_code();
    let kiosk = "kallio-checkout-1".to_owned();
    scene.archive.add_code(kiosk, secrets::code_hash(&code), i64::MAX).await.unwrap();
    let kept = scene.raw().everything();
    assert!(kept.contains("kallio-checkout-1"), "{kept}");
    for secret in [&scene.token, &code, &code.replace('-', "")] {
        let digits: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!kept.contains(secret) && !kept.contains(&digits), "{kept}");
    }
}
