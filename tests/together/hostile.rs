//! Tests of network lines that misbehave between the real kiosk and the real hub.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::parties::Site;
use crate::wait::wait_until;
use smilepost::clock;

/// How long a busy line asks the kiosk to wait, in seconds.
const WAIT_S: u64 = 3;

/// What a line does to a delivery and its answer.
#[derive(Clone, Copy, Debug)]
enum Malice {
    /// It reads everything and never answers.
    Silence,
    /// It answers a byte a second.
    Drip,
    /// It closes the connection without an answer, as soon as something comes.
    Reset,
    /// It passes the delivery on and loses the answer.
    LoseAnswer,
    /// It passes on only half of the answer.
    HalfAnswer,
    /// It gives the answer that another delivery of the same events got.
    ForeignReceipt,
    /// It asks the kiosk to wait.
    Busy,
    /// It sends the kiosk elsewhere.
    Redirect(SocketAddr),
}

/// A line to the hub that misbehaves so, and when it did, by the boot clock.
fn line(malice: Malice, hub: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u64>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let mut near = near.unwrap();
            let Some(request) = message(&mut near) else { continue };
            let now_ms = clock::boot_ms();
            match malice {
                Malice::Silence => std::mem::forget(near),
                Malice::Reset => drop(near.shutdown(Shutdown::Both)),
                Malice::Drip => drop(std::thread::spawn(move || drip(&near))),
                Malice::LoseAnswer => drop(answer(hub, &request)),
                Malice::HalfAnswer => {
                    let answer = answer(hub, &request);
                    let _ = near.write_all(&answer[..answer.len() / 2]);
                }
                Malice::ForeignReceipt => {
                    let answer = String::from_utf8(answer(hub, &request)).unwrap();
                    let (before, after) = answer.split_once("\"nonce\":\"").unwrap();
                    let (_, after) = after.split_at(32);
                    let foreign = format!("{before}\"nonce\":\"{:032x}{after}", 7);
                    let _ = near.write_all(foreign.as_bytes());
                }
                Malice::Busy => {
                    let text = format!(
                        "HTTP/1.1 503 Service Unavailable\r\nretry-after: {WAIT_S}\r\n\
                         content-length: 0\r\n\r\n"
                    );
                    let _ = near.write_all(text.as_bytes());
                }
                Malice::Redirect(to) => {
                    let text = format!(
                        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{to}/v1/deliveries\
                         \r\ncontent-length: 0\r\n\r\n"
                    );
                    let _ = near.write_all(text.as_bytes());
                }
            }
            noted.lock().unwrap().push(now_ms);
        }
    });
    (address, seen)
}

fn drip(mut near: &TcpStream) {
    for byte in b"HTTP/1.1 200 OK\r\n" {
        if near.write_all(&[*byte]).is_err() {
            return;
        }
        // This line is slow; the kiosk gives up in the middle of the answer.
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Reads one whole request or answer, if there is one.
fn message(from: &mut TcpStream) -> Option<Vec<u8>> {
    from.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut message = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&message).to_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap_or("0").parse().unwrap();
            let head = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            if message.len() >= head + length {
                return Some(message);
            }
        }
        match from.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => message.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The hub's answer to a request.
fn answer(hub: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut far = TcpStream::connect(hub).unwrap();
    far.write_all(request).unwrap();
    message(&mut far).unwrap()
}

#[test]
fn no_line_however_bad_holds_up_a_shopper_settles_anything_or_doubles_it() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = elsewhere.local_addr().unwrap();
    let malices = [
        Malice::Silence,
        Malice::Drip,
        Malice::Reset,
        Malice::LoseAnswer,
        Malice::HalfAnswer,
        Malice::ForeignReceipt,
        Malice::Busy,
        Malice::Redirect(to),
    ];
    for malice in malices {
        let site = Site::new();
        let _hub = site.start_hub();
        site.acquaint(site.hub);
        let (address, seen) = line(malice, site.hub);
        let file = site.path("kiosk/enrolment.toml");
        let enrolment = std::fs::read_to_string(&file).unwrap();
        let (hub, bad) = (site.hub.to_string(), address.to_string());
        std::fs::write(&file, enrolment.replace(&hub, &bad)).unwrap();
        let kiosk = site.start_kiosk();
        let mut buttons = site.buttons();
        let (mut waits, mut presses) = (Vec::new(), 0);
        // Shoppers come for as long as it takes the line to be tried a few times.
        wait_until("the kiosk tries the line three times", || {
            let before = clock::boot_ms();
            buttons.press(1 + u32::try_from(presses % 5).unwrap());
            presses += 1;
            wait_until("the shopper is thanked", || site.thanks() >= presses);
            waits.push(clock::boot_ms() - before);
            seen.lock().unwrap().len() >= 3 && presses >= 100
        });
        if matches!(malice, Malice::Busy) {
            let seen = seen.lock().unwrap();
            let is_waiting = |pair: &[u64]| pair[1] - pair[0] >= WAIT_S * 1_000;
            assert!(seen.windows(2).all(is_waiting), "it comes before it may: {seen:?}");
        }
        waits.sort_unstable();
        let (median, most) = (waits[waits.len() / 2], waits[waits.len() - 1]);
        println!("{malice:?}: {presses} presses, thanked after {median} ms, {most} ms at most");
        let verified = site.say("kiosk", &["verify", "--format", "json"]);
        let verified: serde_json::Value = serde_json::from_str(&verified).unwrap();
        assert_eq!(verified["total"]["waiting"], presses, "{malice:?} settled something");
        assert!(verified["holds"].as_bool().unwrap());
        kiosk.kill();
        assert!(elsewhere.accept().is_err(), "the token went elsewhere");
        std::fs::write(&file, enrolment).unwrap();
        let _kiosk = site.start_kiosk();
        wait_until("everything arrives once the line is good", || site.archived().len() == presses);
    }
}
