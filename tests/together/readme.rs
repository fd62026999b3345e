//! A test that the commands in the README are understood as they stand there.

use std::process::Command;

use crate::parties::{HUB, KIOSK};

/// The words of a command as a shell would part them; quotes keep words together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut is_quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The lines of the README's code blocks, with continued lines put together.
fn commands() -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let text = text.replace("\\\n", " ").replace("$(date +%F)", "2026-11-27");
    let block = text.lines().filter_map(|line| line.strip_prefix("    "));
    block.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_commands_of_the_readme_are_understood_and_run_by_whoever_may_use_the_data() {
    let mut count = 0;
    for line in commands() {
        let line = line.split(" #").next().unwrap_or_default();
        let (program, rest) = if let Some(rest) = line.strip_prefix("hub ") {
            (HUB, rest)
        } else if let Some(rest) = line.strip_prefix("sudo smilepost-hub ") {
            (HUB, rest)
        } else if let Some(rest) = line.strip_prefix("sudo smilepost-kiosk ") {
            (KIOSK, rest)
        } else {
            let is_bare = line.starts_with("smilepost-") || line.contains(" -u smilepost-");
            assert!(!is_bare, "{line}: whoever types it may not use the data folder");
            continue;
        };
        assert!(!rest.contains("--config"), "{line}: the configuration is at its usual place");
        let nowhere = "/nowhere/smilepost.toml";
        let mut command = Command::new(program);
        command.args(words(rest));
        let is_without = rest.starts_with("survey check");
        if !is_without {
            command.args(["--config", nowhere]);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // A survey is read before the configuration.
        let is_understood = said.contains(nowhere) || said.contains("about survey.toml");
        assert!(is_understood && !said.contains("Usage:"), "{line}\n{said}");
        count += 1;
    }
    assert!(count > 12, "only {count} commands were found");
}

#[test]
fn the_configuration_has_a_usual_place() {
    for (program, file) in [(HUB, "hub.toml"), (KIOSK, "kiosk.toml")] {
        let tools: &[&[&str]] = match file {
            "hub.toml" => &[&["serve", "--help"], &["shop", "list", "--help"]],
            _ => &[&["run", "--help"], &["pin", "set", "--help"], &["doctor", "--help"]],
        };
        for tool in tools {
            let output = Command::new(program).args(*tool).output().unwrap();
            let help = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(help.contains(&format!("[default: /etc/smilepost/{file}]")), "{help}");
        }
    }
}
