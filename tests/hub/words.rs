//! Tests of what a person is told who names something wrongly, or a stick that can only be read.

use std::path::Path;
use std::process::Command;

use crate::program::{Office, PROGRAM};

/// Whether it is said in words of ours, once.
pub(crate) fn assert_plain(what: &str, said: &str) {
    let words = ["os error", "No such file", "Is a directory", "File exists", "Read-only file"];
    for word in words.into_iter().chain(["unexpected", "invalid", "subcommand", "tip:"]) {
        assert!(!said.contains(word), "{what}: {word}: {said}");
    }
    let last = said.lines().find(|line| line.starts_with("smilepost-hub: ")).unwrap_or("");
    let parts: Vec<&str> = last.split(": ").collect();
    assert!(parts.windows(2).all(|two| two[0] != two[1]), "said twice: {said}");
}

#[test]
fn whatever_is_named_wrongly_is_answered_in_words_for_whoever_typed_it() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    office.say(&["kiosk", "add", "--shop", "kallio", "--touchpoint", "A"]);
    let text = office.folder.path().join("text.txt");
    std::fs::write(&text, "hello").unwrap();
    let missing = office.folder.path().join("a/b/missing");
    let [here, text, missing] =
        [office.folder.path(), &text, &missing].map(|it| it.to_str().unwrap());
    for (arguments, part) in [
        (vec!["serv"], "there is no command \"serv\"; did you mean survey or serve?"),
        (vec!["serve", "--port", "1"], "there is no option --port here"),
        (vec!["kiosk", "add", "--shop", "kallio"], "this is missing: --touchpoint <TOUCHPOINT>"),
        (vec!["shop", "add", "Kallio"], "this is missing: --zone <ZONE>"),
        (vec!["kiosk", "letter", "kallio-a", here], "something has this name already"),
        (vec!["kiosk", "letter", "kallio-a", missing], "there is no such file or folder"),
        (vec!["survey", "publish", missing], "is not there: check its name"),
        (vec!["survey", "publish", here], "it is a folder"),
        (vec!["import", missing], "there is no such file or folder"),
        (vec!["import", text], "this is not a delivery written by a kiosk"),
        (vec!["export", "--format", "xml"], "it is one of csv, jsonl"),
        (vec!["export", "--from", "x"], "there is no option --from here"),
        (vec!["shop", "list", "extra"], "\"extra\" is one word too many"),
    ] {
        let output = office.ask(&arguments);
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(!output.status.success(), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert_plain(&format!("{arguments:?}"), &said);
    }
}

/// What a command is told that is to write onto a stick which can only be read; none where nobody
/// may make such a stick. The name of its file is put at the end of the command.
pub(crate) fn on_a_read_only_stick(office: &Office, arguments: &[&str]) -> Option<String> {
    const SCRIPT: &str = r#"
        stick=$1; program=$2; shift 2
        mount -t tmpfs -o ro tmpfs "$stick" || exit 9
        exec "$program" "$@"
    "#;
    let stick = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"]);
    command.args([stick.path(), Path::new(PROGRAM)]).args(arguments).arg(stick.path().join("x"));
    command.arg("--config").arg(office.folder.path().join("hub.toml"));
    // Not every system lets its users mount anything.
    let output = command.output().ok().filter(|output| output.status.code() == Some(1))?;
    let said = String::from_utf8(output.stderr).unwrap();
    said.contains("smilepost-hub: ").then_some(said)
}

#[test]
fn a_stick_that_can_only_be_read_is_called_write_protected() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    office.say(&["kiosk", "add", "--shop", "kallio", "--touchpoint", "A"]);
    if let Some(said) = on_a_read_only_stick(&office, &["kiosk", "letter", "kallio-a"]) {
        assert!(said.contains("write-protected"), "{said}");
        assert_plain("letter", &said);
    }
}
