//! Tests of the hub's doctor beside a hub that runs: what it says of the certificate and of the
//! way.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use smilepost::clock;

use crate::engine;
use crate::engine::server::port::free_address;
use crate::program::{Office, PROGRAM};
use crate::raw::raw;
use crate::started::Started;
use crate::wait::wait_until;

/// An office whose hub may run, and its addresses for kiosks and for people.
struct Site {
    office: Office,
    kiosks: SocketAddr,
    page: SocketAddr,
    hub: Option<Started>,
}

impl Site {
    fn new() -> Self {
        Self { office: Office::new(), kiosks: free_address(), page: free_address(), hub: None }
    }

    /// Writes `hub.toml` with more about the dashboard, and with the certificate of this name.
    fn settings(&self, dashboard: &str, certificate: Option<&str>) {
        let folder = self.office.folder.path();
        let Self { kiosks, page, .. } = self;
        let tls = certificate.map(|name| {
            let file = |kind: &str| folder.join(format!("{name}.{kind}"));
            format!("[tls]\ncertificate = {:?}\nkey = {:?}\n", file("pem"), file("key"))
        });
        let tls = tls.unwrap_or_default();
        let listen = format!("listen = \"{kiosks}\"\n[dashboard]\nlisten = \"{page}\"\n");
        let archive = engine::lines(folder);
        let data = folder.join("data");
        let text = format!("data_dir = {data:?}\n{archive}{listen}{dashboard}\n{tls}");
        std::fs::write(folder.join("hub.toml"), text).unwrap();
    }

