//! How fast a hub takes in one kiosk's backlog: 100,000 ratings after weeks without a network.
//!
//! `cargo bench --bench backlog`. Journal, uplink and hub are the real ones, over loopback with
//! gzip, every delivery durable at the hub before its receipt.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

use std::path::Path;
use std::time::Duration;

use smilepost::clock;
use smilepost::feedback::event::Event;
use smilepost::feedback::misuse::Verdict;
use smilepost::feedback::moment;
use smilepost::feedback::rating::{BootId, Input, Rated, RunId, Scale, Wording};
use smilepost::feedback::zone::Zone;
use smilepost::hub::archive::Archive;
use smilepost::hub::archive::{Kiosk, Shop, ShopDate};
use smilepost::hub::settings::Settings as HubSettings;
use smilepost::hub::{Hub, secrets};
use smilepost::kiosk::journal::{Home, Journal, JournalThread, Limits};
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::uplink::{self, UplinkConfig};

const RATINGS: u64 = 100_000;

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn main() {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("backlog-{}", std::process::id()));
    let mut journal = Journal::open(&folder.join("kiosk"), Limits::default()).unwrap();
    let boot = BootId([1; 16]);
    journal.begin(RunId(rand::random()), boot).unwrap();
    let start = now();
    for n in 0..RATINGS {
        let value = u8::try_from(n % 5 + 1).unwrap();
        let rated = Rated {
            score: Scale::Five.score(value).unwrap(),
            input: Input::Button,
            question: Wording { id: "checkout".to_owned(), version: 1, language: "en".to_owned() },
            verdict: Verdict::now(None),
            replaces: None,
        };
        journal.append(Event::Rated(rated), clock::reading()).unwrap();
    }
    let taken_s = start.elapsed().as_secs_f64();
    println!("taken      {RATINGS} in {taken_s:.1} s: {:.0} commits/s", RATINGS as f64 / taken_s);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let archive = Archive::in_folder(&folder.join("hub")).unwrap();
    let (address, code) = runtime.block_on(async {
        let (id, shop) = ("k".to_owned(), "s".to_owned());
        let new =
            Shop { id: shop.clone(), name: shop.clone(), zone: "UTC".to_owned(), group: None };
        archive.add_shop(new).await.unwrap();
        let touchpoint = "x".to_owned();
        archive.add_kiosk(Kiosk { id: id.clone(), shop, touchpoint }).await.unwrap();
        let code = secrets::new_code();
        archive.add_code(id, secrets::code_hash(&code), i64::MAX).await.unwrap();
        let hub = Hub::bind(&HubSettings::plain(&folder), archive.clone(), clock::reading).unwrap();
        let (address, _) = hub.addresses().unwrap();
        tokio::spawn(hub.run());
        (format!("http://{address}"), code)
    });
    let mut settings = Settings::plain(&folder);
    settings.uplink.first_max = Duration::ZERO;
    let entry = uplink::enrol(&settings.uplink, &address, &code, "bench").unwrap();
    let data_dir = folder.join("kiosk");
    let ground = Home {
        folder: data_dir.clone(),
        limits: Limits::default(),
        boot,
        new_run: Box::new(|| RunId(rand::random())),
        read_clocks: clock::reading,
    };
    let (keeper, thread) = JournalThread::start(Some(journal), ground, |_| {}).unwrap();
    let start = now();
    let (app, floor_ms) = ("bench".to_owned(), clock::built_ms());
    settings.data_dir = data_dir;
    let surveyed = Box::new(|_| {});
    let heard = Box::new(|_| {});
    let office = UplinkConfig {
        enrolment: entry.enrolment,
        settings,
        app,
        floor_ms,
        survey: None,
        on_survey: surveyed,
        on_status: heard,
        on_zone: Box::new(|_| {}),
        on_place: Box::new(|_| {}),
        findings: tokio::sync::watch::channel(None).1,
        anchor: clock::anchor,
    };
    let _uplink = uplink::start(office, keeper.clone()).unwrap();
    while keeper.books().unwrap().0.waiting > 0 {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let settled_s = start.elapsed().as_secs_f64();
    println!(
        "delivered  {RATINGS} in {settled_s:.1} s: {:.0} ratings/s",
        RATINGS as f64 / settled_s
    );
    let today = moment::local(clock::wall_ms(), &Zone::utc()).0;
    // It may have become midnight meanwhile.
    let dates = [today.pred_opt().unwrap(), today, today.succ_opt().unwrap()];
    let dates = dates.map(|date| ShopDate { shop: "s".to_owned(), date }).to_vec();
    let days = runtime.block_on(archive.days(dates)).unwrap();
    let ratings: u64 = days.iter().map(|day| u64::from(day.lines.total())).sum();
    assert_eq!(ratings, RATINGS);
    keeper.close();
    thread.join().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
