//! Tests of archives in a file that an older or a newer program has written.

use rusqlite::Connection;
use smilepost::feedback::event::fields::Field;
use smilepost::hub::archive::Archive;
use smilepost::hub::archive::sqlite::FILE;
use smilepost::hub::secrets;
use smilepost::wire::report::Reported;

use crate::hub::{KIOSK, NOON};
use crate::program::Office;
use crate::raw::raw;

/// The first schema as it was shipped, with one shop, one kiosk and three presses of a button, the
/// second of which came 30 ms after the first.
const OLD: &str = "
    insert into meta values ('epoch', 7);
    insert into shop values ('kallio', 'Nordmarkt Kallio', 'Europe/Helsinki');
    insert into kiosk (id, shop, touchpoint, taken) values ('kallio-checkout-1', 'kallio', 'A', 3);
    insert into boot values (1, x'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0');
    insert into anchor values (1, 0, 1795176000000, 5, 'hub');
    insert into run values (1, x'0123456789abcdef0123456789abcdef', 1);
    insert into event
        (run, n, kiosk, received_ms, digest, kind, boot_ms, wall_ms, utc_ms, is_exact, score, scale,
         input, question, question_version, language)
    values
        (1, 1, 'kallio-checkout-1', 9, x'01', 'rated', 1000, 0, 1795176001000, 1, 5, 5, 'button',
         'checkout', 1, 'en'),
        (1, 2, 'kallio-checkout-1', 9, x'02', 'rated', 1030, 0, 1795176001030, 1, 5, 5, 'button',
         'checkout', 1, 'en'),
        (1, 3, 'kallio-checkout-1', 9, x'03', 'rated', 9000, 0, 1795176009000, 1, 1, 5, 'button',
         'checkout', 1, 'en');
    pragma user_version = 1;";

