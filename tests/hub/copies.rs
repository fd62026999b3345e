//! An archive that has gone to PostgreSQL: its backups, its hubs' keys, and a database that was set
//! back in time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use smilepost::carried::seal::KEYS_FILE;
use smilepost::feedback::moment::Reading;
use smilepost::hub::Hub;
use smilepost::hub::archive::{Archive, ArchiveSettings, Shop};
use smilepost::hub::carried::keys;
use smilepost::hub::commands::backup;
use smilepost::hub::commands::transfer::to;
use smilepost::hub::settings::Settings;

use crate::engine::new_database;
use crate::engine::server::{Database, Server, ask};
use crate::hub::{KIOSK, NOW, delivery, rating};
use crate::program::Office;
use crate::transfer::{asked, in_postgres, opens, quietly, scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_database_is_backed_up_into_a_file_that_is_restored() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    to(here, &in_file, &asked(&database.address, None), quietly()).await.unwrap();
    let archive = Archive::open(here, &in_postgres(&database.address)).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (busy, stopped) = (archive.clone(), Arc::clone(&stop));
    let adding = tokio::spawn(async move {
        let mut count = 0;
        while !stopped.load(Ordering::Relaxed) {
            let (id, zone) = (format!("shop-{count:05}"), "UTC".to_owned());
            let shop = Shop { id: id.clone(), name: id, zone, group: None };
            assert!(busy.add_shop(shop).await.unwrap());
            count += 1;
        }
        count
    });
    let office = tempfile::tempdir().unwrap();
    let (file, settings) = (office.path().join("backup"), office.path().join("hub.toml"));
    std::fs::write(&settings, "x").unwrap();
    let copied = backup::copy(&archive, "x".to_owned(), here, quietly()).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    assert!(adding.await.unwrap() > 0, "it was written meanwhile");
    backup::write_copy(&copied, here, &settings, &file).unwrap();
    drop(copied);
    let left: Vec<PathBuf> =
        std::fs::read_dir(here).unwrap().map(|at| at.unwrap().path()).collect();
    assert!(left.iter().all(|file| file.extension().is_none_or(|of| of != "part")), "{left:?}");
    let data = office.path().join("data");
    backup::restore(&file, &data).unwrap();
    let restored = Archive::open(&data, &in_file).await.unwrap();
    let account = restored.reconcile(KIOSK.to_owned()).await.unwrap();
    assert_eq!((account.stored, account.missing), (60, 0));
    assert_ne!(
        restored.epoch(KIOSK.to_owned()).await.unwrap(),
        archive.epoch(KIOSK.to_owned()).await.unwrap(),
        "kiosks offer again"
    );
    restored.close().await;
    let key = |folder: &Path| std::fs::read(folder.join(KEYS_FILE)).unwrap();
    assert_eq!(key(&data), key(here));
    // And from there into an empty database.
    let empty = new_database().await;
    to(&data, &in_file, &asked(&empty.address, None), quietly()).await.unwrap();
    opens(&data, &in_postgres(&empty.address)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hubs_of_one_archive_have_the_same_keys() {
    let database = new_database().await;
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let there = in_postgres(&database.address);
    let archive = Archive::open(folders[0].path(), &there).await.unwrap();
    let mut public = Vec::new();
    for folder in &folders {
        let keys = keys::of_archive(&archive, folder.path()).await.unwrap();
        public.push(keys.public().unwrap());
    }
    assert!(public[0] == public[1] && public[1] == public[2]);
    let again = keys::of_archive(&archive, folders[1].path()).await.unwrap();
    assert_eq!(again.public().unwrap(), public[0]);
    let other = tempfile::tempdir().unwrap();
    keys::read_or_make(other.path()).unwrap();
    let refused = keys::of_archive(&archive, other.path()).await.unwrap_err().to_string();
    assert!(refused.contains("is not the key of this archive's hubs"), "{refused}");
}

/// A hub at a database.
struct Served {
    archive: Archive,
    kiosks: std::net::SocketAddr,
    token: String,
}

impl Served {
    async fn new(address: &str, folder: &Path, token: &str) -> Self {
        let archive = Archive::open(folder, &in_postgres(address)).await.unwrap();
        let read_clocks = || Reading { boot_ms: 3_600_000, wall_ms: NOW };
        let hub = Hub::bind(&Settings::plain(folder), archive.clone(), read_clocks).unwrap();
        let (kiosks, _) = hub.addresses().unwrap();
        tokio::spawn(hub.run());
        Self { archive, kiosks, token: token.to_owned() }
    }

    /// Delivers; returns the epoch that the kiosk is told.
    async fn told(&self, delivery: &Value) -> u64 {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("http://{}/v1/deliveries", self.kiosks));
        let request = request.bearer_auth(&self.token).header("content-type", "application/json");
        let answer = request.body(delivery.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        answer["hub_epoch"].as_u64().unwrap()
    }

    /// What a kiosk is told that knows of so many of its events here.
    async fn known(&self, known: u64) -> u64 {
        let mut delivery = delivery(&[]);
        (delivery["known"], delivery["runs"]) = (json!(known), json!([]));
        self.told(&delivery).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kiosks_notice_a_database_that_was_set_back() {
    let (scene, database) = (scene().await, Database::new().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    to(here, &in_file, &asked(&database.address, None), quietly()).await.unwrap();
    // As `pg_dump` and `pg_restore` do, or a standby that was behind.
    let earlier = format!("{}_earlier", database.name);
    let server = Server::shared().address("postgres");
    let copy = format!("create database {earlier} template {}", database.name);
    ask(&server, &copy).await.unwrap();
    let now = Served::new(&database.address, here, &scene.token).await;
    let before = now.known(60).await;
    let mut more = delivery(&[rating(61, 5)]);
    more["runs"][0]["taken"] = json!(61);
    assert_eq!(now.told(&more).await, before);
    assert_eq!(now.known(61).await, before);
    let set_back = database.address.replace(&database.name, &earlier);
    let then = Served::new(&set_back, here, &scene.token).await;
    assert_ne!(then.known(61).await, before, "the kiosk offers again what it holds");
    let office = Office::new();
    let config = format!("data_dir = {:?}\n[archive]\nurl = \"{set_back}\"\n", here);
    std::fs::write(office.folder.path().join("hub.toml"), config).unwrap();
    let noticed = then.known(61).await;
    let said = office.say(&["restored"]);
    assert!(said.contains("each kiosk sends again what it still holds"), "{said}");
    assert_ne!(then.known(61).await, noticed);
    then.archive.close().await;
    let _ = ask(&server, &format!("drop database {earlier} with (force)")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_moves_the_archive_from_the_command_line() {
    let (office, database) = (Office::new(), new_database().await);
    let folder = office.folder.path();
    let configure = |more: &str| {
        let text = format!("data_dir = {:?}\n{more}", folder.join("data"));
        std::fs::write(folder.join("hub.toml"), text).unwrap();
    };
    let move_it = ["move", "--to", database.address.as_str()];
    assert!(office.complain(&move_it).contains("there is no archive in"));
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    let said = office.say(&move_it);
    assert!(said.contains("from now on nothing is written into it, so stop every hub"), "{said}");
    let told = said.split("now hub.toml must have:\n").nth(1).unwrap();
    let part = told.split("then start").next().unwrap();
    let refused = office.complain(&["shop", "list"]);
    assert!(refused.contains("it has gone to the database"), "{refused}");
    let refused = office.complain(&["backup", folder.join("old").to_str().unwrap()]);
    assert!(refused.contains("back it up there"), "{refused}");
    configure(part);
    assert!(office.say(&["shop", "list"]).contains("Kallio"));
    let file = folder.join("backup");
    let said = office.say(&["backup", file.to_str().unwrap()]);
    assert!(said.contains("holds the archive, the keys and the settings"), "{said}");
    std::fs::rename(folder.join("data"), folder.join("before")).unwrap();
    configure("");
    office.say(&["restore", file.to_str().unwrap()]);
    assert!(office.say(&["shop", "list"]).contains("Kallio"));
    std::fs::remove_dir_all(folder.join("data")).unwrap();
    configure(part);
    let said = office.say(&["move", "--to", "sqlite"]);
    assert!(said.contains("now delete [archive] in hub.toml\n"), "{said}");
    assert!(office.complain(&["shop", "list"]).contains("it has gone to the file"));
    configure("");
    assert!(office.say(&["shop", "list"]).contains("Kallio"));
    configure(part);
    assert!(office.say(&["move", "--undo"]).contains("can be used again"));
    assert!(office.say(&["shop", "list"]).contains("Kallio"));
}
