//! Tests of a disk that is full: the hub says that it is not ready, in words.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::Value;
use smilepost::feedback::moment::Reading;
use smilepost::hub::readiness::Readiness;

use crate::hub::{NOW, Scene};

impl Scene {
    async fn ready(&self) -> (u16, String) {
        let answer = self.client.get(format!("http://{}/readyz", self.kiosks));
        let answer = answer.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap())
    }
}

#[tokio::test]
async fn a_hub_that_can_store_nothing_is_not_ready_and_its_page_says_why() {
    let scene = Scene::new().await;
    // What a delivery needs is not there; a write of a few bytes would not notice.
    scene.file().execute_batch("alter table rehearsal rename to gone").unwrap();
    scene.file().execute("update meta set value = value", []).unwrap();
    let (status, said) = scene.ready().await;
    let refusal: Value = serde_json::from_str(&said).unwrap();
    let refused = refusal["refused"].as_str().unwrap();
    assert_eq!(status, 503, "{said}");
    assert!(refused.contains("head office cannot store deliveries"), "{refused}");
    let (status, page) = scene.page("/").await;
    assert_eq!(status, 200, "the numbers can be read");
    let alarm = "class=\"alarm\" role=\"alert\">Head office cannot store deliveries";
    assert!(page.contains(alarm), "{page}");
}

#[tokio::test]
async fn many_who_ask_share_one_rehearsal() {
    let scene = Scene::new().await;
    let rows = || -> i64 {
        let sql = "select coalesce(max(seq), 0) from sqlite_sequence where name = 'rehearsal'";
        scene.file().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let asked = tokio::join!(scene.ready(), scene.ready(), scene.ready(), scene.page("/"));
    assert_eq!((asked.0.0, asked.1.0, asked.2.0, asked.3.0), (200, 200, 200, 200));
    let once = rows();
    assert!(once > 100, "it is as heavy as a delivery: {once} rows");
    assert_eq!(scene.ready().await, (200, "ready\n".to_owned()));
    assert_eq!(rows(), once, "the answer is fresh for some time");
    let sql = "select count(*) from rehearsal";
    let left: i64 = scene.file().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "nothing of it is kept");
}

/// The boot's clock of the test below.
static BOOT_MS: AtomicU64 = AtomicU64::new(0);

#[tokio::test]
async fn a_good_answer_is_known_for_a_minute_and_a_bad_one_for_ten_seconds() {
    let scene = Scene::new().await;
    let rows = || -> i64 {
        let sql = "select coalesce(max(seq), 0) from sqlite_sequence where name like 'rehearsal%'";
        scene.file().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let read_clocks = || Reading { boot_ms: BOOT_MS.load(Relaxed), wall_ms: NOW };
    let readiness = Readiness::new(scene.archive.clone(), read_clocks);
    let at = async |boot_ms: u64| {
        BOOT_MS.store(boot_ms, Relaxed);
        // One after the other and together, it is one rehearsal.
        let (asked, again) = tokio::join!(readiness.ask(), readiness.ask());
        assert_eq!(asked, again);
        (asked.is_ok(), rows())
    };
    let (is_ready, once) = at(5_000).await;
    assert!(is_ready && once > 100, "{once} rows");
    assert_eq!(at(64_999).await, (true, once), "a card is not worn for nothing");
    assert_eq!(at(65_000).await, (true, 2 * once));
    let rename = |from: &str, to: &str| {
        scene.file().execute_batch(&format!("alter table {from} rename to {to}")).unwrap();
    };
    rename("rehearsal", "rehearsal_gone");
    assert!(at(124_999).await.0, "nobody has tried it since");
    assert!(!at(125_000).await.0);
    rename("rehearsal_gone", "rehearsal");
    assert_eq!(at(134_999).await, (false, 2 * once));
    assert_eq!(at(135_000).await, (true, 3 * once), "whoever made room is soon told");
    assert_eq!(at(194_999).await, (true, 3 * once));
}

/// What is done on a file system of its own, with so little room: a hub's list of its kiosks
/// before and after the disk is full. `true` is there for whoever may make no file system.
const ON_A_SMALL_DISK: &str = r#"
set -e
mount -t tmpfs -o size=16m tmpfs "$1"
printf 'data_dir = "%s/data"\n' "$1" > "$1/hub.toml"
"$2" shop add Kallio --zone Europe/Helsinki --config "$1/hub.toml"
"$2" kiosk list --config "$1/hub.toml" 2> "$3/before"
dd if=/dev/zero of="$1/others" bs=64k 2> /dev/null || true
"$2" kiosk list --config "$1/hub.toml" 2> "$3/after" || true
rm "$1/others"
"$2" kiosk list --config "$1/hub.toml" 2> "$3/again"
"#;

#[test]
fn a_full_disk_is_an_alarm_until_there_is_room_again() {
    let (disk, said) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let own = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command
    };
    if !own("mount -t tmpfs tmpfs /mnt").output().is_ok_and(|output| output.status.success()) {
        // Not every system lets its users make one; the archive's own tests fill it otherwise.
        return;
    }
    let program = env!("CARGO_BIN_EXE_smilepost-hub");
    let output =
        own(ON_A_SMALL_DISK).args([disk.path(), Path::new(program), said.path()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let of = |when: &str| std::fs::read_to_string(said.path().join(when)).unwrap();
    for when in ["before", "again"] {
        assert!(of(when).starts_with("ALARM: The disk of head office has "), "{}", of(when));
    }
    // Where there is not even room for what SQLite keeps beside it, the archive is not opened.
    let after = of("after");
    let is_alarm = after.starts_with("ALARM: Head office cannot store deliveries");
    assert!(is_alarm || after.starts_with("smilepost-hub: cannot open the archive"), "{after}");
    assert!(after.contains("its disk is full: make room on it"), "{after}");
}
