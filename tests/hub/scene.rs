//! What only the hub's tests need of a running hub.

use std::io::Write as _;

use crate::hub::Scene;
use crate::raw::{Raw, raw};

impl Scene {
    /// The archive's tables, beside the hub that has it open.
    pub(crate) fn raw(&self) -> Raw {
        raw(self.folder.path())
    }

    /// Whether the hub says that it is ready: the status and what it says.
    pub(crate) async fn ready(&self) -> (u16, String) {
        let answer = self.client.get(format!("http://{}/readyz", self.kiosks));
        let answer = answer.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap())
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
