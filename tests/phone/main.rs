//! Tests of the desk on a phone, with the real kiosk on a real socket: what a shop manager sees,
//! and what nobody else on the shop's network can see.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/kiosk.rs"]
mod kiosk;
#[path = "../support/noon.rs"]
mod noon;
#[path = "../support/phone.rs"]
mod phone;
#[path = "../support/rows.rs"]
mod rows;
mod scene;
#[path = "../support/wait.rs"]
mod wait;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use sha2::{Digest as _, Sha256};
use smilepost::feedback::event::fields::Field;

use self::kiosk::{PIN, Scene};
use self::phone::{Answer, Phone, client, client_at};

const PAGES: [&str; 6] = ["", "days", "why", "notes", "kiosk", "day"];

#[tokio::test]
async fn the_manager_finds_the_day_behind_the_pin() {
    let scene = Scene::new();
    for value in [5, 5, 5, 1, 4] {
        scene.press(value);
    }
    scene.exported(5);
    let manager = scene.manager().await;
    let today = manager.get("").await;
    assert_eq!(today.status, 200);
    for said in ["<h1>Nordmarkt Kallio</h1>", "Happy Index", "<strong>80 %</strong>", "95 %: "] {
        assert!(today.text.contains(said), "{said}: {}", today.text);
    }
    for path in PAGES {
        let page = manager.get(path).await;
        assert_eq!(page.status, 200, "/{path}");
        let scripts = page.text.matches("<script").count();
        let is_ours = page.text.contains(r#"<script src="/desk.js" defer></script>"#);
        let has_script = path != "day";
        assert!(
            (scripts == 1, is_ours) == (has_script, has_script) && !page.text.contains("http://"),
            "/{path}"
        );
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
    assert!(manager.get("kiosk").await.text.contains("Head office: not enrolled."));
}

#[tokio::test]
async fn an_hour_and_a_day_with_few_ratings_are_not_told_and_nothing_ticks() {
    let scene = Scene::new();
    scene.press(1);
    scene.press(5);
    scene.exported(2);
    let manager = scene.manager().await;
    let few = manager.get("").await.text;
    assert!(few.contains("Fewer than 5 ratings so far."), "{few}");
    assert!(!few.contains("Happy Index") && !few.contains("CSAT"), "{few}");
    for value in [5, 5, 5] {
        scene.press(value);
    }
    scene.exported(5);
    let five = manager.get("").await.text;
    assert!(five.contains("<strong>80 %</strong>"), "{five}");
    scene.press(1);
    scene.exported(6);
    assert_eq!(manager.get("").await.text, five, "one more press shows nothing new");
}

#[tokio::test]
async fn nothing_but_the_way_in_answers_without_the_pin() {
    let scene = Scene::new();
    for value in [5, 5, 5, 1, 4] {
        scene.press(value);
    }
    scene.exported(5);
    let mut stranger = scene.phone();
    let forged = format!("__Host-desk={}", "0".repeat(64));
    for (at, cookie) in (2..).zip([None, Some(forged), Some("__Host-desk=".to_owned())]) {
        // One address may not send so many requests.
        stranger.client = client_at(at);
        stranger.cookie = cookie;
        for path in PAGES.iter().chain(&[
            "style.css",
            "nothing",
            "alert",
            "coming",
            "leave",
            "desk.js",
            "waiting",
        ]) {
            for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS]
            {
                let url = format!("{}{path}", scene.address.url);
                let answer = stranger.send(stranger.client.request(method.clone(), url)).await;
                let is_out = answer.status == 303 && answer.to.as_deref() == Some("/pin");
                assert!(is_out, "{method} /{path}: {answer:?}");
                assert!(answer.text.is_empty(), "{method} /{path}: {}", answer.text);
            }
        }
    }
    let pad = stranger.get("pin").await;
    assert_eq!(pad.status, 200);
    assert!(!pad.text.contains("Nordmarkt") && !pad.text.contains("Happy"), "{}", pad.text);
    assert_eq!(
        stranger.send(stranger.client.put(format!("{}pin", scene.address.url))).await.status,
        303
    );
}

#[tokio::test]
async fn paths_that_play_games_lead_nowhere() {
    let scene = Scene::new();
    let port = scene.address.url.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let manager = scene.manager().await;
    let cookie = manager.cookie.clone().unwrap();
    let games = [
        "/../pin",
        "/./",
        "//",
        "//days",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/days/../../pin",
        "/days/",
        "/\\..\\pin",
        "/pin%00",
        "/day;date=2026-11-20",
        "/.well-known/",
        "*",
        "/days%2f..",
        "https://elsewhere.example/days",
        "https://localhost/days",
    ];
    for (has_pin, path) in games.iter().flat_map(|path| [(false, path), (true, path)]) {
        let cookie = if has_pin { format!("Cookie: {cookie}\r\n") } else { String::new() };
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}\r\n");
        let answer = speak(&port, request.into_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or("hung up").to_owned();
        let fine = ["303", "400", "404", "405", "421", "hung up"];
        // With a session, a request with a full address is answered.
        let is_days = has_pin && path.starts_with("https://localhost/");
        assert!(fine.contains(&status.as_str()) || is_days, "{path} {has_pin}: {answer}");
        assert!(!answer.contains("root:"), "{path}");
    }
    for date in ["2026-13-45", "../../etc/passwd", "", "9999-12-31", "%00", "<script>"] {
        let answer = manager.get(&format!("day?date={date}")).await;
        assert_eq!(answer.status, 400, "{date}: {}", answer.text);
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8", "{date}");
    }
}

/// Sends bytes over TLS and returns the answer until the kiosk closes the connection.
async fn speak(port: &str, request: Vec<u8>) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let config = rustls::ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(std::sync::Arc::new(Anything))
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    let name = "kiosk".try_into().unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let mut answer = Vec::new();
    // The kiosk may close the connection in the middle of a request that is too large.
    let _ = stream.write_all(&request).await;
    let _ = tokio::time::timeout(Duration::from_secs(40), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Accepts every certificate.
#[derive(Debug)]
struct Anything;

impl rustls::client::danger::ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        let provider = rustls::crypto::ring::default_provider();
        provider.signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn wrong_pins_are_counted_and_a_restart_gives_no_free_try() {
    let scene = Scene::new();
    let stranger = scene.phone();
    for left in (1..5).rev() {
        let answer = stranger.post("pin", &[("pin", "1111")]).await;
        assert_eq!((answer.status, answer.cookie), (403, None));
        assert!(answer.text.contains(&format!("Tries left: {left}")), "{}", answer.text);
    }
    let last = stranger.post("pin", &[("pin", "1111")]).await;
    assert!(last.text.contains("Seconds to wait: 30"), "{}", last.text);
    let scene = scene.restart();
    let right = scene.phone().post("pin", &[("pin", PIN)]).await;
    assert_eq!((right.status, right.cookie), (403, None), "not even the right one");
    assert!(right.text.contains("Seconds to wait: "), "{}", right.text);
}

/// Tries wrong PINs from another address of the network until it has to wait.
async fn use_up_the_tries(neighbour: &Phone) {
    for _ in 0..5 {
        assert_eq!(neighbour.post("pin", &[("pin", "1111")]).await.status, 403);
    }
    let denied = neighbour.post("pin", &[("pin", PIN)]).await;
    assert!(denied.text.contains("Seconds to wait: "), "{}", denied.text);
}

#[tokio::test]
async fn a_neighbour_who_tries_pins_keeps_nobody_out_and_the_manager_reads_of_it() {
    let scene = Scene::new();
    let mut neighbour = scene.phone();
    neighbour.client = client_at(2);
    use_up_the_tries(&neighbour).await;
    let manager = scene.manager().await;
    let post = manager.get("kiosk").await.text;
    assert!(post.contains("Wrong tries at the PIN since it was set: 5"), "{post}");
    let form = manager.form().await;
    manager.post("leave", &[("form", &form)]).await;
    let scene = scene.restart();
    scene.manager().await;
}

/// The cookie that a device is known by when it comes again.
fn device(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap().to_owned());
    cookies.find(|cookie| cookie.starts_with("__Host-desk-device="))
}

#[tokio::test]
async fn a_device_that_was_in_before_comes_in_while_its_address_has_to_wait() {
    let scene = Scene::new();
    let mut known = scene.phone();
    let first = known.post("pin", &[("pin", PIN)]).await;
    let cookie = device(&first).unwrap();
    for word in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age="] {
        assert!(cookie.contains(word), "{cookie}");
    }
    use_up_the_tries(&scene.phone()).await;
    let scene = scene.restart();
    known.url.clone_from(&scene.address.url);
    known.cookie = cookie.split(';').next().map(str::to_owned);
    assert_eq!(known.get("").await.status, 303, "being known is not being in");
    assert_eq!(known.post("pin", &[("pin", "1111")]).await.status, 403);
    let again = known.post("pin", &[("pin", PIN)]).await;
    assert_eq!((again.status, again.to.as_deref()), (303, Some("/")), "{}", again.text);
    assert_eq!(device(&again), Some(cookie), "it stays known by the same");
    assert_eq!(scene.phone().post("pin", &[("pin", PIN)]).await.status, 403, "others wait");
}

