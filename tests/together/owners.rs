//! Tests of a board that moves: whatever it was enrolled for, and whenever, each head office gets
//! exactly what was taken for it, and the shop's numbers begin with the present place.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::chance::{Chance, seeds};
use crate::parties::{Buttons, Process, Site};
use crate::wait::wait_until;

type Ratings = BTreeMap<(String, u32), u8>;

/// Adds a shop with a kiosk at the exit, and returns the kiosk's code.
pub(crate) fn new_kiosk(site: &Site, shop: &str) -> String {
    site.say("hub", &["shop", "add", shop, "--zone", site.zone.name()]);
    let of_shop = shop.to_lowercase();
    let add = ["kiosk", "add", "--shop", &of_shop, "--touchpoint", "Exit"];
    code_in(&site.say("hub", &add))
}

pub(crate) fn code_in(printed: &str) -> String {
    printed.lines().nth(1).unwrap().to_owned()
}

pub(crate) fn address(site: &Site) -> String {
    format!("http://{}", site.hub)
}

/// Presses while no head office can be reached.
pub(crate) fn press_unheard(site: &Site, scores: &[u32]) {
    let kiosk = site.start_kiosk();
    press(site, &mut site.buttons(), scores);
    kiosk.kill();
}

pub(crate) fn press(site: &Site, buttons: &mut Buttons, scores: &[u32]) {
    for score in scores {
        let before = site.thanks();
        buttons.press(*score);
        wait_until("the shopper is thanked", || site.thanks() > before);
    }
}

/// The ratings that a hub has of each kiosk.
fn by_kiosk(site: &Site) -> BTreeMap<String, Ratings> {
    let mut all = BTreeMap::<String, Ratings>::new();
    for line in site.say("hub", &["export", "--format", "jsonl"]).lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let n = u32::try_from(row["n"].as_u64().unwrap()).unwrap();
        let score = u8::try_from(row["score"].as_u64().unwrap()).unwrap();
        let of_kiosk = all.entry(row["kiosk"].as_str().unwrap().to_owned()).or_default();
        of_kiosk.insert((row["run"].as_str().unwrap().to_owned(), n), score);
    }
    all
}

pub(crate) fn count(site: &Site, kiosk: &str) -> usize {
    by_kiosk(site).get(kiosk).map_or(0, BTreeMap::len)
}

pub(crate) fn verified(site: &Site, program: &str) -> Value {
    serde_json::from_str(&site.say(program, &["verify", "--format", "json"])).unwrap()
}

pub(crate) fn reconciles(site: &Site) {
    let said = site.say("hub", &["reconcile"]);
    assert!(said.contains("  holds") && !said.contains("DOES NOT HOLD"), "{said}");
}

pub(crate) fn summed(site: &Site, more: &[&str]) -> Value {
    let mut arguments = vec!["summary", "--format", "json", "--exact"];
    arguments.extend(more);
    serde_json::from_str(&site.say("kiosk", &arguments)).unwrap()
}

