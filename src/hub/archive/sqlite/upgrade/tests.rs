//! What becomes of rich archives: everything is there, counted as before, however often it was
//! killed on the way.

mod rich;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::*;
use crate::feedback::zone::Zone;
use crate::hub::archive::sqlite::backup;
use crate::hub::archive::sqlite::look::{Look, is_older, look};
use crate::hub::archive::sqlite::migrations::{archive_of, migrate_to, rows};
use crate::hub::archive::sqlite::{FILE, MIGRATIONS, SCHEMA_VERSION, Sqlite, connect};
use crate::hub::rules::hours;
use crate::hub::rules::tallying::{
    Certainty, Chosen, Column, Differences, Fact, Press, reason_share, share,
};

/// The cells of tallies that are not empty, in words.
type Counted = BTreeSet<String>;

/// Takes over, so many events at once.
fn take_over_by(connection: &mut Connection, at_once: u32) -> rusqlite::Result<()> {
    Upgrade::new(Zones::of_system().rules(), at_once).all(connection)
}

fn tallies(connection: &Connection) -> Counted {
    let cells = "kiosk.id || ' ' || hour || ' ' || coalesce(question || version || scale, '-')";
    let numbers = "f1 || ' ' || f2 || ' ' || f3 || ' ' || f4 || ' ' || f5 || ' ' || misuse || ' ' \
                   || replaced || ' ' || unread || ' ' || bounded || ' ' || unknown || ' ' || late";
    let sql = format!(
        "select {cells} || ': ' || {numbers} from tally join kiosk on kiosk.no = tally.kiosk \
         left join line on line.no = tally.line"
    );
    let mut all: Counted = rows(connection, &sql).into_iter().collect();
    let sql = format!(
        "select {cells} || ' ' || face || ' ' || follow_up || ' ' || answer || ': ' || times \
         from tally_reason as tally join kiosk on kiosk.no = tally.kiosk \
         join line on line.no = tally.line join choice on choice.no = tally.choice"
    );
    all.extend(rows(connection, &sql));
    all
}

/// By which clocks an event is counted in a rich archive of this schema.
fn zone(version: i32, kiosk: &str, utc_ms: i64) -> Zone {
    let name = match kiosk {
        "k" if version < 22 => "Europe/Helsinki",
        "k" if utc_ms < rich::CHANGED => "Europe/Helsinki",
        "k" if utc_ms < rich::MOVED => "Asia/Tokyo",
        _ => "Asia/Kolkata",
    };
    Zones::of_system().zone(name).unwrap()
}

/// One event of the old schema, to be counted by itself.
struct Event {
    kiosk: String,
    run: i64,
    n: i64,
    replaces: Option<i64>,
    rating_n: Option<i64>,
    choice: Option<(String, String)>,
    asked: String,
    fact: Fact,
}

/// Every event of an archive of schema 22.
fn read(connection: &Connection, version: i32) -> Vec<Event> {
    let sql = "select *, case when judged_rule is null then misuse else judged end as verdict, \
               coalesce(question || question_version || scale, '-') as asked from event";
    let mut statement = connection.prepare(sql).unwrap();
    let events = statement.query_map([], |row| {
        let (kiosk, utc_ms): (String, i64) = (row.get("kiosk")?, row.get("utc_ms")?);
        let follow_up: Option<String> = row.get("follow_up")?;
        let answer: Option<String> = row.get("answer")?;
        let hour = hours::hour(utc_ms, &[(i64::MIN, zone(version, &kiosk, utc_ms))]);
        let press = Press {
            score: row.get("score")?,
            scale: row.get("scale")?,
            line: None,
            misuse: row.get("verdict")?,
            later: Vec::new(),
            hour,
        };
        Ok(Event {
            run: row.get("run")?,
            n: row.get("n")?,
            replaces: row.get("replaces")?,
            rating_n: row.get("rating_n")?,
            choice: follow_up.zip(answer),
            asked: row.get("asked")?,
            kiosk,
            fact: Fact {
                kind: row.get("kind")?,
                press,
                chosen: None,
                certainty: Certainty::of(row.get("is_exact")?, row.get("earliest_ms")?),
                utc_ms,
                received_ms: row.get("received_ms")?,
            },
        })
    });
    events.unwrap().map(Result::unwrap).collect()
}

