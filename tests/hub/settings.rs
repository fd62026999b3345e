//! Tests of `hub.toml`, valid and invalid.

use std::path::Path;

use smilepost::hub::settings::Settings;

fn read(text: &str) -> Result<Settings, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.toml");
    std::fs::write(&file, text).unwrap();
    Settings::read(&file).map_err(|complaints| complaints.list().to_vec())
}

#[test]
fn the_reference_is_read_with_and_without_every_key_set() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/hub.toml");
    let reference = std::fs::read_to_string(file).unwrap();
    let settings = read(&reference).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8480");
    assert_eq!(settings.dashboard.to_string(), "127.0.0.1:8481");
    let is_key = |line: &str| {
        line.starts_with('#') && line[1..].starts_with(|c: char| c.is_ascii_lowercase())
    };
    let lines = reference.lines().map(|line| if is_key(line) { &line[1..] } else { line });
    let whole = read(&lines.collect::<Vec<_>>().join("\n")).unwrap();
    assert_eq!((whole.listen, whole.dashboard), (settings.listen, settings.dashboard));
    assert!(whole.tls.is_some());
    assert_eq!(whole.dashboard_names, ["hub.example.org"]);
}

#[test]
fn every_complaint_comes_at_once() {
    let complaints = read(
        "listen = '0.0.0.0:8480'\nport = 1\n[dashboard]\nlisten = '0.0.0.0:8481'\n\
        names = ['hub.example.org:443']\n[tls]\nkey = 'x'\n",
    )
    .unwrap_err();
    let all = complaints.join("\n");
    for said in [
        "port: unknown key; known here: data_dir, ",
        "data_dir: is missing",
        "listen: would receive tokens over plain HTTP",
        "dashboard.listen: would show every number",
        "dashboard.names: \"hub.example.org:443\" is not a host name",
        "tls.certificate: is missing",
    ] {
        assert!(all.contains(said), "{said}\nis not among\n{all}");
    }
    assert_eq!(complaints.len(), 6, "{all}");
}

#[test]
fn an_address_that_is_none_is_named() {
    let complaints = read("data_dir = '/x'\nlisten = 'localhost'\n").unwrap_err();
    assert_eq!(complaints, ["listen: \"localhost\" is not an address such as 127.0.0.1:8480"]);
}
