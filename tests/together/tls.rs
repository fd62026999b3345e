//! The hub with a certificate of its own, and kiosks that believe in it or do not.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::parties::{Site, wait_until};

/// Makes an authority and a certificate for this machine, and gives the certificate to the hub.
fn certify(site: &Site) -> std::path::PathBuf {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
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
fn a_rating_goes_to_a_hub_with_a_private_certificate_only_when_it_is_trusted() {
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
