//! Tests of the kiosk's program on systems with newer, older, and other time-zone rules.

use std::path::Path;
use std::process::{Command, Output};

use chrono::Timelike as _;
use serde_json::Value;
use smilepost::clock;
use smilepost::feedback::moment;
use smilepost::feedback::zone::Zone;
use smilepost::zones::{Release, Zones};

use crate::program::{Kiosk, PROGRAM, configure, json};
use crate::rules::{NEWER, rules};

const VANCOUVER: &str = "America/Vancouver";

/// A kiosk's configuration with this zone, or none.
fn configured(folder: &Path, zone: Option<&str>) -> String {
    let config = configure(folder, "");
    let text = std::fs::read_to_string(&config).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("zone = "));
    let zone = zone.map(|zone| format!("zone = \"{zone}\"")).unwrap_or_default();
    let text: Vec<&str> = std::iter::once(zone.as_str()).chain(lines).collect();
    std::fs::write(&config, text.join("\n")).unwrap();
    config
}

/// Runs the program on a system with its rules there.
fn ask(system: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).env("TZDIR", system).output().unwrap()
}

fn doctor(system: &Path, config: &str) -> String {
    let output = ask(system, &["doctor", "--config", config]);
    let line = String::from_utf8(output.stdout).unwrap();
    line.lines().filter(|line| line.contains("time zone:")).collect::<Vec<_>>().join("\n")
}

fn summary(system: &Path, config: &str) -> Value {
    json(&ask(system, &["summary", "--config", config, "--format", "json"]))
}

/// The zone by the rules of this program.
fn built_in() -> Zone {
    Zones::at(Path::new("/nowhere")).zone(VANCOUVER).unwrap()
}

/// So many hours ahead of UTC that it is another day there than in Vancouver.
fn hours_to_another_day() -> i32 {
    if built_in().shown(clock::wall_ms()).hour() < 4 { -12 } else { 14 }
}

/// Counts what a kiosk has taken by the rules of a system, and by those of a zone at that moment.
fn is_counted_by(zone: &Zone, summary: impl Fn() -> Value) -> bool {
    let (before, found) = (moment::local(clock::wall_ms(), zone).0.to_string(), summary());
    let after = moment::local(clock::wall_ms(), zone).0.to_string();
    let is_day = found["date"] == before || found["date"] == after;
    is_day && found["hours"].as_array().unwrap().len() == 1
}

#[test]
fn days_and_hours_follow_the_systems_rules_where_they_are_newer() {
    let folder = tempfile::tempdir().unwrap();
    let config = configured(folder.path(), Some(VANCOUVER));
    let hours = hours_to_another_day();
    let newer = rules(folder.path(), NEWER, &[(VANCOUVER, hours)]);
    let older = rules(folder.path(), "2001a", &[(VANCOUVER, hours)]);
    let built_in_release = Release::built_in().unwrap().to_string();
    let same = rules(folder.path(), &built_in_release, &[(VANCOUVER, hours)]);
    let decided = Zones::at(&newer).zone(VANCOUVER).unwrap();
    assert_ne!(decided, built_in());
    let mut kiosk = Kiosk::start_in(&newer, &config);
    kiosk.press("5");
    // The running kiosk answers, by what it found itself.
    assert!(is_counted_by(&decided, || summary(Path::new("/nowhere"), &config)));
    kiosk.stop();
    assert!(is_counted_by(&decided, || summary(&newer, &config)));
    for system in [&older, &same, Path::new("/nowhere"), Path::new("zoneinfo")] {
        assert!(is_counted_by(&built_in(), || summary(system, &config)), "{}", system.display());
    }
    let said = doctor(&newer, &config);
    assert!(
        said.contains(&format!("fine  time zone: {VANCOUVER}, by release 2099a of ")),
        "{said}"
    );
    assert!(doctor(&older, &config).contains("has the older 2001a"));
    assert!(doctor(Path::new("zoneinfo"), &config).contains("TZDIR is zoneinfo, which must begin"));
}

#[test]
fn a_zone_that_nobody_knows_is_never_utc_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let mars = "Mars/Phobos";
    let newer = rules(folder.path(), NEWER, &[(mars, 2)]);
    let nowhere = Path::new("/nowhere");
    let config = configured(folder.path(), Some(mars));
    let refused = ask(nowhere, &["summary", "--config", &config]);
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(mars) && said.contains("tzdata"), "{said}");
    // Head office may know zones that this kiosk does not: then it works all the same, and says so.
    let config = configured(folder.path(), None);
    let data = folder.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let token = "ab".repeat(32);
    let enrolment = format!(
        "hub = \"\"\nkiosk = \"k\"\ntoken = \"{token}\"\nshop = \"S\"\nzone = \"{mars}\"\n"
    );
    std::fs::write(data.join("enrolment.toml"), enrolment).unwrap();
    let mut kiosk = Kiosk::start_in(nowhere, &config);
    kiosk.press("4");
    let told = summary(nowhere, &config);
    assert_eq!(told["zone"], "UTC, for the shop's time zone is not known");
    kiosk.stop();
    assert!(doctor(nowhere, &config).starts_with("WRONG time zone: Mars/Phobos is known neither"));
    let typed = ask(nowhere, &["clock", "set", "2026-11-22T17:05", "--config", &config]);
    assert!(String::from_utf8(typed.stderr).unwrap().contains("with its distance from UTC"));
    assert_eq!(summary(&newer, &config)["zone"], mars, "an update of the system brings it");
    assert!(doctor(&newer, &config).starts_with("fine  time zone: Mars/Phobos, by release 2099a"));
}
