//! Tests of a hub that moves to another address, and of kiosks that follow it.

use std::net::TcpListener;

use crate::engine::server::port::free_address;
use crate::parties::Site;
use crate::proxies::{Proxy, in_front_of};
use crate::tls::{append, certify_from};
use crate::wait::wait_until;

/// The hub's address behind a proxy, below this path.
fn behind(proxy: &Proxy, below: &str) -> String {
    format!("http://{}{below}", proxy.address)
}

/// The address at which the kiosk is enrolled.
fn enrolled_at(site: &Site) -> String {
    let text = std::fs::read_to_string(site.path("kiosk/enrolment.toml")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("hub = ")).unwrap().to_owned();
    line.trim_matches('"').to_owned()
}

/// Waits until the list of kiosks at the hub says this.
fn listed(site: &Site, what: &str) -> String {
    let mut list = String::new();
    wait_until(what, || {
        list = site.say("hub", &["kiosk", "list"]);
        list.contains(what)
    });
    list
}

#[test]
fn a_kiosk_follows_its_hub_to_an_address_that_works_and_not_before() {
    let site = Site::new();
    let _hub = site.start_hub();
    let old = in_front_of(site.hub, "/old", |_| {});
    let new = in_front_of(site.hub, "/new", |_| {});
    site.acquaint_at(&behind(&old, "/old"));
    let kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    listed(&site, &format!("comes by {}", behind(&old, "/old")));

    // Nobody is there: it stays, and all three say why.
    let nobody = free_address();
    let said = site.say("hub", &["moves-to", &format!("http://{nobody}/")]);
    assert!(said.contains("keep both open"), "{said}");
    let list = listed(&site, "nothing listens");
    assert!(list.contains("still comes by"), "{list}");
    let standing = site.say("hub", &["moves-to"]);
    assert!(standing.contains("there so far: 0\n") && standing.contains("still"), "{standing}");
    assert!(site.log("kiosk.log").contains("head office moves, and this kiosk cannot follow"));
    let doctor = site.run("kiosk", &["doctor"]);
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("moves to another address"), "{doctor}");
    buttons.press(4);
    wait_until("the old address serves", || site.archived().len() == 2);
    assert_eq!(enrolled_at(&site), behind(&old, "/old"));

    site.say("hub", &["moves-to", &behind(&new, "/new/")]);
    listed(&site, &format!("comes by {}", behind(&new, "/new")));
    assert_eq!(enrolled_at(&site), behind(&new, "/new"));
    assert!(site.log("kiosk.log").contains("has followed head office to a new address"));
    let standing = site.say("hub", &["moves-to"]);
    assert!(standing.contains("there so far: 1\n") && !standing.contains("still"), "{standing}");
    let came = old.count("POST");
    buttons.press(3);
    wait_until("the new address serves at once", || site.archived().len() == 3);
    kiosk.kill();
    let kiosk = site.start_kiosk();
    buttons.press(2);
    wait_until("it does after a restart", || site.archived().len() == 4);
    assert_eq!(old.count("POST"), came, "the old address is left");
    // It is the same place: the journal went on, and none was left behind.
    assert!(!site.path("kiosk/former").exists());
    assert!(site.say("kiosk", &["verify"]).contains("holds"));
    assert_eq!(site.archived(), site.thanked());
    let doctor = site.run("kiosk", &["doctor"]);
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains(&behind(&new, "/new")), "{doctor}");

    site.say("hub", &["moves-to", "--undo"]);
    assert!(site.say("hub", &["moves-to"]).contains("no other address"));
    drop(kiosk);
}

#[test]
fn what_is_encrypted_is_never_sent_in_the_clear_and_a_kiosk_without_keys_stays() {
    let site = Site::new();
    let ca = certify_from(&site, 2_020, "127.0.0.1");
    append(&site.path("kiosk.toml"), &format!("ca_file = {ca:?}\n"));
    let _hub = site.start_hub();
    site.acquaint_at(&format!("https://{}", site.hub));
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    plain.set_nonblocking(true).unwrap();
    let kiosk = site.start_kiosk();
    site.say("hub", &["moves-to", &format!("http://{address}")]);
    listed(&site, "is not encrypted");
    assert!(plain.accept().is_err(), "nobody has even knocked there");
    assert_eq!(enrolled_at(&site), format!("https://{}", site.hub));
    drop(kiosk);

    // A kiosk of before there were keys cannot tell who is at the new address.
    let file = site.path("kiosk/enrolment.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (text, _) = text.split_once("[hub_keys]").unwrap();
    std::fs::write(&file, text).unwrap();
    let _kiosk = site.start_kiosk();
    site.say("hub", &["moves-to", &format!("https://localhost:{}", site.hub.port())]);
    let list = listed(&site, "before hubs had keys");
    assert!(list.contains("smilepost-hub kiosk code"), "{list}");
    assert_eq!(enrolled_at(&site), format!("https://{}", site.hub));
}

#[test]
fn a_kiosk_that_has_heard_of_the_move_finds_its_hub_when_the_old_address_is_gone() {
    let mut site = Site::new();
    let hub = site.start_hub();
    site.acquaint(site.hub);
    let kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    let new = free_address();
    site.say("hub", &["moves-to", &format!("http://{new}")]);
    listed(&site, "nothing listens");
    kiosk.kill();
    hub.kill();
    let text = std::fs::read_to_string(site.path("hub.toml")).unwrap();
    let text = text.replace(&site.hub.to_string(), &new.to_string());
    std::fs::write(site.path("hub.toml"), text).unwrap();
    site.hub = new;
    let _hub = site.start_hub();
    let _kiosk = site.start_kiosk();
    buttons.press(5);
    wait_until("the rating is at the new address", || site.archived().len() == 1);
    assert_eq!(enrolled_at(&site), format!("http://{new}"));
    let text = std::fs::read_to_string(site.path("kiosk/enrolment.toml")).unwrap();
    assert!(!text.contains("moves_to"), "{text}");
}
