//! Tests that the numbers can be trusted: they add up, damage is reported, and no credential, clock
//! or copy of a card makes them wrong.

use serde_json::Value;

use crate::parties::{Buttons, Site};
use crate::portal::answering;
use crate::wait::wait_until;

fn verified(site: &Site) -> Value {
    serde_json::from_str(&site.say("kiosk", &["verify", "--format", "json"])).unwrap()
}

fn account(site: &Site) -> Value {
    let all: Value =
        serde_json::from_str(&site.say("hub", &["reconcile", "--format", "json"])).unwrap();
    all[0].clone()
}

fn terms(value: &Value, names: [&str; 5]) -> [u64; 5] {
    names.map(|name| value[name].as_u64().unwrap())
}

const KIOSK_TERMS: [&str; 5] = ["taken", "settled", "waiting", "set_aside", "lost"];
const HUB_TERMS: [&str; 5] = ["taken", "stored", "missing", "set_aside", "lost"];

#[test]
fn both_sides_print_the_same_equation_and_it_holds() {
    let site = Site::new();
    let hub = site.start_hub();
    site.acquaint(site.hub);
    let kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    for score in [5, 4, 3, 2, 1] {
        buttons.press(score);
    }
    wait_until("all are thanked", || site.thanks() == 5);
    wait_until("all is settled", || verified(&site)["total"]["settled"] == 5);
    assert_eq!(terms(&verified(&site)["total"], KIOSK_TERMS), [5, 5, 0, 0, 0]);
    assert_eq!(terms(&account(&site), HUB_TERMS), [5, 5, 0, 0, 0]);
    hub.kill();
    for score in [5, 4] {
        buttons.press(score);
    }
    wait_until("both wait", || verified(&site)["total"]["waiting"] == 2);
    kiosk.kill();
    // The kiosk's file gives the same numbers as the running kiosk.
    assert_eq!(terms(&verified(&site)["total"], KIOSK_TERMS), [7, 5, 2, 0, 0]);
    let text = site.say("kiosk", &["verify"]);
    assert!(text.contains("set aside + lost: holds"), "{text}");
    let text = site.say("hub", &["reconcile"]);
    assert!(text.contains("kallio-checkout-1") && text.contains("holds"), "{text}");
}

