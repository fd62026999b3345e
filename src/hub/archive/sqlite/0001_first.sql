-- The first schema. Never edited after a release: what changes gets a file of its own.

create table meta (
    key   text primary key,
    value integer not null
) strict, without rowid;

create table shop (
    id   text primary key,
    name text not null,
    zone text not null
) strict, without rowid;

create table kiosk (
    id              text primary key,
    shop            text not null references shop (id),
    touchpoint      text not null,
    app             text,
    last_contact_ms integer,
    taken           integer not null default 0,
    waiting         integer not null default 0,
    set_aside       integer not null default 0
) strict, without rowid;

-- Secrets are kept as SHA-256 only.
create table code (
    hash       blob primary key,
    kiosk      text not null references kiosk (id),
    expires_ms integer not null,
    spent_ms   integer
) strict, without rowid;

create table token (
    hash       blob primary key,
    kiosk      text not null references kiosk (id),
    made_ms    integer not null,
    revoked_ms integer
) strict, without rowid;

create table boot (
    id   integer primary key,
    uuid blob not null unique
) strict;

create table anchor (
    boot     integer not null references boot (id),
    boot_ms  integer not null,
    utc_ms   integer not null,
    error_ms integer not null,
    source   text not null,
    primary key (boot, boot_ms, source)
) strict, without rowid;

create table run (
    id   integer primary key,
    uuid blob not null unique,
    boot integer not null references boot (id)
) strict;

-- Every event ever received. The primary key is what makes a rating count once, for ever; what the
-- kiosk read of its clocks is never overwritten, and utc_ms is worked out of it again whenever
-- more is known of the boot's time.
create table event (
    run              integer not null references run (id),
    n                integer not null,
    kiosk            text not null references kiosk (id),
    received_ms      integer not null,
    digest           blob not null,
    kind             text not null,
    boot_ms          integer not null,
    wall_ms          integer not null,
    utc_ms           integer not null,
    is_exact         integer not null,
    score            integer,
    scale            integer,
    input            text,
    question         text,
    question_version integer,
    language         text,
    misuse           text,
    misuse_rule      integer,
    replaces         integer,
    extra            text,
    primary key (run, n)
) strict, without rowid;

create index event_by_day on event (kiosk, utc_ms);
create index event_by_correction on event (run, replaces) where replaces is not null;

-- An event that came again with the same identity and other content: never stored over the first,
-- never thrown away.
create table conflict (
    run         integer not null references run (id),
    n           integer not null,
    digest      blob not null,
    kiosk       text not null references kiosk (id),
    received_ms integer not null,
    content     text not null,
    primary key (run, n, digest)
) strict, without rowid;