/// What tallies have to be, counted event by event.
fn counted(connection: &Connection, version: i32) -> Counted {
    let mut events = read(connection, version);
    let key = |event: &Event, n| (event.kiosk.clone(), event.run, n);
    let mut later = BTreeMap::<_, Vec<Option<String>>>::new();
    for event in &events {
        if let Some(n) = event.replaces {
            later.entry(key(event, n)).or_default().push(event.fact.press.misuse.clone());
        }
    }
    for event in &mut events {
        let own = (event.kiosk.clone(), event.run, event.n);
        event.fact.press.later = later.get(&own).cloned().unwrap_or_default();
    }
    let presses: BTreeMap<_, _> = events.iter().map(|it| (key(it, it.n), it)).collect();
    let (mut cells, mut reasons) = (BTreeMap::<String, [i64; 11]>::new(), BTreeMap::new());
    for event in &events {
        if let Some(share) = share(&event.fact) {
            let is_unread = share.column == Column::Unread;
            let asked = if is_unread { "-" } else { event.asked.as_str() };
            let cell = cells.entry(format!("{} {} {asked}", event.kiosk, share.hour)).or_default();
            let mut one = Differences::default();
            one.put(Some(share));
            let numbers = one.hours().values().next().unwrap().0;
            cell.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
        }
        let rating = event.rating_n.and_then(|n| presses.get(&key(event, n)));
        if let Some(((follow_up, answer), rated)) = event.choice.as_ref().zip(rating) {
            let chosen = Some(Chosen { choice: 1, rating: rated.fact.press.clone() });
            let fact = Fact { chosen, ..event.fact.clone() };
            if let Some(share) = reason_share(&fact) {
                let (kiosk, asked) = (&event.kiosk, &rated.asked);
                let (hour, face) = (share.hour, share.face);
                let at = format!("{kiosk} {hour} {asked} {face} {follow_up} {answer}");
                *reasons.entry(at).or_insert(0) += 1;
            }
        }
    }
    let cells = cells.into_iter().map(|(at, numbers)| {
        let numbers = numbers.map(|number| number.to_string()).join(" ");
        format!("{at}: {numbers}")
    });
    cells.chain(reasons.into_iter().map(|(at, times)| format!("{at}: {times}"))).collect()
}

fn left_over(connection: &Connection) -> Vec<String> {
    rows(connection, "select name from sqlite_schema where name like 'old%'")
}

#[test]
fn every_event_of_rich_archives_is_taken_over_and_counted() {
    for version in [6, 22] {
        let (_folder, mut connection) = rich::archive(version);
        migrate_to(&connection, version, 22);
        let (events, expected) = (rich::events_before(&connection), counted(&connection, version));
        assert_eq!(events.len(), 300);
        assert!(expected.len() > 50, "{expected:?}");
        migrate_to(&connection, 22, SCHEMA_VERSION);
        take_over_by(&mut connection, 7).unwrap();
        assert_eq!(rich::events(&connection), events, "of schema {version}");
        assert_eq!(tallies(&connection), expected, "of schema {version}");
        let sums = "sum(f1) || ' ' || sum(f2) || ' ' || sum(f3) || ' ' || sum(f4) || ' ' || \
                    sum(f5) || ' ' || sum(misuse) || ' ' || sum(replaced) || ' ' || sum(unread) \
                    || ' ' || sum(bounded) || ' ' || sum(unknown) || ' ' || sum(late)";
        let of = |table: &str, unit: &str| {
            let sql = format!(
                "select kiosk || ' ' || {unit} || ' ' || line || ' ' || {sums} from {table} \
                 group by kiosk, {unit}, line order by 1"
            );
            rows(&connection, &sql)
        };
        let by_hours = {
            let sql = format!(
                "select kiosk || ' ' || day || ' ' || line || ' ' || {sums} from (select *, \
                 (hour - (hour % 24 + 24) % 24) / 24 as day from tally) \
                 group by kiosk, day, line order by 1"
            );
            rows(&connection, &sql)
        };
        assert_eq!(of("tally_day", "day"), by_hours);
        assert_eq!(left_over(&connection), [""; 0]);
        assert_eq!(rows(&connection, "select integrity_check from pragma_integrity_check"), ["ok"]);
        assert_eq!(rows(&connection, "select \"table\" from pragma_foreign_key_check"), [""; 0]);
    }
}

