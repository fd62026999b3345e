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
fn certify_from(site: &Site, year: i32, name: &str) -> std::path::PathBuf {
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

fn append(file: &Path, text: &str) {
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
    assert!(refused.to_lowercase().contains("certificate"), "{refused}");

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
    wait_until("the kiosk says why", || site.log("kiosk.log").contains("certificate"));
    assert_eq!(site.archived().len(), 0);
}