#[tokio::test]
async fn a_right_pin_at_the_screen_and_another_pin_let_everybody_try_again() {
    use smilepost::kiosk::pin::{self, PinGuard};
    let scene = Scene::new();
    let folder = scene.settings.data_dir.clone();
    use_up_the_tries(&scene.phone()).await;
    PinGuard::new(&folder, 0).enter(PIN, 0).unwrap();
    scene.manager().await;
    use_up_the_tries(&scene.phone()).await;
    pin::set(&folder, &pin::hash("1357").unwrap()).unwrap();
    let manager = Phone::knowing(&scene.address.url, "1357").await;
    assert!(!manager.get("kiosk").await.text.contains("Wrong tries"));
}

#[tokio::test]
async fn nobody_gets_in_by_a_cookie_that_was_there_before_the_pin() {
    let scene = Scene::new();
    let mut phone = scene.phone();
    let planted = format!("__Host-desk={}", "a".repeat(64));
    phone.cookie = Some(planted.clone());
    let answer = phone.post("pin", &[("pin", PIN)]).await;
    let given = answer.cookie.unwrap();
    for word in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(given.contains(word), "{given}");
    }
    assert!(!given.starts_with(&planted), "{given}");
    assert_eq!(phone.get("").await.status, 303, "what was planted lets nobody in");
    let (first, second) = (scene.manager().await, scene.manager().await);
    assert_ne!(first.cookie, second.cookie);
    let form = first.form().await;
    assert_eq!(first.post("leave", &[("form", &form)]).await.to.as_deref(), Some("/pin"));
    assert_eq!(first.get("").await.status, 303, "whoever has left is out, cookie or not");
    assert_eq!(second.get("").await.status, 200);
}

