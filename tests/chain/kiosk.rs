//! A kiosk of the simulation: it keeps everything that it took, and sends what no receipt settles.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use smilepost::clock;
use smilepost::wire::receipt::Receipt;

use crate::chance::Chance;

/// 2026-11-20 12:00:00 UTC.
const NOON: i64 = 1_795_176_000_000;

/// The most events of a delivery.
const EVENTS_MAX: usize = 200;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Kiosk {
    pub(crate) name: String,
    token: String,
    run: String,
    boot: String,
    chance: Chance,
    /// The score of each number, from 1 on.
    taken: Vec<u8>,
    /// The numbers that were settled under this epoch.
    settled: BTreeSet<u32>,
    epoch: Option<u64>,
    known: Option<u64>,
    /// How often everything was offered again.
    pub(crate) offered_again: u32,
    /// How many deliveries had no good answer.
    pub(crate) failed: u32,
    pub(crate) longest_ms: u64,
}

impl Kiosk {
    pub(crate) fn new(name: String, token: String, number: u64) -> Self {
        Self {
            name,
            token,
            run: format!("{:032x}", (0xabc_u128 << 64) + u128::from(number) + 1),
            boot: format!("{:032x}", (0xdef_u128 << 64) + u128::from(number) + 1),
            chance: Chance::seeded(number + 1),
            taken: Vec::new(),
            settled: BTreeSet::new(),
            epoch: None,
            known: None,
            offered_again: 0,
            failed: 0,
            longest_ms: 0,
        }
    }

    /// A few shoppers press.
    pub(crate) fn press(&mut self) {
        for _ in 0..=self.chance.below(4_usize) {
            self.taken.push(1 + self.chance.below(5_u8));
        }
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.len()
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled.len() == self.taken.len()
    }

    /// The faces of everything that was taken, counted.
    pub(crate) fn faces(&self) -> BTreeMap<u8, u64> {
        let mut faces = BTreeMap::new();
        for score in &self.taken {
            *faces.entry(*score).or_default() += 1;
        }
        faces
    }

    fn delivery(&mut self) -> Value {
        let waiting = (1..).zip(&self.taken).filter(|(n, _)| !self.settled.contains(n));
        let events: Vec<Value> =
            waiting.take(EVENTS_MAX).map(|(n, score)| event(n, *score)).collect();
        let waiting = self.taken.len() - self.settled.len();
        json!({
            "nonce": format!("{:032x}", self.chance.below(u32::MAX)),
            "app": "chain",
            "live": self.run,
            "known": self.known,
            "runs": [{
                "run": self.run, "boot": self.boot, "taken": self.taken.len(), "events": events,
            }],
            "boots": [{ "boot": self.boot, "anchors": [
                { "boot_ms": 1_000, "utc_ms": NOON + 1_000, "error_ms": 50, "source": "ntp" },
            ] }],
            "counters": {
                "taken": self.taken.len(), "settled": self.settled.len(), "set_aside": 0,
                "waiting": waiting,
            },
        })
    }

    /// Sends once what waits; twice at the same time now and then, as a proxy may do.
    pub(crate) async fn deliver(&mut self, client: &reqwest::Client, to: &str) {
        let delivery = self.delivery();
        let begun_ms = clock::boot_ms();
        let is_doubled = self.chance.one_in(10);
        let answer = if is_doubled {
            let (first, second) =
                tokio::join!(self.send(client, to, &delivery), self.send(client, to, &delivery));
            first.or(second)
        } else {
            self.send(client, to, &delivery).await
        };
        self.longest_ms = self.longest_ms.max(clock::boot_ms() - begun_ms);
        match answer.filter(|receipt| receipt.nonce == delivery["nonce"]) {
            Some(receipt) => self.hear(&receipt),
            None => self.failed += 1,
        }
    }

    async fn send(&self, client: &reqwest::Client, to: &str, delivery: &Value) -> Option<Receipt> {
        let request = client.post(format!("{to}/v1/deliveries")).bearer_auth(&self.token);
        let request = request.header("content-type", "application/json").timeout(PATIENCE);
        let answer = request.body(delivery.to_string()).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        serde_json::from_slice(&answer.bytes().await.ok()?).ok()
    }

    fn hear(&mut self, receipt: &Receipt) {
        if self.epoch.is_some_and(|epoch| epoch != receipt.hub_epoch) {
            // Head office went back in time: everything is offered again.
            self.settled.clear();
            self.offered_again += 1;
        }
        self.epoch = Some(receipt.hub_epoch);
        self.known = receipt.stored;
        assert_eq!(receipt.set_aside, [], "{} is never in conflict with itself", self.name);
        for settled in receipt.settled.iter().filter(|settled| settled.run == self.run) {
            for (first, last) in &settled.ranges {
                self.settled.extend(*first..=*last);
            }
        }
    }
}

/// The event of a number: always the same, as it stands in the journal.
fn event(n: u32, score: u8) -> Value {
    // A press every 20 minutes: the days of a week, and no misuse.
    let ms = 1_200_000 * i64::from(n);
    json!({
        "n": n, "kind": "rated", "boot_ms": ms, "wall_ms": NOON + ms, "score": score, "scale": 5,
        "input": "button", "question": "checkout", "question_version": 1, "language": "en",
    })
}
