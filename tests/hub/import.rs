//! Tests of carried deliveries: what is imported, once, and what is refused.

use smilepost::carried::file::{LINE_BYTES_MAX, Writer, read_receipt};
use smilepost::carried::seal::{HubKeys, Signer};
use smilepost::feedback::rating::RatingId;
use smilepost::hub::carried::import::{Error, Imported, import};
use smilepost::hub::secrets::Token;
use smilepost::wire::delivery::Delivery;

use crate::hub::{KIOSK, NOON, NOW, RUN, Scene, delivery, rating};

const NONCE: &str = "5eed5eed5eed5eed5eed5eed5eed5eed";

/// A delivery of ratings `first..=last`, as a frame holds it.
fn frame(first: u32, last: u32) -> Delivery {
    let events: Vec<_> = (first..=last).map(|n| rating(n, 4)).collect();
    let mut value = delivery(&events);
    value["nonce"] = NONCE.into();
    value["runs"][0]["taken"] = last.into();
    serde_json::from_value(value).unwrap()
}

/// A file with these frames, written with this token.
fn file(scene: &Scene, token: &str, frames: &[(u32, u32)]) -> Vec<u8> {
    file_to(&keys(scene), token, KIOSK, NONCE, frames)
}

fn file_to(hub: &HubKeys, token: &str, kiosk: &str, nonce: &str, frames: &[(u32, u32)]) -> Vec<u8> {
    let (signer, hub) = (Signer::of_token(token).unwrap(), hub.public().unwrap());
    let mut writer = Writer::begin(Vec::new(), signer, hub, kiosk, nonce).unwrap();
    for (first, last) in frames {
        let delivery = Delivery { nonce: nonce.to_owned(), ..frame(*first, *last) };
        writer.add(&delivery).unwrap();
    }
    writer.end().unwrap().0
}

fn keys(scene: &Scene) -> HubKeys {
    HubKeys::read_or_make(scene.folder.path()).unwrap()
}

async fn take(scene: &Scene, file: &[u8]) -> Result<Imported, Error> {
    import(&scene.archive, &keys(scene), file, NOW).await
}

