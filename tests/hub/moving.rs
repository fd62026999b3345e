//! Tests of a hub that has its kiosks come to another address.

use serde_json::{Value, json};
use smilepost::carried::seal::{HubKeys, from_hex, is_vouched};
use smilepost::hub::commands::{kiosks, moving};

use crate::hub::{KIOSK, NOW, Scene, delivery, rating};
use crate::program::Office;

const NEW: &str = "https://new.example.com";

async fn ask(scene: &Scene, challenge: &Value) -> (u16, Value) {
    scene.post("/v1/identity", &[], challenge.to_string().into_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_proves_no_address_but_the_one_to_which_it_sends_kiosks() {
    let scene = Scene::new().await;
    let challenge = |address: &str| json!({ "nonce": "07".repeat(32), "address": address });
    let (status, refused) = ask(&scene, &challenge(NEW)).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["refused"].as_str().unwrap().contains("smilepost-hub moves-to"), "{refused}");
    moving::to(&scene.archive, "https://New.example.com/").await.unwrap();
    let (status, proof) = ask(&scene, &challenge(NEW)).await;
    assert_eq!(status, 200, "{proof}");
    let signature = from_hex::<64>(proof["signature"].as_str().unwrap()).unwrap();
    let key = HubKeys::read_or_make(scene.folder.path()).unwrap().public().unwrap().verify;
    assert!(is_vouched(&key, &[7; 32], NEW, &signature));
    for elsewhere in ["https://evil.example.com", "https://new.example.com/", ""] {
        assert_eq!(ask(&scene, &challenge(elsewhere)).await.0, 409, "{elsewhere}");
    }
    for nonce in ["", "07", &"zz".repeat(32), &"07".repeat(33)] {
        let (status, _) = ask(&scene, &json!({ "nonce": nonce, "address": NEW })).await;
        assert_eq!(status, 400, "{nonce}");
    }
    moving::undo(&scene.archive).await.unwrap();
    assert_eq!(ask(&scene, &challenge(NEW)).await.0, 409, "it moves no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_receipt_names_the_new_address_and_the_list_names_who_has_not_come() {
    let scene = Scene::new().await;
    let mut sent = delivery(&[rating(1, 5)]);
    assert_eq!(scene.receipt(&sent).await.moves_to, None);
    let list = async || kiosks::list(&scene.archive, u64::MAX, NOW).await.unwrap();
    assert!(!list().await.contains("comes by"), "an old kiosk says nothing of it");
    scene.archive.move_to(Some(NEW.to_owned())).await.unwrap();
    assert_eq!(scene.receipt(&sent).await.moves_to.as_deref(), Some(NEW));
    let standing = async || moving::standing(&scene.archive, NOW).await.unwrap();
    assert!(standing().await.contains(&format!("{KIOSK}\thas not said")), "an old kiosk");
    sent["address"] = json!("https://old.example.com");
    sent["move_complaint"] = json!(format!("no \u{1b}[2J way{}", "!".repeat(2_000)));
    sent["counters"]["taken"] = json!(2);
    scene.receipt(&sent).await;
    let told = list().await;
    assert!(told.contains("still comes by https://old.example.com: no "), "{told}");
    assert!(!told.contains('\u{1b}') && told.len() < 1_500, "{told}");
    sent["address"] = json!(NEW);
    sent["move_complaint"] = Value::Null;
    scene.receipt(&sent).await;
    assert!(list().await.contains(&format!("\tcomes by {NEW}\n")));
    assert!(standing().await.contains("there so far: 1\n"));
    sent["address"] = json!("x".repeat(501));
    scene.receipt(&sent).await;
    assert!(!list().await.contains("comes by"), "what is no address is not kept");
}

#[test]
fn the_command_takes_addresses_that_kiosks_take() {
    let office = Office::new();
    assert!(office.say(&["moves-to"]).contains("no other address"));
    let refused = office.complain(&["moves-to", "http://hub.example.com"]);
    assert!(refused.contains("plain HTTP"), "{refused}");
    assert!(office.say(&["moves-to", "https://hub.example.com/"]).contains("keep both open"));
    assert!(office.say(&["moves-to"]).contains("come to https://hub.example.com; there so far: 0"));
    office.say(&["moves-to", "--undo"]);
    assert!(office.say(&["moves-to"]).contains("no other address"));
}