#[test]
fn deliveries_are_numbered_in_the_order_in_which_they_came_and_are_in_the_feed() {
    let (_folder, mut connection) = rich::archive(22);
    migrate_to(&connection, 22, SCHEMA_VERSION);
    take_over_by(&mut connection, 50).unwrap();
    let one = |sql: &str| rows(&connection, sql).remove(0);
    let wrong = "select cast(count(*) as text) from delivery as one join delivery as two \
                 on two.kiosk = one.kiosk and two.seq = one.seq + 1 \
                 where two.received_ms <= one.received_ms";
    assert_eq!(one(wrong), "0");
    let all = one("select cast(count(*) as text) from delivery");
    let placed = "select pos || ' ' || (select max(pos) from delivery) || ' ' || \
                  (select count(distinct pos) from delivery) from feed";
    assert_eq!(one(placed), format!("{all} {all} {all}"));
    assert_eq!(one("select cast(sum(added) as text) from delivery"), "300");
    let unnamed = "select cast(count(*) as text) from event join delivery using (kiosk, seq) \
                   where not exists (select 1 from json_each(touched) where value ->> 0 = run \
                   and n between value ->> 1 and value ->> 2)";
    assert_eq!(one(unnamed), "0", "each event is in what its delivery has touched");
    let seqs = "select cast(count(*) as text) from book where seq <> coalesce(\
                (select max(seq) from delivery where delivery.kiosk = book.kiosk), 0)";
    assert_eq!(one(seqs), "0");
}

#[test]
fn what_people_have_set_is_taken_over_whole() {
    let (_folder, mut connection) = rich::archive(22);
    let texts = |connection: &Connection, kiosk: &str, shop: &str, no: &str| {
        let mut all = Vec::new();
        for (table, columns, joins) in [
            ("shop", "id, name, zone, shop_group, hours, closed_on, desk_pin", ""),
            ("shop_then", "{shop}, from_ms, shop_then.name, shop_then.zone", "s"),
            ("kiosk", "kiosk.id, {shop}, touchpoint, retired_ms, pin_number, pin_hash", "s"),
            ("stay", "{kiosk}, from_ms, to_ms, {shop}, stay.touchpoint", "ks"),
            ("correction", "{no}, said_ms, {shop}, {kiosk}, what", "ks"),
            ("code", "{kiosk}, hash, expires_ms, spent_ms", "k"),
            ("token", "{kiosk}, hash, made_ms, revoked_ms, is_next, follows, verify_key", "k"),
            ("survey", "publication, published_ms, survey.shop_group, {shop}, content", "s"),
            ("published", "publication, question, version, scale", ""),
            ("given", "{kiosk}, given.publication", "k"),
            ("guess", "net, wrong, since_ms", ""),
            ("moving", "one, address", ""),
            ("carried", "{kiosk}, nonce, taken_ms, receipt", "k"),
            ("past_run", "{kiosk}, run", "k"),
            ("redating", "{kiosk}, run, n, last_run", "k"),
        ] {
            let columns = columns.replace("{no}", no);
            let columns: Vec<String> = columns
                .replace("{kiosk}", "kiosk.id")
                .replace("{shop}", "shop.id")
                .split(", ")
                .map(|column| format!("quote({column})"))
                .collect();
            let mut sql = format!("select {} from {table}", columns.join(" || ' ' || "));
            if joins.contains('k') {
                sql += &format!(" left join kiosk on {kiosk} = {table}.kiosk");
            }
            if joins.contains('s') {
                sql += &format!(" left join shop on {shop} = {table}.shop");
            }
            all.push(table.to_owned());
            all.extend(rows(connection, &format!("{sql} order by 1")));
        }
        all
    };
    let before = texts(&connection, "kiosk.id", "shop.id", "correction.id");
    let books = "stored, taken, waiting, set_aside, lost, given_up, last_contact_ms, app, \
                 publication, survey_complaint, zone, zone_rules, ahead_ms, is_ahead_by_ntp, \
                 address, move_complaint, findings, hours, live_run, returns, epoch, \
                 epoch_drawn_ms, spent_day, spent_bytes";
    let books: Vec<String> = books.split(", ").map(|name| format!("quote({name})")).collect();
    let books = books.join(" || ' ' || ");
    let books_before = rows(&connection, &format!("select {books} from kiosk order by id"));
    migrate_to(&connection, 22, SCHEMA_VERSION);
    take_over_by(&mut connection, 1_000).unwrap();
    assert_eq!(texts(&connection, "kiosk.no", "shop.no", "correction.no"), before);
    let sql = format!("select {books} from book order by kiosk");
    assert_eq!(rows(&connection, &sql), books_before, "kiosks are numbered by short name");
}

