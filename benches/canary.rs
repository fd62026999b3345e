//! How long a kiosk waits for its receipt while others ask for as much as they can.
//!
//! `cargo bench --no-default-features --features hub --bench canary -- backlog`: 16 kiosks deliver
//! a million ratings, on SQLite and on PostgreSQL, beside nine deliveries a second of one rating
//! each of another kiosk, and the same with nothing else going on. The hub is a process of its own.
//!
//! With another word, such as `conflicts`: a greedy kiosk, for each way to be greedy of
//! `tests/support/greedy.rs` with this word in its name. Eight requests at once of it for two
//! seconds, beside a rating every 20 ms of the other. Without a word, all of both. The hub is the
//! real one over loopback, every receipt durable.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints its figures and fails by panicking"
)]

#[path = "support/backlog.rs"]
mod backlog;
#[path = "support/cpu.rs"]
mod cpu;
#[path = "support/deliveries.rs"]
mod deliveries;
#[path = "../tests/support/engine.rs"]
mod engine;
#[path = "../tests/support/hub.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod hub;
#[path = "support/office.rs"]
mod office;
#[path = "../tests/support/started.rs"]
mod started;
#[path = "../tests/support/greedy.rs"]
mod wants;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use smilepost::hub::settings::Limits;
use tokio::task::JoinSet;

use crate::engine::server as postgres;
use crate::hub::{Scene, delivery, rating};
use crate::wants::{GREEDY, Greedy};

/// The word for the backlog of others.
const BACKLOG: &str = "backlog";

const AT_ONCE: usize = 8;
const RATINGS: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(20);

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.is_empty() || words.iter().any(|word| word == BACKLOG) {
        tokio::runtime::Runtime::new().unwrap().block_on(backlog::measure());
    }
    if words.iter().all(|word| word == BACKLOG) && !words.is_empty() {
        return;
    }
    println!(
        "milliseconds to the receipt of one rating, of {RATINGS}: p50, p99, most; and how often"
    );
    println!("the greedy kiosk was answered meanwhile, of which served");
    measure(None);
    for greedy in GREEDY {
        if words.is_empty() || words.iter().any(|word| greedy.name.contains(word.as_str())) {
            measure(Some(greedy));
        }
    }
}

fn measure(greedy: Option<&'static Greedy>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut took, served, answered) = runtime.block_on(beside(greedy));
    took.sort_unstable();
    let ms = |at: usize| took[at].as_secs_f64() * 1_000.0;
    let name = greedy.map_or("nobody", |greedy| greedy.name);
    let (p50, p99, most) =
        (ms(took.len() / 2), ms((took.len() * 99).div_ceil(100) - 1), ms(took.len() - 1));
    println!("{p50:8.1} {p99:8.1} {most:8.1}  {answered:6} {served:6}  {name}");
}

/// How long each receipt took, and how often the greedy kiosk was served and answered.
async fn beside(greedy: Option<&'static Greedy>) -> (Vec<Duration>, u32, u32) {
    let scene = Arc::new(Scene::with(Limits::default()).await);
    let token = scene.stranger("turku").await;
    let stop = Arc::new(AtomicBool::new(false));
    let (served, answered) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mut asking = JoinSet::new();
    for at in 0..if greedy.is_some() { AT_ONCE } else { 0 } {
        let (scene, token, stop) = (Arc::clone(&scene), token.clone(), Arc::clone(&stop));
        let (served, answered) = (Arc::clone(&served), Arc::clone(&answered));
        asking.spawn(async move {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let first = u32::try_from(at).unwrap() * 1_000;
            for i in first.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let (path, body) = (greedy.unwrap().request)(i);
                let request = client.post(format!("http://{}{path}", scene.kiosks));
                let request = request.bearer_auth(&token).body(body);
                if let Ok(answer) = request.send().await {
                    answered.fetch_add(1, Ordering::Relaxed);
                    served.fetch_add(u32::from(answer.status() == 200), Ordering::Relaxed);
                }
            }
        });
    }
    let mut took = Vec::new();
    for n in 1..=RATINGS {
        let mut delivery = delivery(&[rating(n, 5)]);
        delivery["counters"] = json!({ "taken": n, "settled": 0, "set_aside": 0, "waiting": 1 });
        let start = now();
        scene.receipt(&delivery).await;
        took.push(start.elapsed());
        tokio::time::sleep(BETWEEN).await;
    }
    stop.store(true, Ordering::Relaxed);
    asking.join_all().await;
    (took, served.load(Ordering::Relaxed), answered.load(Ordering::Relaxed))
}