    /// Makes a certificate for these hosts that is valid from so many years before now until so
    /// many after.
    fn certificate(&self, name: &str, hosts: &[&str], years: (i32, i32)) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        let now = i32::try_from(clock::wall_ms() / 31_556_952_000).unwrap() + 1970;
        params.not_before = date_time_ymd(now - years.0, 1, 1);
        params.not_after = date_time_ymd(now + years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let folder = self.office.folder.path();
        std::fs::write(folder.join(format!("{name}.pem")), pem).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn serve(&mut self) {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--config"]).arg(self.office.folder.path().join("hub.toml"));
        self.hub = Some(Started::by(command.stdin(Stdio::null()).stderr(Stdio::null())));
        let (kiosks, page) = (self.kiosks, self.page);
        wait_until("the hub listens", || {
            TcpStream::connect(page).is_ok() && TcpStream::connect(kiosks).is_ok()
        });
    }

    /// What the doctor says, in which each of these is.
    fn says(&self, arguments: &[&str], parts: &[&str]) -> String {
        let output = self.office.ask(&[&["doctor"], arguments].concat());
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        for part in parts {
            assert!(said.contains(part), "{part}\nis not among\n{said}");
        }
        said
    }
}

#[test]
fn the_doctor_comes_as_a_kiosk_does_and_judges_the_certificate() {
    let mut site = Site::new();
    site.certificate("good", &["localhost"], (1, 2));
    site.certificate("over", &["localhost"], (3, -1));
    site.certificate("early", &["localhost"], (-1, 3));
    site.certificate("other", &["localhost", "hub.example.org"], (1, 2));
    site.certificate("nobodys", &[], (1, 2));
    site.settings("", Some("good"));
    site.serve();
    let kiosks = site.kiosks;
    site.says(
        &[],
        &[
            &format!("fine  kiosks: the hub answers at {kiosks}, with the certificate of "),
            "fine  dashboard: the hub answers at ",
            "good.pem and its key fit, with ",
            "note  certificate: it is for localhost",
            "note  way: listen is this machine's own address",
            "cannot be seen from here: `smilepost-hub doctor https://NAME`",
        ],
    );
    // By the address that kiosks come by.
    let port = kiosks.port();
    let url = format!("https://localhost:{port}/");
    site.says(
        &[&url],
        &[
            &format!("note  way: {url}: the name, a connection to "),
            "its certificate and the hub work from here; its certificate is signed by nobody",
            "uplink.ca_file",
        ],
    );
    for (address, part) in [
        (format!("https://127.0.0.1:{port}"), "there is not for 127.0.0.1, but for localhost: "),
        (format!("https://localhost:{port}/below"), "answered 404 Not Found, but not as a hub"),
        (format!("https://localhost:{}", site.page.port()), "but not as a hub does"),
        ("http://hub.example.org".to_owned(), "is plain HTTP, by which no kiosk"),
        ("hub.example.org".to_owned(), "is not an address such as https://"),
        ("ftp://hub.example.org".to_owned(), "is not an address such as https://"),
    ] {
        let said = site.says(&[&address], &[part]);
        assert!(said.contains(&format!("WRONG way: {address}")), "{said}");
    }
    let said = site.says(&["https://nobody.invalid"], &["WRONG way: https://nobody.invalid: "]);
    assert!(!said.contains("fine  way"), "{said}");
    let closed = free_address();
    let said = site.says(&[&format!("https://localhost:{}", closed.port())], &["WRONG way: "]);
    assert!(said.contains("there is no connection to localhost"), "{said}");
    // What hub.toml says now is not what the hub shows, or cannot be shown for long.
    site.settings("names = [\"hub.example.org\"]", Some("other"));
    site.says(
        &[],
        &[
            &format!("WRONG kiosks: the hub at {kiosks} shows another certificate than "),
            "WRONG dashboard: the hub at ",
            "for localhost, hub.example.org: kiosks come by one of these",
        ],
    );
    site.settings("names = [\"hub.example.org\"]", Some("good"));
    let part = "good.pem is not for hub.example.org (dashboard.names), but for localhost: ";
    let said = site.says(&[], &[part]);
    assert!(!said.contains("WRONG certificate"), "a reverse proxy may have another: {said}");
    site.settings("names = [\"hub.example.org\"]\nopen_to_network = true", Some("good"));
    let file = site.office.folder.path().join("hub.toml");
    let page = format!("\"{}\"", site.page);
    let open = format!("\"0.0.0.0:{}\"", site.page.port());
    let text = std::fs::read_to_string(&file).unwrap().replace(&page, &open);
    std::fs::write(&file, text).unwrap();
    let said = site.says(&[], &[part]);
    assert!(said.contains("WRONG certificate: "), "people come to it as it is: {said}");
    for (name, part) in [
        ("over", "over.pem has expired at "),
        ("early", "early.pem is valid only from "),
        ("nobodys", "nobodys.pem names no host at all (no subjectAltName)"),
    ] {
        site.settings("", Some(name));
        let said = site.says(&[], &[part]);
        assert!(said.contains("WRONG certificate: "), "{said}");
        assert!(!said.contains("fine  kiosks"), "{name}: {said}");
    }
    // A hub that speaks TLS where hub.toml says nothing of it.
    site.settings("", None);
    let said = site.says(&[], &["WRONG kiosks: ", "WRONG dashboard: "]);
    assert!(!said.contains("fine  kiosks") && !said.contains("fine  dashboard"), "{said}");
}

#[test]
fn whoever_speaks_http_and_is_no_hub_is_not_called_one() {
    let site = Site::new();
    site.settings("", None);
    let other = TcpListener::bind(site.kiosks).unwrap();
    let page = TcpListener::bind(site.page).unwrap();
    let serve = |listener: TcpListener| {
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 512];
            let _ = stream.read(&mut asked).unwrap();
            let body = "<title>Printer</title>";
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).unwrap();
        })
    };
    let both = [serve(other), serve(page)];
    let said = site.says(&[], &["WRONG kiosks: ", "WRONG dashboard: "]);
    assert_eq!(said.matches("answers 200 OK, and not as a hub does").count(), 2, "{said}");
    both.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn the_doctor_says_by_which_rules_days_are_counted() {
    let site = Site::new();
    site.settings("", None);
    site.office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    site.says(&[], &["fine  zones: days are counted by release "]);
    let archive = raw(&site.office.folder.path().join("data"));
    archive.execute("update shop set zone = 'Europe/Kallio'");
    site.says(&[], &["WRONG shop kallio: its time zone Europe/Kallio is known neither", "tzdata"]);
}