#[test]
fn a_loss_is_reported_in_the_shop_and_at_head_office() {
    let site = Site::new();
    let hub = site.start_hub();
    site.acquaint(site.hub);
    hub.kill();
    let kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    for n in 0..70 {
        buttons.press(1 + n % 5);
        wait_until("the shopper is thanked", || site.thanks() > usize::try_from(n).unwrap());
    }
    kiosk.kill();
    // The card loses everything but the high-water mark beside the journal.
    for name in ["journal.sqlite", "journal.sqlite-wal"] {
        let _ = std::fs::remove_file(site.path("kiosk").join(name));
    }
    let _hub = site.start_hub();
    let _kiosk = site.start_kiosk();
    buttons.press(5);
    wait_until("the next shopper is thanked", || site.thanks() == 71);
    wait_until("head office knows of the loss", || account(&site)["lost"] == 64);
    wait_until("the kiosk knows that head office knows", || {
        verified(&site)["total"]["waiting"] == 0
    });
    let verified = verified(&site);
    assert_eq!(terms(&verified["total"], KIOSK_TERMS), [66, 2, 0, 0, 64]);
    assert_eq!(verified["bad_files"], serde_json::json!(["journal.mark.bad-1"]));
    assert_eq!(terms(&account(&site), HUB_TERMS), [66, 2, 0, 0, 64]);
    let summary = site.say("kiosk", &["summary"]);
    assert!(summary.contains("Please look: the card lost 64 ratings"), "{summary}");
    let export = site.say("hub", &["export", "--format", "jsonl"]);
    assert!(export.contains(r#""kind":"lost""#));
}

#[test]
fn an_event_that_the_hub_refuses_is_set_aside_until_a_retry() {
    let site = Site::new();
    let hub = site.start_hub();
    site.acquaint(site.hub);
    hub.kill();
    let refusing = answering(
        "HTTP/1.1 422 Unprocessable Content\r\ncontent-type: application/json\r\n\
         content-length: 28\r\nconnection: close\r\n\r\n{\"refused\":\"not this event\"}",
    );
    let file = site.path("kiosk/enrolment.toml");
    let enrolment = std::fs::read_to_string(&file).unwrap();
    let (hub, portal) = (site.hub.to_string(), refusing.to_string());
    std::fs::write(&file, enrolment.replace(&hub, &portal)).unwrap();
    let kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the shopper is thanked", || site.thanks() == 1);
    wait_until("it is set aside", || verified(&site)["total"]["set_aside"] == 1);
    assert_eq!(verified(&site)["set_aside"][0]["reason"], "not this event");
    assert!(verified(&site)["holds"].as_bool().unwrap());
    kiosk.kill();
    std::fs::write(&file, enrolment).unwrap();
    let said = site.say("kiosk", &["retry"]);
    assert!(said.starts_with("1 events"), "{said}");
    let _hub = site.start_hub();
    let _kiosk = site.start_kiosk();
    wait_until("it arrives after all", || site.archived().len() == 1);
    wait_until("and is settled", || verified(&site)["total"]["settled"] == 1);
}

fn tokens(site: &Site) -> (String, Option<String>) {
    let text = std::fs::read_to_string(site.path("kiosk/enrolment.toml")).unwrap();
    let value = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{key} = ")));
        line.and_then(|line| line.split('"').nth(1)).map(str::to_owned)
    };
    (value("token").unwrap(), value("next_token"))
}

/// Has head office ask for another token while a rating is under way, and returns the token before.
fn renew(site: &Site, buttons: &mut Buttons, arrived: usize) -> String {
    let (before, _) = tokens(site);
    buttons.press(5);
    wait_until("a rating arrives by the old token", || site.archived().len() > arrived);
    site.say("hub", &["kiosk", "renew", "kallio-checkout-1"]);
    buttons.press(4);
    before
}

fn await_another_token(site: &Site, before: &str) {
    wait_until("the kiosk has another token, and only one", || {
        let (token, next) = tokens(site);
        token != before && next.is_none()
    });
}

#[test]
fn a_token_is_exchanged_while_ratings_go_on() {
    let site = Site::new();
    let _hub = site.start_hub();
    site.acquaint(site.hub);
    let mut buttons = site.buttons();
    let _kiosk = site.start_kiosk();
    for round in 0..3 {
        let before = renew(&site, &mut buttons, 2 * round);
        await_another_token(&site, &before);
        wait_until("what was pressed arrives", || site.archived().len() == 2 * (round + 1));
    }
    assert!(!site.log("kiosk.log").contains("not known or was revoked"));
}

#[test]
fn a_token_exchange_that_is_cut_off_locks_no_kiosk_out() {
    let site = Site::new();
    let _hub = site.start_hub();
    site.acquaint(site.hub);
    let mut buttons = site.buttons();
    for round in 0..3 {
        let kiosk = site.start_kiosk();
        let before = renew(&site, &mut buttons, 2 * round);
        // Kill the kiosk as soon as the renewal changes anything on the card.
        wait_until("the exchange begins", || tokens(&site) != (before.clone(), None));
        kiosk.kill();
        let kiosk = site.start_kiosk();
        wait_until("what was pressed arrives", || site.archived().len() == 2 * (round + 1));
        await_another_token(&site, &before);
        kiosk.kill();
    }
    assert!(!site.log("kiosk.log").contains("not known or was revoked"));
}

#[test]
fn a_card_that_was_copied_is_noticed_and_all_of_both_counts_once() {
    let site = Site::new();
    let (_hub, kiosk, mut buttons) = site.open_shop();
    wait_until("the first rating arrives", || site.archived().len() == 1);
    kiosk.kill();
    let copy = site.copy_of_kiosk();
    let (_one, _other) = (site.start_kiosk(), copy.start());
    let mut other_buttons = copy.buttons();
    let mut pressed = 1;
    wait_until("head office notices", || {
        buttons.press(4);
        other_buttons.press(2);
        pressed += 2;
        wait_until("both ratings arrive", || site.archived().len() == pressed);
        site.log("hub.log").contains("two devices use this token")
    });
    assert_eq!(site.archived().len(), pressed);
    let account = account(&site);
    assert_eq!(account["stored"], pressed);
}

#[test]
fn a_person_can_tell_the_time_where_no_network_does() {
    let site = Site::new();
    let _kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("a shopper is thanked", || site.thanks() == 1);
    let quality = || {
        let export = site.say("kiosk", &["export", "--format", "jsonl"]);
        let row: Value = serde_json::from_str(export.lines().next().unwrap()).unwrap();
        (row["quality"].clone(), row["utc"].as_str().unwrap()[..13].to_owned())
    };
    let (before, _) = quality();
    let bad = site.fail("kiosk", &["clock", "set", "half past five"]);
    assert!(bad.contains("\"half past five\" is not a time such as"), "{bad}");
    let bad = site.fail("kiosk", &["clock", "set", "2031-05-06T17:30"]);
    assert!(bad.contains("the shop's time zone is not known"), "{bad}");
    let bad = site.fail("kiosk", &["clock", "set", "2001-01-01T12:00:00Z"]);
    assert!(bad.contains("before this program was made"), "{bad}");
    site.say("kiosk", &["clock", "set", "2031-05-06T17:30:00+02:00"]);
    // A board with a time service of its own ignores the person's time.
    if before == "unknown" {
        wait_until("the rating is dated", || quality() == ("exact".into(), "2031-05-06T15".into()));
    }
}