pub(crate) fn exported(site: &Site, more: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["export", "--format", "jsonl"];
    arguments.extend(more);
    let lines = site.say("kiosk", &arguments);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_moved_post_leaves_the_former_shop_what_is_its_own() {
    let site = Site::new();
    let (hub, kiosk, _) = site.open_shop();
    wait_until("the first rating arrives", || count(&site, "kallio-checkout-1") == 1);
    hub.kill();
    press(&site, &mut site.buttons(), &[1, 1, 2]);
    kiosk.kill();
    let _hub = site.start_hub();
    let code = new_kiosk(&site, "Turku");
    let said = site.say("kiosk", &["enrol", &address(&site), &code]);
    assert!(said.starts_with("3 ratings and other events wait for kallio-checkout-1"), "{said}");
    assert!(said.contains("stay with kallio-checkout-1, to be delivered to http://"), "{said}");
    let _kiosk = site.start_kiosk();
    press(&site, &mut site.buttons(), &[5, 5]);
    wait_until("each shop has its own", || {
        count(&site, "kallio-checkout-1") == 4 && count(&site, "turku-exit") == 2
    });
    assert!(by_kiosk(&site)["turku-exit"].values().all(|score| *score == 5));
    wait_until("the kiosk knows it", || {
        let told = verified(&site, "kiosk");
        told["total"]["settled"] == 2 && told["former"][0]["settled"] == 4
    });
    // The shop's numbers begin here, and everything is there for whoever asks for it.
    assert_eq!((&summed(&site, &[])["n"], &summed(&site, &["--all"])["n"]), (&2.into(), &6.into()));
    assert_eq!((exported(&site, &[]).len(), exported(&site, &["--all"]).len()), (2, 6));
    let kiosks: Vec<Value> =
        exported(&site, &["--all"]).iter().map(|row| row["kiosk"].clone()).collect();
    assert_eq!(kiosks[3..5], ["kallio-checkout-1", "turku-exit"], "each row says whose it is");
    let told = verified(&site, "kiosk");
    assert_eq!((&told["holds"], &told["total"]["taken"]), (&true.into(), &2.into()));
    reconciles(&site);
}

#[test]
fn another_head_office_gets_nothing_of_the_one_before() {
    let (first, second) = (Site::new(), Site::new());
    let (hub, kiosk, _) = first.open_shop();
    wait_until("the first rating arrives", || count(&first, "kallio-checkout-1") == 1);
    hub.kill();
    press(&first, &mut first.buttons(), &[1, 2]);
    kiosk.kill();
    // Shop and kiosk have the same names there.
    let _second_hub = second.start_hub();
    second.say("hub", &["shop", "add", "Kallio", "--zone", second.zone.name()]);
    let add = ["kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1"];
    let code = code_in(&second.say("hub", &add));
    first.say("kiosk", &["enrol", &address(&second), &code]);
    let kiosk = first.start_kiosk();
    press(&first, &mut first.buttons(), &[5]);
    wait_until("the second has its own", || count(&second, "kallio-checkout-1") == 1);
    let told = verified(&first, "kiosk");
    assert_eq!(told["former"][0]["waiting"], 2, "{told}");
    // The first cannot be reached so far; its own token is good all the while.
    let _first_hub = first.start_hub();
    wait_until("the first has its own", || count(&first, "kallio-checkout-1") == 3);
    kiosk.kill();
    assert!(by_kiosk(&second)["kallio-checkout-1"].values().all(|score| *score == 5));
    // Back again: the former days are there again, and nothing goes to the wrong one.
    let code = code_in(&first.say("hub", &["kiosk", "code", "kallio-checkout-1"]));
    first.say("kiosk", &["enrol", &address(&first), &code]);
    let _kiosk = first.start_kiosk();
    press(&first, &mut first.buttons(), &[3]);
    wait_until("it arrives", || count(&first, "kallio-checkout-1") == 4);
    assert_eq!(count(&second, "kallio-checkout-1"), 1);
    assert_eq!(summed(&first, &[])["n"], 4);
    reconciles(&first);
    reconciles(&second);
}

#[test]
fn a_spare_from_the_shelf_is_asked_once_what_its_trial_was() {
    let site = Site::new();
    press_unheard(&site, &[1, 2, 3, 4]);
    let _hub = site.start_hub();
    let code = new_kiosk(&site, "Turku");
    let refused = site.fail("kiosk", &["enrol", &address(&site), &code]);
    assert!(refused.contains("4 ratings and other events"), "{refused}");
    assert!(refused.contains("--before keep") && refused.contains("--before trial"), "{refused}");
    // The code is still good.
    let said = site.say("kiosk", &["enrol", &address(&site), &code, "--before", "trial"]);
    assert!(said.contains("4 ratings and other events are kept as a trial"), "{said}");
    let _kiosk = site.start_kiosk();
    press(&site, &mut site.buttons(), &[5]);
    wait_until("what came after arrives", || count(&site, "turku-exit") == 1);
    wait_until("the kiosk knows it", || verified(&site, "kiosk")["total"]["settled"] == 1);
    let told = verified(&site, "kiosk");
    assert_eq!((&told["holds"], &told["former"][0]["trial"]), (&true.into(), &4.into()));
    let states: Vec<Value> =
        exported(&site, &["--all"]).iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["trial", "trial", "trial", "trial", "settled"]);
    // It is not asked again.
    let code = code_in(&site.say("hub", &["kiosk", "code", "turku-exit"]));
    site.say("kiosk", &["enrol", &address(&site), &code]);
    assert_eq!(count(&site, "turku-exit"), 1);
    reconciles(&site);
}