#[test]
fn runs_boots_and_what_belongs_to_them_are_their_owners() {
    let (_folder, mut connection) = rich::archive(6);
    migrate_to(&connection, 6, SCHEMA_VERSION);
    take_over_by(&mut connection, 1_000).unwrap();
    let all = |sql: &str| rows(&connection, sql);
    let claims = all("select claim.no || ' ' || hex(run) || ' ' || kiosk.id from claim \
                      join kiosk on kiosk.no = claim.kiosk order by claim.no");
    assert_eq!(claims, ["1 0A k", "2 0B l", "3 0C k", "5 0D m", "7 0E m", "8 77 m"]);
    let runs = all("select id || ' ' || run.no || ' ' || taken || ' ' || hex(boot.uuid) from run \
                    join boot on boot.kiosk = run.kiosk and boot.no = run.boot \
                    join kiosk on kiosk.no = run.kiosk order by 1");
    // The second kiosk has sent event 9 of the first one's run.
    let expected = ["k 1 70 B1", "k 3 60 B2", "l 1 9 B1", "l 2 60 B1", "m 5 60 B3", "m 7 60 B3"];
    assert_eq!(runs, expected);
    let anchors = all("select coalesce(id, '-') || ' ' || hex(uuid) || ' ' || source from anchor \
                       join boot on boot.kiosk = anchor.kiosk and boot.no = anchor.boot \
                       left join kiosk on kiosk.no = anchor.kiosk order by 1");
    // Nobody owns the fourth boot yet; the first two kiosks share one.
    let expected = ["- B4 ntp", "k B1 ntp", "k B1 rtc", "k B2 hub", "l B1 ntp", "l B1 rtc"];
    assert_eq!(anchors, expected);
    let refused = all("select id || ' ' || hex(run) || ' ' || n || ' ' || reason from refused \
                       join kiosk on kiosk.no = refused.kiosk order by 1");
    assert_eq!(refused, ["k 0A 61 why", "l 99 1 no"]);
    let lost = all("select id || ' ' || run || ' ' || first_n || ' ' || last_n from lost \
                    join kiosk on kiosk.no = lost.kiosk order by 1");
    assert_eq!(lost, ["k 1 62 64", "l 2 70 71", "m 8 1 9"]);
    let conflicts = all("select id || ' ' || run || ' ' || n || ' ' || hex(digest) from conflict \
                         join kiosk on kiosk.no = conflict.kiosk order by 1");
    assert_eq!(conflicts, ["k 1 3 CC", "l 1 3 DD", "m 7 1 CC"]);
}

#[test]
fn a_takeover_that_is_killed_anywhere_goes_on_where_it_stopped() {
    let whole = {
        let (_folder, mut connection) = rich::archive(22);
        migrate_to(&connection, 22, SCHEMA_VERSION);
        take_over_by(&mut connection, 20).unwrap();
        (rich::events(&connection), tallies(&connection), dump(&connection))
    };
    let (folder, connection) = rich::archive(22);
    migrate_to(&connection, 22, SCHEMA_VERSION);
    drop(connection);
    let (mut killed, mut steps) = (0, 100);
    loop {
        let mut connection = connect(&folder.path().join(FILE)).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        connection.progress_handler(steps, Some(|| true)).unwrap();
        let done = take_over_by(&mut connection, 20);
        connection.progress_handler(0, None::<fn() -> bool>).unwrap();
        let left = rows(&connection, "select name from sqlite_schema where name = 'old_event'");
        if !left.is_empty() && rows(&connection, OLD_RUN).is_empty() {
            let sql = "select cast((select count(*) from old_event) + count(*) as text) from event";
            assert_eq!(rows(&connection, sql), ["300"], "each is in one of the two");
        }
        match done {
            Ok(()) => break,
            Err(_) => killed += 1,
        }
        steps += 197;
    }
    assert!(killed > 20, "it was killed {killed} times");
    let connection = connect(&folder.path().join(FILE)).unwrap();
    assert_eq!(left_over(&connection), [""; 0]);
    assert_eq!((rich::events(&connection), tallies(&connection), dump(&connection)), whole);
}

const OLD_RUN: &str = "select name from sqlite_schema where name = 'old_run'";

/// What is numbered by the takeover itself.
fn dump(connection: &Connection) -> Vec<String> {
    rows(
        connection,
        "select kiosk || ' ' || seq || ' ' || received_ms || ' ' || added || ' ' || touched \
         || ' ' || pos from delivery order by kiosk, seq",
    )
}

