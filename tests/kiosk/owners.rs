//! Tests of what the board holds for places where it was before, on real files.

use std::path::Path;

use smilepost::carried::seal::{Signer, hex};
use smilepost::kiosk::desk;
use smilepost::kiosk::desk::tools::verify::look_up;
use smilepost::kiosk::enrolling::{Before, Error, Files, Standing, give_up};
use smilepost::kiosk::journal::{FILE, Journal, Limits, Settlement};
use smilepost::kiosk::settings::{Enrolment, Leave, Owners, Settings, journal_folder, renew};
use smilepost::kiosk::uplink::Entry;
use smilepost::wire::enrolment::{Enrolled, Keys};

use crate::journal::{id, open, rated, reading};

const BEHIND: Leave = Leave::Journal { is_given_up: false };

fn place(hub: &str, kiosk: &str) -> Enrolment {
    let digit = hub.bytes().map(u32::from).sum::<u32>() % 16;
    let verify = format!("{digit:x}").repeat(64);
    let hub = if hub.is_empty() { String::new() } else { format!("https://{hub}.example.com") };
    let enrolled = Enrolled {
        kiosk: kiosk.to_owned(),
        token: "cd".repeat(32),
        shop: "Kallio".to_owned(),
        zone: "Europe/Helsinki".to_owned(),
        touchpoint: String::new(),
        hub_keys: Some(Keys { seal: "ab".repeat(32), verify }),
        signed_by: Vec::new(),
    };
    Enrolment::new(hub, enrolled)
}

/// What a head office says that cannot verify anything of before.
fn entry(place: &Enrolment) -> Entry {
    Entry { enrolment: place.clone(), signed_by: Vec::new() }
}

/// Takes some ratings in a run of the journal of this number.
fn take(data_dir: &Path, number: u32, run: u32, ratings: u32) {
    let run = u8::try_from(run).unwrap();
    let mut journal = open(&journal_folder(data_dir, number), run);
    for _ in 0..ratings {
        journal.append(rated(3), reading(10)).unwrap();
    }
    journal.close();
}

/// Enrols the board for places one after the other; in each it takes two ratings.
fn moved(places: &[&Enrolment]) -> (tempfile::TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::plain(folder.path());
    let mut before = None;
    for (number, place) in (0..).zip(places) {
        let leave = if before.is_some() { BEHIND } else { Leave::Nothing };
        Owners::enter(folder.path(), before, place, leave).unwrap();
        take(folder.path(), number, number + 1, 2);
        before = Some(place);
    }
    (folder, settings)
}

/// What would be lost with the card, as one text.
fn lost(settings: &Settings) -> String {
    Files::open(settings).unwrap().would_be_lost().unwrap().join(" ")
}

#[test]
fn a_former_journal_that_cannot_be_opened_is_not_an_empty_one() {
    let (folder, settings) = moved(&[&place("a", "exit"), &place("b", "till")]);
    let file = folder.path().join(FILE);
    let kept = folder.path().join("kept");
    std::fs::rename(&file, &kept).unwrap();
    std::fs::create_dir(&file).unwrap();
    let present = place("b", "till");
    let files = Files::open(&settings).unwrap();
    let told = desk::verify_all(files.present.as_ref(), &files.former).unwrap();
    assert!(!told.holds && told.total.waiting == 2, "{told:?}");
    let why = told.former[0].unread.clone().unwrap();
    assert!(why.contains("exit at https://a.example.com cannot be read"), "{why}");
    assert!(told.complaints.contains(&why), "{told:?}");
    let books = look_up(files.present.as_ref(), &files.former).unwrap();
    assert_eq!((books.holds, books.former[0].unread.is_some()), (false, true));
    // What can be read is read, and what cannot is named.
    let shop = smilepost::kiosk::shop(&settings, Some(&present));
    let mut rows = 0;
    let exported =
        desk::export_all(files.present.as_ref(), &files.former, &shop, (None, None), |_| {
            rows += 1;
            Ok(())
        });
    assert_eq!(rows, 2);
    assert!(exported.unwrap_err().to_string().contains("exit at https://a.example.com"));
    let days = (None, None);
    let present_journal = files.present.as_ref();
    let summary =
        desk::summary_of_all(present_journal, &files.former, &shop, days, true, 77).unwrap();
    assert!(summary.notices.iter().any(|said| said.contains("exit at https://a.example.com")));
    drop(files);
    let lost = lost(&settings);
    assert!(lost.contains("exit at https://a.example.com cannot be read"), "{lost}");
    assert!(lost.contains("wait for till"), "{lost}");
    // As soon as it can be opened, everything is there.
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&kept, &file).unwrap();
    let files = Files::open(&settings).unwrap();
    let told = desk::verify_all(files.present.as_ref(), &files.former).unwrap();
    assert_eq!((told.holds, told.former[0].sums.waiting), (true, 2), "{told:?}");
}

