//! Tests of the hub's program, run as head office runs it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::engine::{self, Place};
use crate::raw::raw;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_smilepost-hub");

pub(crate) struct Office {
    pub(crate) folder: Place,
}

impl Office {
    pub(crate) fn new() -> Self {
        let folder = Place::new();
        let archive = engine::lines(folder.path());
        let text = format!("data_dir = {:?}\n{archive}", folder.path().join("data"));
        std::fs::write(folder.path().join("hub.toml"), text).unwrap();
        Self { folder }
    }

    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--config").arg(self.folder.path().join("hub.toml"));
        command.output().unwrap()
    }

    /// Runs a command with a line piped in.
    pub(crate) fn ask_with(&self, arguments: &[&str], line: &str) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--config").arg(self.folder.path().join("hub.toml"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = command.spawn().unwrap();
        program.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
        program.wait_with_output().unwrap()
    }

    pub(crate) fn say(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn complain(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn shops_and_kiosks_are_set_up_from_the_command_line() {
    let office = Office::new();
    let zone = ["--zone", "Europe/Helsinki"];
    let shop = ["shop", "add", "Nordmarkt Kallio"];
    assert_eq!(office.say(&[&shop[..], &zone].concat()), "nordmarkt-kallio\n");
    assert!(office.complain(&[&shop[..], &zone].concat()).contains("nordmarkt-kallio already"));
    let bad = [&shop[..], &["--zone", "Europe/Kallio"]].concat();
    assert!(office.complain(&bad).contains("\"Europe/Kallio\" is not an IANA time zone"));
    let nameless = [&["shop", "add", "!!!"][..], &zone].concat();
    assert!(office.complain(&nameless).contains("no short name can be made"));
    let kiosk = ["kiosk", "add", "--shop", "nordmarkt-kallio", "--touchpoint", "Checkout 1"];
    let printed = office.say(&kiosk);
    let (id, code) = printed.trim().split_once('\n').unwrap();
    assert_eq!((id, code.len()), ("nordmarkt-kallio-checkout-1", 11));
    assert!(office.complain(&kiosk).contains("kiosk code nordmarkt-kallio-checkout-1"));
    let elsewhere = ["kiosk", "add", "--shop", "nowhere", "--touchpoint", "x"];
    assert!(office.complain(&elsewhere).contains("there is no shop nowhere"));
    assert_ne!(office.say(&["kiosk", "code", id]), printed);
    assert!(office.complain(&["kiosk", "code", "nobody"]).contains("there is no kiosk nobody"));
    assert!(office.complain(&["kiosk", "revoke", id]).contains("has no token to revoke"));
    let list = office.say(&["kiosk", "list"]);
    let expected = "nordmarkt-kallio-checkout-1\tnordmarkt-kallio\tCheckout 1\tnot enrolled\t\
                    last contact never\tholds 0\n";
    assert_eq!(list, expected);
    let heading = office.say(&["export"]);
    assert!(heading.starts_with("shop,kiosk,touchpoint,") && heading.lines().count() == 1);
    assert_eq!(office.say(&["export", "--format", "jsonl"]), "");
}

#[test]
fn head_office_keeps_only_the_hash_of_a_desks_pin() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    for touchpoint in ["Checkout 1", "Exit"] {
        office.say(&["kiosk", "add", "--shop", "kallio", "--touchpoint", touchpoint]);
    }
    let kept = || {
        let sql = "select pin_number, pin_hash from kiosk order by id";
        raw(&office.folder.path().join("data")).rows(sql)
    };
    for (bad, why) in [("1234\n", "easy to guess"), ("", "4 to 10 digits")] {
        let output = office.ask_with(&["shop", "pin", "kallio"], bad);
        assert_eq!(output.status.code(), Some(1), "{bad:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(kept(), [["0", "null"], ["0", "null"]]);

    let output = office.ask_with(&["shop", "pin", "kallio"], "2580\n");
    assert!(String::from_utf8(output.stdout).unwrap().contains("at their next delivery: 2"));
    for row in kept() {
        let (number, hash) = (&row[0], &row[1]);
        assert!(number == "1" && hash.starts_with("$argon2id$") && !hash.contains("2580"));
    }
    office.say(&["kiosk", "pin", "kallio-exit", "--forget"]);
    let kept = kept();
    assert!(kept[0][0] == "1" && kept[0][1] != "null", "the other kiosk keeps its own");
    assert_eq!(kept[1], ["2", "null"]);
    let nobody = office.complain(&["kiosk", "pin", "nobody", "--forget"]);
    assert!(nobody.contains("there is no kiosk nobody"));
    let nowhere = office.complain(&["shop", "pin", "nowhere", "--forget"]);
    assert!(nowhere.contains("there is no shop nowhere"));
}

#[test]
fn a_survey_that_needs_other_fonts_says_which() {
    let office = Office::new();
    let file = office.folder.path().join("survey.toml");
    let text = |question: &str| {
        format!(
            "version = 1\n[[questions]]\nid = \"x\"\nversion = 1\nscale = 3\n\
             [[questions.texts]]\nlanguage = \"en\"\nquestion = \"{question}\"\n\
             faces = [\"Bad\", \"Okay\", \"Good\"]\n"
        )
    };
    let check = |question: &str| {
        std::fs::write(&file, text(question)).unwrap();
        let mut command = Command::new(PROGRAM);
        let output = command.args(["survey", "check"]).arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!check("How was it? – naïve, €, Ελλάδα, Привіт").contains("note:"));
    let said = check("How was it? レジ ☕ ᏣᎳᎩ");
    for part in ["note: language en: 6 characters", "fonts-noto-cjk", "fonts-noto-core"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
