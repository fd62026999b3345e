//! The walls of the house: which room may use which, and who alone knows each outside world.
//!
//! The rules are data; a breach is a sentence that names the file, the line and the rule.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/graph.rs"]
mod graph;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use circles::circles;
use graph::Graph;

/// Files that stand in a circle still; to be none, and then this constant goes.
const FILES_IN_CIRCLES: usize = 64;

/// What each room may use of the others. `DESIGN`: arrows lead from outside to inside.
const MAY_USE: &[(&str, &[&str])] = &[
    ("feedback", &[]),
    ("wire", &["feedback"]),
    ("clock", &["feedback"]),
    ("config", &[]),
    ("file", &[]),
    ("secret", &[]),
    ("web", &["secret"]),
    ("carried", &["wire", "secret", "file"]),
    ("program", &["config"]),
    ("kiosk", &["feedback", "wire", "clock", "config", "file", "secret", "web", "carried"]),
    ("hub", &["feedback", "wire", "clock", "config", "file", "secret", "web", "carried"]),
];

/// Who alone may name each crate or part of the standard library, by the beginning of the path.
const OWNERS: &[(&str, &[&str])] = &[
    ("slint", &["src/kiosk/screen"]),
    ("rppal", &["src/kiosk/buttons"]),
    ("gpiocdev", &["src/kiosk/buttons"]),
    ("argon2", &["src/secret"]),
    ("rusqlite", &["src/kiosk/journal", "src/hub/archive/sqlite"]),
    ("reqwest", &["src/kiosk/uplink"]),
    ("rustls", &["src/kiosk/uplink", "src/kiosk/desk/phone", "src/hub.rs"]),
    ("tokio_rustls", &["src/kiosk/desk/phone"]),
    ("rcgen", &["src/kiosk/desk/phone"]),
    ("hyper", &["src/kiosk/desk/phone"]),
    ("governor", &["src/kiosk/desk/phone"]),
    ("qrcodegen", &["src/kiosk/desk/phone"]),
    ("polib", &["src/kiosk/desk/words"]),
    ("rustls_native_certs", &["src/kiosk/uplink"]),
    ("libc", &["src/clock"]),
    ("axum", &["src/hub", "src/kiosk/desk/phone"]),
    ("axum_server", &["src/hub.rs"]),
    ("tower_http", &["src/hub", "src/kiosk/desk/phone"]),
    ("maud", &["src/hub/dashboard", "src/kiosk/desk/paper", "src/kiosk/desk/phone"]),
    ("sha2", &["src/hub", "src/kiosk/desk/phone", "src/carried/seal"]),
    ("rustix", &["src/clock", "src/kiosk/desk/phone", "src/kiosk/witness", "src/kiosk/journal"]),
    ("signal_hook", &["src/bin"]),
    ("clap", &["src/bin", "src/program"]),
    ("base64", &["src/kiosk/desk/phone", "src/carried/file"]),
    ("hpke", &["src/carried/seal"]),
    ("ring", &["src/carried/seal"]),
    ("anyhow", &["src/bin", "src/program", "src/kiosk.rs", "src/hub.rs"]),
    ("tracing_subscriber", &["src/program"]),
    ("toml", &["src/config", "src/kiosk/settings"]),
    ("std::env::var", &["src/bin", "src/kiosk/screen"]),
    ("std::env::var_os", &["src/bin", "src/kiosk/screen"]),
    ("SystemTime", &[]),
    ("Instant", &[]),
    ("Utc::now", &[]),
];

/// What the pure core does without.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::sync",
    "serde",
    "tokio",
    "rand",
    "tracing",
    "unsafe",
    "cfg(feature",
];

/// Where a shape is made for somebody else to read; a serializable type is a promise.
const MAY_SERIALIZE: &[&str] =
    &["src/wire", "src/kiosk/settings", "src/hub/settings", "src/config"];

/// What may stand at the top of the tree, and no more.
const TOP_LEVEL: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".git",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "build.rs",
    "cross.toml",
    "deny.toml",
    "src",
    "systemd",
    "target",
    "tests",
    "ui",
];

