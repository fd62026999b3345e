//! The archive goes from its file into PostgreSQL and back, whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use smilepost::carried::seal::KEYS_FILE;
use smilepost::escape::chain;
use smilepost::hub::archive::postgres::ArchiveAddress;
use smilepost::hub::archive::transfer::{self, Gone, Hearer, Manner};
use smilepost::hub::archive::{Archive, ArchiveSettings, Shop};
use smilepost::hub::commands::recount;
use smilepost::hub::commands::transfer::{Asked, to, undo};
use smilepost::hub::secrets;

use crate::engine::new_database;
use crate::engine::server::Database;
use crate::hub::{KIOSK, NOW, Scene, delivery, rating};
use crate::raw::raw;

/// Rows of tables that no delivery of a test fills, with the largest and strangest values.
const MORE: &str = "
    insert into shop_then (shop, from_ms, name, zone, shop_group)
        values (1, -9223372036854775807, 'Früher „Kallio“ 😀', 'UTC', null);
    insert into correction (no, said_ms, shop, kiosk, what) values (7, 5, 1, null, 'all');
    insert into survey (publication, published_ms, content) values (4, 6, null), (9, 7, 'x');
    insert into published (publication, question, version, scale) values
        (9, 'Z', 9223372036854775807, 5), (9, 'a', 1, 5), (9, 'ä', 1, 5);
    insert into guess (net, wrong, since_ms) values ('::/64', 2, 3), ('10.0.0.0/8', 1, 1);
    insert into choice (no, follow_up, answer) values (1, 'reasons', 'queue'), (3, '', ' ');
    insert into given (kiosk, publication) values (1, 9);
    insert into carried (kiosk, nonce, taken_ms, receipt)
        values (1, 'B', 1, '{}'), (1, 'a', 2, '');
    insert into past_run (kiosk, run) values (1, x'00'), (1, x'ff00'), (1, x'7f');
    insert into moving (one, address) values (1, 'https://new.example');
    insert into work (part, kind, subject, since_ms, wanted, due_ms, taken_until_ms, reached,
        tries, done_ms, failed)
        values (1, 'never', '', 1, 1, 9223372036854775807, 0, '', 0, 1, 'x');
    insert or replace into meta (key, value) values ('Later', -1), ('later', 1);
";

/// A hub with deliveries, and rows in other tables.
pub(crate) async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.raw().execute(MORE);
    let token = scene.stranger("turku").await;
    for first in [1, 21, 41] {
        let events: Vec<_> = (first..first + 20).map(|n| rating(n, (n % 5 + 1) as u8)).collect();
        let mut delivery = delivery(&events);
        delivery["runs"][0]["taken"] = json!(first + 19);
        scene.receipt(&delivery).await;
    }
    let mut other = delivery(&[rating(1, 2), rating(3, 4)]);
    other["runs"][0]["run"] = json!("ff".repeat(16));
    assert_eq!(scene.deliver_by(&token, &other).await.0, 200);
    scene.worked().await;
    scene
}

/// Every row of every table of the file in a folder, but of those that belong to the place.
pub(crate) fn all(folder: &Path) -> BTreeMap<String, Vec<Vec<String>>> {
    let raw = raw(folder);
    let sql = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'
                   and name not in ('rehearsal', 'secret', 'transfer')";
    let tables = raw.rows(sql).into_iter().flatten();
    tables
        .map(|table| {
            let mut rows = raw.rows(&format!("select * from {table}"));
            rows.sort_unstable();
            (table, rows)
        })
        .collect()
}

pub(crate) fn in_postgres(address: &str) -> ArchiveSettings {
    ArchiveSettings { postgres: Some(ArchiveAddress::read(address).unwrap()), replica: None }
}

pub(crate) fn asked(to: &str, folder: Option<&Path>) -> Asked {
    Asked { to: to.to_owned(), folder: folder.map(Path::to_owned), ..Asked::default() }
}

/// Whether a hub may open the archive; otherwise why not.
pub(crate) async fn opens(folder: &Path, settings: &ArchiveSettings) -> Result<(), String> {
    match Archive::open(folder, settings).await {
        Ok(archive) => {
            archive.close().await;
            Ok(())
        }
        Err(error) => Err(std::error::Error::source(&error).unwrap().to_string()),
    }
}

pub(crate) fn quietly() -> Hearer {
    Hearer { tell: Arc::new(|_| ()), is_due: Arc::new(|| true) }
}