#[tokio::test]
async fn a_form_of_somebody_elses_page_does_nothing() {
    let scene = Scene::new();
    let (manager, other) = (scene.manager().await, scene.manager().await);
    let (own, foreign) = (manager.form().await, other.form().await);
    let note = |form: &'static str| [("form", form), ("text", "never")];
    for path in ["notes", "alert", "coming", "leave", "note", "withdraw", "preview"] {
        assert_eq!(manager.post(path, &[("text", "never")]).await.status, 403, "{path}");
        assert_eq!(manager.post(path, &note("")).await.status, 403, "{path}");
        let fields = [("form", foreign.as_str()), ("text", "never")];
        assert_eq!(manager.post(path, &fields).await.status, 403, "{path}");
        let fields = [("form", own.as_str()), ("text", "never")];
        for header in [
            ("origin", "https://elsewhere.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let answer = manager.post_with(path, &fields, &[header]).await;
            assert_eq!(answer.status, 403, "{path} {header:?}");
        }
    }
    // Nor can a form of another site open a session.
    let header = [("origin", "https://elsewhere.example")];
    let led = scene.phone().post_with("pin", &[("pin", PIN)], &header).await;
    assert_eq!((led.status, led.cookie), (403, None));
    assert_eq!(scene.exported(0).len(), 0);
    let own_origin = scene.address.url.trim_end_matches('/');
    let headers = [("origin", own_origin), ("sec-fetch-site", "same-origin")];
    let fields = [("form", own.as_str()), ("text", "Opened the second till")];
    assert_eq!(manager.post_with("notes", &fields, &headers).await.to.as_deref(), Some("/notes"));
    let kept = scene.exported(1);
    assert_eq!(kept[0].fields.text(Field::Text), Some("Opened the second till"));
    assert!(manager.get("notes").await.text.contains("Opened the second till"));
}

#[tokio::test]
async fn a_note_is_mended_and_withdrawn_and_a_notice_is_seen_before_it_goes_out() {
    let scene = Scene::new();
    let manager = scene.manager().await;
    let form = manager.form().await;
    manager.post("notes", &[("form", form.as_str()), ("text", "Opend a till")]).await;
    let first = scene.exported(1).remove(0);
    let name = format!("{}-{}", first.run, first.n);
    let link = format!("/note?note={name}");
    assert!(manager.get("notes").await.text.contains(&link));
    assert!(manager.get(&link[1..]).await.text.contains(r#"value="Opend a till""#));
    let fields = [("form", form.as_str()), ("note", name.as_str()), ("text", "Opened a till")];
    manager.post("note", &fields).await;
    let page = manager.get("notes").await.text;
    assert!(page.contains("Opened a till") && !page.contains("Opend a till"), "{page}");
    manager.post("withdraw", &[("form", form.as_str()), ("note", name.as_str())]).await;
    assert!(manager.get("notes").await.text.contains("Nothing was written down yet."));
    let kept = scene.exported(3);
    let said = |at: usize| {
        let fields = &kept[at].fields;
        let texts = [Field::About, Field::Text, Field::MendsRun].map(|field| fields.text(field));
        (texts, fields.number(Field::MendsN))
    };
    assert_eq!(said(0), ([Some("day"), Some("Opend a till"), None], None));
    let run = Some(first.run.as_str());
    assert_eq!(said(1), ([Some("day"), Some("Opened a till"), run], Some(first.n)));
    assert_eq!(said(2), ([Some("withdrawn"), Some(""), run], Some(first.n)));
    let notice = [("form", form.as_str()), ("said", "Long queues"), ("text", "A fourth till")];
    let seen = manager.post("preview", &notice).await.text;
    for said in ["You said: <bdi>Long queues</bdi>", "We did: <bdi>A fourth till</bdi>"] {
        assert!(seen.contains(said), "{said}: {seen}");
    }
    assert_eq!(scene.exported(3).len(), 3, "nothing has gone out");
    manager.post("notes", &[&notice[..], &[("shown", "yes")]].concat()).await;
    let shown = scene.exported(4).remove(3);
    assert_eq!(shown.fields.text(Field::Said), Some("Long queues"));
}

#[tokio::test]
async fn a_notice_is_shown_until_it_is_taken_down_and_its_markup_is_escaped() {
    let scene = Scene::new();
    let manager = scene.manager().await;
    let form = manager.form().await;
    let fields = [("form", form.as_str()), ("text", "%3Cb%3Ebread%3C/b%3E"), ("shown", "yes")];
    manager.post("notes", &fields).await;
    let page = manager.get("notes").await.text;
    assert!(page.contains("Shown to shoppers: <bdi>&lt;b&gt;bread&lt;/b&gt;</bdi>"), "{page}");
    manager.post("notes", &[("form", form.as_str()), ("shown", "no")]).await;
    assert!(!manager.get("notes").await.text.contains("Shown to shoppers"));
    let kept = scene.exported(2);
    let about = kept.iter().map(|row| row.fields.text(Field::About).unwrap());
    let about: Vec<_> = about.collect();
    assert_eq!(about, ["notice", "notice"]);
    // An empty, a two-line or a very long text is refused.
    for text in ["", "two%0Alines", &"x".repeat(201)] {
        manager.post("notes", &[("form", form.as_str()), ("text", text)]).await;
    }
    assert_eq!(scene.exported(2).len(), 2);
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let scene = Scene::new();
    let port = scene.address.url.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let manager = scene.manager().await;
    let form = manager.form().await;
    let text = "x".repeat(5_000);
    let answer = manager.post("notes", &[("form", form.as_str()), ("text", &text)]).await;
    assert_eq!(answer.status, 413);
    assert_eq!(scene.phone().post("pin", &[("pin", &text)]).await.status, 413);
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "A: b\r\n".repeat(10_000));
    let endless =
        format!("POST /pin HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", u64::MAX);
    for request in [long, many, endless] {
        let answer = speak(&port, request.into_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        let is_refused = ["", "400", "413", "414", "431"].contains(&status.as_str());
        assert!(is_refused, "{answer}");
    }
    assert_eq!(manager.get("").await.status, 200, "and the desk is as it was");
}

/// What somebody without the PIN begins to send, and the answer: at once, or none until the body
/// has come.
const HALF_BODIES: &[(&str, &str)] = &[
    ("POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n", "303"),
    ("POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n", "303"),
    ("POST /notes HTTP/1.1\r\nHost: x\r\nCookie: __Host-desk=0\r\nContent-Length: 4000\r\n", "303"),
    ("POST /alert HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", "303"),
    ("PUT /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n", "303"),
    ("POST /pin HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\nOrigin: https://y\r\n", "403"),
    ("POST /pin HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n", ""),
    ("POST /pin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_body_is_not_waited_for_and_holds_nothing() {
    let scene = Scene::with(|settings| {
        let phone = settings.phone.as_mut().unwrap();
        phone.limits.requests_per_minute = 1_000.try_into().unwrap();
        phone.limits.connections.body = Duration::from_secs(1);
    });
    let port = scene.address.url.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    for (head, status) in HALF_BODIES {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let request = format!("{head}{form}\r\n1\r\na").replace("Host: x", "Host: localhost");
        // More of them than the page has places for one address.
        let all: Vec<_> = (0..20)
            .map(|_| {
                let (port, request) = (port.clone(), request.clone().into_bytes());
                tokio::spawn(async move { speak(&port, request).await })
            })
            .collect();
        let mut other = scene.phone();
        other.client = client_at(2);
        assert_eq!(other.get("pin").await.status, 200, "{head}");
        for one in all {
            // It may have been hung up on before it was through with TLS.
            let _ = one.await;
        }
        let answer = speak(&port, request.clone().into_bytes()).await;
        // Whoever does not end a form that is needed is told so, or hung up on.
        let expected: &[&str] = if status.is_empty() { &["", "400", "408"] } else { &[status] };
        let given = answer.split(' ').nth(1).unwrap_or_default();
        assert!(expected.contains(&given), "{head}: {answer}");
    }
    assert_eq!(scene.manager().await.get("").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_are_disconnected_and_no_press_waits_for_them() {
    let scene = Scene::with(|settings| {
        let listen = settings.phone.as_mut().unwrap();
        let limits = &mut listen.limits.connections;
        (limits.handshake, limits.headers) = (Duration::from_secs(2), Duration::from_secs(2));
    });
    let host = scene.address.url.trim_start_matches("https://").trim_end_matches('/').to_owned();
    let mut slow: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(&host).unwrap()).collect();
    for (at, stream) in slow.iter_mut().enumerate() {
        // The beginning of a TLS record that never ends.
        stream.write_all(&[0x16, 0x03, 0x01][..at % 4]).unwrap();
    }
    // Another one from the same address is served in the place of one that says nothing, and the
    // post takes ratings.
    assert_eq!(scene.phone().get("pin").await.status, 200);
    scene.press(4);
    scene.exported(1);
    let ended = tokio::task::spawn_blocking(move || {
        slow.iter_mut().all(|stream| {
            // Patience ends it, long before the longest life of a connection.
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            match stream.read(&mut [0; 64]) {
                Ok(read) => read == 0,
                Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
            }
        })
    });
    assert!(ended.await.unwrap());
    assert_eq!(scene.phone().get("pin").await.status, 200, "their places are free again");
}

#[tokio::test]
async fn whoever_asks_without_pause_is_told_to_wait() {
    let scene = Scene::new();
    let phone = scene.phone();
    let mut answered = 0;
    // On a busy machine the phone asks more slowly, and is answered more often.
    let last = loop {
        let status = phone.get("pin").await.status;
        if status != 200 || answered == 2_000 {
            break status;
        }
        answered += 1;
    };
    assert_eq!(last, 429, "after {answered} answers");
    assert!(answered > 0, "the first is answered");
}

#[tokio::test]
async fn the_screen_shows_the_certificates_fingerprint_after_a_restart_too() {
    let scene = Scene::new();
    let shown = scene.address.fingerprint.clone();
    let answer = client().get(format!("{}pin", scene.address.url)).send().await.unwrap();
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap().clone();
    let digest = Sha256::digest(info.peer_certificate().unwrap());
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(pairs.join(":"), shown);
    let scene = scene.restart();
    assert_eq!(scene.address.fingerprint, shown);
}

#[tokio::test]
async fn another_pin_shows_everybody_out() {
    let scene = Scene::new();
    let manager = scene.manager().await;
    assert_eq!(manager.get("").await.status, 200);
    let folder = &scene.settings.data_dir;
    let hash = smilepost::kiosk::pin::hash("1357").unwrap();
    smilepost::kiosk::pin::set(folder, &hash).unwrap();
    assert_eq!(manager.get("").await.status, 303);
}

#[tokio::test]
async fn a_pin_is_the_same_in_the_digits_of_any_script() {
    let scene = Scene::new();
    // In Arabic, Persian, Hindi and wide Latin digits, as a browser sends them.
    for typed in [
        "%D9%A2%D9%A5%D9%A8%D9%A0",
        "%DB%B2%DB%B5%DB%B8%DB%B0",
        "%E0%A5%A8%E0%A5%AB%E0%A5%AE%E0%A5%A6",
        "%EF%BC%92%EF%BC%95%EF%BC%98%EF%BC%90",
    ] {
        Phone::knowing(&scene.address.url, typed).await;
    }
}

#[tokio::test]
async fn whoever_comes_the_wrong_way_reads_a_page_that_says_the_right_one() {
    let scene = Scene::new();
    let stranger = Phone::new(&scene.address.url);
    let plain = scene.address.url.replace("https://", "http://");
    let asked = stranger.client.get(format!("{plain}days")).header("accept", "text/html");
    let answer = stranger.send(asked).await;
    assert_eq!((answer.status, answer.to), (307, Some(format!("{}days", scene.address.url))));
    assert!(answer.text.contains("speaks https and not http"), "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");

    let manager = scene.manager().await;
    let asked = manager.client.get(format!("{}day?date=nonsense", scene.address.url));
    let answer = manager.send(asked.header("accept", "text/html")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert!(answer.headers.contains_key("content-security-policy"));
    assert!(answer.text.contains("nonsense"), "{}", answer.text);
    let asked = manager.client.post(format!("{}notes", scene.address.url)).body("x");
    let answer = manager.send(asked.header("accept", "text/html")).await;
    assert!(answer.text.contains("This form came in pieces"), "{}", answer.text);
}
