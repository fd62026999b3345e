//! What becomes of an archive of an older schema, migration by migration.

use rusqlite::Connection;

use super::{MIGRATIONS, connect, migrate};

/// An archive as the program left it that wrote this schema.
fn archive_of(version: i32) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let connection = connect(&folder.path().join("hub.sqlite")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    let known = usize::try_from(version).unwrap();
    MIGRATIONS[..known].iter().for_each(|sql| connection.execute_batch(sql).unwrap());
    connection.pragma_update(None, "user_version", version).unwrap();
    let shops = "insert into shop (id, name, zone, shop_group)
            values ('s', 's', 'UTC', 'north'), ('t', 't', 'UTC', null);
        insert into kiosk (id, shop, touchpoint) values ('k', 's', 'exit'), ('l', 't', 'exit');";
    connection.execute_batch(shops).unwrap();
    (folder, connection)
}

/// The rows that a question has, each as text.
fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_was_published_and_given_is_found_in_an_older_archive() {
    let (_folder, mut connection) = archive_of(8);
    let questions = r#"{"questions":[{"id":"bakery","version":2,"scale":5}]}"#;
    let publish = "insert into survey (published_ms, shop_group, shop, touchpoint, content)
        values (1, 'north', null, null, ?1), (2, null, 't', 'exit', ?1), (3, null, null, 'x', ?1),
        (4, null, null, null, null), (5, null, 's', null, 'not json')";
    connection.execute(publish, [questions]).unwrap();
    migrate(&mut connection, 8).unwrap();
    let sql = "select publication || ' ' || question || ' ' || version || ' ' || scale \
               from published order by publication";
    assert_eq!(rows(&connection, sql), ["1 bakery 2 5", "2 bakery 2 5", "3 bakery 2 5"]);
    let sql = "select kiosk || ' ' || publication from given order by kiosk, publication";
    assert_eq!(rows(&connection, sql), ["k 1", "k 5", "l 2"]);
}

#[test]
fn boots_of_an_older_archive_know_their_first_run_and_their_limits() {
    let (_folder, mut connection) = archive_of(9);
    let sql = "insert into boot (id, uuid, kiosk)
            values (1, x'01', 'k'), (2, x'02', 'k'), (3, x'03', 'k'), (4, x'04', 'k');
        insert into run (id, uuid, boot, kiosk)
            values (1, x'01', 2, 'k'), (2, x'02', 1, 'k'), (3, x'03', 2, 'k'), (4, x'04', 4, 'k');
        insert into anchor (boot, boot_ms, utc_ms, error_ms, source) values
            (1, 10, 1010, 5, 'rtc'), (1, 20, 2020, 5, 'ntp'), (1, 30, 2032, 5, 'hub'),
            (2, 10, 5010, 5, 'rtc'), (4, 10, 9010, 5, 'stars');";
    connection.execute_batch(sql).unwrap();
    migrate(&mut connection, 9).unwrap();
    let sql = "select id || ' ' || coalesce(first_run, '-') || ' ' || coalesce(began_ms, '-') \
               || ' ' || coalesce(ended_ms, '-') from boot order by id";
    // The clock of the board is trusted where nothing better is known.
    assert_eq!(rows(&connection, sql), ["1 2 2000 2032", "2 1 5000 5010", "3 - - -", "4 4 - -"]);
}