#[test]
fn what_was_taken_before_the_enrolment_belongs_to_it_if_somebody_says_so() {
    let site = Site::new();
    press_unheard(&site, &[1, 2]);
    let _hub = site.start_hub();
    let code = new_kiosk(&site, "Turku");
    site.say("kiosk", &["enrol", &address(&site), &code, "--before", "keep"]);
    let _kiosk = site.start_kiosk();
    press(&site, &mut site.buttons(), &[5]);
    wait_until("everything arrives", || count(&site, "turku-exit") == 3);
    assert_eq!(summed(&site, &[])["n"], 3);
    assert_eq!(verified(&site, "kiosk")["former"], Value::Array(Vec::new()));
    reconciles(&site);
}

#[test]
fn cards_of_one_image_that_was_used_at_the_bench_owe_the_bench_its_ratings_once() {
    let (bench, chain) = (Site::new(), Site::new());
    let (hub, kiosk, _) = bench.open_shop();
    wait_until("the first rating arrives", || count(&bench, "kallio-checkout-1") == 1);
    hub.kill();
    press(&bench, &mut bench.buttons(), &[1, 1]);
    kiosk.kill();
    let copy = bench.copy_of_kiosk();
    let (_bench_hub, _hub) = (bench.start_hub(), chain.start_hub());
    for (program, shop) in [("kiosk", "Turku"), ("copy", "Oulu")] {
        let code = new_kiosk(&chain, shop);
        bench.say(program, &["enrol", &address(&chain), &code]);
    }
    let (_one, _other) = (bench.start_kiosk(), copy.start());
    let (mut buttons, mut other_buttons) = (bench.buttons(), copy.buttons());
    buttons.press(4);
    other_buttons.press(5);
    wait_until("each shop has its own", || {
        count(&chain, "turku-exit") == 1 && count(&chain, "oulu-exit") == 1
    });
    for program in ["kiosk", "copy"] {
        wait_until("the bench has confirmed its own", || {
            verified(&bench, program)["former"][0]["settled"] == 3
        });
    }
    assert_eq!(count(&bench, "kallio-checkout-1"), 3);
    assert!(!bench.log("hub.log").contains("two devices use this token"));
    reconciles(&bench);
    reconciles(&chain);
}

#[test]
fn what_an_ended_pilot_is_owed_is_given_up_only_if_somebody_says_so() {
    let (pilot, chain) = (Site::new(), Site::new());
    let (hub, kiosk, _) = pilot.open_shop();
    wait_until("the first rating arrives", || count(&pilot, "kallio-checkout-1") == 1);
    hub.kill();
    press(&pilot, &mut pilot.buttons(), &[1, 1]);
    kiosk.kill();
    let _hub = chain.start_hub();
    let code = new_kiosk(&chain, "Turku");
    let said = pilot.say("kiosk", &["enrol", &address(&chain), &code, "--give-up"]);
    assert!(said.contains("2 ratings and other events are given up"), "{said}");
    let kiosk = pilot.start_kiosk();
    press(&pilot, &mut pilot.buttons(), &[5]);
    wait_until("what came after arrives", || count(&chain, "turku-exit") == 1);
    let told = verified(&pilot, "kiosk");
    let former = &told["former"][0];
    assert_eq!((&told["holds"], &former["given_up"]), (&true.into(), &2.into()), "{told}");
    assert_eq!((&former["settled"], &former["waiting"]), (&1.into(), &0.into()), "{told}");
    let text = pilot.say("kiosk", &["verify"]);
    assert!(text.contains("former: kallio-checkout-1"), "{text}");
    assert!(text.contains("+ given up + trial: holds"), "{text}");
    // The pilot's head office is told, if it can still be reached.
    let hub = pilot.start_hub();
    let told = || -> Value {
        serde_json::from_str(&pilot.say("hub", &["reconcile", "--format", "json"])).unwrap()
    };
    wait_until("it knows what was given up", || told()[0]["told"]["given_up"] == 2);
    assert_eq!((&told()[0]["told"]["waiting"], &told()[0]["stored"]), (&0.into(), &1.into()));
    reconciles(&pilot);
    wait_until("it is told once", || {
        std::fs::read_to_string(pilot.path("kiosk/former/0.toml"))
            .is_ok_and(|record| record.contains("told = true"))
    });
    drop((hub, kiosk));
    // Where it was not said at once, it can be said later.
    let code = new_kiosk(&chain, "Oulu");
    pilot.say("kiosk", &["enrol", &address(&chain), &code]);
    let refused = pilot.fail("kiosk", &["give-up", "nowhere"]);
    assert!(refused.contains("has left no kiosk \"nowhere\""), "{refused}");
    pilot.say("kiosk", &["give-up", "turku-exit"]);
    assert_eq!(verified(&pilot, "kiosk")["former"][1]["kiosk"], "turku-exit");
}

