//! What a greedy kiosk asks of the hub, over and over again.
//!
//! To add a case, add a line to [`GREEDY`].

use serde_json::{Value, json};

use crate::hub::{BOOT, NOON, RUN, delivery, rating};

/// A way to be greedy.
pub(crate) struct Greedy {
    pub(crate) name: &'static str,
    /// The request of this number: what is sent, and where to.
    pub(crate) request: fn(u32) -> (&'static str, Vec<u8>),
}

const fn delivers(name: &'static str, request: fn(u32) -> (&'static str, Vec<u8>)) -> Greedy {
    Greedy { name, request }
}

fn sent(delivery: &Value) -> (&'static str, Vec<u8>) {
    ("/v1/deliveries", delivery.to_string().into_bytes())
}

/// A run's name that nobody has had, or that the number repeats.
fn named(n: u32) -> String {
    format!("{n:032x}")
}

pub(crate) const GREEDY: &[Greedy] = &[
    delivers("a thousand anchors of one boot", |i| {
        let anchor = |n: u32| {
            let at = i64::from(i * 1_000 + n);
            json!({ "boot_ms": at * 7, "utc_ms": NOON + at * 8, "error_ms": 1, "source": "ntp" })
        };
        let anchors: Vec<Value> = (0..1_000).map(anchor).collect();
        let mut delivery = delivery(&[rating(i + 1, 5)]);
        delivery["boots"] = json!([{ "boot": BOOT, "anchors": anchors }]);
        sent(&delivery)
    }),
    delivers("a thousand new boots", |i| {
        let boot = |n: u32| {
            let anchor = json!({ "boot_ms": 5, "utc_ms": NOON, "error_ms": 1, "source": "hub" });
            json!({ "boot": named(i * 1_000 + n), "anchors": [anchor] })
        };
        let mut delivery = delivery(&[]);
        delivery["boots"] = (0..1_000).map(boot).collect();
        sent(&delivery)
    }),
    delivers("500 runs of an event each", |i| {
        let run = |n: u32| {
            let run = named(i * 500 + n + 1);
            json!({ "run": run, "boot": run, "taken": 1, "events": [rating(1, 5)] })
        };
        let mut delivery = delivery(&[]);
        delivery["runs"] = (0..500).map(run).collect();
        sent(&delivery)
    }),
    delivers("more runs than are taken", |_| {
        let run = |n: u32| json!({ "run": named(n + 1), "boot": BOOT, "taken": 1, "events": [] });
        let mut delivery = delivery(&[]);
        delivery["runs"] = (0..4_000).map(run).collect();
        sent(&delivery)
    }),
    delivers("500 ratings by older rules, far apart", |i| {
        let press = |n: u32| {
            let mut press = rating(1 + n * 401 + i, 5);
            (press["misuse_rule"], press["boot_ms"]) = (json!(1), json!(u64::from(n) * 30));
            press
        };
        sent(&delivery(&(0..500).map(press).collect::<Vec<_>>()))
    }),
    delivers("500 corrections of one rating", |i| {
        let correct = |n: u32| {
            let mut event = rating(2 + i * 500 + n, 4);
            event["replaces"] = json!(1);
            event
        };
        sent(&delivery(&(0..500).map(correct).collect::<Vec<_>>()))
    }),
    delivers("500 conflicts", |i| {
        let score = u8::try_from(i % 5 + 1).unwrap();
        let conflict = |n: u32| {
            let mut event = rating(n + 1, score);
            event["note"] = json!(format!("{i}"));
            event
        };
        sent(&delivery(&(0..500).map(conflict).collect::<Vec<_>>()))
    }),
    delivers("500 events that cannot be read", |i| {
        let event =
            |n: u32| json!({ "n": i * 500 + n + 1, "kind": "rated", "score": "x".repeat(500) });
        sent(&delivery(&(0..500).map(event).collect::<Vec<_>>()))
    }),
    delivers("500 losses", |i| {
        let lost = |n: u32| {
            json!({
                "n": i * 500 + n + 1, "kind": "lost", "boot_ms": 1, "wall_ms": NOON,
                "lost_run": named(i * 500 + n + 1), "lost_first": 1, "lost_last": u32::MAX,
            })
        };
        sent(&delivery(&(0..500).map(lost).collect::<Vec<_>>()))
    }),
    delivers("much beside an event", |i| {
        let mut event = rating(i + 1, 5);
        event["more"] = json!("x".repeat(400_000));
        sent(&delivery(&[event]))
    }),
    delivers("a new name for the run that lives", |i| {
        let mut delivery = delivery(&[]);
        delivery["live"] = json!(named(i));
        sent(&delivery)
    }),
    delivers("the same 500 ratings", |_| {
        sent(&delivery(&(1..=500).map(|n| rating(n, 5)).collect::<Vec<_>>()))
    }),
    delivers("the shop's real run, of another kiosk", |i| {
        let mut theft = delivery(&[rating(i + 1, 1)]);
        theft["runs"][0]["run"] = json!(RUN);
        sent(&theft)
    }),
    delivers("more than there is", |_| {
        let mut delivery = delivery(&[]);
        delivery["known"] = json!(u64::MAX);
        sent(&delivery)
    }),
    delivers("something that is no delivery", |_| ("/v1/deliveries", vec![b'['; 400_000])),
    delivers("a new token", |_| ("/v1/tokens", Vec::new())),
];
