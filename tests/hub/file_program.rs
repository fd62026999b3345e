//! Tests of the hub's program with an archive in a file: backups, and what the doctor says.

use std::process::{Command, Stdio};

use smilepost::hub::archive::sqlite::part::Part;

use crate::engine::server::port::free_address;
use crate::program::{Office, PROGRAM};
use crate::started::Started;
use crate::words::{assert_plain, on_a_read_only_stick};

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
    let (kiosks, page) = (free_address(), free_address());
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
fn a_backup_that_cannot_be_written_is_answered_in_words() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    let [here, missing] = ["", "a/b/missing"].map(|name| office.folder.path().join(name));
    for (to, part) in [(here, "is there already"), (missing, "there is no such file or folder")] {
        let said = office.complain(&["backup", to.to_str().unwrap()]);
        assert!(said.contains(part), "{said}");
        assert_plain("backup", &said);
    }
    if let Some(said) = on_a_read_only_stick(&office, &["backup"]) {
        assert!(said.contains("write-protected"), "{said}");
        assert_plain("backup", &said);
    }
}

/// Kills a backup into a folder before its end.
fn kill_one(office: &Office, folder: &std::path::Path) {
    let begun = || parts(folder).iter().filter(|part| part.join("hub.sqlite").exists()).count();
    let before = begun();
    for number in 0.. {
        let mut command = Command::new(PROGRAM);
        command.arg("backup").arg(folder.join(format!("killed-{number}")));
        command.arg("--config").arg(office.folder.path().join("hub.toml"));
        let mut program = Started::by(command.stdout(Stdio::null()).stderr(Stdio::null()));
        while program.try_wait().unwrap().is_none() && begun() == before {
            std::thread::yield_now();
        }
        drop(program);
        if begun() > before {
            return;
        }
    }
}

/// The unfinished backups in a folder.
fn parts(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "part")).collect()
}

#[test]
fn what_a_killed_backup_has_left_goes_with_the_next_and_what_is_made_does_not() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    let folder = office.folder.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    let held = Part::within(&folder).unwrap();
    let of_held = vec![held.folder().to_owned()];
    kill_one(&office, &folder);
    assert_eq!(parts(&folder).len(), 2, "it is killed, and deletes nothing");
    office.say(&["backup", folder.join("next").to_str().unwrap()]);
    assert_eq!(parts(&folder), of_held, "another one is at work there");
    drop(held);
    kill_one(&office, &folder);
    office.say(&["backup", folder.join("last").to_str().unwrap()]);
    assert_eq!(parts(&folder), Vec::<std::path::PathBuf>::new());
    // A copy of an archive in PostgreSQL is made in the data folder.
    let left = office.folder.path().join("data/.smilepost-0123456789abcdef.part");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("lock"), "").unwrap();
    std::fs::write(left.join("hub.sqlite"), "half").unwrap();
    let said = String::from_utf8(office.ask(&["doctor"]).stdout).unwrap();
    assert!(
        said.contains("fine  data folder: what backups that were killed had left in"),
        "{said}"
    );
    assert!(!left.exists());
}
