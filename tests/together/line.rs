//! A network line between kiosk and hub that can be cut at any byte.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::chance::Chance;

/// A TCP relay that cuts this percentage of its connections after a random number of bytes, in the
/// request or in the answer.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    cut_percent: Arc<AtomicU32>,
    cuts: Arc<AtomicU32>,
}

impl Line {
    pub(crate) fn to(hub: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cut_percent = Arc::new(AtomicU32::new(0));
        let cuts = Arc::new(AtomicU32::new(0));
        let (percent, counted) = (cut_percent.clone(), cuts.clone());
        std::thread::spawn(move || {
            let mut chance = Chance::seeded(seed);
            for near in listener.incoming() {
                let near = near.unwrap();
                // If the hub is down, the line closes the kiosk's connection.
                let Ok(far) = TcpStream::connect(hub) else {
                    continue;
                };
                let is_cut = chance.below(100) < percent.load(Ordering::Relaxed);
                let is_request = chance.below(2) == 0;
                let bytes = chance.below(if is_request { 12_000 } else { 4_000 });
                let limit = |is_this_way: bool| {
                    if is_cut && is_this_way { bytes } else { u64::MAX }
                };
                counted.fetch_add(u32::from(is_cut), Ordering::Relaxed);
                relay(&near, &far, limit(is_request));
                relay(&far, &near, limit(!is_request));
            }
        });
        Self { address, cut_percent, cuts }
    }

    pub(crate) fn cut(&self, percent: u32) {
        self.cut_percent.store(percent, Ordering::Relaxed);
    }

    pub(crate) fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// Passes bytes on until the limit, an end or an error; then closes both sides.
fn relay(from: &TcpStream, to: &TcpStream, limit: u64) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || {
        let mut left = limit;
        let mut buffer = [0; 4_096];
        while left > 0 {
            let Ok(count @ 1..) = from.read(&mut buffer) else {
                break;
            };
            let passed = count.min(usize::try_from(left).unwrap_or(usize::MAX));
            left -= u64::try_from(passed).unwrap();
            if to.write_all(&buffer[..passed]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
