//! Tests of hundreds of kiosks that return to the hub after an outage, in virtual time: the real
//! rules of the outbox on one side, the real gate of the hub on the other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use smilepost::feedback::outbox::{Next, Outbox, Outcome, PAUSE_MAX_MS};
use smilepost::hub::kiosks::gate::{Gate, Place};
use smilepost::hub::settings::Limits;

use crate::chance::Chance;

const KIOSKS: usize = 500;

/// A day of a busy shop: a rating a minute.
const EVENTS: usize = 24 * 60;

/// How long the archive's one writer takes on a small, busy machine.
const WRITE_MS: u64 = 250;

fn limits() -> Limits {
    Limits { deliveries_at_once: 16, ..Limits::default() }
}

const HOUR_MS: u64 = 3_600_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// The kiosk asks.
    Asks(usize),
    /// The hub has stored what it brought.
    Stored(usize),
}

struct Post {
    outbox: Outbox,
    waiting: usize,
    /// What it is sending.
    brought: usize,
    place: Option<Place>,
    /// It was asked not to retry before.
    not_before_ms: u64,
}

/// What head office saw.
struct Seen {
    /// Requests of each second since the hub came back, whether they were let in or not.
    requests: Vec<u32>,
    sent_away: u32,
    inside_most: usize,
    drained_ms: u64,
}

/// Plays until everything has arrived; the hub is back at `back_ms`, and each kiosk asks first
/// when `first_ms` says.
fn play(chance: &mut Chance, back_ms: u64, first_ms: impl Fn(&mut Chance) -> u64) -> Seen {
    let gate = Gate::new(limits());
    // A kiosk asks once at a time here, so that nobody waits for a turn.
    let alone = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut due = BinaryHeap::new();
    let mut posts = Vec::new();
    for kiosk in 0..KIOSKS {
        due.push(Reverse((first_ms(chance), Happening::Asks(kiosk))));
        let (outbox, waiting) = (Outbox::default(), EVENTS);
        posts.push(Post { outbox, waiting, brought: 0, place: None, not_before_ms: 0 });
    }
    let mut requests: BTreeMap<u64, u32> = BTreeMap::new();
    let (mut sent_away, mut inside, mut inside_most) = (0, 0, 0);
    let (mut writer_free_ms, mut now_ms) = (0, 0);
    while let Some(Reverse((at_ms, happening))) = due.pop() {
        assert!(at_ms < back_ms + 24 * HOUR_MS, "some never arrive");
        now_ms = at_ms;
        let (kiosk, outcome) = match happening {
            Happening::Asks(kiosk) => {
                let post = &mut posts[kiosk];
                assert!(now_ms >= post.not_before_ms, "kiosk {kiosk} comes before it may");
                post.brought = post.outbox.events_max().min(post.waiting);
                if now_ms < back_ms {
                    (kiosk, Outcome::Unanswered)
                } else {
                    *requests.entry((now_ms - back_ms) / 1_000).or_default() += 1;
                    let request = gate.admit(&kiosk.to_string(), now_ms);
                    match request.and_then(|request| alone.block_on(gate.enter(request))) {
                        Ok(place) => {
                            post.place = Some(place);
                            inside += 1;
                            inside_most = inside_most.max(inside);
                            writer_free_ms = now_ms.max(writer_free_ms) + WRITE_MS;
                            due.push(Reverse((writer_free_ms, Happening::Stored(kiosk))));
                            continue;
                        }
                        Err(wait) => {
                            let s = wait.seconds();
                            sent_away += 1;
                            post.not_before_ms = now_ms + u64::from(s) * 1_000;
                            (kiosk, Outcome::Throttled { retry_after_s: Some(s), is_by_hub: true })
                        }
                    }
                }
            }
            Happening::Stored(kiosk) => {
                let post = &mut posts[kiosk];
                post.place = None;
                inside -= 1;
                post.waiting -= post.brought;
                (kiosk, Outcome::Settled { is_more: post.waiting > 0 })
            }
        };
        let share = f64::from(chance.below(1_000_000_u32)) / 1e6;
        match posts[kiosk].outbox.after(outcome, share) {
            Next::Idle => {}
            Next::Pause { ms } => due.push(Reverse((now_ms + ms, Happening::Asks(kiosk)))),
            Next::SetAside => panic!("kiosk {kiosk} sets something aside"),
        }
    }
    assert!(posts.iter().all(|post| post.waiting == 0), "everything has arrived");
    let seconds = requests.keys().max().copied().unwrap_or(0);
    let requests =
        (0..=seconds).map(|second| requests.get(&second).copied().unwrap_or(0)).collect();
    Seen { requests, sent_away, inside_most, drained_ms: now_ms - back_ms }
}

/// The strongest echo of the requests in themselves, 5 seconds to two minutes later: 0 where they
/// come evenly, 1 where all return together again and again. What goes on for longer than a minute
/// is a trend and no wave, so it is taken out first.
fn echo(requests: &[u32]) -> f64 {
    let rates: Vec<f64> = requests.iter().copied().map(f64::from).collect();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let swings: Vec<f64> = (0..rates.len())
        .map(|at| rates[at] - mean(&rates[at.saturating_sub(30)..(at + 31).min(rates.len())]))
        .collect();
    let energy: f64 = swings.iter().map(|swing| swing * swing).sum();
    let echo_after = |lag: usize| {
        let pairs = swings.iter().zip(swings.iter().skip(lag));
        pairs.map(|(now, then)| now * then).sum::<f64>() / energy
    };
    (5..swings.len().min(120)).map(echo_after).fold(0.0, f64::max)
}

#[expect(clippy::print_stdout, reason = "the figures are worth a look")]
fn report(what: &str, seen: &Seen) -> (u32, f64) {
    let peak = seen.requests.iter().max().copied().unwrap_or(0);
    let total: u32 = seen.requests.iter().sum();
    let echo = echo(&seen.requests);
    println!(
        "{what}: {total} requests, at most {peak} in a second, {} sent away, {} inside at most, \
         all there after {} s, echo {echo:.2}",
        seen.sent_away,
        seen.inside_most,
        seen.drained_ms / 1_000,
    );
    (peak, echo)
}

#[test]
fn five_hundred_kiosks_that_lost_the_hub_together_do_not_return_together() {
    for seed in 0..5 {
        let mut chance = Chance::seeded(seed);
        let seen = play(&mut chance, 24 * HOUR_MS, |_| 0);
        let (peak, echo) = report("the hub was away for a day", &seen);
        assert!(seen.inside_most <= 16 && peak <= 25 && echo < 0.3);
        assert!(seen.drained_ms < 2 * PAUSE_MAX_MS);
    }
}

#[test]
fn five_hundred_kiosks_switched_on_together_are_let_in_one_by_one() {
    for seed in 0..5 {
        let mut chance = Chance::seeded(seed);
        // Everywhere the shops open, and the first delivery is made within ten seconds of it.
        let seen = play(&mut chance, 0, |chance| chance.below(10_000));
        let (peak, echo) = report("the shops open", &seen);
        assert!(seen.inside_most <= 16 && peak <= 100 && echo < 0.3);
        assert!(seen.drained_ms < 3 * PAUSE_MAX_MS);
    }
}
