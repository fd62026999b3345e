//! Tests of names as people type them: any script, any spelling, any length, and who they mean.

use crate::program::Office;

const ZONE: [&str; 2] = ["--zone", "Europe/Helsinki"];

impl Office {
    fn shop(&self, name: &str) -> String {
        self.say(&[&["shop", "add", name][..], &ZONE].concat()).trim().to_owned()
    }

    /// Adds a kiosk, and returns its short name.
    fn kiosk(&self, shop: &str, touchpoint: &str) -> String {
        let said = self.say(&["kiosk", "add", "--shop", shop, "--touchpoint", touchpoint]);
        said.lines().next().unwrap().to_owned()
    }

    /// Runs a command that succeeds, and returns its result and what it says beside.
    fn say_both(&self, arguments: &[&str]) -> (String, String) {
        let output = self.ask(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        (String::from_utf8(output.stdout).unwrap(), said)
    }
}

#[test]
fn no_two_kiosks_meet_in_one_short_name() {
    let office = Office::new();
    assert_eq!(office.shop("Nordmarkt"), "nordmarkt");
    assert_eq!(office.shop("Nordmarkt Kallio"), "nordmarkt-kallio");
    assert_eq!(office.kiosk("nordmarkt", "Kallio 1"), "nordmarkt-kallio-1");
    let add = ["kiosk", "add", "--shop", "nordmarkt-kallio", "--touchpoint", "1"];
    let (printed, said) = office.say_both(&add);
    assert!(printed.starts_with("nordmarkt-kallio-1-2\n"), "{printed}");
    assert!(said.contains("nordmarkt-kallio-1 is another kiosk"), "{said}");
    // The advice for a kiosk that is there leads to this one, and never to the other shop's.
    let said = office.complain(&add);
    assert!(said.contains("kiosk code nordmarkt-kallio-1-2`"), "{said}");
    // Other spellings of a touchpoint are the same touchpoint; others that only meet are not.
    for same in ["KALLIO 1", " Kallio  1 ", "Ｋallio １", "Kal\u{200b}lio 1"] {
        let add = ["kiosk", "add", "--shop", "nordmarkt", "--touchpoint", same];
        assert!(office.complain(&add).contains("already exists at Kallio 1"), "{same:?}");
    }
    assert_eq!(office.kiosk("nordmarkt", "Kallio-1"), "nordmarkt-kallio-1-3");
    let list = office.say(&["kiosk", "list"]);
    assert_eq!(list.lines().count(), 3, "{list}");
}

#[test]
fn a_short_name_can_be_chosen_and_is_one() {
    let office = Office::new();
    let shop = [&["shop", "add", "Kallio"][..], &ZONE].concat();
    assert_eq!(office.say(&[&shop[..], &["--id", "Shop-7"]].concat()), "shop-7\n");
    assert!(office.complain(&shop).contains("shop shop-7 already exists and is called Kallio"));
    let taken = office.complain(&[&shop[..], &["--id", "shop-7"]].concat());
    assert!(taken.contains("shop-7 is taken by shop Kallio"), "{taken}");
    let add = ["kiosk", "add", "--shop", "shop-7", "--touchpoint", "Exit"];
    assert!(office.say(&[&add[..], &["--id", "exit-left"]].concat()).starts_with("exit-left\n"));
    let taken = office.complain(&[&add[..], &["--id", "exit-left"]].concat());
    assert!(taken.contains("stands at Exit in shop shop-7"), "{taken}");
    // A second one at the same place, by a name of its own.
    assert!(office.say(&[&add[..], &["--id", "exit-right"]].concat()).starts_with("exit-right\n"));
    for bad in ["a b", "-a", "a_b", "", "../a", "a--b", &"x".repeat(81)] {
        let said = office.complain(&[&add[..], &["--id", bad]].concat());
        assert!(said.contains("is no short name"), "{bad:?}: {said}");
    }
}

#[test]
fn long_names_and_names_of_every_script_are_taken() {
    let office = Office::new();
    let family = "👨‍👩‍👧‍👦";
    for (name, short) in [
        ("売り場".repeat(30), "売り場".repeat(8) + "売り"),
        ("e\u{301}".repeat(90), "é".repeat(40)),
        (format!("{family} Eltern"), "eltern".to_owned()),
        ("سوق الحي".to_owned(), "سوق-الحي".to_owned()),
        ("Cafe\u{301}".to_owned(), "café".to_owned()),
    ] {
        let shop = office.shop(&name);
        assert_eq!(shop, short);
        for touchpoint in ["Exit", "🥐", &"x".repeat(100), &family.repeat(20)] {
            let kiosk = office.kiosk(&shop, touchpoint);
            let is_plain = kiosk.chars().all(|c| c.is_alphanumeric() || c == '-');
            assert!(is_plain && kiosk.len() <= 80, "what kiosks take: {kiosk}");
        }
    }
    let long = "ä".repeat(500);
    let (_, said) = office.say_both(&[&["shop", "add", long.as_str()][..], &ZONE].concat());
    assert!(said.contains("the name was cut after 100 characters"), "{said}");
    let composed = office.complain(&[&["shop", "add", "Café"][..], &ZONE].concat());
    assert!(composed.contains("shop café already exists"), "{composed}");
    for (bad, why) in
        [(" ", "the name is empty"), ("\u{200b}", "the name is empty"), ("a\u{7}", "control")]
    {
        let said = office.complain(&[&["shop", "add", bad][..], &ZONE].concat());
        assert!(said.contains(why), "{bad:?}: {said}");
        let add = ["kiosk", "add", "--shop", "café", "--touchpoint", bad];
        assert!(office.complain(&add).contains(why), "{bad:?}");
    }
    // However a short name is typed, it means the same.
    office.say(&["shop", "group", "CAFE\u{301}", "North"]);
    office.say(&["kiosk", "code", "Ｃafé-Exit"]);
}

#[test]
fn names_that_begin_with_a_hyphen_reach_every_command() {
    let office = Office::new();
    assert_eq!(office.shop("-Kallio"), "kallio");
    assert_eq!(office.shop("--Kamppi"), "kamppi");
    assert_eq!(office.kiosk("kallio", "-1"), "kallio-1");
    assert_eq!(office.kiosk("kallio", "--Exit--"), "kallio-exit");
    office.say(&["shop", "group", "kallio", "-North"]);
    let list = office.say(&["shop", "list"]);
    assert!(list.contains("kallio\t-Kallio\tEurope/Helsinki\tgroup -North\n"), "{list}");
    // An archive from elsewhere may hold such a short name; each command says that it is none here.
    for kiosk in [
        &["code", "-kallio"][..],
        &["letter", "-kallio", "letter.json"],
        &["renew", "-kallio"],
        &["revoke", "-kallio"],
        &["pin", "-kallio", "--forget"],
    ] {
        let said = office.complain(&[&["kiosk"], kiosk].concat());
        assert!(said.contains("there is no kiosk -kallio"), "{kiosk:?}: {said}");
    }
    let said = office.complain(&["reconcile", "--kiosk", "-kallio"]);
    assert!(said.contains("there is no kiosk -kallio"), "{said}");
    assert!(office.complain(&["shop", "pin", "-x", "--forget"]).contains("there is no shop -x"));
    // A name that was left out is not the next option.
    let output = office.ask(&["survey", "withdraw", "--group", "--shop"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("a name is missing before --shop"), "{said}");
}

#[test]
fn a_survey_for_nobody_says_so_and_names_what_there_is() {
    let office = Office::new();
    office.say(&[&["shop", "add", "Kallio", "--group", "North"][..], &ZONE].concat());
    office.kiosk("kallio", "Checkout");
    office.kiosk("kallio", "Exit");
    let file = office.folder.path().join("survey.toml");
    let text = "version = 1\n[[questions]]\nid = \"visit\"\nversion = 1\nscale = 5\n";
    std::fs::write(&file, text).unwrap();
    let publish = |scope: &[&str]| {
        let command = [&["survey", "publish", file.to_str().unwrap()], scope].concat();
        office.say_both(&command)
    };
    let (done, said) = publish(&[]);
    assert_eq!((done.as_str(), said.as_str()), ("1 published for all; it reaches 2 kiosks\n", ""));
    let (done, said) = publish(&["--touchpoint", "Exit"]);
    assert!(done.ends_with("it reaches 1 kiosk\n") && said.is_empty(), "{done}{said}");
    let (done, _) = publish(&[]);
    assert!(done.contains("it reaches 1 kiosk, and 1 kiosk in it ask the survey of a"), "{done}");
    for (scope, why) in [
        (["--group", "Nroth"], "no shop is in group Nroth; there is North"),
        (["--group", "NORTH"], "there is North: is it meant?"),
        (["--touchpoint", "Exxit"], "no kiosk stands at touchpoint Exxit; there is Checkout, Exit"),
    ] {
        let (done, said) = publish(&scope);
        assert!(done.ends_with("it reaches 0 kiosks\n") && said.contains(why), "{done}{said}");
    }
    let nowhere = ["survey", "publish", file.to_str().unwrap(), "--shop", "kalio"];
    assert!(office.complain(&nowhere).contains("there is no shop kalio"));
    // A question for a touchpoint that no kiosk has is never asked.
    let slot = "[[schedule]]\nquestion = \"visit\"\ntouchpoints = [\"Exit\", \"Bakery\"]\n";
    std::fs::write(&file, format!("{text}{slot}").replacen("version = 1", "version = 2", 1))
        .unwrap();
    let (_, said) = publish(&[]);
    assert_eq!(said, "note: no kiosk stands at touchpoint Bakery; there is Checkout, Exit\n");
}
