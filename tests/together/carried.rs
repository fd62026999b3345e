//! Tests of a shop without any network: enrolled by a letter, its ratings carried to head office on
//! a stick, and the receipt carried back, by the programs as their users run them.

use std::path::{Path, PathBuf};

use crate::parties::Site;
use crate::wait::wait_until;

/// The files in the kiosks' folders on the stick with this ending.
fn on_stick(stick: &Path, ending: &str) -> Vec<PathBuf> {
    let within = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let folders = within(stick).into_iter().filter(|path| path.is_dir());
    let mut found: Vec<PathBuf> = folders
        .flat_map(|folder| within(&folder))
        .filter(|path| path.extension().is_some_and(|of| of == ending))
        .collect();
    found.sort();
    found
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn ratings_that_are_carried_on_a_stick_count_once() {
    let site = Site::new();
    let (stick, letter) = (site.path("stick"), text(&site.path("letter")));
    std::fs::create_dir(&stick).unwrap();
    site.say("hub", &["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    site.say("hub", &["kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1"]);
    site.say("hub", &["kiosk", "letter", "kallio-checkout-1", &letter]);
    let refused = site.fail("hub", &["kiosk", "letter", "kallio-checkout-1", &letter]);
    assert!(refused.contains("cannot write"), "a letter is not overwritten: {refused}");
    let kept = std::fs::read_to_string(&letter).unwrap();
    site.say("kiosk", &["enrol", "--letter", &letter]);
    let kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    let press = |buttons: &mut crate::parties::Buttons, from: usize, count: usize| {
        for n in 0..count {
            buttons.press(u32::try_from(n % 5 + 1).unwrap());
            // No more than a few wait for the card at once.
            wait_until("it is thanked", || site.thanks() + 20 > from + n);
        }
        wait_until("all are thanked", || site.thanks() == from + count);
    };
    press(&mut buttons, 0, 1_100);
    let carry = || site.say("kiosk", &["carry", &text(&stick)]);
    let said = carry();
    assert!(said.contains("1100 events for head office"), "{said}");
    // The stick contains neither the token nor single presses in clear.
    let carried = on_stick(&stick, "smilepost");
    assert_eq!(carried.len(), 1);
    let content = std::fs::read_to_string(&carried[0]).unwrap();
    let token: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let token = token["enrolled"]["token"].as_str().unwrap().to_owned();
    assert!(!content.contains(&token) && !content.contains("score"));
    assert_eq!((on_stick(&stick, "csv").len(), on_stick(&stick, "html").len()), (1, 2));
    // Head office imports it once, however often it is asked to.
    let taken = site.say("hub", &["import", &text(&carried[0])]);
    assert!(taken.contains("1100 new events, 0 known events"), "{taken}");
    let again = site.say("hub", &["import", &text(&carried[0])]);
    assert!(again.contains("0 new events, 1100 known events"), "{again}");
    assert!(again.contains("the file was imported before"), "{again}");
    assert_eq!(site.archived(), site.thanked());
    // The receipt goes back, while presses go on; only what it names is settled.
    press(&mut buttons, 1_100, 7);
    let said = carry();
    assert!(said.contains("7 events for head office"), "{said}");
    assert!(said.contains("1100 are confirmed"), "{said}");
    drop(kiosk);
    // The same without a running kiosk. A receipt is applied only once.
    let said = carry();
    assert!(said.contains("7 events for head office"), "{said}");
    assert!(said.contains("; 0 are confirmed"), "{said}");
    let verified = site.say("kiosk", &["verify"]);
    assert!(verified.contains("holds"), "{verified}");
    let files: Vec<String> = on_stick(&stick, "smilepost").iter().map(|path| text(path)).collect();
    let files: Vec<&str> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    site.say("hub", &files);
    assert_eq!(site.archived(), site.thanked());
    assert_eq!(site.archived().len(), 1_107);
    // Nor is a changed one.
    let receipts: Vec<(PathBuf, String)> = on_stick(&stick, "receipt")
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    for (path, receipt) in &receipts {
        let forged = receipt.replace("1107", "9999");
        std::fs::write(path, forged).unwrap();
    }
    assert!(receipts.iter().any(|(_, receipt)| receipt.contains("1107")), "{receipts:?}");
    let said = carry();
    assert!(said.contains("7 events for head office"), "{said}");
    assert!(said.contains("; 0 are confirmed"), "{said}");
    for (path, receipt) in receipts {
        std::fs::write(path, receipt).unwrap();
    }
    let said = carry();
    assert!(said.contains("0 events for head office"), "{said}");
    assert!(said.contains("; 7 are confirmed"), "{said}");
}

#[test]
fn a_stick_that_goes_round_keeps_every_shops_pages_and_deliveries() {
    let (first, second) = (Site::new(), Site::new());
    let stick = first.path("stick");
    std::fs::create_dir(&stick).unwrap();
    // Both shops may have a kiosk of one name, from two head offices.
    for site in [&first, &second] {
        let letter = text(&site.path("letter"));
        site.say("hub", &["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
        site.say("hub", &["kiosk", "add", "--shop", "kallio", "--touchpoint", "Kässa 1"]);
        site.say("hub", &["kiosk", "letter", "kallio-kässa-1", &letter]);
        site.say("kiosk", &["enrol", "--letter", &letter]);
        let kiosk = site.start_kiosk();
        let mut buttons = site.buttons();
        buttons.press(5);
        wait_until("the shopper is thanked", || site.thanks() == 1);
        drop(kiosk);
    }
    first.say("kiosk", &["carry", &text(&stick)]);
    let pages = |ending: &str| -> Vec<(PathBuf, Vec<u8>)> {
        let read = |path: PathBuf| (path.clone(), std::fs::read(path).unwrap());
        on_stick(&stick, ending).into_iter().map(read).collect()
    };
    let before: Vec<_> = ["csv", "html", "smilepost"].map(pages).concat();
    assert_eq!(before.len(), 4);
    let said = second.say("kiosk", &["carry", &text(&stick)]);
    assert!(said.contains("/kallio-kässa-1-2/day-"), "{said}");
    let after: Vec<_> = ["csv", "html", "smilepost"].map(pages).concat();
    assert_eq!(after.len(), 8);
    assert!(before.iter().all(|page| after.contains(page)), "the first shop's pages changed");
    // Each head office imports its own of the whole folder, and is told what became of the other.
    std::fs::write(stick.join("kallio-kässa-1/._x.smilepost"), "left by another system").unwrap();
    for (site, own) in [(&first, "kallio-kässa-1/"), (&second, "kallio-kässa-1-2/")] {
        let output = site.run("hub", &["import", &text(&stick)]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = told.lines().find(|line| line.contains("1 new events")).unwrap();
        assert!(line.contains(own) && !output.status.success(), "{told}");
        assert!(told.contains("was not signed by this kiosk"), "{told}");
        assert!(told.contains("1 files were imported completely, 1 were not"), "{told}");
        assert_eq!(site.archived(), site.thanked());
    }
    // Each receipt settles its own kiosk's, also where an older program left both.
    for file in on_stick(&stick, "receipt") {
        if !text(&file).contains("-1-2/") {
            std::fs::rename(&file, stick.join(file.file_name().unwrap())).unwrap();
        }
    }
    for site in [&second, &first] {
        let said = site.say("kiosk", &["carry", &text(&stick)]);
        assert!(said.contains("0 events for head office"), "{said}");
        assert!(said.contains("; 1 are confirmed"), "{said}");
    }
}

#[test]
fn a_file_that_is_no_letter_and_no_delivery_is_refused() {
    let site = Site::new();
    let letter = site.path("letter");
    std::fs::write(&letter, "{}").unwrap();
    let refused = site.fail("kiosk", &["enrol", "--letter", &text(&letter)]);
    assert!(refused.contains("is not a letter"), "{refused}");
    let refused = site.fail("hub", &["import", &text(&letter)]);
    assert!(refused.contains("nothing is lost"), "{refused}");
}

#[test]
fn a_folder_that_is_no_stick_is_refused() {
    let site = Site::new();
    let kiosk = site.start_kiosk();
    // After a thank-you the kiosk's socket is open too.
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("the shopper is thanked", || site.thanks() == 1);
    let refused = site.fail("kiosk", &["carry", &text(&site.path("nowhere"))]);
    assert!(refused.contains("there is no folder smilepost-export"), "{refused}");
    drop(kiosk);
}
