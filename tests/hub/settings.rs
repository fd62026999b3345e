//! Tests of `hub.toml`, valid and invalid.

use std::path::Path;

use smilepost::hub::rules::keeping::Kept;
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
    assert_eq!(settings.archive.postgres, None);
    assert_eq!((settings.kept, whole.kept), (Kept::default(), Kept::default()));
}

#[test]
fn comments_are_kept_for_ninety_days_and_the_rest_for_ever_unless_it_is_said() {
    let kept = |text: &str| {
        read(&format!("data_dir = '/x'\n[keep]\n{text}\n")).map(|settings| settings.kept)
    };
    let (comments, ratings, notes) = (Some(90), None, None);
    assert_eq!(kept(""), Ok(Kept { comments, ratings, notes }));
    assert_eq!(kept("comments_days = 0"), Ok(Kept { comments: None, ratings, notes }));
    let all = Kept { comments: Some(30), ratings: Some(30), notes: Some(36_500) };
    assert_eq!(kept("comments_days = 30\nratings_days = 30\nnotes_days = 36500"), Ok(all));
    for (text, key, why) in [
        ("comments_days = 36501", "keep.comments_days", "must be 1 to 36500, or 0"),
        ("notes_days = 40000", "keep.notes_days", "must be 1 to 36500, or 0"),
        ("ratings_days = 89", "keep.ratings_days", "not be less than keep.comments_days (90"),
        ("comments_days = 0\nratings_days = 9", "keep.ratings_days", "belongs to its rating"),
    ] {
        let complaints = kept(text).unwrap_err();
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].starts_with(key) && complaints[0].contains(why), "{complaints:?}");
    }
    assert!(kept("comments_days = -1").is_err());
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

#[test]
fn the_archive_may_be_in_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s3cret\n").unwrap();
    let file = secret.display();
    let archive = |part: &str| read(&format!("data_dir = '/x'\n[archive]\n{part}"));
    let settings = archive(&format!(
        "url = 'postgres://hub@db1.example,db2.example:5433/smilepost'\npassword_file = '{file}'\n"
    ));
    let settings = settings.unwrap();
    let address = settings.archive.postgres.unwrap();
    assert_eq!(address.shown(), "smilepost at db1.example:5432, db2.example:5433 as hub");
    std::fs::write(&secret, "postgres://hub:s3cret@localhost/smilepost\n").unwrap();
    let settings = archive(&format!("url_file = '{file}'")).unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"), "{settings:?}");
    let shown = settings.archive.postgres.unwrap().shown();
    assert_eq!(shown, "smilepost at localhost:5432 as hub");
    for (part, said) in [
        ("url = 'db.example'", "archive.url: does not begin with postgres://"),
        ("url = 'postgres://hub:s3cret@h'", "archive.url: names no database"),
        ("url = 'postgres://hub:s3cret@h:x/y'", "archive.url: is no address such as"),
        ("url_file = '/nowhere/url'", "archive.url_file: /nowhere/url cannot be read"),
        ("password_file = '/x'", "archive.password_file: needs archive.url"),
        (
            "url = 'postgres://hub:s3cret@h/x'\npassword_file = '/nowhere/x'",
            "archive.password_file: stands beside a password",
        ),
        (
            "url = 'postgres://hub:s3cret@h/x'\nurl_file = '/x'",
            "archive.url_file: stands beside archive.url",
        ),
        ("url = 'postgres://hub@h/x'\nconnections = 1", "archive.connections: must be 2 to 1000"),
        ("replica = 'postgres://hub@h/x'", "archive.replica: needs archive.url"),
        ("url = 'postgres://hub@h/x'\nreplica = 'h'", "archive.replica: does not begin with"),
        ("uri = ''", "archive.uri: unknown key"),
    ] {
        let complaints = archive(part).unwrap_err();
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].starts_with(said), "{said}: {complaints:?}");
        assert!(!complaints[0].contains("s3cret"), "{complaints:?}");
    }
}
