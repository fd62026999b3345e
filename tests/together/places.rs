//! Tests of what head office corrects of a kiosk's place, from its command line to the shop.

use smilepost::hub::archive::Archive;
use smilepost::hub::archive::PinScope;
use smilepost::secret::pin;

use crate::parties::Site;
use crate::wait::wait_until;

const BAKERY: &str = "version = 1\n[[questions]]\nid = \"bakery\"\nversion = 1\nscale = 3\n";

/// Sets the PIN of a shop's desks.
fn set_pin(site: &Site, shop: &str, pin: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let archive = Archive::in_folder(&site.path("hub")).unwrap();
    let (scope, hash) = (PinScope::Shop(shop.to_owned()), pin::hash(pin).unwrap());
    assert_eq!(runtime.block_on(archive.set_pin(scope, Some(hash))).unwrap(), 1);
    runtime.block_on(archive.close());
}

/// Where each event of the kiosk's own export was taken.
fn exported(site: &Site) -> Vec<(String, String)> {
    let exported = site.say("kiosk", &["export", "--format", "jsonl"]);
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (text("shop"), text("touchpoint"))
    };
    exported.lines().map(row).collect()
}

fn owned(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(shop, touchpoint)| ((*shop).to_owned(), (*touchpoint).to_owned())).collect()
}

#[test]
fn a_moved_kiosk_takes_names_survey_and_pin_and_what_was_before_keeps_its_place() {
    let site = Site::new();
    let (hub, kiosk, mut buttons) = site.open_shop();
    let add = ["shop", "add", "Turku", "--zone", site.zone.name()];
    site.say("hub", &add);
    site.say("hub", &["kiosk", "add", "--shop", "turku", "--touchpoint", "Exit"]);
    set_pin(&site, "kallio", "1357");
    set_pin(&site, "turku", "2580");
    let survey = site.path("bakery.toml");
    std::fs::write(&survey, BAKERY).unwrap();
    site.say("hub", &["survey", "publish", survey.to_str().unwrap(), "--shop", "turku"]);
    let opens = |typed: &str| {
        let hash = std::fs::read_to_string(site.path("kiosk/pin"));
        hash.is_ok_and(|hash| pin::is_right(typed, &hash))
    };
    wait_until("it has its shop's PIN", || opens("1357"));
    wait_until("the first rating is there", || site.archived().len() == 1);

    let moved = ["kiosk", "set", "kallio-checkout-1", "--shop", "turku", "--touchpoint", "Door"];
    site.say("hub", &moved);
    wait_until("it has the names of its place", || {
        site.log("kiosk.log").contains("has corrected this kiosk's place")
    });
    wait_until("it has the PIN of the new shop", || opens("2580"));
    wait_until("it asks what is asked there", || {
        site.log("kiosk.log").contains("another survey is asked")
    });
    let thanks = site.thanks();
    buttons.press(3);
    wait_until("the press is thanked", || site.thanks() > thanks);
    let places = exported(&site);
    assert_eq!(places.first(), owned(&[("Kallio", "Checkout 1")]).first());
    assert_eq!(places.last(), owned(&[("Turku", "Door")]).last());
    let summary = site.say("kiosk", &["summary", "--format", "json"]);
    assert!(summary.contains("\"shop\":\"Turku\"") || summary.contains("\"shop\": \"Turku\""));
    wait_until("all is delivered", || site.archived() == site.thanked());
    // Each event is where it is at head office, whatever came between.
    let at_the_hub = site.say("hub", &["export", "--format", "jsonl"]);
    assert_eq!(at_the_hub.matches("Checkout 1").count(), 1, "{at_the_hub}");

    // What was never otherwise is corrected for what was before too, and a restart forgets nothing.
    site.say("hub", &["shop", "set", "kallio", "--name", "Kallio Nord", "--always"]);
    wait_until("that has come", || exported(&site)[0].0 == "Kallio Nord");
    drop((kiosk, hub));
    assert_eq!(exported(&site)[0].0, "Kallio Nord");
    assert_eq!(exported(&site).last(), owned(&[("Turku", "Door")]).last());
}

#[test]
fn a_touchpoint_of_the_configuration_stays() {
    let site = Site::new();
    let config = std::fs::read_to_string(site.path("kiosk.toml")).unwrap();
    let config = config.replacen("[visit]", "touchpoint = \"Gate\"\n[visit]", 1);
    std::fs::write(site.path("kiosk.toml"), config).unwrap();
    let (_hub, _kiosk, _buttons) = site.open_shop();
    assert_eq!(exported(&site), owned(&[("Kallio", "Gate")]));
    let set = ["kiosk", "set", "kallio-checkout-1", "--touchpoint", "Door", "--always"];
    site.say("hub", &set);
    site.say("hub", &["shop", "set", "kallio", "--name", "Nord", "--always"]);
    wait_until("the name has come", || exported(&site) == owned(&[("Nord", "Gate")]));
}

#[test]
fn opening_hours_of_head_office_close_a_kiosk_that_has_none_of_its_own() {
    let site = Site::new();
    let (_hub, kiosk, mut buttons) = site.open_shop();
    let set = |hours: &[&str]| site.say("hub", &[&["shop", "set", "kallio"][..], hours].concat());
    let last = || {
        // A kiosk that is starting does not answer yet.
        let exported = site.run("kiosk", &["export", "--format", "jsonl"]).stdout;
        let exported = String::from_utf8(exported).unwrap();
        let row: serde_json::Value = serde_json::from_str(exported.lines().last()?).unwrap();
        Some(row["misuse"].as_str().unwrap_or("none").to_owned())
    };
    let mut press = |is_closed: bool| {
        buttons.press(4);
        last().is_some_and(|misuse| (misuse == "closed") == is_closed)
    };
    // It is about noon there.
    set(&["--hours", "mon-sun 01:00-02:00"]);
    wait_until("a press is not counted outside of the hours", || press(true));
    let doctor = || String::from_utf8(site.run("kiosk", &["doctor"]).stdout).unwrap();
    assert!(!doctor().contains("opening hours"));
    set(&["--no-hours"]);
    wait_until("a shop without hours is open", || press(false));
    set(&["--hours", "mon-sun 01:00-02:00"]);
    wait_until("it is closed again", || press(true));
    drop(kiosk);

    // Hours of its own count, and both sides say that they are others.
    let config = std::fs::read_to_string(site.path("kiosk.toml")).unwrap();
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let hours: String = days.map(|day| format!("{day} = '00:00-24:00'\n")).concat();
    std::fs::write(site.path("kiosk.toml"), format!("{config}\n[hours]\n{hours}")).unwrap();
    let _kiosk = site.start_kiosk();
    wait_until("its own hours count", || press(false));
    wait_until("head office says it", || {
        site.say("hub", &["kiosk", "list"]).contains("opens mon-sun 00:00-24:00, and its shop mon-")
    });
    assert!(site.log("kiosk.log").contains("different opening hours"));
    let doctor = doctor();
    assert!(doctor.contains("opening hours: mon-sun 00:00-24:00 in kiosk.toml"), "{doctor}");
}
