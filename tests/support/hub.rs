//! A hub on a free port with one shop and one enrolled kiosk, and what a kiosk would send it.

use std::net::SocketAddr;

use chrono::{Datelike as _, NaiveDate};
use serde_json::{Value, json};
use smilepost::feedback::moment::Reading;
use smilepost::hub::archive::Archive;
use smilepost::hub::archive::{Day, Kiosk, Shop, ShopDate, Work};
use smilepost::hub::settings::{Limits, Settings};
use smilepost::hub::{Hub, secrets};
use smilepost::wire::receipt::Receipt;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::engine::{self, Place};

pub(crate) const RUN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const KIOSK: &str = "kallio-checkout-1";
pub(crate) const BOOT: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";
/// 2026-11-20 12:00:00 UTC.
pub(crate) const NOON: i64 = 1_795_176_000_000;
/// The hub's time in tests, whatever the machine's clock shows: 14:00 UTC.
pub(crate) const NOW: i64 = NOON + 2 * 3_600_000;

fn read_clocks() -> Reading {
    Reading { boot_ms: 3_600_000, wall_ms: NOW }
}

pub(crate) struct Scene {
    pub(crate) archive: Archive,
    pub(crate) kiosks: SocketAddr,
    pub(crate) dashboard: SocketAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) token: String,
    pub(crate) folder: Place,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        // What a test has delivered is on the page at once.
        Self::with(Limits { page_seconds: 0, ..Limits::default() }).await
    }

    /// A hub with these limits.
    pub(crate) async fn with(limits: Limits) -> Self {
        Self::set(|settings| settings.limits = limits).await
    }

    /// A hub with other settings.
    pub(crate) async fn set(change: impl FnOnce(&mut Settings)) -> Self {
        // A test waits for commands with its own thread. The hub works meanwhile: stopped within a
        // transaction, it would keep whatever that has locked.
        let flavor = Handle::current().runtime_flavor();
        assert_eq!(flavor, RuntimeFlavor::MultiThread, "the test needs a flavor");
        let folder = Place::new();
        let archive = engine::archive(folder.path()).await;
        let shop = Shop {
            id: "kallio".to_owned(),
            name: "Nordmarkt Kallio".to_owned(),
            zone: "Europe/Helsinki".to_owned(),
            group: None,
        };
        assert!(archive.add_shop(shop).await.unwrap());
        let kiosk = Kiosk {
            id: KIOSK.to_owned(),
            shop: "kallio".to_owned(),
            touchpoint: "Checkout <1>".to_owned(),
        };
        assert!(archive.add_kiosk(kiosk).await.unwrap());
        let mut settings = Settings::plain(folder.path());
        settings.archive = engine::settings(folder.path());
        change(&mut settings);
        let hub = Hub::bind(&settings, archive.clone(), read_clocks).unwrap();
        let (kiosks, dashboard) = hub.addresses().unwrap();
        tokio::spawn(hub.run());
        // Another test of this process may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut scene = Self { archive, kiosks, dashboard, client, token: String::new(), folder };
        scene.token = scene.enrol_anew(KIOSK).await;
        scene
    }

    /// Exchanges a new code of a kiosk for a token.
    pub(crate) async fn enrol_anew(&self, kiosk: &str) -> String {
        let code = secrets::new_code();
        let hash = secrets::code_hash(&code);
        assert!(self.archive.add_code(kiosk.to_owned(), hash, i64::MAX).await.unwrap());
        let (status, answer) = self.enrol(&code).await;
        assert_eq!(status, 200, "{answer}");
        answer["token"].as_str().unwrap().to_owned()
    }

    /// A further enrolled kiosk, in a shop of its own, both of this name; returns its token.
    pub(crate) async fn stranger(&self, name: &str) -> String {
        let (zone, group) = ("Europe/Helsinki".to_owned(), None);
        let shop = Shop { id: name.to_owned(), name: name.to_owned(), zone, group };
        assert!(self.archive.add_shop(shop).await.unwrap());
        let touchpoint = "Exit".to_owned();
        let kiosk = Kiosk { id: name.to_owned(), shop: name.to_owned(), touchpoint };
        assert!(self.archive.add_kiosk(kiosk).await.unwrap());
        self.enrol_anew(name).await
    }

    /// Delivers with another kiosk's token.
    pub(crate) async fn deliver_by(&self, token: &str, delivery: &Value) -> (u16, Value) {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        self.post("/v1/deliveries", &headers, delivery.to_string().into_bytes()).await
    }

    pub(crate) async fn enrol(&self, code: &str) -> (u16, Value) {
        let body = json!({ "code": code, "app": "test" }).to_string();
        self.post("/v1/enrolments", &[], body.into_bytes()).await
    }

    /// Posts a body and returns the status and the answer.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (u16, Value) {
        let request = self.client.post(format!("http://{}{path}", self.kiosks));
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.header("content-type", "application/json").body(body);
        let answer = answer.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&text).unwrap_or(Value::Null))
    }

    /// Everything that the shop has counted, as one day.
    pub(crate) async fn day(&self) -> Day {
        self.day_of("kallio").await
    }

    /// The same of any shop; whatever a test has done, tallies are what a recount gives.
    pub(crate) async fn day_of(&self, shop: &str) -> Day {
        let years = [1969, 1970, 2025, 2026, 2027].into_iter();
        let dates = years.flat_map(|year| {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            first.iter_days().take_while(move |date| date.year() == year)
        });
        let dates = dates.map(|date| ShopDate { shop: shop.to_owned(), date }).collect();
        for (_, kiosk) in self.archive.kiosk_numbers().await.unwrap() {
            assert_eq!(self.archive.recount(kiosk).await.unwrap().wrong, []);
        }
        let mut all = Day::default();
        for day in self.archive.days(dates).await.unwrap() {
            for (line, counts) in day.lines.each() {
                for (score, times) in line.scale.scores().zip(counts.faces()) {
                    all.lines.add(&line.question, line.version, score, *times);
                }
            }
            all.others.questions = all.others.questions.max(day.others.questions);
            all.others.ratings += day.others.ratings;
            all.misuse += day.misuse;
            all.replaced += day.replaced;
            all.uncertain += day.uncertain;
            all.bounded += day.bounded;
            all.unread += day.unread;
        }
        all
    }

    /// Waits until the hub has done in the background what there is to do now.
    pub(crate) async fn worked(&self) {
        let is_open = |work: &Work| work.done_ms.is_none() && work.due_ms <= NOW;
        while self.archive.work().await.unwrap().iter().any(is_open) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Delivers as the kiosk would, and returns the status and the answer.
    pub(crate) async fn deliver(&self, delivery: &Value) -> (u16, Value) {
        self.deliver_bytes(delivery.to_string().into_bytes(), "identity").await
    }

    pub(crate) async fn deliver_bytes(&self, body: Vec<u8>, encoding: &str) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-encoding", encoding)];
        self.post("/v1/deliveries", &headers, body).await
    }

    /// Delivers and expects a receipt.
    pub(crate) async fn receipt(&self, delivery: &Value) -> Receipt {
        let (status, answer) = self.deliver(delivery).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_value(answer).unwrap()
    }
}

/// A rating `n`, taken so many minutes after noon by a wall clock that is right.
pub(crate) fn rating(n: u32, score: u8) -> Value {
    let ms = 60_000 * i64::from(n);
    json!({
        "n": n, "kind": "rated", "boot_ms": ms, "wall_ms": NOON + ms,
        "score": score, "scale": 5, "input": "button", "question": "checkout",
        "question_version": 1, "language": "en",
    })
}

pub(crate) fn delivery(events: &[Value]) -> Value {
    json!({
        "nonce": "00112233445566778899aabbccddeeff",
        "app": "test",
        "runs": [{ "run": RUN, "boot": BOOT, "taken": events.len(), "events": events }],
        "counters": {
            "taken": events.len(), "settled": 0, "set_aside": 0, "waiting": events.len() + 3,
        },
    })
}
