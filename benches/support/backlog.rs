//! How long a kiosk waits for the receipt of one rating while others deliver a million.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::task::JoinSet;

use crate::engine::server::Server;
use crate::office::{self, Office};
use crate::{cpu, deliveries, now};

const RATINGS: usize = 1_000_000;

/// As many kiosks deliver them at once, a delivery of each at a time.
const KIOSKS: usize = 16;

/// The most that a kiosk sends at once.
const OF_DELIVERY: usize = 500;

/// How many ratings are delivered while nothing else is going on.
const ALONE: usize = 150;

/// As often as a kiosk may ask by the hub's default limits.
const BETWEEN: Duration = Duration::from_millis(110);

/// What is said to take so long in the end that the kiosk has no more ratings.
const OF_CANARY: usize = 100_000;

type Bodies = Vec<Vec<u8>>;

/// Prints the waits on both engines, each alone and beside the backlog.
pub(crate) async fn measure() {
    println!("milliseconds to the receipt of one rating, and of how many: p50, p99, most");
    println!("{}", cpu::load());
    let bodies: Vec<_> =
        (1..=KIOSKS).map(|kiosk| tokio::task::spawn_blocking(move || backlog(kiosk))).collect();
    let mut backlogs = Vec::new();
    for body in bodies {
        backlogs.push(body.await.unwrap());
    }
    on("SQLite", None, &backlogs).await;
    let server = office::server();
    on("PostgreSQL", Some(&server), &backlogs).await;
}

async fn on(engine: &str, server: Option<&Server>, backlogs: &[Bodies]) {
    let office = Office::open(KIOSKS + 1, server).await;
    let mut canary = Canary::of(office.address);
    let mut alone = Vec::new();
    while alone.len() < ALONE {
        alone.push(canary.deliver().await);
    }
    told(alone, &format!("{engine}, nothing else"));
    let (stop, start) = (Arc::new(AtomicBool::new(false)), now());
    let mut draining = JoinSet::new();
    for (kiosk, bodies) in (1..).zip(backlogs) {
        draining.spawn(drain(office.address, office::token(kiosk), bodies.clone()));
    }
    let is_over = Arc::clone(&stop);
    let beside = tokio::spawn(async move {
        let mut beside = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            beside.push(canary.deliver().await);
        }
        beside
    });
    let put_off: usize = draining.join_all().await.iter().sum();
    let drained = start.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let beside = beside.await.unwrap();
    let expected = RATINGS + ALONE + beside.len();
    assert_eq!(office.counted().await, u64::try_from(expected).unwrap(), "each counts once");
    let rate = RATINGS as f64 / drained;
    told(
        beside,
        &format!(
            "{engine}, beside {RATINGS} ratings of {KIOSKS} kiosks: {drained:.0} s, {rate:.0} a \
             second, {put_off} deliveries told to come later"
        ),
    );
}

fn told(mut took: Vec<Duration>, what: &str) {
    took.sort_unstable();
    let ms = |at: usize| took.get(at).unwrap().as_secs_f64() * 1_000.0;
    let last = took.len() - 1;
    let p99 = (took.len() * 99).div_ceil(100) - 1;
    println!(
        "{:8.1} {:8.1} {:8.1} {:6}  {what}",
        ms(took.len() / 2),
        ms(p99),
        ms(last),
        took.len()
    );
}

/// The deliveries of one kiosk's part, as they go over the line.
fn backlog(kiosk: usize) -> Bodies {
    let taken = RATINGS / KIOSKS;
    let firsts = (1..=taken).step_by(OF_DELIVERY);
    firsts.map(|first| zipped(kiosk, first, OF_DELIVERY, taken)).collect()
}

fn zipped(kiosk: usize, first: usize, count: usize, taken: usize) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let delivery = deliveries::delivery(kiosk, first, count, taken);
    gzip.write_all(delivery.to_string().as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn client() -> reqwest::Client {
    // Another client of this process may have been faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn request(
    client: &reqwest::Client,
    address: SocketAddr,
    token: &str,
    body: Vec<u8>,
) -> reqwest::RequestBuilder {
    let request = client.post(format!("http://{address}/v1/deliveries")).bearer_auth(token);
    request.header("content-type", "application/json").header("content-encoding", "gzip").body(body)
}

/// Delivers all of it; returns how often it was told to come later.
async fn drain(address: SocketAddr, token: String, bodies: Bodies) -> usize {
    let client = client();
    let mut put_off = 0;
    for body in bodies {
        loop {
            let answer = request(&client, address, &token, body.clone()).send().await.unwrap();
            let (status, later) = (answer.status().as_u16(), answer.headers().get("retry-after"));
            let later = later.and_then(|later| later.to_str().ok()?.parse().ok()).unwrap_or(1);
            let text = answer.text().await.unwrap();
            if status == 200 {
                break;
            }
            assert!(status == 429 || status == 503, "{status}: {text}");
            put_off += 1;
            tokio::time::sleep(Duration::from_secs(later)).await;
        }
    }
    put_off
}

/// The kiosk whose waits are measured.
struct Canary {
    client: reqwest::Client,
    address: SocketAddr,
    token: String,
    n: usize,
}

impl Canary {
    fn of(address: SocketAddr) -> Self {
        Self { client: client(), address, token: office::token(0), n: 0 }
    }

    /// Delivers one rating; returns how long its receipt took.
    async fn deliver(&mut self) -> Duration {
        self.n += 1;
        let body = zipped(0, self.n, 1, OF_CANARY);
        let start = now();
        let answer = request(&self.client, self.address, &self.token, body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        let took = start.elapsed();
        assert_eq!(status, 200, "{text}");
        tokio::time::sleep(BETWEEN.saturating_sub(took)).await;
        took
    }
}