/// Names that say nothing, or that another word of ours stands for.
const NAMELESS: &[&str] = &["utils", "util", "common", "helpers", "misc", "store", "manager"];

fn breaches(path: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let room = path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default();
    let mut in_tests = false;
    for (number, line) in (1..).zip(text.lines()) {
        in_tests |= line.starts_with("#[cfg(test)]");
        let code = line.split("//").next().unwrap_or_default();
        let mut breach = |rule: String| breaches.push(format!("{path}:{number}: {rule}"));
        for (other, _) in MAY_USE {
            let allowed =
                MAY_USE.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed);
            let is_named = [format!("crate::{other}::"), format!("crate::{other};")]
                .iter()
                .any(|path| code.contains(path.as_str()) && !code.contains(&format!("pub({path}")));
            if is_named && other != &room && allowed.is_some_and(|rooms| !rooms.contains(other)) {
                breach(format!("{room} may not use {other}"));
            }
        }
        for (world, owners) in OWNERS {
            if !owners.iter().any(|owner| path.starts_with(owner)) && names(code, world) {
                breach(format!("{world} is known to {owners:?} alone"));
            }
        }
        if room == "feedback" && !in_tests {
            for impurity in IMPURE.iter().filter(|impurity| names(code, impurity)) {
                breach(format!("the core does without {impurity}"));
            }
        }
        let is_shape = code.contains("derive(") && code.contains("Serialize")
            || code.contains("derive(") && code.contains("Deserialize");
        let may = in_tests || MAY_SERIALIZE.iter().any(|place| path.starts_with(place));
        if is_shape && !may {
            breach("a shape for others to read belongs into wire or settings".to_owned());
        }
        if line.chars().count() > 100 {
            breach("is longer than 100 columns".to_owned());
        }
    }
    breaches
}

/// Whether the code names a crate or a path, and not just a longer word that contains it.
fn names(code: &str, what: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(what).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + what.len()..].chars().next();
        let is_path = what.contains([':', '(']) || what.starts_with(char::is_uppercase);
        let is_whole = !before.is_some_and(is_word) && !after.is_some_and(is_word);
        let is_local = before == Some(':') || before == Some('.') || before == Some('"');
        is_whole && (is_path || (after == Some(':') || after == Some(';')) && !is_local)
            || what.ends_with('(') && !before.is_some_and(is_word)
            || (what == "unsafe" && is_whole)
    })
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no .{ending} files under {folder}");
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

