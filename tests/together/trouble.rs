//! Tests of failures between a kiosk and its hub, and of what the shop sees of them.

use serde_json::Value;

use crate::line::Line;
use crate::parties::{Site, is_enrolled};
use crate::portal::answering;
use crate::wait::wait_until;

fn summary(site: &Site) -> Value {
    serde_json::from_str(&site.say("kiosk", &["summary", "--format", "json", "--exact"])).unwrap()
}

#[test]
fn a_rating_reaches_head_office_and_is_dated_there() {
    let site = Site::new();
    let _hub = site.start_hub();
    site.acquaint(site.hub);
    assert!(is_enrolled(&site.path("kiosk")));
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    for score in [5, 1, 4] {
        buttons.press(score);
    }
    wait_until("the hub has the ratings", || site.archived().len() == 3);
    wait_until("the hub knows when they were taken", || {
        let rows = site.say("hub", &["export", "--format", "jsonl"]);
        rows.matches(r#""quality":"exact""#).count() == 3
    });
    wait_until("the kiosk knows that all is sent", || summary(&site)["waiting"] == 0);
    let summary = summary(&site);
    assert_eq!((&summary["n"], &summary["uncertain"]), (&3.into(), &0.into()));
    assert_eq!(summary["zone"], site.zone.name(), "the hub has told the shop's time zone");
    let list = site.say("hub", &["kiosk", "list"]);
    assert!(list.contains("enrolled") && list.contains("holds 0"), "{list}");
}

#[test]
fn head_office_hears_what_a_kiosk_finds_of_itself_and_that_it_is_cured() {
    let site = Site::new();
    let logo = site.path("logo.png");
    let config = site.path("kiosk.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}[screen]\nlogo = {logo:?}\n")).unwrap();
    let (_hub, kiosk, mut buttons) = site.open_shop();
    let list = || site.say("hub", &["kiosk", "list"]);
    wait_until("head office hears of it", || list().contains("\tWRONG: logo: "));
    let said = list();
    assert!(said.contains("\tnote: screen: the kiosk runs without one"), "{said}");
    assert!(!said.contains("fine") && !said.contains("head office:"), "{said}");
    // It waited for nothing of that.
    buttons.press(4);
    wait_until("a press is thanked", || site.thanks() == 2);
    kiosk.kill();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pictures/golden/ask-800x480.png");
    std::fs::copy(golden, &logo).unwrap();
    let _kiosk = site.start_kiosk();
    wait_until("head office hears that it is cured", || !list().contains("WRONG"));
}

#[test]
fn in_a_container_whose_session_was_begun_outside_both_programs_run() {
    let mut site = Site::new();
    site.starter = if rustix::process::geteuid().is_root() {
        &["unshare", "--pid", "--fork", "--kill-child"]
    } else {
        &["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"]
    };
    let (_hub, _kiosk, mut buttons) = site.open_shop();
    buttons.press(4);
    wait_until("the hub has both ratings", || site.archived().len() == 2);
}

#[test]
fn a_kiosk_whose_token_is_revoked_keeps_everything_and_says_so() {
    let site = Site::new();
    let _hub = site.start_hub();
    site.acquaint(site.hub);
    let kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the first rating arrives", || site.archived().len() == 1);
    wait_until("the kiosk knows that it has arrived", || summary(&site)["waiting"] == 0);
    site.say("hub", &["kiosk", "revoke", "kallio-checkout-1"]);
    for score in [4, 3] {
        buttons.press(score);
    }
    wait_until("the kiosk says that it was shut out", || {
        site.log("kiosk.log").contains("the token is missing, unknown or revoked")
    });
    wait_until("both shoppers are thanked", || site.thanks() == 3);
    assert_eq!(summary(&site)["waiting"], 2);
    assert_eq!(site.archived().len(), 1);
    kiosk.kill();
    let printed = site.say("hub", &["kiosk", "code", "kallio-checkout-1"]);
    let code = printed.lines().nth(1).unwrap();
    site.say("kiosk", &["enrol", &format!("http://{}", site.hub), code]);
    let _kiosk = site.start_kiosk();
    wait_until("what was kept arrives", || site.archived().len() == 3);
}

#[test]
fn answers_that_no_hub_gives_settle_nothing() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 16\r\n\r\n<h1>Welcome</h1>",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{\"nonce\"",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 77\r\n\r\n\
         {\"nonce\":\"00\",\"settled\":[],\"set_aside\":[],\"hub_time_ms\":1,\"hub_epoch\":1}     ",
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nno",
        "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 25\r\n\r\n\
         {\"refused\":\"nothing here\"}",
    ] {
        let site = Site::new();
        let hub = site.start_hub();
        let portal = answering(answer);
        site.acquaint(site.hub);
        hub.kill();
        let file = site.path("kiosk/enrolment.toml");
        let enrolment = std::fs::read_to_string(&file).unwrap();
        let (hub, portal) = (site.hub.to_string(), portal.to_string());
        std::fs::write(&file, enrolment.replace(&hub, &portal)).unwrap();
        let kiosk = site.start_kiosk();
        let mut buttons = site.buttons();
        buttons.press(5);
        buttons.press(2);
        wait_until("both shoppers are thanked", || site.thanks() == 2);
        wait_until("the kiosk says what is wrong", || {
            site.log("kiosk.log").contains("ratings cannot be delivered")
        });
        assert_eq!(summary(&site)["waiting"], 2, "{answer}");
        assert_eq!(summary(&site)["set_aside"], 0, "{answer}");
        kiosk.kill();
        std::fs::write(&file, enrolment).unwrap();
        let _hub = site.start_hub();
        let _kiosk = site.start_kiosk();
        wait_until("both ratings arrive after all", || site.archived().len() == 2);
    }
}

#[test]
fn a_backlog_is_delivered_in_pieces_when_the_hub_comes_back() {
    let site = Site::new();
    let hub = site.start_hub();
    let line = Line::to(site.hub, 1);
    site.acquaint(line.address);
    hub.kill();
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    for sent in 0..1_200 {
        buttons.press(1 + sent % 5);
        let needed = usize::try_from(sent + 1).unwrap();
        wait_until("the shopper is thanked", || site.thanks() + 20 >= needed);
    }
    wait_until("all are thanked", || site.thanks() == 1_200);
    let _hub = site.start_hub();
    wait_until("the hub has all", || site.archived().len() == 1_200);
    let list = site.say("hub", &["kiosk", "list"]);
    assert!(list.contains("holds 0"), "{list}");
}