#[test]
fn without_a_network_the_stick_carries_what_waits_to_whom_it_belongs() {
    let (first, second) = (Site::new(), Site::new());
    let stick = first.path("stick");
    std::fs::create_dir(&stick).unwrap();
    let stick = stick.to_string_lossy().into_owned();
    for (site, scores) in [(&first, [1, 2].as_slice()), (&second, [5].as_slice())] {
        let letter = site.path("letter").to_string_lossy().into_owned();
        new_kiosk(site, "Kallio");
        site.say("hub", &["kiosk", "letter", "kallio-exit", &letter]);
        first.say("kiosk", &["enrol", "--letter", &letter]);
        press_unheard(&first, scores);
    }
    let said = first.say("kiosk", &["carry", &stick]);
    assert!(said.contains("3 events for head office"), "{said}");
    for (site, expected) in [(&first, 2), (&second, 1)] {
        // Each opens its own file and no other.
        site.run("hub", &["import", &stick]);
        assert_eq!(count(site, "kallio-exit"), expected);
        reconciles(site);
    }
    let kiosk = first.start_kiosk();
    press(&first, &mut first.buttons(), &[4]);
    let said = first.say("kiosk", &["carry", &stick]);
    assert!(said.contains("1 events for head office"), "{said}");
    assert!(said.contains("3 are confirmed"), "{said}");
    drop(kiosk);
    let told = verified(&first, "kiosk");
    assert_eq!((&told["former"][0]["settled"], &told["total"]["waiting"]), (&2.into(), &1.into()));
}

#[test]
fn while_the_kiosk_runs_on_what_it_takes_is_the_former_places_until_the_restart() {
    let site = Site::new();
    let (_hub, kiosk, mut buttons) = site.open_shop();
    let code = new_kiosk(&site, "Turku");
    let refused = site.fail("kiosk", &["enrol", &address(&site), &code, "--give-up"]);
    assert!(refused.contains("stop it first; the code was not used"), "{refused}");
    let said = site.say("kiosk", &["enrol", &address(&site), &code]);
    assert!(said.contains("Until the restart, everything still belongs to kallio"), "{said}");
    press(&site, &mut buttons, &[2]);
    wait_until("it arrives at the former place", || count(&site, "kallio-checkout-1") == 2);
    let refused = site.fail("kiosk", &["reset", "--give-up"]);
    assert!(refused.contains("stop smilepost-kiosk first"), "{refused}");
    // A renewed token of the place that is left reaches its record.
    let before = std::fs::read_to_string(site.path("kiosk/former/0.toml")).unwrap();
    site.say("hub", &["kiosk", "renew", "kallio-checkout-1"]);
    press(&site, &mut buttons, &[2]);
    wait_until("the record has another token", || {
        std::fs::read_to_string(site.path("kiosk/former/0.toml")).is_ok_and(|now| now != before)
    });
    kiosk.kill();
    let _kiosk = site.start_kiosk();
    press(&site, &mut site.buttons(), &[5]);
    wait_until("it arrives at the new place", || count(&site, "turku-exit") == 1);
    assert_eq!(count(&site, "kallio-checkout-1"), 3);
}

/// Every file in a folder and beneath it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path.to_string_lossy().into_owned()),
        }
    }
    found
}

