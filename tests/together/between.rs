//! Tests of what stands between kiosk and hub: the shop's proxy, and the one before the hub.

use crate::engine::server::port::free_address;
use crate::parties::Site;
use crate::proxies::{Mood, in_front_of, on_the_way_to};
use crate::tls::{append, certify_from};
use crate::wait::wait_until;

/// `kiosk:pa ss`, as basic authentication shows it.
const LOGIN: &str = "a2lvc2s6cGEgc3M=";

/// A hub whose name only a proxy knows, with the code of a kiosk.
fn hub_elsewhere(site: &Site) -> (crate::parties::Process, String, String) {
    let ca = certify_from(site, 2_020, "hub.example.test");
    append(&site.path("kiosk.toml"), &format!("ca_file = {ca:?}\n"));
    let hub = site.start_hub();
    site.say("hub", &["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    let add = ["kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1"];
    let code = site.say("hub", &add).lines().nth(1).unwrap().to_owned();
    (hub, format!("https://hub.example.test:{}", site.hub.port()), code)
}

#[test]
fn ratings_go_through_a_companys_proxy_and_whatever_it_wants_is_named_by_its_key() {
    let site = Site::new();
    let (_hub, address, code) = hub_elsewhere(&site);
    let open = on_the_way_to(site.hub, Mood::Open);
    let shut = on_the_way_to(site.hub, Mood::Shut);
    let locked = on_the_way_to(site.hub, Mood::Wants(LOGIN));
    let plain = std::fs::read_to_string(site.path("kiosk.toml")).unwrap();
    let through = |proxy: &str| {
        std::fs::write(site.path("kiosk.toml"), format!("{plain}{proxy}\n")).unwrap();
    };
    let refused = |proxy: &str, parts: &[&str]| {
        through(proxy);
        let said = site.fail("kiosk", &["enrol", &address, &code]);
        for part in parts {
            assert!(said.contains(part), "{proxy}: {said}");
        }
    };
    let (wrong, right) = (site.path("wrong"), site.path("right"));
    std::fs::write(&wrong, "pass\n").unwrap();
    std::fs::write(&right, "pa ss\n").unwrap();
    let nobody = free_address();
    refused(&format!("proxy = 'http://{nobody}'"), &["uplink.proxy", "refuses connections"]);
    refused("proxy = 'proxy.invalid:3128'", &["uplink.proxy", "not known on this network"]);
    let shut = shut.address;
    refused(&format!("proxy = 'http://{shut}'"), &["uplink.proxy", "allow CONNECT"]);
    let at = locked.address;
    let wants = ["uplink.proxy", "wants a name and a password", "uplink.proxy_password_file"];
    refused(&format!("proxy = '{at}'"), &wants);
    let with = |name: &str, file: &std::path::Path| {
        format!("proxy = 'http://{name}@{at}'\nproxy_password_file = {file:?}")
    };
    let wrongly = ["does not take the name and the password", "uplink.proxy_password_file"];
    refused(&with("kiosk", &wrong), &wrongly);
    refused(&with("kiosk", &site.path("none")), &["uplink.proxy_password_file", "cannot read"]);
    refused(&format!("proxy = 'http://kiosk:pass@{at}'"), &["uplink.proxy", "file of its own"]);
    refused(&format!("proxy = 'ftp://{at}'"), &["uplink.proxy", "http://"]);

    // As the environment says for every program, unless the configuration says otherwise.
    through("");
    let variable = format!("http://{}", open.address);
    let environment = [("HTTPS_PROXY", variable.as_str())];
    let enrolled = site.run_in("kiosk", &["enrol", &address, &code], &environment);
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    assert_eq!(open.count("CONNECT hub.example.test:"), 1);
    for unwanted in [("proxy = 'none'", ""), ("", "example.test")] {
        through(unwanted.0);
        let environment = [environment[0], ("NO_PROXY", unwanted.1)];
        let said = site.run_in("kiosk", &["enrol", &address, &code], &environment).stderr;
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("the name hub.example.test is not known"), "{said}");
    }

    through(&with("kiosk", &wrong));
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the kiosk says what is wrong", || {
        site.log("kiosk.log").contains("does not take the name and the password")
    });
    assert!(!site.log("kiosk.log").contains("pass\""));
    std::fs::write(&wrong, "pa ss").unwrap();
    wait_until("the rating comes when the file is cured", || site.archived().len() == 1);
    assert_eq!(open.count("CONNECT"), 1, "the configured proxy is used");
}

fn survey(version: u32) -> String {
    format!(
        "version = {version}\n[[questions]]\nid = 'q{version}'\nversion = {version}\nscale = 3\n"
    )
}

#[test]
fn a_survey_comes_through_proxies_that_write_on_its_tag_or_drop_it_and_comes_once() {
    type Change = fn(&mut Vec<String>);
    fn tag(head: &mut [String], change: impl Fn(&str) -> String) {
        for line in head.iter_mut().filter(|line| line.to_ascii_lowercase().starts_with("etag:")) {
            *line = format!("ETag: {}", change(line["etag:".len()..].trim()));
        }
    }
    let changes: [Change; 4] = [
        |head| head.retain(|line| !line.to_ascii_lowercase().starts_with("etag:")),
        |head| tag(head, |tag| format!("W/{tag}")),
        |head| tag(head, |tag| tag.replacen("\"", "", 1).replace('"', "-gzip\"")),
        |head| {
            tag(head, |_| "\"another\"".to_owned());
            head.push("ETag: \"and one more\"".to_owned());
            head.push("Vary: Accept-Encoding".to_owned());
        },
    ];
    for change in changes {
        let site = Site::new();
        let _hub = site.start_hub();
        let proxy = in_front_of(site.hub, "/head/office", change);
        site.acquaint_at(&format!("http://{}/head/office/", proxy.address));
        let _kiosk = site.start_kiosk();
        for version in 1..=2 {
            let file = site.path("survey.toml");
            std::fs::write(&file, survey(version)).unwrap();
            site.say("hub", &["survey", "publish", file.to_str().unwrap()]);
            let shown = || site.say("hub", &["survey", "show"]);
            let is_there = format!("has {version}\tup to date");
            wait_until("the kiosk has the survey", || shown().contains(&is_there));
        }
        let delivered = proxy.count("POST /head/office/v1/deliveries");
        wait_until("more deliveries are made", || {
            proxy.count("POST /head/office/v1/deliveries") > delivered + 2
        });
        assert_eq!(proxy.count("GET /head/office/v1/survey"), 2, "each comes once");
    }
}

#[test]
fn what_is_found_at_the_wrong_port_or_path_says_where_the_hub_is() {
    let site = Site::new();
    let _hub = site.start_hub();
    let config = std::fs::read_to_string(site.path("hub.toml")).unwrap();
    let dashboard = config.lines().rfind(|line| line.starts_with("listen")).unwrap();
    let dashboard = dashboard.split('"').nth(1).unwrap();
    let proxy = in_front_of(site.hub, "/head/office", |_| {});
    for (address, part) in [
        (format!("http://{dashboard}"), "the port has to be the one of `listen` in hub.toml"),
        (format!("http://{}/elsewhere", site.hub), "there is nothing at this address"),
        (format!("http://{}/elsewhere", proxy.address), "there is nothing at this address"),
        (format!("https://{}", site.hub), "speaks no TLS"),
    ] {
        let said = site.fail("kiosk", &["enrol", &address, "7K2QM-X9RTB"]);
        assert!(said.contains(part), "{address}: {said}");
    }
}
