//! What kiosks of a bench deliver.

#![allow(dead_code, reason = "not every bench needs everything of it")]

use serde_json::{Value, json};

/// 2026-11-20 12:00:00 UTC, when the last rating of all was taken.
pub(crate) const NOON: i64 = 1_795_176_000_000;

/// One rating a minute, as in a busy place.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// The run of a kiosk.
pub(crate) fn run(kiosk: usize) -> String {
    format!("{:032x}", (0xabc_u128 << 64) + kiosk as u128 + 1)
}

/// So many ratings of a kiosk from this number on, of those that it has taken in all, one a minute.
pub(crate) fn delivery(kiosk: usize, first: usize, count: usize, taken: usize) -> Value {
    spaced(MINUTE_MS, kiosk, first, count, taken)
}

/// The same with so many milliseconds between them.
pub(crate) fn spaced(
    between_ms: i64,
    kiosk: usize,
    first: usize,
    count: usize,
    taken: usize,
) -> Value {
    let run = run(kiosk);
    let boot = format!("{:032x}", (0xdef_u128 << 64) + kiosk as u128 + 1);
    let number = |count: usize| i64::try_from(count).unwrap();
    let began = NOON - between_ms * number(taken);
    let events: Vec<Value> = (first..first + count)
        .map(|n| {
            let ms = between_ms * number(n);
            json!({
                "n": n, "kind": "rated", "boot_ms": ms, "wall_ms": began + ms,
                "score": n % 5 + 1, "scale": 5, "input": "button", "question": "checkout",
                "question_version": 1, "language": "en", "misuse_rule": 2,
            })
        })
        .collect();
    json!({
        "nonce": "00112233445566778899aabbccddeeff", "app": "bench", "live": run,
        "runs": [{ "run": run, "boot": boot, "taken": taken, "events": events }],
        "boots": [{ "boot": boot, "anchors": [
            { "boot_ms": 0, "utc_ms": began, "error_ms": 50, "source": "ntp" },
        ] }],
        "counters": {
            "taken": taken, "settled": first - 1, "set_aside": 0, "waiting": taken + 1 - first,
        },
    })
}