#[test]
fn a_card_is_ready_for_imaging_only_once_nothing_on_it_waits() {
    let site = Site::new();
    let (hub, kiosk, _) = site.open_shop();
    wait_until("the first rating arrives", || count(&site, "kallio-checkout-1") == 1);
    hub.kill();
    press(&site, &mut site.buttons(), &[1]);
    kiosk.kill();
    std::fs::write(site.path("kiosk/logo.png"), "the shop's").unwrap();
    let refused = site.fail("kiosk", &["reset"]);
    assert!(refused.contains("1 rating or other event waits for kallio-checkout-1"), "{refused}");
    assert!(site.path("kiosk/enrolment.toml").exists(), "nothing is deleted");
    // What waits for a former place counts as well, and so does what nobody owns yet.
    let hub = site.start_hub();
    let code = new_kiosk(&site, "Turku");
    site.say("kiosk", &["enrol", &address(&site), &code]);
    drop(hub);
    press_unheard(&site, &[5]);
    let refused = site.fail("kiosk", &["reset"]);
    assert!(refused.contains("waits for turku-exit"), "{refused}");
    assert!(refused.contains("waits for kallio-checkout-1"), "{refused}");
    let said = site.say("kiosk", &["reset", "--give-up"]);
    assert!(said.contains("logo.png") && said.contains("kiosk.toml"), "{said}");
    let left = files(&site.path("kiosk"));
    assert!(left.len() == 1 && left[0].ends_with("logo.png"), "{left:?}");
    // What is flashed from it begins as a new board.
    let before = site.thanked();
    press_unheard(&site, &[3]);
    let new: Vec<(String, u32)> =
        site.thanked().into_keys().filter(|id| !before.contains_key(id)).collect();
    assert!(matches!(&new[..], [(_, 1)]), "{new:?}");
    let refused = site.fail("kiosk", &["reset"]);
    assert!(refused.contains("taken before any enrolment"), "{refused}");
}

/// Where the board of a game is enrolled.
type Place = (usize, &'static str);

#[test]
fn each_head_office_gets_exactly_its_own_whatever_the_order() {
    for seed in seeds(3) {
        play(seed);
    }
}

fn play(seed: u64) {
    let mut chance = Chance::seeded(seed);
    let sites = [Site::new(), Site::new()];
    let board = &sites[0];
    let mut hubs: Vec<Option<Process>> = sites.iter().map(|site| Some(site.start_hub())).collect();
    let mut places = Vec::<Place>::new();
    for (at, site) in sites.iter().enumerate() {
        for shop in ["Kallio", "Turku"] {
            new_kiosk(site, shop);
            places.push((at, if shop == "Kallio" { "kallio-exit" } else { "turku-exit" }));
        }
    }
    let mut expected = BTreeMap::<Place, Ratings>::new();
    let mut known = Ratings::new();
    let mut place = places[0];
    for round in 0..7 {
        if round == 0 || chance.below(4_u32) > 0 {
            place = places[usize::try_from(chance.below(4_u32)).unwrap()];
            let site = &sites[place.0];
            if hubs[place.0].is_none() {
                hubs[place.0] = Some(site.start_hub());
            }
            let code = code_in(&site.say("hub", &["kiosk", "code", place.1]));
            board.say("kiosk", &["enrol", &address(site), &code]);
        }
        for hub in &mut hubs {
            if chance.below(3_u32) > 0 {
                drop(hub.take());
            }
        }
        let kiosk = board.start_kiosk();
        let presses = chance.below(4_u32);
        let scores: Vec<u32> = (0..presses).map(|_| 1 + chance.below(5_u32)).collect();
        press(board, &mut board.buttons(), &scores);
        kiosk.kill();
        let all = board.thanked();
        let new = all.iter().filter(|(id, _)| !known.contains_key(*id));
        expected.entry(place).or_default().extend(new.map(|(id, score)| (id.clone(), *score)));
        known = all;
    }
    for (hub, site) in hubs.iter_mut().zip(&sites) {
        if hub.is_none() {
            *hub = Some(site.start_hub());
        }
    }
    let _kiosk = board.start_kiosk();
    let got = || -> BTreeMap<Place, Ratings> {
        let held: Vec<_> = sites.iter().map(by_kiosk).collect();
        let of = |place: &Place| held[place.0].get(place.1).cloned().unwrap_or_default();
        places.iter().map(|place| (*place, of(place))).collect()
    };
    let owed = |place: &Place| expected.get(place).cloned().unwrap_or_default();
    let owed: BTreeMap<Place, Ratings> = places.iter().map(|place| (*place, owed(place))).collect();
    let total = |all: &BTreeMap<Place, Ratings>| all.values().map(BTreeMap::len).sum::<usize>();
    wait_until("everything arrives", || total(&got()) >= total(&owed));
    assert_eq!(got(), owed, "seed {seed}");
    assert_eq!(verified(board, "kiosk")["holds"], true, "seed {seed}");
    sites.iter().for_each(reconciles);
}
