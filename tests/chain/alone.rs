//! The same where one hub has its archive in a file, which no second hub may share: it is killed
//! again and again, and once it goes on with a backup that has not everything.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::chance::{Chance, seeds};
use crate::cluster;
use crate::hub::{Hub, enrol};
use crate::lives::{Lives, client};
use crate::wait::wait_until;

const KIOSKS: u64 = 100;

async fn kill(hub: &mut Hub, times: usize, chance: &mut Chance) {
    for _ in 0..times {
        tokio::time::sleep(Duration::from_millis(300 + chance.below(900_u64))).await;
        hub.kill();
        tokio::time::sleep(Duration::from_millis(chance.below(400_u64))).await;
        hub.start();
        wait_until("the hub is up again", || hub.is_up());
    }
}

/// How often each face was pressed at each kiosk, by what a hub exports.
fn faces(export: &str) -> BTreeMap<String, BTreeMap<u8, u64>> {
    let mut faces = BTreeMap::<String, BTreeMap<u8, u64>>::new();
    for line in export.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let score = u8::try_from(row["score"].as_u64().unwrap()).unwrap();
        let of_kiosk = faces.entry(row["kiosk"].as_str().unwrap().to_owned()).or_default();
        *of_kiosk.entry(score).or_default() += 1;
    }
    faces
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whenever_a_hub_with_a_file_is_killed() {
    let mut chance = Chance::seeded(seeds(1)[0]);
    let home = cluster::folder();
    let mut hub = Hub::new(home.path(), "alone", "");
    hub.start();
    wait_until("the hub is up", || hub.is_up());
    let client = client();
    let kiosks = enrol(&hub, &client, KIOSKS).await;
    let lives = Lives::begin(kiosks, &client, &format!("http://{}", hub.address));

    kill(&mut hub, 4, &mut chance).await;
    let backup = home.path().join("backup");
    hub.say(&["backup", text(&backup)]);
    kill(&mut hub, 4, &mut chance).await;
    hub.kill();
    std::fs::rename(home.path().join("data"), home.path().join("lost")).unwrap();
    hub.say(&["restore", text(&backup)]);
    hub.start();
    kill(&mut hub, 4, &mut chance).await;
    let kiosks = lives.end().await;

    let taken = kiosks.iter().map(|kiosk| (kiosk.name.clone(), kiosk.faces())).collect();
    assert_eq!(faces(&hub.say(&["export", "--format", "jsonl"])), taken);
    hub.say(&["reconcile"]);
    hub.say(&["recount"]);
}
