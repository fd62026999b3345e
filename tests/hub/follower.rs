//! Whoever reads the feed page by page ends with what the archive holds, however much is stored
//! meanwhile and by however many.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use smilepost::hub::archive::Archive;
use smilepost::hub::archive::feed::{Position, Read};
use smilepost::wire::report::Reported;

use crate::hub::{NOON, NOW};
use crate::shops::{KIOSKS, Shops, anchored, part, store};

const DELIVERIES: u32 = 20;

/// A copy of the archive, made of its feed.
#[derive(Default)]
struct Follower {
    at: Option<Position>,
    events: BTreeMap<(String, u32), Reported>,
}

impl Follower {
    /// Reads a page of so many events; returns whether there was more.
    async fn read(&mut self, archive: &Archive, events_max: usize) -> bool {
        let Read::Changes(changes) = archive.changes(self.at, events_max).await.unwrap() else {
            unreachable!("it is the same archive");
        };
        assert!(self.at.is_none_or(|at| at.place <= changes.next.place), "it never goes back");
        self.at = Some(changes.next);
        for event in changes.events {
            self.events.insert((event.run.clone(), event.n), event);
        }
        for deleted in changes.deleted {
            let is_deleted = |n| (deleted.first..=deleted.last).contains(&n);
            self.events.retain(|(run, n), _| *run != deleted.run || !is_deleted(*n));
        }
        changes.is_more
    }
}

/// Delivers as one kiosk: runs without a time, each of which is told later, and something twice.
async fn deliver(archive: Archive, kiosk: usize, hub: u32) {
    for number in 0..DELIVERIES {
        let run = 1 + number / 4 + 100 * hub + 1_000 * u32::try_from(kiosk).unwrap();
        let event = |n: u32| {
            json!({
                "n": n, "kind": "rated", "boot_ms": 20_000 * n, "wall_ms": 12, "score": 5,
                "scale": 5, "input": "button", "question": "checkout", "question_version": 1,
                "language": "en",
            })
        };
        let first = 1 + number % 4 * 3;
        let events: Vec<Value> = (first..first + 3).map(event).collect();
        let told = anchored(run, NOON - 3_600_000 * i64::from(number));
        let boots = if number % 4 == 3 { vec![told] } else { Vec::new() };
        let parts = [part(run, first + 2, &events)];
        for _ in 0..1 + number % 2 {
            store(&archive, KIOSKS[kiosk], (&parts, &boots), NOW).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_of_the_feed_ends_with_what_the_archive_holds() {
    let shops = Shops::new().await;
    shops.slow_down();
    let hubs = [shops.archive.clone(), shops.of_another_hub().await];
    let mut storing = tokio::task::JoinSet::new();
    for kiosk in 0..KIOSKS.len() {
        for (hub, number) in hubs.iter().zip(0..) {
            storing.spawn(deliver(hub.clone(), kiosk, number));
        }
    }
    let mut stamping = tokio::task::JoinSet::new();
    for hub in hubs.clone() {
        stamping.spawn(async move {
            loop {
                hub.stamp().await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    let mut close = Follower::default();
    while !storing.is_empty() {
        // So many that it is never behind: it sees each change as soon as anybody can.
        close.read(&hubs[1], 10_000).await;
        while let Some(stored) = storing.try_join_next() {
            stored.unwrap();
        }
        tokio::task::yield_now().await;
    }
    stamping.shutdown().await;
    shops.work(NOW).await;
    while shops.archive.stamp().await.unwrap() > 0 {}
    while close.read(&shops.archive, 7).await {}
    let mut late = Follower::default();
    while late.read(&shops.archive, 7).await {}
    let held = shops.rows().await.into_iter().map(|row| ((row.run.clone(), row.n), row));
    let held: BTreeMap<_, _> = held.collect();
    assert_eq!(held.len(), usize::try_from(DELIVERIES).unwrap() * 3 * 6);
    for follower in [close, late] {
        let missed = held.keys().filter(|id| !follower.events.contains_key(id)).count();
        assert_eq!(missed, 0, "what it was never told of");
        let old = held.iter().filter(|(id, row)| follower.events[id] != **row).count();
        assert_eq!(old, 0, "what it was not told has changed");
        assert_eq!(follower.events.len(), held.len());
    }
}
