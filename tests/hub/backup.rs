//! Tests of backups: made of a busy hub, restored by somebody who has never done it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use smilepost::carried::seal::KEYS_FILE;
use smilepost::feedback::rating::RatingId;
use smilepost::hub::archive::sqlite::FILE;
use smilepost::hub::archive::{Archive, Way};
use smilepost::hub::commands::backup;
use smilepost::hub::{intake, secrets};

use crate::hub::{KIOSK, NOW, RUN, Scene, delivery, rating};

/// A backup of a scene whose settings are this text.
fn back_up(scene: &Scene, to: &Path) {
    let settings = scene.folder.path().join("hub.toml");
    std::fs::write(&settings, "data_dir = \"x\"\n").unwrap();
    backup::write(scene.folder.path(), &settings, to).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_hub_is_backed_up_and_restored_whole() {
    let scene = Arc::new(Scene::new().await);
    let stop = Arc::new(AtomicBool::new(false));
    let (busy, stopped) = (Arc::clone(&scene), Arc::clone(&stop));
    let delivering = tokio::spawn(async move {
        let mut n = 0;
        while !stopped.load(Ordering::Relaxed) {
            n += 1;
            busy.receipt(&delivery(&[rating(n, 5)])).await;
        }
        n
    });
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("monday.backup");
    let (of, to) = (Arc::clone(&scene), file.clone());
    tokio::task::spawn_blocking(move || back_up(&of, &to)).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    let delivered = delivering.await.unwrap();

    let empty = elsewhere.path().join("data");
    let settings = backup::restore(&file, &empty).unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(settings).unwrap(), "data_dir = \"x\"\n");
    let keys = |folder: &Path| std::fs::read(folder.join(KEYS_FILE)).unwrap();
    assert_eq!(keys(&empty), keys(scene.folder.path()));
    let restored = Archive::in_folder(&empty).unwrap();
    let books = restored.reconcile(KIOSK.to_owned()).await.unwrap();
    let stored = u32::try_from(books.stored).unwrap();
    assert!(books.missing == 0 && stored <= delivered, "{books:?}");
    let numbers: Vec<u32> =
        restored.page((0, 0, 0), 1_000_000).await.unwrap().iter().map(|(_, row)| row.n).collect();
    assert_eq!(numbers, (1..=stored).collect::<Vec<_>>(), "one state of it, and nothing twice");
    let bearer = restored.bearer(secrets::token_hash(&scene.token), NOW).await.unwrap();
    assert_eq!(bearer.unwrap().kiosk, KIOSK, "kiosks need no new code");
    let epoch = |archive: Archive| async move { archive.epoch(KIOSK.to_owned()).await.unwrap() };
    assert_ne!(epoch(restored).await, epoch(scene.archive.clone()).await, "kiosks offer again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_before_a_backup_stays_deleted_in_what_is_restored() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 5), rating(2, 5)])).await;
    let id = RatingId { run: RUN.parse().unwrap(), n: 2 };
    assert_eq!(scene.archive.delete(KIOSK.to_owned(), vec![id]).await.unwrap(), 1);
    let elsewhere = tempfile::tempdir().unwrap();
    let (file, empty) = (elsewhere.path().join("monday.backup"), elsewhere.path().join("data"));
    back_up(&scene, &file);
    backup::restore(&file, &empty).unwrap();
    let restored = Archive::in_folder(&empty).unwrap();
    // The kiosk offers everything again.
    let mut again = delivery(&[rating(1, 5), rating(2, 5)]);
    again["gone"] = serde_json::json!(0);
    let again = serde_json::from_value(again).unwrap();
    let (shipment, _) = intake::check(KIOSK.to_owned(), again, Way::Sent, NOW).unwrap();
    let stored = restored.store(shipment).await.unwrap();
    assert_eq!((stored.settled.len(), stored.added), (2, 0));
    assert_eq!(stored.gone.unwrap().events[0].ranges, [(2, 2)], "and is told anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_left_in_a_restored_archive_and_only_its_owner_reads_a_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    back_up(&scene, &file);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let empty = folder.path().join("data");
    backup::restore(&file, &empty).unwrap();
    let key = std::fs::read(empty.join(KEYS_FILE)).unwrap();
    let key = key.trim_ascii();
    let holds = |file: &Path| std::fs::read(file).unwrap().windows(key.len()).any(|at| at == key);
    assert!(holds(&file), "the backup has the key");
    assert!(!holds(&empty.join(FILE)), "the archive has it no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_replaces_nothing_and_is_restored_over_nothing() {
    let scene = Scene::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, settings) = (folder.path().join("backup"), folder.path().join("hub.toml"));
    back_up(&scene, &file);
    let again = backup::write(scene.folder.path(), &settings, &file).unwrap_err();
    assert!(again.to_string().contains("is there already"), "{again}");
    for left in [FILE, "hub.sqlite-wal", "hub.sqlite-shm", "hub.sqlite-journal", KEYS_FILE] {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join(left), "of a hub that was killed").unwrap();
        let refused = backup::restore(&file, data.path()).unwrap_err().to_string();
        assert!(refused.contains(left) && refused.contains("empty folder"), "{refused}");
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1, "nothing was added");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_backup_or_is_damaged_is_refused_and_leaves_nothing() {
    let scene = Scene::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    back_up(&scene, &file);
    let whole = std::fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    // In the middle of a page, where SQLite keeps its cells.
    let at = whole.len() / 2 / 4_096 * 4_096;
    flipped[at..at + 200].fill(0xa5);
    scene.archive.close().await;
    let plain = std::fs::read(scene.folder.path().join(FILE)).unwrap();
    let bad: [(&str, &[u8]); 5] = [
        ("empty", b""),
        ("text", b"not a database at all, but long enough to have a header of one hundred bytes"),
        ("cut", &whole[..whole.len() / 3]),
        ("flipped", &flipped),
        ("an archive", &plain),
    ];
    for (name, content) in bad {
        let (file, data) = (folder.path().join("bad"), folder.path().join("data"));
        std::fs::write(&file, content).unwrap();
        let refused = backup::restore(&file, &data).unwrap_err().to_string();
        assert!(refused.contains("cannot be restored"), "{name}: {refused}");
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "{name}");
    }
    let nowhere = backup::write(&folder.path().join("nowhere"), &file, &folder.path().join("new"));
    assert!(nowhere.unwrap_err().to_string().contains("there is no archive"));
    assert!(!folder.path().join("new").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_closed_leaves_one_file() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    let beside = || {
        let names = std::fs::read_dir(scene.folder.path()).unwrap();
        let mut names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert!(beside().contains(&"hub.sqlite-wal".to_owned()));
    scene.archive.close().await;
    assert_eq!(beside(), ["hub.key", "hub.sqlite"]);
    assert!(scene.archive.epoch(KIOSK.to_owned()).await.is_err(), "it is closed");
}
