//! Tests of a disk that is full: the hub says that it is not ready, in words.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use smilepost::feedback::moment::Reading;
use smilepost::hub::readiness::Readiness;

use crate::hub::{NOW, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_share_one_rehearsal() {
    let scene = Scene::new().await;
    let rows = || -> i64 {
        let sql = "select coalesce(max(seq), 0) from sqlite_sequence where name = 'rehearsal'";
        scene.raw().number(sql)
    };
    let asked = tokio::join!(scene.ready(), scene.ready(), scene.ready(), scene.page("/"));
    assert_eq!((asked.0.0, asked.1.0, asked.2.0, asked.3.0), (200, 200, 200, 200));
    let once = rows();
    assert!(once > 100, "it is as heavy as a delivery: {once} rows");
    assert_eq!(scene.ready().await, (200, "ready\n".to_owned()));
    assert_eq!(rows(), once, "the answer is fresh for some time");
    let sql = "select count(*) from rehearsal";
    let left = scene.raw().number(sql);
    assert_eq!(left, 0, "nothing of it is kept");
}

/// The boot's clock of the test below.
static BOOT_MS: AtomicU64 = AtomicU64::new(0);

#[tokio::test(flavor = "multi_thread")]
async fn a_good_answer_is_known_for_a_minute_and_a_bad_one_for_ten_seconds() {
    let scene = Scene::new().await;
    let rows = || -> i64 {
        let sql = "select coalesce(max(seq), 0) from sqlite_sequence where name like 'rehearsal%'";
        scene.raw().number(sql)
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
        scene.raw().execute(&format!("alter table {from} rename to {to}"));
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

/// A script that may make file systems of its own. Not every system lets its users make one; the
/// archive's own tests do without.
fn on_own_disks(script: &str) -> Option<Command> {
    let own = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command
    };
    let can = own("mount -t tmpfs tmpfs /mnt").output().is_ok_and(|tried| tried.status.success());
    can.then(|| own(script))
}

#[test]
fn a_full_disk_is_an_alarm_until_there_is_room_again() {
    let (disk, said) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(mut command) = on_own_disks(ON_A_SMALL_DISK) else {
        return;
    };
    let program = env!("CARGO_BIN_EXE_smilepost-hub");
    let output = command.args([disk.path(), Path::new(program), said.path()]).output().unwrap();
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

/// An archive of the first schema with some mebibytes in it, on a file system that has less room
/// than that left, and then enough.
const ON_A_DISK_TOO_SMALL_FOR_TWO: &str = r#"
set -e
mount -t tmpfs -o size=12m tmpfs "$1"
mkdir "$1/data"
cp "$3/hub.sqlite" "$1/data"
printf 'data_dir = "%s/data"\n' "$1" > "$1/hub.toml"
"$2" shop list --config "$1/hub.toml" 2> "$3/refused" && exit 1
cmp "$3/hub.sqlite" "$1/data/hub.sqlite"
mount -o remount,size=64m "$1"
"$2" shop list --config "$1/hub.toml" > "$3/shops" 2> "$3/said"
"#;

#[test]
fn an_older_archive_is_not_touched_on_a_disk_that_is_too_small_to_change_it() {
    let (disk, said) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(mut command) = on_own_disks(ON_A_DISK_TOO_SMALL_FOR_TWO) else {
        return;
    };
    let old = rusqlite::Connection::open(said.path().join("hub.sqlite")).unwrap();
    old.execute_batch(include_str!("../../src/hub/archive/sqlite/0001_first.sql")).unwrap();
    let sql = "insert into meta values ('epoch', 7);
        insert into shop values ('kallio', 'Nordmarkt Kallio', 'Europe/Helsinki');
        insert into kiosk (id, shop, touchpoint) values ('kallio-exit', 'kallio', 'Exit');
        insert into boot values (1, x'0b');
        insert into run values (1, x'0a', 1);
        insert into conflict values (1, 1, x'01', 'kallio-exit', 5, hex(zeroblob(3000000)));
        pragma user_version = 1;";
    old.execute_batch(sql).unwrap();
    old.close().unwrap();
    let program = env!("CARGO_BIN_EXE_smilepost-hub");
    let output = command.args([disk.path(), Path::new(program), said.path()]).output().unwrap();
    let of = |what: &str| std::fs::read_to_string(said.path().join(what)).unwrap_or_default();
    let refused = of("refused");
    for words in ["takes 10 MiB of free room", "MiB are free: make room", "nothing was changed"] {
        assert!(refused.contains(words), "{refused}");
    }
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stderr), of("said"));
    assert!(of("shops").contains("Nordmarkt Kallio"), "{}", of("shops"));
}
