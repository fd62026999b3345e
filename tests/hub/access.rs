//! Who gets in, and who does not any more.

use smilepost::hub::access;
use smilepost::hub::archive::Archive as _;

use crate::scene::{Scene, delivery, rating};

#[tokio::test]
async fn a_code_lets_a_kiosk_in_once() {
    let scene = Scene::new().await;
    let code = access::new_code();
    let kiosk = "kallio-checkout-1".to_owned();
    let hash = access::code_hash(&code);
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

#[tokio::test]
async fn a_code_that_is_unknown_or_expired_lets_nobody_in() {
    let scene = Scene::new().await;
    let code = access::new_code();
    let kiosk = || "kallio-checkout-1".to_owned();
    assert!(scene.archive.add_code(kiosk(), access::code_hash(&code), 1).await.unwrap());
    assert_eq!(scene.enrol(&code).await.0, 403);
    assert_eq!(scene.enrol("00000-00000").await.0, 403);
    let nobody = "no-such-kiosk".to_owned();
    assert!(!scene.archive.add_code(nobody, [0; 32], i64::MAX).await.unwrap());
}

#[tokio::test]
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
    assert_eq!(scene.archive.page((0, 0), 9).await.unwrap().len(), 0);
    scene.token = scene.enrol_anew().await;
    assert_eq!(scene.deliver(&body).await.0, 200);
}

#[tokio::test]
async fn a_stolen_archive_holds_no_token_and_no_code() {
    let scene = Scene::new().await;
    let code = access::new_code();
    let kiosk = "kallio-checkout-1".to_owned();
    scene.archive.add_code(kiosk, access::code_hash(&code), i64::MAX).await.unwrap();
    for name in ["hub.sqlite", "hub.sqlite-wal"] {
        let bytes = std::fs::read(scene.folder.path().join(name)).unwrap();
        for secret in [scene.token.as_bytes(), code.as_bytes(), code.replace('-', "").as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name}");
        }
    }
}
