//! What becomes of an archive of an older schema, migration by migration.

use rusqlite::Connection;

use super::{MIGRATIONS, SCHEMA_VERSION, connect, migrate};

/// An archive as the program left it that wrote this schema.
pub(super) fn archive_of(version: i32) -> (tempfile::TempDir, Connection) {
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
    if version >= 16 {
        let past = "insert into stay (kiosk, from_ms, to_ms, shop, touchpoint)
                select id, -9223372036854775808, 9223372036854775807, shop, touchpoint from kiosk;
            insert into shop_then (shop, from_ms, name, zone, shop_group)
                select id, -9223372036854775808, name, zone, shop_group from shop;";
        connection.execute_batch(past).unwrap();
    }
    (folder, connection)
}

/// The rows that a question has, each as text.
pub(super) fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Everything in the tables of an archive, as text, a line for each row: of these tables' columns,
/// or of all that there are.
fn everything(connection: &Connection, of: &[(String, String)]) -> Vec<String> {
    let line = |(table, columns): &(String, String)| {
        let quoted: Vec<String> =
            columns.split(',').map(|column| format!("quote({column})")).collect();
        let sql = format!("select '{table}: ' || {} from {table}", quoted.join(" || ' ' || "));
        rows(connection, &sql)
    };
    let mut lines: Vec<String> = of.iter().flat_map(line).collect();
    lines.sort();
    lines
}

/// Each table of an archive with its columns.
fn tables(connection: &Connection) -> Vec<(String, String)> {
    let sql = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'";
    let columns = |table: &str| {
        rows(connection, &format!("select name from pragma_table_info('{table}')")).join(",")
    };
    rows(connection, sql).into_iter().map(|table| (table.clone(), columns(&table))).collect()
}

/// Applies the migrations up to a schema, and no more.
pub(super) fn migrate_to(connection: &Connection, from: i32, to: i32) {
    for (version, sql) in (1..=to).zip(MIGRATIONS).skip(usize::try_from(from).unwrap()) {
        connection.execute_batch(sql).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
    }
}

/// What is counted of each shop in all: the ratings of each question and score, and what is left
/// out.
fn counted(connection: &Connection) -> Vec<String> {
    let sql = "select shop.id || ' ' || question || ' ' || version || ' ' || line.scale || ' ' || \
               sum(f1) || ' ' || sum(f2) || ' ' || sum(f3) || ' ' || sum(f4) || ' ' || sum(f5) \
               || ', left out ' || sum(misuse + replaced) \
               || ', not exact ' || sum(bounded + unknown) \
               from tally join kiosk on kiosk.no = tally.kiosk join shop on shop.no = kiosk.shop \
               join line on line.no = tally.line group by shop.id, line.no order by 1";
    rows(connection, sql)
}