#[test]
fn of_a_present_journal_that_cannot_be_opened_a_reset_says_so_and_names_the_others() {
    let (folder, settings) = moved(&[&place("a", "exit"), &place("b", "till")]);
    let file = journal_folder(folder.path(), 1).join(FILE);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let lost = lost(&settings);
    assert!(lost.contains("journal of the present place cannot be read"), "{lost}");
    assert!(lost.contains("wait for exit at https://a.example.com"), "{lost}");
}

#[test]
fn what_is_left_of_a_damaged_journal_is_a_journal() {
    for number in [0, 1] {
        let (folder, settings) = moved(&[&place("a", "exit"), &place("b", "till")]);
        let own = journal_folder(folder.path(), number);
        for name in [FILE, "journal.sqlite-wal", "journal.mark"] {
            let _ = std::fs::rename(own.join(name), own.join(format!("{name}.bad-1")));
        }
        let lost = lost(&settings);
        assert!(lost.contains("do not balance"), "journal {number}: {lost}");
        let files = Files::open(&settings).unwrap();
        assert_eq!((files.present.is_some(), files.former.len()), (true, 1));
    }
    // Before any enrolment, nobody has been asked yet what becomes of it.
    let folder = tempfile::tempdir().unwrap();
    take(folder.path(), 0, 1, 2);
    for name in [FILE, "journal.sqlite-wal", "journal.mark"] {
        let own = folder.path();
        let _ = std::fs::rename(own.join(name), own.join(format!("{name}.bad-1")));
    }
    let standing = Standing::of(&Settings::plain(folder.path())).unwrap();
    assert!(standing.unowned() > 0, "{standing:?}");
}

#[test]
fn a_damaged_record_of_a_former_place_is_no_trial() {
    let texts = [
        "",
        "given_up = false\n",
        "trial = false\ngiven_up = false\ntold = false\n",
        "trial = true\n",
        "told = false\n",
        "\0\0\0\0\0\0\0\0",
    ];
    for text in texts {
        let (folder, settings) = moved(&[&place("a", "exit"), &place("b", "till")]);
        std::fs::write(folder.path().join("former/0.toml"), text).unwrap();
        let files = Files::open(&settings).unwrap();
        let told = desk::verify_all(files.present.as_ref(), &files.former).unwrap();
        drop(files);
        assert_eq!((told.former[0].trial, told.former[0].sums.waiting), (0, 2), "{text:?}");
        assert!(!told.holds && told.former[0].unread.is_some(), "{text:?}: {told:?}");
        assert!(lost(&settings).contains("0.toml"), "{text:?}");
    }
    // As an older program has written it.
    let (folder, settings) = moved(&[&place("a", "exit"), &place("b", "till")]);
    let record = "given_up = false\ntold = false\n";
    std::fs::write(folder.path().join("former/0.toml"), record).unwrap();
    let files = Files::open(&settings).unwrap();
    let told = desk::verify_all(files.present.as_ref(), &files.former).unwrap();
    assert_eq!((told.holds, told.former[0].trial), (true, 2), "{told:?}");
}

