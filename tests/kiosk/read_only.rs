//! Tests of what is named wrongly, and of a stick and a card that can only be read: really mounted
//! so, where the system lets its users mount anything.

use std::path::Path;
use std::process::Command;

use crate::program::{Kiosk, PROGRAM, ask, configure};

/// Commands on a file system of their own, which is read-only after the first ones.
const ON_A_READ_ONLY_DISK: &str = r#"
mount -t tmpfs tmpfs "$1" || exit 9
mkdir -p "$1/sda1/smilepost-export"
cp -r "$3/data" "$1/data"
mount -o remount,ro "$1" || exit 9
"$2" carry --config "$3/kiosk.toml" "$1/sda1/smilepost-export" > "$3/carry" 2>&1
"$2" doctor --config "$3/kiosk.toml" > "$3/stick" 2>&1
sed "s,$3/data,$1/data," "$3/kiosk.toml" > "$3/card.toml"
"$2" doctor --config "$3/card.toml" > "$3/card" 2>&1
echo 2580 | "$2" pin set --config "$3/card.toml" > "$3/pin" 2>&1
"$2" reset --config "$3/card.toml" > "$3/reset" 2>&1
"$2" enrol http://127.0.0.1:1 7K2QM-X9RTB --config "$3/card.toml" > "$3/enrol" 2>&1
true
"#;

#[test]
fn what_can_only_be_read_is_called_write_protected_and_never_in_the_systems_words() {
    let (disk, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = configure(folder.path(), &format!("[desk]\nsticks = {:?}\n", disk.path()));
    let mut kiosk = Kiosk::start(&config);
    kiosk.press("4");
    kiosk.stop();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", ON_A_READ_ONLY_DISK, "sh"]);
    let output = command.args([disk.path(), Path::new(PROGRAM), folder.path()]).output();
    if !output.is_ok_and(|output| output.status.success()) {
        // Not every system lets its users mount anything.
        return;
    }
    let said = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for name in ["carry", "stick", "card", "pin", "reset", "enrol"] {
        let said = said(name);
        let is_told = said.contains("write-protected") || said.contains("read-only?");
        assert!(is_told, "{name}: {said}");
        for word in ["Read-only file system", "os error"] {
            assert!(!said.contains(word), "{name}: {said}");
        }
    }
    assert!(said("stick").contains("WRONG stick: "), "{}", said("stick"));
    assert!(said("card").contains("WRONG data folder: "), "{}", said("card"));
}

#[test]
fn whatever_is_named_wrongly_is_answered_in_words_for_whoever_typed_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "");
    let mut kiosk = Kiosk::start(&config);
    kiosk.press("4");
    kiosk.stop();
    let (file, missing) = (folder.path().join("text.txt"), folder.path().join("a/b/missing"));
    std::fs::write(&file, "hello").unwrap();
    let [here, file, missing] = [folder.path(), &file, &missing].map(|it| it.to_str().unwrap());
    for (arguments, part) in [
        (vec!["runn"], "there is no command \"runn\"; did you mean run?"),
        (vec!["run", "--headles"], "did you mean --headless?"),
        (vec!["run", "extra"], "\"extra\" is one word too many"),
        (vec!["run", "--config", missing], "is not there: check its name"),
        (vec!["run", "--config", here], "it is a folder"),
        (vec!["run", "--config", &config, "--headless", "--witness", here], "it is a folder"),
        (vec!["run", "--config", &config, "--headless", "--witness", missing], "no such file or f"),
        (vec!["enrol", "--config", &config], "this is missing: <HUB_URL>, <CODE>"),
        (
            vec!["enrol", "--config", &config, "--before", "keep", "--letter", missing],
            "no such file or folder",
        ),
        (
            vec!["enrol", "--config", &config, "--before", "keep", "--letter", here],
            "it is not a regular file",
        ),
        (
            vec!["enrol", "--config", &config, "--before", "keep", "--letter", file],
            "is not a letter",
        ),
        (vec!["carry", "--config", &config, file], "the folder cannot be opened"),
        (vec!["carry", "--config", &config, missing], "there is no folder"),
        (vec!["summary", "--config", &config, "--format", "xml"], "it is one of text, json, csv"),
        (vec!["summary", "--config", &config, "--date", "today"], "is not a date such as"),
        (vec!["clock", "--config", &config], "options stand after the command"),
        (vec!["verify", "--format"], "needs one of these after it: text, json"),
    ] {
        let output = ask(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
        let library =
            ["os error", "No such file", "Is a directory", "unexpected", "invalid", "tip:"];
        for word in library {
            assert!(!said.contains(word), "{arguments:?}: {word}: {said}");
        }
        let last = said.lines().find(|line| line.starts_with("smilepost-kiosk: ")).unwrap_or("");
        let parts: Vec<&str> = last.split(": ").collect();
        assert!(parts.windows(2).all(|two| two[0] != two[1]), "said twice: {said}");
    }
}