#[test]
fn an_archive_from_before_corrections_counts_the_same_in_every_later_schema() {
    let (_folder, mut connection) = archive_of(15);
    let history = "insert into boot (id, uuid, kiosk, first_run, began_ms, ended_ms)
            values (1, x'01', 'k', 1, 0, 9000), (2, x'02', 'l', 2, 0, 9000);
        insert into anchor (boot, boot_ms, utc_ms, error_ms, source)
            values (1, 10, 1010, 5, 'ntp'), (2, 10, 1010, 5, 'hub');
        insert into run (id, uuid, boot, kiosk, taken)
            values (1, x'01', 1, 'k', 6), (2, x'02', 2, 'l', 2);
        insert into event (run, n, kiosk, received_ms, digest, kind, boot_ms, wall_ms, utc_ms,
            is_exact, score, scale, question, question_version, input, language, misuse,
            misuse_rule, replaces)
            values (1, 1, 'k', 1, x'00', 'rated', 5, 5, -70000, 1, 5, 5, 'q', 1, 'touch', 'en',
                null, null, null),
            (1, 2, 'k', 1, x'00', 'rated', 5, 5, 0, 1, 5, 5, 'q', 1, 'touch', 'en',
                null, null, null),
            (1, 3, 'k', 1, x'00', 'rated', 5, 5, 1795176000000, 0, 1, 5, 'q', 1, 'touch', 'en',
                null, null, null),
            (1, 4, 'k', 1, x'00', 'rated', 5, 5, 1795176000000, 1, 2, 5, 'q', 1, 'touch', 'en',
                null, null, 3),
            (1, 5, 'k', 1, x'00', 'rated', 5, 5, 1795176000000, 1, 1, 5, 'q', 2, 'touch', 'en',
                'burst', 1, null),
            (1, 6, 'k', 1, x'00', 'rated', 5, 5, 1795176000000, 1, 3, 3, 'q', 2, 'touch', 'en',
                null, null, null),
            (2, 1, 'l', 1, x'00', 'rated', 5, 5, 1795176000000, 1, 4, 5, 'q', 1, 'touch', 'en',
                null, null, null),
            (2, 2, 'l', 1, x'00', 'lost', 5, 5, 1795176000000, 1, null, null, null, null, null,
                null, null, null, null);
        insert into token (hash, kiosk, made_ms, revoked_ms)
            values (x'01', 'k', 1, 2), (x'02', 'k', 2, null);
        insert into code (hash, kiosk, expires_ms) values (x'03', 'l', 9);
        insert into guess (net, wrong, since_ms) values ('192.0.2.7', 3, 4);
        insert into survey (published_ms, shop, content) values (1, 's', '{}');
        insert into meta (key, value) values ('mine', 7);";
    connection.execute_batch(history).unwrap();
    let (known, before) = {
        let known = tables(&connection);
        let before = everything(&connection, &known);
        (known, before)
    };
    assert!(before.len() > 20, "{before:?}");

    migrate_to(&connection, 15, 16);
    let sql = "select kiosk || ' ' || from_ms || ' ' || to_ms || ' ' || shop || ' ' || touchpoint \
               from stay order by kiosk";
    let ever = format!("{} {}", i64::MIN, i64::MAX);
    assert_eq!(rows(&connection, sql), [format!("k {ever} s exit"), format!("l {ever} t exit")]);
    let sql = "select shop || ' ' || from_ms || ' ' || name || ' ' || zone || ' ' || \
               coalesce(shop_group, '-') from shop_then order by shop";
    let then = [format!("s {} s UTC north", i64::MIN), format!("t {} t UTC -", i64::MIN)];
    assert_eq!(rows(&connection, sql), then);
    assert_eq!(everything(&connection, &known), before, "nothing was lost on the way to 16");
    migrate_to(&connection, 16, 22);
    let after = everything(&connection, &known);
    let lost: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    assert_eq!(lost, [""; 0], "nothing was lost on the way to the last one by short names");

    migrate(&mut connection, 22).unwrap();
    let version: i32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, SCHEMA_VERSION);
    let expected = [
        "s q 1 5 0 1 0 0 2, left out 1, not exact 1",
        "s q 2 3 0 0 1 0 0, left out 0, not exact 0",
        "s q 2 5 0 0 0 0 0, left out 1, not exact 0",
        "t q 1 5 0 0 0 1 0, left out 0, not exact 0",
    ];
    assert_eq!(counted(&connection), expected);
    assert_eq!(rows(&connection, "select integrity_check from pragma_integrity_check"), ["ok"]);
    assert_eq!(rows(&connection, "select \"table\" from pragma_foreign_key_check"), [""; 0]);
    let sql = "select name from sqlite_schema where name like 'old%'";
    assert_eq!(rows(&connection, sql), [""; 0], "nothing is left of the old form");
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
    let sql = "select kiosk.id || ' ' || publication from given join kiosk on kiosk.no = kiosk \
               order by 1";
    assert_eq!(rows(&connection, sql), ["k 1", "k 5", "l 2"]);
}

#[test]
fn what_another_token_took_the_place_of_is_told_from_what_a_person_revoked() {
    let (_folder, mut connection) = archive_of(17);
    // The kiosk of l was shut out by a person at 50, and its token of 60 gave way at 80.
    let sql = "insert into token (hash, kiosk, made_ms, revoked_ms) values
        (x'01', 'k', 10, 20), (x'02', 'k', 15, 40), (x'03', 'k', 40, null),
        (x'04', 'l', 10, 30), (x'05', 'l', 30, 50), (x'06', 'l', 45, 50),
        (x'07', 'l', 60, 80), (x'08', 'l', 75, null)";
    connection.execute_batch(sql).unwrap();
    migrate(&mut connection, 17).unwrap();
    let sql = "select hex(hash) from token where is_superseded order by hash";
    assert_eq!(rows(&connection, sql), ["01", "02", "07"]);
}

#[test]
fn the_pin_of_a_shop_in_an_older_archive_is_the_one_that_most_of_its_kiosks_have() {
    let (_folder, mut connection) = archive_of(18);
    let sql = "insert into kiosk (id, shop, touchpoint, pin_hash) values ('m', 's', 'x', 'own'),
        ('n', 's', 'y', 'shop'), ('o', 's', 'z', 'shop')";
    connection.execute_batch(sql).unwrap();
    migrate(&mut connection, 18).unwrap();
    let sql = "select id || ' ' || coalesce(desk_pin, '-') from shop order by id";
    assert_eq!(rows(&connection, sql), ["s shop", "t -"]);
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
    let sql = "select no || ' ' || coalesce(first_run, '-') || ' ' || coalesce(began_ms, '-') \
               || ' ' || coalesce(ended_ms, '-') from boot order by no";
    // The clock of the board is trusted where nothing better is known.
    assert_eq!(rows(&connection, sql), ["1 2 2000 2032", "2 1 5000 5010", "3 - - -", "4 4 - -"]);
}
