//! Strangers who can reach the hub's listeners, and must hold nothing there.
//!
//! To add a case, add a line to [`RUDE`].

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use smilepost::hub::settings::Limits;
use smilepost::web::limits::Limits as Connections;

use crate::engine::server::port::free_address;
use crate::hub::Scene;
use crate::local::memory_kib;
use crate::parties::Site;
use crate::started::Started;
use crate::wait::wait_until;

/// How long a test waits before it takes something for never.
const NEVER: Duration = Duration::from_secs(60);

/// How many connections a listener has, so that a few strangers are too many.
const CONNECTIONS: usize = 12;

/// What a stranger does on each of very many connections, and never reads an answer.
struct Rude {
    name: &'static str,
    /// What is sent once.
    first: &'static str,
    /// What is sent over and over again.
    then: &'static str,
}

const RUDE: &[Rude] = &[
    Rude { name: "says nothing", first: "", then: "" },
    Rude { name: "ends no request line", first: "GET /healthz", then: "" },
    Rude { name: "ends no headers", first: "GET /healthz HTTP/1.1\r\nhost: x\r\n", then: "" },
    Rude { name: "speaks TLS to itself", first: "\x16\x03\x01\x02\x00\x01", then: "" },
    Rude { name: "sends half a body without a token", first: HALF, then: "" },
    Rude { name: "sends half a body with a false token", first: HALF_WITH_TOKEN, then: "" },
    Rude { name: "sends half a chunk", first: CHUNK, then: "" },
    Rude { name: "sends half an enrolment", first: ENROLMENT, then: "" },
    Rude { name: "says that it sends very much", first: VERY_MUCH, then: "" },
    Rude { name: "takes no answer", first: "", then: "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" },
    Rude { name: "takes no page", first: "", then: "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n" },
    Rude {
        name: "takes no refusal",
        first: "",
        then: "POST /v1/surveys HTTP/1.1\r\nhost: x\r\n\r\n",
    },
];

const HALF: &str = "POST /v1/deliveries HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\n{";
const HALF_WITH_TOKEN: &str = "POST /v1/deliveries HTTP/1.1\r\nhost: x\r\n\
                               authorization: Bearer 00\r\n\
                               content-length: 500000\r\n\r\n{";
const CHUNK: &str =
    "POST /v1/deliveries HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{";
const ENROLMENT: &str = "POST /v1/enrolments HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{";
const VERY_MUCH: &str =
    "POST /v1/enrolments HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n{";

/// A hub whose patience is short and whose listeners have few places.
fn limits() -> Limits {
    let usual = Limits::default();
    let (short, long) = (Duration::from_secs(1), Duration::from_secs(600));
    let connections = Connections {
        connections_max: CONNECTIONS,
        handshake: short,
        headers: short,
        body: short,
        write: short,
        linger: short,
        // Neither is what ends these connections.
        answer: long,
        life: long,
        requests_max: u32::MAX,
        ..usual.connections
    };
    Limits { connections, ..usual }
}

/// Whether the other side has hung up, as a client finds out that reads nothing.
fn is_hung_up(stream: &mut TcpStream, more: &str) -> bool {
    loop {
        let bytes = if more.is_empty() { "x" } else { more };
        match stream.write(bytes.as_bytes()) {
            // The system's buffers are full of what was sent before.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => return true,
            // Whoever says little goes on with little.
            Ok(_) if more.is_empty() => return false,
            Ok(_) => {}
        }
    }
}

/// Comes so often, and returns what is open.
fn come(rude: &Rude, address: SocketAddr, times: usize) -> Vec<TcpStream> {
    let come = |_| {
        let mut stream = TcpStream::connect(address).unwrap();
        // One that gave way to another may have been hung up on already.
        let _ = stream.write_all(rude.first.as_bytes());
        stream.set_nonblocking(true).unwrap();
        stream
    };
    (0..times).map(come).collect()
}

