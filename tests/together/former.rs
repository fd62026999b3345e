//! Tests of what former places are owed when something is in the way: a journal that cannot be
//! read, one that is damaged, a token that has changed since the kiosk started.

use std::path::Path;

use serde_json::Value;
use smilepost::kiosk::journal::{Journal, Limits};

use crate::owners::{address, code_in, count, new_kiosk, press, press_unheard, reconciles};
use crate::parties::Site;
use crate::wait::wait_until;

/// A board that was `kallio-checkout-1` and owes it two ratings, and is `turku-exit` now. No
/// program runs.
fn moved() -> Site {
    let site = Site::new();
    let (hub, kiosk, mut buttons) = site.open_shop();
    wait_until("the first rating arrives", || count(&site, "kallio-checkout-1") == 1);
    hub.kill();
    press(&site, &mut buttons, &[1, 2]);
    kiosk.kill();
    let hub = site.start_hub();
    let code = new_kiosk(&site, "Turku");
    site.say("kiosk", &["enrol", &address(&site), &code]);
    hub.kill();
    site
}

/// What `verify` says, whether or not everything holds; nothing while a kiosk starts.
fn told(site: &Site) -> Value {
    let output = site.run("kiosk", &["verify", "--format", "json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// Puts a journal where it can be found, or a folder in its place, which cannot be opened as one.
fn lay(journal: &Path, is_there: bool) {
    let aside = journal.with_extension("aside");
    if is_there {
        std::fs::remove_dir(journal).unwrap();
        std::fs::rename(aside, journal).unwrap();
    } else {
        std::fs::rename(journal, aside).unwrap();
        std::fs::create_dir(journal).unwrap();
    }
}

#[test]
fn a_former_journal_that_cannot_be_read_is_named_and_delivered_once_it_can() {
    let site = moved();
    let journal = site.path("kiosk/journal.sqlite");
    lay(&journal, false);
    let _hub = site.start_hub();
    let kiosk = site.start_kiosk();
    press(&site, &mut site.buttons(), &[5]);
    wait_until("what came after arrives", || count(&site, "turku-exit") == 1);
    let named = |said: &str| {
        assert!(said.contains("kallio-checkout-1 at http://"), "{said}");
        assert!(said.contains("cannot be used"), "{said}");
    };
    let look = || {
        let output = site.run("kiosk", &["verify"]);
        assert_eq!(output.status.code(), Some(1));
        named(&String::from_utf8(output.stdout).unwrap());
        let said = site.run("kiosk", &["doctor"]);
        let said = String::from_utf8(said.stdout).unwrap();
        named(said.lines().find(|line| line.starts_with("WRONG former place")).unwrap());
        named(&site.fail("kiosk", &["export", "--all"]));
    };
    look();
    kiosk.kill();
    look();
    let refused = site.fail("kiosk", &["reset"]);
    named(&refused);
    assert!(journal.exists(), "nothing is deleted");
    // The kiosk runs on, and finds it in order one day.
    let kiosk = site.start_kiosk();
    wait_until("it complains", || site.log("kiosk.log").contains("is kept and not sent now"));
    lay(&journal, true);
    wait_until("the former place has its own", || count(&site, "kallio-checkout-1") == 3);
    wait_until("the kiosk knows it", || told(&site)["former"][0]["settled"] == 3);
    assert_eq!(told(&site)["holds"], true);
    let said = site.run("kiosk", &["doctor"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("fine  former place kallio-checkout-1"), "{said}");
    kiosk.kill();
    reconciles(&site);
    // Whoever wants it gone whatever it holds can have that.
    lay(&journal, false);
    assert!(site.fail("kiosk", &["reset"]).contains("kallio-checkout-1"));
    site.say("kiosk", &["reset", "--give-up"]);
    assert!(!journal.exists());
}

/// Leaves of a journal only what a quarantine leaves.
fn quarantine(folder: &Path) {
    for name in ["journal.sqlite", "journal.sqlite-wal", "journal.mark"] {
        let bad = folder.join(format!("{name}.bad-1"));
        if folder.join(name).exists() {
            std::fs::rename(folder.join(name), bad).unwrap();
        }
    }
}

#[test]
fn a_damaged_former_journal_is_salvaged_whatever_becomes_of_what_is_in_it() {
    // What waits is delivered.
    let site = moved();
    quarantine(&site.path("kiosk"));
    let refused = site.fail("kiosk", &["reset"]);
    assert!(refused.contains("nothing was deleted"), "{refused}");
    let hub = site.start_hub();
    let kiosk = site.start_kiosk();
    wait_until("it arrives", || count(&site, "kallio-checkout-1") == 3);
    wait_until("the kiosk knows it", || told(&site)["holds"] == true);
    kiosk.kill();
    hub.kill();
    // So it is where it waits for a stick, was given up and told, or was a trial.
    for (record, before, term) in [
        ("hub = \"\"", "hub = ", "waiting"),
        ("told = true", "told = ", "given_up"),
        ("given_up = true", "given_up = ", "given_up"),
    ] {
        let site = moved();
        quarantine(&site.path("kiosk"));
        let file = site.path("kiosk/former/0.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let is_told = term == "given_up";
        let lines = text.lines().map(|line| match line {
            line if line.starts_with(before) => record,
            "given_up = false" if is_told => "given_up = true",
            line => line,
        });
        std::fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let _kiosk = site.start_kiosk();
        wait_until("it is salvaged", || {
            let told = told(&site);
            told["former"][0][term] == 3 || told["former"][0][term] == 2
        });
        wait_until("everything holds", || told(&site)["holds"] == true);
    }
    let site = Site::new();
    press_unheard(&site, &[1, 2]);
    let hub = site.start_hub();
    let code = new_kiosk(&site, "Turku");
    site.say("kiosk", &["enrol", &address(&site), &code, "--before", "trial"]);
    hub.kill();
    quarantine(&site.path("kiosk"));
    let _kiosk = site.start_kiosk();
    wait_until("the trial is salvaged", || told(&site)["former"][0]["trial"] == 2);
    assert_eq!(told(&site)["holds"], true);
}

#[test]
fn a_stick_is_signed_with_the_token_that_a_former_place_has_by_then() {
    let (first, second) = (Site::new(), Site::new());
    let stick = first.path("stick");
    std::fs::create_dir(&stick).unwrap();
    let stick = stick.to_string_lossy().into_owned();
    let letter_of = |site: &Site, name: &str| {
        let letter = site.path(name).to_string_lossy().into_owned();
        site.say("hub", &["kiosk", "letter", "kallio-exit", &letter]);
        letter
    };
    for (site, scores) in [(&first, [1, 2].as_slice()), (&second, [5].as_slice())] {
        new_kiosk(site, "Kallio");
        first.say("kiosk", &["enrol", "--letter", &letter_of(site, "letter")]);
        press_unheard(&first, scores);
    }
    let kiosk = first.start_kiosk();
    // The first head office shuts out the token that the kiosk knew at its start.
    first.say("hub", &["kiosk", "revoke", "kallio-exit"]);
    let token = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        let letter: Value = serde_json::from_str(&text).unwrap();
        letter["enrolled"]["token"].as_str().unwrap().to_owned()
    };
    let old = token(&first.path("letter").to_string_lossy());
    let new = token(&letter_of(&first, "another"));
    let record = first.path("kiosk/former/0.toml");
    let text = std::fs::read_to_string(&record).unwrap();
    assert!(text.contains(&old), "{text}");
    std::fs::write(&record, text.replace(&old, &new)).unwrap();
    first.say("kiosk", &["carry", &stick]);
    kiosk.kill();
    first.run("hub", &["import", &stick]);
    assert_eq!(count(&first, "kallio-exit"), 2);
    // What was given up since the start is not carried any more.
    let kiosk = first.start_kiosk();
    first.say("kiosk", &["give-up", "kallio-exit"]);
    std::fs::remove_dir_all(&stick).unwrap();
    std::fs::create_dir(&stick).unwrap();
    let said = first.say("kiosk", &["carry", &stick]);
    assert!(said.contains("1 events for head office"), "{said}");
    kiosk.kill();
}

#[test]
fn a_spare_that_takes_over_leaves_the_first_board_its_stick() {
    let site = Site::new();
    let stick = site.path("stick");
    std::fs::create_dir(&stick).unwrap();
    let stick = stick.to_string_lossy().into_owned();
    let (hub, kiosk, mut buttons) = site.open_shop();
    wait_until("the first rating arrives", || count(&site, "kallio-checkout-1") == 1);
    hub.kill();
    press(&site, &mut buttons, &[1, 2]);
    kiosk.kill();
    let hub = site.start_hub();
    // A spare comes in its place, by another code, and delivers.
    let spare = site.copy_of_kiosk();
    site.say("copy", &["reset", "--give-up"]);
    let code = code_in(&site.say("hub", &["kiosk", "code", "kallio-checkout-1"]));
    site.say("copy", &["enrol", &address(&site), &code]);
    let _spare = spare.start();
    let mut buttons = spare.buttons();
    buttons.press(5);
    wait_until("the spare delivers", || count(&site, "kallio-checkout-1") == 2);
    site.say("kiosk", &["carry", &stick]);
    site.say("hub", &["import", &stick]);
    assert_eq!(count(&site, "kallio-checkout-1"), 4);
    site.say("kiosk", &["carry", &stick]);
    assert_eq!(told(&site)["total"]["waiting"], 0);
    reconciles(&site);
    drop(hub);
}

#[test]
fn a_kiosk_from_before_hubs_had_keys_knows_its_own_hub_at_another_address() {
    let mut site = Site::new();
    let other = Site::new();
    let (hub, kiosk, mut buttons) = site.open_shop();
    wait_until("the first rating arrives", || count(&site, "kallio-checkout-1") == 1);
    hub.kill();
    press(&site, &mut buttons, &[1, 2]);
    kiosk.kill();
    // As an older program has left it.
    let file = site.path("kiosk/enrolment.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.split("[hub_keys]").next().unwrap()).unwrap();
    // The hub moves to the address of another one, which has a kiosk of the same name.
    let config = std::fs::read_to_string(site.path("hub.toml")).unwrap();
    let moved = config.replace(&site.hub.to_string(), &other.hub.to_string());
    std::fs::write(site.path("hub.toml"), moved).unwrap();
    site.hub = other.hub;
    let site = site;
    let copy = site.copy_of_kiosk();
    let hub = site.start_hub();
    let code = code_in(&site.say("hub", &["kiosk", "code", "kallio-checkout-1"]));
    site.say("kiosk", &["enrol", &address(&site), &code]);
    let kiosk = site.start_kiosk();
    wait_until("everything arrives", || count(&site, "kallio-checkout-1") == 3);
    wait_until("the kiosk knows it", || told(&site)["total"]["settled"] == 3);
    assert_eq!(told(&site)["former"].as_array().unwrap().len(), 0);
    kiosk.kill();
    hub.kill();
    // A stranger at that address gets nothing.
    let _hub = other.start_hub();
    other.say("hub", &["shop", "add", "Kallio", "--zone", other.zone.name()]);
    let add = ["kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1"];
    let code = code_in(&other.say("hub", &add));
    site.say("copy", &["enrol", &address(&other), &code]);
    let _copy = copy.start();
    let mut buttons = copy.buttons();
    buttons.press(5);
    wait_until("what came after arrives", || count(&other, "kallio-checkout-1") == 1);
    let output = site.run("copy", &["verify", "--format", "json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["former"][0]["waiting"], 2, "{told}");
}

#[test]
fn a_command_is_answered_at_every_moment_of_a_start() {
    let site = moved();
    for _ in 0..5 {
        let kiosk = site.start_kiosk();
        for _ in 0..6 {
            site.say("kiosk", &["verify"]);
        }
        kiosk.kill();
    }
    // Whatever holds the journal for a moment ends no kiosk that starts.
    let times = |what: &str| site.log("kiosk.log").matches(what).count();
    let (waits, opens) = ("waiting for it", "the journal is open");
    let (waited, opened) = (times(waits), times(opens));
    let journal = Journal::open(&site.path("kiosk"), Limits::default()).unwrap();
    let kiosk = site.start_kiosk();
    wait_until("the kiosk waits", || times(waits) > waited);
    drop(journal);
    wait_until("it has the journal", || times(opens) > opened);
    kiosk.kill();
}