#[test]
fn giving_up_names_one_place_of_several_or_nothing_is_given_up() {
    let (a, b, c) = (place("a", "exit"), place("b", "exit"), place("c", "till"));
    let (letter, other) = (place("", "exit"), place("b", "exit"));
    let other = Enrolment { hub_keys: place("d", "exit").hub_keys, ..other };
    let (folder, settings) = moved(&[&a, &b, &letter, &other, &c]);
    let data_dir = folder.path();
    let given_up = || -> Vec<u32> {
        let owners = Owners::read(data_dir, Some(&c)).unwrap();
        let given_up = owners.former.iter().filter(|former| former.is_given_up);
        given_up.map(|former| former.number).collect()
    };
    let refused = give_up(data_dir, "exit", None, None).unwrap_err().to_string();
    for named in ["https://a.example.com", "https://b.example.com", "by stick", "--hub"] {
        assert!(refused.contains(named), "{refused}");
    }
    assert!(matches!(give_up(data_dir, "till", None, None), Err(Error::NotLeft(_))));
    assert!(give_up(data_dir, "exit", Some("https://z.example.com"), None).is_err());
    assert!(given_up().is_empty());
    let left = give_up(data_dir, "exit", Some("HTTPS://a.example.com/"), None).unwrap();
    assert_eq!((left.as_str(), given_up()), ("exit at https://a.example.com", vec![0]));
    // Two head offices had the same address, one after the other.
    let refused = give_up(data_dir, "exit", Some("https://b.example.com"), None).unwrap_err();
    assert!(refused.to_string().contains("journal 1") && refused.to_string().contains("journal 3"));
    give_up(data_dir, "exit", None, Some(3)).unwrap();
    give_up(data_dir, "exit", Some("https://b.example.com"), None).unwrap();
    assert_eq!(given_up(), [0, 1, 3]);
    // Only one is left to be meant.
    assert!(give_up(data_dir, "exit", None, None).unwrap().contains("by stick"));
    assert_eq!(given_up(), [0, 1, 2, 3]);
    // What is given up is sent to nobody, and so it is not tried again either.
    let mut journal = Journal::open(data_dir, Limits::default()).unwrap();
    let set_aside = vec![(id(1, 1), "odd".to_owned())];
    journal.settle(&Settlement { set_aside, ..Settlement::default() }).unwrap();
    journal.close();
    let again = |given_up: bool| {
        let record = data_dir.join("former/0.toml");
        let text = std::fs::read_to_string(&record).unwrap();
        let is = format!("given_up = {given_up}");
        std::fs::write(&record, text.replace("given_up = true", &is)).unwrap();
        let files = Files::open(&settings).unwrap();
        desk::retry_all(files.present.as_ref(), &files.former).unwrap()
    };
    assert_eq!((again(true), again(false)), (0, 1));
}

#[test]
fn whoever_enrols_meanwhile_is_not_overwritten() {
    let (a, b, c) = (place("a", "exit"), place("b", "till"), place("c", "desk"));
    let (folder, settings) = moved(&[&a]);
    let standing = Standing::of(&settings).unwrap();
    // Another person is faster, with another code.
    let other = Standing::of(&settings).unwrap();
    other.enter(&settings, &entry(&b), None, false).unwrap();
    let refused = standing.enter(&settings, &entry(&c), None, false).unwrap_err();
    assert!(matches!(refused, Error::Overtaken), "{refused}");
    assert_eq!(Enrolment::read(folder.path()).unwrap().unwrap(), b);
    let owners = Owners::read(folder.path(), Some(&b)).unwrap();
    assert_eq!(owners.former.len(), 1, "the journal of a is its own");
    // So is the first enrolment of a new board.
    let new = tempfile::tempdir().unwrap();
    let settings = Settings::plain(new.path());
    let standing = Standing::of(&settings).unwrap();
    a.write(new.path()).unwrap();
    let refused = standing.enter(&settings, &entry(&b), Some(Before::Keep), false);
    assert!(matches!(refused, Err(Error::Overtaken)));
    assert_eq!(Enrolment::read(new.path()).unwrap().unwrap(), a);
}

