//! Somebody who has head office's old address, and would like to have its kiosks.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use smilepost::carried::seal::{HubKeys, from_hex, hex};

use crate::head_office::{Asked, Shop, altered, office, request, say};
use crate::wait::wait_until;

/// How somebody answers who is asked for a proof.
type Lie = fn(&Asked, SocketAddr, &mut TcpStream);

/// Where the honest hub is, which may be asked in the middle of a lie.
const LIES: &[(&str, Lie)] = &[
    ("it passes the challenge on to the hub", |asked, hub, out| pass_on(&asked.body, hub, out)),
    ("it has the hub vouch for the hub's own address", |asked, hub, out| {
        let mut challenge: Value = serde_json::from_slice(&asked.body).unwrap();
        challenge["address"] = json!(format!("http://{hub}"));
        pass_on(challenge.to_string().as_bytes(), hub, out);
    }),
    ("it signs with keys of its own", |asked, _, out| {
        let challenge: Value = serde_json::from_slice(&asked.body).unwrap();
        let nonce = from_hex(challenge["nonce"].as_str().unwrap()).unwrap();
        let address = challenge["address"].as_str().unwrap();
        let signature = hex(&HubKeys::of_secret([6; 32]).vouch(&nonce, address).unwrap());
        say(out, "200 OK", "", json!({ "signature": signature }).to_string().as_bytes());
    }),
    ("it signs nothing", |_, _, out| {
        say(out, "200 OK", "", json!({ "signature": "00".repeat(64) }).to_string().as_bytes());
    }),
    ("it says yes", |_, _, out| say(out, "200 OK", "", b"{}")),
    ("it leads on", |_, hub, out| {
        let to = format!("location: http://{hub}/v1/identity\r\n");
        say(out, "307 There", &to, b"");
    }),
];

/// Gives the answer that the hub gives.
fn pass_on(body: &[u8], hub: SocketAddr, out: &mut TcpStream) {
    let mut far = TcpStream::connect(hub).unwrap();
    let length = body.len();
    let head = format!(
        "POST /v1/identity HTTP/1.1\r\nhost: {hub}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    far.write_all(head.as_bytes()).unwrap();
    far.write_all(body).unwrap();
    let mut answer = Vec::new();
    far.read_to_end(&mut answer).unwrap();
    let _ = out.write_all(&answer);
}

/// What came to somebody: the path and the head of each request.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// Somebody who answers challenges so, and anything else as a hub would; and what came to him.
fn trap(lie: Lie, hub: SocketAddr) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let noted = seen.clone();
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let mut near = near.unwrap();
            let Some(asked) = request(&mut near) else { continue };
            noted.lock().unwrap().push((asked.path.clone(), asked.head.clone()));
            match asked.path.as_str() {
                "/v1/identity" => lie(&asked, hub, &mut near),
                "/v1/survey" => say(&mut near, "200 OK", "", b"{}"),
                _ => altered(&asked, &mut near, &json!({})),
            }
        }
    });
    (address, seen)
}

/// Where a thief of the old address sends kiosks.
static THERE: Mutex<String> = Mutex::new(String::new());

#[test]
fn nobody_who_has_the_old_address_leads_a_kiosk_elsewhere() {
    let mut shop = Shop::new();
    let hub = shop.site.hub;
    let (thief, _) = office(|asked, out| {
        let there = THERE.lock().unwrap().clone();
        altered(asked, out, &json!({ "moves_to": there }));
    });
    // Head office itself moves, and to a place of its own.
    shop.site.say("hub", &["moves-to", &format!("http://{hub}")]);
    for (what, lie) in LIES {
        let (address, seen) = trap(*lie, hub);
        *THERE.lock().unwrap() = format!("http://{address}");
        let before = shop.site.log("kiosk.log").len();
        let kiosk = shop.start(thief);
        shop.press(1);
        wait_until(what, || {
            let log = shop.site.log("kiosk.log");
            log[before..].contains("cannot follow") || log[before..].contains("has followed")
        });
        let seen = seen.lock().unwrap();
        assert!(!seen.is_empty(), "{what}: it was asked for a proof");
        for (path, head) in seen.iter() {
            assert_eq!(path, "/v1/identity", "{what}");
            assert!(!head.contains("authorization"), "{what}: the token was shown: {head}");
        }
        let enrolment = shop.site.log("kiosk/enrolment.toml");
        assert!(enrolment.contains(&format!("hub = \"http://{thief}\"")), "{what}: {enrolment}");
        drop(kiosk);
    }
    // What is no address at all leads nowhere either.
    for there in ["http://192.0.2.1", "file:///etc/passwd", "https://a@b.example", "x"] {
        *THERE.lock().unwrap() = there.to_owned();
        let before = shop.site.log("kiosk.log").len();
        let kiosk = shop.start(thief);
        shop.press(1);
        wait_until(there, || shop.site.log("kiosk.log")[before..].contains("cannot follow"));
        drop(kiosk);
    }
}
