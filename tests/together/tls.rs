//! Tests of a hub with a private certificate, and kiosks that trust it or do not.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use smilepost::feedback::moment::{Anchor, Source};
use smilepost::feedback::rating::{BootId, RunId};
use smilepost::kiosk::journal::{Journal, Limits};

use crate::parties::Site;
use crate::wait::wait_until;

/// Makes an authority and a certificate for this machine, and gives the certificate to the hub.
fn certify(site: &Site) -> std::path::PathBuf {
    certify_from(site, 2_020, "127.0.0.1")
}

/// The same, valid from a year on, for a name.
pub(crate) fn certify_from(site: &Site, year: i32, name: &str) -> std::path::PathBuf {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut certificate = CertificateParams::new(vec![name.to_owned()]).unwrap();
    certificate.not_before = rcgen::date_time_ymd(year, 1, 1);
    certificate.not_after = rcgen::date_time_ymd(year + 20, 1, 1);
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let path = |name: &str| site.path(name);
    std::fs::write(path("ca.pem"), authority.pem()).unwrap();
    std::fs::write(path("hub.pem"), certificate.pem()).unwrap();
    std::fs::write(path("hub.key"), key.serialize_pem()).unwrap();
    let tls = format!("[tls]\ncertificate = {:?}\nkey = {:?}\n", path("hub.pem"), path("hub.key"));
    append(&path("hub.toml"), &tls);
    path("ca.pem")
}

pub(crate) fn append(file: &Path, text: &str) {
    let before = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, before + text).unwrap();
}