/// A manner that stops after so many pages.
fn stopping_after(pages: u32, rows_at_once: u32) -> Manner {
    let left = AtomicU32::new(pages);
    let goes_on = move || {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    };
    Manner {
        from: "here".to_owned(),
        to: "there".to_owned(),
        rows_at_once,
        hearer: quietly(),
        goes_on: Arc::new(goes_on),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_goes_there_and_back_and_is_the_same() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    let there = in_postgres(&database.address);
    let epoch = scene.archive.epoch(KIOSK.to_owned()).await.unwrap();
    let said = to(here, &in_file, &asked(&database.address, None), quietly()).await.unwrap();
    let said = said.join("\n");
    assert!(said.contains("events: 62, kiosks: 2"), "{said}");
    assert!(said.contains(&format!("url = \"{}\"", database.address)), "{said}");
    let why = opens(here, &in_file).await.unwrap_err();
    assert!(why.contains("it has gone to the database smilepost_test"), "{why}");
    opens(here, &there).await.unwrap();
    let key = database.value("select encode(content, 'escape') from secret").await;
    assert_eq!(key, std::fs::read_to_string(here.join(KEYS_FILE)).unwrap());

    let again = to(here, &in_file, &asked(&database.address, None), quietly()).await;
    let again = again.unwrap_err().to_string();
    assert!(again.contains("nothing is left to be done here"), "{again}");

    let back = tempfile::tempdir().unwrap();
    let to_file = asked("sqlite", Some(back.path()));
    let said = to(here, &there, &to_file, quietly()).await.unwrap().join("\n");
    assert!(said.contains("now delete [archive] in hub.toml, and let data_dir be"), "{said}");
    assert!(opens(here, &there).await.unwrap_err().contains("it has gone to the file"));
    assert_eq!(all(back.path()), all(here));
    let key = |folder: &Path| std::fs::read(folder.join(KEYS_FILE)).unwrap();
    assert_eq!(key(back.path()), key(here));
    let archive = Archive::open(back.path(), &in_file).await.unwrap();
    assert_eq!(archive.epoch(KIOSK.to_owned()).await.unwrap(), epoch, "no kiosk offers again");
    let bearer = archive.bearer(secrets::token_hash(&scene.token), NOW).await.unwrap();
    assert_eq!(bearer.unwrap().kiosk, KIOSK);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_go_on_after_those_that_have_come() {
    let (scene, database) = (scene().await, new_database().await);
    // PostgreSQL has no such text.
    scene.raw().execute("update correction set what = 'a' || char(0) || 'b'");
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    to(here, &in_file, &asked(&database.address, None), quietly()).await.unwrap();
    let archive = Archive::open(here, &in_postgres(&database.address)).await.unwrap();
    let [id, name, zone] = ["oulu", "Oulu", "Europe/Helsinki"].map(str::to_owned);
    assert!(archive.add_shop(Shop { id, name, zone, group: None }).await.unwrap());
    assert_eq!(database.value("select no from shop where id = 'oulu'").await, "3");
    assert_eq!(database.value("select what from correction").await, "a\u{FFFD}b");
    for (table, column, next) in [("correction", "no", 8), ("survey", "publication", 10)] {
        let sql = format!("select nextval(pg_get_serial_sequence('{table}', '{column}'))");
        assert_eq!(database.value(&sql).await, next.to_string());
    }
    archive.close().await;
}

/// Moves a few pages at a time, each time as a program that was started anew.
async fn in_steps(
    (from, source): (&Path, &ArchiveSettings),
    (to, target): (&Path, &ArchiveSettings),
    pages: impl Fn(u32) -> u32,
) -> (Gone, u32) {
    let mut starts = 0;
    loop {
        starts += 1;
        let old = Archive::open_to_move(from, source).await.unwrap();
        let new = Archive::open_to_move(to, target).await.unwrap();
        let gone = transfer::move_all(&old, &new, &stopping_after(pages(starts), 7)).await;
        old.close().await;
        new.close().await;
        match gone {
            Ok(gone) => return (gone, starts),
            Err(error) => {
                assert!(matches!(error, transfer::Error::Stopped), "{error:?}");
                assert!(opens(from, source).await.unwrap_err().contains("on its way to there"));
                let why = opens(to, target).await.unwrap_err();
                assert!(why.contains("only a part of the archive that comes here from here"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_stopped_anywhere_goes_on_there() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    let there = in_postgres(&database.address);
    // Each start comes one page further than the one before.
    let (gone, starts) = in_steps((here, &in_file), (here, &there), |start| 2 * start).await;
    assert!(starts > 10 && gone.events == 62, "{starts} {gone:?}");
    let back = tempfile::tempdir().unwrap();
    in_steps((here, &there), (back.path(), &in_file), |start| 40 + start).await;
    assert_eq!(all(back.path()), all(here));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_at_any_time_goes_on_there() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    let there = in_postgres(&database.address);
    let mut killed = 0;
    loop {
        let old = Archive::open_to_move(here, &in_file).await.unwrap();
        let new = Archive::open_to_move(here, &there).await.unwrap();
        let manner = stopping_after(u32::MAX, 5);
        let moving = transfer::move_all(&old, &new, &manner);
        let limit = std::time::Duration::from_millis(23 * killed);
        match tokio::time::timeout(limit, moving).await {
            Ok(Ok(gone)) => {
                assert_eq!(gone.events, 62);
                break;
            }
            // The one before was killed when nothing was left to be done but to say so.
            Ok(Err(error)) if error.to_string().contains("has gone to there already") => break,
            // What the killed one has sent to the database may be written still.
            Ok(Err(error)) => assert!(matches!(error, transfer::Error::Archive(_)), "{error:?}"),
            Err(_) => {}
        }
        killed += 1;
    }
    assert!(killed > 2, "{killed}");
    let back = tempfile::tempdir().unwrap();
    to(here, &there, &asked("sqlite", Some(back.path())), quietly()).await.unwrap();
    assert_eq!(all(back.path()), all(here));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_empty_is_refused_before_anything_is_touched() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    let there = in_postgres(&database.address);
    let archive = Archive::open(here, &there).await.unwrap();
    let [id, name, zone] = ["oulu", "Oulu", "Europe/Helsinki"].map(str::to_owned);
    assert!(archive.add_shop(Shop { id, name, zone, group: None }).await.unwrap());
    archive.close().await;
    let before = all(here);
    let refused = to(here, &in_file, &asked(&database.address, None), quietly()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("is not empty, its table shop holds something"), "{refused}");
    opens(here, &in_file).await.unwrap();
    opens(here, &there).await.unwrap();
    assert_eq!(all(here), before);
    let refused = to(here, &there, &asked("sqlite", None), quietly()).await;
    assert!(refused.unwrap_err().to_string().contains("is not empty"));
    opens(here, &in_file).await.unwrap();
    opens(here, &there).await.unwrap();
    for (wrong, said) in [
        (asked("sqlite", None), "is in a file already"),
        (asked("mysql://x", None), "does not begin with postgres://"),
        (asked(&database.address, Some(here)), "--folder is for --to sqlite"),
    ] {
        let refused = to(here, &in_file, &wrong, quietly()).await.unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_where_it_leaves_and_an_undone_half_is_never_added_to() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    let there = in_postgres(&database.address);
    let step = async |pages: u32| {
        let old = Archive::open_to_move(here, &in_file).await.unwrap();
        let new = Archive::open_to_move(here, &there).await.unwrap();
        transfer::move_all(&old, &new, &stopping_after(pages, 7)).await
    };
    assert!(matches!(step(20).await, Err(transfer::Error::Stopped)));
    // The hub runs all the while.
    let late = delivery(&[rating(61, 5)]);
    let (status, answer) = scene.deliver(&late).await;
    assert!(status >= 500, "{status} {answer}");
    let (status, why) = scene.ready().await;
    assert_eq!(status, 503);
    assert!(why.contains("stop this hub, and let its hub.toml name the new one"), "{why}");
    let before = all(here);
    assert!(matches!(step(5).await, Err(transfer::Error::Stopped)));
    assert_eq!(all(here), before);

    let said = undo(here, &in_file).await.unwrap();
    assert!(said.contains("can be used again"), "{said}");
    assert_eq!(scene.receipt(&late).await.set_aside, []);
    opens(here, &in_file).await.unwrap();
    let refused = step(u32::MAX).await.unwrap_err().to_string();
    assert!(refused.contains("holds half of another move"), "{refused}");
    opens(here, &in_file).await.unwrap();
    assert!(undo(here, &in_file).await.unwrap().contains("was never moved"));
    let empty = new_database().await;
    let said = to(here, &in_file, &asked(&empty.address, None), quietly()).await.unwrap();
    assert!(said.join(" ").contains("events: 63"), "{said:?}");
    undo(here, &in_file).await.unwrap();
    assert_eq!(scene.deliver(&late).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_in_a_database_that_the_archive_leaves() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    let there = in_postgres(&database.address);
    to(here, &in_file, &asked(&database.address, None), quietly()).await.unwrap();
    let running = Archive::open(here, &there).await.unwrap();
    let add = async |id: &str| {
        let (id, name, zone) = (id.to_owned(), id.to_owned(), "UTC".to_owned());
        running.add_shop(Shop { id, name, zone, group: None }).await
    };
    assert!(add("oulu").await.unwrap());
    let back = tempfile::tempdir().unwrap();
    let target = Archive::in_folder(back.path()).unwrap();
    let old = Archive::open_to_move(here, &there).await.unwrap();
    let stopped = transfer::move_all(&old, &target, &stopping_after(9, 7)).await;
    assert!(matches!(stopped, Err(transfer::Error::Stopped)));
    let refused = add("vaasa").await.unwrap_err();
    let source = std::error::Error::source(&refused).unwrap();
    let told = format!("{source:?}");
    assert!(told.contains("the archive has left this place: stop this hub"), "{told}");
    undo(here, &there).await.unwrap();
    assert!(add("vaasa").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_at_the_end_is_named_and_not_used() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    let there = in_postgres(&database.address);
    let step = async |pages: u32| {
        let old = Archive::open_to_move(here, &in_file).await.unwrap();
        let new = Archive::open_to_move(here, &there).await.unwrap();
        transfer::move_all(&old, &new, &stopping_after(pages, 100)).await
    };
    opens(here, &there).await.unwrap();
    let mut pages = 10;
    while database.value("select count(*) from work").await == "0" {
        assert!(matches!(step(pages).await, Err(transfer::Error::Stopped)));
        pages += 1;
    }
    database.ask("update event set score = 1 where n = 33").await;
    let differs = step(u32::MAX).await.unwrap_err().to_string();
    assert!(differs.contains("in the table event the row (1, 1, 33) is another one"), "{differs}");
    assert!(opens(here, &there).await.is_err());
    undo(here, &in_file).await.unwrap();
    opens(here, &in_file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tallies_that_do_not_hold_are_mended_before_anything_moves() {
    let (scene, database) = (scene().await, new_database().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    scene.raw().execute("update tally set f1 = f1 + 1");
    let refused = to(here, &in_file, &asked(&database.address, None), quietly()).await;
    assert!(refused.unwrap_err().to_string().contains("recount --mend"));
    opens(here, &in_file).await.unwrap();
    for (_, kiosk) in scene.archive.kiosk_numbers().await.unwrap() {
        scene.archive.mend(kiosk).await.unwrap();
    }
    to(here, &in_file, &asked(&database.address, None), quietly()).await.unwrap();
    let archive = Archive::open(here, &in_postgres(&database.address)).await.unwrap();
    let mut tell = |_: &str| Ok::<_, smilepost::hub::commands::error::Error>(());
    let summary = recount::run(&archive, None, recount::Then::Tell, NOW, &mut tell).await.unwrap();
    assert_eq!(summary.wrong, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_another_version_is_left_untouched() {
    let (scene, database) = (scene().await, Database::new().await);
    let (here, in_file) = (scene.folder.path(), ArchiveSettings::default());
    let newer = "create table meta (key text primary key, value bigint);
                 insert into meta values ('schema', 99)";
    database.ask(newer).await;
    let refused = to(here, &in_file, &asked(&database.address, None), quietly()).await;
    let why = chain(&refused.unwrap_err());
    assert!(why.contains("it has schema 99"), "{why}");
    opens(here, &in_file).await.unwrap();
    assert_eq!(database.value("select count(*) from meta").await, "1");

    let database = new_database().await;
    let there = in_postgres(&database.address);
    let old = tempfile::tempdir().unwrap();
    let first = include_str!("../../src/hub/archive/sqlite/0001_first.sql");
    raw(old.path()).execute(first);
    raw(old.path()).execute("pragma user_version = 1");
    raw(old.path()).execute("insert into shop values ('kallio', 'Kallio', 'UTC')");
    let refused = to(here, &there, &asked("sqlite", Some(old.path())), quietly()).await;
    assert!(refused.unwrap_err().to_string().contains("an archive of an older version"));
    assert_eq!(raw(old.path()).number("pragma user_version"), 1);
    raw(old.path()).execute("pragma user_version = 99");
    assert!(to(here, &there, &asked("sqlite", Some(old.path())), quietly()).await.is_err());
    opens(here, &there).await.unwrap();
}
