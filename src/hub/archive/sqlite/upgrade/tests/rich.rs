//! An archive of an older schema with something of everything, and what is in an archive, in words
//! that are the same for every schema.

use std::fmt::Write as _;

use rusqlite::Connection;

use crate::hub::archive::sqlite::migrations::{archive_of, rows};

/// Noon in Helsinki on a day in November 2026, in milliseconds since 1970 UTC.
pub(super) const NOON: i64 = 1_795_168_800_000;

/// How many events each run of a rich archive has.
pub(super) const EVENTS: i64 = 60;

/// When the kiosk k moved to the shop t, and when the shop s got other clocks.
pub(super) const MOVED: i64 = NOON + 40 * 60_000;
pub(super) const CHANGED: i64 = NOON + 20 * 60_000;

/// Three kiosks with five runs; the second kiosk has sent an event of the first one's run.
const PLACES: &str = "
    update shop set zone = 'Europe/Helsinki' where id = 's';
    update shop set zone = 'Asia/Kolkata' where id = 't';
    insert into kiosk (id, shop, touchpoint) values ('m', 't', 'door');
    insert into boot (id, uuid) values (1, x'b1'), (2, x'b2'), (3, x'b3'), (4, x'b4');
    insert into anchor (boot, boot_ms, utc_ms, error_ms, source) values
        (1, 10, 1795168800010, 5, 'ntp'), (1, 90, 1795168800093, 5, 'rtc'),
        (2, 10, 1795168800010, 5, 'hub'), (4, 1, 1795168800000, 5, 'ntp');
    insert into run (id, uuid, boot, kiosk, taken) values
        (1, x'0a', 1, 'k', 70), (2, x'0b', 1, 'l', 60), (3, x'0c', 2, 'k', 60),
        (5, x'0d', 3, 'm', 60), (7, x'0e', 3, 'm', 60), (9, x'0f', 3, null, 0);
    insert into past_run (kiosk, run) values ('k', x'0a'), ('m', x'0d');
    insert into refused (run, n, kiosk, reason, received_ms) values
        (x'0a', 61, 'k', 'why', 5), (x'99', 1, 'l', 'no', 6);
    insert into lost (run, first_n, last_n, kiosk) values
        (x'0a', 62, 64, 'k'), (x'0b', 70, 71, 'l'), (x'77', 1, 9, 'm');
    insert into conflict (run, n, digest, kiosk, received_ms, content) values
        (1, 3, x'cc', 'k', 7, '{}'), (1, 3, x'dd', 'l', 8, '{}'), (7, 1, x'cc', 'm', 7, '{}');
    insert into token (hash, kiosk, made_ms, revoked_ms, is_next, follows, verify_key) values
        (x'01', 'k', 1, 2, 0, null, x'77'), (x'02', 'k', 2, null, 0, x'01', null),
        (x'03', 'l', 3, null, 1, null, null);
    insert into code (hash, kiosk, expires_ms, spent_ms) values (x'04', 'l', 9, null),
        (x'05', 'm', 9, 8);
    insert into survey (published_ms, shop_group, shop, touchpoint, content) values
        (1, 'north', null, null, '{\"questions\":[{\"id\":\"q\",\"version\":2,\"scale\":5}]}'),
        (2, null, 't', 'exit', '{}'), (3, null, 't', 'exit', null);
    insert into carried (kiosk, nonce, taken_ms, receipt) values ('k', 'abc', 4, 'took it');
    insert into meta (key, value) values ('epoch', 7) on conflict do update set value = 7;
    update kiosk set pin_number = 3, pin_hash = 'hash', waiting = 5, set_aside = 2, lost = 1,
        app = '0.9', last_contact_ms = 99, live_run = x'0c', returns = 1 where id = 'k';
    update kiosk set taken = 120, stored = (select count(*) from event where kiosk = kiosk.id);";