#[test]
fn a_hub_with_a_private_certificate_gets_ratings_once_it_is_trusted() {
    let site = Site::new();
    let ca = certify(&site);
    let _hub = site.start_hub();
    site.say("hub", &["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    let add = ["kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1"];
    let printed = site.say("hub", &add);
    let code = printed.lines().nth(1).unwrap();
    let address = format!("https://{}", site.hub);

    let refused = site.fail("kiosk", &["enrol", &address, code]);
    assert!(refused.contains("cannot reach the hub"), "{refused}");
    assert!(refused.contains("is signed by nobody whom this system believes"), "{refused}");
    assert!(refused.contains("uplink.ca_file"), "{refused}");

    append(&site.path("kiosk.toml"), &format!("ca_file = {ca:?}\n"));
    site.say("kiosk", &["enrol", &address, code]);
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the rating arrives over TLS", || site.archived().len() == 1);
}

/// Enrols without TLS, then gives the hub a certificate that is valid only from this year on, which
/// is in the future by the kiosk's clock.
fn with_certificate_of(year: i32, known_utc_ms: Option<i64>) -> (Site, crate::parties::Process) {
    let site = Site::new();
    let hub = site.start_hub();
    site.acquaint(site.hub);
    hub.kill();
    let ca = certify_from(&site, year, "127.0.0.1");
    append(&site.path("kiosk.toml"), &format!("ca_file = {ca:?}\n"));
    let file = site.path("kiosk/enrolment.toml");
    let enrolment = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, enrolment.replace("http://", "https://")).unwrap();
    if let Some(utc_ms) = known_utc_ms {
        // What an earlier boot was told by the hub.
        let mut journal = Journal::open(&site.path("kiosk"), Limits::default()).unwrap();
        journal.begin(RunId([7; 16]), BootId([7; 16])).unwrap();
        let (boot_ms, error_ms, source) = (1_000, 10, Source::Hub);
        journal.add_anchor(Anchor { boot_ms, utc_ms, error_ms, source }).unwrap();
    }
    let hub = site.start_hub();
    (site, hub)
}

#[test]
fn a_clock_that_is_years_behind_does_not_keep_a_kiosk_from_its_hub() {
    // 2041-06-15, and a certificate from 2041-01-01 on: the board's clock is years behind.
    let known = 2_254_780_800_000;
    let (site, _hub) = with_certificate_of(2_041, Some(known));
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the rating arrives", || site.archived().len() == 1);
    assert!(site.log("kiosk.log").contains("the board's clock is behind"));
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_refused_and_everything_is_kept() {
    let (site, _hub) = with_certificate_of(2_041, None);
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the shopper is thanked", || site.thanks() == 1);
    wait_until("the kiosk says why", || {
        let log = site.log("kiosk.log");
        log.contains("is valid from 2041-01-01 00:00 UTC on") && log.contains("set the clock")
    });
    assert_eq!(site.archived().len(), 0);
}

/// The usual certificate of a beginner, as `openssl req -x509` makes it: one that signs itself and
/// says that it is an authority's. It is the hub's from now on; returns its file.
fn certify_as_beginners_do(site: &Site, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    std::fs::write(site.path("hub.pem"), certificate.pem()).unwrap();
    std::fs::write(site.path("hub.key"), key.serialize_pem()).unwrap();
    certificate.pem()
}

#[test]
fn staff_are_told_by_https_once_the_file_of_certificates_is_cured() {
    let site = Site::new();
    let authority = certify(&site);
    let trusted = site.path("trusted.pem");
    let config = format!(
        "ca_file = {trusted:?}\n[alert]\nratings_least = 1\nnotify = \"https://{}/pager\"\n",
        site.hub
    );
    append(&site.path("kiosk.toml"), &config);
    let _hub = site.start_hub();
    // Nothing is there yet, which keeps nobody from being told later.
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the kiosk runs", || site.thanks() == 1);
    assert!(site.log("kiosk.log").contains("staff cannot be told yet"));
    std::fs::copy(authority, &trusted).unwrap();
    buttons.press(1);
    // It is spoken to, and is no gateway of pagers.
    wait_until("the address has answered", || {
        site.log("kiosk.log").contains("the address answers 404")
    });
}

#[test]
fn a_certificate_that_signs_itself_is_believed_where_it_is_the_configured_one() {
    let site = Site::new();
    certify(&site);
    let trusted = site.path("trusted.pem");
    append(&site.path("kiosk.toml"), &format!("ca_file = {trusted:?}\n"));
    let enrol = |site: &Site| {
        let hub = site.start_hub();
        let address = format!("https://{}", site.hub);
        let said = site.run("kiosk", &["enrol", &address, "7K2QM-X9RTB"]).stderr;
        hub.kill();
        String::from_utf8(said).unwrap()
    };
    let right = certify_as_beginners_do(&site, |_| {});
    std::fs::write(&trusted, &right).unwrap();
    let said = enrol(&site);
    assert!(said.contains("the code is unknown"), "the hub was reached: {said}");

    // Another of the same names is not believed for it.
    certify_as_beginners_do(&site, |_| {});
    let said = enrol(&site);
    assert!(said.contains("is one of an authority (CA:TRUE)"), "{said}");

    // Time and name are checked like any other's.
    for (change, part) in [
        (
            (|params| params.not_after = rcgen::date_time_ymd(2_020, 1, 1))
                as fn(&mut CertificateParams),
            "has expired at 2020-01-01",
        ),
        (|params| params.not_before = rcgen::date_time_ymd(2_400, 1, 1), "valid from 2400-01-01"),
        (|params| params.subject_alt_names.clear(), "-addext subjectAltName=IP:127.0.0.1"),
        (
            |params| {
                let other = CertificateParams::new(vec!["hub.example.com".to_owned()]).unwrap();
                params.subject_alt_names = other.subject_alt_names;
            },
            "is not for that name, but for hub.example.com",
        ),
    ] {
        let own = certify_as_beginners_do(&site, change);
        std::fs::write(&trusted, own).unwrap();
        let said = enrol(&site);
        assert!(said.contains(part), "{part}: {said}");
    }
    certify_as_beginners_do(&site, |_| {});
    let authority = std::fs::read_to_string(site.path("hub.key")).unwrap();
    for (text, part) in [
        (authority.as_str(), "it holds a private key and no certificate"),
        ("nonsense", "no certificate in PEM form"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is damaged"),
    ] {
        std::fs::write(&trusted, text).unwrap();
        let said = enrol(&site);
        assert!(said.contains(part) && said.contains("uplink.ca_file"), "{part}: {said}");
    }
}

#[test]
fn a_file_of_certificates_that_comes_or_changes_later_is_read_then() {
    let site = Site::new();
    let hub = site.start_hub();
    site.acquaint(site.hub);
    hub.kill();
    let ca = certify(&site);
    let trusted = site.path("trusted.pem");
    append(&site.path("kiosk.toml"), &format!("ca_file = {trusted:?}\n"));
    let file = site.path("kiosk/enrolment.toml");
    let enrolment = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, enrolment.replace("http://", "https://")).unwrap();
    let _hub = site.start_hub();
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the kiosk misses the file", || {
        site.log("kiosk.log").contains("trusted.pem of uplink.ca_file")
    });
    std::fs::copy(ca, &trusted).unwrap();
    wait_until("the rating arrives", || site.archived().len() == 1);
    std::fs::write(&trusted, "nonsense").unwrap();
    wait_until("the kiosk complains", || {
        site.log("kiosk.log").contains("its former state is used")
    });
    buttons.press(5);
    wait_until("and goes on with what it has", || site.archived().len() == 2);
}