fn check_all(is_checked: impl Fn(&str) -> bool) {
    let mut all = Vec::new();
    for path in files("src", "rs") {
        let name = relative(&path);
        if is_checked(&name) {
            all.extend(breaches(&name, &std::fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

fn sources() -> BTreeMap<String, String> {
    let files = files("src", "rs");
    files.iter().map(|path| (relative(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// `SMILEPOST_TIDY_REPORT=1 cargo test --test tidy no_file -- --nocapture` prints what there is.
#[test]
fn no_file_uses_another_that_uses_it() {
    let graph = Graph::read(&sources());
    assert!(graph.complaints.is_empty(), "{:#?}", graph.complaints);
    let circles = circles(&graph.arrows());
    let report: String = circles.iter().map(|circle| format!("{circle}\n")).collect();
    if std::env::var_os("SMILEPOST_TIDY_REPORT").is_some() {
        println!("{report}");
    }
    let files: usize = circles.iter().map(|circle| circle.files.len()).sum();
    assert!(files <= FILES_IN_CIRCLES, "{files} files stand in a circle\n{report}");
}

#[test]
fn rooms_use_only_what_they_may_and_each_outside_world_has_its_owner() {
    check_all(|path| !path.starts_with("src/feedback"));
}

#[test]
fn the_core_is_pure() {
    check_all(|path| path.starts_with("src/feedback"));
}

#[test]
fn a_breach_is_found() {
    let found = |path: &str, line: &str| breaches(path, line).len();
    for (path, line) in [
        ("src/kiosk/desk.rs", "use crate::hub::archive::Archive;"),
        ("src/hub/intake.rs", "    crate::kiosk::journal::Journal::open();"),
        ("src/feedback/tally.rs", "use crate::wire::delivery::Event;"),
        ("src/wire/receipt.rs", "use crate::clock;"),
        ("src/kiosk/attendant.rs", "use slint::Weak;"),
        ("src/kiosk/attendant.rs", "let connection = rusqlite::Connection::open(x);"),
        ("src/hub/dashboard.rs", "use rusqlite::params;"),
        ("src/feedback/visit.rs", "use std::fs::File;"),
        ("src/feedback/visit.rs", "#[cfg(feature = \"kiosk\")]"),
        ("src/feedback/visit.rs", "let now = std::time::Instant::now();"),
        ("src/kiosk/uplink.rs", "let now = SystemTime::now();"),
        ("src/hub/intake.rs", "#[derive(Debug, Serialize)]"),
        ("src/hub/intake.rs", "use anyhow::Context as _;"),
    ] {
        assert_eq!(found(path, line), 1, "{path}: {line}");
    }
    for (path, line) in [
        ("src/kiosk/desk.rs", "use crate::feedback::tally::Tally;"),
        ("src/kiosk/attendant.rs", "// slint::Weak would be wrong here."),
        ("src/kiosk/screen.rs", "use slint::Weak;"),
        ("src/kiosk.rs", "use self::screen::Screen;"),
        ("src/kiosk/buttons.rs", "        Driver::Rppal => rppal::start(settings)?,"),
    ] {
        assert_eq!(found(path, line), 0, "{path}: {line}");
    }
}

#[test]
fn the_top_of_the_tree_holds_what_tools_need_and_no_more() {
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(TOP_LEVEL.contains(&name.as_str()), "{name} does not belong at the top");
    }
    for path in files("src", "rs").into_iter().chain(files("ui", "slint")) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(stem != "mod" && !NAMELESS.contains(&stem.as_str()), "{}", path.display());
    }
}

#[test]
fn every_colour_size_and_duration_of_the_screens_is_named_in_the_theme() {
    for path in files("ui", "slint") {
        if path.ends_with("theme.slint") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            let is_colour =
                code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '#')).any(|word| {
                    word.strip_prefix('#')
                        .is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()))
                });
            let is_time = code.split([' ', ':', ';']).any(|word| {
                word.strip_suffix("ms").is_some_and(|n| !n.is_empty() && n.parse::<u32>().is_ok())
            });
            let at = format!("{}:{number}: {line}", path.display());
            assert!(!is_colour && !is_time, "belongs into the theme: {at}");
        }
    }
}

#[test]
fn whatever_can_be_touched_has_a_role_a_label_and_an_action() {
    for path in files("ui/components", "slint") {
        let text = std::fs::read_to_string(&path).unwrap();
        // A target is a part of what is touched, which says the rest; the paper does nothing.
        let is_part = path.ends_with("target.slint") || path.ends_with("paper.slint");
        if (text.contains("TouchArea") || text.contains("Target {")) && !is_part {
            for handle in
                ["accessible-role: button", "accessible-label", "accessible-action-default"]
            {
                assert!(text.contains(handle), "{} lacks {handle}", path.display());
            }
        }
    }
}

#[test]
fn every_test_that_the_map_names_is_there() {
    let map = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut all = String::new();
    for path in files("tests", "rs").into_iter().chain(files("src", "rs")) {
        all.push_str(&std::fs::read_to_string(path).unwrap());
    }
    let named = map.split('`').skip(1).step_by(2).filter(|name| name.contains("tests"));
    let named: Vec<_> = named.filter_map(|name| name.rsplit_once("::")).collect();
    assert!(named.len() >= 6, "{named:?}");
    for (_, test) in named {
        assert!(all.contains(&format!("fn {test}(")), "there is no test {test}");
    }
}
