//! What 10,000 kiosks that come back at the same moment cost the hub, and how long they wait: after
//! a long outage of the network each has a few ratings to deliver, of a run that was known before.
//!
//! `cargo bench --no-default-features --features hub --bench returning`. The hub is a process of
//! its own with its default limits, on SQLite and then on PostgreSQL, over loopback; every receipt
//! is durable. Each kiosk makes a connection of its own for each try, all of them at once as far as
//! this process may have files open, and waits between its tries as kiosks do: by the same rules,
//! and as long as the hub asks for. How many connections were open at once is told. At first nobody
//! waits, which is worse than in life: a kiosk that starts draws its first moment from ten seconds.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

#[path = "support/cpu.rs"]
mod cpu;
#[path = "support/deliveries.rs"]
mod deliveries;
#[path = "support/office.rs"]
mod office;
#[path = "../tests/support/postgres.rs"]
mod postgres;
#[path = "../tests/support/started.rs"]
mod started;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};
use smilepost::feedback::outbox::{Next, Outbox, Outcome};
use smilepost::wire::receipt::Receipt;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::office::Office;
use self::postgres::Server;

const KIOSKS: usize = 10_000;

/// How many ratings wait in each.
const RATINGS: usize = 20;

/// Files of this process that are no connections.
const FILES: usize = 100;

/// A kiosk's own limits, where its configuration says nothing else.
const CONNECT_MAX: Duration = Duration::from_secs(10);
const ANSWER_MAX: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        measure("SQLite", None).await;
        let server = office::server();
        measure("PostgreSQL", Some(&server)).await;
    });
}

/// What all kiosks share.
struct Crowd {
    address: SocketAddr,
    begin: Instant,
    /// As many connections as there may be.
    room: Semaphore,
    open: AtomicUsize,
    open_most: AtomicUsize,
    /// Tries by what came of them.
    receipts: AtomicUsize,
    put_off: AtomicUsize,
    unanswered: AtomicUsize,
}

async fn measure(engine: &str, server: Option<&Server>) {
    let office = Office::open(KIOSKS, server).await;
    let limit = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
    let room = limit.unwrap_or(KIOSKS + FILES).saturating_sub(FILES).min(KIOSKS);
    let idle = office.memory("VmRSS");
    let requests: Vec<Vec<u8>> = (0..KIOSKS).map(request).collect();
    let crowd = Arc::new(Crowd {
        address: office.address,
        begin: now(),
        room: Semaphore::new(room),
        open: AtomicUsize::new(0),
        open_most: AtomicUsize::new(0),
        receipts: AtomicUsize::new(0),
        put_off: AtomicUsize::new(0),
        unanswered: AtomicUsize::new(0),
    });
    let each = |request| tokio::spawn(drain(Arc::clone(&crowd), request));
    let kiosks: Vec<_> = requests.into_iter().map(each).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let watching = tokio::spawn(watch(Arc::clone(&crowd), Arc::clone(&stop)));
    let mut done = Vec::new();
    for kiosk in kiosks {
        done.push(kiosk.await.unwrap());
    }
    stop.store(true, Ordering::Relaxed);
    let each_second = watching.await.unwrap();
    done.sort_unstable();
    let at = |part: usize| done.get(done.len() * part / 100).or(done.last()).unwrap().as_secs_f64();
    let counted = office.counted().await;
    assert_eq!(counted, u64::try_from(KIOSKS * RATINGS).unwrap(), "each rating counts once");
    let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    let tries = of(&crowd.receipts) + of(&crowd.put_off) + of(&crowd.unanswered);
    println!("{engine}, {KIOSKS} kiosks with {RATINGS} ratings each; {}", cpu::load());
    println!(
        "  memory of the hub: {} MiB idle, {} MiB at most, {} MiB afterwards",
        idle,
        office.memory("VmHWM"),
        office.memory("VmRSS")
    );
    println!(
        "  drained after {:.1} s: half of them after {:.1} s, 90 % after {:.1} s",
        at(100),
        at(50),
        at(90)
    );
    println!(
        "  tries: {:.1} a kiosk; {} receipts, {} told to come later, {} not answered",
        tries as f64 / KIOSKS as f64,
        of(&crowd.receipts),
        of(&crowd.put_off),
        of(&crowd.unanswered)
    );
    println!("  connections at once: {} at most, of {room} allowed here", of(&crowd.open_most));
    println!("  receipts in each second: {each_second}");
}

/// The request of a kiosk, as it goes over the line.
fn request(kiosk: usize) -> Vec<u8> {
    let body = deliveries::delivery(kiosk, 1, RATINGS, RATINGS).to_string();
    let head = format!(
        "POST /v1/deliveries HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        office::token(kiosk),
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// How many receipts there are in each second.
async fn watch(crowd: Arc<Crowd>, stop: Arc<AtomicBool>) -> String {
    let mut seconds = Vec::new();
    let mut before = 0;
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let receipts = crowd.receipts.load(Ordering::Relaxed);
        seconds.push(receipts - before);
        before = receipts;
    }
    let each: Vec<String> = seconds.iter().map(usize::to_string).collect();
    each.join(" ")
}

/// Delivers what a kiosk has, however often it has to try; returns after how long.
async fn drain(crowd: Arc<Crowd>, request: Vec<u8>) -> Duration {
    let mut outbox = Outbox::default();
    loop {
        let outcome = attempt(&crowd, &request).await;
        let count = match outcome {
            Outcome::Settled { .. } => &crowd.receipts,
            Outcome::Throttled { .. } => &crowd.put_off,
            _ => &crowd.unanswered,
        };
        count.fetch_add(1, Ordering::Relaxed);
        match outbox.after(outcome, rand::random()) {
            Next::Pause { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            Next::Idle | Next::SetAside => return crowd.begin.elapsed(),
        }
    }
}

async fn attempt(crowd: &Crowd, request: &[u8]) -> Outcome {
    let _room = crowd.room.acquire().await.unwrap();
    let open = crowd.open.fetch_add(1, Ordering::Relaxed) + 1;
    crowd.open_most.fetch_max(open, Ordering::Relaxed);
    let answer = async {
        let mut stream = timeout(CONNECT_MAX, TcpStream::connect(crowd.address)).await??;
        stream.write_all(request).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(ANSWER_MAX, answer).await;
    crowd.open.fetch_sub(1, Ordering::Relaxed);
    match answer {
        Ok(Ok(answer)) => read(&String::from_utf8_lossy(&answer)),
        _ => Outcome::Unanswered,
    }
}

/// What a kiosk makes of an answer.
fn read(answer: &str) -> Outcome {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return Outcome::Unanswered;
    };
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("retry-after").then(|| value.trim().parse().ok())?
    };
    match status {
        "200" => {
            let receipt: Receipt = serde_json::from_str(body).unwrap();
            assert_eq!(receipt.set_aside, []);
            Outcome::Settled { is_more: false }
        }
        "429" | "503" => {
            Outcome::Throttled { retry_after_s: lines.find_map(header), is_by_hub: true }
        }
        other => panic!("{other}: {body}"),
    }
}