async fn stored(scene: &Scene) -> usize {
    scene.archive.page((0, 0, 0), 10_000).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_once_and_only_once_and_its_receipt_names_all_of_it() {
    let scene = Scene::new().await;
    let file = file(&scene, &scene.token, &[(1, 500), (501, 1_000), (1_001, 1_200)]);
    let first = take(&scene, &file).await.unwrap();
    assert_eq!((first.added, first.known, first.set_aside), (1_200, 0, 0));
    assert_eq!((first.complaints.len(), first.before.clone()), (0, None));
    let text = first.receipt.clone().unwrap();
    let receipt = read_receipt(text.as_bytes(), &keys(&scene).public().unwrap()).unwrap();
    assert_eq!((receipt.kiosk.as_str(), receipt.nonce.as_str()), (KIOSK, NONCE));
    assert_eq!(receipt.settled.len(), 1);
    assert_eq!((&receipt.settled[0].run[..], &receipt.settled[0].ranges), (RUN, &vec![(1, 1_200)]));
    let second = take(&scene, &file).await.unwrap();
    assert_eq!((second.added, second.known), (0, 1_200));
    assert!(second.before.is_some());
    assert_eq!(second.receipt, first.receipt, "the same receipt, word for word");
    assert_eq!(stored(&scene).await, 1_200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_by_the_network_too_counts_once() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 4), rating(2, 4)])).await;
    let taken = take(&scene, &file(&scene, &scene.token, &[(1, 3)])).await.unwrap();
    assert_eq!((taken.added, taken.known), (1, 2));
    assert_eq!(stored(&scene).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_does_not_come_back_with_a_file() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 4), rating(2, 4)])).await;
    let id = RatingId { run: RUN.parse().unwrap(), n: 2 };
    assert_eq!(scene.archive.delete(KIOSK.to_owned(), vec![id]).await.unwrap(), 1);
    let taken = take(&scene, &file(&scene, &scene.token, &[(1, 3)])).await.unwrap();
    assert_eq!((taken.added, taken.known, taken.set_aside), (1, 2, 0));
    let receipt = taken.receipt.unwrap();
    let receipt = read_receipt(receipt.as_bytes(), &keys(&scene).public().unwrap()).unwrap();
    assert_eq!(receipt.settled[0].ranges, [(1, 3)], "it is settled");
    assert_eq!(stored(&scene).await, 2);
    assert_eq!(scene.archive.recount(KIOSK.to_owned()).await.unwrap().wrong, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_short_is_taken_as_far_as_it_goes() {
    let scene = Scene::new().await;
    let whole = file(&scene, &scene.token, &[(1, 10), (11, 20)]);
    let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
    let cuts = [2, 3].map(|count| lines[..count].concat());
    let half = &whole[..whole.len() - lines[3].len() - 5];
    for (cut, added) in [(&cuts[0][..], 10), (half, 0), (&cuts[1][..], 10)] {
        let taken = take(&scene, cut).await.unwrap();
        assert_eq!(taken.added, added);
        assert!(taken.complaints.iter().any(|said| said.contains("is incomplete")), "{taken:?}");
        let receipt = taken.receipt.unwrap();
        let receipt = read_receipt(receipt.as_bytes(), &keys(&scene).public().unwrap()).unwrap();
        assert!(receipt.settled[0].ranges[0].1 <= 20);
    }
    let taken = take(&scene, &whole).await.unwrap();
    assert_eq!((taken.added, taken.known, taken.complaints.len()), (0, 20, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_does_not_belong_where_it_stands_is_not_taken() {
    let scene = Scene::new().await;
    let whole = file(&scene, &scene.token, &[(1, 10), (11, 20), (21, 30)]);
    let other = file_to(&keys(&scene), &scene.token, KIOSK, &"0".repeat(32), &[(41, 50)]);
    let lines = |file: &[u8]| -> Vec<Vec<u8>> {
        file.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (lines, others) = (lines(&whole), lines(&other));
    let mut changed = lines.clone();
    changed[2][100] = if changed[2][100] == b'A' { b'B' } else { b'A' };
    let mut moved = lines.clone();
    moved.swap(1, 2);
    let mut foreign = lines.clone();
    foreign[1].clone_from(&others[1]);
    let mut left_out = lines.clone();
    left_out.remove(2);
    for (what, file, added) in [
        ("changed", changed, 20),
        ("moved", moved, 0),
        ("foreign", foreign, 10),
        ("left out", left_out, 0),
    ] {
        let before = stored(&scene).await;
        let taken = take(&scene, &file.concat()).await.unwrap();
        assert_eq!(taken.added, added, "{what}: {taken:?}");
        assert_eq!(stored(&scene).await, before + usize::try_from(added).unwrap(), "{what}");
        let said = taken.complaints.join("; ");
        assert!(said.contains("line ") && said.contains("not signed by this kiosk"), "{said}");
    }
    assert!(!scene.archive.page((0, 0, 0), 100).await.unwrap().iter().any(|(_, row)| row.n > 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_by_another_key_or_to_another_hub_is_refused_and_names_the_cure() {
    let scene = Scene::new().await;
    let why = |taken: Result<Imported, Error>| match taken {
        Ok(taken) => {
            assert_eq!((taken.added, taken.receipt), (0, None));
            taken.complaints.join("; ")
        }
        Err(error) => error.to_string(),
    };
    let forged = file(&scene, &"f".repeat(64), &[(1, 3)]);
    assert!(why(take(&scene, &forged).await).contains("not signed by this kiosk"));
    let stranger = file_to(&keys(&scene), &scene.token, "nowhere-1", NONCE, &[(1, 3)]);
    assert!(why(take(&scene, &stranger).await).contains("enrol it again"));
    let to_other = file_to(&HubKeys::of_secret([9; 32]), &scene.token, KIOSK, NONCE, &[(1, 3)]);
    assert!(why(take(&scene, &to_other).await).contains("another hub"));
    let good = file(&scene, &scene.token, &[(1, 3)]);
    scene.archive.revoke(KIOSK.to_owned(), NOON).await.unwrap();
    assert!(why(take(&scene, &good).await).contains("has no valid token here"));
    assert_eq!(stored(&scene).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_such_file_is_refused() {
    let scene = Scene::new().await;
    let long = [&b"{\"smilepost\":\""[..], &vec![b'x'; LINE_BYTES_MAX]].concat();
    let newer = format!(
        "{{\"smilepost\":\"carried delivery\",\"version\":2,\"kiosk\":\"{KIOSK}\",\
        \"nonce\":\"{NONCE}\"}}\n"
    );
    let nameless = newer.replace("\"version\":2", "\"version\":1").replace(NONCE, "x");
    for file in [&b""[..], b"\n", b"hello\n", b"{}\n", &[0xff; 1_000], &long] {
        let error = take(&scene, file).await.unwrap_err().to_string();
        assert!(error.contains("not a delivery") || error.contains("longer than"), "{error}");
    }
    assert!(take(&scene, newer.as_bytes()).await.unwrap_err().to_string().contains("newer"));
    assert!(take(&scene, nameless.as_bytes()).await.unwrap_err().to_string().contains("nonce"));
    let garbage = [&file(&scene, &scene.token, &[(1, 3)])[..], b"more\n"].concat();
    assert_eq!(take(&scene, &garbage).await.unwrap().added, 3, "what follows the end is nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_event_is_set_aside_and_holds_up_no_other() {
    let scene = Scene::new().await;
    let mut bad = frame(1, 3);
    bad.runs[0].events[1]["score"] = 9.into();
    let (signer, hub) = (Signer::of_token(&scene.token).unwrap(), keys(&scene).public().unwrap());
    let mut writer = Writer::begin(Vec::new(), signer, hub, KIOSK, NONCE).unwrap();
    writer.add(&bad).unwrap();
    let taken = take(&scene, &writer.end().unwrap().0).await.unwrap();
    assert_eq!((taken.added, taken.set_aside, taken.complaints.len()), (2, 1, 0));
    let receipt = taken.receipt.unwrap();
    let receipt = read_receipt(receipt.as_bytes(), &keys(&scene).public().unwrap()).unwrap();
    assert_eq!(receipt.set_aside[0].n, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_belongs_to_the_kiosk_that_it_first_came_from_whichever_way_it_comes_again() {
    let scene = Scene::new().await;
    let other = scene.stranger("turku").await;
    scene.receipt(&delivery(&[rating(1, 4), rating(2, 4)])).await;
    // The board moves to another shop, and its card brings the run again as that kiosk's.
    let carried = file_to(&keys(&scene), &other, "turku", NONCE, &[(1, 3)]);
    let taken = take(&scene, &carried).await.unwrap();
    assert_eq!((taken.added, taken.set_aside), (0, 3));
    let (status, answer) = scene.deliver_by(&other, &delivery(&[rating(1, 4), rating(3, 4)])).await;
    assert_eq!((status, &answer["settled"]), (200, &serde_json::json!([])), "{answer}");
    assert_eq!(stored(&scene).await, 2);
    // A run that was carried first is its kiosk's, too.
    let first = scene.stranger("oulu").await;
    let run = "f".repeat(32);
    let mut of_oulu = delivery(&[rating(1, 4)]);
    of_oulu["nonce"] = NONCE.into();
    of_oulu["runs"][0]["run"] = run.as_str().into();
    let (signer, hub) = (Signer::of_token(&first).unwrap(), keys(&scene).public().unwrap());
    let mut writer = Writer::begin(Vec::new(), signer, hub, "oulu", NONCE).unwrap();
    writer.add(&serde_json::from_value(of_oulu.clone()).unwrap()).unwrap();
    assert_eq!(take(&scene, &writer.end().unwrap().0).await.unwrap().added, 1);
    let (status, answer) = scene.deliver_by(&other, &of_oulu).await;
    assert_eq!((status, &answer["settled"]), (200, &serde_json::json!([])), "{answer}");
    let books = scene.archive.reconcile("oulu".to_owned()).await.unwrap();
    assert_eq!((books.stored, books.holds), (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_letter_ends_the_one_before_it_once_it_is_used() {
    let scene = Scene::new().await;
    // The letter's token follows one that is in use.
    scene.receipt(&delivery(&[])).await;
    let token = "ab".repeat(32);
    let made = Token::of(&token).unwrap();
    assert!(scene.archive.give_token("nobody".to_owned(), made, NOON).await.unwrap().is_none());
    assert!(scene.archive.give_token(KIOSK.to_owned(), made, NOON).await.unwrap().is_some());
    let old = take(&scene, &file(&scene, &scene.token, &[(1, 2)])).await.unwrap();
    assert_eq!(old.added, 2, "both are good while the letter is on its way");
    let other = file_to(&keys(&scene), &token, KIOSK, &"1".repeat(32), &[(3, 4)]);
    assert_eq!(take(&scene, &other).await.unwrap().added, 2);
    assert_eq!(scene.deliver(&delivery(&[])).await.0, 401, "the one before it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_first_board_still_holds_is_taken_once_a_spare_stands_in_its_place() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 4)])).await;
    // A spare is enrolled by another code, takes a rating of its own and delivers it.
    let (spare, third) = ("ab".repeat(32), "ef".repeat(32));
    let give = async |token: &str| {
        let made = Token::of(token).unwrap();
        scene.archive.give_token(KIOSK.to_owned(), made, NOON).await.unwrap().unwrap();
    };
    give(&spare).await;
    let mut of_spare = delivery(&[rating(1, 5)]);
    of_spare["runs"][0]["run"] = "f".repeat(32).into();
    of_spare["live"] = "f".repeat(32).into();
    of_spare["counters"] =
        serde_json::json!({ "taken": 1, "settled": 0, "set_aside": 0, "waiting": 1 });
    assert_eq!(scene.deliver_by(&spare, &of_spare).await.0, 200);
    assert_eq!(scene.deliver(&delivery(&[rating(2, 4)])).await.0, 401);
    // The stick of the first board comes back, and changes nothing of how the spare stands.
    let before = scene.archive.kiosks().await.unwrap();
    let (signer, hub) = (Signer::of_token(&scene.token).unwrap(), keys(&scene).public().unwrap());
    let mut writer = Writer::begin(Vec::new(), signer, hub, KIOSK, NONCE).unwrap();
    let mut old = frame(1, 6);
    (old.counters.taken, old.counters.waiting, old.app) = (60, 50, "older".to_owned());
    writer.add(&old).unwrap();
    let taken = take(&scene, &writer.end().unwrap().0).await.unwrap();
    assert_eq!((taken.added, taken.known, taken.complaints.len()), (5, 1, 0), "{taken:?}");
    let receipt = taken.receipt.unwrap();
    let receipt = read_receipt(receipt.as_bytes(), &keys(&scene).public().unwrap()).unwrap();
    assert_eq!(receipt.settled[0].ranges, [(1, 6)]);
    let books = scene.archive.reconcile(KIOSK.to_owned()).await.unwrap();
    assert_eq!((books.stored, books.holds), (7, true));
    let after = scene.archive.kiosks().await.unwrap();
    assert_eq!((after[0].waiting, &after[0].app), (0, &before[0].app));
    assert_eq!(scene.deliver_by(&spare, &of_spare).await.0, 200, "the spare goes on");
    // Another spare takes its place: the stick of each board before it is good.
    give(&third).await;
    assert_eq!(scene.deliver_by(&third, &delivery(&[])).await.0, 200);
    for (token, nonce, (first, last)) in [(&scene.token, '1', (7, 8)), (&spare, '2', (9, 9))] {
        let nonce = nonce.to_string().repeat(32);
        let late = file_to(&keys(&scene), token, KIOSK, &nonce, &[(first, last)]);
        assert_eq!(take(&scene, &late).await.unwrap().added, u64::from(last - first) + 1);
    }
    assert_eq!(scene.deliver_by(&third, &delivery(&[])).await.0, 200, "it stays the one in use");
    // What a person has revoked is over, and so is what was over before it.
    scene.archive.revoke(KIOSK.to_owned(), NOON).await.unwrap();
    give(&"12".repeat(32)).await;
    for token in [&scene.token, &spare, &third] {
        let stolen = file_to(&keys(&scene), token, KIOSK, &"3".repeat(32), &[(10, 11)]);
        let taken = take(&scene, &stolen).await.unwrap();
        assert_eq!((taken.added, taken.receipt), (0, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_good_for_its_hub_and_unchanged_only() {
    let scene = Scene::new().await;
    let taken = take(&scene, &file(&scene, &scene.token, &[(1, 2)])).await.unwrap();
    let (receipt, hub) = (taken.receipt.unwrap(), keys(&scene).public().unwrap());
    assert!(read_receipt(receipt.as_bytes(), &hub).is_some());
    let changed = receipt.replace("[1,2]", "[1,9]");
    assert_ne!(changed, receipt);
    assert!(read_receipt(changed.as_bytes(), &hub).is_none());
    let other = HubKeys::of_secret([9; 32]).public().unwrap();
    assert!(read_receipt(receipt.as_bytes(), &other).is_none());
    assert!(read_receipt(b"", &hub).is_none() && read_receipt(b"{}", &hub).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_file_says_nothing_of_how_the_kiosk_stands_now() {
    let scene = Scene::new().await;
    let old = |live: &str, last| {
        let mut value = serde_json::to_value(frame(1, last)).unwrap();
        value["live"] = live.into();
        value["counters"] = serde_json::json!(
            { "taken": last, "settled": 0, "set_aside": 0, "waiting": last }
        );
        serde_json::from_value::<Delivery>(value).unwrap()
    };
    let (signer, hub) = (Signer::of_token(&scene.token).unwrap(), keys(&scene).public().unwrap());
    let mut writer = Writer::begin(Vec::new(), signer, hub, KIOSK, NONCE).unwrap();
    for _ in 0..4 {
        writer.add(&old(RUN, 3)).unwrap();
    }
    let file = writer.end().unwrap().0;
    // Since then the kiosk has restarted, found a network, and taken two more ratings.
    let other = "f".repeat(32);
    let mut sent = serde_json::to_value(old(RUN, 3)).unwrap();
    scene.receipt(&sent).await;
    sent["live"] = other.clone().into();
    sent["app"] = "newer".into();
    sent["runs"][0]["run"] = other.into();
    sent["runs"][0]["taken"] = 5.into();
    sent["counters"] =
        serde_json::json!({ "taken": 8, "settled": 3, "set_aside": 0, "waiting": 5 });
    scene.receipt(&sent).await;
    let taken = take(&scene, &file).await.unwrap();
    assert_eq!((taken.added, taken.complaints.len()), (0, 0));
    let kiosk = &scene.archive.kiosks().await.unwrap()[0];
    assert!(!kiosk.is_cloned, "an old file is no second device");
    assert_eq!((kiosk.waiting, kiosk.app.as_deref()), (2, Some("newer")));
    assert!(scene.archive.reconcile(KIOSK.to_owned()).await.unwrap().holds);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_many_frames_leaves_nothing_waiting_at_the_kiosk() {
    let scene = Scene::new().await;
    let (signer, hub) = (Signer::of_token(&scene.token).unwrap(), keys(&scene).public().unwrap());
    let mut writer = Writer::begin(Vec::new(), signer, hub, KIOSK, NONCE).unwrap();
    for (first, last) in [(1, 500), (501, 1_000), (1_001, 1_200)] {
        let mut part = frame(first, last);
        // Nothing is settled while the file is written, so each frame tells of the whole backlog.
        (part.runs[0].taken, part.counters.taken, part.counters.waiting) = (1_200, 1_200, 1_200);
        writer.add(&part).unwrap();
    }
    let file = writer.end().unwrap().0;
    for _ in 0..2 {
        take(&scene, &file).await.unwrap();
        let books = scene.archive.reconcile(KIOSK.to_owned()).await.unwrap();
        assert_eq!((books.stored, books.told.waiting, books.holds), (1_200, 0, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_retired_kiosk_still_holds_can_be_carried() {
    let scene = Scene::new().await;
    assert!(scene.archive.retire_kiosk(KIOSK.to_owned(), Some(NOW - 1), NOW).await.unwrap());
    assert_eq!(scene.deliver(&delivery(&[rating(1, 4)])).await.0, 403);
    let file = file(&scene, &scene.token, &[(1, 20)]);
    let imported = take(&scene, &file).await.unwrap();
    assert_eq!((imported.added, imported.complaints.len()), (20, 0), "{imported:?}");
}