/// A request of somebody polite, answered.
fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(NEVER)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map(|_| answer).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_keep_nobody_out_and_are_hung_up_on() {
    for rude in RUDE {
        let scene = Scene::with(limits()).await;
        for (address, path) in [(scene.kiosks, "/healthz"), (scene.dashboard, "/")] {
            let asked = tokio::task::spawn_blocking(move || {
                let mut open = come(rude, address, 3 * CONNECTIONS);
                for stream in &mut open {
                    let _ = is_hung_up(stream, rude.then);
                }
                let answer = ask(address, path);
                assert!(answer.starts_with("HTTP/1.1 200 "), "{}: {path}: {answer}", rude.name);
                // Reading tells sooner, but whoever reads is not rude.
                wait_until(&format!("{}: {path}: all are hung up on", rude.name), || {
                    open.retain_mut(|stream| !is_hung_up(stream, rude.then));
                    open.is_empty()
                });
            });
            asked.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_not_waited_for_without_a_token_or_when_it_says_that_it_is_too_large() {
    let scene = Scene::new().await;
    let bearer = format!("authorization: Bearer {}\r\n", scene.token);
    let address = scene.kiosks;
    let refused = tokio::task::spawn_blocking(move || {
        for (headers, length, status) in [
            ("", 500_000, "401"),
            ("authorization: Bearer 00\r\n", 500_000, "401"),
            ("", 99_999_999, "401"),
            (bearer.as_str(), 524_289, "413"),
        ] {
            let mut stream = TcpStream::connect(address).unwrap();
            // Sooner than the hub gives a body up.
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let head = format!(
                "POST /v1/deliveries HTTP/1.1\r\nhost: x\r\n{headers}\
                 content-length: {length}\r\n\r\n{{"
            );
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(answer, format!("HTTP/1.1 {status}").as_bytes(), "{headers}{length}");
        }
    });
    refused.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_still_sends_when_it_is_refused_gets_to_read_the_refusal() {
    let scene = Scene::new().await;
    let address = scene.kiosks;
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(NEVER)).unwrap();
        let head = "POST /v1/deliveries HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut begun = [0; 12];
        stream.read_exact(&mut begun).unwrap();
        // The hub has answered; a kiosk with a slow line is still at its body.
        for _ in 0..100 {
            stream.write_all(&[b' '; 5_000]).unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("enrol the kiosk again"), "{answer}");
    });
    read.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_no_more_than_its_places() {
    let limits = Limits { connections_of_one: Some(2), ..limits() };
    let scene = Scene::with(limits).await;
    let address = scene.kiosks;
    let counted = tokio::task::spawn_blocking(move || {
        let mut open = come(&Rude { name: "", first: "", then: "" }, address, CONNECTIONS);
        let is_hung_up = |stream: &mut TcpStream| match stream.read(&mut [0; 1]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        wait_until("no more than two are left", || {
            open.retain_mut(|stream| !is_hung_up(stream));
            open.len() <= 2
        });
    });
    counted.await.unwrap();
}

/// What very many strangers send at once, each of whom goes away after that.
const CROWDS: &[(&str, &str, usize)] = &[
    ("large headers", "GET /healthz HTTP/1.1\r\nhost: x\r\nx: ", 15_000),
    ("half an enrolment", ENROLMENT, 3_900),
    ("half a body", HALF, 400_000),
    ("many requests", "GET /nothing HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nx: ", 15_000),
];

#[test]
fn the_memory_of_a_crowd_is_given_back() {
    let site = Site::new();
    let hub = site.start_hub();
    wait_until("the hub listens", || TcpStream::connect(site.hub).is_ok());
    let config = site.path("hub.toml");
    for (what, first, more) in CROWDS {
        let before = memory_kib(&config, "VmRSS:");
        for _ in 0..2 {
            let crowd: Vec<_> = (0..450)
                .map(|_| {
                    let mut stream = TcpStream::connect(site.hub).unwrap();
                    stream.set_nonblocking(true).unwrap();
                    let _ = stream.write(first.as_bytes());
                    let _ = stream.write(&vec![b'x'; *more]);
                    stream
                })
                .collect();
            assert!(ask(site.hub, "/healthz").starts_with("HTTP/1.1 200 "), "{what}");
            drop(crowd);
        }
        wait_until(&format!("{what}: the memory is given back"), || {
            memory_kib(&config, "VmRSS:").saturating_sub(before) < 6 * 1_024
        });
    }
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_without_a_descriptor_left_says_so_once_and_serves_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("hub.toml");
    let port = free_address();
    let text = format!(
        "data_dir = {:?}\nlisten = \"{port}\"\n[dashboard]\nlisten = \"127.0.0.1:0\"\n",
        folder.path().join("data")
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 48; exec \"$0\" serve --config \"$1\""]);
    command.arg(env!("CARGO_BIN_EXE_smilepost-hub")).arg(&config);
    let mut hub = Started::by(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let (out, err) = (hub.stdout.take().unwrap(), hub.stderr.take().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    let tell_too = tell.clone();
    std::thread::spawn(move || BufReader::new(out).lines().for_each(|l| drop(tell.send(l))));
    std::thread::spawn(move || BufReader::new(err).lines().for_each(|l| drop(tell_too.send(l))));
    let asked = tokio::task::spawn_blocking(move || {
        wait_until("the hub listens", || TcpStream::connect(port).is_ok());
        let open = come(&Rude { name: "", first: "", then: "" }, port, 100);
        let mut lines = Vec::new();
        let complaint = "cannot accept connections";
        while !lines.iter().any(|line: &String| line.contains(complaint)) {
            lines.push(told.recv_timeout(NEVER).unwrap().unwrap());
        }
        assert!(ask(port, "/healthz").starts_with("HTTP/1.1 200 "));
        drop(open);
        lines.extend(told.try_iter().map(Result::unwrap));
        let said = lines.iter().filter(|line| line.contains(complaint)).count();
        assert_eq!(said, 1, "{lines:?}");
    });
    asked.await.unwrap();
}