#[test]
fn a_token_that_was_renewed_meanwhile_stays_with_its_place() {
    let (a, b) = (place("a", "exit"), place("b", "till"));
    let (folder, settings) = moved(&[&a]);
    let standing = Standing::of(&settings).unwrap();
    let renewed = Enrolment { token: "ef".repeat(32), ..a.clone() };
    renew(folder.path(), &a, &renewed).unwrap();
    standing.enter(&settings, &entry(&b), None, false).unwrap();
    let receiver = Owners::receiver(folder.path(), 0).unwrap();
    assert_eq!(receiver, Some(renewed));
}

#[test]
fn each_place_counts_by_its_own_clocks() {
    let (folder, settings) = moved(&[&place("a", "exit"), &place("b", "till")]);
    let away = Enrolment { zone: "Pacific/Auckland".to_owned(), ..place("a", "exit") };
    renew(folder.path(), &place("a", "exit"), &away).unwrap();
    let present = place("b", "till");
    // Fewer are not shown by the hour.
    for number in [0, 1] {
        take(folder.path(), number, number + 11, 8);
    }
    let files = Files::open(&settings).unwrap();
    let shop = smilepost::kiosk::shop(&settings, Some(&present));
    let mut hours = std::collections::BTreeMap::<u8, u32>::new();
    let mut dates = std::collections::BTreeSet::new();
    desk::export_all(files.present.as_ref(), &files.former, &shop, (None, None), |row| {
        *hours.entry(row.place.local[11..13].parse().unwrap()).or_default() += 1;
        dates.insert(row.place.local[..10].to_owned());
        Ok(())
    })
    .unwrap();
    assert_eq!(hours.len(), 2, "{hours:?}");
    let days = (dates.first().map(String::as_str), dates.last().map(String::as_str));
    let former = &files.former;
    let summed =
        desk::summary_of_all(files.present.as_ref(), former, &shop, days, true, 77).unwrap();
    let summed: std::collections::BTreeMap<u8, u32> =
        summed.hours.iter().map(|hour| (hour.hour, hour.n.unwrap())).collect();
    assert_eq!(summed, hours);
}

#[test]
fn a_head_office_that_moved_is_known_by_what_it_can_verify_where_it_had_no_keys() {
    let key = |token: &str| hex(&Signer::of_token(token).unwrap().verify_key().unwrap());
    let old = Enrolment { hub_keys: None, ..place("a", "exit") };
    let new = Enrolment { token: "ef".repeat(32), ..place("moved", "exit") };
    let other = place("b", "till");
    let signed_by = vec![key(&new.token), key(&old.token)];
    let knows = Entry { enrolment: new.clone(), signed_by: signed_by.clone() };
    let (folder, settings) = moved(&[&old]);
    let enter = |settings: &Settings, entry: &Entry| {
        Standing::of(settings).unwrap().enter(settings, entry, None, false).unwrap();
        let owners = Owners::read(&settings.data_dir, Some(&entry.enrolment)).unwrap();
        let former = owners.former.iter().map(|former| former.number).collect::<Vec<_>>();
        (owners.present, former)
    };
    assert_eq!(enter(&settings, &knows), (0, vec![]), "it goes on");
    assert_eq!(Enrolment::read(folder.path()).unwrap(), Some(new.clone()));
    // A board that was elsewhere meanwhile comes back to it.
    let (_folder, settings) = moved(&[&old, &other]);
    assert_eq!(enter(&settings, &knows), (0, vec![1]));
    // Nobody else gets what was taken for it: a stranger, another kiosk, or who has other keys.
    let stranger = vec![key(&new.token), key(&"12".repeat(32)), "no key".to_owned()];
    let of_another = Enrolment { kiosk: "exit-2".to_owned(), ..new.clone() };
    for (known, entry) in [
        (&old, Entry { enrolment: new.clone(), signed_by: stranger }),
        (&old, Entry { enrolment: of_another, signed_by: signed_by.clone() }),
        (&old, entry(&new)),
        (&place("a", "exit"), Entry { enrolment: new, signed_by }),
    ] {
        let (_folder, settings) = moved(&[known]);
        assert_eq!(enter(&settings, &entry), (1, vec![0]), "{entry:?}");
    }
}
