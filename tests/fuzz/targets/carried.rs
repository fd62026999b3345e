//! Fuzzes what is carried on a stick: sealed files as head office reads them, receipts as a kiosk
//! does, and letters.
//!
//! The first byte says what the others are. A `d` is followed by a place and a change for it, and
//! by a delivery, which is sealed and signed before it is changed: only then is more than a
//! signature looked at.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use smilepost::carried::file::{Next, Reader, Writer, read_keys, read_receipt, sign_receipt};
use smilepost::carried::seal::{HubKeys, HubPublic, PublicKey, Signer};
use smilepost::wire::carried::{Letter, Receipt};
use smilepost::wire::delivery::Delivery;
use smilepost::wire::enrolment::Keys;

const KIOSK: &str = "kallio-checkout-1";
const KEYS: HubKeys = HubKeys::of_secret([7; 32]);

fn signer() -> Signer {
    Signer::of_token(&"0".repeat(64)).expect("a token")
}

// Made once, since that takes long.
static SIGNERS: LazyLock<[PublicKey; 1]> =
    LazyLock::new(|| [signer().verify_key().expect("a key")]);
static HUB: LazyLock<HubPublic> = LazyLock::new(|| KEYS.public().expect("keys"));
static OTHER_HUB: LazyLock<HubPublic> =
    LazyLock::new(|| HubKeys::of_secret([8; 32]).public().expect("keys"));

/// What is read of a file, until its end or as often as there are lines.
fn deliveries(file: &[u8], signers: &[PublicKey]) -> (Vec<Delivery>, bool) {
    let (mut read, mut is_whole) = (Vec::new(), false);
    let Ok(mut reader) = Reader::begin(file) else { return (read, false) };
    for _ in 0..=file.len() {
        match reader.next(&KEYS, signers) {
            Ok(Next::Delivery(delivery)) => read.push(*delivery),
            Ok(Next::End) => {
                is_whole = true;
                break;
            }
            Ok(Next::Cut) => break,
            Err(_) => {}
        }
    }
    (read, is_whole)
}

fn change_a_file(bytes: &[u8]) {
    let Some((&[low, high, change], json)) = bytes.split_first_chunk::<3>() else { return };
    let Ok(delivery) = serde_json::from_slice::<Delivery>(json) else { return };
    let nonce = delivery.nonce.clone();
    let mut writer = Writer::begin(Vec::new(), signer(), *HUB, KIOSK, &nonce).expect("a header");
    if writer.add(&delivery).and_then(|()| writer.add(&delivery)).is_err() {
        return;
    }
    let (mut file, _) = writer.end().expect("an end");
    if Reader::begin(&file[..]).is_err() {
        return;
    }
    let (read, is_whole) = deliveries(&file, &*SIGNERS);
    // One that is too large to be unpacked is refused.
    let is_one = |read: &Delivery| {
        serde_json::to_value(read).ok() == serde_json::to_value(&delivery).ok()
    };
    assert!(is_whole && read.iter().all(is_one), "what was written is not read");
    let at = usize::from(u16::from_le_bytes([low, high])) % file.len();
    file[at] ^= change;
    let (changed, _) = deliveries(&file, &*SIGNERS);
    assert!(changed.len() <= read.len(), "a change adds a delivery");
    assert!(changed.iter().all(is_one), "a change is believed");
}

fn receipt(text: &[u8]) {
    assert!(read_receipt(text, &HUB).is_none() || text.len() > 64, "nobody has signed it");
    if let Ok(receipt) = serde_json::from_slice::<Receipt>(text) {
        let signed = sign_receipt(&receipt, &KEYS).expect("a receipt");
        if let Some(read) = read_receipt(signed.as_bytes(), &HUB) {
            assert_eq!(read, receipt);
            let _ = read.settled.iter().filter(|settled| settled.has(7)).count();
        }
        assert!(read_receipt(signed.as_bytes(), &OTHER_HUB).is_none(), "another hub's is believed");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind {
        b'd' => change_a_file(rest),
        b'r' => receipt(rest),
        b'l' => {
            let _ = serde_json::from_slice::<Letter>(rest);
            let _ = serde_json::from_slice::<Keys>(rest).map(|keys| read_keys(&keys));
        }
        _ => {
            let _ = deliveries(rest, &*SIGNERS);
        }
    }
});
