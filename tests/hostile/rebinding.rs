//! A strange web page whose name leads to this machine (DNS rebinding): the browser sends the
//! page's name along, and what listens on this machine alone answers only to names of this machine.
//!
//! To add a case, add a line to [`OURS`], [`STRANGE`] or [`MALFORMED`].

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::hub::Scene;
use crate::kiosk;
use crate::phone::{Phone, client};

/// Names that always mean this machine; `PORT` stands for the listener's.
const OURS: &[&str] = &[
    "localhost",
    "localhost:PORT",
    "LocalHost:PORT",
    "localhost.:PORT",
    "desk.localhost:PORT",
    "127.0.0.1",
    "127.0.0.1:PORT",
    // What a tunnel to another port of a developer's machine passes on.
    "127.0.0.1:9000",
    "127.9.9.9:PORT",
    "[::1]:PORT",
    "[::1]",
];

/// Names that whoever owns them can have lead here.
const STRANGE: &[&str] = &[
    "evil.example",
    "evil.example:PORT",
    "hub.example.org",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-localhost",
    "evillocalhost:PORT",
    "localhost:PORT.evil.example",
    "localhost@evil.example",
    "evil.example#localhost",
    "127.0.0.1,evil.example",
    "[::1].evil.example",
    "0.0.0.0:PORT",
    "[::]:PORT",
    "192.168.0.7:PORT",
    "[2001:db8::1]:PORT",
    "2130706433",
    "",
];

/// Requests whose name is missing, said twice, or said in the request line.
const MALFORMED: &[&str] = &[
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: evil.example\r\nhost: localhost\r\n\r\n",
    "GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "GET http://localhost/ HTTP/1.1\r\nhost: evil.example\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: localhost\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: evil.example\r\nforwarded: host=localhost\r\n\r\n",
];

/// The answer to a request, read until the other side has nothing more to say.
fn answer(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = request.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn asked(address: SocketAddr, path: &str, host: &str) -> String {
    let host = host.replace("PORT", &address.port().to_string());
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    answer(address, &request)
}

fn assert_refused(answer: &str, what: &str) {
    assert!(
        answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4"),
        "{what}: {answer}"
    );
    assert!(!answer.contains("Nordmarkt") && !answer.contains("evil"), "{what}: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_offices_page_on_this_machine_answers_to_names_of_this_machine_alone() {
    let scene = Scene::new().await;
    let (kiosks, dashboard) = (scene.kiosks, scene.dashboard);
    let done = tokio::task::spawn_blocking(move || {
        for host in OURS {
            let page = asked(dashboard, "/", host);
            assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Nordmarkt"), "{host}");
        }
        for host in STRANGE {
            assert_refused(&asked(dashboard, "/", host), host);
            assert_refused(&asked(dashboard, "/nothing", host), host);
        }
        for request in MALFORMED {
            assert_refused(&answer(dashboard, request), request);
        }
        let refusal = asked(dashboard, "/", "hub.example.org");
        assert!(refusal.starts_with("HTTP/1.1 421 ") && refusal.contains("nosniff"), "{refusal}");
        for said in ["http://localhost", "reverse proxy", "`names`", "[dashboard]", "hub.toml"] {
            assert!(refusal.contains(said), "{said}: {refusal}");
        }
        // Kiosks come through a reverse proxy under whatever name it has, and show a token.
        let alive = asked(kiosks, "/healthz", "hub.example.org");
        assert!(alive.starts_with("HTTP/1.1 200 "), "{alive}");
    });
    done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reverse_proxys_name_is_answered_once_it_is_listed() {
    let scene = Scene::set(|settings| {
        settings.dashboard_names = vec!["hub.example.org".to_owned(), "192.168.0.7".to_owned()];
    });
    let scene = scene.await;
    let dashboard = scene.dashboard;
    let done = tokio::task::spawn_blocking(move || {
        let listed = ["hub.example.org", "HUB.example.org:443", "192.168.0.7:PORT"];
        for host in OURS.iter().chain(&listed) {
            assert!(asked(dashboard, "/", host).starts_with("HTTP/1.1 200 "), "{host}");
        }
        for host in STRANGE.iter().filter(|host| !listed.contains(host)) {
            assert_refused(&asked(dashboard, "/", host), host);
        }
    });
    done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desks_page_on_this_machine_answers_to_names_of_this_machine_alone() {
    let scene = kiosk::Scene::with(|settings| {
        let phone = settings.phone.as_mut().unwrap();
        phone.limits.requests_per_minute = 1_000.try_into().unwrap();
        phone.host = Some("kiosk-1.local".to_owned());
    });
    let mut phone = Phone::new(&scene.address.url.replace("kiosk-1.local", "127.0.0.1"));
    let port = phone.url.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    phone.client = client();
    let ours = OURS.iter().chain(&["kiosk-1.local", "kiosk-1.local:PORT"]);
    let ours = ours.map(|host| (host, 200));
    let strange = STRANGE.iter().filter(|host| !host.is_empty()).map(|host| (host, 421));
    for (host, status) in ours.chain(strange) {
        let request = phone.client.get(format!("{}pin", phone.url));
        let answer = phone.send(request.header("host", host.replace("PORT", &port))).await;
        assert_eq!(answer.status, status, "{host}");
        assert!(status == 200 || answer.text.contains("desk.host"), "{host}: {}", answer.text);
    }
}