/// What only newer schemas know of.
const LATER: &str = "
    insert into stay (kiosk, from_ms, to_ms, shop, touchpoint)
        values ('m', -9223372036854775808, 9223372036854775807, 't', 'door');
    update shop_then set zone = (select zone from shop where id = shop);
    delete from stay where kiosk = 'k';
    insert into stay (kiosk, from_ms, to_ms, shop, touchpoint) values
        ('k', -9223372036854775808, 1795171200000, 's', 'exit'),
        ('k', 1795171200000, 9223372036854775807, 't', 'till');
    update kiosk set shop = 't', touchpoint = 'till', name = 'Till', retired_ms = 5 where id = 'k';
    insert into shop_then (shop, from_ms, name, zone, shop_group, hours) values
        ('s', 1795170000000, 'Sun', 'Asia/Tokyo', 'north', 'mon-fri 08:00-20:00');
    update shop set zone = 'Asia/Tokyo', name = 'Sun', closed_on = '2027-01-01', desk_pin = 'pin'
        where id = 's';
    insert into correction (id, said_ms, shop, kiosk, what) values (4, 1, 's', null, 'Sun'),
        (5, 2, null, 'k', 'moved');
    insert into redating (kiosk, run, n, last_run) values ('k', 1, 7, 3);
    insert into guess (net, wrong, since_ms) values ('192.0.2.7', 3, 4);
    insert into moving (one, address) values (1, 'hub.example');
    update token set is_superseded = 1 where hash = x'01';
    update kiosk set epoch = 9, epoch_drawn_ms = 8, spent_day = 7, spent_bytes = 6, zone = 'UTC',
        zone_rules = '2026a', ahead_ms = 5, is_ahead_by_ntp = 1, given_up = 4, address = 'a',
        move_complaint = 'b', hours = 'c', findings = '[]' where id = 'l';
    update event set said = 'closed', mends_run = '0a', mends_n = 5 where kind = 'noted';";

/// An archive of this schema with something of everything.
pub(super) fn archive(version: i32) -> (tempfile::TempDir, Connection) {
    let (folder, connection) = archive_of(version);
    let mut sql = String::from("begin;");
    for (run, kiosk) in [(1, "k"), (2, "l"), (3, "k"), (5, "m"), (7, "m")] {
        for n in 1..=EVENTS {
            sql.push_str(&event(run, kiosk, n));
        }
    }
    sql.push_str("commit;");
    connection.execute_batch(&sql).unwrap();
    let places = if version < 7 {
        // A run was not one kiosk's yet.
        let theft = "update event set kiosk = 'l' where run = 1 and n = 9;";
        format!("{theft}{PLACES}")
    } else {
        let owned = "update boot set kiosk = 'k' where id in (1, 2);
            update boot set kiosk = 'm' where id = 3;
            insert into boot (id, uuid, kiosk) values (8, x'b1', 'l');
            update run set boot = 8 where kiosk = 'l';
            update boot set first_run = (select min(id) from run where run.boot = boot.id),
                began_ms = 1795168800000, ended_ms = 1795168800090 where id < 3;";
        format!("{PLACES}{owned}")
    };
    connection.execute_batch(&places).unwrap();
    if version >= 22 {
        connection.execute_batch(LATER).unwrap();
    }
    (folder, connection)
}