/// Asks the hub in plain words, as somebody does who has forgotten the `s`.
fn ask_plainly(site: &Site, request: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(site.hub).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn whoever_speaks_plain_http_to_a_hub_with_a_certificate_is_told() {
    let site = Site::new();
    certify(&site);
    let _hub = site.start_hub();
    let head = "host: hub.example.com:8480\r\nconnection: close\r\n";
    let people = format!("GET /a?b=c HTTP/1.1\r\n{head}accept: text/html\r\n\r\n");
    let answer = ask_plainly(&site, &people);
    assert!(answer.starts_with("HTTP/1.1 307"), "{answer}");
    assert!(answer.contains("location: https://hub.example.com:8480/a?b=c"), "{answer}");
    assert!(answer.contains("<!DOCTYPE html>") && answer.contains("speaks https"), "{answer}");
    let program = format!("POST /v1/deliveries HTTP/1.1\r\n{head}content-length: 0\r\n\r\n");
    let answer = ask_plainly(&site, &program);
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("{\"refused\":"), "{answer}");
    let forged = "GET / HTTP/1.1\r\nhost: a b\\evil\r\nconnection: close\r\n\r\n";
    assert!(!ask_plainly(&site, forged).to_lowercase().contains("location:"));
    let said = site.fail("kiosk", &["enrol", &format!("http://{}", site.hub), "7K2QM-X9RTB"]);
    assert!(said.contains("write https:// instead of http://"), "{said}");
}

#[test]
fn a_certificate_is_renewed_while_the_hub_runs_and_a_wrong_one_changes_nothing() {
    let site = Site::new();
    let ca = certify(&site);
    let trusted = site.path("trusted.pem");
    append(&site.path("kiosk.toml"), &format!("ca_file = {trusted:?}\n"));
    std::fs::copy(&ca, &trusted).unwrap();
    let address = format!("https://{}", site.hub);
    let is_believed = || {
        let said = site.fail("kiosk", &["enrol", &address, "7K2QM-X9RTB"]);
        assert!(said.contains("the code is unknown") || said.contains("certificate"), "{said}");
        said.contains("the code is unknown")
    };
    let hub = site.start_hub();
    assert!(is_believed());
    std::fs::write(site.path("hub.key"), "nonsense").unwrap();
    wait_until("the hub complains", || {
        site.log("hub.log").contains("hub.key holds no private key in PEM form")
    });
    assert!(is_believed(), "the former certificate is shown");
    // The same, and another one, by another authority.
    let before = std::fs::read_to_string(site.path("hub.toml")).unwrap();
    certify(&site);
    std::fs::write(site.path("hub.toml"), before).unwrap();
    wait_until("the new certificate is shown", || {
        site.log("hub.log").contains("another certificate is shown from now on")
    });
    assert!(!is_believed());
    std::fs::copy(&ca, &trusted).unwrap();
    assert!(is_believed());
    hub.hang_up();
    wait_until("it is read again when told", || {
        site.log("hub.log").contains("the certificate was read again and is the same")
    });
    assert!(is_believed());
    hub.kill();

    // Before anybody is told where to deliver, it is known to be good.
    let (certificate, key) = (site.path("hub.pem"), site.path("hub.key"));
    let swapped = std::fs::read(&certificate).unwrap();
    std::fs::copy(&key, &certificate).unwrap();
    std::fs::write(&key, swapped).unwrap();
    let said = site.fail("hub", &["serve"]);
    assert!(said.contains("give the two the other way round"), "{said}");
    assert!(!said.contains("deliver to"), "{said}");
}
