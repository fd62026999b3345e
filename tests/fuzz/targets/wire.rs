//! Fuzzes the wire: whatever a kiosk or a hub may send.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smilepost::wire::delivery::{self, Delivery};
use smilepost::wire::local::Ask;
use smilepost::wire::receipt::Receipt;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(delivery) = serde_json::from_slice::<Delivery>(bytes) {
        for run in &delivery.runs {
            let _ = (run.id(), run.boot_id());
            for event in &run.events {
                if let Ok(read) = delivery::read(event)
                    && let Some(said) = &read.said
                {
                    // What was read is written and read again as the same value.
                    let written = delivery::write(read.n, read.reading, said);
                    let again = delivery::read(&written).map(|again| again.said);
                    assert_eq!(again, Ok(Some(said.clone())));
                }
                let _ = delivery::canonical(event);
            }
        }
        for boot in &delivery.boots {
            let _ = (boot.id(), boot.anchors.iter().map(delivery::Tie::anchor).count());
        }
    }
    if let Ok(receipt) = serde_json::from_slice::<Receipt>(bytes) {
        let _ = receipt.settled.iter().filter(|settled| settled.has(7)).count();
    }
    let _ = serde_json::from_slice::<Ask>(bytes);
});