/// A statement that stores the event of this number, of which there is every kind.
fn event(run: i64, kiosk: &str, n: i64) -> String {
    let utc_ms = NOON + n * 60_000 - run * 86_400_000 * (n % 2);
    // Deliveries of seven events each; some come days later.
    let received_ms = NOON + (n / 7) * 420_000 + if n % 11 == 0 { 5 * 86_400_000 } else { 0 };
    let bounds = match n % 5 {
        0 => format!("0, {}, {}", utc_ms - 9, utc_ms + 9),
        1 => "0, null, null".to_owned(),
        _ => "1, null, null".to_owned(),
    };
    let question = ["'q', 2", "'q', 1", "'bakery', 1"][usize::try_from(n % 3).unwrap()];
    let (mut names, mut values) = (String::new(), String::new());
    let kind = match n % 10 {
        // What corrects the press before it, some of it misuse by later rules.
        6 => {
            names.push_str(", replaces, judged, judged_rule");
            let judged = if n % 4 == 0 { "'bounce', 2" } else { "null, 2" };
            write!(values, ", {}, {judged}", n - 1).unwrap();
            "rated"
        }
        7 => {
            names.push_str(", rating_n, follow_up, outcome, answer");
            let answer = ["'reasons', 'answered', 'queue'", "'nps', 'answered', '9'"];
            let answer = answer[usize::try_from(n / 10 % 2).unwrap()];
            let to = match run {
                // Of one that is not there; of one that only comes later; of one before it; of one
                // that was taken back.
                2 => 999,
                3 | 7 => n + 5,
                _ if n != 27 => n - 3,
                _ => n - 2,
            };
            write!(values, ", {to}, {answer}").unwrap();
            "answered"
        }
        8 => {
            names.push_str(", about, note");
            values.push_str(", 'day', 'opened a till'");
            "noted"
        }
        9 => {
            names.push_str(", step, extra");
            values.push_str(", 'asked', '{\"more\":1}'");
            "called"
        }
        0 => {
            names.push_str(", extra");
            values.push_str(", '{\"tune\":1}'");
            "hummed"
        }
        _ => "rated",
    };
    if kind == "rated" {
        let scale = if n % 3 == 0 { 3 } else { 5 };
        let misuse = if n % 13 == 0 { "'held', 2" } else { "null, 1" };
        let score = n % scale + 1;
        names.push_str(", score, scale, input, question, question_version, language, misuse");
        names.push_str(", misuse_rule");
        write!(values, ", {score}, {scale}, 'touch', {question}, 'en', {misuse}").unwrap();
    }
    format!(
        "insert into event (run, n, kiosk, received_ms, digest, kind, boot_ms, wall_ms, utc_ms, \
         is_exact, earliest_ms, latest_ms{names}) values ({run}, {n}, '{kiosk}', {received_ms}, \
         x'{n:032x}', '{kind}', {n}, {n}, {utc_ms}, {bounds}{values});"
    )
}

/// The fields of an event that are the same in every schema.
const FIELDS: [&str; 26] = [
    "n",
    "digest",
    "boot_ms",
    "wall_ms",
    "utc_ms",
    "is_exact",
    "score",
    "language",
    "misuse",
    "judged",
    "judged_rule",
    "replaces",
    "extra",
    "earliest_ms",
    "latest_ms",
    "rating_n",
    "follow_up",
    "outcome",
    "answer",
    "about",
    "note",
    "step",
    "said",
    "mends_run",
    "mends_n",
    "uuid",
];

fn quoted<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> =
        columns.into_iter().map(|column| format!("quote({column})")).collect();
    quoted.join(" || ' ' || ")
}

/// Every event of an archive of schema 22.
pub(super) fn events_before(connection: &Connection) -> Vec<String> {
    let more = [
        "event.kiosk",
        "received_ms",
        "kind",
        "input",
        "misuse_rule",
        "scale",
        "question",
        "question_version",
    ];
    let columns = quoted(FIELDS.into_iter().chain(more));
    rows(connection, &format!("select {columns} from event join run on run.id = run order by 1"))
}

/// Every event of an archive, as [`events_before`] writes it.
pub(super) fn events(connection: &Connection) -> Vec<String> {
    let kinds = "case kind when 1 then 'rated' when 2 then 'answered' when 3 then 'noted' \
                 when 4 then 'called' when 5 then 'lost' else other_kind end";
    let more = [
        "kiosk.id",
        "received_ms",
        kinds,
        "case input when 2 then 'touch' else other_input end",
        "rule",
        "nullif(scale, 0)",
        "nullif(question, '')",
        "nullif(version, 0)",
    ];
    let columns = quoted(FIELDS.into_iter().chain(more));
    let sql = format!(
        "select {columns} from event join run on run.kiosk = event.kiosk and run.no = event.run \
         join kiosk on kiosk.no = event.kiosk left join line on line.no = event.line \
         join delivery on delivery.kiosk = event.kiosk and delivery.seq = event.seq order by 1"
    );
    rows(connection, &sql)
}
