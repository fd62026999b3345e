//! What a kiosk has had stored before, of so many rows.

/// What every history begins with: the kiosk, and what it asks.
pub(super) const BEGIN: &str = "
    insert into shop (no, id, name, zone, shop_group) values (1, 's', 's', 'UTC', 'g');
    insert into shop_then (shop, from_ms, name, zone, shop_group)
        values (1, -9223372036854775808, 's', 'UTC', 'g');
    insert into kiosk (no, id, shop, touchpoint) values (1, 'k', 1, 't');
    insert into stay (kiosk, from_ms, to_ms, shop, touchpoint)
        values (1, -9223372036854775808, 9223372036854775807, 1, 't');
    insert into book (kiosk, seq) values (1, :rows);
    insert into line (no, question, version, scale) values (1, 'q', 1, 5);
    insert into choice (no, follow_up, answer) values (1, 'reasons', 'wait');
    insert into delivery (kiosk, seq, received_ms, added, touched, pos)
        with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
        select 1, i, :noon, 1, '[]', i from n;
    update feed set pos = :rows;";

/// A name, and statements with `:rows` for the number of rows and `:noon` for the time.
pub(super) const HISTORIES: &[(&str, &str)] = &[
    (
        "one run",
        "insert into claim (run, no, kiosk) values (zeroblob(16), 1, 1);
         insert into boot (kiosk, no, uuid, first_run) values (1, 1, zeroblob(16), 1);
         insert into run (kiosk, no, uuid, boot, taken) values (1, 1, zeroblob(16), 1, :rows);
         insert into event (kiosk, run, n, seq, boot_ms, wall_ms, utc_ms, hour, line, kind, score,
             input, is_exact, digest, language)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 1, 1, i, i, i * 1000, 0, :noon, :noon / 3600000, 1, 1, 5, 2, 0, zeroblob(16), 'en'
             from n;
         insert into tally (kiosk, hour, line, f1, f2, f3, f4, f5, misuse, replaced, bounded,
             unknown, late, unread)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 1, :noon / 3600000 - i, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 from n;
         insert into tally_day (kiosk, day, line, f1, f2, f3, f4, f5, misuse, replaced, bounded,
             unknown, late, unread, revision)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 1, :noon / 86400000 - i, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1 from n;",
    ),
    (
        "many runs of one boot",
        "insert into claim (run, no, kiosk)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select iif(i = 1, zeroblob(16), randomblob(16)), i, 1 from n;
         insert into boot (kiosk, no, uuid, first_run) values (1, 1, zeroblob(16), 1);
         insert into run (kiosk, no, uuid, boot, taken) select 1, no, run, 1, 1 from claim;
         insert into event (kiosk, run, n, seq, boot_ms, wall_ms, utc_ms, hour, line, kind, score,
             input, is_exact, digest, language)
         select 1, no, 1, no, no * 1000, 0, :noon, :noon / 3600000, 1, 1, 5, 2, 0, zeroblob(16),
             'en' from claim;",
    ),
    (
        "many boots that know the time",
        "insert into claim (run, no, kiosk)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select iif(i = 1, zeroblob(16), randomblob(16)), i, 1 from n;
         insert into boot (kiosk, no, uuid, first_run, began_ms, ended_ms)
             select 1, no, run, no, :noon + no, :noon + no from claim;
         insert into anchor (kiosk, boot, boot_ms, utc_ms, error_ms, source)
             select 1, no, 5, :noon, 0, 'hub' from boot;
         insert into run (kiosk, no, uuid, boot, taken) select 1, no, run, no, 1 from claim;
         insert into event (kiosk, run, n, seq, boot_ms, wall_ms, utc_ms, hour, line, kind, score,
             input, is_exact, digest, language)
         select 1, no, 1, no, 1000, 0, :noon, :noon / 3600000, 1, 1, 5, 2, 0, zeroblob(16), 'en'
             from claim;",
    ),
    (
        "many deletions",
        "insert into claim (run, no, kiosk) values (zeroblob(16), 1, 1);
         insert into boot (kiosk, no, uuid, first_run) values (1, 1, zeroblob(16), 1);
         insert into run (kiosk, no, uuid, boot, taken) values (1, 1, zeroblob(16), 1, :rows);
         insert into gone (kiosk, run, first_n, last_n, why, seq)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 1, 1, 2 * i, 2 * i, 1, i from n;",
    ),
    (
        "many complaints, enrolments and surveys",
        "insert into claim (run, no, kiosk) values (zeroblob(16), 1, 1);
         insert into boot (kiosk, no, uuid, first_run) values (1, 1, zeroblob(16), 1);
         insert into run (kiosk, no, uuid, boot, taken) values (1, 1, zeroblob(16), 1, :rows);
         insert into conflict (kiosk, run, n, digest, received_ms, content)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 1, 1, 1, randomblob(16), :noon, '' from n;
         insert into refused (kiosk, run, n, reason, received_ms)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 1, zeroblob(16), i, '', :noon from n;
         insert into lost (kiosk, run, first_n, last_n)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 1, 1, i, i from n;
         insert into past_run (kiosk, run)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 1, randomblob(16) from n;
         insert into token (hash, kiosk, made_ms)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select randomblob(32), 1, :noon from n;
         insert into survey (published_ms, shop, content)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select :noon, iif(i % 2, 1, null), '{}' from n;
         insert into given (kiosk, publication) select 1, publication from survey;",
    ),
    (
        "many other kiosks in doubt, and what they asked",
        "insert into claim (run, no, kiosk) values (zeroblob(16), 1, 1);
         insert into boot (kiosk, no, uuid, first_run) values (1, 1, zeroblob(16), 1);
         insert into run (kiosk, no, uuid, boot, taken) values (1, 1, zeroblob(16), 1, :rows);
         insert into kiosk (id, shop, touchpoint)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < :rows)
         select 'other ' || i, 1, i from n;
         insert into book (kiosk, epoch_drawn_ms)
             select no, :noon - 86400000 from kiosk where no > 1;
         insert into line (question, version, scale) select id, 1, 5 from kiosk;
         insert into choice (follow_up, answer) select 'reasons', id from kiosk;",
    ),
];
