//! A stick whose files were made to have a program read, write or wait where it should not.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::parties::Site;
use crate::wait::wait_until;

/// What is put on the stick: its name, and how it is made from the stick's folder, the name of a
/// good file there, and a file of ours that must not change.
type Trap = (&'static str, fn(&Path, &str, &Path));

fn fifo(path: PathBuf) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn link(target: impl AsRef<Path>, at: PathBuf) {
    let _ = std::fs::remove_file(&at);
    symlink(target, at).unwrap();
}

fn endless(path: PathBuf) {
    File::create(path).unwrap().set_len(1 << 42).unwrap();
}

/// What head office may find beside a good file; `trap.smilepost` is imported too where it exists.
const AT_HEAD_OFFICE: &[Trap] = &[
    ("a receipt that links to our key", |stick, good, ours| {
        link(ours, stick.join(format!("{good}.receipt")));
    }),
    ("a receipt that links to a file that is not there", |stick, good, ours| {
        link(ours.with_extension("planted"), stick.join(format!("{good}.receipt")));
    }),
    ("a receipt under way that links to our key", |stick, good, ours| {
        for ending in ["part", "new", "tmp", "receipt.part", "receipt.new"] {
            link(ours, stick.join(good).with_extension(ending));
            link(ours, stick.join(format!("{good}.{ending}")));
        }
    }),
    ("a file that links to our key", |stick, _, ours| link(ours, stick.join("trap.smilepost"))),
    ("a file that links to itself", |stick, _, _| {
        link("trap.smilepost", stick.join("trap.smilepost"));
    }),
    ("a file that links to the good file", |stick, good, _| {
        link(good, stick.join("trap.smilepost"));
    }),
    ("a FIFO", |stick, _, _| fifo(stick.join("trap.smilepost"))),
    ("a link to a device without end", |stick, _, _| {
        link("/dev/zero", stick.join("trap.smilepost"));
    }),
    ("a folder", |stick, _, _| std::fs::create_dir(stick.join("trap.smilepost")).unwrap()),
    ("a file of four terabytes", |stick, _, _| endless(stick.join("trap.smilepost"))),
    ("an empty file", |stick, _, _| drop(File::create(stick.join("trap.smilepost")).unwrap())),
    ("a header that nobody signed", |stick, good, _| {
        let text = std::fs::read_to_string(stick.join(good)).unwrap();
        let header = text.lines().next().unwrap();
        std::fs::write(stick.join("trap.smilepost"), format!("{header}\n")).unwrap();
    }),
];

pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The files of a data folder, without those that SQLite makes and deletes beside its own.
fn kept(folder: &Path) -> Vec<String> {
    let is_beside = |name: &String| name.ends_with("-wal") || name.ends_with("-shm");
    names(folder).into_iter().filter(|name| !is_beside(name)).collect()
}

/// A shop without a network, whose kiosk has taken five ratings.
pub(crate) fn shop() -> Site {
    let site = Site::new();
    let letter = text(&site.path("letter"));
    site.say("hub", &["shop", "add", "Kallio", "--zone", site.zone.name()]);
    site.say("hub", &["kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1"]);
    site.say("hub", &["kiosk", "letter", "kallio-checkout-1", &letter]);
    site.say("kiosk", &["enrol", "--letter", &letter]);
    let kiosk = site.start_kiosk();
    let mut buttons = site.buttons();
    (1..=5).for_each(|score| buttons.press(score));
    wait_until("all five are thanked", || site.thanks() == 5);
    drop(kiosk);
    site
}

/// The folder of the shop's kiosk on a stick.
pub(crate) fn own(stick: &Path) -> PathBuf {
    stick.join("kallio-checkout-1")
}

pub(crate) fn carry(site: &Site, stick: &Path) -> String {
    std::fs::create_dir_all(stick).unwrap();
    site.say("kiosk", &["carry", &text(stick)])
}

#[test]
fn no_trap_on_a_stick_has_head_office_touch_a_file_of_its_own() {
    let site = shop();
    let clean = site.path("clean");
    carry(&site, &clean);
    let clean = own(&clean);
    let good = names(&clean).into_iter().find(|name| name.ends_with(".smilepost")).unwrap();
    site.say("hub", &["import", &text(&clean.join(&good))]);
    let key = site.path("hub/hub.key");
    let (before, ours) = (std::fs::read(&key).unwrap(), kept(&site.path("hub")));
    for (what, set) in AT_HEAD_OFFICE {
        let stick = site.path(what);
        std::fs::create_dir(&stick).unwrap();
        std::fs::copy(clean.join(&good), stick.join(&good)).unwrap();
        set(&stick, &good, &key);
        let trap = stick.join("trap.smilepost");
        let has_trap = trap.symlink_metadata().is_ok();
        let good = text(&stick.join(&good));
        if has_trap {
            let told = site.fail("hub", &["import", &text(&trap), &good]);
            assert!(told.contains("not imported completely: 1"), "{what}: {told}");
            assert!(!stick.join("trap.smilepost.receipt").exists(), "{what}: a receipt");
        } else {
            site.say("hub", &["import", &good]);
        }
        let receipt = PathBuf::from(format!("{good}.receipt"));
        assert!(
            receipt.symlink_metadata().unwrap().is_file(),
            "{what}: no receipt of the good one"
        );
        assert_eq!(std::fs::read(&key).unwrap(), before, "{what}: the key changed");
        assert_eq!(kept(&site.path("hub")), ours, "{what}: another file in the data folder");
    }
    assert_eq!(site.archived(), site.thanked());
}

/// What a kiosk may find on a stick; here the good name is the page of a day.
const AT_THE_KIOSK: &[Trap] = &[
    ("a page that links to our journal", |stick, page, ours| link(ours, stick.join(page))),
    ("a page under way that links to our journal", |stick, page, ours| {
        for ending in ["part", "new", "tmp"] {
            link(ours, stick.join(page).with_extension(ending));
            link(ours, stick.join(format!("{page}.{ending}")));
        }
    }),
    ("a page that links to a file that is not there", |stick, page, ours| {
        link(ours.with_extension("planted"), stick.join(page));
    }),
    ("a receipt that links to our journal", |stick, _, ours| link(ours, stick.join("a.receipt"))),
    ("a receipt that is a FIFO", |stick, _, _| fifo(stick.join("a.receipt"))),
    ("a receipt without end", |stick, _, _| {
        link("/dev/zero", stick.join("a.receipt"));
        endless(stick.join("b.receipt"));
    }),
    ("receipts that are folders and nonsense", |stick, _, _| {
        std::fs::create_dir(stick.join("a.receipt")).unwrap();
        std::fs::write(stick.join("b.receipt"), "nonsense").unwrap();
        std::fs::write(stick.join("c.receipt"), [0xff; 1_000]).unwrap();
    }),
    ("a thousand receipts", |stick, _, _| {
        for n in 0..1_000 {
            std::fs::write(stick.join(format!("{n}.receipt")), "nonsense").unwrap();
        }
    }),
];

#[test]
fn no_trap_on_a_stick_has_a_kiosk_touch_a_file_of_its_own() {
    let site = shop();
    let clean = site.path("clean");
    carry(&site, &clean);
    let pages = names(&own(&clean));
    let page = pages.iter().find(|name| name.ends_with(".html")).unwrap();
    let journal = site.path("kiosk/journal.sqlite");
    let ours = kept(&site.path("kiosk"));
    for (what, set) in AT_THE_KIOSK {
        let stick = site.path(what);
        carry(&site, &stick);
        let top = stick;
        let stick = own(&top);
        for name in names(&stick).iter().filter(|name| name.ends_with(".smilepost")) {
            std::fs::remove_file(stick.join(name)).unwrap();
        }
        set(&stick, page, &journal);
        let told = carry(&site, &top);
        assert!(told.contains("5 events for head office"), "{what}: {told}");
        for ending in [".csv", ".html", ".smilepost"] {
            let is_whole = |name: &String| {
                name.ends_with(ending) && stick.join(name).symlink_metadata().unwrap().is_file()
            };
            assert!(names(&stick).iter().any(is_whole), "{what}: no file *{ending}");
        }
        assert!(stick.join(page).symlink_metadata().unwrap().is_file(), "{what}");
        let verified = site.say("kiosk", &["verify"]);
        assert!(verified.contains("holds"), "{what}: {verified}");
        assert_eq!(kept(&site.path("kiosk")), ours, "{what}: another file in the data folder");
    }
}

#[test]
fn what_cannot_be_written_is_named_and_keeps_nothing_else_from_being_written() {
    let site = shop();
    let clean = site.path("clean");
    carry(&site, &clean);
    let page = names(&own(&clean)).into_iter().find(|name| name.ends_with(".html")).unwrap();
    let top = site.path("stick");
    carry(&site, &top);
    let stick = own(&top);
    for name in names(&stick).iter().filter(|name| *name != "written-by.txt") {
        std::fs::remove_file(stick.join(name)).unwrap();
    }
    std::fs::create_dir_all(stick.join(&page)).unwrap();
    let told = site.fail("kiosk", &["carry", &text(&top)]);
    assert!(told.contains(&format!("not written: kallio-checkout-1/{page}")), "{told}");
    for ending in [".csv", ".smilepost"] {
        assert!(names(&stick).iter().any(|name| name.ends_with(ending)), "no file *{ending}");
    }
}

#[test]
fn a_folder_that_is_a_link_is_not_written_to() {
    let site = shop();
    let stick = site.path("stick");
    std::fs::create_dir(site.path("elsewhere")).unwrap();
    symlink(site.path("elsewhere"), &stick).unwrap();
    let told = site.fail("kiosk", &["carry", &text(&stick)]);
    assert!(told.contains("links are not followed"), "{told}");
    assert_eq!(names(&site.path("elsewhere")), [""; 0]);
}

/// A damage: its name, and what is done to the journal's file.
type Damage = (&'static str, fn(&Path));

/// What somebody does to the file of a kiosk's journal while the kiosk runs.
const TO_THE_JOURNAL: &[Damage] = &[
    ("it is deleted", |journal| std::fs::remove_file(journal).unwrap()),
    ("another file gets its name", |journal| {
        let other = journal.with_extension("other");
        std::fs::write(&other, "<!DOCTYPE html>").unwrap();
        std::fs::rename(other, journal).unwrap();
    }),
    ("an older copy gets its name", |journal| {
        let other = journal.with_extension("other");
        std::fs::copy(journal, &other).unwrap();
        std::fs::rename(other, journal).unwrap();
    }),
    ("it becomes a link", |journal| {
        let other = journal.with_extension("other");
        std::fs::rename(journal, &other).unwrap();
        symlink(other, journal).unwrap();
    }),
    ("a page is written over it", |journal| std::fs::write(journal, "<!DOCTYPE html>").unwrap()),
    ("it is emptied", |journal| drop(File::create(journal).unwrap())),
];

#[test]
fn a_journal_whose_file_was_taken_away_keeps_every_rating() {
    for (what, act) in TO_THE_JOURNAL {
        let site = shop();
        let kiosk = site.start_kiosk();
        let mut buttons = site.buttons();
        (1..=5).for_each(|score| buttons.press(score));
        wait_until("five more are thanked", || site.thanks() == 10);
        act(&site.path("kiosk/journal.sqlite"));
        // Nobody presses: the journal notices by itself.
        wait_until("the journal notices", || {
            let log = site.log("kiosk.log");
            log.contains("all it held is saved") || log.contains("the file is kept as")
        });
        buttons.press(5);
        wait_until("the next one is thanked", || site.thanks() == 11);
        drop(kiosk);
        let verified = site.say("kiosk", &["verify"]);
        assert!(verified.contains("holds"), "{what}: {verified}");
        let told = carry(&site, &site.path("stick"));
        assert!(told.contains("11 events for head office"), "{what}: {told}");
        site.say("hub", &["import", &text(&site.path("stick"))]);
        assert_eq!(site.archived(), site.thanked(), "{what}");
    }
}
