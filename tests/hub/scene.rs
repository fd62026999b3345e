//! What only the hub's tests need of a running hub.

use std::io::Write as _;

use smilepost::hub::archive::sqlite::FILE;

use crate::hub::Scene;

impl Scene {
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