async fn misuse(archive: &Archive) -> Vec<(u32, Option<String>)> {
    let page = archive.page((0, 0, 0), 100).await.unwrap();
    let reason = |row: &Reported| row.fields.text(Field::Misuse).map(str::to_owned);
    page.iter().map(|(_, row)| (row.n, reason(row))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_the_first_schema_is_migrated_and_judged_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let old = Connection::open(&file).unwrap();
    old.execute_batch(include_str!("../../src/hub/archive/sqlite/0001_first.sql")).unwrap();
    old.execute_batch(OLD).unwrap();
    let token = secrets::new_token();
    let sql = "insert into token (hash, kiosk, made_ms) values (?, 'kallio-checkout-1', 1)";
    old.execute(sql, [secrets::token_hash(&token)]).unwrap();
    drop(old);
    let archive = Archive::in_folder(folder.path()).unwrap();
    assert_eq!(
        archive.epoch(KIOSK.to_owned()).await.unwrap(),
        7,
        "it is the same archive to its kiosks"
    );
    let bearer = archive.bearer(secrets::token_hash(&token), NOON).await.unwrap();
    assert_eq!(bearer.map(|bearer| bearer.kiosk).as_deref(), Some(KIOSK));
    let books = archive.reconcile(KIOSK.to_owned()).await.unwrap();
    assert_eq!((books.taken, books.stored, books.missing, books.holds), (3, 3, 0, true));
    assert_eq!(misuse(&archive).await, [(1, None), (2, None), (3, None)]);
    archive.judge_again().await.unwrap();
    let bounce = || Some("bounce".to_owned());
    assert_eq!(misuse(&archive).await, [(1, None), (2, bounce()), (3, None)]);
    let told = raw(folder.path()).rows("select misuse from event where n = 2");
    assert_eq!(told, [["null"]], "what the kiosk said stays beside it");
}

/// An archive of schema 6 in which a stolen token has sent event 3 of the first kiosk's run, and
/// two kiosks share a boot.
const MIXED: &str = "
    insert into meta values ('epoch', 7);
    insert into shop (id, name, zone) values ('kallio', 'Kallio', 'Europe/Helsinki');
    insert into kiosk (id, shop, touchpoint, taken) values
        ('kallio-checkout-1', 'kallio', 'A', 2), ('kallio-exit', 'kallio', 'B', 1);
    insert into boot values (1, x'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0'), (2, x'0b');
    insert into anchor values (1, 0, 1795176000000, 5, 'hub'), (2, 0, 1795176000000, 5, 'hub');
    insert into run (id, uuid, boot, kiosk, taken) values
        (1, x'0123456789abcdef0123456789abcdef', 1, 'kallio-exit', 3), (2, x'aa', 1, null, 1);
    insert into event (run, n, kiosk, received_ms, digest, kind, boot_ms, wall_ms, utc_ms, is_exact)
    values (1, 1, 'kallio-exit', 8, x'01', 'called', 1000, 0, 1795176001000, 1),
        (1, 2, 'kallio-checkout-1', 7, x'02', 'called', 1030, 0, 1795176001030, 1),
        (2, 1, 'kallio-exit', 9, x'03', 'called', 9000, 0, 1795176009000, 1);
    pragma user_version = 6;";

#[test]
fn runs_and_boots_of_an_older_archive_get_the_kiosk_that_was_first() {
    let folder = tempfile::tempdir().unwrap();
    let old = Connection::open(folder.path().join(FILE)).unwrap();
    for sql in [
        include_str!("../../src/hub/archive/sqlite/0001_first.sql"),
        include_str!("../../src/hub/archive/sqlite/0002_accounts.sql"),
        include_str!("../../src/hub/archive/sqlite/0003_surveys.sql"),
        include_str!("../../src/hub/archive/sqlite/0004_notes.sql"),
        include_str!("../../src/hub/archive/sqlite/0005_calls.sql"),
        include_str!("../../src/hub/archive/sqlite/0006_carried.sql"),
        MIXED,
    ] {
        old.execute_batch(sql).unwrap();
    }
    drop(old);
    drop(Archive::in_folder(folder.path()).unwrap());
    let archive = raw(folder.path());
    let sql = "select claim.no, kiosk.id, (select count(*) from anchor \
               where anchor.kiosk = boot.kiosk and anchor.boot = boot.no) \
               from claim join kiosk on kiosk.no = claim.kiosk \
               join run on run.kiosk = claim.kiosk and run.no = claim.no \
               join boot on boot.kiosk = run.kiosk and boot.no = run.boot order by claim.no";
    let owned = archive.rows(sql);
    assert_eq!(owned, [["1", "kallio-checkout-1", "1"], ["2", "kallio-exit", "1"]]);
    let sql = "select kiosk.id, run, n from event join kiosk on kiosk.no = kiosk order by run, n";
    let (first, other) = ("kallio-checkout-1", "kallio-exit");
    let expected = [[other, "1", "1"], [first, "1", "2"], [other, "2", "1"]];
    assert_eq!(archive.rows(sql), expected, "what is stored stays as it is");
    let nobodys = archive.number("select count(*) from boot where kiosk = 0");
    assert_eq!(nobodys, 1, "its first run will tell whose it is");
    assert!(archive.rows("pragma foreign_key_check").is_empty());
}

#[test]
fn the_doctor_leaves_an_archive_of_an_older_version_as_it_is() {
    let office = Office::new();
    let file = office.folder.path().join("data/hub.sqlite");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(include_str!("../../src/hub/archive/sqlite/0001_first.sql")).unwrap();
    old.execute_batch("pragma user_version = 1").unwrap();
    old.close().unwrap();
    let before = std::fs::read(&file).unwrap();
    let said = String::from_utf8(office.ask(&["doctor"]).stdout).unwrap();
    assert!(said.contains("note  archive: "), "{said}");
    assert!(said.contains("an older version has written it"), "{said}");
    assert!(!said.contains("the archive does not say"), "it is not asked: {said}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_newer_archive_is_refused() {
    let office = Office::new();
    office.say(&["shop", "list"]);
    raw(&office.folder.path().join("data")).execute("pragma user_version = 99");
    let said = office.complain(&["shop", "list"]);
    assert!(said.contains("schema 99") && said.contains("left untouched"), "{said}");
}
