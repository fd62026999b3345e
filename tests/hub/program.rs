//! Tests of the hub's program, run as head office runs it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::started::Started;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_smilepost-hub");

pub(crate) struct Office {
    pub(crate) folder: tempfile::TempDir,
}

impl Office {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("data_dir = {:?}\n", folder.path().join("data"));
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
fn a_newer_archive_is_refused() {
    let office = Office::new();
    office.say(&["shop", "list"]);
    let file = rusqlite::Connection::open(office.folder.path().join("data/hub.sqlite")).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    let said = office.complain(&["shop", "list"]);
    assert!(said.contains("schema 99") && said.contains("left untouched"), "{said}");
}

#[test]
fn head_office_keeps_only_the_hash_of_a_desks_pin() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    for touchpoint in ["Checkout 1", "Exit"] {
        office.say(&["kiosk", "add", "--shop", "kallio", "--touchpoint", touchpoint]);
    }
    let kept = || -> Vec<(i64, Option<String>)> {
        let file = office.folder.path().join("data/hub.sqlite");
        let archive = rusqlite::Connection::open(file).unwrap();
        let sql = "select pin_number, pin_hash from kiosk order by id";
        let mut statement = archive.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    for (bad, why) in [("1234\n", "easy to guess"), ("", "4 to 10 digits")] {
        let output = office.ask_with(&["shop", "pin", "kallio"], bad);
        assert_eq!(output.status.code(), Some(1), "{bad:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(kept(), [(0, None), (0, None)]);

    let output = office.ask_with(&["shop", "pin", "kallio"], "2580\n");
    assert!(String::from_utf8(output.stdout).unwrap().contains("at their next delivery: 2"));
    for (number, hash) in kept() {
        let hash = hash.unwrap();
        assert!(number == 1 && hash.starts_with("$argon2id$") && !hash.contains("2580"));
    }
    office.say(&["kiosk", "pin", "kallio-exit", "--forget"]);
    let kept = kept();
    assert!(kept[0].0 == 1 && kept[0].1.is_some(), "the other kiosk keeps its own");
    assert_eq!(kept[1], (2, None));
    let nobody = office.complain(&["kiosk", "pin", "nobody", "--forget"]);
    assert!(nobody.contains("there is no kiosk nobody"));
    let nowhere = office.complain(&["shop", "pin", "nowhere", "--forget"]);
    assert!(nowhere.contains("there is no shop nowhere"));
}

#[test]
fn head_office_backs_up_and_restores_from_the_command_line() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    assert!(office.complain(&["restored"]).contains("no kiosk is known"));
    office.say(&["kiosk", "add", "--shop", "kallio", "--touchpoint", "Exit"]);
    assert!(office.say(&["restored"]).contains("sends again"));
    let file = office.folder.path().join("monday.backup");
    let file = file.to_str().unwrap();
    assert!(office.say(&["backup", file]).contains("keep it secret"));
    assert!(office.complain(&["backup", file]).contains("is there already"));
    let data = office.folder.path().join("data");
    let refused = office.complain(&["restore", file]);
    assert!(refused.contains("restore into an empty folder"), "{refused}");
    std::fs::rename(&data, office.folder.path().join("old")).unwrap();
    let said = office.say(&["restore", file]);
    assert!(said.contains("hub.toml.of-backup; compare them with"), "{said}");
    assert!(office.say(&["kiosk", "list"]).starts_with("kallio-exit\t"));
}

#[test]
fn the_doctor_of_head_office_proves_what_it_says() {
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (kiosks, page) = (free(), free());
    let office = Office::new();
    let file = office.folder.path().join("hub.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(&format!("listen = \"{kiosks}\"\n[dashboard]\nlisten = \"{page}\"\n"));
    std::fs::write(&file, &text).unwrap();
    let says = |lines: &[&str]| {
        let output = office.ask(&["doctor"]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        for line in lines {
            assert!(said.contains(line), "{line}\nis not among\n{said}");
        }
        said
    };
    says(&["note  archive: there is none", "note  keys: none yet", "backup: none is known of"]);
    let zone = ["--zone", "Europe/Helsinki"];
    office.say(&[&["shop", "add", "Kallio"][..], &zone].concat());
    office.say(&["kiosk", "add", "--shop", "kallio", "--touchpoint", "Exit"]);
    let said = says(&[
        "fine  archive: all of its",
        "can be written",
        "note  kiosk kallio-exit: not enrolled",
        "kiosks: nobody listens at",
        "dashboard: nobody listens at",
    ]);
    assert!(!said.contains("fine  kiosks"), "{said}");
    office.say(&["backup", office.folder.path().join("x.backup").to_str().unwrap()]);
    says(&["fine  backup: the last one was made 0 hours ago"]);
    // Another program is no hub, and one that is silent is not waited for.
    let taken = std::net::TcpListener::bind(kiosks).unwrap();
    let silent = std::thread::spawn(move || drop(taken.accept().unwrap()));
    says(&["WRONG kiosks: something at", "does not answer as a hub does"]);
    silent.join().unwrap();
    let mut serve = Command::new(PROGRAM);
    serve.arg("serve").arg("--config").arg(&file).stderr(Stdio::null());
    let serve = Started::by(&mut serve);
    while std::net::TcpStream::connect(page).is_err() {
        std::thread::yield_now();
    }
    says(&[
        "fine  kiosks: the hub answers at",
        "fine  dashboard: the hub answers at",
        "fine  keys",
    ]);
    drop(serve);
    // Damage, and a key that does not fit.
    std::fs::write(&file, format!("{text}[tls]\ncertificate = \"/nowhere.pem\"\nkey = \"/x\"\n"))
        .unwrap();
    says(&["WRONG certificate: ", "/nowhere.pem", "tls.certificate"]);
    for name in ["hub.sqlite-wal", "hub.sqlite-shm"] {
        let _ = std::fs::remove_file(office.folder.path().join("data").join(name));
    }
    std::fs::write(office.folder.path().join("data/hub.sqlite"), vec![7; 40_960]).unwrap();
    says(&["WRONG archive: ", "smilepost-hub restore"]);
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
