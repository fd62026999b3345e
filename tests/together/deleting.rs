//! Tests of what head office deletes: the kiosk is told, and lets go of it too.

use crate::parties::{Buttons, Site};
use crate::wait::wait_until;

/// The identities of the ratings that a program exports, as commands name them.
fn exported(site: &Site, program: &str) -> Vec<String> {
    let export = site.say(program, &["export", "--format", "jsonl"]);
    let rows = export.lines().map(|line| serde_json::from_str(line).unwrap());
    let rated = rows.filter(|row: &serde_json::Value| row["kind"] == "rated");
    rated.map(|row| format!("{}:{}", row["run"].as_str().unwrap(), row["n"])).collect()
}

#[test]
fn what_head_office_deletes_is_gone_at_the_kiosk_too_and_both_accounts_hold() {
    let site = Site::new();
    let (hub, kiosk, mut buttons) = site.open_shop();
    let arrives = |count: usize| {
        wait_until("the press has arrived", || exported(&site, "hub").len() == count);
    };
    let press = |buttons: &mut Buttons, count: usize| {
        buttons.press(4);
        arrives(count);
    };
    arrives(1);
    hub.kill();
    buttons.press(4);
    wait_until("the press is thanked", || site.thanks() == 2);
    kiosk.kill();
    // On this card it waits for ever.
    let copy = site.copy_of_kiosk();
    let _hub = site.start_hub();
    let kiosk = site.start_kiosk();
    arrives(2);
    let doomed = exported(&site, "hub").pop().unwrap();
    assert_eq!(exported(&site, "kiosk").len(), 2);
    site.say("hub", &["delete", "kallio-checkout-1", &doomed, "--yes"]);
    // It is told with the next receipt.
    press(&mut buttons, 2);
    wait_until("the kiosk lets go", || exported(&site, "kiosk").len() == 2);
    for program in ["hub", "kiosk"] {
        assert!(!exported(&site, program).contains(&doomed), "{program}");
    }
    // Nothing brings it back, and it is missing nowhere.
    site.say("hub", &["restored"]);
    press(&mut buttons, 3);
    assert!(!exported(&site, "hub").contains(&doomed));
    kiosk.kill();
    let _copy = copy.start();
    press(&mut copy.buttons(), 4);
    assert!(!exported(&site, "hub").contains(&doomed));
    let account = site.say("hub", &["reconcile"]);
    assert!(account.contains("  holds"), "{account}");
    site.say("hub", &["recount"]);
    for program in ["kiosk", "copy"] {
        site.say(program, &["verify"]);
    }
}
