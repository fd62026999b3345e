//! What only the hub's tests need of a running hub.

use std::io::Write as _;

use serde_json::Value;
use smilepost::hub::archive::sqlite::FILE;
use smilepost::hub::archive::{Kiosk, Places as _, Shop};

use crate::hub::Scene;

impl Scene {
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

    /// The archive's file, beside the hub that has it open.
    pub(crate) fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join(FILE)).unwrap()
    }

    /// A page of the dashboard.
    pub(crate) async fn page(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(format!("http://{}{path}", self.dashboard));
        let answer = answer.send().await.unwrap();
        (
            answer.status().as_u16(),
            String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap(),
        )
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
