//! The archive in PostgreSQL, as it is opened: what is refused before anything is touched, and what
//! is found in the database then.

use std::collections::BTreeMap;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use smilepost::hub::archive::postgres::{ArchiveAddress, SCHEMA_VERSION};
use smilepost::hub::archive::{Archive, ArchiveSettings};

use crate::engine::server::{Database, Server, Setup};

/// How many tables there are.
const TABLES: &str = "select count(*) from pg_tables where schemaname = 'public'";

/// Opens the archive at an address; says what is wrong when it cannot.
async fn open(address: &str) -> Result<Archive, String> {
    open_at(ArchiveAddress::read(address).unwrap()).await
}

async fn open_at(address: ArchiveAddress) -> Result<Archive, String> {
    let folder = tempfile::tempdir().unwrap();
    let settings = ArchiveSettings { postgres: Some(address), replica: None };
    let opened = Archive::open(folder.path(), &settings).await;
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "no file is made");
    opened.map_err(|error| {
        let mut all = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            all = format!("{all}: {cause}");
            source = cause.source();
        }
        all
    })
}

/// The address of a database for another role.
fn as_role(address: &str, role: &str) -> String {
    let (_, place) = address.split_once('@').unwrap();
    format!("postgres://{role}@{place}")
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_hubs_that_start_at_once_make_the_tables_once() {
    let database = Database::new().await;
    let starting = (0..8).map(|_| {
        let address = database.address.clone();
        tokio::spawn(async move { open(&address).await.unwrap() })
    });
    for one in starting.collect::<Vec<_>>() {
        one.await.unwrap().close().await;
    }
    let schema = database.value("select value from meta where key = 'schema'").await;
    assert_eq!(schema, SCHEMA_VERSION.to_string());
    let epoch = database.value("select value from meta where key = 'epoch'").await;
    open(&database.address).await.unwrap().close().await;
    assert_eq!(database.value("select value from meta where key = 'epoch'").await, epoch);
    assert_eq!(database.value("select pos from feed").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_a_newer_program_is_left_untouched() {
    let database = Database::new().await;
    let sql = "create table meta (key text primary key, value bigint);
               insert into meta values ('schema', 99)";
    database.ask(sql).await;
    let error = open(&database.address).await.unwrap_err();
    let known = SCHEMA_VERSION;
    let said = format!(
        "has schema 99, and this program knows up to {known}: it was left untouched; install the \
         newer smilepost-hub again"
    );
    assert!(error.contains(&said), "{error}");
    assert_eq!(database.value(TABLES).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_rights_is_told_which_ones_and_by_whom() {
    let database = Database::new().await;
    let role = format!("poor_{}", database.name);
    database
        .ask(&format!("create role \"{role}\" login; revoke create on schema public from public"))
        .await;
    let address = as_role(&database.address, &role);
    let error = open(&address).await.unwrap_err();
    let cure = format!("as an administrator: grant usage, create on schema public to {role}");
    assert!(error.contains(&format!("the role {role} may not make tables in the schema public")));
    assert!(error.contains(&cure), "{error}");
    assert_eq!(database.value(TABLES).await, "0");
    database.ask(&format!("grant usage, create on schema public to {role}")).await;
    open(&address).await.unwrap().close().await;
    database.ask(&format!("revoke create on schema public from {role}")).await;
    open(&address).await.expect("what is made already needs no right to make it");
    database.ask(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_keeps_texts_in_another_way_is_refused() {
    let like = "encoding 'SQL_ASCII' template template0 locale 'C'";
    let database = Server::shared().database_like(like).await;
    let error = open(&database.address).await.unwrap_err();
    assert!(error.contains("it keeps texts as SQL_ASCII, and the archive needs UTF8"), "{error}");
    let database = Database::new().await;
    let name = &database.name;
    database.ask(&format!("alter database {name} set synchronous_commit = off")).await;
    let error = open(&database.address).await.unwrap_err();
    assert!(error.contains("synchronous_commit is off"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_in_words_and_without_the_password() {
    let database = Database::new().await;
    let other = database.address.replace(&database.name, "nowhere");
    for (address, said) in [
        (other, "there is no such database on the server"),
        ("postgres://hub:s3cret@127.0.0.1:1/x".to_owned(), "the database server cannot be reached"),
        (format!("{}?sslmode=require", database.address), "switch its ssl on"),
    ] {
        let error = open(&address).await.unwrap_err();
        assert!(error.contains(said), "{said}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    database.ask("create table meta (key text)").await;
    let error = open(&database.address).await.unwrap_err();
    assert!(error.contains("is it the right one?"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_and_the_right_one_is_not() {
    let server = Server::start(&Setup::default());
    let database = server.database().await;
    database.ask("create role locked login superuser password 'right'").await;
    let address = as_role(&database.address, "locked");
    let error = open(&address).await.unwrap_err();
    assert!(error.contains("set archive.password_file"), "{error}");
    let with = |password| ArchiveAddress::read(&address).unwrap().with_password(password);
    let error = open_at(with("wrong")).await.unwrap_err();
    assert!(error.contains("the database server refuses the role or its password"), "{error}");
    open_at(with("right")).await.unwrap().close().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let with_file =
        || ArchiveAddress::read(&address).unwrap().with_password_file(Some(file.clone()));
    let error = open_at(with_file()).await.unwrap_err();
    assert!(error.contains("archive.password_file: ") && error.contains("cannot be read"));
    std::fs::write(&file, "right\n").unwrap();
    open_at(with_file()).await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_proves_who_it_is_by_a_certificate() {
    let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = || {
        CertifiedIssuer::self_signed(of_authority.clone(), KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, strange) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ours).unwrap();
    let server = Server::start(&Setup {
        conf: "ssl = on\nssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'",
        hba: "hostnossl all hub all reject",
        files: &[("server.pem", &certificate.pem()), ("server.key", &key.serialize_pem())],
        ..Setup::default()
    });
    let database = server.database().await;
    database.ask("create role hub login superuser").await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        Some(file)
    };
    let (ours, strange) = (file("ours", &ours.pem()), file("strange", &strange.pem()));
    let address = format!("{}?sslmode=require", as_role(&database.address, "hub"));
    let read = |address: &str| ArchiveAddress::read(address).unwrap();
    open_at(read(&address).vouched_by(ours.clone())).await.unwrap().close().await;
    let by_name = address.replace("127.0.0.1", "localhost");
    open_at(read(&by_name).vouched_by(ours)).await.unwrap().close().await;
    for unknown in [strange, None] {
        let error = open_at(read(&address).vouched_by(unknown)).await.unwrap_err();
        assert!(error.contains("the certificate of the database server does not hold"), "{error}");
    }
    let plain = open(&address.replace("require", "disable")).await.unwrap_err();
    assert!(plain.contains("refuses the role"), "{plain}");
    let none = file("none", "");
    let error = open_at(read(&address).vouched_by(none)).await.unwrap_err();
    assert!(error.contains("archive.ca_file"), "{error}");
}

/// The tables that systemd/citus.sql distributes, each with its key; reference tables have none.
fn spread() -> BTreeMap<String, Option<String>> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/citus.sql");
    let text = std::fs::read_to_string(file).unwrap();
    let calls = text.lines().filter_map(|line| line.strip_prefix("select create_"));
    calls
        .map(|call| {
            let words: Vec<&str> = call.split('\'').collect();
            let is_reference = call.starts_with("reference_table");
            (words[1].to_owned(), (!is_reference).then(|| words[3].to_owned()))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_can_be_spread_over_a_cluster() {
    let database = Database::new().await;
    open(&database.address).await.unwrap().close().await;
    let spread = spread();
    let near = ["guess", "meta", "moving", "rehearsal", "secret", "transfer"];
    let named = spread.keys().map(String::as_str).chain(near);
    let mut named: Vec<&str> = named.collect();
    named.sort_unstable();
    let sql = "select tablename from pg_tables where schemaname = 'public'";
    let mut tables: Vec<String> = database.ask(sql).await.into_iter().flatten().collect();
    tables.sort_unstable();
    assert_eq!(tables, named, "systemd/citus.sql names every table");
    let sql = "select c.relname, i.relname, string_agg(a.attname, ',')
        from pg_index x join pg_class c on c.oid = x.indrelid
        join pg_class i on i.oid = x.indexrelid
        join pg_attribute a on a.attrelid = x.indrelid and a.attnum = any(x.indkey)
        where x.indisunique and c.relnamespace = 'public'::regnamespace group by 1, 2";
    for row in database.ask(sql).await {
        let Some(Some(key)) = spread.get(&row[0]) else { continue };
        let has_key = row[2].split(',').any(|column| column == key);
        assert!(has_key, "the unique index {} of {} is without {key}", row[1], row[0]);
    }
    for (table, key) in &spread {
        let Some(key) = key else { continue };
        let sql = format!(
            "select count(*) from pg_attribute where attrelid = '{table}'::regclass
                 and attname = '{key}' and attnotnull"
        );
        assert_eq!(database.value(&sql).await, "1", "{table} has the column {key}");
    }
    let sql = "select conrelid::regclass, confrelid::regclass from pg_constraint
                   where contype = 'f' and connamespace = 'public'::regnamespace";
    for row in database.ask(sql).await {
        let ends = (spread.get(&row[0]), spread.get(&row[1]));
        assert_eq!(ends, (Some(&None), Some(&None)), "a key leads from {} to {}", row[0], row[1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_have_the_same_tables_and_columns() {
    let database = Database::new().await;
    open(&database.address).await.unwrap().close().await;
    let sql = "select table_name, column_name from information_schema.columns
                   where table_schema = 'public'";
    let mut ours = database.ask(sql).await;
    ours.sort_unstable();
    let folder = tempfile::tempdir().unwrap();
    Archive::in_folder(folder.path()).unwrap().close().await;
    let file = folder.path().join(smilepost::hub::archive::sqlite::FILE);
    let file = rusqlite::Connection::open(file).unwrap();
    let sql = "select m.name, c.name from sqlite_schema m join pragma_table_info(m.name) c
               where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like 'old_%'";
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok(vec![row.get(0)?, row.get(1)?])).unwrap();
    let mut theirs: Vec<Vec<String>> = rows.map(Result::unwrap).collect();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_tried_until_one_can_be_written() {
    let database = Database::new().await;
    let place = database.address.rsplit('@').next().unwrap();
    let (host, name) = place.split_once('/').unwrap();
    let address = format!("postgres://postgres@127.0.0.1:1,{host}/{name}");
    open(&address).await.unwrap().close().await;
    database.ask(&format!("alter database {name} set default_transaction_read_only = on")).await;
    let error = open(&address).await.unwrap_err();
    assert!(error.contains("no server of archive.url is the primary"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_this_machine_is_reached_by_its_socket() {
    let database = Database::new().await;
    let folder = database.value("show unix_socket_directories").await;
    let folder = folder.split(',').next().unwrap().replace('/', "%2F");
    let (port, name) = (Server::shared().port, &database.name);
    let by_path = format!("postgres://postgres@{folder}:{port}/{name}");
    open(&by_path).await.unwrap().close().await;
    let by_host = format!("postgres://postgres@/{name}?host={folder}&port={port}");
    open(&by_host).await.unwrap().close().await;
}

#[test]
fn the_doctor_names_the_database_and_not_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("hub.toml");
    let text = format!(
        "data_dir = '{}'\n[archive]\nurl = 'postgres://hub:s3cret@127.0.0.1:1/smilepost'\n",
        folder.path().display()
    );
    std::fs::write(&config, text).unwrap();
    let run = |command: &[&str]| {
        let mut hub = std::process::Command::new(env!("CARGO_BIN_EXE_smilepost-hub"));
        let done = hub.args(command).arg("--config").arg(&config).output().unwrap();
        assert!(!done.status.success());
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains("s3cret"), "{said}");
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for command in [&["doctor"][..], &["serve"], &["kiosk", "list"], &["backup", "x.backup"]] {
        let said = run(command);
        assert!(said.contains("smilepost at 127.0.0.1:1 as hub"), "{said}");
        assert!(said.contains("the database server cannot be reached"), "{said}");
    }
    let said = run(&["restore", "/nowhere/x.backup"]);
    assert!(said.contains("a backup is restored into a file"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_stored_and_counted_as_in_a_file() {
    use serde_json::{Value, json};
    use smilepost::feedback::moment::{Anchor, Source};
    use smilepost::feedback::rating::{BootId, RunId};
    use smilepost::hub::archive::{Arrived, Incoming, Kiosk, Shipment, Shop, Way};
    use smilepost::wire::delivery;

    const NOON: i64 = 1_795_176_000_000;
    let rating = |n: u32| {
        json!({
            "n": n, "kind": "rated", "boot_ms": n * 30, "wall_ms": NOON, "score": n % 5 + 1,
            "scale": 5, "input": "button", "question": "checkout", "question_version": 1,
            "language": "fi", "misuse_rule": 1,
        })
    };
    let arrived = |run: u8, events: &[Value]| Arrived {
        run: RunId([run; 16]),
        boot: BootId([run; 16]),
        taken: 40,
        events: events
            .iter()
            .map(|event| {
                let content = delivery::canonical(event);
                let mut digest = [0; 16];
                for (at, byte) in content.bytes().enumerate() {
                    digest[at % 16] = u8::wrapping_add(digest[at % 16], byte).rotate_left(3);
                }
                Incoming { event: delivery::read(event).unwrap(), digest, content }
            })
            .collect(),
    };
    let shipment = |runs, anchors| Shipment {
        kiosk: "exit".to_owned(),
        way: Way::Sent,
        received_ms: NOON,
        app: "0".to_owned(),
        anchors,
        live: Some(RunId([1; 16])),
        known: Some(0),
        runs,
        counters: delivery::Counters::default(),
        publication: None,
        survey_complaint: None,
        zone: None,
        zone_rules: None,
        clocks_apart: None,
        place: Some("x".to_owned()),
        hours: None,
        address: None,
        move_complaint: None,
        findings: None,
        pin: None,
        gone: Some(0),
        refused: vec![(
            smilepost::feedback::rating::RatingId { run: RunId([1; 16]), n: 99 },
            "x".to_owned(),
        )],
    };
    let database = Database::new().await;
    let archive = open(&database.address).await.unwrap();
    let [id, name, zone] = ["kallio", "Kallio", "Europe/Helsinki"].map(str::to_owned);
    assert!(archive.add_shop(Shop { id, name, zone, group: None }).await.unwrap());
    let [id, shop, touchpoint] = ["exit", "kallio", "exit"].map(str::to_owned);
    assert!(archive.add_kiosk(Kiosk { id, shop, touchpoint }).await.unwrap());
    let mut events: Vec<Value> = (1..=20).map(rating).collect();
    events.push(json!({
        "n": 21, "kind": "answered", "boot_ms": 1_000, "wall_ms": NOON, "to": 20,
        "follow_up": "reasons", "outcome": "answered", "answer": "queue", "question": "checkout",
        "question_version": 1, "language": "fi",
    }));
    events.push(json!({
        "n": 22, "kind": "lost", "boot_ms": 1, "wall_ms": NOON, "lost_run": "07".repeat(16),
        "lost_first": 1, "lost_last": 9,
    }));
    events.push(json!({ "n": 23, "kind": "hummed", "boot_ms": 7_000, "wall_ms": NOON }));
    let stored = archive.store(shipment(vec![arrived(1, &events)], vec![])).await.unwrap();
    assert_eq!((stored.added, stored.settled.len()), (23, 23));
    let mut other = rating(5);
    other["score"] = json!(5);
    let mut replacing = rating(30);
    replacing["replaces"] = json!(19);
    let anchor = Anchor { boot_ms: 5, utc_ms: NOON - 9_000_000, error_ms: 5, source: Source::Hub };
    for (conflicts, added) in [(1, 1), (1, 0)] {
        let runs = vec![arrived(1, &[other.clone(), replacing.clone()]), arrived(2, &[])];
        let anchors = vec![(BootId([1; 16]), anchor)];
        let stored = archive.store(shipment(runs, anchors)).await.unwrap();
        assert_eq!((stored.conflicts.len(), stored.added), (conflicts, added));
    }
    while archive.date_more(String::new()).await.unwrap().is_some() {}
    archive.judge_again().await.unwrap();
    let recounted = archive.recount("exit".to_owned()).await.unwrap();
    assert!(recounted.wrong.is_empty(), "{recounted:?}");
    let page = archive.page((0, 0, 0), 100).await.unwrap();
    assert_eq!(page.len(), 24);
    assert_eq!(page[0].1.quality, "exact");
    // What is deleted goes out of the tallies, stays away and is told.
    let id = |n| smilepost::feedback::rating::RatingId { run: RunId([1; 16]), n };
    let doomed = vec![id(5), id(20), id(30), id(99)];
    let named = archive.doomed("exit".to_owned(), doomed.clone()).await.unwrap();
    assert_eq!(named.iter().map(|doomed| doomed.answers).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!(archive.delete("exit".to_owned(), doomed).await.unwrap(), 3);
    assert_eq!(archive.delete("exit".to_owned(), vec![id(19), id(6)]).await.unwrap(), 2);
    let stored = archive.store(shipment(vec![arrived(1, &events)], vec![])).await.unwrap();
    assert_eq!((stored.added, stored.settled.len()), (0, 23));
    let ranges = stored.gone.unwrap().events.remove(0).ranges;
    assert_eq!(ranges, [(30, 30), (5, 6), (19, 20)], "by change, and neighbours are one");
    assert_eq!(archive.recount("exit".to_owned()).await.unwrap().wrong, []);
    let kept = smilepost::hub::rules::keeping::Kept {
        comments: Some(1),
        ratings: Some(1),
        notes: Some(1),
    };
    let later = NOON + 90 * 86_400_000;
    assert_eq!(smilepost::hub::keep::keep(&archive, kept, later).await.unwrap(), 17);
    assert_eq!(archive.page((0, 0, 0), 100).await.unwrap().len(), 2, "lost and unknown ones stay");
    assert_eq!(archive.recount("exit".to_owned()).await.unwrap().wrong, []);
    assert_eq!(archive.reconcile("exit".to_owned()).await.unwrap().deleted, 22);
    archive.close().await;
}
