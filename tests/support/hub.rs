//! A hub on a free port with one shop and one enrolled kiosk, and what a kiosk would send it.

use std::net::SocketAddr;

use serde_json::{Value, json};
use smilepost::feedback::moment::Reading;
use smilepost::hub::archive::sqlite::{FILE, Sqlite};
use smilepost::hub::archive::{
    Credentials as _, Day, Kiosk, Places as _, Shop, Span, Tallies as _,
};
use smilepost::hub::settings::{Limits, Settings};
use smilepost::hub::{Hub, secrets};
use smilepost::wire::receipt::Receipt;

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
    pub(crate) archive: Sqlite,
    pub(crate) kiosks: SocketAddr,
    pub(crate) dashboard: SocketAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) token: String,
    pub(crate) folder: tempfile::TempDir,
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
        let folder = tempfile::tempdir().unwrap();
        let archive = Sqlite::open(folder.path()).unwrap();
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
        change(&mut settings);
        let hub = Hub::bind(&settings, archive.clone(), read_clocks).unwrap();
        let (kiosks, dashboard) = hub.addresses().unwrap();
        tokio::spawn(hub.run());
        // Another test of this process may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut scene = Self { archive, kiosks, dashboard, client, token: String::new(), folder };
        scene.token = scene.enrol_anew(KIOSK).await;
        assert!(scene.folder.path().join(FILE).exists(), "where tests look for it");
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
        let span = Span { shop: "kallio".to_owned(), from_ms: 0, to_ms: i64::MAX };
        self.archive.days(vec![span]).await.unwrap().remove(0)
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