#[test]
fn an_archive_is_not_touched_where_there_is_too_little_room_for_its_new_form() {
    let (folder, connection) = archive_of(22);
    drop(connection);
    let file = folder.path().join(FILE);
    let before = std::fs::read(&file).unwrap();
    let size = u64::try_from(before.len()).unwrap();
    let needed = size + crate::hub::rules::room::RESERVE_BYTES;
    let refused = Sqlite::open_where(folder.path(), |_| Ok(needed - 1)).unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("it takes 5 MiB of free room on its disk; 4 MiB are free"), "{why}");
    assert!(why.contains("make room") && why.contains("nothing was changed"), "{why}");
    let none = Sqlite::open_where(folder.path(), |_| Ok(0)).unwrap_err();
    let why = std::error::Error::source(&none).unwrap().to_string();
    assert!(why.contains("; 0 MiB are free"), "{why}");
    assert_eq!(std::fs::read(&file).unwrap(), before, "not a byte of it");
    drop(Sqlite::open_where(folder.path(), |_| Ok(needed)).unwrap());
    let connection = connect(&file).unwrap();
    assert_eq!(rows(&connection, "select id from kiosk order by no"), ["k", "l"]);
    // What is in its new form already needs no more room than any other.
    drop(Sqlite::open_where(folder.path(), |_| Ok(needed - 1)).unwrap());
}

#[test]
fn two_programs_that_open_an_older_archive_at_once_share_the_work() {
    let (folder, connection) = rich::archive(22);
    let (events, expected) = (rich::events_before(&connection), counted(&connection, 22));
    drop(connection);
    std::thread::scope(|scope| {
        let open = || {
            let mut connection = connect(&folder.path().join(FILE)).unwrap();
            connection.busy_timeout(BUSY_MAX).unwrap();
            connection.pragma_update(None, "foreign_keys", false).unwrap();
            crate::hub::archive::sqlite::migrate_unchecked(&mut connection, 22).unwrap();
            take_over_by(&mut connection, 30).unwrap();
            assert_eq!(left_over(&connection), [""; 0], "neither goes on before all is there");
        };
        let threads = [scope.spawn(open), scope.spawn(open)];
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    let connection = connect(&folder.path().join(FILE)).unwrap();
    assert_eq!((rich::events(&connection), tallies(&connection)), (events, expected));
}

#[test]
fn backups_of_older_and_of_half_taken_over_archives_are_restored_and_taken_over() {
    for steps in [0, 6] {
        let (folder, mut connection) = rich::archive(22);
        let before = rich::events_before(&connection);
        if steps > 0 {
            migrate_to(&connection, 22, SCHEMA_VERSION);
        }
        let mut upgrade = Upgrade::new(Zones::of_system().rules(), 20);
        for _ in 0..steps {
            assert_ne!(upgrade.step(&mut connection).unwrap(), Step::Done);
        }
        let to = tempfile::tempdir().unwrap();
        let (file, restored) = (to.path().join("backup"), to.path().join("restored"));
        let beside = vec![("hub.key".to_owned(), b"key".to_vec())];
        backup::write(folder.path(), &beside, &file).unwrap();
        let put = |found| {
            assert_eq!(found, beside);
            Ok(())
        };
        backup::restore(&file, &restored, put).unwrap();
        let is_done = matches!(look(&restored, || true), Look::Sound(_));
        assert!(!is_done && is_older(&restored), "nobody asks it before it is taken over");
        drop(Sqlite::open(&restored).unwrap());
        assert!(matches!(look(&restored, || true), Look::Sound(_)) && !is_older(&restored));
        let connection = connect(&restored.join(FILE)).unwrap();
        assert_eq!(rich::events(&connection), before, "after {steps} steps");
        assert_eq!(left_over(&connection), [""; 0]);
    }
}

#[test]
fn every_schema_from_the_sixth_on_opens_with_its_kiosks() {
    for version in 6..i32::try_from(MIGRATIONS.len()).unwrap() {
        let (folder, connection) = archive_of(version);
        drop(connection);
        drop(Sqlite::open(folder.path()).unwrap());
        let connection = connect(&folder.path().join(FILE)).unwrap();
        let sql = "select kiosk.id || ' ' || shop.id || ' ' || stay.touchpoint || ' ' || stored \
                   from kiosk join shop on shop.no = kiosk.shop join stay on stay.kiosk = kiosk.no \
                   join book on book.kiosk = kiosk.no order by kiosk.no";
        assert_eq!(rows(&connection, sql), ["k s exit 0", "l t exit 0"], "of schema {version}");
        assert_eq!(left_over(&connection), [""; 0]);
    }
}
