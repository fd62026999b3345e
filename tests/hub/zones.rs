//! Tests of the hub on systems with newer and other time-zone rules, and of kiosks that count by
//! other ones.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::Timelike as _;
use serde_json::json;
use smilepost::clock;
use smilepost::feedback::moment;
use smilepost::hub::commands::kiosks;
use smilepost::zones::Zones;

use crate::engine::server::port::free_address;
use crate::engine::{self, Place};
use crate::hub::{NOW, Scene, delivery, rating};
use crate::program::PROGRAM;
use crate::rules::{NEWER, rules};
use crate::started::Started;
use crate::wait::wait_until;

const VANCOUVER: &str = "America/Vancouver";

/// A hub on a system with its rules there, and one shop in Vancouver.
struct Office {
    _process: Started,
    dashboard: SocketAddr,
    folder: Place,
}

impl Office {
    fn open(system: impl Fn(&Path) -> std::path::PathBuf, zone: &str, knows: &str) -> Self {
        let folder = Place::new();
        let (listen, dashboard) = (free_address(), free_address());
        let config = folder.path().join("hub.toml");
        let text = format!(
            "data_dir = {:?}\n{}listen = \"{listen}\"\n[dashboard]\nlisten = \"{dashboard}\"\n",
            folder.path().join("data"),
            engine::lines(folder.path())
        );
        std::fs::write(&config, text).unwrap();
        let add = ["shop", "add", "Kallio", "--zone", zone, "--config"];
        let mut command = Command::new(PROGRAM);
        let knows = rules(folder.path(), knows, &[(zone, 2)]);
        let added = command.args(add).arg(&config).env("TZDIR", knows).output().unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg("--config").arg(&config).env("TZDIR", system(folder.path()));
        command.env("SMILEPOST_LOG", "info").stdin(Stdio::null()).stderr(log);
        Self { _process: Started::by(&mut command), dashboard, folder }
    }

    /// The dashboard, once it is there.
    fn page(&self) -> String {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let address = format!("http://{}/", self.dashboard);
        let get =
            || runtime.block_on(async { client.get(&address).send().await?.text().await }).ok();
        let mut page = None;
        wait_until("the dashboard is there", || {
            page = get();
            page.is_some()
        });
        page.unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

#[test]
fn the_dashboards_days_follow_the_systems_rules_where_they_are_newer() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built_in = Zones::at(Path::new("/nowhere")).zone(VANCOUVER).unwrap();
    // So many hours ahead of UTC that it is another day there.
    let hours = if built_in.shown(clock::wall_ms()).hour() < 4 { -12 } else { 14 };
    for (release, is_newer) in [(NEWER, true), ("2001a", false)] {
        let system = |folder: &Path| rules(folder, release, &[(VANCOUVER, hours)]);
        let office = Office::open(system, VANCOUVER, release);
        let place = rules(office.folder.path(), release, &[(VANCOUVER, hours)]);
        let zone =
            if is_newer { Zones::at(&place).zone(VANCOUVER).unwrap() } else { built_in.clone() };
        let day = || moment::local(clock::wall_ms(), &zone).0.format("%A %-d %B %Y").to_string();
        let (before, page, after) = (day(), office.page(), day());
        assert!(page.contains(&before) || page.contains(&after), "{release}: {page}");
        let said = if is_newer { "release 2099a of /" } else { "has the older 2001a" };
        assert!(page.contains(said), "{page}");
        assert!(office.log().contains(said), "{}", office.log());
    }
}

#[test]
fn a_shop_in_an_unknown_zone_is_said_and_not_utc_in_silence() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The system has been made anew, with older rules.
    let office = Office::open(|_| "/nowhere".into(), "Mars/Phobos", NEWER);
    let page = office.page();
    assert!(page.contains("known neither to this program nor"), "{page}");
    assert!(office.log().contains("Mars/Phobos"), "{}", office.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kiosk_and_its_hub_disagree_about_is_on_the_page_and_in_the_list() {
    let scene = Scene::new().await;
    let mut told = delivery(&[rating(1, 5)]);
    told["zone"] = json!("America/<b>Vancouver");
    told["zone_rules"] = json!("2031c");
    told["clocks_apart"] = json!({ "ahead_ms": -7_200_000, "is_by_ntp": true });
    let receipt = scene.receipt(&told).await;
    assert_eq!(receipt.zone.as_deref(), Some("Europe/Helsinki"));
    assert!(!receipt.is_time_vouched);
    let (_, page) = scene.page("/").await;
    for said in ["America/&lt;b&gt;Vancouver", "2031c", "2 h behind", "the time service of"] {
        assert!(page.contains(said), "{said} is not in {page}");
    }
    let list = async || kiosks::list(&scene.archive, u64::MAX, NOW).await.unwrap();
    let said = list().await;
    assert!(said.contains("the clock here is 2 h behind of its time service"), "{said}");
    assert!(said.contains("counts by America/<b>Vancouver, and its shop by Europe/H"), "{said}");
    // An older kiosk says nothing of it, and one that agrees neither.
    let mut told = delivery(&[rating(1, 5)]);
    told["zone"] = json!("Europe/Helsinki");
    scene.receipt(&told).await;
    let said = list().await;
    assert!(!said.contains("clock") && !said.contains("counts by"), "{said}");
    let (_, page) = scene.page("/").await;
    assert!(!page.contains("role=\"alert\""), "{page}");
}
